"""Summaries of an arm that a paper prints in another form: standard errors, split arms, changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray
from evidence.double_precision import in_double_precision
from evidence.effects.conversions import se_from_ci, se_from_p
from evidence.errors import known_name
from evidence.input_checks import InputCheck


@in_double_precision("The standard deviation of groups taken together")
def combine_groups(n: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> tuple[float, float, float]:
    """Size, mean and standard deviation of several groups taken together.

    Parameters
    ----------
    n, mean, sd : array_like, shape (groups,)
        Size, mean and standard deviation of each group.

    References
    ----------
    Cochrane Handbook table 6.5.a.
    """
    check = InputCheck("Groups taken together")
    size, centre, spread = (np.atleast_1d(a) for a in check.numbers(n=n, mean=mean, sd=sd))
    check.where(size < 1, "n must be at least 1, and is {}", size)
    check.where(spread < 0, "sd must not be negative, and is {}", spread)
    if not size.shape == centre.shape == spread.shape:
        check.problems.append("n, mean and sd differ in length")
    check.where(np.sum(size) < 2, "{} people have no standard deviation", np.sum(size))
    check.refuse()
    total = float(size.sum())
    grand = float(np.average(centre, weights=size))
    squares = float(np.sum((size - 1) * spread**2 + size * (centre - grand) ** 2))
    return total, grand, float(np.sqrt(squares / (total - 1)))


@in_double_precision("Events taken together")
def combine_events(events: ArrayLike, n: ArrayLike) -> tuple[float, float]:
    """Events and size of several groups taken together.

    Parameters
    ----------
    events, n : array_like, shape (g,)
        Events and sizes of the g groups.

    Raises
    ------
    BadInput
        If a size is not above 0, or events are below 0 or above the size.
    """
    check = InputCheck("Groups taken together")
    count, size = check.numbers(events=events, n=n)
    check.where(size <= 0, "n must be above 0, not {}", size)
    check.where(count < 0, "events must not be negative, and are {}", count)
    check.where(count > size, "{} events exceed n = {}", count, size)
    check.refuse()
    return float(np.sum(count)), float(np.sum(size))


@in_double_precision("A standard deviation")
def sd_from_se(se: ArrayLike, n: ArrayLike) -> FloatArray:
    """SD from the standard error of a mean. Cochrane Handbook 6.5.2.2.

    Parameters
    ----------
    se : array_like
        Standard error of the mean, in the unit of the measurement.
    n : array_like
        Size of the group.

    Raises
    ------
    BadInput
        If a standard error is below 0 or a size below 1.
    """
    check = InputCheck("A standard deviation from a standard error")
    error, size = check.numbers(se=se, n=n)
    check.where(error < 0, "se must not be negative, and is {}", error)
    check.where(size < 1, "n must be at least 1, and is {}", size)
    check.refuse()
    return np.asarray(error * np.sqrt(size))[()]


@in_double_precision("A standard deviation")
def sd_from_ci(
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    n: ArrayLike,
    *,
    level: float = 0.95,
    distribution: str = "t",
) -> FloatArray:
    """SD from the confidence interval of one arm's mean.

    Parameters
    ----------
    ci_low, ci_high, n : array_like
        Limits of the mean, and size.
    level : float
        Coverage.
    distribution : {"t", "normal"}
        What the interval was made with; ``t`` has n - 1 degrees of freedom.

    References
    ----------
    Cochrane Handbook 6.5.2.2.
    """
    known_name("distribution of an interval", distribution, ("t", "normal"))
    (size,) = InputCheck("A standard deviation from an interval").numbers(n=n)
    df = size - 1 if distribution == "t" else None
    return sd_from_se(se_from_ci(ci_low, ci_high, level=level, df=df), size)


@in_double_precision("A standard deviation")
def sd_from_p(
    mean_difference: ArrayLike, p_value: ArrayLike, n1: ArrayLike, n2: ArrayLike
) -> FloatArray:
    """SD common to two arms, from the t-test of their mean difference.

    Parameters
    ----------
    mean_difference, p_value : array_like
        Difference of means and its exact two-sided p-value.
    n1, n2 : array_like
        Sizes of the arms.

    References
    ----------
    Cochrane Handbook 6.5.2.3.
    """
    check = InputCheck("A standard deviation from the p-value of a mean difference")
    size1, size2 = check.numbers(n1=n1, n2=n2)
    check.where(np.minimum(size1, size2) < 1, "n1 {} and n2 {} must be at least 1", size1, size2)
    check.where(size1 + size2 <= 2, "n1 {} and n2 {} leave no df", size1, size2)
    check.refuse()
    se = se_from_p(mean_difference, p_value, df=size1 + size2 - 2)
    return np.asarray(se / np.sqrt(1 / size1 + 1 / size2))[()]


@in_double_precision("The standard deviation of a change")
def change_sd(sd_baseline: ArrayLike, sd_final: ArrayLike, correlation: ArrayLike) -> FloatArray:
    """SD of the change from baseline. Cochrane Handbook 6.5.2.8.

    Parameters
    ----------
    sd_baseline, sd_final : array_like
        Standard deviations at baseline and at the end, in one unit.
    correlation : array_like
        Correlation of baseline and final values, -1 to 1.

    Raises
    ------
    BadInput
        If a standard deviation is below 0, or the correlation is none.
    """
    check = InputCheck("The standard deviation of a change")
    first, last, r = check.numbers(
        sd_baseline=sd_baseline, sd_final=sd_final, correlation=correlation
    )
    check.where(first < 0, "sd_baseline must not be negative, and is {}", first)
    check.where(last < 0, "sd_final must not be negative, and is {}", last)
    check.where(np.abs(r) > 1, "correlation must lie between -1 and 1, and is {}", r)
    check.refuse()
    # at a correlation of 1 rounding can take a variance of 0 below 0
    return np.asarray(np.sqrt(np.maximum(first**2 + last**2 - 2 * r * first * last, 0)))[()]


@in_double_precision("A correlation")
def change_correlation(
    sd_baseline: ArrayLike, sd_final: ArrayLike, sd_change: ArrayLike
) -> FloatArray:
    """Correlation of baseline and final values, from three standard deviations.

    Parameters
    ----------
    sd_baseline, sd_final, sd_change : array_like
        Standard deviations at baseline, at the end and of the change, in one unit.

    Raises
    ------
    BadInput
        Where the three do not fit together: the correlation would leave -1 to 1.

    References
    ----------
    Cochrane Handbook 6.5.2.8.
    """
    check = InputCheck("The correlation of baseline and final values")
    first, last, change = check.numbers(
        sd_baseline=sd_baseline, sd_final=sd_final, sd_change=sd_change
    )
    check.where(np.minimum(first, last) <= 0, "{} and {} must be above 0", first, last)
    check.where(change < 0, "sd_change must not be negative, and is {}", change)
    check.refuse()
    r = np.asarray((first**2 + last**2 - change**2) / (2 * first * last))
    check.where(np.abs(r) > 1, "the correlation would be {}", r)
    check.refuse("The three standard deviations do not fit together; look them up again.")
    return r[()]


@in_double_precision("A design effect")
def design_effect(mean_cluster_size: ArrayLike, icc: ArrayLike) -> FloatArray:
    """Design effect of cluster randomisation, 1 + (m - 1) ICC.

    Divide events and sizes by it, or multiply a standard error by its square root.

    Parameters
    ----------
    mean_cluster_size : array_like
        Mean number of participants in a cluster, at least 1.
    icc : array_like
        Intracluster correlation, -1 to 1.

    Raises
    ------
    BadInput
        If a number cannot be right, or the design effect would not be above 0.

    References
    ----------
    Cochrane Handbook 23.1.4.
    """
    check = InputCheck("A design effect")
    size, correlation = check.numbers(mean_cluster_size=mean_cluster_size, icc=icc)
    check.where(size < 1, "mean_cluster_size must be at least 1, and is {}", size)
    check.where(np.abs(correlation) > 1, "icc must lie between -1 and 1, not {}", correlation)
    effect = np.asarray(1 + (size - 1) * correlation)
    check.where(effect <= 0, "the design effect would be {}", effect)
    check.refuse()
    return effect[()]
