"""The rows of a panel for rare events: each method's result, or why it has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import EvidenceError
from evidence.synthesis.inputs.event_counts import EventCounts
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.rare_events.beta_binomial import beta_binomial_of_counts
from evidence.synthesis.rare_events.choice import FIRTH, MANTEL_HAENSZEL, PETO
from evidence.synthesis.rare_events.exact import exact_of_counts
from evidence.synthesis.rare_events.firth import firth_of_counts
from evidence.synthesis.rare_events.glmm import MODELS, glmm_of_counts
from evidence.synthesis.rare_events.mantel_haenszel import mantel_haenszel_of_counts
from evidence.synthesis.rare_events.peto import peto_of_counts

MIXED_MODEL: Final = "Mixed model"
_NO_RULE: Final = ZeroCellRule(add=0.0, to="none")
#: Rules for empty cells of the inverse-variance rows.
_RULES: Final = (
    ZeroCellRule(add=0.5, to="only0"),
    ZeroCellRule(add=0.5, to="only0", drop00=True),
    ZeroCellRule(add=0.5, to="if0all"),
    ZeroCellRule(add=0.5, to="all"),
    _NO_RULE,
)


class Pooled(Protocol):
    """What the results of all methods have."""

    @property
    def estimate(self) -> float | None:
        """Estimate on the scale of analysis."""
        ...

    @property
    def ci_low(self) -> float | None:
        """Lower limit."""
        ...

    @property
    def ci_high(self) -> float | None:
        """Upper limit."""
        ...

    @property
    def p_value(self) -> float | None:
        """Two-sided p-value."""
        ...

    @property
    def k(self) -> int:
        """Studies that the method took."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRow:
    """One method's result, on the scale of analysis.

    Attributes
    ----------
    method : str
        Method and, where there are several, model or rule for empty cells.
    effects : str
        "common" or "random".
    zero_cells : str
        What happens to empty cells.
    estimate, se, ci_low, ci_high, p_value : float or None
        Result (logarithm of a ratio); None where there is none, and ``reason`` says why.
    tau2 : float or None
        Between-study variance, for random effects.
    k : int or None
        Studies that the method took.
    reason : str or None
        Why a number is missing.
    chosen : bool
        Whether the rule of the panel chooses this row.
    """

    method: str
    effects: str
    zero_cells: str
    estimate: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    tau2: float | None = None
    k: int | None = None
    reason: str | None = None
    chosen: bool = False


def count_rows(counts: EventCounts, level: float) -> list[PanelRow]:
    """Methods that work on the counts themselves, as far as they have the measure.

    Parameters
    ----------
    counts : EventCounts
        Two-armed studies.
    level : float
        Coverage of the intervals.
    """
    measure, untouched = counts.measure, "as they are"
    fits: list[tuple[str, str, Callable[[], Pooled]]] = [
        (MANTEL_HAENSZEL, "common", partial(mantel_haenszel_of_counts, counts, level=level))
    ]
    if measure == "OR":
        fits.append((PETO, "common", partial(peto_of_counts, counts, level=level)))
    for model in MODELS.get(measure, ()):
        fit = partial(glmm_of_counts, counts, model, level=level)
        fits.append((f"{MIXED_MODEL} {model}", "random", fit))
    if not counts.person_time:
        fits.append(("Beta-binomial", "random", partial(beta_binomial_of_counts, counts, level)))
    if measure in ("OR", "IRR"):
        fits.append((FIRTH, "common", partial(firth_of_counts, counts, level)))
        fits.append(("Exact conditional", "common", partial(exact_of_counts, counts, level)))
    return [_row(method, effects, untouched, fit) for method, effects, fit in fits]


def inverse_variance_rows(counts: EventCounts, policy: str, level: float) -> list[PanelRow]:
    """Inverse variance with each rule for empty cells, or once if no cell is empty.

    Parameters
    ----------
    counts : EventCounts
        Two-armed studies.
    policy : str
        Policy of the random-effects rows.
    level : float
        Coverage of the intervals.
    """
    rules = _RULES if counts.with_empty_cell.any() else (_NO_RULE,)
    return [
        _row(
            inverse_variance(effects, rule),
            effects,
            rule.name,
            partial(_pool, counts, rule, name, level),
        )
        for effects, name in (("common", "common"), ("random", policy))
        for rule in rules
    ]


def inverse_variance(effects: str, rule: ZeroCellRule = _NO_RULE) -> str:
    """Name of an inverse-variance row."""
    return f"Inverse variance, {effects} effects ({rule.name})"


def _pool(counts: EventCounts, rule: ZeroCellRule, policy: str, level: float) -> PooledEffect:
    return pool(counts.effect_sizes(rule), policy=policy, level=level)


def _row(method: str, effects: str, zero_cells: str, fit: Callable[[], Pooled]) -> PanelRow:
    """Result of a method, or why it has none."""
    try:
        found = fit()
    except EvidenceError as refusal:
        return PanelRow(method=method, effects=effects, zero_cells=zero_cells, reason=str(refusal))
    return PanelRow(
        method=method,
        effects=effects,
        zero_cells=zero_cells,
        estimate=found.estimate,
        se=getattr(found, "se", None),
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        p_value=found.p_value,
        tau2=getattr(found, "tau2", None) if effects == "random" else None,
        k=found.k,
        reason=getattr(found, "reason", None),
    )
