"""Effect sizes of means, standard deviations and correlations.

Two-group formulas take mean, standard deviation and size of each group; all work elementwise over
any common shape, such as (k,) or (k, d). Where a formula is not finite (a standard deviation of 0,
means of opposite sign under a log, too few participants) the result is not finite either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from evidence.arrays import FloatArray, YiVi
from evidence.input_checks import InputCheck


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoGroups:
    """Summaries of two groups; arrays of one shape.

    Attributes
    ----------
    m1, sd1, n1, m2, sd2, n2 : array
        Mean, standard deviation and size of groups 1 and 2.
    """

    m1: FloatArray
    sd1: FloatArray
    n1: FloatArray
    m2: FloatArray
    sd2: FloatArray
    n2: FloatArray

    @property
    def pooled_variance(self) -> FloatArray:
        """Within-group variance under the assumption that both groups share it."""
        weight1, weight2 = self.n1 - 1, self.n2 - 1
        return (weight1 * self.sd1**2 + weight2 * self.sd2**2) / (weight1 + weight2)

    @property
    def sizes(self) -> FloatArray:
        """1/n1 + 1/n2."""
        return 1 / self.n1 + 1 / self.n2


TwoGroupFormula = Callable[[TwoGroups, str, bool], YiVi]
OneGroupFormula = Callable[[FloatArray, FloatArray, FloatArray], YiVi]


def small_sample_correction(df: ArrayLike, *, exact: bool = True) -> FloatArray:
    """Hedges' factor J for ``df`` degrees of freedom; NaN where df is not above 1.

    Parameters
    ----------
    df : array_like
        Degrees of freedom of the standard deviation; NaN results where they are not above 1.
    exact : bool
        The gamma-function form, which the effect sizes use; else 1 - 3 / (4 df - 1).

    References
    ----------
    Hedges (1981), J Educ Stat 6:107-128.
    """
    check = InputCheck("A small-sample correction")
    freedom = check.array("df", df)
    check.where(np.isinf(freedom), "df is infinite")
    check.refuse()
    usable = np.where(freedom > 1, freedom, np.nan)
    if not exact:
        return np.asarray(1 - 3 / (4 * usable - 1))[()]
    log_j = gammaln(usable / 2) - np.log(usable / 2) / 2 - gammaln((usable - 1) / 2)
    return np.asarray(np.exp(log_j))[()]


def mean_difference(groups: TwoGroups, vtype: str, correct: bool) -> YiVi:
    """Difference of means.

    ``vtype``: ``LS`` separate variances, ``HO`` one common variance.

    References
    ----------
    metafor: ``escalc(measure="MD", vtype=...)``.
    """
    g = groups
    if vtype == "HO":
        return g.m1 - g.m2, g.pooled_variance * g.sizes
    return g.m1 - g.m2, g.sd1**2 / g.n1 + g.sd2**2 / g.n2


def standardised_mean_difference(groups: TwoGroups, vtype: str, correct: bool) -> YiVi:
    """Mean difference over the pooled standard deviation: Hedges' g, or d if not ``correct``.

    ``vtype``: ``LS`` large sample; ``LS2`` large sample of d, times J squared; ``UB`` unbiased;
    ``AV`` large sample with the average effect of all studies in place of each study's own.

    References
    ----------
    Hedges (1981), J Educ Stat 6:107-128; Hedges & Olkin (1985), Statistical Methods for
    Meta-Analysis. metafor: ``escalc(measure="SMD", vtype=..., correct=...)``.
    """
    df, total = groups.n1 + groups.n2 - 2, groups.n1 + groups.n2
    d = (groups.m1 - groups.m2) / np.sqrt(groups.pooled_variance)
    j = small_sample_correction(df)
    g = j * d if correct else d
    if vtype == "LS2":
        return g, j**2 * (groups.sizes + d**2 / (2 * total))
    if vtype == "UB":
        return g, groups.sizes + (1 - (df - 2) / (df * j**2)) * (j * d) ** 2
    typical = _average(g, total) if vtype == "AV" else g
    return g, groups.sizes + typical**2 / (2 * total)


def smd_unequal_variances(groups: TwoGroups, vtype: str, correct: bool) -> YiVi:
    """Mean difference over the root mean of both variances, which may differ.

    ``vtype``: ``LS`` the variance of metafor 4.6 and later; ``J2`` that of d times J squared,
    as metafor had it before.

    References
    ----------
    Bonett (2008), Psychol Methods 13:99-109. metafor: ``escalc(measure="SMDH")``.
    """
    var1, var2 = groups.sd1**2, groups.sd2**2
    df1, df2 = groups.n1 - 1, groups.n2 - 1
    mean_variance = (var1 + var2) / 2
    d = (groups.m1 - groups.m2) / np.sqrt(mean_variance)
    j = small_sample_correction(df1 + df2)
    g = j * d if correct else d
    spread = (var1**2 / df1 + var2**2 / df2) / (8 * mean_variance**2)
    variance = g**2 * spread + (var1 / df1 + var2 / df2) / mean_variance
    return g, j**2 * variance if vtype == "J2" else variance


def smd_control_sd(groups: TwoGroups, vtype: str, correct: bool) -> YiVi:
    """Mean difference over the standard deviation of group 2: Glass's delta, corrected.

    References
    ----------
    Glass (1976), Educ Res 5:3-8. metafor: ``escalc(measure="SMD1")``.
    """
    d = (groups.m1 - groups.m2) / groups.sd2
    g = small_sample_correction(groups.n2 - 1) * d if correct else d
    return g, groups.sizes + g**2 / (2 * groups.n2)


def log_ratio_of_means(groups: TwoGroups, vtype: str, correct: bool) -> YiVi:
    """Log ratio of means, defined for means of one sign.

    ``vtype``: ``LS`` separate variances, ``HO`` one common variance. ``correct`` adds the
    second-order bias correction, on in metafor from 5.0.

    References
    ----------
    Hedges, Gurevitch & Curtis (1999), Ecology 80:1150-1156; Lajeunesse (2015), Ecology
    96:2056-2063. metafor: ``escalc(measure="ROM", vtype=..., correct=...)``.
    """
    g = groups
    scaled1, scaled2 = g.sd1**2 / (g.n1 * g.m1**2), g.sd2**2 / (g.n2 * g.m2**2)
    y = np.log(g.m1 / g.m2) + (scaled1 - scaled2) / 2 * correct
    if vtype == "HO":
        return y, g.pooled_variance * (1 / (g.n1 * g.m1**2) + 1 / (g.n2 * g.m2**2))
    return y, scaled1 + scaled2


def log_ratio_of_cvs(groups: TwoGroups, vtype: str, correct: bool) -> YiVi:
    """Log ratio of coefficients of variation.

    ``correct`` adds the second-order bias correction, on in metafor from 5.0.

    References
    ----------
    Nakagawa et al. (2015), Methods Ecol Evol 6:143-152; Senior, Viechtbauer & Nakagawa (2020),
    Res Synth Methods 11:553-567. metafor: ``escalc(measure="CVR", correct=...)``.
    """
    g = groups
    scaled1, scaled2 = g.sd1**2 / (g.n1 * g.m1**2), g.sd2**2 / (g.n2 * g.m2**2)
    cv1, var1 = log_coefficient_of_variation(g.m1, g.sd1, g.n1)
    cv2, var2 = log_coefficient_of_variation(g.m2, g.sd2, g.n2)
    return cv1 - cv2 - (scaled1 - scaled2) / 2 * correct, var1 + var2


def log_ratio_of_sds(groups: TwoGroups, vtype: str, correct: bool) -> YiVi:
    """Log ratio of standard deviations (variability ratio).

    References
    ----------
    Nakagawa et al. (2015), Methods Ecol Evol 6:143-152. metafor: ``escalc(measure="VR")``.
    """
    sd1, var1 = log_standard_deviation(groups.m1, groups.sd1, groups.n1)
    sd2, var2 = log_standard_deviation(groups.m2, groups.sd2, groups.n2)
    return sd1 - sd2, var1 + var2


def mean(m: FloatArray, sd: FloatArray, n: FloatArray) -> YiVi:
    """Raw mean. metafor: ``escalc(measure="MN")``."""
    return m, sd**2 / n


def log_mean(m: FloatArray, sd: FloatArray, n: FloatArray) -> YiVi:
    """Log mean. metafor: ``escalc(measure="MNLN")``."""
    return np.log(m), sd**2 / (n * m**2)


def log_standard_deviation(m: FloatArray, sd: FloatArray, n: FloatArray) -> YiVi:
    """Log standard deviation, corrected for its bias. metafor: ``escalc(measure="SDLN")``."""
    half = 1 / (2 * (n - 1))
    return np.log(sd) + half, half


def log_coefficient_of_variation(m: FloatArray, sd: FloatArray, n: FloatArray) -> YiVi:
    """Log coefficient of variation, corrected for its bias. metafor: ``escalc(measure="CVLN")``."""
    half = 1 / (2 * (n - 1))
    return np.log(sd / m) + half, half + sd**2 / (n * m**2)


def correlation(r: FloatArray, n: FloatArray, vtype: str) -> YiVi:
    """Raw correlation with its large-sample variance. metafor: ``escalc(measure="COR")``."""
    return r, (1 - r**2) ** 2 / np.where(n > 3, n - 1, np.nan)


def unbiased_correlation(r: FloatArray, n: FloatArray, vtype: str) -> YiVi:
    """Unbiased estimate of a correlation, defined for more than 4 pairs.

    ``vtype``: ``LS`` large sample, ``UB`` unbiased.

    References
    ----------
    Olkin & Pratt (1958), Ann Math Stat 29:201-211. metafor: ``escalc(measure="UCOR")``.
    """
    pairs = np.where(n > 4, n, np.nan)
    rest = 1 - r**2
    unbiased = r * _hypergeometric(0.5, (pairs - 2) / 2, r)
    if vtype == "UB":
        squared = 1 - (pairs - 3) / (pairs - 2) * rest * _hypergeometric(1.0, pairs / 2, r)
        return unbiased, unbiased**2 - squared
    return unbiased, (1 - unbiased**2) ** 2 / (pairs - 1)


def _hypergeometric(a: float, c: FloatArray, r: FloatArray) -> FloatArray:
    """Gauss's function 2F1(a, a; c; 1 - r^2) for c > 2a, from Euler's integral.

    With logistic t = 1 / (1 + exp(-w)) the integrand is analytic around the real line, and the
    trapezoidal rule is exact to rounding. SciPy's hyp2f1 is NaN or infinite for many c above 100.
    """
    shape = np.broadcast(c, r).shape
    w = np.arange(-100.0, 80.0, 0.25).reshape(-1, *([1] * len(shape)))
    log_t, log_rest = -np.logaddexp(0.0, -w), -np.logaddexp(0.0, w)
    with np.errstate(divide="ignore"):
        log_scale = np.logaddexp(log_rest, 2 * np.log(np.abs(r)) + log_t)
    log_density = a * log_t + (c - a) * log_rest
    total = np.sum(np.exp(log_density), axis=0)
    return np.asarray(np.sum(np.exp(log_density - a * log_scale), axis=0) / total)


def fisher_z(r: FloatArray, n: FloatArray, vtype: str) -> YiVi:
    """Fisher's z of a correlation. metafor: ``escalc(measure="ZCOR")``."""
    return np.arctanh(r), 1 / np.where(n > 3, n - 3, np.nan)


