"""What the common-effect methods for counts share: corrected tables, the Wald test, and scatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from evidence.effects.effect_sizes import EffectSizes
from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import EmptySelection
from evidence.input_checks import require_kind
from evidence.results import columns_of
from evidence.synthesis.inputs.event_counts import EventCounts, count_studies
from evidence.synthesis.numerics.distributions import chi_squared_p, critical_value, two_sided_p
from evidence.synthesis.rare_events.summary_text import CountSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonEffectHeterogeneity:
    """How the studies' own effects scatter around a common effect.

    Attributes
    ----------
    k_effects : int
        Studies with an effect of their own.
    q, q_df, q_p : float, int, float or None
        Inverse-variance Q around the pooled estimate; None if there is none.
    i2, h2 : float or None
        From Q: I2 as a proportion, never negative, and Q / df; None for fewer than two effects.
    """

    k_effects: int
    q: float | None
    q_df: int | None
    q_p: float | None
    i2: float | None
    h2: float | None


class PooledCommonEffect(CountSummary):
    """A common effect of counts with the scatter around it; its table has one row."""

    __slots__ = ()

    COLUMNS: ClassVar[tuple[str, ...]] = (
        *("measure", "estimate", "se", "ci_low", "ci_high", "level", "statistic", "p_value"),
        *("k", "k_informative", "reason"),
    )
    heterogeneity: CommonEffectHeterogeneity
    zero_cell_rule: str

    def _row(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.COLUMNS}
        scatter = columns_of(CommonEffectHeterogeneity)
        row |= {name: getattr(self.heterogeneity, name) for name in scatter}
        return row | {"zero_cell_rule": self.zero_cell_rule}


def apply_rule(counts: EventCounts, rule: ZeroCellRule) -> EventCounts:
    """Studies for the pooled estimate, corrected and left out by a rule for empty cells.

    Parameters
    ----------
    counts : EventCounts
        Two-armed studies.
    rule : ZeroCellRule
        What is added, where, and whether studies without contrast are left out.

    Raises
    ------
    EmptySelection
        If no study is left.
    """
    dropped = counts.without_contrast & rule.drop00
    cells = list(counts.events.T)
    if not counts.person_time:
        cells += list(counts.others.T)
    add = rule.add * rule.corrected(cells, dropped)[:, None]
    if dropped.all():
        raise EmptySelection(
            f"Pooling of {count_studies(counts.k)} was asked for with drop00, and none "
            "has events and non-events to compare. Report the studies without a pooled estimate."
        )
    corrected = EventCounts(
        events=counts.events + add,
        sizes=counts.sizes + (0 if counts.person_time else 2 * add),
        person_time=counts.person_time,
        measure=counts.measure,
        labels=counts.labels,
    )
    return corrected.keep(~dropped)


def wald_test(
    estimate: float | None, se: float | None, level: float
) -> tuple[tuple[float | None, float | None], float | None, float | None]:
    """Normal interval, statistic and p-value; None where there is no standard error."""
    if estimate is None or se is None:
        return (None, None), None, None
    half = critical_value(level, None) * se
    statistic = estimate / se
    return (estimate - half, estimate + half), statistic, two_sided_p(statistic, None)


def scatter_around(effects: EffectSizes, estimate: float | None) -> CommonEffectHeterogeneity:
    """Heterogeneity of the studies' own effects around a common effect.

    Parameters
    ----------
    effects : EffectSizes
        Effects of the studies.
    estimate : float or None
        Pooled effect that they scatter around.

    References
    ----------
    metafor: ``rma.mh()$QE``, ``$I2``, ``$H2``.
    """
    require_kind(
        "Heterogeneity around a common effect",
        effects,
        EffectSizes,
        "Give the result of effect_size().",
    )
    own = effects.keep_estimable()
    if estimate is None or own.k == 0 or not np.all(own.vi > 0):
        return heterogeneity_of(None, own.k)
    return heterogeneity_of(float(np.sum((own.yi - estimate) ** 2 / own.vi)), own.k)


def heterogeneity_of(q: float | None, k: int) -> CommonEffectHeterogeneity:
    """Heterogeneity of k effects from their Q."""
    if q is None:
        return CommonEffectHeterogeneity(k_effects=k, q=None, q_df=None, q_p=None, i2=None, h2=None)
    df = k - 1
    if df == 0:
        return CommonEffectHeterogeneity(k_effects=k, q=q, q_df=0, q_p=1.0, i2=None, h2=None)
    return CommonEffectHeterogeneity(
        k_effects=k,
        q=q,
        q_df=df,
        q_p=chi_squared_p(q, df),
        i2=max(0.0, (q - df) / q) if q > 0 else 0.0,
        h2=q / df,
    )
