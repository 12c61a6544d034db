"""Maximum of the (restricted) likelihood in tau2 for every column of a stack, with proof.

The derivative of the log likelihood is ``(A - B) / 2`` with ``A = y'PPy``, and ``B`` the trace of
P for REML, of W for ML. Three functions of tau2 fall: A, B, and their slopes. By the
Cauchy-Schwarz inequality ``a = A^(-1/2)`` and ``b = 1 / B`` are concave, and both are nearly
straight lines, exactly so when the sampling variances are equal. The likelihood rises where
``a^2 < b``. Chords bound a concave function from below and tangents from above, so a whole
interval of tau2 can be shown to hold no maximum, or exactly one. Intervals that cannot be decided
are divided. What is left are brackets, one for each maximum; the highest one wins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.arrays import BoolArray, FloatArray, IntArray
from evidence.synthesis.stacks.stack import Stack

#: A cell this narrow, relative to its place, is divided no further. Only minima end here.
_NARROW = 0.05
_MOST_STEPS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The two concave functions and their slopes, each of shape (m,).

    Attributes
    ----------
    a, a_slope : ndarray
        ``A^(-1/2)`` and its derivative.
    b, b_slope : ndarray
        ``1 / B`` and its derivative.
    """

    a: FloatArray
    a_slope: FloatArray
    b: FloatArray
    b_slope: FloatArray

    @property
    def excess(self) -> FloatArray:
        """``a^2 - b``: negative where the likelihood rises."""
        return np.asarray(self.a * self.a - self.b)

    def take(self, rows: IntArray | BoolArray) -> Curve:
        """Curve at some of the places."""
        return Curve(self.a[rows], self.a_slope[rows], self.b[rows], self.b_slope[rows])


