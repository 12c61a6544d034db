"""Effects from what an arm's own estimate and interval say, where no counts are printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray, read_only
from evidence.double_precision import in_double_precision
from evidence.effects.conversions import se_from_ci
from evidence.errors import known_name
from evidence.input_checks import InputCheck


def _logit(p: FloatArray) -> FloatArray:
    return np.asarray(np.log(p / (1 - p)))


def _arcsine(p: FloatArray) -> FloatArray:
    return np.asarray(np.arcsin(np.sqrt(p)))


TRANSFORMS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "PLO": _logit,
    "PAS": _arcsine,
    "PLN": np.log,
    "PR": np.asarray,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmEffects:
    """Effects and sampling variances on the scale of ``measure``; arrays of shape (k,)."""

    yi: FloatArray
    vi: FloatArray
    measure: str

    def __post_init__(self) -> None:
        for name in ("yi", "vi"):
            array = np.atleast_1d(np.array(getattr(self, name), dtype=float))
            read_only(array)
            object.__setattr__(self, name, array)

    @property
    def sei(self) -> FloatArray:
        """Standard errors."""
        return np.asarray(np.sqrt(self.vi))


@in_double_precision("A log rate ratio")
def log_ratio_of_rates(
    rate1: ArrayLike,
    low1: ArrayLike,
    high1: ArrayLike,
    rate2: ArrayLike,
    low2: ArrayLike,
    high2: ArrayLike,
    *,
    level: float = 0.95,
) -> ArmEffects:
    """Log rate ratio of two independent arms, from each arm's rate with its interval.

    The standard error of each log rate is read from its interval, ``(log high - log low) / 2z``,
    and the variances add up.

    Parameters
    ----------
    rate1, low1, high1, rate2, low2, high2 : array_like, shape (k,)
        Rates of arm 1 and arm 2 in one unit, all positive, each inside its interval.
    level : float
        Coverage of the intervals.

    Raises
    ------
    BadInput
        A number is not positive, or an interval does not hold its rate.

    References
    ----------
    Cochrane Handbook, version 6, section 6.3 (standard error from an interval on the log scale).
    """
    check = InputCheck("A log rate ratio from the rate of each arm with its interval")
    r1, l1, h1, r2, l2, h2 = check.numbers(
        rate1=rate1, low1=low1, high1=high1, rate2=rate2, low2=low2, high2=high2
    )
    check.level(level)
    for arm, (rate, low, high) in enumerate(((r1, l1, h1), (r2, l2, h2)), start=1):
        check.where(low <= 0, f"the lower bound of arm {arm} must be positive, and is {{}}", low)
        outside = f"the interval of arm {arm}, {{}} to {{}}, does not hold {{}}"
        check.where((rate < low) | (rate > high), outside, low, high, rate)
    check.refuse("Compare with the source.")
    se1 = se_from_ci(np.log(l1), np.log(h1), level=level)
    se2 = se_from_ci(np.log(l2), np.log(h2), level=level)
    return ArmEffects(yi=np.log(r1) - np.log(r2), vi=se1**2 + se2**2, measure="IRR")


@in_double_precision("A log rate ratio")
def log_ratio_of_rates_of_patients(
    rate1: ArrayLike,
    n1: ArrayLike,
    months1: ArrayLike,
    rate2: ArrayLike,
    n2: ArrayLike,
    months2: ArrayLike,
) -> ArmEffects:
    """Log rate ratio where only rates, patients and planned length are printed.

    The events of an arm are taken as ``rate * n * months / 12``, as if all patients had been
    followed to the end and events were independent; the variance ``1/events1 + 1/events2`` is
    therefore a lower bound.

    Parameters
    ----------
    rate1, rate2 : array_like, shape (k,)
        Events per patient-year, positive.
    n1, n2, months1, months2 : array_like, shape (k,)
        Patients, and planned length of follow-up in months.

    Raises
    ------
    BadInput
        A number is not positive.

    References
    ----------
    metafor: ``escalc(measure="IRR", x1i=, t1i=, x2i=, t2i=)`` with the derived events and
    patient-years.
    """
    names = ("rate1", "n1", "months1", "rate2", "n2", "months2")
    check = InputCheck("A log rate ratio from the rate, patients and length of each arm")
    numbers = check.numbers(
        **dict(zip(names, (rate1, n1, months1, rate2, n2, months2), strict=True))
    )
    for name, number in zip(names, numbers, strict=True):
        check.where(number <= 0, f"{name} must be positive, and is {{}}", number)
    check.refuse("Compare with the source.")
    r1, p1, m1, r2, p2, m2 = numbers
    vi = 1 / (r1 * p1 * m1 / 12) + 1 / (r2 * p2 * m2 / 12)
    return ArmEffects(yi=np.log(r1) - np.log(r2), vi=vi, measure="IRR")


@in_double_precision("A proportion from its interval")
def proportion_from_interval(
    percent: ArrayLike,
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    *,
    measure: str = "PLO",
    level: float = 0.95,
) -> ArmEffects:
    """Transformed proportion and variance from a printed percentage with its interval.

    For Kaplan-Meier percentages, where the number at risk does not give the variance.

    Parameters
    ----------
    percent, ci_low, ci_high : array_like, shape (k,)
        In per cent, strictly between 0 and 100 for PLO; the interval holds its estimate.
    measure : {"PLO", "PAS", "PLN", "PR"}
        Logit, arcsine, log or identity.
    level : float
        Coverage of the interval.

    Raises
    ------
    BadInput
        A percentage is out of range, or an interval does not hold its estimate.
    UnknownName
        The transformation is none of those.
    """
    known_name("transformation of a proportion from its interval", measure, TRANSFORMS)
    check = InputCheck(f"A proportion on the scale {measure} from its interval")
    p, low, high = check.numbers(percent=percent, ci_low=ci_low, ci_high=ci_high)
    check.level(level)
    for name, number in (("percent", p), ("ci_low", low), ("ci_high", high)):
        check.where(
            (number <= 0) | (number >= 100),
            f"{name} must lie between 0 and 100, and is {{}}",
            number,
        )
    check.where(
        (p < low) | (p > high), "the interval {} to {} does not hold its estimate {}", low, high, p
    )
    check.refuse("Compare with the source.")
    to_scale = TRANSFORMS[measure]
    se = se_from_ci(to_scale(low / 100), to_scale(high / 100), level=level)
    return ArmEffects(yi=to_scale(p / 100), vi=se**2, measure=measure)
