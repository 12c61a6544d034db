"""Beta-binomial synthesis: the risk of an arm varies between studies by a beta distribution.

All arms of all studies count, also those of studies without any event, and nothing is added to
empty cells. The pairing of the arms in a study is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray
from evidence.double_precision import in_double_precision
from evidence.errors import NotEstimable, TooFewStudies
from evidence.synthesis.inputs.event_counts import EventCounts, read_counts
from evidence.synthesis.numerics.distributions import check_level, critical_value, two_sided_p
from evidence.synthesis.numerics.hypergeometric import check_outcomes, log_choose
from evidence.synthesis.numerics.newton import Maximum, Total, maximise
from evidence.synthesis.rare_events.summary_text import CountSummary

MEASURES: Final = ("OR", "RR", "RD")
#: Correlations within an arm that the search starts from.
_STARTS: Final = (0.001, 0.02, 0.2)
#: Overdispersion is searched on the root scale, where 0 is no edge.
_SMALLEST: Final = 1e-3
#: Difference of log likelihoods that is none, unless rounding leaves more.
_NO_LESS_LIKELY: Final = 1e-10
#: Rounding of a sum, as a share of the sizes of its terms.
_ROUNDING: Final = 8 * float(np.finfo(float).eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledBetaBinomial(CountSummary):
    """Effect between two mean risks by a beta-binomial model.

    Attributes
    ----------
    estimate, se : float
        Effect on the scale of analysis (logarithm of a ratio) and its standard error.
    ci_low, ci_high, level : float
        Normal confidence interval and its coverage.
    statistic, p_value : float
        Estimate over ``se``, and its two-sided p-value.
    measure : str
        OR, RR or RD, between the mean risks.
    risk1, risk2 : float
        Mean risks of the arms.
    correlation : float
        Correlation of two participants of an arm, common to all arms; 0 is the pooled binomial.
    log_likelihood : float
        With all constants.
    k : int
        Number of studies, with those that have no events.
    labels : tuple of str, length k
        Studies.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    level: float
    statistic: float
    p_value: float
    measure: str
    risk1: float
    risk2: float
    correlation: float
    log_likelihood: float
    k: int
    labels: tuple[str, ...]

    WORDS = "Beta-binomial model"

    OMITTED = ("labels",)


