"""Firth's penalised likelihood: a common ratio with a level for each study, always finite.

The likelihood is multiplied by Jeffreys' prior, the root of the determinant of the information,
which removes the first-order bias of maximum likelihood. Studies without events keep a level of
their own and take part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from evidence.arrays import FloatArray
from evidence.double_precision import in_double_precision
from evidence.errors import NotEstimable
from evidence.synthesis.inputs.event_counts import EventCounts, count_studies, read_counts
from evidence.synthesis.numerics.distributions import (
    check_level,
    chi_squared_p,
    chi_squared_quantile,
)
from evidence.synthesis.rare_events.count_likelihood import unconditional
from evidence.synthesis.rare_events.summary_text import CountSummary

MEASURES: Final = ("OR", "IRR")
_CODES: Final = np.array([0.5, -0.5])
_MOST_STEPS: Final = 500
#: Change of the penalised log likelihood that a step must promise for the search to go on.
_GAIN: Final = 1e-18
#: Terms of the log likelihood up to which rounding leaves the limits six digits of their distance.
MOST_TERMS: Final = 1e9
#: The limits of the interval are looked for within this distance of the estimate.
_FARTHEST: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledFirth(CountSummary):
    """Common ratio of k studies by penalised likelihood.

    Attributes
    ----------
    estimate, se : float
        Logarithm of the ratio, and its standard error from the information.
    ci_low, ci_high, level : float
        Limits of the penalised profile likelihood, and their coverage.
    statistic, p_value : float
        Penalised likelihood ratio (chi-squared with 1 df) of no effect, and its p-value.
    measure : str
        OR or IRR.
    log_likelihood : float
        Penalised, without the constants of the counts.
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
    log_likelihood: float
    k: int
    labels: tuple[str, ...]

    WORDS = "Firth's penalised likelihood, common effect"

    OMITTED = ("labels",)


def pool_firth(
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
) -> PooledFirth:
    """Common odds or rate ratio by Firth's penalised logistic or Poisson regression.

    Parameters
    ----------
    ai, bi, ci, di, n1i, n2i : array_like, shape (k,)
        2x2 tables, for OR: events ``ai``, ``ci`` and either non-events ``bi``, ``di`` or sizes.
    x1i, t1i, x2i, t2i : array_like, shape (k,)
        Events and person-time of two arms, for IRR.
    measure : str
        OR or IRR.
    level : float
        Coverage of the interval.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    PooledFirth

    Raises
    ------
    UnknownName
        For a measure that does not exist.
    BadInput
        For missing or superfluous arguments, counts that are not whole, and impossible numbers.
    NotEstimable
        If the numbers leave the range of double precision, or there are too many events for it.

    References
    ----------
    Firth (1993), Biometrika 80:27-38. Heinze & Schemper (2002), Stat Med 21:2409-2419 (profile
    limits). R: ``logistf(cbind(x, n - x) ~ study + arm)``.
    """
    given = {"ai": ai, "bi": bi, "ci": ci, "di": di, "n1i": n1i, "n2i": n2i}
    given |= {"x1i": x1i, "t1i": t1i, "x2i": x2i, "t2i": t2i}
    level = check_level(level)
    counts = read_counts("Firth's penalised likelihood", measure, given, labels, measures=MEASURES)
    return firth_of_counts(counts, level)


@in_double_precision("Firth's penalised likelihood")
def firth_of_counts(counts: EventCounts, level: float = 0.95) -> PooledFirth:
    """As ``pool_firth``, of two-armed studies that were checked."""
    _check_precision(counts)
    model = _Model(counts)
    with np.errstate(under="ignore"):
        best = _maximise(model, 0.0, model.start(), None)
        none = _maximise(model, 0.0, best.levels, 0.0)
        low, high = (_limit(model, best, level, side) for side in (-1.0, 1.0))
    statistic = max(0.0, 2 * (best.state.value - none.state.value))
    return PooledFirth(
        estimate=best.theta,
        se=best.state.variance**0.5,
        ci_low=low,
        ci_high=high,
        level=level,
        statistic=statistic,
        p_value=chi_squared_p(statistic, 1),
        measure=counts.measure,
        log_likelihood=best.state.value,
        k=counts.k,
        labels=counts.labels,
    )


def _check_precision(counts: EventCounts) -> None:
    """Refuse counts so large that rounding hides how fast the likelihood falls."""
    terms = float(unconditional(counts).sizes_of_terms.sum())
    if terms > MOST_TERMS:
        raise NotEstimable(
            f"Firth's penalised likelihood of {count_studies(counts.k)} was asked for, and there "
            f"are too many events: the log likelihood adds up terms of {terms:.3g}, and beyond "
            f"{MOST_TERMS:.0e} rounding hides its limits. Use inverse variance, which is as good "
            "with so many."
        )


