"""Posterior distributions as mixtures over tau, and their summaries."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from evidence.effects.checks import FloatArray

_GRID = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class PosteriorSummary:
    """Summary of one posterior distribution, in the unit of the effects.

    Attributes
    ----------
    mean, sd : float or None
        None where the prior's tail leaves the integral infinite.
    median : float
        Posterior median.
    ci_low, ci_high : float
        Equal-tailed credible interval.
    shortest_low, shortest_high : float
        Shortest credible interval, to about 1e-6 of its width.
    level : float
        Probability inside the intervals.
    """

    mean: float | None
    sd: float | None
    median: float
    ci_low: float
    ci_high: float
    shortest_low: float
    shortest_high: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NormalMixture:
    """Mixture of normal distributions, arrays of shape (n,); the weights add up to 1."""

    means: FloatArray
    sds: FloatArray
    weights: FloatArray

    def mean(self) -> float:
        """Expectation of the mixture."""
        return float(self.weights @ self.means)

    def sd(self) -> float:
        """Standard deviation, within and between components."""
        between = (self.means - self.mean()) ** 2
        return math.sqrt(float(self.weights @ (self.sds**2 + between)))

    def below(self, value: float) -> float:
        """Probability of a value below ``value``."""
        return float(self.weights @ special.ndtr((value - self.means) / self.sds))

    def quantile(self, probability: float) -> float:
        """Value that has ``probability`` below it."""
        if probability <= 0.0 or probability >= 1.0:
            return -math.inf if probability <= 0.0 else math.inf
        middle = int(np.searchsorted(np.cumsum(self.weights), 0.5))
        centre, step = float(self.means[middle]), float(self.sds[middle])

        def gap(value: float) -> float:
            return self.below(value) - probability

        low = high = centre
        while gap(low) > 0:
            low, step = low - step, 2 * step
        step = float(self.sds[middle])
        while gap(high) < 0:
            high, step = high + step, 2 * step
        return root(gap, low, high, 1e-14 * float(self.sds.min()))


def root(function: Callable[[float], float], low: float, high: float, xtol: float) -> float:
    """Where an increasing function is 0, or the end of the bracket that rounding makes it."""
    if not low < high or function(low) >= 0:
        return low
    if function(high) <= 0:
        return high
    return float(optimize.brentq(function, low, high, xtol=xtol, rtol=1e-14, maxiter=500))


def intervals(
    quantile: Callable[[float], float],
    level: float,
    *,
    mean: float | None,
    sd: float | None,
) -> PosteriorSummary:
    """Summary from a quantile function and the moments.

    Parameters
    ----------
    quantile : callable
        Value by its probability; 0 and 1 may give infinite values.
    level : float
        Probability inside the intervals.
    mean, sd : float or None
        Moments, None where they are infinite.
    """
    tail = (1 - level) / 2
    low, high = shortest_interval(quantile, level)
    return PosteriorSummary(
        mean=mean,
        sd=sd,
        median=quantile(0.5),
        ci_low=quantile(tail),
        ci_high=quantile(1 - tail),
        shortest_low=low,
        shortest_high=high,
        level=level,
    )


def shortest_interval(quantile: Callable[[float], float], level: float) -> tuple[float, float]:
    """Shortest interval that holds ``level``, by the probability below it.

    Parameters
    ----------
    quantile : callable
        Value by its probability.
    level : float
        Probability inside the interval.
    """

    def width(below: float) -> float:
        return quantile(below + level) - quantile(below)

    # the upper end stays below probability 1, where an unbounded distribution has no quantile
    grid = np.linspace(0.0, 1.0 - level, _GRID)[:-1]
    widths = [width(float(below)) for below in grid]
    best = int(np.argmin(widths))
    bounds = (float(grid[max(best - 1, 0)]), min(float(grid[best]) + float(grid[1]), 1.0 - level))
    found = optimize.minimize_scalar(
        width, bounds=bounds, method="bounded", options={"xatol": 1e-8}
    )
    below = float(found.x) if float(found.fun) < widths[best] else float(grid[best])
    return quantile(below), quantile(below + level)
