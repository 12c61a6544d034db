"""Effect sizes of 2x2 tables: events and non-events in two arms.

Every formula takes the four cells ``a`` (events, arm 1), ``b`` (non-events, arm 1), ``c`` (events,
arm 2) and ``d`` (non-events, arm 2), in any common shape such as (k,) or (k, d), and returns the
effect and its sampling variance in that shape. Empty cells are dealt with before, by
:class:`evidence.ZeroCellRule`; where a formula is not finite the result is not
finite either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from evidence.arrays import BoolArray, FloatArray, YiVi

TableFormula = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], YiVi]

#: Divisor of the log odds ratio under a normal (Cox) and a logistic underlying variable.
NORMAL_DIVISOR: Final = 1.65
LOGISTIC_DIVISOR: Final = np.pi / np.sqrt(3)


def log_risk_ratio(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Log risk ratio; below 0 when arm 1 has fewer events.

    References
    ----------
    metafor: ``escalc(measure="RR")``.
    """
    n1, n2 = a + b, c + d
    return np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2


def log_odds_ratio(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Log odds ratio with Woolf's variance.

    References
    ----------
    Woolf (1955), Ann Hum Genet 19:251-253. metafor: ``escalc(measure="OR")``.
    """
    return np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d


def risk_difference(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Risk difference, as a proportion (0.05 is 5 percentage points).

    References
    ----------
    metafor: ``escalc(measure="RD")``.
    """
    n1, n2 = a + b, c + d
    p1, p2 = a / n1, c / n2
    return p1 - p2, p1 * (b / n1) / n1 + p2 * (d / n2) / n2


def arcsine_difference(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Difference of the arcsine square roots of two risks.

    References
    ----------
    Rücker et al. (2009), Stat Med 28:721-738. metafor: ``escalc(measure="AS")``.
    """
    n1, n2 = a + b, c + d
    difference = np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c / n2))
    return difference, 1 / (4 * n1) + 1 / (4 * n2)


def peto_log_odds_ratio(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Peto's one-step log odds ratio, (O - E) / V.

    References
    ----------
    Yusuf et al. (1985), Prog Cardiovasc Dis 27:335-371. metafor: ``escalc(measure="PETO")``.
    """
    n1, n2 = a + b, c + d
    total, events = n1 + n2, a + c
    variance = events * (b + d) * (n1 / total) * (n2 / total) / (total - 1)
    return (a - events * n1 / total) / variance, 1 / variance


def phi_coefficient(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Phi coefficient of the table, with the variance of a sample of one size.

    References
    ----------
    Yule (1912), J R Stat Soc 75:579-652. metafor: ``escalc(measure="PHI")``.
    """
    n1, n2, events, others = a + b, c + d, a + c, b + d
    total = n1 + n2
    phi = (a * d - b * c) / np.sqrt(n1 * n2 * events * others)
    # imbalance of the rows and of the columns, relative to their standard deviations
    rows, columns = (n1 - n2) / np.sqrt(n1 * n2), (events - others) / np.sqrt(events * others)
    variance = 1 - phi**2 + phi * (1 + phi**2 / 2) * rows * columns
    return phi, (variance - 0.75 * phi**2 * (rows**2 + columns**2)) / total


def yule_q(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Yule's Q, (OR - 1) / (OR + 1).

    References
    ----------
    Yule (1912), J R Stat Soc 75:579-652. metafor: ``escalc(measure="YUQ")``.
    """
    q = (a * d - b * c) / (a * d + b * c)
    return q, (1 - q**2) ** 2 * (1 / a + 1 / b + 1 / c + 1 / d) / 4


def yule_y(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Yule's Y, the coefficient of colligation.

    References
    ----------
    Yule (1912), J R Stat Soc 75:579-652. metafor: ``escalc(measure="YUY")``.
    """
    concordant, discordant = np.sqrt(a * d), np.sqrt(b * c)
    y = (concordant - discordant) / (concordant + discordant)
    return y, (1 - y**2) ** 2 * (1 / a + 1 / b + 1 / c + 1 / d) / 16


def smd_from_table_normal(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Standardised mean difference from the odds ratio, normal underlying variable.

    References
    ----------
    Cox & Snell (1989), Analysis of Binary Data, 2nd ed. metafor: ``escalc(measure="OR2DN")``.
    """
    log_or, variance = log_odds_ratio(a, b, c, d)
    return log_or / NORMAL_DIVISOR, variance / NORMAL_DIVISOR**2


def smd_from_table_logistic(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> YiVi:
    """Standardised mean difference from the odds ratio, logistic underlying variable.

    References
    ----------
    Hasselblad & Hedges (1995), Psychol Bull 117:167-178. metafor: ``escalc(measure="OR2DL")``.
    """
    log_or, variance = log_odds_ratio(a, b, c, d)
    return log_or / LOGISTIC_DIVISOR, variance / LOGISTIC_DIVISOR**2


def no_contrast(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> BoolArray:
    """Tell which tables have no events, or nothing but events, in both arms."""
    none, only = (a == 0) & (c == 0), (b == 0) & (d == 0)
    return np.asarray(none | only)


TABLE_FORMULAS: Final[Mapping[str, TableFormula]] = MappingProxyType(
    {
        "RR": log_risk_ratio,
        "OR": log_odds_ratio,
        "RD": risk_difference,
        "AS": arcsine_difference,
        "PETO": peto_log_odds_ratio,
        "PHI": phi_coefficient,
        "YUQ": yule_q,
        "YUY": yule_y,
        "OR2DN": smd_from_table_normal,
        "OR2DL": smd_from_table_logistic,
    }
)
