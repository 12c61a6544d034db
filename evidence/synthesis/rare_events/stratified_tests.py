"""Tests over strata: of no effect (Cochran-Mantel-Haenszel), and of one effect (Breslow-Day)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.arrays import FloatArray
from evidence.synthesis.numerics.distributions import chi_squared_p
from evidence.synthesis.numerics.hypergeometric import expected_events


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquaredTest:
    """A chi-squared test.

    Attributes
    ----------
    statistic : float
        Value of the test.
    df : int
        Degrees of freedom.
    p_value : float
        Upper tail; 1 without a degree of freedom.
    """

    statistic: float
    df: int
    p_value: float


def chi_squared_test(statistic: float, df: int) -> ChiSquaredTest:
    """Test with the p-value of its statistic."""
    p_value = chi_squared_p(statistic, df) if df > 0 else 1.0
    return ChiSquaredTest(statistic=statistic, df=df, p_value=p_value)


def association_tests(
    events: FloatArray, sizes: FloatArray, *, correct: bool
) -> tuple[ChiSquaredTest | None, ChiSquaredTest | None]:
    """Cochran-Mantel-Haenszel test and Cochran's variant for 2x2 tables.

    The Mantel-Haenszel variance is that of the hypergeometric distribution; Cochran's has the
    table's size where that has the size less 1. None if no table has a variance.

    Parameters
    ----------
    events, sizes : ndarray, shape (k, 2)
        Events and participants.
    correct : bool
        Continuity correction, 0.5 off the absolute sum of events less expected events. As in
        metafor it is taken off even when that sum is below 0.5.

    References
    ----------
    Mantel & Haenszel (1959), J Natl Cancer Inst 22:719-748. Cochran (1954), Biometrics 10:417-451.
    metafor: ``rma.mh(measure="OR", correct=)$MH``, ``$CO``.
    """
    n1, n2 = sizes.T
    total, cases = n1 + n2, events.sum(axis=1)
    difference = float(np.sum(events[:, 0] - n1 * (cases / total)))
    spread = (n1 / total) * (n2 / total) * cases * ((total - cases) / total)
    # a table of one person has a hypergeometric variance of 0
    exact = np.divide(spread * total, total - 1, out=np.zeros_like(spread), where=total > 1)
    return _corrected(difference, exact, correct), _corrected(difference, spread, correct)


def rate_association_test(
    events: FloatArray, times: FloatArray, *, correct: bool
) -> ChiSquaredTest | None:
    """Mantel-Haenszel test for person-time; None if no study has an event.

    Parameters
    ----------
    events, times : ndarray, shape (k, 2)
        Events and person-time.
    correct : bool
        Continuity correction, as in :func:`association_tests`.

    References
    ----------
    Rothman, Greenland & Lash (2008), Modern Epidemiology, 3rd ed., chapter 15.
    metafor: ``rma.mh(measure="IRR", correct=)$MH``.
    """
    share = times / times.sum(axis=1, keepdims=True)
    cases = events.sum(axis=1)
    difference = float(np.sum(events[:, 0] - cases * share[:, 0]))
    return _corrected(difference, cases * share[:, 0] * share[:, 1], correct)


def _corrected(difference: float, variance: FloatArray, correct: bool) -> ChiSquaredTest | None:
    total = float(variance.sum())
    if total <= 0:
        return None
    return chi_squared_test((abs(difference) - 0.5 * correct) ** 2 / total, 1)


def homogeneity_tests(
    events: FloatArray, sizes: FloatArray, odds_ratio: float
) -> tuple[ChiSquaredTest, ChiSquaredTest] | None:
    """Breslow-Day test of a common odds ratio, and Tarone's correction of it.

    Only tables with events and non-events tell something; None if there is none.

    Parameters
    ----------
    events, sizes : ndarray, shape (k, 2)
        Events and participants.
    odds_ratio : float
        Common odds ratio, that of Mantel and Haenszel.

    References
    ----------
    Breslow & Day (1980), Statistical Methods in Cancer Research I, p. 142.
    Tarone (1985), Biometrika 72:91-95. metafor: ``rma.mh(measure="OR")$BD``, ``$TA``.
    """
    cases, total = events.sum(axis=1), sizes.sum(axis=1)
    informative = (cases > 0) & (cases < total)
    if not informative.any():
        return None
    a, (n1, n2), m = events[informative, 0], sizes[informative].T, cases[informative]
    expected = expected_events(n1, n2, m, odds_ratio)
    cells = (expected, n1 - expected, m - expected, n2 - m + expected)
    precision = sum(1 / cell for cell in cells)
    difference = a - expected
    breslow_day = float(np.sum(difference**2 * precision))
    tarone = breslow_day - float(difference.sum()) ** 2 / float(np.sum(1 / precision))
    df = int(informative.sum()) - 1
    return chi_squared_test(breslow_day, df), chi_squared_test(max(tarone, 0.0), df)
