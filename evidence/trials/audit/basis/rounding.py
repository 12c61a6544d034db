"""Intervals that a printed number stands for, and arithmetic with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

#: Differences below this share of a number are floating-point noise.
NOISE = 1e-9


class Interval(NamedTuple):
    """All values that a printed number can stand for."""

    low: float
    high: float

    def meets(self, other: Interval) -> bool:
        """Tell whether a value lies in both intervals, ends included."""
        return self.distance(other) <= NOISE * max(1.0, abs(self.high), abs(other.high))

    def distance(self, other: Interval) -> float:
        """Return how far the intervals are apart; 0 if they meet."""
        return max(0.0, self.low - other.high, other.low - self.high)

    def holds(self, value: float) -> bool:
        """Tell whether ``value`` lies in the interval."""
        return self.meets(Interval(value, value))


def rounded(value: float, decimals: int | None) -> Interval:
    """Return what ``value``, printed with ``decimals``, can stand for; None is a number counted."""
    half = 0.0 if decimals is None else 0.5 * 10.0**-decimals
    return Interval(value - half, value + half)


def unexplained(
    values: Sequence[float], decimals: Sequence[int | None], factors: Sequence[float] = (1.0, 1.0)
) -> float:
    """Return what rounding leaves of the difference of two printed values; 0 if it explains all.

    Both can stand for one number if the number with more decimals rounds to the other; two values
    with the same decimals have to be equal. In different units each may be rounded by itself.
    """
    first, second = (value * times for value, times in zip(values, factors, strict=True))
    halves = [
        rounded(0.0, digits).high * times for digits, times in zip(decimals, factors, strict=True)
    ]
    allowed = sum(halves) if factors[0] != factors[1] else max(halves)
    if factors[0] == factors[1] and halves[0] == halves[1]:
        allowed = 0.0
    left = abs(first - second) - allowed
    return left if left > NOISE * max(1.0, abs(first), abs(second)) else 0.0


def scaled(interval: Interval, factor: float) -> Interval:
    """Return the interval in another unit."""
    return Interval(*sorted((interval.low * factor, interval.high * factor)))


def span(function: Callable[..., float], *intervals: Interval) -> Interval:
    """Return the values of a function that is monotone in each argument over intervals.

    Corners at which the function is not defined are left out.
    """
    values = [_tried(function, corner) for corner in product(*intervals)]
    kept = [value for value in values if not math.isnan(value)]
    return Interval(min(kept), max(kept)) if kept else Interval(-math.inf, math.inf)


def _tried(function: Callable[..., float], corner: Sequence[float]) -> float:
    try:
        return function(*corner)
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.nan


def hull(intervals: Sequence[Interval]) -> Interval:
    """Return the smallest interval that holds all intervals."""
    return Interval(min(i.low for i in intervals), max(i.high for i in intervals))


def share(distance: float, *values: float) -> float:
    """Return a distance as a share of the largest of the numbers compared, at most 1."""
    largest = max((abs(value) for value in values), default=0.0)
    return min(1.0, distance / largest) if largest else float(distance > 0)


def text(value: float, decimals: int | None = None) -> str:
    """Return a number for the arithmetic of a finding: as printed, or with three digits or more."""
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:.0f}"
    return f"{value:.4g}" if abs(value) >= 100 else f"{value:.3g}"


def range_text(interval: Interval) -> str:
    """Return an interval as words."""
    return f"{text(interval.low)} to {text(interval.high)}"
