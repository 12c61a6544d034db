"""Proportions of one arm: transformations, their inverses, and study intervals.

Formulas take the events ``x`` and the size ``n`` in any common shape, such as (k,) or (k, d).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import betaincinv

from evidence.arrays import FloatArray, YiVi
from evidence.double_precision import in_double_precision, require_finite
from evidence.errors import known_name
from evidence.input_checks import InputCheck

ProportionFormula = Callable[[FloatArray, FloatArray], YiVi]
Limits = tuple[FloatArray, FloatArray]


def proportion(x: FloatArray, n: FloatArray) -> YiVi:
    """Raw proportion. metafor: ``escalc(measure="PR")``."""
    p = x / n
    return p, p * ((n - x) / n) / n


def log_proportion(x: FloatArray, n: FloatArray) -> YiVi:
    """Log proportion. metafor: ``escalc(measure="PLN")``."""
    return np.log(x / n), 1 / x - 1 / n


def logit_proportion(x: FloatArray, n: FloatArray) -> YiVi:
    """Log odds of a proportion. metafor: ``escalc(measure="PLO")``."""
    return np.log(x / (n - x)), 1 / x + 1 / (n - x)


def arcsine_proportion(x: FloatArray, n: FloatArray) -> YiVi:
    """Arcsine of the square root of a proportion. metafor: ``escalc(measure="PAS")``."""
    return np.arcsin(np.sqrt(x / n)), 1 / (4 * n)


def double_arcsine_proportion(x: FloatArray, n: FloatArray) -> YiVi:
    """Freeman-Tukey double arcsine, the mean of two arcsines.

    References
    ----------
    Freeman & Tukey (1950), Ann Math Stat 21:607-611. metafor: ``escalc(measure="PFT")``.
    """
    total = np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))
    return total / 2, 1 / (4 * n + 2)


def arcsine_inverse(values: ArrayLike) -> FloatArray:
    """Proportion behind an arcsine square root; values outside 0 to pi/2 give 0 or 1.

    NaN (not estimable) stays NaN.

    Parameters
    ----------
    values : array_like
        Arcsines of the root of a proportion, in radians.

    References
    ----------
    metafor: ``transf.iarcsin``.
    """
    check = InputCheck("The proportion behind an arcsine")
    y = check.array("values", values)
    check.refuse()
    return np.asarray(np.sin(np.clip(y, 0, np.pi / 2)) ** 2)[()]


@in_double_precision("A proportion")
def double_arcsine_inverse(values: ArrayLike, n: ArrayLike) -> FloatArray:
    """Proportion whose double arcsine at sample size ``n`` is ``values``.

    Values outside the transforms of 0 and n events give 0 or 1.

    Parameters
    ----------
    values : array_like
        Double arcsines (in the averaged form). NaN (not estimable) stays NaN.
    n : array_like
        Sample size of the inverse. For a pooled value it is a choice: the harmonic mean of the
        studies is Miller's, and a result depends on it.

    References
    ----------
    Miller (1978), Am Stat 32:138. metafor: ``transf.ipft(xi, ni)``.
    """
    check = InputCheck("The proportion behind a double arcsine")
    (size,) = check.numbers(n=n)
    check.where(size <= 0, "n must be above 0, not {}", size)
    y = check.array("values", values)
    check.fitting({"values": y, "n": size})
    lowest = np.arcsin(np.sqrt(1 / (size + 1))) / 2
    bounded = np.where(np.isnan(y), y, np.clip(y, lowest, np.pi / 2 - lowest))
    sine = np.sin(2 * bounded)
    inner = 1 - (sine + (sine - 1 / sine) / size) ** 2
    p = (1 - np.sign(np.cos(2 * bounded)) * np.sqrt(np.maximum(inner, 0))) / 2
    # at the bounds the root loses digits, and the answer is known
    p = np.where(y <= lowest, 0.0, np.where(y >= np.pi / 2 - lowest, 1.0, p))
    return np.asarray(p)[()]


@in_double_precision("A harmonic mean")
def harmonic_mean(values: ArrayLike) -> float:
    """Harmonic mean of sample sizes or person-times, shape (k,).

    Parameters
    ----------
    values : array_like, shape (k,)
        Sizes or person-times, above 0.

    Raises
    ------
    BadInput
        If there is no value, or one is not above 0.
    """
    check = InputCheck("A harmonic mean")
    (sizes,) = check.numbers(values=values)
    check.where(sizes <= 0, "values must be above 0, not {}", sizes)
    if sizes.size == 0:
        check.problems.append("no value was given")
    check.refuse()
    return float(stats.hmean(sizes.ravel()))


def exact_interval(x: FloatArray, n: FloatArray, level: float) -> Limits:
    """Clopper-Pearson limits. Clopper & Pearson (1934), Biometrika 26:404-413."""
    tail = (1 - level) / 2
    # 1 stands in for the counts at which the limit is 0 or 1 and the distribution has no meaning
    low = np.where(x > 0, betaincinv(np.where(x > 0, x, 1), n - x + 1, tail), 0.0)
    high = np.where(x < n, betaincinv(x + 1, np.where(x < n, n - x, 1), 1 - tail), 1.0)
    return low, high


def wilson_interval(x: FloatArray, n: FloatArray, level: float) -> Limits:
    """Wilson score limits. Wilson (1927), J Am Stat Assoc 22:209-212."""
    z = stats.norm.isf((1 - level) / 2)
    centre = (x + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(x * (n - x) / n + z**2 / 4) / (n + z**2)
    # the limits of no event and of nothing but events are 0 and 1, which rounding misses
    return np.where(x > 0, centre - half, 0.0), np.where(x < n, centre + half, 1.0)


def agresti_coull_interval(x: FloatArray, n: FloatArray, level: float) -> Limits:
    """Agresti-Coull limits, which may lie outside 0 to 1.

    References
    ----------
    Agresti & Coull (1998), Am Stat 52:119-126.
    """
    z = stats.norm.isf((1 - level) / 2)
    size = n + z**2
    p = (x + z**2 / 2) / size
    half = z * np.sqrt(p * (1 - p) / size)
    return p - half, p + half


def jeffreys_interval(x: FloatArray, n: FloatArray, level: float) -> Limits:
    """Jeffreys limits, from the Beta(1/2, 1/2) prior; 0 and 1 at the ends.

    References
    ----------
    Brown, Cai & DasGupta (2001), Stat Sci 16:101-133.
    """
    tail = (1 - level) / 2
    low = betaincinv(x + 0.5, n - x + 0.5, tail)
    high = betaincinv(x + 0.5, n - x + 0.5, 1 - tail)
    return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)


def wald_proportion_interval(x: FloatArray, n: FloatArray, level: float) -> Limits:
    """Wald limits around the raw proportion, which may lie outside 0 to 1."""
    p, variance = proportion(x, n)
    half = stats.norm.isf((1 - level) / 2) * np.sqrt(variance)
    return p - half, p + half


INTERVALS: Final[Mapping[str, Callable[[FloatArray, FloatArray, float], Limits]]] = (
    MappingProxyType(
        {
            "exact": exact_interval,
            "wilson": wilson_interval,
            "agresti-coull": agresti_coull_interval,
            "jeffreys": jeffreys_interval,
            "wald": wald_proportion_interval,
        }
    )
)


@in_double_precision("The interval of a proportion")
def proportion_interval(
    x: ArrayLike, n: ArrayLike, *, level: float = 0.95, method: str = "exact"
) -> Limits:
    """Confidence limits of one arm's proportion.

    Parameters
    ----------
    x, n : array_like
        Events and sample size.
    level : float
        Coverage.
    method : {"exact", "wilson", "agresti-coull", "jeffreys", "wald"}
        ``agresti-coull`` and ``wald`` are not cut at 0 and 1.

    Returns
    -------
    low, high : arrays
        Limits as proportions.
    """
    known_name("interval of a proportion", method, INTERVALS)
    check = InputCheck(f"The {method} interval of a proportion")
    events, size = check.numbers(x=x, n=n)
    check.level(level)
    check.where(size <= 0, "n must be above 0, not {}", size)
    check.where(events < 0, "x must not be negative, and is {}", events)
    check.where(events > size, "x = {} events exceed n = {}", events, size)
    check.refuse()
    low, high = INTERVALS[method](events, size, level)
    require_finite(low, high)
    return np.asarray(low)[()], np.asarray(high)[()]


PROPORTION_FORMULAS: Final[Mapping[str, ProportionFormula]] = MappingProxyType(
    {
        "PR": proportion,
        "PLN": log_proportion,
        "PLO": logit_proportion,
        "PAS": arcsine_proportion,
        "PFT": double_arcsine_proportion,
    }
)