class _State(NamedTuple):
    """Penalised likelihood at a point, and the scoring step from there."""

    value: float
    level_scores: FloatArray
    theta_score: float
    #: Information of the levels, the regression of the effect on them, and what is left of its own.
    information: FloatArray
    shares: FloatArray
    precision: float
    #: Variance of the effect.
    variance: float


class _Fit(NamedTuple):
    theta: float
    levels: FloatArray
    state: _State


class _Model:
    """Logistic or Poisson regression on study and arm, with its information in arrow form."""

    def __init__(self, counts: EventCounts) -> None:
        self._x, self._n, self._rates = counts.events, counts.sizes, counts.person_time

    def start(self) -> FloatArray:
        """Levels of the studies, half an event added to each."""
        x = self._x.sum(axis=1) + 0.5
        if self._rates:
            return np.asarray(np.log(x / self._n.sum(axis=1)))
        return np.asarray(np.log(x / (self._n.sum(axis=1) - x + 1)))

    def at(self, theta: float, levels: FloatArray) -> _State:
        """Penalised log likelihood and scores."""
        eta = levels[:, None] + theta * _CODES
        if self._rates:
            mean = self._n * np.exp(np.minimum(eta, 300.0))
            weight, tilt, spread = mean, np.full_like(mean, 0.5), np.zeros_like(mean)
            value = float(np.sum(self._x * eta - mean))
        else:
            p = special.expit(eta)
            spread = p * special.expit(-eta)
            mean, weight, tilt = self._n * p, self._n * spread, 0.5 - p
            value = float(np.sum(self._x * eta + self._n * special.log_expit(-eta)))
        information, shares, precision = _arrow(weight)
        if not (precision > 0 and np.isfinite(precision)):
            # outside double precision: no step may end here
            return _State(-np.inf, levels * 0, 0.0, information, shares, 0.0, np.inf)
        leverage = weight * (1 / information[:, None] + (_CODES - shares[:, None]) ** 2 / precision)
        residual = self._x - mean + leverage * tilt
        value += 0.5 * float(np.sum(np.log(information)) + np.log(precision))
        # the penalty acts like half an event and half a non-event in each cell, as far as the cell
        # has leverage: with these the steps do not overshoot
        steps = _arrow(weight + leverage * spread)
        return _State(
            value=value,
            level_scores=residual.sum(axis=1),
            theta_score=float(np.sum(residual @ _CODES)),
            information=steps[0],
            shares=steps[1],
            precision=steps[2],
            variance=1 / precision,
        )


def _arrow(weight: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Information of the levels, share of the effect in each, and what is left of its own."""
    information = np.maximum(weight.sum(axis=1), 1e-300)
    shares = (weight @ _CODES) / information
    return information, shares, float(np.sum(weight[:, 0] * weight[:, 1] / information))


def _maximise(model: _Model, theta: float, levels: FloatArray, fixed: float | None) -> _Fit:
    """Fisher scoring on the penalised score, with the effect free or fixed."""
    theta = theta if fixed is None else fixed
    state = model.at(theta, levels)
    for _ in range(_MOST_STEPS):
        turn = 0.0
        if fixed is None:
            own_score = state.theta_score - float(np.sum(state.shares * state.level_scores))
            turn = own_score / state.precision
        move = state.level_scores / state.information - state.shares * turn
        gain = float(move @ state.level_scores) + turn * state.theta_score
        if gain < _GAIN:
            return _Fit(theta, levels, state)
        size = min(1.0, 2.0 / max(float(np.max(np.abs(move))), abs(turn)))
        for _ in range(40):
            following = model.at(theta + size * turn, levels + size * move)
            if following.value >= state.value - 1e-13 * abs(state.value):
                break
            size /= 2
        theta, levels, state = theta + size * turn, levels + size * move, following
    raise NotEstimable(
        f"Firth's penalised likelihood was searched for {_MOST_STEPS} steps without an end. Check "
        "the counts, or use exact limits."
    )


def _limit(model: _Model, best: _Fit, level: float, side: float) -> float:
    """Effect at which the penalised profile likelihood has fallen by the chi-squared quantile."""
    target = best.state.value - chi_squared_quantile(1 - level, 1) / 2
    levels = best.levels

    def above(theta: float) -> float:
        nonlocal levels
        found = _maximise(model, theta, levels, theta)
        levels = found.levels
        return found.state.value - target

    inner, step = best.theta, side * 2 * best.state.variance**0.5
    outer = inner + step
    while above(outer) > 0:
        inner, outer = outer, outer + step
        if abs(outer - best.theta) > _FARTHEST * max(1.0, abs(step)):
            raise NotEstimable(
                "The penalised likelihood does not fall on one side: there is no confidence limit. "
                "Check the counts."
            )
    return _root(above, inner, outer)


def _root(above: Callable[[float], float], inner: float, outer: float) -> float:
    found: float = optimize.brentq(above, inner, outer, xtol=1e-11, rtol=1e-13)
    return found
