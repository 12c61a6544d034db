"""From one scale to another: the way back to the natural scale, standard errors, SMD, OR and r.

Functions take numbers or arrays and return the same. Two-sided p-values and two-sided intervals
throughout; normal critical values are exact quantiles. Printed ratios are read by
:func:`evidence.log_ratio_from_ci`, absolute effects made by :func:`evidence.absolute_effect`,
summaries of arms put together by :func:`evidence.combine_groups`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from evidence.arrays import FloatArray, YiVi
from evidence.double_precision import in_double_precision, require_finite
from evidence.effects.binary import LOGISTIC_DIVISOR, NORMAL_DIVISOR
from evidence.effects.continuous import small_sample_correction
from evidence.effects.measures import Measure, find_measure
from evidence.effects.proportions import arcsine_inverse, double_arcsine_inverse
from evidence.effects.rates import freeman_tukey_rate_inverse
from evidence.errors import BadInput, known_name
from evidence.input_checks import InputCheck

#: Divisors of a log odds ratio that give a standardised mean difference.
SMD_DIVISORS: Final = {"logistic": LOGISTIC_DIVISOR, "cox": NORMAL_DIVISOR}
#: The way back from each transformation that needs no sample size.
_INVERSES: Final[dict[str, Callable[[FloatArray], FloatArray]]] = {
    "identity": lambda y: y,
    "log": lambda y: np.exp(y),
    "logit": lambda y: np.asarray(special.expit(y)),
    "arcsine": arcsine_inverse,
    "sqrt": lambda y: np.maximum(y, 0) ** 2,
    "z": lambda y: np.tanh(y),
}


def back_transform(values: ArrayLike, measure: str, n: ArrayLike | None = None) -> FloatArray:
    """Values of ``measure`` on its natural scale.

    Parameters
    ----------
    values : array_like
        Effects or limits on the scale of analysis. NaN (not estimable) stays NaN.
    measure : str
        The measure they are values of.
    n : array_like, optional
        For PFT the sample size, for IRFT the person-time at which to invert; needed by these two.

    Returns
    -------
    array
        Ratio, proportion (0 to 1), rate, mean or correlation; unchanged on an identity scale.
        Infinite where the value is larger than a double can be, as exp(710).

    Raises
    ------
    BadInput
        For a difference of transformed values (AS, IRSD), and for PFT and IRFT without ``n``.

    References
    ----------
    metafor: ``predict(..., transf=exp)``, ``transf.ilogit``, ``transf.ipft``, ``transf.iirft``.
    """
    spec = find_measure(measure)
    if not spec.natural:
        raise BadInput(
            f"{measure} ({spec.label}) was to be put on its natural scale, and has none: "
            "it is a difference of transformed values. Report it as it is, or use another measure."
        )
    check = InputCheck(f"Values of {measure} on their natural scale")
    y = check.array("values", values)
    check.refuse()
    if spec.inverted_at:
        return _freeman_tukey(y, spec, n)
    with np.errstate(over="ignore"):
        return np.asarray(_INVERSES[spec.transform](y))[()]


def _freeman_tukey(y: FloatArray, spec: Measure, n: ArrayLike | None) -> FloatArray:
    if n is None:
        raise BadInput(
            f"{spec.name} was to be put on its natural scale without n. Its inverse depends on a "
            f"{spec.inverted_at}: give n, for a pooled value for instance the harmonic mean of the "
            "studies."
        )
    return (double_arcsine_inverse if spec.proportion else freeman_tukey_rate_inverse)(y, n)


@in_double_precision("A critical value")
def critical_value(level: float = 0.95, df: ArrayLike | None = None) -> FloatArray:
    """Two-sided critical value: normal, or t when ``df`` is given.

    Parameters
    ----------
    level : float
        Coverage of the interval, such as 0.95.
    df : array_like, optional
        Degrees of freedom of t; the normal distribution if left out.

    Raises
    ------
    BadInput
        If the level is no proportion, or a degree of freedom is not above 0.
    """
    check = InputCheck("A critical value")
    check.level(level)
    check.refuse()
    tail = (1 - level) / 2
    if df is None:
        return np.asarray(stats.norm.isf(tail))[()]
    (freedom,) = check.numbers(df=df)
    check.where(freedom <= 0, "df must be above 0, not {}", freedom)
    check.refuse()
    return _t_quantile(tail, freedom)


@in_double_precision("A Wald interval")
def wald_interval(
    yi: ArrayLike, vi: ArrayLike, *, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Wald limits on the scale of ``yi``; NaN where ``yi`` or ``vi`` is NaN.

    Parameters
    ----------
    yi, vi : array_like
        Effects and sampling variances; ratios on the log scale.
    level : float
        Coverage of the interval.

    Raises
    ------
    BadInput
        If a variance is below 0, or the lengths differ.
    """
    check = InputCheck("Wald intervals")
    centre, variance = check.array("yi", yi), check.array("vi", vi)
    check.fitting({"yi": centre, "vi": variance})
    check.where(variance < 0, "vi must not be negative, and is {}", variance)
    check.refuse()
    half = critical_value(level) * np.sqrt(variance)
    return centre - half, centre + half


