"""Shortest interval that holds a probability, from a quantile function and a density."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import optimize

#: Intervals that are tried before the shortest of them is refined.
_TRIALS: Final = 25


def shortest_interval(
    quantile: Callable[[float], float], density: Callable[[float], float], level: float
) -> tuple[float, float]:
    """Bounds between which ``level`` lies in the least space; their densities are equal.

    Parameters
    ----------
    quantile : callable
        Value by the probability below it; may be infinite at 0 and 1.
    density : callable
        Density at a value; 0 at an infinite one.
    level : float
        Probability inside the interval.
    """
    outside = 1.0 - level

    def slope(below: float) -> float:
        """Sign of the change of the width as the interval moves up."""
        return density(quantile(below)) - density(quantile(below + level))

    shares = outside * np.linspace(0.0, 1.0, _TRIALS)
    widths = [quantile(share + level) - quantile(share) for share in shares[:-1].tolist()]
    best = int(np.argmin(widths))
    low, high = float(shares[max(best - 1, 0)]), float(shares[best + 1])
    if slope(low) >= 0.0:
        below = low
    elif slope(high) <= 0.0:
        below = float(shares[best])
    else:
        below = float(optimize.brentq(slope, low, high, xtol=1e-16, rtol=1e-14))
    return quantile(below), quantile(below + level)
