"""Patients free of an event and patients with it must make all patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from evidence.trials.audit.basis.book import Book, exact, factor, match, unit
from evidence.trials.audit.basis.definitions import Match, definition_of
from evidence.trials.audit.basis.findings import (
    Arithmetic,
    Finding,
    Severity,
    calculate,
    found,
    worst,
)
from evidence.trials.audit.basis.grouping import components
from evidence.trials.audit.basis.rounding import NOISE, rounded, scaled, share, text
from evidence.trials.audit.rules.percentages import CRUDE
from evidence.trials.audit.rules.sums import whole_and_none
from evidence.trials.rows.columns import Row

RULE = "free-of-event-against-event"
#: Outcomes of which each patient has one or the other.
COMPLEMENTS = (
    ("relapse-free", "relapse"),
    ("relapse-free-survival", "relapse"),
    ("disability-worsening-free", "disability-worsening"),
    ("disability-stable-or-improved", "disability-worsening"),
    ("progression-free-survival", "progression-rate"),
    ("progression-free-survival", "disability-worsening"),
    ("gd-enhancing-lesions-free", "gd-enhancing-lesions"),
    ("new-t2-lesions-free", "new-t2-lesions"),
    ("overall-survival", "all-cause-mortality"),
)
_SHARES = ("proportion", "km_proportion")
_Pair = tuple[Row, Row, Severity]


def complements(book: Book) -> Iterator[Finding]:
    """Yield shares free of an event and shares with it that do not make 100 per cent."""
    for study_id in book.by_study:
        for free_name, event_name in COMPLEMENTS:
            yield from _of_outcomes(study_id, free_name, event_name, book)
    for none, some in whole_and_none(book):
        if _distance(none, some, book):
            yield _finding([(none, some, "contradiction")], book)


def _of_outcomes(study_id: str, free: str, event: str, book: Book) -> Iterator[Finding]:
    frees, events = (list(_shares(study_id, name, book)) for name in (free, event))
    pairs = [
        (one, other, (one, other, severity))
        for one in frees
        for other in events
        if (severity := _severity(one, other, book)) is not None
    ]
    for kinds in (("contradiction", "tension"), ("different estimand",)):
        for group in components([pair for pair in pairs if pair[2][2] in kinds]):
            yield _finding(group, book)


def _shares(study_id: str, outcome: str, book: Book) -> Iterator[Row]:
    for row in book.select(study_id, outcome=outcome, comparator_arm=None):
        if row["statistic"] in _SHARES and unit(row) == "%" and exact(row):
            yield row


def _severity(free: Row, event: Row, book: Book) -> Severity | None:
    distance = _distance(free, event, book)
    sure = match(_as_same_outcome(free, event), event, book)
    if not distance or sure is None or sure == Match.DIFFERENT:
        return None
    if _estimated(free) != _estimated(event) and distance <= CRUDE:
        return "different estimand"
    if _another_is_the_complement(free, event, book):
        return "different estimand"
    if free["source"] == event["source"]:
        return "contradiction"
    defined = all(
        definition_of(row["outcome_definition"], event["outcome"]).confirmed is not None
        for row in (free, event)
    )
    return "contradiction" if sure == Match.SAME and defined else "tension"


def _estimated(row: Row) -> bool:
    return row["statistic"] == "km_proportion" or row["ci_low"] is not None


def _as_same_outcome(free: Row, event: Row) -> Row:
    """Return the row as if it were of the event, so that its words do not tell the two apart."""
    return {**free, "outcome": event["outcome"]}


def _distance(free: Row, event: Row, book: Book) -> float:
    total = [book.interval(row) for row in (free, event)]
    low, high = sum(i.low for i in total), sum(i.high for i in total)
    distance = max(0.0, low - 100.0, 100.0 - high)
    return distance if distance > 100 * NOISE else 0.0


def _another_is_the_complement(free: Row, event: Row, book: Book) -> bool:
    """Tell whether the event's document prints a crude share and an estimate, one of which fits."""
    there = book.select(event["study_id"], outcome=event["outcome"], source=event["source"])
    both = [row for row in there if row["statistic"] in _SHARES and row["arm"] == event["arm"]]
    return any(
        one["statistic"] != other["statistic"] and event in (one, other)
        for one, other in combinations(both, 2)
        if not (_distance(free, one, book) and _distance(free, other, book))
    )


def _finding(group: Sequence[_Pair], book: Book) -> Finding:
    severity = worst([pair[2] for pair in group])
    free, event, _ = max(
        (pair for pair in group if pair[2] == severity),
        key=lambda pair: (
            pair[0]["source"] == pair[1]["source"],
            _distance(pair[0], pair[1], book),
        ),
    )
    calculation = calculate(
        complement_of,
        {"free": (free, "value"), "event": (event, "value")},
        decimals=[book.decimals(free), book.decimals(event)],
        factors=[factor(free), factor(event)],
    )
    rows = [free, event, *(row for pair in group for row in pair[:2])]
    claim = "Those free of the event and those with it do not make all patients"
    settle = "Definition, time and method of both percentages, and their counts"
    return found(RULE, severity, rows, claim, calculation, settle)


def complement_of(
    *, free: float, event: float, decimals: Sequence[int | None], factors: Sequence[float]
) -> Arithmetic:
    """Return how far the share free of an event and the share with it are from 100 per cent.

    Parameters
    ----------
    free, event : float
        As printed.
    decimals : sequence of int or None, shape (2,)
        Decimals printed.
    factors : sequence of float, shape (2,)
        Per cent in one unit of each.
    """
    intervals = [
        scaled(rounded(value, digits), times)
        for value, digits, times in zip((free, event), decimals, factors, strict=True)
    ]
    total = free * factors[0] + event * factors[1]
    low, high = sum(i.low for i in intervals), sum(i.high for i in intervals)
    distance = max(0.0, low - 100.0, 100.0 - high)
    shown = [
        text(value * times, decimals[index] if times == 1 else None)
        for index, (value, times) in enumerate(zip((free, event), factors, strict=True))
    ]
    stands = f"{text(low)} to {text(high)} with rounding"
    return Arithmetic(
        text=f"{shown[0]}% + {shown[1]}% = {text(total)}% ({stands}), not 100%",
        gap=share(distance, 100.0),
    )
