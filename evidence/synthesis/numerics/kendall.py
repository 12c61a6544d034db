"""Kendall's rank correlation: the statistic, its variance with ties, and its exact distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evidence.arrays import FloatArray
from evidence.errors import BadInput, NotEstimable
from evidence.input_checks import is_truth
from evidence.results import Result
from evidence.synthesis.numerics.distributions import two_sided_p


@dataclass(frozen=True, slots=True, kw_only=True)
class RankTest(Result):
    """Test of a funnel by rank correlation.

    Attributes
    ----------
    name : str
        Whose test it is.
    tau : float
        Kendall's tau-b.
    score, score_se : float
        Concordant minus discordant pairs, and the standard error of that without correlation.
    statistic : float
        ``score`` over ``score_se``.
    p_value : float
        Two-sided, by the exact distribution or the normal approximation.
    exact, ties : bool
        Whether ``p_value`` is exact, and whether there are ties.
    k : int
        Number of studies.
    decisions : tuple of str
        What was done to the studies, and cautions.
    """

    name: str
    tau: float
    score: float
    score_se: float
    statistic: float
    p_value: float
    exact: bool
    ties: bool
    k: int
    decisions: tuple[str, ...]


def kendall_test(
    name: str, x: FloatArray, y: FloatArray, *, exact: bool | None, decisions: Sequence[str]
) -> RankTest:
    """Kendall's rank correlation of two variables, and its two-sided test.

    Parameters
    ----------
    name : str
        Whose test it is.
    x, y : ndarray, shape (k,)
        The variables.
    exact : bool or None
        Exact p-value; None for exact where there are no ties.
    decisions : sequence of str
        Passed on to the result.

    Raises
    ------
    NotEstimable
        If a variable is constant, or an exact p-value is asked with ties.

    References
    ----------
    Kendall & Gibbons (1990), Rank Correlation Methods, chapters 4 and 5.
    R: ``cor.test(x, y, method = "kendall")``.
    """
    if exact is not None and not is_truth(exact):
        raise BadInput(f"{name} was asked for with exact={exact!r:.80}. Give True, False or None.")
    score, k = _score(x, y), x.size
    ties_x, ties_y = _tie_sizes(x), _tie_sizes(y)
    ties = bool(ties_x.size or ties_y.size)
    if max(ties_x.max(initial=0), ties_y.max(initial=0)) == k:
        raise NotEstimable(
            f"{name}: all {k} studies have the same value, so there is no rank correlation. "
            "Studies of one precision cannot show small-study effects."
        )
    if exact and ties:
        raise NotEstimable(f"{name}: there is no exact p-value with ties. Use exact=False.")
    use_exact = not ties if exact is None else exact
    score_se = _score_variance(k, ties_x, ties_y) ** 0.5
    pairs = k * (k - 1) / 2
    untied = (pairs - _pairs(ties_x)) * (pairs - _pairs(ties_y))
    return RankTest(
        name=name,
        tau=score / untied**0.5,
        score=score,
        score_se=score_se,
        statistic=score / score_se,
        p_value=_exact_p(score, k) if use_exact else two_sided_p(score / score_se, None),
        exact=use_exact,
        ties=ties,
        k=k,
        decisions=tuple(decisions),
    )


def _score(x: FloatArray, y: FloatArray) -> float:
    """Concordant minus discordant pairs."""
    above = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    return float(above.sum() / 2)


def _tie_sizes(x: FloatArray) -> FloatArray:
    """Sizes of the groups of equal values."""
    counts = np.unique(x, return_counts=True)[1]
    return counts[counts > 1].astype(float)


def _pairs(sizes: FloatArray) -> float:
    return float(np.sum(sizes * (sizes - 1)) / 2)


def _score_variance(k: int, ties_x: FloatArray, ties_y: FloatArray) -> float:
    """Variance of the score without correlation, given the ties."""

    def cubic(n: FloatArray) -> float:
        return float(np.sum(n * (n - 1) * (2 * n + 5)))

    def triples(n: FloatArray) -> float:
        return float(np.sum(n * (n - 1) * (n - 2)))

    main = (cubic(np.array([float(k)])) - cubic(ties_x) - cubic(ties_y)) / 18
    by_pairs = 2 * _pairs(ties_x) * _pairs(ties_y) / (k * (k - 1))
    by_triples = triples(ties_x) * triples(ties_y) / (9 * k * (k - 1) * (k - 2)) if k > 2 else 0.0
    return main + by_pairs + by_triples


def _exact_p(score: float, k: int) -> float:
    """Two-sided p-value from the number of inversions of a random permutation."""
    probability = np.ones(1)
    for size in range(2, k + 1):
        probability = np.convolve(probability, np.full(size, 1.0 / size))
    discordant = round((k * (k - 1) / 2 - abs(score)) / 2)
    return min(1.0, 2.0 * float(probability[: discordant + 1].sum()))
