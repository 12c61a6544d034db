"""Incidence rates: events over person-time, in one arm or two.

Rates are events per unit of the person-time that is given (a rate per year when ``t`` is in
person-years). Formulas work elementwise over any common shape, such as (k,) or (k, d).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import gammaincinv

from evidence.arrays import FloatArray, YiVi
from evidence.double_precision import in_double_precision, require_finite
from evidence.errors import known_name
from evidence.input_checks import InputCheck

TwoRateFormula = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], YiVi]
RateFormula = Callable[[FloatArray, FloatArray], YiVi]

RATE_INTERVALS: Final = ("exact", "log-normal", "wald")


def log_rate_ratio(x1: FloatArray, t1: FloatArray, x2: FloatArray, t2: FloatArray) -> YiVi:
    """Log incidence rate ratio. metafor: ``escalc(measure="IRR")``."""
    return np.log(x1 / t1) - np.log(x2 / t2), 1 / x1 + 1 / x2


def rate_difference(x1: FloatArray, t1: FloatArray, x2: FloatArray, t2: FloatArray) -> YiVi:
    """Incidence rate difference. metafor: ``escalc(measure="IRD")``."""
    return x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2


def root_rate_difference(x1: FloatArray, t1: FloatArray, x2: FloatArray, t2: FloatArray) -> YiVi:
    """Difference of square-root rates. metafor: ``escalc(measure="IRSD")``."""
    return np.sqrt(x1 / t1) - np.sqrt(x2 / t2), 1 / (4 * t1) + 1 / (4 * t2)


def rate(x: FloatArray, t: FloatArray) -> YiVi:
    """Incidence rate. metafor: ``escalc(measure="IR")``."""
    return x / t, x / t**2


def log_rate(x: FloatArray, t: FloatArray) -> YiVi:
    """Log incidence rate. metafor: ``escalc(measure="IRLN")``."""
    return np.log(x / t), 1 / x


def root_rate(x: FloatArray, t: FloatArray) -> YiVi:
    """Square-root incidence rate. metafor: ``escalc(measure="IRS")``."""
    return np.sqrt(x / t), 1 / (4 * t)


def freeman_tukey_rate(x: FloatArray, t: FloatArray) -> YiVi:
    """Freeman-Tukey transformed rate, the mean of two square roots.

    References
    ----------
    Freeman & Tukey (1950), Ann Math Stat 21:607-611. metafor: ``escalc(measure="IRFT")``.
    """
    return (np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2, 1 / (4 * t)


@in_double_precision("A rate")
def freeman_tukey_rate_inverse(values: ArrayLike, person_time: ArrayLike) -> FloatArray:
    """Rate whose Freeman-Tukey transform at ``person_time`` is ``values``.

    Solves y = (sqrt(r) + sqrt(r + 1/t)) / 2 for r. Values below the transform of 0 events give 0.

    Parameters
    ----------
    values : array_like
        Freeman-Tukey transformed rates. NaN (not estimable) stays NaN.
    person_time : array_like
        Person-time of the inverse; for a pooled value the harmonic mean of the studies.

    References
    ----------
    metafor: ``transf.iirft(xi, ti)``.
    """
    check = InputCheck("The rate behind a Freeman-Tukey value")
    (time,) = check.numbers(person_time=person_time)
    check.where(time <= 0, "person_time must be above 0, not {}", time)
    y = check.array("values", values)
    check.fitting({"values": y, "person_time": time})
    # the lower bound is the transform of a rate of 0, below which there is no solution
    bounded = np.where(np.isnan(y), y, np.maximum(y, 0.5 / np.sqrt(time)))
    return np.asarray((bounded - 1 / (4 * time * bounded)) ** 2)[()]


@in_double_precision("The interval of a rate")
def rate_interval(
    x: ArrayLike, t: ArrayLike, *, level: float = 0.95, method: str = "exact"
) -> tuple[FloatArray, FloatArray]:
    """Confidence limits of one arm's incidence rate.

    Parameters
    ----------
    x, t : array_like
        Events and person-time.
    level : float
        Coverage.
    method : {"exact", "log-normal", "wald"}
        ``exact`` inverts the Poisson distribution (Garwood); the other two are normal on the log
        and on the natural scale. ``log-normal`` needs at least one event.

    Returns
    -------
    low, high : arrays
        Limits in the unit of x / t.

    References
    ----------
    Garwood (1936), Biometrika 28:437-442.
    """
    known_name("interval of a rate", method, RATE_INTERVALS)
    check = InputCheck(f"The {method} interval of a rate")
    events, time = check.numbers(x=x, t=t)
    check.level(level)
    check.where(events < 0, "x must not be negative, and is {}", events)
    check.where(time <= 0, "t must be above 0, not {}", time)
    if method == "log-normal":
        check.where(events == 0, "x is {}: use the exact interval", events)
    check.refuse()
    tail = (1 - level) / 2
    if method == "exact":
        low = np.where(events > 0, gammaincinv(np.maximum(events, 1e-300), tail), 0.0)
        high = gammaincinv(events + 1, 1 - tail)
        require_finite(low, high)
        return np.asarray(low / time)[()], high / time
    estimate, z = events / time, stats.norm.isf(tail)
    if method == "wald":
        half = z * np.sqrt(events) / time
        return estimate - half, estimate + half
    factor = np.exp(z / np.sqrt(events))
    return estimate / factor, estimate * factor


@in_double_precision("A risk")
def risk_from_rate(rate: ArrayLike, time: ArrayLike) -> FloatArray:
    """Risk of an event by ``time`` under a constant rate, 1 - exp(-rate x time).

    Parameters
    ----------
    rate : array_like
        Events per unit of time, not below 0.
    time : array_like
        Length of follow-up in that unit.

    Raises
    ------
    BadInput
        If a rate or a time is below 0.
    """
    check = InputCheck("The risk from a constant rate")
    per_time, duration = check.numbers(rate=rate, time=time)
    check.where(per_time < 0, "rate must not be negative, and is {}", per_time)
    check.where(duration < 0, "time must not be negative, and is {}", duration)
    check.refuse()
    return np.asarray(np.abs(np.expm1(-per_time * duration)))[()]


@in_double_precision("A person-time")
def person_time(n: ArrayLike, mean_followup: ArrayLike) -> FloatArray:
    """Person-time of an arm from its size and mean follow-up, in the unit of the follow-up.

    Parameters
    ----------
    n : array_like
        Patients of the arm.
    mean_followup : array_like
        Mean follow-up of a patient, in any unit of time.

    Raises
    ------
    BadInput
        If a number is not above 0.
    """
    check = InputCheck("The person-time of an arm")
    size, followup = check.numbers(n=n, mean_followup=mean_followup)
    check.where(size <= 0, "n must be above 0, not {}", size)
    check.where(followup <= 0, "mean_followup must be above 0, not {}", followup)
    check.refuse()
    return np.asarray(size * followup)[()]


TWO_RATE_FORMULAS: Final[Mapping[str, TwoRateFormula]] = MappingProxyType(
    {"IRR": log_rate_ratio, "IRD": rate_difference, "IRSD": root_rate_difference}
)
RATE_FORMULAS: Final[Mapping[str, RateFormula]] = MappingProxyType(
    {"IR": rate, "IRLN": log_rate, "IRS": root_rate, "IRFT": freeman_tukey_rate}
)
