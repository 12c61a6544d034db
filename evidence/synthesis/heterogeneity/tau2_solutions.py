"""Own solutions for tau2: moments in closed form, estimating equations to the last bit.

Each kind of equation in ``estimators`` has one solution here, a function of a ``TauModel``.
Standard errors are the large-sample ones of metafor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import assert_never

import numpy as np
from scipy import optimize

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable
from evidence.synthesis.heterogeneity.estimators import (
    Equation,
    Likelihood,
    MomentOfQ,
    MomentOfVariance,
    NoVariance,
    OneStep,
    RootOfQ,
)
from evidence.synthesis.numerics.weighted_least_squares import (
    WeightedFit,
    fit_weighted,
    log_det_information,
)

_GRID_POINTS = 48


class TauModel:
    """Effects with known sampling variances and an unknown tau2.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances, already checked.
    design : ndarray, shape (k, p), or None
        Moderators including the constant; None for the intercept alone.
    """

    def __init__(self, yi: FloatArray, vi: FloatArray, design: FloatArray | None = None) -> None:
        self.yi, self.vi, self.design = yi, vi, design
        self.df = yi.size - (1 if design is None else design.shape[1])

    def at(self, tau2: float | FloatArray) -> WeightedFit:
        """Fit with weights ``1 / (vi + tau2)``; an array of tau2 gives a stack of fits."""
        variances = self.vi + np.asarray(tau2)[..., None]
        return fit_weighted(self.yi, 1.0 / variances, self.design)

    @cached_property
    def common(self) -> WeightedFit:
        """Fit at tau2 = 0."""
        return self.at(0.0)

    def unweighted(self) -> WeightedFit:
        """Fit with equal weights of 1."""
        return fit_weighted(self.yi, np.ones_like(self.yi), self.design)


def solve_equation(model: TauModel, equation: Equation) -> tuple[float, float | None]:
    """Tau2 by an equation, and its large-sample standard error; None where tau2 is no estimate.

    Parameters
    ----------
    model : TauModel
        Effects and variances.
    equation : Equation
        What tau2 solves.
    """
    match equation:
        case NoVariance():
            return 0.0, None
        case MomentOfQ():
            return _moment_of_q(model, equation)
        case MomentOfVariance():
            return _moment_of_variance(model)
        case OneStep():
            return _one_step(model)
        case RootOfQ():
            return _root_of_q(model, equation)
        case Likelihood(restricted=restricted):
            return maximum_likelihood(model, restricted=restricted)
        case _:
            assert_never(equation)


def _moment_of_q(model: TauModel, equation: MomentOfQ) -> tuple[float, float]:
    fit, k, df = model.common, model.yi.size, model.df
    slope = float(equation.slope(fit, k, df))
    tau2 = max(0.0, (float(fit.rss) - equation.expected(k, df)) / slope)
    variance = 2 * df + 4 * tau2 * float(fit.trace_p) + 2 * tau2**2 * float(fit.trace_pp())
    return tau2, math.sqrt(variance) / slope


def _moment_of_variance(model: TauModel) -> tuple[float, float]:
    fit = model.unweighted()
    noise = float(np.sum(model.vi * fit.remainder))
    tau2 = max(0.0, (float(fit.rss) - noise) / model.df)
    variance = 2 * float(fit.trace_pp(model.vi, model.vi)) + 4 * tau2 * noise
    return tau2, math.sqrt(variance + 2 * tau2**2 * model.df) / model.df


def _one_step(model: TauModel) -> tuple[float, float]:
    start = float(np.var(model.yi))
    fit = model.at(start)
    tau2 = start * float(fit.rss) / model.df
    return tau2, start * math.sqrt(_rss_variance(model, fit, tau2)) / model.df


def _root_of_q(model: TauModel, equation: RootOfQ) -> tuple[float, float]:
    tau2 = solve_generalised_q(model, float(equation.target(model.df)))
    fit = model.at(tau2)
    inflation = model.yi.size / model.df / float(fit.total)
    return tau2, inflation * math.sqrt(_rss_variance(model, fit, tau2))


def _rss_variance(model: TauModel, fit: WeightedFit, tau2: float) -> float:
    """Variance of the weighted residual sum of squares when the effects vary by ``tau2``."""
    sampling = float(fit.trace_pp(model.vi, model.vi))
    mixed = float(fit.trace_pp(model.vi))
    return 2 * (sampling + 2 * tau2 * mixed + tau2**2 * float(fit.trace_pp()))


def solve_generalised_q(model: TauModel, target: float) -> float:
    """Find tau2 where the generalised Q statistic equals ``target``; 0 if it starts below.

    The statistic is the residual sum of squares with weights ``1 / (vi + tau2)`` and falls as
    tau2 grows. The target k - p gives Paule-Mandel, chi-squared quantiles the Q-profile interval.

    Parameters
    ----------
    model : TauModel
        Effects and variances.
    target : float
        Positive value of the statistic.

    References
    ----------
    Paule & Mandel (1982), J Res Natl Bur Stand 87:377-385.
    Viechtbauer (2007), Stat Med 26:37-52.
    """
    generalised_q = _mean_q(model) if model.design is None else (lambda t: float(model.at(t).rss))
    if generalised_q(0.0) <= target:
        return 0.0
    upper = float(model.unweighted().rss) / target
    return falling_root(lambda tau2: generalised_q(tau2) - target, 0.0, upper)


def _mean_q(model: TauModel) -> Callable[[float], float]:
    """Generalised Q of the intercept-only model, with little overhead for the root finder."""
    vi, deviations = model.vi, model.yi - model.yi[int(np.argmin(model.vi))]

    def generalised_q(tau2: float) -> float:
        weights = 1.0 / (vi + tau2)
        residuals = deviations - weights.dot(deviations) / weights.sum()
        return float(weights.dot(residuals * residuals))

    return generalised_q


def falling_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Root of a function that is positive at ``low`` and negative far enough above ``high``.

    Raises
    ------
    NotEstimable
        The function is still positive at the largest number there is, or ``high`` is 0.
    """
    while function(high) > 0.0:
        high *= 2.0
        if not 0.0 < high < math.inf:
            raise NotEstimable(
                "The equation for tau2 has no root in double precision: variances and effects are "
                "too far apart. Check the variances, or give the effects in another unit."
            )
    return float(optimize.brentq(function, low, high, xtol=5e-324, rtol=8.9e-16, maxiter=3000))


