"""Permutation intervals: the values that a permutation test, one-sided at each end, keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence.arrays import FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import NotEstimable, UnknownName, known_name
from evidence.results import Result
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.permutation.patterns import sign_patterns
from evidence.synthesis.permutation.regression_test import StudyOrders
from evidence.synthesis.permutation.sign_test import TIE, check_fit, sign_statistics
from evidence.synthesis.regression.records import MetaRegression

#: A bound is found to this share of the half-width it starts from.
_CLOSE: Final = 1e-10
_MOST_DOUBLINGS: Final = 40
#: Tails of the statistic above and below the observed one, by the value that is tested.
OneSided = Callable[[float], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutationInterval(Result):
    """Interval of a mean or a coefficient by inverting one-sided permutation tests.

    Attributes
    ----------
    name : str
        "mean", or the coefficient.
    estimate, ci_low, ci_high : float
        On the scale of the effects.
    level : float
        Coverage.
    exact : bool
        Whether all patterns were enumerated.
    patterns : int
        Patterns behind each test.
    """

    name: str
    estimate: float
    ci_low: float
    ci_high: float
    level: float
    exact: bool
    patterns: int


def permutation_interval(
    fit: PooledEffect | MetaRegression,
    coefficient: str | None = None,
    *,
    level: float | None = None,
    draws: int | None = None,
    rng: np.random.Generator | None = None,
) -> PermutationInterval:
    """Interval between the values whose one-sided permutation tests have half of the error left.

    Effects are shifted by a value (times the moderator), the test of no effect is repeated with all
    patterns, and each bound is where its p-value passes ``(1 - level) / 2``; the p-value is a step
    function of the value, so a bound is where it jumps. Draws stay the same for all values.

    Parameters
    ----------
    fit : PooledEffect or MetaRegression
        What was pooled, or regressed on moderators.
    coefficient : str, optional
        Name of a coefficient of a meta-regression.
    level : float, optional
        Coverage; that of the fit if left out.
    draws : int, optional
        Random patterns; all are enumerated if left out, or if there are not more.
    rng : numpy.random.Generator, optional
        Source of the draws; needed when they are drawn.

    Raises
    ------
    UnknownName
        If there is no such coefficient.
    TooFewStudies, BadInput
        As ``permutation_test`` and ``permutation_regression_test``.
    NotEstimable
        If no p-value can be that small with these patterns, or no bound is found.

    References
    ----------
    metafor: ``permutest(res, exact=TRUE, permci=TRUE)``.
    """
    if not isinstance(fit, MetaRegression):
        check_fit(fit)
        if coefficient is not None:
            raise UnknownName("coefficient of a summary without moderators", coefficient, ["mean"])
    coverage = fit.level if level is None else check_level(level)
    with studies_in_double_precision("A permutation interval"):
        if isinstance(fit, MetaRegression):
            return _of_coefficient(fit, coefficient, coverage, draws, rng)
        return _of_mean(fit, coverage, draws, rng)


def _of_mean(
    fit: PooledEffect, level: float, draws: int | None, rng: np.random.Generator | None
) -> PermutationInterval:
    signs, exact = sign_patterns(fit.k, draws, rng)

    def tails(value: float) -> tuple[float, float]:
        found = sign_statistics(fit, fit.yi - value, signs)
        if exact:  # the opposite patterns
            found = np.append(found, -found)
        return _shares(found)

    patterns = 2 * signs.shape[1] if exact else signs.shape[1]
    low, high = _bounds(tails, fit.estimate, fit.ci_low, fit.ci_high, level, patterns)
    return PermutationInterval(
        name="mean",
        estimate=fit.estimate,
        ci_low=low,
        ci_high=high,
        level=level,
        exact=exact,
        patterns=patterns,
    )


def _of_coefficient(
    fit: MetaRegression,
    coefficient: str | None,
    level: float,
    draws: int | None,
    rng: np.random.Generator | None,
) -> PermutationInterval:
    table, names = fit.coefficients, fit.coefficients.names
    coefficient = known_name("coefficient", coefficient, names)
    place = names.index(coefficient)
    orders, moderator = StudyOrders(fit, draws, rng), fit.design.matrix[:, place]

    def tails(value: float) -> tuple[float, float]:
        return _shares(orders.statistics(fit.yi - value * moderator)[0][place])

    estimate, patterns = float(table.estimate[place]), orders.orders.shape[1]
    start = float(table.ci_low[place]), float(table.ci_high[place])
    low, high = _bounds(tails, estimate, *start, level, patterns)
    return PermutationInterval(
        name=coefficient,
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        level=level,
        exact=orders.exact,
        patterns=patterns,
    )


def _shares(statistics: FloatArray) -> tuple[float, float]:
    """Shares of the statistics as large as the first, and as small."""
    above = float(np.mean(statistics >= statistics[0] - TIE))
    return above, float(np.mean(statistics <= statistics[0] + TIE))


def _bounds(
    tails: OneSided, estimate: float, low: float, high: float, level: float, patterns: int
) -> tuple[float, float]:
    """Both bounds, searched from the estimate outwards, first as far as twice the given ones."""
    error = (1.0 - level) / 2.0
    if 1.0 / patterns > error:
        raise NotEstimable(
            f"A permutation interval of level {level:g} was asked for and the smallest one-sided "
            f"p-value of {patterns} patterns is {1.0 / patterns:.3g}, above {error:.3g}. Ask for a "
            "lower level, or report the interval of the model."
        )
    below = _bound(lambda value: tails(value)[0] > error, estimate, 2.0 * (low - estimate))
    above = _bound(lambda value: tails(value)[1] > error, estimate, 2.0 * (high - estimate))
    return below, above


def _bound(kept: Callable[[float], bool], estimate: float, reach: float) -> float:
    """Where the values that are kept end, by halving."""
    inner, outer, far = estimate, estimate + reach, abs(reach)
    for _ in range(_MOST_DOUBLINGS):
        if not kept(outer):
            break
        inner, outer = outer, estimate + 2.0 * (outer - estimate)
    else:
        raise NotEstimable(
            "A permutation interval was asked for and a bound lies beyond "
            f"{outer:.3g}. Ask for a lower level, or report the interval of the model."
        )
    while abs(outer - inner) > _CLOSE * far:
        middle = 0.5 * (inner + outer)
        if middle in (inner, outer):
            break
        if kept(middle):
            inner = middle
        else:
            outer = middle
    return inner
