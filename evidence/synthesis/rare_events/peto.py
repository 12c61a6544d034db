"""Peto's one-step odds ratio: observed less expected events over their variance.

Meant for rare events, arms of similar size and effects near 1. Studies without events add nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray, read_only
from evidence.double_precision import in_double_precision
from evidence.effects.effect_sizes import EffectSizes
from evidence.effects.zero_cells import ZeroCellRule
from evidence.synthesis.inputs.event_counts import EventCounts, read_counts
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.rare_events.common_effect import (
    CommonEffectHeterogeneity,
    PooledCommonEffect,
    apply_rule,
    heterogeneity_of,
    wald_test,
)

_NO_RULE: Final = ZeroCellRule(add=0.0, to="none")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledPeto(PooledCommonEffect):
    """Common log odds ratio of k studies by Peto's method.

    A number that is not estimable is None, and ``reason`` says why.

    Attributes
    ----------
    estimate, se : float or None
        Pooled log odds ratio and its standard error.
    ci_low, ci_high, level : float or None, float
        Normal confidence interval and its coverage.
    statistic, p_value : float or None
        Estimate over ``se``, and its two-sided p-value.
    reason : str or None
        Why there is no estimate.
    k, k_informative : int
        Studies, and those of them with events and non-events.
    heterogeneity : CommonEffectHeterogeneity
        Scatter of the studies' own Peto odds ratios.
    differences, variances : ndarray, shape (k,)
        Observed less expected events of arm 1, and their hypergeometric variances.
    weights : ndarray, shape (k,), or None
        Shares of the studies in the estimate.
    labels : tuple of str, length k
        Studies in the estimate.
    zero_cell_rule : str
        What was added to empty cells.
    effects : EffectSizes
        The studies' own Peto odds ratios.
    """

    estimate: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    level: float
    statistic: float | None
    p_value: float | None
    reason: str | None
    k: int
    k_informative: int
    heterogeneity: CommonEffectHeterogeneity
    differences: FloatArray
    variances: FloatArray
    weights: FloatArray | None
    labels: tuple[str, ...]
    zero_cell_rule: str
    effects: EffectSizes

    WORDS = "Peto, common effect"

    @property
    def measure(self) -> str:
        """Effect measure, an odds ratio."""
        return "OR"


def pool_peto(
    *,
    ai: ArrayLike | None = None,
    bi: ArrayLike | None = None,
    ci: ArrayLike | None = None,
    di: ArrayLike | None = None,
    n1i: ArrayLike | None = None,
    n2i: ArrayLike | None = None,
    add: float = 0.0,
    to: str = "none",
    drop00: bool = False,
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> PooledPeto:
    """Common log odds ratio of 2x2 tables by Peto's one-step method.

    Parameters
    ----------
    ai, bi, ci, di, n1i, n2i : array_like, shape (k,)
        2x2 tables: events ``ai``, ``ci`` and either non-events ``bi``, ``di`` or sizes.
    add, to, drop00
        Correction of empty cells as in ``effect_size``; none is needed.
    level : float
        Coverage of the interval.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    PooledPeto

    Raises
    ------
    BadInput
        For missing or superfluous arguments, and impossible numbers; all faults together.
    EmptySelection
        If the rule for the pooled estimate leaves no study.

    References
    ----------
    Yusuf et al. (1985), Prog Cardiovasc Dis 27:335-371, appendix. metafor: ``rma.peto()``.
    """
    given = {"ai": ai, "bi": bi, "ci": ci, "di": di, "n1i": n1i, "n2i": n2i}
    level = check_level(level)
    rule = ZeroCellRule(add=add, to=to, drop00=drop00)
    counts = read_counts("Peto's method", "PETO", given, labels, measures=("PETO",), whole=False)
    return peto_of_counts(counts, rule, level)


@in_double_precision("Peto pooling")
def peto_of_counts(
    counts: EventCounts, rule: ZeroCellRule = _NO_RULE, level: float = 0.95
) -> PooledPeto:
    """As ``pool_peto``, of 2x2 tables that were checked."""
    kept = apply_rule(counts, rule)
    effects = replace(counts, measure="PETO").effect_sizes(rule)
    return _assemble(kept, effects, rule.name, level)


def _assemble(kept: EventCounts, effects: EffectSizes, rule: str, level: float) -> PooledPeto:
    differences, variances = observed_less_expected(kept)
    total = float(variances.sum())
    estimate = float(differences.sum()) / total if total > 0 else None
    se = total**-0.5 if total > 0 else None
    bounds, statistic, p_value = wald_test(estimate, se, level)
    weights = variances / total if total > 0 else None
    for array in (differences, variances, *([] if weights is None else [weights])):
        read_only(array)
    return PooledPeto(
        estimate=estimate,
        se=se,
        ci_low=bounds[0],
        ci_high=bounds[1],
        level=level,
        statistic=statistic,
        p_value=p_value,
        reason=None if total > 0 else "No study has both events and non-events.",
        k=kept.k,
        k_informative=int(np.sum(variances > 0)),
        heterogeneity=_scatter(differences, variances),
        differences=differences,
        variances=variances,
        weights=weights,
        labels=kept.labels,
        zero_cell_rule=rule,
        effects=effects,
    )


def _scatter(differences: FloatArray, variances: FloatArray) -> CommonEffectHeterogeneity:
    """Q of the informative tables."""
    informative = variances > 0
    z, v = differences[informative], variances[informative]
    if not informative.any():
        return heterogeneity_of(None, 0)
    return heterogeneity_of(float(np.sum((z - v * (z.sum() / v.sum())) ** 2 / v)), v.size)


def observed_less_expected(counts: EventCounts) -> tuple[FloatArray, FloatArray]:
    """Observed less expected events of arm 1, and their hypergeometric variances; shape (k,).

    Parameters
    ----------
    counts : EventCounts
        2x2 tables.
    """
    n1, n2 = counts.sizes.T
    total, cases = n1 + n2, counts.events.sum(axis=1)
    spread = (n1 / total) * (n2 / total) * cases * (total - cases)
    variances = np.divide(spread, total - 1, out=np.zeros_like(spread), where=total > 1)
    return counts.events[:, 0] - n1 * (cases / total), variances