def pool_beta_binomial(
    *,
    ai: ArrayLike | None = None,
    bi: ArrayLike | None = None,
    ci: ArrayLike | None = None,
    di: ArrayLike | None = None,
    n1i: ArrayLike | None = None,
    n2i: ArrayLike | None = None,
    measure: str = "OR",
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> PooledBetaBinomial:
    """Effect between the mean risks of two arms, risks varying by beta distributions.

    The correlation within an arm is common to both.

    Parameters
    ----------
    ai, bi, ci, di, n1i, n2i : array_like, shape (k,)
        2x2 tables: events ``ai``, ``ci`` and either non-events ``bi``, ``di`` or sizes.
    measure : str
        OR, RR or RD.
    level : float
        Coverage of the interval.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    PooledBetaBinomial

    Raises
    ------
    UnknownName
        For a measure that does not exist.
    BadInput
        For missing or superfluous arguments, counts that are not whole, and impossible numbers.
    TooFewStudies
        For a single study.
    NotEstimable
        If an arm has no events, or nothing but events, in all studies.

    References
    ----------
    Kuss (2015), Stat Med 34:1097-1116. Griffiths (1973), Biometrics 29:637-648 (likelihood).
    """
    given = {"ai": ai, "bi": bi, "ci": ci, "di": di, "n1i": n1i, "n2i": n2i}
    level = check_level(level)
    counts = read_counts("A beta-binomial model", measure, given, labels, measures=MEASURES)
    return beta_binomial_of_counts(counts, level)


@in_double_precision("A beta-binomial model")
def beta_binomial_of_counts(counts: EventCounts, level: float = 0.95) -> PooledBetaBinomial:
    """As ``pool_beta_binomial``, of 2x2 tables that were checked."""
    _check_estimable(counts)
    check_outcomes("A beta-binomial model", counts.sizes.max(axis=0))
    arms = [_Arm(counts.events[:, arm], counts.sizes[:, arm]) for arm in (0, 1)]
    found = _search(arms)
    risks = 1 / (1 + np.exp(-found.point[:2]))
    estimate, slopes = _contrast(counts.measure, risks)
    se = _standard_error(found, slopes)
    half = critical_value(level, None) * se
    overdispersion = float(found.point[2]) ** 2
    constant = float(np.sum(log_choose(counts.sizes, counts.events)))
    return PooledBetaBinomial(
        estimate=estimate,
        se=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        level=level,
        statistic=estimate / se,
        p_value=two_sided_p(estimate / se, None),
        measure=counts.measure,
        risk1=float(risks[0]),
        risk2=float(risks[1]),
        correlation=overdispersion / (1 + overdispersion),
        log_likelihood=found.total.value + constant,
        k=counts.k,
        labels=counts.labels,
    )


def _check_estimable(counts: EventCounts) -> None:
    if counts.k < 2:
        raise TooFewStudies(
            f"A beta-binomial model needs at least 2 studies and was given {counts.k}. Report the "
            "study alone, or widen the selection."
        )
    for arm in (0, 1):
        events, size = counts.events[:, arm].sum(), counts.sizes[:, arm].sum()
        if events in (0, size):
            raise NotEstimable(
                f"A beta-binomial model of {counts.k} studies was asked for, and arm {arm + 1} has "
                f"{events:g} events in {size:g} participants: its risk is at the edge. Use Firth's "
                "penalised likelihood, or exact limits."
            )


class _Factors(NamedTuple):
    """Sums of log(base + r gamma) and their derivatives."""

    value: float
    by_base: float
    by_gamma: float
    base_base: float
    base_gamma: float
    gamma_gamma: float


class _Arm:
    """Likelihood of an arm over studies, as sums over the ranks of the events.

    ``P(x) = C(n, x) prod_{r<x}(p + r g) prod_{r<n-x}(1 - p + r g) / prod_{r<n}(1 + r g)`` with
    ``g`` the overdispersion; factors of the same rank are counted, not repeated.
    """

    def __init__(self, events: FloatArray, sizes: FloatArray) -> None:
        self.events, self.others, self.all = map(_rank_counts, (events, sizes - events, sizes))

    def total(self, logit: float, gamma: float) -> tuple[float, FloatArray, FloatArray]:
        """Log likelihood, gradient and Hessian by logit and overdispersion."""
        p, q = 1 / (1 + np.exp(-logit)), 1 / (1 + np.exp(logit))
        one, other = _factors(self.events, p, gamma), _factors(self.others, q, gamma)
        whole = _factors(self.all, 1.0, gamma)
        slope, bend = p * q, p * q * (q - p)
        by_p = one.by_base - other.by_base
        gradient = np.array([slope * by_p, one.by_gamma + other.by_gamma - whole.by_gamma])
        logit_logit = slope**2 * (one.base_base + other.base_base) + bend * by_p
        logit_gamma = slope * (one.base_gamma - other.base_gamma)
        gamma_gamma = one.gamma_gamma + other.gamma_gamma - whole.gamma_gamma
        hessian = np.array([[logit_logit, logit_gamma], [logit_gamma, gamma_gamma]])
        return one.value + other.value - whole.value, gradient, hessian

    def rounding(self, logit: float, gamma: float) -> float:
        """Error that rounding may leave in the log likelihood, from the sizes of its terms."""
        p, q = 1 / (1 + np.exp(-logit)), 1 / (1 + np.exp(logit))
        ranked = ((self.events, p), (self.others, q), (self.all, 1.0))
        return _ROUNDING * sum(abs(_factors(ranks, base, gamma).value) for ranks, base in ranked)


def _rank_counts(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ranks 0, 1, ... below the counts, and how many counts are above each."""
    ranks = np.arange(counts.max(), dtype=float)
    return ranks, counts.size - np.searchsorted(np.sort(counts), ranks, side="right").astype(float)


def _factors(ranked: tuple[FloatArray, FloatArray], base: float, gamma: float) -> _Factors:
    rank, count = ranked
    term = base + rank * gamma
    one, two = count / term, count / term**2
    return _Factors(
        value=float(np.sum(count * np.log(term))),
        by_base=float(one.sum()),
        by_gamma=float(np.sum(rank * one)),
        base_base=-float(two.sum()),
        base_gamma=-float(np.sum(rank * two)),
        gamma_gamma=-float(np.sum(rank**2 * two)),
    )


def _search(arms: Sequence[_Arm]) -> Maximum:
    """Maximum over both logits and the root of the overdispersion."""

    def objective(point: FloatArray) -> Total:
        root = float(point[2])
        value, gradient, hessian = 0.0, np.zeros(3), np.zeros((3, 3))
        for arm, likelihood in enumerate(arms):
            part, slope, bend = likelihood.total(float(point[arm]), root**2)
            value += part
            gradient[arm] += slope[0]
            gradient[2] += 2 * root * slope[1]
            hessian[arm, arm] += bend[0, 0]
            hessian[arm, 2] = hessian[2, arm] = 2 * root * bend[0, 1]
            hessian[2, 2] += 2 * slope[1] + 4 * root**2 * bend[1, 1]
        return Total(value, gradient, hessian)

    start = np.array([_pooled_logit(arm) for arm in arms])
    points = [np.append(start, (rho / (1 - rho)) ** 0.5) for rho in _STARTS]
    best = max(points, key=lambda point: objective(point).value)
    gamma = float(best[2]) ** 2
    rounding = sum(arm.rounding(float(best[i]), gamma) for i, arm in enumerate(arms))
    found = maximise(objective, best, np.ones(3, dtype=bool), rounding=rounding)
    if abs(found.point[2]) < _SMALLEST:
        fixed = np.array([True, True, False])
        at_zero = maximise(objective, np.append(found.point[:2], 0.0), fixed, rounding=rounding)
        least = found.total.value - max(_NO_LESS_LIKELY, rounding)
        found = at_zero if at_zero.total.value >= least else found
    return found


def _pooled_logit(arm: _Arm) -> float:
    """Logit of all events over all participants of an arm."""
    return float(np.log(arm.events[1].sum() / arm.others[1].sum()))


def _contrast(measure: str, risks: FloatArray) -> tuple[float, FloatArray]:
    """Effect between two risks, and its slopes by their logits."""
    p1, p2 = float(risks[0]), float(risks[1])
    if measure == "OR":
        return float(np.log(p1 / (1 - p1) / (p2 / (1 - p2)))), np.array([1.0, -1.0])
    if measure == "RR":
        return float(np.log(p1 / p2)), np.array([1 - p1, p2 - 1])
    return p1 - p2, np.array([p1 * (1 - p1), -p2 * (1 - p2)])


def _standard_error(found: Maximum, slopes: FloatArray) -> float:
    free = np.array([True, True, found.point[2] != 0])
    covariance = np.linalg.inv(-found.total.hessian[np.ix_(free, free)])[:2, :2]
    return float(np.sqrt(slopes @ covariance @ slopes))
