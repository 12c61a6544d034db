"""Log hazard ratios from log-rank statistics.

From a printed hazard ratio with its interval or p-value see
:func:`evidence.log_ratio_from_ci` and :func:`evidence.log_ratio_from_p`. A log hazard ratio is
below 0 when arm 1 has the lower hazard.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray, YiVi
from evidence.double_precision import in_double_precision
from evidence.effects.conversions import statistic_from_p
from evidence.input_checks import InputCheck


@in_double_precision("A log hazard ratio")
def log_hazard_ratio_from_logrank(o_minus_e: ArrayLike, v: ArrayLike) -> YiVi:
    """Log hazard ratio and its variance from the log-rank O - E and V.

    Parameters
    ----------
    o_minus_e : array_like
        Observed minus expected events in arm 1.
    v : array_like
        Hypergeometric variance of the log-rank statistic.

    References
    ----------
    Peto's estimator; Tierney et al. (2007), Trials 8:16, equations 1-3.
    """
    check = InputCheck("A log hazard ratio from O - E and V")
    excess, variance = check.numbers(o_minus_e=o_minus_e, v=v)
    check.where(variance <= 0, "v must be above 0, and is {}", variance)
    check.refuse()
    return np.asarray(excess / variance)[()], np.asarray(1 / variance)[()]


@in_double_precision("The variance of a log-rank test")
def logrank_variance(events: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> FloatArray:
    """V of the log-rank test, from all events and the numbers randomised.

    Parameters
    ----------
    events : array_like
        Events in both arms together.
    n1, n2 : array_like
        Numbers randomised to arms 1 and 2.

    References
    ----------
    Tierney et al. (2007), Trials 8:16; with equal arms it is events / 4.
    """
    check = InputCheck("The variance of a log-rank test")
    count, size1, size2 = check.numbers(events=events, n1=n1, n2=n2)
    check.where(np.minimum(size1, size2) <= 0, "n1 {} and n2 {} must be above 0", size1, size2)
    check.where(count <= 0, "events must be above 0, and are {}", count)
    check.where(count > size1 + size2, "{} events exceed the number randomised", count)
    check.refuse()
    return np.asarray(count * size1 * size2 / (size1 + size2) ** 2)[()]


@in_double_precision("The variance of a log-rank test")
def logrank_variance_by_arm(events1: ArrayLike, events2: ArrayLike) -> FloatArray:
    """V of the log-rank test, from the events of each arm.

    Parameters
    ----------
    events1, events2 : array_like
        Events of each arm, above 0.

    Raises
    ------
    BadInput
        If an arm has no event.

    References
    ----------
    Parmar, Torri & Stewart (1998), Stat Med 17:2815-2834; Tierney et al. (2007), Trials 8:16.
    """
    check = InputCheck("The variance of a log-rank test")
    first, second = check.numbers(events1=events1, events2=events2)
    check.where(first <= 0, "events1 must be above 0, and are {}", first)
    check.where(second <= 0, "events2 must be above 0, and are {}", second)
    check.refuse()
    return np.asarray(first * second / (first + second))[()]


@in_double_precision("A log hazard ratio")
def log_hazard_ratio_from_p(p_value: ArrayLike, v: ArrayLike, direction: ArrayLike) -> YiVi:
    """Log hazard ratio and its variance from a log-rank p-value and V.

    Parameters
    ----------
    p_value : array_like
        Exact two-sided p-value of the log-rank test.
    v : array_like
        Its variance, see :func:`logrank_variance`.
    direction : array_like of {-1, 1}
        -1 when arm 1 has the lower hazard, 1 when it has the higher.

    References
    ----------
    Tierney et al. (2007), Trials 8:16.
    """
    check = InputCheck("A log hazard ratio from a p-value")
    sign, variance = check.numbers(direction=direction, v=v)
    check.where(np.abs(sign) != 1, "direction must be -1 or 1, and is {}", sign)
    check.where(variance <= 0, "v must be above 0, and is {}", variance)
    check.refuse()
    return log_hazard_ratio_from_logrank(
        np.sqrt(variance) * statistic_from_p(sign, p_value), variance
    )
