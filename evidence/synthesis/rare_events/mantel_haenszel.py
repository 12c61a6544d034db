"""Mantel-Haenszel synthesis: a common effect of 2x2 tables, or of events and person-time.

Empty cells need no correction. Studies without events in both arms add nothing to a ratio and are
part of a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray, read_only
from evidence.double_precision import in_double_precision, require_finite
from evidence.effects.effect_sizes import EffectSizes
from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import BadInput
from evidence.input_checks import is_truth
from evidence.synthesis.inputs.event_counts import (
    EventCounts,
    count_studies,
    read_counts,
    two_rules,
)
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.rare_events.common_effect import (
    CommonEffectHeterogeneity,
    PooledCommonEffect,
    apply_rule,
    scatter_around,
    wald_test,
)
from evidence.synthesis.rare_events.mantel_haenszel_estimates import ESTIMATES, Estimate
from evidence.synthesis.rare_events.stratified_tests import (
    ChiSquaredTest,
    association_tests,
    homogeneity_tests,
    rate_association_test,
)

_OWN: Final = ZeroCellRule(add=0.5, to="only0", drop00=True)
_POOLED: Final = ZeroCellRule(add=0.0, to="none")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledMantelHaenszel(PooledCommonEffect):
    """Common effect of k studies by Mantel and Haenszel, on the scale of analysis.

    A number that is not estimable is None, and ``reason`` says why.

    Attributes
    ----------
    estimate, se : float or None
        Pooled effect (logarithm of a ratio) and its standard error.
    ci_low, ci_high, level : float or None, float
        Normal confidence interval and its coverage.
    statistic, p_value : float or None
        Estimate over ``se``, and its two-sided p-value.
    reason : str or None
        Why there is no estimate.
    measure : str
        OR, RR, RD, IRR or IRD.
    k : int
        Studies in the estimate, with those that have no events.
    k_informative : int or None
        Tables with events and non-events, for an odds ratio.
    heterogeneity : CommonEffectHeterogeneity
        Scatter of the studies' own effects.
    cmh, cochran : ChiSquaredTest or None
        Tests of no effect: Cochran-Mantel-Haenszel, and Cochran's variant (tables only).
    correct : bool
        Whether these two have a continuity correction.
    breslow_day, tarone : ChiSquaredTest or None
        Tests of a common odds ratio.
    weights : ndarray, shape (k,), or None
        Shares of the studies in the estimate.
    labels : tuple of str, length k
        Studies in the estimate.
    zero_cell_rule : str
        What was added to empty cells for the estimate.
    effects : EffectSizes
        The studies' own effects, under their own rule for empty cells.
    events, sizes : ndarray, shape (k, 2), read-only
        Events, and participants or person-time, of the studies in the estimate.
    decisions : tuple of str
        Each choice that was taken, in a sentence.
    """

    estimate: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    level: float
    statistic: float | None
    p_value: float | None
    reason: str | None
    measure: str
    k: int
    k_informative: int | None
    heterogeneity: CommonEffectHeterogeneity
    cmh: ChiSquaredTest | None
    cochran: ChiSquaredTest | None
    correct: bool
    breslow_day: ChiSquaredTest | None
    tarone: ChiSquaredTest | None
    weights: FloatArray | None
    labels: tuple[str, ...]
    zero_cell_rule: str
    effects: EffectSizes
    events: FloatArray
    sizes: FloatArray
    decisions: tuple[str, ...]

    WORDS = "Mantel-Haenszel, common effect"

    def _row(self) -> dict[str, Any]:
        row = PooledCommonEffect._row(self)
        for name in ("cmh", "cochran", "breslow_day", "tarone"):
            test: ChiSquaredTest | None = getattr(self, name)
            row[name] = None if test is None else test.statistic
            row[f"{name}_p"] = None if test is None else test.p_value
        return row


def pool_mantel_haenszel(
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
    add: tuple[float, float] = (0.5, 0.0),
    to: tuple[str, str] = ("only0", "none"),
    drop00: tuple[bool, bool] = (True, False),
    correct: bool = True,
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> PooledMantelHaenszel:
    """Common effect of two-armed studies by Mantel and Haenszel.

    Parameters
    ----------
    ai, bi, ci, di, n1i, n2i : array_like, shape (k,)
        2x2 tables: events ``ai``, ``ci`` and either non-events ``bi``, ``di`` or sizes.
    x1i, t1i, x2i, t2i : array_like, shape (k,)
        Events and person-time of two arms, for IRR and IRD.
    measure : str
        OR, RR, RD, IRR or IRD.
    add, to, drop00 : pair
        Correction of empty cells as in ``effect_size``: the first value for the studies' own
        effects, which enter Q only; the second for the pooled estimate, where none is needed.
    correct : bool
        Continuity correction of the tests of no effect.
    level : float
        Coverage of the interval.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    PooledMantelHaenszel

    Raises
    ------
    UnknownName
        For a measure or rule that does not exist.
    BadInput
        For missing or superfluous arguments, and impossible numbers; all faults together.
    EmptySelection
        If the rule for the pooled estimate leaves no study.

    References
    ----------
    Robins, Breslow & Greenland (1986), Biometrics 42:311-323 (OR). Greenland & Robins (1985),
    Biometrics 41:55-68 (RR, RD, rates). metafor: ``rma.mh(..., add=, to=, drop00=, correct=)``.
    """
    given = {"ai": ai, "bi": bi, "ci": ci, "di": di, "n1i": n1i, "n2i": n2i}
    given |= {"x1i": x1i, "t1i": t1i, "x2i": x2i, "t2i": t2i}
    level = check_level(level)
    own, pooled = two_rules(add, to, drop00)
    counts = read_counts(
        "Mantel-Haenszel pooling", measure, given, labels, measures=tuple(ESTIMATES), whole=False
    )
    return mantel_haenszel_of_counts(counts, own=own, pooled=pooled, correct=correct, level=level)


@in_double_precision("Mantel-Haenszel pooling")
def mantel_haenszel_of_counts(
    counts: EventCounts,
    *,
    own: ZeroCellRule = _OWN,
    pooled: ZeroCellRule = _POOLED,
    correct: bool = True,
    level: float = 0.95,
) -> PooledMantelHaenszel:
    """As ``pool_mantel_haenszel``, of counts that were checked.

    Parameters
    ----------
    counts : EventCounts
        Two-armed studies.
    own, pooled : ZeroCellRule
        Rules for the studies' own effects and for the pooled estimate.
    correct : bool
        Continuity correction of the tests of no effect.
    level : float
        Coverage of the interval.
    """
    if not is_truth(correct):
        raise BadInput(
            f"Mantel-Haenszel pooling with correct={correct!r:.80} was asked for. Give True for a "
            "continuity correction of the tests, or False."
        )
    effects = counts.effect_sizes(own)
    kept = apply_rule(counts, pooled)
    return _assemble(counts, kept, effects, pooled, correct, level)


def _assemble(
    counts: EventCounts,
    kept: EventCounts,
    effects: EffectSizes,
    rule: ZeroCellRule,
    correct: bool,
    level: float,
) -> PooledMantelHaenszel:
    """Compute the parts of the result, and put them together."""
    found = ESTIMATES[counts.measure](kept.events, kept.sizes)
    require_finite([part for part in (found.estimate, found.se) if part is not None])
    bounds, statistic, p_value = wald_test(found.estimate, found.se, level)
    odds = counts.measure == "OR"
    cmh, cochran = _association(kept, correct)
    common = np.exp(found.estimate) if odds and found.estimate is not None else None
    same = homogeneity_tests(kept.events, kept.sizes, float(common)) if common else None
    for array in (kept.events, kept.sizes, found.weights):
        if array is not None:
            read_only(array)
    return PooledMantelHaenszel(
        estimate=found.estimate,
        se=found.se,
        ci_low=bounds[0],
        ci_high=bounds[1],
        level=level,
        statistic=statistic,
        p_value=p_value,
        reason=found.reason or None,
        measure=counts.measure,
        k=kept.k,
        k_informative=int(np.sum(~kept.without_contrast)) if odds else None,
        heterogeneity=scatter_around(effects, found.estimate),
        cmh=cmh,
        cochran=cochran,
        correct=correct,
        breslow_day=None if same is None else same[0],
        tarone=None if same is None else same[1],
        weights=found.weights,
        labels=kept.labels,
        zero_cell_rule=rule.name,
        effects=effects,
        events=kept.events,
        sizes=kept.sizes,
        decisions=_decisions(counts, kept, effects, rule, found),
    )


def _association(
    kept: EventCounts, correct: bool
) -> tuple[ChiSquaredTest | None, ChiSquaredTest | None]:
    if kept.person_time:
        return rate_association_test(kept.events, kept.sizes, correct=correct), None
    return association_tests(kept.events, kept.sizes, correct=correct)


def _decisions(
    counts: EventCounts,
    kept: EventCounts,
    effects: EffectSizes,
    rule: ZeroCellRule,
    found: Estimate,
) -> tuple[str, ...]:
    """Say what happened to studies without contrast and to empty cells."""
    said = []
    if kept.k < counts.k:
        said.append(
            f"Left out for want of a contrast (drop00): {count_studies(counts.k - kept.k)} of "
            f"{counts.k}."
        )
    silent = int(kept.without_contrast.sum())
    if silent and counts.measure in ("RD", "IRD"):
        said.append(f"Without a contrast: {count_studies(silent)}, with a difference of 0.")
    elif silent:
        said.append(f"Without a contrast, and without influence: {count_studies(silent)}.")
    said.append(f"Correction of empty cells for the estimate: {rule.name}.")
    missing = counts.k - int(effects.estimable.sum())
    said.append(
        f"Q is from the studies' own effects (empty cells: {effects.zero_cell_rule}; without one: "
        f"{count_studies(missing)})."
    )
    return (*said, found.reason) if found.reason else tuple(said)
