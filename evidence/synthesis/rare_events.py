"""Rare events: every method for counts side by side, and the one that the rule chooses.

Methods for rare events differ in what they do with empty cells. A panel shows them all from one
call, so that a choice can be seen not to have made the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike

from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import EvidenceError
from evidence.synthesis.beta_binomial import pool_beta_binomial
from evidence.synthesis.distributions import check_level
from evidence.synthesis.event_counts import EventCounts, read_counts
from evidence.synthesis.exact_odds_ratio import pool_exact
from evidence.synthesis.firth import pool_firth
from evidence.synthesis.glmm import MODELS, pool_glmm
from evidence.synthesis.mantel_haenszel import pool_mantel_haenszel
from evidence.synthesis.mantel_haenszel_estimates import ESTIMATES
from evidence.synthesis.pairwise import pool
from evidence.synthesis.peto import pool_peto
from evidence.synthesis.policies import find_policy
from evidence.synthesis.rare_event_choice import (
    FIRTH,
    MANTEL_HAENSZEL,
    PETO,
    EventFacts,
    choose_method,
    event_facts,
)

if TYPE_CHECKING:
    import pandas as pd

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RareEventsPanel:
    """All methods for one set of studies.

    Attributes
    ----------
    rows : tuple of PanelRow
        The methods.
    choice : str or None
        Method of the row that the rule chooses; None if no method has an estimate.
    why : tuple of str
        Reasons of the choice with their numbers, and what else should be known.
    measure : str
        OR, RR, RD, IRR or IRD.
    facts : EventFacts
        What the choice rests on.
    level : float
        Coverage of the intervals.
    labels : tuple of str
        Studies.
    """

    rows: tuple[PanelRow, ...]
    choice: str | None
    why: tuple[str, ...]
    measure: str
    facts: EventFacts
    level: float
    labels: tuple[str, ...]

    @property
    def chosen(self) -> PanelRow | None:
        """The row that the rule chooses."""
        return next((row for row in self.rows if row.chosen), None)

    def to_frame(self) -> pd.DataFrame:
        """One row for each method."""
        import pandas as pd

        return pd.DataFrame(
            [{name: getattr(row, name) for name in PanelRow.__slots__} for row in self.rows]
        )


def rare_events(
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
    policy: str = "cochrane-2025",
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> RareEventsPanel:
    """All methods for counts side by side, with the one that the rule chooses and why.

    Mantel-Haenszel without correction, Peto, inverse variance with each rule for empty cells
    (common effect, and random effects by ``policy``), mixed models, beta-binomial, Firth and exact
    conditional inference, as far as they have the measure.

    Parameters
    ----------
    ai, bi, ci, di, n1i, n2i : array_like, shape (k,)
        2x2 tables: events ``ai``, ``ci`` and either non-events ``bi``, ``di`` or sizes.
    x1i, t1i, x2i, t2i : array_like, shape (k,)
        Events and person-time of two arms, for IRR and IRD.
    measure : str
        OR, RR, RD, IRR or IRD.
    policy : str
        Policy of the random-effects rows of inverse variance.
    level : float
        Coverage of the intervals.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    RareEventsPanel

    Raises
    ------
    UnknownName
        For a measure or policy that does not exist.
    BadInput
        For missing or superfluous arguments, counts that are not whole, and impossible numbers.

    References
    ----------
    Bradburn et al. (2007), Stat Med 26:53-77. Cochrane Handbook, chapter 10.4.4 (the rule).
    """
    given = {"ai": ai, "bi": bi, "ci": ci, "di": di, "n1i": n1i, "n2i": n2i}
    given |= {"x1i": x1i, "t1i": t1i, "x2i": x2i, "t2i": t2i}
    level = check_level(level)
    find_policy(policy)
    counts = read_counts(
        "A panel for rare events", measure, given, labels, measures=tuple(ESTIMATES)
    )
    facts = event_facts(counts)
    rows = [*_count_rows(counts, level), *_inverse_variance_rows(counts, facts, policy, level)]
    estimable = [row.method for row in rows if row.estimate is not None and row.se is not None]
    choice, why = choose_method(measure, facts, estimable, _inverse_variance("random", _NO_RULE))
    marked = tuple(replace(row, chosen=row.method == choice) for row in rows)
    return RareEventsPanel(
        rows=marked,
        choice=choice,
        why=(*why, *_also(marked, facts)),
        measure=measure,
        facts=facts,
        level=level,
        labels=counts.labels,
    )


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


def _count_rows(counts: EventCounts, level: float) -> list[PanelRow]:
    """Methods that work on the counts themselves, as far as they have the measure."""
    columns, measure = counts.columns(), counts.measure
    given = {**columns, "level": level}
    as_they_are = "as they are"
    rows = [
        _row(
            MANTEL_HAENSZEL,
            "common",
            as_they_are,
            lambda: pool_mantel_haenszel(**given, measure=measure),
        )
    ]
    if measure == "OR":
        rows.append(_row(PETO, "common", as_they_are, lambda: pool_peto(**given)))
    for model in MODELS.get(measure, ()):
        rows.append(
            _row(
                f"Mixed model {model}",
                "random",
                "as they are, studies without contrast left out",
                lambda model=model: pool_glmm(**given, measure=measure, model=model),
            )
        )
    if not counts.person_time:
        rows.append(
            _row(
                "Beta-binomial",
                "random",
                as_they_are,
                lambda: pool_beta_binomial(**given, measure=measure),
            )
        )
    if measure in ("OR", "IRR"):
        rows += [
            _row(FIRTH, "common", as_they_are, lambda: pool_firth(**given, measure=measure)),
            _row(
                "Exact conditional",
                "common",
                as_they_are,
                lambda: pool_exact(**given, measure=measure),
            ),
        ]
    return rows


def _inverse_variance(effects: str, rule: ZeroCellRule) -> str:
    return f"Inverse variance, {effects} effects ({rule.name})"


def _inverse_variance_rows(
    counts: EventCounts, facts: EventFacts, policy: str, level: float
) -> list[PanelRow]:
    """Inverse variance with each rule for empty cells; without empty cells they are all the same."""
    rules = _RULES if facts.with_empty_cell else (_NO_RULE,)
    return [
        _row(
            _inverse_variance(effects, rule),
            effects,
            rule.name,
            lambda rule=rule, name=name: pool(counts.effect_sizes(rule), policy=name, level=level),
        )
        for effects, name in (("common", "common"), ("random", policy))
        for rule in rules
    ]


def _also(rows: Sequence[PanelRow], facts: EventFacts) -> tuple[str, ...]:
    """What should be known beside the choice."""
    said = []
    chosen = next((row for row in rows if row.chosen), None)
    varying = [row for row in rows if row.method.startswith("Mixed model") and row.tau2]
    if chosen is not None and chosen.effects == "common" and varying:
        found = ", ".join(f"{row.method} {row.tau2:.3g}" for row in varying)
        said.append(
            f"A common effect is reported and mixed models find variation between studies "
            f"(tau2: {found}): its interval does not cover that."
        )
    if facts.without_contrast:
        said.append(
            f"{facts.without_contrast} studies without a contrast take part in differences, in the "
            "beta-binomial model, in Firth's likelihood and in corrected inverse variance, and in "
            "nothing else."
        )
    return tuple(said)