@in_double_precision("A standard error")
def se_from_ci(
    ci_low: ArrayLike, ci_high: ArrayLike, *, level: float = 0.95, df: ArrayLike | None = None
) -> FloatArray:
    """SE from confidence limits on a scale where they are symmetric.

    Parameters
    ----------
    ci_low, ci_high : array_like
        Limits; for a ratio their logarithms.
    level : float
        Coverage of the interval.
    df : array_like, optional
        Degrees of freedom, when the interval was made with t.

    References
    ----------
    Cochrane Handbook 6.3.
    """
    check = InputCheck("A standard error from a confidence interval")
    low, high, *_ = check.numbers(ci_low=ci_low, ci_high=ci_high, **_given_df(df))
    check.level(level)
    check.where(low >= high, "ci_low {} is not below ci_high {}", low, high)
    check.refuse()
    return np.asarray((high - low) / (2 * critical_value(level, df)))[()]


def _t_quantile(tail: FloatArray | float, df: FloatArray) -> FloatArray:
    """Upper quantile of t, checked by its tail: with very few df it is no double any more."""
    found = np.asarray(stats.t.isf(tail, df))[()]
    if not np.allclose(stats.t.sf(found, df), tail, rtol=1e-6, atol=0.0):
        raise ArithmeticError("the quantile is too large")
    return found


def _given_df(df: ArrayLike | None) -> dict[str, ArrayLike]:
    return {} if df is None else {"df": df}


@in_double_precision("A test statistic")
def statistic_from_p(
    estimate: ArrayLike, p_value: ArrayLike, *, df: ArrayLike | None = None
) -> FloatArray:
    """Signed z (or t, with ``df``) statistic behind a two-sided p-value.

    Parameters
    ----------
    estimate : array_like
        On a scale where no effect is 0; gives the sign.
    p_value : array_like
        Two-sided and exact: for "p < 0.05" the result is only a bound.
    df : array_like, optional
        Degrees of freedom of t; the normal distribution if left out.

    References
    ----------
    Cochrane Handbook 6.3.
    """
    check = InputCheck("A test statistic from a p-value")
    effect, p = check.numbers(estimate=estimate, p_value=p_value)
    check.where((p <= 0) | (p > 1), "p_value must be above 0 and at most 1, not {}", p)
    check.refuse()
    if df is None:
        found = np.asarray(np.sign(effect) * stats.norm.isf(p / 2))[()]
        require_finite(found)
        return found
    effect, p, freedom = check.numbers(estimate=estimate, p_value=p_value, df=df)
    check.where(freedom <= 0, "df must be above 0, not {}", freedom)
    check.refuse()
    return np.asarray(np.sign(effect) * _t_quantile(p / 2, freedom))[()]


@in_double_precision("A standard error")
def se_from_p(
    estimate: ArrayLike, p_value: ArrayLike, *, df: ArrayLike | None = None
) -> FloatArray:
    """SE from an estimate (no effect is 0) and its two-sided p-value.

    Parameters
    ----------
    estimate : array_like
        Estimate on a scale where no effect is 0; for a ratio its logarithm.
    p_value : array_like
        Two-sided and exact.
    df : array_like, optional
        Degrees of freedom of a t test; a normal test if left out.

    Raises
    ------
    BadInput
        Where the estimate is 0 or p is 1: any standard error would fit.

    References
    ----------
    Cochrane Handbook 6.3.
    """
    check = InputCheck("A standard error from a p-value")
    effect, p, *_ = check.numbers(estimate=estimate, p_value=p_value, **_given_df(df))
    check.where(effect == 0, "an estimate of {} fits every standard error", effect)
    check.where(p == 1, "a p_value of {} fits every standard error", p)
    check.refuse("Use the interval, or the raw data.")
    return np.asarray(effect / statistic_from_p(effect, p, df=df))[()]


@in_double_precision("A log odds ratio")
def log_or_from_smd(smd: ArrayLike, vi: ArrayLike, *, method: str = "logistic") -> YiVi:
    """Log odds ratio and its variance from a standardised mean difference.

    Parameters
    ----------
    smd, vi : array_like
        Standardised mean difference and its variance.
    method : {"logistic", "cox"}
        Factor pi / sqrt(3) (Hasselblad & Hedges) or 1.65 (Cox).

    References
    ----------
    Hasselblad & Hedges (1995), Psychol Bull 117:167-178.
    """
    factor = _smd_divisor(method)
    d, variance = _effect_and_variance("A log odds ratio from an SMD", smd=smd, vi=vi)
    return d * factor, variance * factor**2


