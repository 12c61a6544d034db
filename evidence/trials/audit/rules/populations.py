"""Denominators larger than their population, and more patients with an event than patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.trials.audit.basis.book import Book, exact, match, plain_subgroup
from evidence.trials.audit.basis.definitions import Match, same_core, same_words
from evidence.trials.audit.basis.findings import Arithmetic, Finding, Severity, calculate, found
from evidence.trials.audit.basis.rounding import share, text
from evidence.trials.rows.columns import Row

EVENTS = "more-events-than-patients"
SUBSETS = "subset-larger-than-its-whole"
SCALE = "value-off-its-scale"
EPISODES = "fewer-events-than-patients-with-one"
#: Sets of patients, each of which holds the next.
_ORDER = ("enrolled", "randomised", "ITT", "safety", "treated", "transplanted", "analysed")
#: Lowest and highest value of outcomes and units that have a fixed scale.
_SCALES = {"%": (0.0, 100.0), "proportion": (0.0, 1.0), "p": (0.0, 1.0)}
_EDSS = frozenset(("baseline-edss", "edss"))
_SHARES = frozenset(("proportion", "km_proportion"))


def more_events_than_patients(book: Book) -> Iterator[Finding]:
    """Yield counts of patients with an event that exceed every number printed for their arm."""
    for row in book.rows:
        if row["statistic"] == "events" and row["unit"] == "patients" and exact(row) and row["arm"]:
            sizes = [
                other
                for other in book.select(row["study_id"], statistic="n", arm=row["arm"])
                if plain_subgroup(other["subgroup"]) == plain_subgroup(row["subgroup"])
                and other["outcome"] in (row["outcome"], "participants")
                and _for(other, row)
            ]
            if sizes and all(row["value"] > other["value"] for other in sizes):
                largest = max(sizes, key=lambda other: other["value"])
                yield _larger(EVENTS, row, largest, "contradiction")


def _for(other: Row, row: Row) -> bool:
    return bool(other["outcome"] == "participants" or other["source"] == row["source"])


def _larger(rule: str, part: Row, whole: Row, severity: Severity) -> Finding:
    calculation = calculate(larger_of, {"part": (part, "value"), "whole": (whole, "value")})
    claim = "A part is larger than its whole"
    settle = "Both numbers and whom they count, in the primary publication"
    return found(rule, severity, [part, whole], claim, calculation, settle)


def larger_of(*, part: float, whole: float) -> Arithmetic:
    """Return by how many a part exceeds its whole.

    Parameters
    ----------
    part, whole : float
        Printed counts.
    """
    return Arithmetic(
        text=f"{text(part)} of {text(whole)} are {text(part - whole)} too many",
        gap=share(max(0.0, part - whole), part),
    )


def subsets_larger_than_wholes(book: Book) -> Iterator[Finding]:
    """Yield sets larger than the set that holds them, and subgroups larger than their arm."""
    for study_id in book.by_study:
        sizes = [
            row
            for row in book.select(study_id, outcome="participants", statistic="n")
            if row["outcome_definition"] is None and row["comparator_arm"] is None
        ]
        for part in sizes:
            wholes = [row for row in sizes if row["arm"] == part["arm"] and _holds(row, part)]
            if wholes and all(part["value"] > whole["value"] for whole in wholes):
                largest = max(wholes, key=lambda row: (row["value"], str(row["result_id"])))
                yield _larger(SUBSETS, part, largest, _sureness(part, largest))


def _holds(whole: Row, part: Row) -> bool:
    if whole["subgroup"] is None and part["subgroup"] is not None:
        return same_words(whole["analysis_set"], part["analysis_set"]) != Match.DIFFERENT
    if whole["subgroup"] != part["subgroup"]:
        return False
    sets = (whole["analysis_set"], part["analysis_set"])
    return all(name in _ORDER for name in sets) and _ORDER.index(sets[0]) < _ORDER.index(sets[1])


def _sureness(part: Row, whole: Row) -> Severity:
    """Safety is counted as treated, which moves patients between arms."""
    moved = part["analysis_set"] == "safety" and part["subgroup"] is None
    return "tension" if moved or part["source"] != whole["source"] else "contradiction"


def fewer_events_than_patients(book: Book) -> Iterator[Finding]:
    """Yield numbers of events that are smaller than the number of patients with at least one."""
    for row in book.rows:
        if row["statistic"] == "count" and row["comparator_arm"] is None and exact(row):
            patients = [
                other
                for other in book.select(
                    row["study_id"], statistic="events", outcome=row["outcome"], arm=row["arm"]
                )
                if other["value"] > row["value"] and _counted_too(other, row, book)
            ]
            if patients:
                most = max(patients, key=lambda other: other["value"])
                severity: Severity = (
                    "contradiction" if most["source"] == row["source"] else "tension"
                )
                yield _fewer(row, most, severity)


def _counted_too(part: Row, whole: Row, book: Book) -> bool:
    """Tell whether patients with a kind of event are among those whose events are counted."""
    definitions = (part["outcome_definition"], whole["outcome_definition"])
    narrower = whole["outcome_definition"] is None or same_core(*definitions, whole["outcome"])
    alike = {**part, "outcome_definition": whole["outcome_definition"]}
    return narrower and match(alike, whole, book) in (Match.SAME, Match.OPEN)


def _fewer(row: Row, patients: Row, severity: Severity) -> Finding:
    calculation = calculate(fewer_of, {"events": (row, "value"), "patients": (patients, "value")})
    claim = "Fewer events are printed than patients with at least one"
    settle = "What is counted, and until when, in both documents"
    return found(EPISODES, severity, [row, patients], claim, calculation, settle)


def fewer_of(*, events: float, patients: float) -> Arithmetic:
    """Return by how many the patients with an event exceed the events.

    Parameters
    ----------
    events, patients : float
        Printed events, and patients with an event.
    """
    return Arithmetic(
        text=f"events: {text(events)}; patients with at least one: {text(patients)}",
        gap=share(max(0.0, patients - events), patients),
    )


def values_off_scale(book: Book) -> Iterator[Finding]:
    """Yield percentages, proportions, p values and EDSS scores outside their scale."""
    for row in book.rows:
        limits = _limits(row)
        for column in ("value", "ci_low", "ci_high", "range_low", "range_high"):
            number = row[column]
            if limits and number is not None and not limits[0] <= number <= limits[1]:
                yield _off(row, column, limits)


def _limits(row: Row) -> Sequence[float] | None:
    if row["outcome"] in _EDSS and row["unit"] == "points" and row["statistic"] != "p_value":
        return None if row["comparator_arm"] else (0.0, 10.0)
    if row["statistic"] in _SHARES or row["statistic"] == "p_value":
        return _SCALES.get(row["unit"])
    return None


def _off(row: Row, column: str, limits: Sequence[float]) -> Finding:
    calculation = calculate(
        scale_of, {"value": (row, column)}, low=float(limits[0]), high=float(limits[1])
    )
    claim = "A value lies outside its scale"
    settle = "The number in the primary publication"
    return found(SCALE, "contradiction", [row], claim, calculation, settle)


def scale_of(*, value: float, low: float, high: float) -> Arithmetic:
    """Return how far a value lies outside its scale.

    Parameters
    ----------
    value : float
        As printed.
    low, high : float
        Ends of the scale.
    """
    distance = max(0.0, low - value, value - high)
    return Arithmetic(
        text=f"{text(value)} lies outside {text(low)} to {text(high)}", gap=share(distance, value)
    )
