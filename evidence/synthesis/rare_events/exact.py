"""Exact conditional inference for a common odds or rate ratio of a stack of tables.

Given the margins of every table the sum of the events of arm 1 depends on the common ratio alone,
and its distribution is known: no correction, and nothing from large samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from evidence.arrays import FloatArray
from evidence.double_precision import in_double_precision
from evidence.errors import NotEstimable
from evidence.synthesis.inputs.event_counts import EventCounts, count_studies, read_counts
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.numerics.hypergeometric import check_outcomes, log_choose
from evidence.synthesis.rare_events.summary_text import CountSummary

MEASURES: Final = ("OR", "IRR")
#: Probabilities of a table below this share of its largest do not reach a tail of 0.1%.
_NEGLIGIBLE: Final = -170.0
#: A logarithm of a ratio beyond this is not looked for.
_FARTHEST: Final = 200.0
#: R calls two probabilities the same when they differ by less than this.
_SAME: Final = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledExact(CountSummary):
    """Common ratio by the exact conditional distribution.

    Attributes
    ----------
    estimate : float or None
        Logarithm of the conditional maximum likelihood estimate; None if infinite.
    ci_low, ci_high : float or None
        Central exact limits (each tail (1 - level) / 2); None if infinite.
    level : float
        Coverage, at least.
    p_value : float
        Two-sided, twice the smaller tail: it goes with the interval.
    p_minimum : float
        Two-sided, all outcomes that are no more likely than the one seen.
    mid_p : float
        As ``p_value`` with half the probability of the outcome seen.
    reason : str or None
        Which of the numbers is infinite, and why.
    events, low, high : float
        Events of arm 1 in all tables, and their smallest and largest possible number.
    measure : str
        OR or IRR.
    k, k_informative : int
        Tables, and those with a contrast.
    """

    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    level: float
    p_value: float
    p_minimum: float
    mid_p: float
    reason: str | None
    events: float
    low: float
    high: float
    measure: str
    k: int
    k_informative: int

    WORDS = "Exact conditional likelihood, common effect"


def pool_exact(
    *,
    ai: ArrayLike | None = None,
    bi: ArrayLike | None = None,
    ci: ArrayLike | None = None,
    di: ArrayLike | None = None,
    n1i: ArrayLike | None = None,
    n2i: ArrayLike | None = None,
    x1i: ArrayLike | None = None,
    t1i: ArrayLike | None = None,
    x2i: ArrayLike | None = None,
    t2i: ArrayLike | None = None,
    measure: str = "OR",
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> PooledExact:
    """Common odds or rate ratio of a stack of tables, conditional on their margins.

    Parameters
    ----------
    ai, bi, ci, di, n1i, n2i : array_like, shape (k,)
        2x2 tables, for OR: events ``ai``, ``ci`` and either non-events ``bi``, ``di`` or sizes.
    x1i, t1i, x2i, t2i : array_like, shape (k,)
        Events and person-time of two arms, for IRR (given the events of both).
    measure : str
        OR or IRR.
    level : float
        Coverage of the limits.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    PooledExact

    Raises
    ------
    UnknownName
        For a measure that does not exist.
    BadInput
        For missing or superfluous arguments, counts that are not whole, and impossible numbers.
    NotEstimable
        If no table has a contrast.

    References
    ----------
    Gart (1970), Biometrika 57:471-475. Mehta, Patel & Gray (1985), J Am Stat Assoc 80:969-973.
    R: ``mantelhaen.test(exact = TRUE)``, whose p-value is ``p_minimum``.
    """
    given = {"ai": ai, "bi": bi, "ci": ci, "di": di, "n1i": n1i, "n2i": n2i}
    given |= {"x1i": x1i, "t1i": t1i, "x2i": x2i, "t2i": t2i}
    level = check_level(level)
    counts = read_counts("Exact conditional pooling", measure, given, labels, measures=MEASURES)
    return exact_of_counts(counts, level)


@in_double_precision("Exact conditional pooling")
def exact_of_counts(counts: EventCounts, level: float = 0.95) -> PooledExact:
    """As ``pool_exact``, of two-armed studies that were checked."""
    kept = counts.keep(~counts.without_contrast)
    if kept.k == 0:
        raise NotEstimable(
            f"Exact conditional pooling of {count_studies(counts.k)} was asked for, and none has "
            "events and non-events to compare. Report the studies without a pooled estimate."
        )
    sum_of_events = _ConditionalSum(kept)
    return _assemble(sum_of_events, counts, kept.k, level)


def _assemble(
    distribution: _ConditionalSum, counts: EventCounts, informative: int, level: float
) -> PooledExact:
    seen, low, high = distribution.seen, distribution.low, distribution.high
    tail = (1 - level) / 2
    lower = None if seen == low else distribution.where_tail(tail, upper=True)
    upper = None if seen == high else distribution.where_tail(tail, upper=False)
    below, above, same = distribution.tails(0.0)
    half = distribution.share(0.0)[distribution.place] / 2
    return PooledExact(
        estimate=distribution.estimate(),
        ci_low=lower,
        ci_high=upper,
        level=level,
        p_value=min(1.0, 2 * min(below, above)),
        p_minimum=min(1.0, same),
        mid_p=min(1.0, 2 * (min(below, above) - half)),
        reason=_reason(seen, low, high),
        events=seen,
        low=low,
        high=high,
        measure=counts.measure,
        k=counts.k,
        k_informative=informative,
    )


def _reason(seen: float, low: float, high: float) -> str | None:
    if seen == low:
        return f"Arm 1 has {seen:g} events, the fewest possible: no lower limit, no estimate."
    if seen == high:
        return f"Arm 1 has {seen:g} events, the most possible: no upper limit, no estimate."
    return None


class _ConditionalSum:
    """Distribution of the sum of the events of arm 1 over tables with fixed margins."""

    def __init__(self, counts: EventCounts) -> None:
        x, n, m = counts.events, counts.sizes, counts.events.sum(axis=1)
        n1, n2 = n.T
        lows = np.zeros(counts.k) if counts.person_time else np.maximum(0.0, m - n2)
        highs = m if counts.person_time else np.minimum(n1, m)
        check_outcomes("The exact conditional distribution", highs - lows)
        self.seen, self.low, self.high = (float(part.sum()) for part in (x[:, 0], lows, highs))
        self._tilt = self._near_estimate(x, n, counts.person_time)
        first, total = 0.0, np.ones(1)
        for i in range(counts.k):
            start, part = self._table(n[i], m[i], lows[i], highs[i], counts.person_time)
            first, total = first + start, np.convolve(total, part / part.max())
            total /= total.max()
        self.support = first + np.arange(total.size)
        with np.errstate(divide="ignore"):
            self._log_weights = np.log(total)
        self.place = round(self.seen - first)
        if not 0 <= self.place < total.size:
            raise ArithmeticError("the outcome seen is beyond what was kept")

    @staticmethod
    def _near_estimate(x: FloatArray, n: FloatArray, person_time: bool) -> float:
        """Mantel-Haenszel log ratio with half an event, the centre of what is computed."""
        # half an event in all, in each arm: a part of one that counts like the events themselves
        # also where one arm has a thousand times the size of the other
        half = 0.5 / len(x)
        total, others = n.sum(axis=1, keepdims=True), n if person_time else n - x + half
        r, s = ((x + half) * (others / total)[:, ::-1]).sum(axis=0)
        return float(np.log(r / s))

    def _table(
        self, n: FloatArray, m: float, low: float, high: float, person_time: bool
    ) -> tuple[float, FloatArray]:
        """First outcome that matters in a table, and relative probabilities from there."""
        a = np.arange(low, high + 1)
        size = np.full_like(a, m)
        if person_time:
            logs = log_choose(size, a) + a * np.log(n[0] / n[1])
        else:
            first, second = np.full_like(a, n[0]), np.full_like(a, n[1])
            logs = log_choose(first, a) + log_choose(second, size - a)
        logs += a * self._tilt
        logs -= logs.max()
        matters = np.flatnonzero(logs > _NEGLIGIBLE)
        part = slice(matters[0], matters[-1] + 1)
        return float(a[part][0]), np.exp(logs[part])

    def share(self, theta: float) -> FloatArray:
        """Probabilities of the support at a log ratio."""
        logs = self._log_weights + (theta - self._tilt) * (self.support - self.seen)
        parts = np.exp(logs - logs.max())
        return np.asarray(parts / parts.sum())

    def tails(self, theta: float) -> tuple[float, float, float]:
        """Probability of as few events, of as many, and of no more likely outcomes."""
        share = self.share(theta)
        unlikely = share <= share[self.place] * (1 + _SAME)
        below, above = share[: self.place + 1].sum(), share[self.place :].sum()
        return float(below), float(above), float(share[unlikely].sum())

    def estimate(self) -> float | None:
        """Conditional maximum likelihood estimate; None if infinite."""
        if self.seen in (self.low, self.high):
            return None
        return self._root(lambda theta: float(self.share(theta) @ self.support) - self.seen)

    def where_tail(self, probability: float, *, upper: bool) -> float:
        """Log ratio at which a tail from the outcome seen has a probability."""
        if upper:
            return self._root(lambda theta: self.tails(theta)[1] - probability)
        return self._root(lambda theta: probability - self.tails(theta)[0])

    def _root(self, rising: Callable[[float], float]) -> float:
        step, low, high = 1.0, self._tilt, self._tilt
        while rising(low) > 0 and abs(low) < _FARTHEST:
            low, step = low - step, 2 * step
        step = 1.0
        while rising(high) < 0 and abs(high) < _FARTHEST:
            high, step = high + step, 2 * step
        if rising(low) > 0 or rising(high) < 0:
            raise NotEstimable(
                "An exact limit lies outside what double precision can reach. Check the counts."
            )
        found: float = optimize.brentq(rising, low, high, xtol=1e-12, rtol=1e-13)
        return found