@in_double_precision("A standardised mean difference")
def smd_from_log_or(log_or: ArrayLike, vi: ArrayLike, *, method: str = "logistic") -> YiVi:
    """Standardised mean difference and its variance from a log odds ratio.

    The inverse of :func:`log_or_from_smd`. metafor: measures ``OR2DL`` and ``OR2DN``.

    Parameters
    ----------
    log_or, vi : array_like
        Log odds ratios and their sampling variances.
    method : str
        logistic or normal: the distribution behind the dichotomy.

    Raises
    ------
    UnknownName
        If there is no such method.
    """
    factor = _smd_divisor(method)
    y, variance = _effect_and_variance("An SMD from a log odds ratio", log_or=log_or, vi=vi)
    return y / factor, variance / factor**2


def _effect_and_variance(asked: str, **given: ArrayLike) -> tuple[FloatArray, FloatArray]:
    check = InputCheck(asked)
    effect, variance = check.numbers(**given)
    check.where(variance < 0, "vi must not be negative, and is {}", variance)
    check.refuse()
    return effect, variance


def _smd_divisor(method: str) -> float:
    known_name("conversion between SMD and odds ratio", method, SMD_DIVISORS)
    return float(SMD_DIVISORS[method])


@in_double_precision("A standardised mean difference")
def smd_from_r(r: ArrayLike, n: ArrayLike) -> YiVi:
    """Standardised mean difference and its variance from a correlation of ``n`` pairs.

    Parameters
    ----------
    r : array_like
        Correlation, between -1 and 1.
    n : array_like
        Pairs, more than 3.

    Raises
    ------
    BadInput
        If a number cannot be right.

    References
    ----------
    Borenstein et al. (2009), Introduction to Meta-Analysis, ch. 7, eq. 7.5-7.6.
    """
    rho, size = _correlation("A standardised mean difference from a correlation", r, n)
    variance = (1 - rho**2) ** 2 / (size - 1)
    return 2 * rho / np.sqrt(1 - rho**2), 4 * variance / (1 - rho**2) ** 3


@in_double_precision("A correlation")
def r_from_smd(smd: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> FloatArray:
    """Correlation from a standardised mean difference of groups of n1 and n2.

    Parameters
    ----------
    smd : array_like
        Standardised mean difference.
    n1, n2 : array_like
        Sizes of the groups.

    Raises
    ------
    BadInput
        If a size is not above 0.

    References
    ----------
    Borenstein et al. (2009), Introduction to Meta-Analysis, ch. 7, eq. 7.7-7.8.
    """
    check = InputCheck("A correlation from a standardised mean difference")
    d, size1, size2 = check.numbers(smd=smd, n1=n1, n2=n2)
    check.where(np.minimum(size1, size2) <= 0, "n1 {} and n2 {} must be above 0", size1, size2)
    check.refuse()
    return np.asarray(d / np.sqrt(d**2 + (size1 + size2) ** 2 / (size1 * size2)))[()]


@in_double_precision("Fisher's z")
def z_from_r(r: ArrayLike, n: ArrayLike) -> YiVi:
    """Fisher's z and its variance 1 / (n - 3) from a correlation of ``n`` pairs.

    Parameters
    ----------
    r : array_like
        Correlation, between -1 and 1.
    n : array_like
        Pairs, more than 3.

    Raises
    ------
    BadInput
        If a number cannot be right.
    """
    rho, size = _correlation("Fisher's z of a correlation", r, n)
    return np.arctanh(rho), np.asarray(1 / (size - 3))[()]


def _correlation(asked: str, r: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    check = InputCheck(asked)
    rho, size = check.numbers(r=r, n=n)
    check.where(np.abs(rho) >= 1, "r must lie between -1 and 1, and is {}", rho)
    check.where(size <= 3, "n must be above 3, and is {}", size)
    check.refuse()
    return rho, size


@in_double_precision("A standardised mean difference")
def smd_from_t(t: ArrayLike, n1: ArrayLike, n2: ArrayLike, *, correct: bool = True) -> YiVi:
    """Standardised mean difference from the t statistic of two independent groups.

    Parameters
    ----------
    t : array_like
        Student's t, positive when group 1 has the larger mean.
    n1, n2 : array_like
        Sizes of the groups.
    correct : bool
        Hedges' g when true, else Cohen's d; the variance is that of the value returned.

    References
    ----------
    metafor: ``escalc(measure="SMD", ti=, n1i=, n2i=)``.
    """
    check = InputCheck("A standardised mean difference from a t statistic")
    statistic, size1, size2 = check.numbers(t=t, n1=n1, n2=n2)
    check.where(np.minimum(size1, size2) < 1, "n1 {} and n2 {} must be at least 1", size1, size2)
    check.where(size1 + size2 <= 3, "n1 {} and n2 {} leave too few df", size1, size2)
    check.refuse()
    inverse = 1 / size1 + 1 / size2
    d = statistic * np.sqrt(inverse)
    g = d * small_sample_correction(size1 + size2 - 2) if correct else d
    return g, np.asarray(inverse + g**2 / (2 * (size1 + size2)))[()]
