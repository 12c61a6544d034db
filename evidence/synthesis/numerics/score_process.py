"""Probabilities of a score process that is looked at several times and may stop at each look.

The score is S(t) = Z(t) sqrt(t) at information t, a Brownian motion with drift: its increments are
independent and normal. The density of the paths that are still going is carried from look to look
by numerical integration. A path stops only at ends of intervals, between which the density is
smooth, so that Gauss-Legendre panels as wide as the narrower of the two adjoining steps reach
double precision.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from scipy import special

from evidence.arrays import FloatArray

#: Standard deviations beyond which a normal density is nothing (its tail is 2e-28).
_REACH: Final = 11.0
#: Width of a panel in standard deviations of the shorter step, and its Gauss-Legendre nodes.
_PANEL: Final = 2.0
_NODES: Final = 16
#: Points whose density is computed together.
_BLOCK: Final = 256
_SQRT_2PI: Final = math.sqrt(2.0 * math.pi)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreProcess:
    """The paths that are still going at one time, as point masses on a grid.

    Attributes
    ----------
    drift : float
        Mean of the score at information 1.
    time : float
        Information so far.
    points, masses : ndarray, shape (m,)
        Scores in rising order, and their probabilities, which add up to that of still going.
    """

    drift: float
    time: float
    points: FloatArray
    masses: FloatArray

    def above(self, time: float, z: float) -> float:
        """Probability of still going and of a Z above ``z`` at a later time."""
        return float(special.ndtr(-self._gaps(time, z)) @ self.masses)

    def below(self, time: float, z: float) -> float:
        """Probability of still going and of a Z below ``z`` at a later time."""
        return float(special.ndtr(self._gaps(time, z)) @ self.masses)

    def between(self, time: float, low: float, high: float) -> float:
        """Probability of still going and of a Z from ``low`` to ``high`` at a later time."""
        inside = special.ndtr(self._gaps(time, high)) - special.ndtr(self._gaps(time, low))
        return float(inside @ self.masses)

    def advance(
        self, time: float, intervals: Sequence[tuple[float, float]], following: float
    ) -> ScoreProcess:
        """Paths that go on after a look.

        Parameters
        ----------
        time : float
            Information at the look, above the present one.
        intervals : sequence of pairs of float
            Values of Z with which a path goes on, in rising order; may be infinite.
        following : float
            Information at the look after it, for which the grid must be fine enough.
        """
        spread, centre = math.sqrt(time), self.drift * time
        lowest, highest = centre - _REACH * spread, centre + _REACH * spread
        shortest = math.sqrt(min(time - self.time, following - time))
        grids = [
            _panels(max(low * spread, lowest), min(high * spread, highest), shortest)
            for low, high in intervals
        ]
        points = np.concatenate([nodes for nodes, _ in grids])
        weights = np.concatenate([weights for _, weights in grids])
        return ScoreProcess(self.drift, time, points, weights * self._density(points, time))

    def _gaps(self, time: float, z: float) -> FloatArray:
        """Distance of a boundary from each path's expected score, in standard deviations."""
        step = time - self.time
        return np.asarray((z * math.sqrt(time) - self.points - self.drift * step) / math.sqrt(step))

    def _density(self, scores: FloatArray, time: float) -> FloatArray:
        """Density of still going, at rising scores; far points are left out of each block."""
        step = time - self.time
        sd = math.sqrt(step)
        expected = self.points + self.drift * step
        density = np.empty_like(scores)
        for start in range(0, scores.size, _BLOCK):
            block = scores[start : start + _BLOCK]
            ends = [block[0] - _REACH * sd, block[-1] + _REACH * sd]
            near = slice(*np.searchsorted(expected, ends).tolist())
            gaps = (block[:, None] - expected[None, near]) / sd
            density[start : start + _BLOCK] = np.exp(-0.5 * gaps * gaps) @ self.masses[near]
        return density / (sd * _SQRT_2PI)


def start_process(drift: float = 0.0) -> ScoreProcess:
    """Process before any information: every path has score 0.

    Parameters
    ----------
    drift : float
        Mean of the score at information 1; 0 without an effect.
    """
    return ScoreProcess(drift, 0.0, np.zeros(1), np.ones(1))


def exit_probabilities(
    times: Sequence[float],
    efficacy: Sequence[float | None],
    futility: Sequence[float | None] | None = None,
    *,
    drift: float = 0.0,
) -> FloatArray:
    """Probability of leaving at each look through each boundary, shape (looks, 3).

    Parameters
    ----------
    times : sequence of float
        Information at the looks, rising.
    efficacy : sequence of float or None
        Boundary of |Z| at each look above which a path stops; None for none.
    futility : sequence of float or None, optional
        Boundary of |Z| below which a path stops.
    drift : float
        Mean of Z at information 1.

    Returns
    -------
    ndarray
        Columns: above the upper boundary, below the lower one, inside the futility region.

    References
    ----------
    Armitage, McPherson & Rowe (1969), J R Stat Soc A 132:235-244.
    """
    inner = [None] * len(times) if futility is None else futility
    process = start_process(drift)
    found = np.zeros((len(times), 3))
    for i, (time, outer, wedge) in enumerate(zip(times, efficacy, inner, strict=True)):
        if outer is not None:
            found[i, :2] = process.above(time, outer), process.below(time, -outer)
        if wedge is not None:
            found[i, 2] = process.between(time, -wedge, wedge)
        if i + 1 < len(times) and (outer is not None or wedge is not None):
            process = process.advance(time, going_on(outer, wedge), times[i + 1])
    return found


def going_on(efficacy: float | None, futility: float | None) -> list[tuple[float, float]]:
    """Values of Z with which a path goes on, between a two-sided boundary and a futility region.

    Parameters
    ----------
    efficacy, futility : float or None
        Boundaries of |Z|; None for none.
    """
    outer = math.inf if efficacy is None else efficacy
    if futility is None:
        return [(-outer, outer)]
    return [(-outer, -futility), (futility, outer)]


@cache
def _rule() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _panels(low: float, high: float, scale: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of panels no wider than ``_PANEL`` times the scale; none if empty."""
    if high <= low:
        return np.empty(0), np.empty(0)
    nodes, weights = _rule()
    edges = np.linspace(low, high, math.ceil((high - low) / (_PANEL * scale)) + 1)
    half = np.diff(edges)[:, None] / 2.0
    middle = (edges[1:] + edges[:-1])[:, None] / 2.0
    return (middle + half * nodes).ravel(), (half * weights).ravel()