def log_likelihood(model: TauModel, tau2: float | FloatArray, *, restricted: bool) -> FloatArray:
    """Profile log likelihood of tau2 with all constants, in the shape of ``tau2``.

    Parameters
    ----------
    model : TauModel
        Effects and variances.
    tau2 : float or ndarray
        Where to evaluate it.
    restricted : bool
        The restricted likelihood, with the term ``+ log|X'X| / 2`` as metafor reports it.

    References
    ----------
    Harville (1977), J Am Stat Assoc 72:320-338. metafor: ``logLik(rma(yi, vi))``.
    """
    fit = model.at(tau2)
    size = model.df if restricted else model.yi.size
    log_weights = np.sum(np.log(fit.weights), axis=-1)
    value = -0.5 * (size * math.log(2 * math.pi) - log_weights + fit.rss)
    if restricted:
        unweighted = log_det_information(model.unweighted(), model.design)
        value = value + 0.5 * (unweighted - log_det_information(fit, model.design))
    return np.asarray(value)


def maximum_likelihood(model: TauModel, *, restricted: bool) -> tuple[float, float]:
    """Estimate tau2 >= 0 and its standard error at the global maximum of the likelihood.

    The score is followed over a grid that reaches beyond its largest possible root, each change
    from rising to falling is solved, and the likelihood decides between several maxima.

    Parameters
    ----------
    model : TauModel
        Effects and variances.
    restricted : bool
        REML instead of ML.
    """

    def score(tau2: float | FloatArray) -> FloatArray:
        fit = model.at(tau2)
        expected = fit.trace_p if restricted else np.sum(fit.weights, axis=-1)
        return np.asarray(np.sum((fit.weights * fit.residuals) ** 2, axis=-1) - expected)

    grid = _search_grid(model)
    rising = score(grid) > 0.0
    peaks = [
        falling_root(lambda tau2: float(score(tau2)), float(grid[i]), float(grid[i + 1]))
        for i in np.flatnonzero(rising[:-1] & ~rising[1:])
    ]
    if not rising[0]:
        peaks.insert(0, 0.0)
    if len(peaks) > 1:
        heights = log_likelihood(model, np.array(peaks), restricted=restricted)
        peaks = [peaks[int(np.argmax(heights))]]
    if not peaks:
        peaks = [
            falling_root(lambda tau2: float(score(tau2)), float(grid[-1]), 2 * float(grid[-1]))
        ]
    fit = model.at(peaks[0])
    information = float(fit.trace_pp() if restricted else np.sum(fit.weights**2))
    return peaks[0], math.sqrt(2.0 / information)


def _search_grid(model: TauModel) -> FloatArray:
    """Values of tau2 from 0 to a bound above which the likelihood falls.

    With D the unweighted residual mean square, the score is negative for every tau2 above
    ``D + sqrt(D max(vi))``.
    """
    spread = float(model.unweighted().rss) / model.df
    upper = 2.0 * (spread + math.sqrt(spread * float(model.vi.max())))
    lower = 1e-3 * min(float(model.vi.min()), upper)
    if lower <= 0.0:
        return np.zeros(1)
    inner = np.geomspace(lower, upper, _GRID_POINTS)
    return np.concatenate([[0.0], inner])