def joined(curves: list[Curve]) -> Curve:
    """Curve at the places of all."""
    return Curve(
        np.concatenate([curve.a for curve in curves]),
        np.concatenate([curve.a_slope for curve in curves]),
        np.concatenate([curve.b for curve in curves]),
        np.concatenate([curve.b_slope for curve in curves]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Intervals of tau2, each of one column.

    Attributes
    ----------
    column : ndarray of int, shape (m,)
        Column of the stack.
    low, high : ndarray, shape (m,)
        Bounds.
    at_low, at_high : Curve
        The curve at the bounds.
    """

    column: IntArray
    low: FloatArray
    high: FloatArray
    at_low: Curve
    at_high: Curve

    def take(self, rows: IntArray | BoolArray) -> Cells:
        """Some of the cells."""
        return Cells(
            self.column[rows],
            self.low[rows],
            self.high[rows],
            self.at_low.take(rows),
            self.at_high.take(rows),
        )

    def divided(self, at: FloatArray, curve: Curve) -> Cells:
        """Both parts of each cell."""
        return Cells(
            np.concatenate([self.column, self.column]),
            np.concatenate([self.low, at]),
            np.concatenate([at, self.high]),
            joined([self.at_low, curve]),
            joined([curve, self.at_high]),
        )


def maximise(stack: Stack, *, restricted: bool) -> FloatArray:
    """Tau2 at the global maximum of the likelihood on tau2 >= 0, shape (d,).

    Parameters
    ----------
    stack : Stack
        Columns of two or more studies.
    restricted : bool
        REML instead of ML.
    """
    tau2 = np.zeros(stack.size.size)
    spread = stack.unweighted().rss / stack.df
    (varied,) = np.nonzero(spread > 0.0)
    if varied.size:
        part = stack if varied.size == tau2.size else stack.take(varied)
        tau2[varied] = _maximise_varied(part, spread[varied], restricted)
    return tau2


def _maximise_varied(stack: Stack, spread: FloatArray, restricted: bool) -> FloatArray:
    """Tau2 of columns whose effects differ; ``spread`` is their unweighted mean square."""
    # The likelihood falls for every tau2 above D + sqrt(D max(v)), D the unweighted mean square.
    largest = stack.finite_variances.max(axis=0)
    upper = 1.01 * (spread + np.sqrt(spread * largest))
    at_zero = evaluate(stack, np.zeros(upper.size), restricted)
    brackets = _isolate(stack, at_zero, upper, restricted)
    roots = _solve(stack.take(brackets.column), brackets, restricted)
    (zeros,) = np.nonzero(at_zero.excess >= 0.0)
    column = np.concatenate([zeros, brackets.column])
    candidate = np.concatenate([np.zeros(zeros.size), roots])
    tau2 = np.zeros(upper.size)
    several = np.bincount(column, minlength=tau2.size)[column] > 1
    tau2[column[~several]] = candidate[~several]
    if several.any():
        column, candidate = column[several], candidate[several]
        height = log_likelihood(stack.take(column), candidate, restricted)
        order = np.lexsort((height, column))
        tau2[column[order]] = candidate[order]  # the last of each column is its highest
    return tau2


def evaluate(stack: Stack, tau2: FloatArray, restricted: bool) -> Curve:
    """Evaluate the curve at one tau2 for each column."""
    fit = stack.at(tau2)
    a = fit.scaled_rss**-0.5
    b = 1.0 / (fit.trace_p if restricted else fit.total)
    falls = fit.trace_pp() if restricted else fit.sum_of_squares
    return Curve(a, fit.cubic_rss * a**3, b, falls * b**2)


def log_likelihood(stack: Stack, tau2: FloatArray, restricted: bool) -> FloatArray:
    """Log likelihood of each column without the constants, shape (d,)."""
    fit = stack.at(tau2)
    logs = np.log(np.where(stack.present, fit.weights, 1.0)).sum(axis=0)
    value = 0.5 * (logs - fit.rss)
    return np.asarray(value - 0.5 * np.log(fit.total) if restricted else value)


def _isolate(stack: Stack, at_zero: Curve, upper: FloatArray, restricted: bool) -> Cells:
    """Cells that hold exactly one maximum above 0, for all columns together."""
    cells = Cells(
        np.arange(upper.size),
        np.zeros(upper.size),
        upper,
        at_zero,
        evaluate(stack, upper, restricted),
    )
    found: list[Cells] = []
    for _ in range(_MOST_STEPS):
        crossing = (cells.at_low.excess < 0.0) & (cells.at_high.excess >= 0.0)
        smallest = stack.variances[0][cells.column]
        narrow = cells.high - cells.low <= _NARROW * (cells.low + 1e-3 * smallest)
        single = crossing & (narrow | _holds_one(cells))
        found.append(cells.take(np.flatnonzero(single)))
        (left,) = np.nonzero(~(single | narrow))
        rest = cells.take(left)
        (undecided,) = np.nonzero(~(_rises_throughout(rest) | _falls_throughout(rest)))
        if not undecided.size:
            break
        cells, left = rest.take(undecided), left[undecided]
        at = _division(cells, crossing[left], smallest[left])
        cells = cells.divided(at, evaluate(stack.take(cells.column), at, restricted))
    return _joined(found)


def _joined(parts: list[Cells]) -> Cells:
    return Cells(
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]),
        joined([part.at_low for part in parts]),
        joined([part.at_high for part in parts]),
    )


def _rises_throughout(cells: Cells) -> BoolArray:
    """Both ends rise, and a tangent above ``a`` stays below the chord under ``b``."""
    low, high, width = cells.at_low, cells.at_high, cells.high - cells.low
    backwards = (high.a - high.a_slope * width) ** 2 < low.b
    forwards = (low.a + low.a_slope * width) ** 2 < high.b
    return np.asarray((low.excess < 0.0) & (high.excess < 0.0) & (backwards | forwards))


def _falls_throughout(cells: Cells) -> BoolArray:
    """Both ends fall, and the chord under ``a`` stays above a tangent of ``b``."""
    low, high, width = cells.at_low, cells.at_high, cells.high - cells.low
    chord = np.maximum((high.a - low.a) / width, np.finfo(float).tiny)

    def above(tangent: FloatArray, slope: FloatArray) -> BoolArray:
        lowest = np.clip((slope / (2.0 * chord) - low.a) / chord, 0.0, width)
        return np.asarray((low.a + chord * lowest) ** 2 >= tangent + slope * lowest)

    either = above(low.b, low.b_slope) | above(high.b - high.b_slope * width, high.b_slope)
    return np.asarray((low.excess >= 0.0) & (high.excess > 0.0) & either)


def _earliest_crossing(cells: Cells) -> FloatArray:
    """Distance from ``low`` before which no crossing can lie.

    The tangent of ``a`` at ``high`` is an upper bound of ``a`` and the chord a lower bound of
    ``b``; where the square of the first passes the second, a crossing becomes possible.
    """
    low, high, width = cells.at_low, cells.at_high, cells.high - cells.low
    start, slope = high.a - high.a_slope * width, high.a_slope
    chord = (high.b - low.b) / width
    constant, linear = start**2 - low.b, 2.0 * start * slope - chord
    root = np.sqrt(np.maximum(linear**2 - 4.0 * slope**2 * constant, 0.0))
    distance = np.where(constant < 0.0, (root - linear) / (2.0 * slope**2), 0.0)
    return np.asarray(np.clip(distance, 0.0, width))


def _holds_one(cells: Cells) -> BoolArray:
    """Wherever ``a^2`` meets ``b`` in the cell it does so from below, hence only once.

    At a crossing ``a`` equals the root of ``b``, whose lower bound at the earliest crossing is
    taken; the slopes of concave functions are bounded by those at the ends.
    """
    low, high, width = cells.at_low, cells.at_high, cells.high - cells.low
    chord = (high.b - low.b) / width
    smallest = np.sqrt(low.b + chord * _earliest_crossing(cells))
    return np.asarray(2.0 * smallest * high.a_slope > low.b_slope)


def _division(cells: Cells, crossing: BoolArray, smallest: FloatArray) -> FloatArray:
    """Where to divide: below the guessed crossing, or in the geometric middle."""
    middle = np.sqrt((cells.low + smallest) * (cells.high + smallest)) - smallest
    guess = cells.low + 0.7 * (cells.high + _tangent_step(cells.at_high) - cells.low)
    margin = 0.02 * (cells.high - cells.low)
    sensible = (guess > cells.low + margin) & (guess < cells.high - margin)
    inside = np.where(crossing & sensible, guess, middle)
    return np.asarray(np.clip(inside, cells.low + margin, cells.high - margin))


def _tangent_step(curve: Curve) -> FloatArray:
    """Step to where the squared tangent of ``a`` meets the tangent of ``b``; NaN if nowhere."""
    linear = 2.0 * curve.a * curve.a_slope - curve.b_slope
    discriminant = linear**2 - 4.0 * curve.a_slope**2 * curve.excess
    usable = (discriminant >= 0.0) & (linear > 0.0)
    slope = np.where(usable, linear + np.sqrt(np.where(usable, discriminant, 0.0)), np.nan)
    return np.asarray(-2.0 * curve.excess / slope)


def _solve(stack: Stack, brackets: Cells, restricted: bool) -> FloatArray:
    """Maximum in each bracket to machine precision; bisection where the tangents mislead."""
    low, high = brackets.low.copy(), brackets.high.copy()
    tau2 = low + _chord_crossing(brackets)
    result = tau2.copy()
    active, settled = np.arange(tau2.size), np.zeros(tau2.size, dtype=bool)
    for _ in range(_MOST_STEPS):
        if not active.size:
            break
        curve = evaluate(stack, tau2, restricted)
        rising = curve.excess < 0.0
        low, high = np.where(rising, tau2, low), np.where(rising, high, tau2)
        step = _tangent_step(curve)
        proposal = tau2 + step
        done = (np.abs(step) <= 1e-8 * tau2) | (high - low <= 1e-15 * high)
        inside = (proposal > low) & (proposal < high)
        tau2 = np.where(inside, proposal, np.where(done, tau2, 0.5 * (low + high)))
        result[active[~settled]] = tau2[~settled]  # whatever happens to the other columns
        settled |= done
        if np.count_nonzero(settled) > 0.3 * settled.size or settled.all():
            (left,) = np.nonzero(~settled)
            stack, active, settled = stack.take(left), active[left], settled[left]
            low, high, tau2 = low[left], high[left], tau2[left]
    return result


def _chord_crossing(cells: Cells) -> FloatArray:
    """Distance from ``low`` to where the squared chord of ``a`` meets the chord of ``b``."""
    low, high, width = cells.at_low, cells.at_high, cells.high - cells.low
    slope, chord = (high.a - low.a) / width, (high.b - low.b) / width
    linear = 2.0 * low.a * slope - chord
    root = np.sqrt(np.maximum(linear**2 - 4.0 * slope**2 * low.excess, 0.0))
    return np.asarray(np.clip(-2.0 * low.excess / (linear + root), 0.0, width))
