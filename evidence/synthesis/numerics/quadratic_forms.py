"""Distribution of a quadratic form in normal variables: a weighted sum of chi-squared variables.

Each tail is the Laplace inversion integral of ``exp(K(s)) / |s|`` with
``K(s) = s x - sum(log(1 + 2 w s)) / 2``, taken along the path on which the integrand is real and
positive. Nothing cancels there, so both tails keep their relative accuracy, however many weights
there are and however far apart they lie. For each height above the real axis the path has one
point, because the phase of the integrand rises along every horizontal line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from evidence.arrays import FloatArray
from evidence.double_precision import in_double_precision
from evidence.errors import BadInput, NotEstimable

#: The integrand is followed until it has fallen by this, on the log scale (e^-42 is 6e-19).
_DROP: Final = 42.0
#: Successive numbers of panels have to agree this closely.
_AGREEMENT: Final = 1e-13
_MOST_PANELS: Final = 512
#: Logarithm of a number that is 0 in double precision.
_UNDERFLOW: Final = -745.0
_MOST_STEPS: Final = 200
#: Points of the first look along the path.
_LOOK: Final = 32
#: A weight this small beside the value or the largest weight changes no digit of a tail.
_LOST: Final = 1e-18
#: A point of the path has been found when it moves by less, relative to its place.
_STILL: Final = 1e-14
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """Probabilities on both sides of a value.

    Attributes
    ----------
    lower, upper : float
        Of a smaller and of a larger value; each keeps its digits when it is small.
    """

    lower: float
    upper: float


@in_double_precision("The distribution of a weighted sum of chi-squared variables")
def weighted_chi_squared_tails(value: float, weights: FloatArray) -> Tails:
    """Tails of a sum of independent chi-squared variables with 1 df, each times a weight.

    Parameters
    ----------
    value : float
        Where the line is covered from both sides.
    weights : ndarray, shape (m,)
        Positive weights; the eigenvalues of a quadratic form times those of its covariance matrix.

    Returns
    -------
    Tails
        To about 1e-12, relative to the smaller one.

    Raises
    ------
    BadInput
        If a weight is not above 0, or a number is not finite.
    NotEstimable
        If the integral does not settle, or the numbers leave the range of double precision.

    References
    ----------
    Imhof (1961), Biometrika 48:419-426 (the same integral along the imaginary axis).
    CompQuadForm: ``farebrother(q, lambda)``, ``imhof(q, lambda)``.
    """
    usable = weights.ndim == 1 and weights.size > 0 and np.all(np.isfinite(weights))
    if not (usable and np.all(weights > 0.0) and math.isfinite(value)):
        raise BadInput(
            f"The distribution of a weighted sum of chi-squared variables was asked for at {value} "
            f"with weights {weights!r:.80}. Give a finite value and finite weights above 0."
        )
    if value <= 0.0:
        return Tails(lower=0.0, upper=1.0)
    largest = float(weights.max())
    # what is lost in rounding would still bend the path far out
    counted = weights[weights > _LOST * min(value, largest)]
    path = _Path(value / largest, counted / largest)
    if value > float(weights.sum()):
        upper = path.tail(upper=True)
        return Tails(lower=1.0 - upper, upper=upper)
    lower = path.tail(upper=False)
    return Tails(lower=lower, upper=1.0 - lower)


class _Path:
    """Path of steepest descent for one value; the largest weight is 1."""

    def __init__(self, value: float, weights: FloatArray) -> None:
        self.value = value
        # equal weights, as under equal variances, are one factor with an exponent
        doubled, count = np.unique(2.0 * weights, return_counts=True)
        self.doubled, self.half_count = doubled, 0.5 * count
        self.halves = 0.5 * weights.size

    def tail(self, *, upper: bool) -> float:
        """Probability above the value, or below it."""
        # no larger than with all weights as large as the largest; so far out the path has no room
        if upper and special.chdtrc(2.0 * self.halves, self.value) == 0.0:
            return 0.0
        saddle = self._saddle(upper)
        peak = float(self._height(np.array([saddle]), np.zeros(1))[0])
        if peak + math.log(self._limit(upper)) < _UNDERFLOW:
            return 0.0
        known_t, known_real = self._look(upper, saddle, peak)
        before, panels = math.nan, 1
        while panels <= _MOST_PANELS:
            edges = np.linspace(0.0, known_t[-1], panels + 1)
            half = np.diff(edges)[:, None] / 2.0
            t = (edges[:-1, None] + half * (1.0 + _NODES)).ravel()
            real = self._real_parts(t, np.interp(t, known_t, known_real), upper)
            area = float((half * _WEIGHTS).ravel() @ np.exp(self._height(real, t) - peak))
            if abs(area - before) <= _AGREEMENT * area:
                return min(1.0, math.exp(peak) * area / math.pi)
            known_t, known_real = np.append(t, known_t[-1]), np.append(real, known_real[-1])
            before, panels = area, 2 * panels
        raise NotEstimable(
            f"The distribution of a weighted sum of {2 * self.halves:g} chi-squared variables was "
            f"asked for at {self.value:.6g} times its largest weight, and the integral did not "
            "settle. Give weights that are less far apart."
        )

    def _slope(self, real: float) -> float:
        """Derivative of the exponent on the real axis."""
        pull = self.half_count @ (self.doubled / (1.0 + self.doubled * real))
        return self.value - float(pull) - 1.0 / real

    def _saddle(self, upper: bool) -> float:
        """Where the integrand is lowest on the real axis, on its side of 0."""
        # the slope rises from -inf to +inf between the singularities at the ends
        low, high = (-0.5, -0.0) if upper else (0.0, (self.halves + 1.0) / self.value)
        for _ in range(_MOST_STEPS):
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            if self._slope(middle) < 0.0:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def _height(self, real: FloatArray, t: FloatArray) -> FloatArray:
        """Logarithm of the integrand's size at ``real + i t``."""
        x = 1.0 + self.doubled * real[:, None]
        logs = np.log(np.hypot(x, self.doubled * t[:, None]))
        return np.asarray(self.value * real - logs @ self.half_count - np.log(np.hypot(real, t)))

    def _phase(self, real: FloatArray, t: FloatArray, upper: bool) -> tuple[FloatArray, FloatArray]:
        """Phase of the integrand at ``real + i t``, and its derivative by the real part."""
        x, y = 1.0 + self.doubled * real[:, None], self.doubled * t[:, None]
        turn = np.arctan2(t, -real) if upper else -np.arctan2(t, real)
        phase = self.value * t - np.arctan2(y, x) @ self.half_count + turn
        steep = (self.doubled * y / (x * x + y * y)) @ self.half_count
        return phase, steep + t / (real * real + t * t)

    def _real_parts(self, t: FloatArray, guess: FloatArray, upper: bool) -> FloatArray:
        """Real parts of the path at heights ``t``: Newton's method inside a bracket."""
        low, high = self._bracket(t, guess, upper)
        real = guess
        for _ in range(_MOST_STEPS):
            phase, slope = self._phase(real, t, upper)
            low, high = np.where(phase < 0.0, real, low), np.where(phase < 0.0, high, real)
            target = real - phase / slope
            inside = (target >= low) & (target <= high)
            following = np.where(inside, target, 0.5 * (low + high))
            moved = np.abs(following - real)
            real = following
            if np.all(moved <= _STILL * (np.abs(real) + t)):
                break
        return real

    def _bracket(
        self, t: FloatArray, guess: FloatArray, upper: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Real parts on both sides of the path."""
        below = self._phase(guess, t, upper)[0] < 0.0
        inner, outer = guess, guess
        step = np.where(below, 1.0, -1.0) * 0.1 * (np.abs(guess) + t)
        while (short := (self._phase(outer, t, upper)[0] < 0.0) == below).any():
            inner = np.where(short, outer, inner)
            outer, step = np.where(short, outer + step, outer), 3.0 * step
        return np.where(below, inner, outer), np.where(below, outer, inner)

    def _limit(self, upper: bool) -> float:
        """Height above the real axis that the path does not reach."""
        return math.pi * (self.halves + (0.0 if upper else 1.0)) / self.value

    def _look(self, upper: bool, saddle: float, peak: float) -> tuple[FloatArray, FloatArray]:
        """Points of the path from the real axis up to where the integrand is negligible."""
        top = limit = self._limit(upper)
        while True:
            t = top * np.arange(1, _LOOK) / _LOOK
            angle = math.pi * t / limit
            # the path of equal weights
            guess = limit / math.pi * angle / np.tan(angle) - 0.5
            real = self._real_parts(t, guess, upper)
            gone = int(np.count_nonzero(self._height(real, t) >= peak - _DROP))
            if gone >= _LOOK // 4:
                end = min(gone + 1, t.size)
                return np.append(0.0, t[:end]), np.append(saddle, real[:end])
            top = float(t[gone])
