"""Rare events: every method for counts side by side, and the one that the rule chooses.

Methods for rare events differ in what they do with empty cells. A panel shows them all from one
call, so that a choice can be seen not to have made the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from evidence.results import Result, frame_of
from evidence.synthesis.inputs.event_counts import count_studies, read_counts
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.policies import find_policy
from evidence.synthesis.rare_events.choice import EventFacts, choose_method, event_facts
from evidence.synthesis.rare_events.mantel_haenszel_estimates import ESTIMATES
from evidence.synthesis.rare_events.panel_rows import (
    MIXED_MODEL,
    PanelRow,
    count_rows,
    inverse_variance,
    inverse_variance_rows,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class RareEventsPanel(Result):
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
        return frame_of(self.rows, PanelRow.__slots__)


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
    rows = [*count_rows(counts, level), *inverse_variance_rows(counts, policy, level)]
    estimable = [row.method for row in rows if row.estimate is not None and row.se is not None]
    choice, why = choose_method(measure, facts, estimable, inverse_variance("random"))
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


def _also(rows: Sequence[PanelRow], facts: EventFacts) -> tuple[str, ...]:
    """What should be known beside the choice."""
    said = []
    chosen = next((row for row in rows if row.chosen), None)
    varying = [row for row in rows if row.method.startswith(MIXED_MODEL) and row.tau2]
    if chosen is not None and chosen.effects == "common" and varying:
        found = ", ".join(f"{row.method} {row.tau2:.3g}" for row in varying)
        said.append(
            f"A common effect is reported and mixed models find variation between studies "
            f"(tau2: {found}): its interval does not cover that."
        )
    if facts.without_contrast:
        said.append(
            f"Without a contrast: {count_studies(facts.without_contrast)}. Differences, the "
            "beta-binomial model, Firth's likelihood and inverse variance with corrected cells use "
            "such studies; the other methods cannot."
        )
    return tuple(said)
