"""Which method for counts is chosen, from what the studies look like, and why.

The rule is that of Bradburn et al. (2007) as the Cochrane Handbook has it; the bounds it leaves to
judgement ("no substantial imbalance", "not exceptionally large") are the constants here.
"""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence.effects.measures import MEASURES
from evidence.errors import known_name
from evidence.input_checks import require_kind
from evidence.synthesis.inputs.event_counts import EventCounts, count_studies
from evidence.synthesis.rare_events.mantel_haenszel_estimates import (
    ESTIMATES,
    odds_ratio,
    rate_ratio,
)

#: Risk in an arm below which events are rare, and below which Peto's method was the least biased.
RARE: Final = 0.05
VERY_RARE: Final = 0.01
#: Largest ratio of the sizes of two arms that is no substantial imbalance.
BALANCED: Final = 2.0
#: Largest ratio (or its inverse) that is no large effect.
MODERATE: Final = 2.0

RATIOS: Final = tuple(name for name in ESTIMATES if MEASURES[name].transform == "log")
MANTEL_HAENSZEL: Final = "Mantel-Haenszel"
PETO: Final = "Peto"
FIRTH: Final = "Firth"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """What the choice of a method rests on.

    Attributes
    ----------
    k : int
        Number of studies.
    with_empty_cell, without_contrast : int
        Studies with an empty cell, and those of them without events (or non-events) in both arms.
    events1, events2 : float
        Events of the arms in all studies.
    risk1, risk2 : float
        Events over participants (or person-time) of the arms in all studies.
    imbalance : float
        Largest ratio of the sizes of the arms of a study, the larger over the smaller.
    ratio : float or None
        Mantel-Haenszel odds or rate ratio; None if not estimable.
    person_time : bool
        Whether the denominators are person-time.
    """

    k: int
    with_empty_cell: int
    without_contrast: int
    events1: float
    events2: float
    risk1: float
    risk2: float
    imbalance: float
    ratio: float | None
    person_time: bool

    @property
    def rare(self) -> bool:
        """Whether a cell is empty, or an arm's risk below 5% (not for rates)."""
        low_risk = not self.person_time and min(self.risk1, self.risk2) < RARE
        return self.with_empty_cell > 0 or low_risk

    @property
    def for_peto(self) -> bool:
        """Whether Peto's method is at its best: very rare, balanced, and no large effect."""
        moderate = self.ratio is not None and abs(math.log(self.ratio)) <= math.log(MODERATE)
        return self.risk2 < VERY_RARE and self.imbalance <= BALANCED and moderate


def event_facts(counts: EventCounts) -> EventFacts:
    """Summarise two-armed studies for the choice of a method.

    Parameters
    ----------
    counts : EventCounts
        Two-armed studies.
    """
    events, sizes = counts.events.sum(axis=0), counts.sizes.sum(axis=0)
    pooled = (rate_ratio if counts.person_time else odds_ratio)(counts.events, counts.sizes)
    ratio = counts.sizes[:, 0] / counts.sizes[:, 1]
    return EventFacts(
        k=counts.k,
        with_empty_cell=int(counts.with_empty_cell.sum()),
        without_contrast=int(counts.without_contrast.sum()),
        events1=float(events[0]),
        events2=float(events[1]),
        risk1=float(events[0] / sizes[0]),
        risk2=float(events[1] / sizes[1]),
        imbalance=float(np.max(np.maximum(ratio, 1 / ratio))),
        ratio=None if pooled.estimate is None else math.exp(pooled.estimate),
        person_time=counts.person_time,
    )


def choose_method(
    measure: str, facts: EventFacts, estimable: Container[str], usual: str
) -> tuple[str | None, tuple[str, ...]]:
    """Name of the method to report, and the reasons in sentences.

    Parameters
    ----------
    measure : str
        OR, RR, RD, IRR or IRD.
    facts : EventFacts
        What the studies look like.
    estimable : container of str
        Methods that have an estimate.
    usual : str
        Method for events that are not rare.

    Raises
    ------
    UnknownName
        If the measure is none of these.

    References
    ----------
    Bradburn et al. (2007), Stat Med 26:53-77. Cochrane Handbook, chapter 10.4.4.
    """
    known_name("measure of two arms of counts", measure, ESTIMATES)
    require_kind(
        "The choice of a method for rare events",
        facts,
        EventFacts,
        "Use rare_events(), which counts them.",
    )
    said = [_describe(facts)]
    if facts.without_contrast == facts.k and measure in RATIOS:
        return None, (*said, "No study has a contrast: there is nothing to pool to a ratio.")
    if not facts.rare and usual in estimable:
        return usual, (*said, f"The events are not rare: {usual} is reported.")
    if measure == "OR":
        said.append(_about_peto(facts))
        if facts.for_peto and PETO in estimable:
            return PETO, (*said, "Peto's method is reported.")
    if MANTEL_HAENSZEL in estimable:
        said.append(
            "Mantel-Haenszel without correction of empty cells is reported; inverse variance with "
            "corrected cells is the most biased with rare events."
        )
        return MANTEL_HAENSZEL, tuple(said)
    said.append("Mantel-Haenszel has no estimate.")
    if FIRTH in estimable:
        said.append(
            "Firth's penalised likelihood is reported, which is finite with an arm without events."
        )
        return FIRTH, tuple(said)
    return None, (*said, "No method has an estimate: report the studies and exact limits.")


def _describe(facts: EventFacts) -> str:
    if facts.person_time:
        amounts = f"{facts.events1:g} and {facts.events2:g} events in the arms"
    else:
        amounts = (
            f"{facts.events1:g} ({100 * facts.risk1:.3g}%) and {facts.events2:g} "
            f"({100 * facts.risk2:.3g}%) events in the arms"
        )
    return (
        f"{count_studies(facts.k)}, {facts.with_empty_cell} with an empty cell and "
        f"{facts.without_contrast} without a contrast; {amounts}."
    )


def _about_peto(facts: EventFacts) -> str:
    """Say how the studies stand to the conditions of Peto's method."""
    ratio = "not estimable" if facts.ratio is None else f"{facts.ratio:.3g}"
    verdict = "hold" if facts.for_peto else "do not all hold"
    return (
        f"Peto's conditions {verdict}: risk in arm 2 below {100 * VERY_RARE:g}% "
        f"({100 * facts.risk2:.3g}%), arms within a factor of {BALANCED:g} "
        f"({facts.imbalance:.3g}), odds ratio within a factor of {MODERATE:g} ({ratio})."
    )
