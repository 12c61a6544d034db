"""Henmi-Copas interval: weights of the common effect, width of the random effects.

Small studies, which bias from publication hits most, get the little weight they have under a
common effect, and the interval takes account of heterogeneity and of tau2 being estimated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.double_precision import studies_in_double_precision
from evidence.errors import TooFewStudies
from evidence.results import Result
from evidence.synthesis.heterogeneity.tau2_estimates import solve_tau2
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel, falling_root
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.numerics.weighted_least_squares import WeightedFit
from evidence.synthesis.pairwise.fit_settings import takes_fit

#: Panels and nodes of the integral, and how far it reaches in standard deviations.
_PANELS, _NODES, _REACH = 24, 24, 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledHenmiCopas(Result):
    """Common-effect average with an interval that allows for heterogeneity and small-study bias.

    Attributes
    ----------
    estimate, se : float
        Average by inverse sampling variances, and its standard error under heterogeneity.
    ci_low, ci_high, level : float
        Interval and its coverage.
    tau2 : float
        Between-study variance by DerSimonian-Laird.
    critical : float
        Standard errors to either side of the estimate.
    k : int
        Number of studies.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    level: float
    tau2: float
    critical: float
    k: int


@dataclass(frozen=True, slots=True)
class _Moments:
    """What the distribution of Q given the standardised error r of the average needs.

    Mean ``mean + mean_slope r^2``, variance ``variance + variance_slope r^2``; ``sd`` is the
    standard deviation of r, and ``ratio`` and ``df`` say how Q determines the standard error.
    """

    mean: float
    mean_slope: float
    variance: float
    variance_slope: float
    sd: float
    ratio: float
    df: int


@takes_fit("level")
@studies_in_double_precision("The Henmi-Copas interval")
def henmi_copas(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> PooledHenmiCopas:
    """Interval of a summary that is robust to small-study effects.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects of 2 or more studies; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    level : float
        Coverage.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there is one study.
    EmptySelection, BadInput
        If the data or the level cannot be right.
    NotEstimable
        If the numbers leave the range of double precision.

    References
    ----------
    Henmi & Copas (2010), Stat Med 29:2969-2983. metafor: ``hc(res)``.
    """
    level = check_level(level)
    studies = check_studies(yi, vi, labels)
    if studies.yi.size < 2:
        raise TooFewStudies(
            "A Henmi-Copas interval needs 2 studies and found 1 "
            f"({studies.labels[0]}). Report the study's own effect."
        )
    return _interval(studies, level)


def _interval(studies: Studies, level: float) -> PooledHenmiCopas:
    model = TauModel(studies.yi, studies.vi)
    tau2 = solve_tau2(model, "DL").tau2
    fit = model.common
    moments = _moments(fit, tau2)
    if moments.mean <= 0.0 or moments.variance <= 0.0:
        raise FloatingPointError("no moments of Q are left")
    estimate = float(fit.coefficients[0])
    critical = _critical(moments, (1.0 - level) / 2.0)
    se = moments.sd / math.sqrt(float(fit.weights.sum()))
    half = critical * se
    if not math.isfinite(half):
        raise FloatingPointError("the interval is infinite")
    return PooledHenmiCopas(
        estimate=estimate,
        se=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        level=level,
        tau2=tau2,
        critical=critical,
        k=studies.yi.size,
    )


def _moments(fit: WeightedFit, tau2: float) -> _Moments:
    """Mean and variance of Q given r, exact for normal effects with between-study variance tau2.

    Effects e have covariance ``D = W^-1 + tau2 I``, ``Q = e'Pe`` and ``r = w'e / sqrt(sum w)``;
    conditioning on r shifts the mean of e by ``D w r`` and lowers its covariance by one rank.
    """
    weights, df, trace = fit.weights, fit.weights.size - 1, float(fit.trace_p)
    share = weights / weights.sum()
    slope = float(share @ weights)
    # Differences first: a study that outweighs all others would swallow the mean weight.
    centred = (weights[:, None] - weights) @ share
    shift = tau2**2 * float(share @ centred**2)
    mixed = shift + tau2**3 * float(share @ (weights * centred**2))
    sd2 = 1.0 + tau2 * slope
    whole = df + 2.0 * tau2 * trace + tau2**2 * float(fit.trace_pp())
    return _Moments(
        mean=df + tau2 * trace - shift / sd2,
        mean_slope=shift / sd2**2,
        variance=2.0 * (whole - 2.0 * mixed / sd2 + (shift / sd2) ** 2),
        variance_slope=4.0 * (mixed - shift**2 / sd2) / sd2**2,
        sd=sd2**0.5,
        ratio=trace / slope,
        df=df,
    )


def _critical(moments: _Moments, tail: float) -> float:
    """Standard errors that the average misses its target by with probability ``tail``."""

    def excess(critical: float) -> float:
        return _upper_tail(moments, critical) - tail

    return falling_root(excess, 0.0, 2.0)


def _upper_tail(moments: _Moments, critical: float) -> float:
    """Probability that the error exceeds ``critical`` estimated standard errors.

    That is the integral over r above ``critical`` of the probability that Q, taken as gamma with
    its mean and variance given r, is too small to widen the interval up to r.
    """
    upper = max(critical, 0.0) + _REACH * moments.sd
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    edges = np.linspace(critical, upper, _PANELS + 1)
    half = np.diff(edges)[:, None] / 2.0
    r = edges[:-1, None] + half * (1.0 + nodes)
    needed = moments.df + moments.ratio * ((r / critical) ** 2 - 1.0) if critical > 0.0 else np.inf
    mean = moments.mean + moments.mean_slope * r**2
    variance = moments.variance + moments.variance_slope * r**2
    probability = special.gammainc(mean**2 / variance, needed * mean / variance)
    density = np.exp(-0.5 * (r / moments.sd) ** 2) / (moments.sd * math.sqrt(2.0 * math.pi))
    return float(np.sum(half * weights * probability * density))
