"""Printed estimates with their interval or p-value, brought to the scale of analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import BoolArray, FloatArray, YiVi, read_only
from evidence.double_precision import in_double_precision, squared
from evidence.effects.conversions import se_from_ci, se_from_p
from evidence.input_checks import InputCheck, lengths


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublishedEffects:
    """Printed estimates on the scale of analysis; arrays of one shape.

    Attributes
    ----------
    yi, vi : array
        Effect (log ratio, or difference) and sampling variance.
    midpoint : array
        Middle of the interval on the same scale.
    asymmetry : array
        ``midpoint - yi``: 0 for an exactly symmetric interval.
    rounding : array
        The largest asymmetry that the rounding of the three printed numbers can cause; infinite
        where a ratio is smaller than its rounding.
    level : float
        Coverage of the printed intervals.
    """

    yi: FloatArray
    vi: FloatArray
    midpoint: FloatArray
    asymmetry: FloatArray
    rounding: FloatArray
    level: float

    def __post_init__(self) -> None:
        for name in ("yi", "vi", "midpoint", "asymmetry", "rounding"):
            array = np.array(getattr(self, name), dtype=float)
            read_only(array)
            object.__setattr__(self, name, array)

    @property
    def sei(self) -> FloatArray:
        """Standard errors."""
        return np.asarray(np.sqrt(self.vi))[()]

    @property
    def beyond_rounding(self) -> BoolArray:
        """Which intervals are less symmetric than rounding explains: look these up again."""
        return np.asarray(np.abs(self.asymmetry) > self.rounding + 1e-12)


@in_double_precision("A log ratio")
def log_ratio_from_ci(
    estimate: ArrayLike,
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    *,
    level: float = 0.95,
    decimals: ArrayLike | None = None,
    labels: Sequence[str] = (),
) -> PublishedEffects:
    """Log ratio and variance from a printed ratio (HR, RR, OR, IRR) with its interval.

    Parameters
    ----------
    estimate, ci_low, ci_high : array_like
        On the natural scale, all positive.
    level : float
        Coverage of the interval.
    decimals : array_like of int, optional
        Decimals that were printed. Unless given, the longest of the three numbers tells.
    labels : sequence of str
        Names of the studies, for messages.

    Raises
    ------
    BadInput
        Where a number is not positive, or the interval does not hold its estimate.

    References
    ----------
    Parmar, Torri & Stewart (1998), Stat Med 17:2815-2834; Tierney et al. (2007), Trials 8:16.
    metafor: ``conv.wald(out=, ci.lb=, ci.ub=, transf=log)``.
    """
    asked = "A log ratio from its estimate and interval"
    check = InputCheck(asked, labels)
    numbers = _printed(check, estimate, ci_low, ci_high, level, positive=True)
    return _published(numbers, level, decimals, log=True)


@in_double_precision("The variance of a difference")
def difference_from_ci(
    estimate: ArrayLike,
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    *,
    level: float = 0.95,
    decimals: ArrayLike | None = None,
    labels: Sequence[str] = (),
) -> PublishedEffects:
    """Difference (MD, RD, IRD) and its variance from a printed estimate with its interval.

    Parameters, errors and result are those of :func:`log_ratio_from_ci`, without the logarithm
    and without the demand that numbers be positive.

    Parameters
    ----------
    estimate, ci_low, ci_high : array_like
        Printed difference and its limits, on its own scale.
    level : float
        Coverage of the interval.
    decimals : array_like, optional
        Decimals with which each was printed, as for ``log_ratio_from_ci``.
    labels : sequence of str, optional
        Names for the messages.
    """
    asked = "A difference from its estimate and interval"
    check = InputCheck(asked, labels)
    numbers = _printed(check, estimate, ci_low, ci_high, level, positive=False)
    return _published(numbers, level, decimals, log=False)


def _printed(
    check: InputCheck,
    estimate: ArrayLike,
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    level: float,
    *,
    positive: bool,
) -> tuple[FloatArray, ...]:
    numbers = check.numbers(estimate=estimate, ci_low=ci_low, ci_high=ci_high)
    middle, low, high = np.broadcast_arrays(*numbers)
    check.level(level)
    if positive:
        for name, number in zip(
            ("estimate", "ci_low", "ci_high"), (middle, low, high), strict=True
        ):
            check.where(number <= 0, f"{name} must be positive, and is {{}}", number)
    outside = (middle <= low) | (middle >= high)
    check.where(outside, "the interval {} to {} does not hold its estimate {}", low, high, middle)
    check.refuse("Compare with the source: numbers may be swapped, or of another contrast.")
    return middle, low, high


def _published(
    numbers: tuple[FloatArray, ...], level: float, decimals: ArrayLike | None, *, log: bool
) -> PublishedEffects:
    y, low, high = (np.log(number) if log else number for number in numbers)
    longest = _longest_decimals(numbers) if decimals is None else _given_decimals(decimals, numbers)
    half_unit = 0.5 * 10.0**-longest
    shifts = [_largest_shift(number, half_unit, log=log) for number in numbers]
    return PublishedEffects(
        yi=y,
        vi=squared(se_from_ci(low, high, level=level)),
        midpoint=(low + high) / 2,
        asymmetry=(low + high) / 2 - y,
        rounding=shifts[0] + (shifts[1] + shifts[2]) / 2,
        level=level,
    )


def _given_decimals(decimals: ArrayLike, numbers: tuple[FloatArray, ...]) -> FloatArray:
    check = InputCheck("The rounding of a printed estimate")
    given, _ = check.numbers(decimals=decimals, estimate=numbers[0])
    if given.shape not in ((), numbers[0].shape):
        check.problems.append(lengths({"decimals": given, "estimate": numbers[0]}))
    check.refuse("Give the number of decimals that were printed.")
    return given


def _longest_decimals(numbers: tuple[FloatArray, ...]) -> FloatArray:
    def decimals(number: float) -> float:
        exponent = Decimal(repr(float(number))).normalize().as_tuple().exponent
        return max(0.0, -float(exponent))

    counted = [np.vectorize(decimals, otypes=[float])(number) for number in numbers]
    return np.asarray(np.maximum.reduce(counted))


def _largest_shift(number: FloatArray, half_unit: FloatArray, *, log: bool) -> FloatArray:
    if not log:
        return np.broadcast_to(half_unit, number.shape)
    relative = np.minimum(half_unit / number, 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log1p(-relative))


@in_double_precision("A log ratio")
def log_ratio_from_p(
    estimate: ArrayLike, p_value: ArrayLike, *, df: ArrayLike | None = None
) -> YiVi:
    """Log ratio and variance from a printed ratio and its exact two-sided p-value.

    Parameters
    ----------
    estimate : array_like
        Ratio on the natural scale; 1 is refused, because any variance would fit.
    p_value : array_like
        Two-sided Wald p-value.
    df : array_like, optional
        Degrees of freedom of a t test; a normal test if left out.

    References
    ----------
    Cochrane Handbook 6.3; metafor: ``conv.wald(out=, pval=, transf=log)``.
    """
    check = InputCheck("A log ratio from its estimate and p-value")
    ratio, _ = check.numbers(estimate=estimate, p_value=p_value)
    check.where(ratio <= 0, "estimate must be positive, and is {}", ratio)
    check.refuse()
    y = np.log(ratio)
    return y, squared(se_from_p(y, p_value, df=df))