def _average(g: FloatArray, total: FloatArray) -> FloatArray:
    usable = np.isfinite(g) & np.isfinite(total)
    weights = np.where(usable, total, 0.0)
    return np.asarray(np.sum(weights * np.where(usable, g, 0.0), axis=0) / np.sum(weights, axis=0))


TWO_GROUP_FORMULAS: Final[Mapping[str, TwoGroupFormula]] = MappingProxyType(
    {
        "MD": mean_difference,
        "SMD": standardised_mean_difference,
        "SMDH": smd_unequal_variances,
        "SMD1": smd_control_sd,
        "ROM": log_ratio_of_means,
        "CVR": log_ratio_of_cvs,
        "VR": log_ratio_of_sds,
    }
)
ONE_GROUP_FORMULAS: Final[Mapping[str, OneGroupFormula]] = MappingProxyType(
    {
        "MN": mean,
        "MNLN": log_mean,
        "SDLN": log_standard_deviation,
        "CVLN": log_coefficient_of_variation,
    }
)
CORRELATION_FORMULAS: Final[Mapping[str, Callable[[FloatArray, FloatArray, str], YiVi]]] = (
    MappingProxyType({"COR": correlation, "UCOR": unbiased_correlation, "ZCOR": fisher_z})
)

#: Variances on offer, the default first; a measure that is absent has one only.
VARIANCE_TYPES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "MD": ("LS", "HO"),
        "SMD": ("LS", "LS2", "UB", "AV"),
        "SMDH": ("LS", "J2"),
        "ROM": ("LS", "HO"),
        "COR": ("LS",),
        "UCOR": ("LS", "UB"),
    }
)
