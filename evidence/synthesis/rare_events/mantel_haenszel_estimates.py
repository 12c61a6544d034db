"""The five Mantel-Haenszel estimates with their standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from evidence.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """A pooled estimate on the scale of analysis.

    Attributes
    ----------
    estimate, se : float or None
        Estimate (logarithm of a ratio) and its standard error; None if not estimable.
    weights : ndarray, shape (k,), or None
        Shares of the studies in the estimate; they add up to 1.
    reason : str
        Why there is no estimate; empty if there is one.
    """

    estimate: float | None
    se: float | None
    weights: FloatArray | None
    reason: str = ""


def odds_ratio(events: FloatArray, sizes: FloatArray) -> Estimate:
    """Mantel-Haenszel log odds ratio with the variance of Robins, Breslow and Greenland.

    Parameters
    ----------
    events, sizes : ndarray, shape (k, 2)
        Events and participants.

    References
    ----------
    Mantel & Haenszel (1959), J Natl Cancer Inst 22:719-748.
    Robins, Breslow & Greenland (1986), Biometrics 42:311-323. metafor: ``rma.mh(measure="OR")``.
    """
    (a, c), (b, d), total = events.T, (sizes - events).T, sizes.sum(axis=1)
    r, s = a * (d / total), b * (c / total)
    p, q = (a + d) / total, (b + c) / total
    sum_r, sum_s = float(r.sum()), float(s.sum())
    if sum_r <= 0 or sum_s <= 0:
        return _no_ratio("odds")
    variance = (
        np.sum(p * r) / sum_r**2
        + np.sum(p * s + q * r) / (sum_r * sum_s)
        + np.sum(q * s) / sum_s**2
    ) / 2
    return _ratio(sum_r, s, float(variance))


def risk_ratio(events: FloatArray, sizes: FloatArray) -> Estimate:
    """Mantel-Haenszel log risk ratio with the variance of Greenland and Robins.

    Parameters
    ----------
    events, sizes : ndarray, shape (k, 2)
        Events and participants.

    References
    ----------
    Greenland & Robins (1985), Biometrics 41:55-68. metafor: ``rma.mh(measure="RR")``.
    """
    (a, c), (n1, n2), total = events.T, sizes.T, sizes.sum(axis=1)
    r, s = a * (n2 / total), c * (n1 / total)
    sum_r, sum_s = float(r.sum()), float(s.sum())
    if sum_r <= 0 or sum_s <= 0:
        return _no_ratio("risks")
    spread = np.sum((n1 / total) * (n2 / total) * (a + c) - (a / total) * c)
    return _ratio(sum_r, s, float(spread) / (sum_r * sum_s))


def risk_difference(events: FloatArray, sizes: FloatArray) -> Estimate:
    """Mantel-Haenszel risk difference with the variance of Sato, Greenland and Robins.

    Parameters
    ----------
    events, sizes : ndarray, shape (k, 2)
        Events and participants.

    References
    ----------
    Greenland & Robins (1985), Biometrics 41:55-68. Sato, Greenland & Robins (1989), Biometrics
    45:1323-1324. metafor: ``rma.mh(measure="RD")``.
    """
    (a, c), (b, d), (n1, n2) = events.T, (sizes - events).T, sizes.T
    total = n1 + n2
    weights = n1 * (n2 / total)
    whole = float(weights.sum())
    estimate = float(np.sum(a * (n2 / total) - c * (n1 / total))) / whole
    p = (c * (n1 / total) ** 2 - a * (n2 / total) ** 2) + (n1 / total) * (n2 / total) * (
        n2 - n1
    ) / 2
    q = (a * (d / total) + c * (b / total)) / 2
    return _difference(estimate, float(estimate * p.sum() + q.sum()) / whole**2, weights)


def rate_ratio(events: FloatArray, times: FloatArray) -> Estimate:
    """Mantel-Haenszel log incidence rate ratio.

    Parameters
    ----------
    events, times : ndarray, shape (k, 2)
        Events and person-time.

    References
    ----------
    Greenland & Robins (1985), Biometrics 41:55-68. metafor: ``rma.mh(measure="IRR")``.
    """
    (x1, x2), (share1, share2) = events.T, (times / times.sum(axis=1, keepdims=True)).T
    r, s = x1 * share2, x2 * share1
    sum_r, sum_s = float(r.sum()), float(s.sum())
    if sum_r <= 0 or sum_s <= 0:
        return _no_ratio("rates")
    return _ratio(sum_r, s, float(np.sum((x1 + x2) * share1 * share2)) / (sum_r * sum_s))


def rate_difference(events: FloatArray, times: FloatArray) -> Estimate:
    """Mantel-Haenszel incidence rate difference.

    Parameters
    ----------
    events, times : ndarray, shape (k, 2)
        Events and person-time.

    References
    ----------
    Greenland & Robins (1985), Biometrics 41:55-68. metafor: ``rma.mh(measure="IRD")``.
    """
    (x1, x2), (share1, share2) = events.T, (times / times.sum(axis=1, keepdims=True)).T
    weights = times[:, 0] * share2
    whole = float(weights.sum())
    estimate = float(np.sum(x1 * share2 - x2 * share1)) / whole
    return _difference(estimate, float(np.sum(x1 * share2**2 + x2 * share1**2)) / whole**2, weights)


def _ratio(numerator: float, parts: FloatArray, variance: float) -> Estimate:
    """Logarithm of the numerator over the sum of the parts, which are the weights."""
    denominator = float(parts.sum())
    estimate = float(np.log(numerator / denominator))
    if variance <= 0:
        return Estimate(estimate=estimate, se=None, weights=None, reason=_NO_VARIANCE)
    return Estimate(estimate=estimate, se=variance**0.5, weights=parts / denominator)


def _difference(estimate: float, variance: float, weights: FloatArray) -> Estimate:
    shares = weights / weights.sum()
    if variance <= 0:
        return Estimate(estimate=estimate, se=None, weights=shares, reason=_NO_VARIANCE)
    return Estimate(estimate=estimate, se=variance**0.5, weights=shares)


def _no_ratio(what: str) -> Estimate:
    reason = (
        f"The ratio of {what} is not estimable: no study has, in one of the two directions, an "
        "event to compare (an arm has no event in any study, or nothing but events)."
    )
    return Estimate(estimate=None, se=None, weights=None, reason=reason)


_NO_VARIANCE: Final = "The variance of the estimate is 0: the studies show no sampling variation."

ESTIMATES: Final[Mapping[str, Callable[[FloatArray, FloatArray], Estimate]]] = MappingProxyType(
    {
        "OR": odds_ratio,
        "RR": risk_ratio,
        "RD": risk_difference,
        "IRR": rate_ratio,
        "IRD": rate_difference,
    }
)
