"""Mixtures of normal distributions that share their weights: many of them at once.

Every posterior distribution of an effect is such a mixture over tau, with a row of components for
the mean, for a new study, and for each of the studies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable
from evidence.synthesis.numerics.shortest import shortest_interval

IntArray = npt.NDArray[np.intp]
_ROOT_2PI: Final = math.sqrt(2 * math.pi)
#: Numbers in one array of components; larger ones leave the cache.
_CHUNK: Final = 120_000
#: Newton's method stops after a step this small, as the error is then its square.
_STILL: Final = 1e-9
#: Far out a step cannot be smaller than the rounding of the place.
_ROUNDING: Final = 1e-14
#: Rounding of a probability, which a density near 0 turns into long steps.
_NOISE: Final = 1e-15
_MOST_STEPS: Final = 400
_NEWTON_STEPS: Final = 25
#: Components of the condensed mixtures.
_FEW: Final = 32
#: Shares of the probability outside that are tried below the shortest interval.
_SHARES: Final = (0.01, 0.06, 0.15, 0.3, 0.5, 0.7, 0.85, 0.94, 0.99)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixtureQuantiles:
    """Median and intervals of m mixtures, each array of shape (m,).

    Attributes
    ----------
    median : ndarray
        Medians.
    low, high : ndarray
        Bounds of the equal-tailed intervals.
    shortest_low, shortest_high : ndarray
        Bounds of the shortest intervals.
    """

    median: FloatArray
    low: FloatArray
    high: FloatArray
    shortest_low: FloatArray
    shortest_high: FloatArray


class NormalMixtures:
    """Mixtures with n components each.

    Parameters
    ----------
    means, sds : ndarray, shape (m, n)
        Of the components.
    weights : ndarray, shape (n,)
        Of the components; they add up to 1.
    """

    def __init__(self, means: FloatArray, sds: FloatArray, weights: FloatArray) -> None:
        self.weights = weights
        self.mean: FloatArray = means @ weights
        deviations = means - self.mean[:, None]
        self.sd: FloatArray = np.sqrt((sds**2 + deviations**2) @ weights)
        middle = int(np.searchsorted(np.cumsum(weights), 0.5))
        self.unit: FloatArray = sds[:, min(middle, weights.size - 1)].copy()
        # a standard deviation that a heavy tail blows up is no guide to the middle
        self.typical: FloatArray = np.minimum(
            self.sd, np.hypot(self.unit, np.abs(deviations) @ weights)
        )
        self.inverse = 1.0 / sds
        self.shift = deviations * self.inverse

    def take(self, rows: slice) -> NormalMixtures:
        """Some of the mixtures."""
        part = object.__new__(NormalMixtures)
        part.weights = self.weights
        for name in ("mean", "sd", "unit", "typical", "inverse", "shift"):
            setattr(part, name, getattr(self, name)[rows])
        return part

    def condensed(self) -> NormalMixtures:
        """Nearly the same mixtures with few components: neighbours with their joint moments."""
        place = np.minimum(np.cumsum(self.weights) * _FEW, _FEW - 1).astype(int)
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        weights = np.add.reduceat(self.weights, starts)
        sds = 1.0 / self.inverse
        deviations = self.shift * sds
        means = np.add.reduceat(deviations * self.weights, starts, axis=1) / weights
        squares = (sds**2 + deviations**2) * self.weights
        variances = np.add.reduceat(squares, starts, axis=1) / weights - means**2
        narrowest = sds.min(axis=1, keepdims=True)
        return NormalMixtures(means, np.sqrt(np.maximum(variances, narrowest**2)), weights)

    def below(self, values: FloatArray) -> FloatArray:
        """Probability below one value for each mixture, shape (m,)."""
        z = (values - self.mean)[:, None] * self.inverse - self.shift
        return np.asarray(special.ndtr(z) @ self.weights)

    def above(self, values: FloatArray) -> FloatArray:
        """Probability above one value for each mixture, shape (m,)."""
        z = (values - self.mean)[:, None] * self.inverse - self.shift
        return np.asarray(special.ndtr(-z) @ self.weights)

    def summarise(self, level: float) -> MixtureQuantiles:
        """Median, equal-tailed and shortest intervals.

        Parameters
        ----------
        level : float
            Probability inside the intervals.
        """
        rows = max(1, _CHUNK // self.weights.size)
        starts = range(0, self.mean.size, rows)
        parts = [_Rows(self.take(slice(start, start + rows))).summary(level) for start in starts]
        joined = np.concatenate(parts, axis=1)
        return MixtureQuantiles(**dict(zip(MixtureQuantiles.__slots__, joined, strict=True)))


class _Rows:
    """Solves for quantiles of a few mixtures, relative to their means."""

    def __init__(self, mixtures: NormalMixtures) -> None:
        self.mixtures, self.weights = mixtures, mixtures.weights

    def summary(self, level: float) -> FloatArray:
        """Rows of ``MixtureQuantiles``, on the scale of the effects."""
        tail = (1.0 - level) / 2.0
        low, median, high = (self.quantiles(p) for p in (tail, 0.5, 1.0 - tail))
        shortest = self._shortest(level, low, high)
        return np.stack([median, low, high, *shortest]) + self.mixtures.mean

    def _at(self, x: FloatArray, rows: IntArray | slice) -> tuple[FloatArray, ...]:
        """Distribution function, density and its slope at one place for each row."""
        inverse = self.mixtures.inverse[rows]
        z = x[:, None] * inverse
        z -= self.mixtures.shift[rows]
        below = special.ndtr(z) @ self.weights
        inverse = inverse * np.exp(-0.5 * z * z)
        density = inverse @ self.weights / _ROOT_2PI
        inverse *= z * self.mixtures.inverse[rows]
        return below, density, -(inverse @ self.weights) / _ROOT_2PI

    def quantiles(self, probability: float) -> FloatArray:
        """Places with ``probability`` below them: Newton's method in a growing bracket."""
        typical = self.mixtures.typical
        found = special.ndtri(probability) * typical
        active = np.arange(found.size)
        x, reach = found.copy(), 2.0 * typical
        low, high = np.full(x.size, -np.inf), np.full(x.size, np.inf)
        for _ in range(_MOST_STEPS):
            below, density, _slope = self._at(x, active)
            gap = below - probability
            low, high = np.where(gap < 0.0, x, low), np.where(gap >= 0.0, x, high)
            wanted = -gap / np.maximum(density, 1e-200 / typical[active])
            following = x + np.clip(wanted, -reach, reach)
            reach = np.where(np.abs(wanted) > reach, 2.0 * reach, reach)
            following = _kept_inside(following, low, high)
            moved = np.abs(following - x)
            found[active] = x = following
            still = _STILL * np.minimum(typical[active], self.mixtures.unit[active])
            left = moved > np.maximum(still, _ROUNDING * np.abs(x))
            left &= np.abs(gap) > _NOISE * np.maximum(below, probability)
            if not left.any():
                return found
            if np.count_nonzero(left) < 0.7 * left.size:
                active, x, reach = active[left], x[left], reach[left]
                low, high = low[left], high[left]
        raise NotEstimable(
            f"A quantile of a posterior distribution was asked for at {probability:g} and the "
            "search did not end. Give a prior of tau whose scale is nearer to that of the effects."
        )

    def _shortest(
        self, level: float, low: FloatArray, high: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Bounds with equal densities near the shortest of several trial intervals."""
        outside, rough = 1.0 - level, _Rows(self.mixtures.condensed())
        trials = [
            (rough.quantiles(share * outside), rough.quantiles(share * outside + level))
            for share in _SHARES
        ]
        lows, highs = (np.array(ends) for ends in zip(*trials, strict=True))
        best, columns = np.argmin(highs - lows, axis=0), np.arange(low.size)
        width = high - low
        polished_low, polished_high = self._polish(level, lows[best, columns], highs[best, columns])
        for row in np.flatnonzero(~(polished_high - polished_low <= width * (1.0 + _STILL))):
            one = _Rows(self.mixtures.take(slice(row, row + 1)))
            polished_low[row], polished_high[row] = one.search(level)
        return polished_low, polished_high

    def search(self, level: float) -> tuple[float, float]:
        """Shortest interval of a single mixture, step by step."""

        def quantile(probability: float) -> float:
            if not 0.0 < probability < 1.0:
                return -math.inf if probability <= 0.0 else math.inf
            return float(self.quantiles(probability)[0])

        def density(value: float) -> float:
            if math.isinf(value):
                return 0.0
            return float(self._at(np.array([value]), slice(None))[1][0])

        return shortest_interval(quantile, density, level)

    def _polish(
        self, level: float, low: FloatArray, high: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Newton's method for equal densities with the level between; NaN where it fails."""
        every, still = slice(None), _STILL * self.mixtures.unit
        for _ in range(_NEWTON_STEPS):
            below_low, f_low, slope_low = self._at(low, every)
            below_high, f_high, slope_high = self._at(high, every)
            lacking, uneven = level - (below_high - below_low), f_high - f_low
            pivot = f_low * slope_high - f_high * slope_low
            pivot = np.where(pivot < 0.0, pivot, np.nan)
            step_low = -(lacking * slope_high + f_high * uneven) / pivot
            step_high = -(f_low * uneven + slope_low * lacking) / pivot
            low, high = low + step_low, high + step_high
            if not np.any(np.maximum(np.abs(step_low), np.abs(step_high)) > still):
                return low, high
        far = np.maximum(np.abs(step_low), np.abs(step_high)) > still
        return np.where(far, np.nan, low), np.where(far, np.nan, high)


def _kept_inside(places: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Places, or the middle of a finite bracket that they would leave."""
    outside = (places < low) | (places > high)
    bisect = outside & np.isfinite(low) & np.isfinite(high)
    with np.errstate(invalid="ignore"):
        return np.where(bisect, 0.5 * (low + high), places)
