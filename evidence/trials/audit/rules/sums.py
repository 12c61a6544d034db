"""Parts that do not make their whole: shares by number, disease courses, arms of a study."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from evidence.trials.audit.basis.book import Book, by, exact
from evidence.trials.audit.basis.findings import (
    Arithmetic,
    Cell,
    Finding,
    Severity,
    calculate,
    found,
)
from evidence.trials.audit.basis.rounding import NOISE, Interval, rounded, share, text
from evidence.trials.rows.columns import Row

NUMBERED = "numbered-parts-of-a-whole"
COURSES = "disease-courses-of-a-cohort"
ARMS = "arms-of-a-study"
#: Outcomes that say how many patients have each course of the disease.
DISEASE_COURSES = ("relapsing-remitting", "secondary-progressive", "primary-progressive")
_NUMBER = re.compile(r"^(?:one|two|three|four|five|six|\d) ")
_PLACE = ("study_id", "source", "arm", "comparator_arm", "subgroup", "analysis_set")


def numbered_parts(book: Book) -> Iterator[Finding]:
    """Yield shares with one, two, ... of something that do not add to the share with any."""
    printed = [row for row in book.rows if exact(row) and row["statistic"] in _SHARES]
    keys = (*_PLACE, "outcome", "timepoint_months", "statistic", "unit")
    for rows in by(printed, *keys).values():
        for whole in rows:
            definition = str(whole["outcome_definition"] or "")
            if definition.startswith("any "):
                stem = _stem(definition.removeprefix("any "))
                parts = [row for row in rows if _numbered(row) == stem]
                if len(parts) > 1:
                    yield from _sum_finding(NUMBERED, parts, whole, "contradiction", book)


_SHARES = ("proportion", "events")


def _stem(text: str) -> str:
    return text.removesuffix("s")


def _numbered(row: Row) -> str | None:
    definition = str(row["outcome_definition"] or "")
    match = _NUMBER.match(definition)
    return _stem(definition[match.end() :]) if match else None


def disease_courses(book: Book) -> Iterator[Finding]:
    """Yield cohorts whose patients by disease course do not add to all patients."""
    told = [row for row in book.rows if row["outcome"] in DISEASE_COURSES and exact(row)]
    for rows in by(told, *_PLACE, "unit").values():
        parts = list({row["outcome"]: row for row in rows}.values())
        complete = len(parts) == len(DISEASE_COURSES)
        whole = _whole_of(parts[0], book)
        if len(parts) > 1 and whole is not None:
            yield from _sum_finding(
                COURSES, parts, whole, "contradiction", book, at_most=not complete
            )


def _whole_of(part: Row, book: Book) -> Row | float | None:
    if part["unit"] == "%":
        return 100.0
    same = {name: part[name] for name in _PLACE[1:5]}
    sizes = book.select(part["study_id"], outcome="participants", statistic="n", **same)
    return next((row for row in sizes if row["outcome_definition"] is None), None)


def arms_of_studies(book: Book) -> Iterator[Finding]:
    """Yield studies whose arms do not add to the number of patients printed for all of them."""
    for study_id in book.by_study:
        sizes = [
            row
            for row in book.select(study_id, outcome="participants", statistic="n")
            if row["comparator_arm"] is None and row["outcome_definition"] is None
        ]
        for names, whole in _partitions(study_id, book):
            for kind in by(sizes, "subgroup").values():
                yield from _arm_sums(kind, names, whole, book)


def _partitions(study_id: str, book: Book) -> Iterator[tuple[list[str], str]]:
    """Yield the sets of arms that together are another arm, or all patients."""
    arms = book.trials.studies[study_id].get("arms") or {}
    treated = [name for name in arms if arms[name].get("therapy") != "any"]
    within = {name: [o for o in treated if o.startswith(f"{name}-")] for name in treated}
    pools = {name: parts for name, parts in within.items() if len(parts) > 1}
    hidden = {part for parts in within.values() if len(parts) == 1 for part in parts}
    leaves = [name for name in treated if name not in pools and name not in hidden]
    yield from ((parts, name) for name, parts in pools.items())
    if "all" in arms and len(leaves) > 1:
        yield leaves, "all"


def _arm_sums(
    sizes: Sequence[Row], names: Sequence[str], whole_name: str, book: Book
) -> Iterator[Finding]:
    """Compare the arms with their whole, set by set; silent if any set of arms makes any whole."""
    wholes = [row for row in sizes if row["arm"] == whole_name]
    sets = {row["analysis_set"] for row in sizes}
    made = [parts for kind in sets if len(parts := _all_of(sizes, names, kind)) == len(names)]
    if any(_adds(parts, whole, book) for parts in made for whole in wholes):
        return
    for whole in wholes[:1]:
        same = [parts for parts in made if parts[0]["analysis_set"] == whole["analysis_set"]]
        for parts in same[:1]:
            one_document = all(row["source"] == whole["source"] for row in parts)
            sure = one_document or whole["analysis_set"] is not None
            severity: Severity = "contradiction" if sure else "tension"
            yield from _sum_finding(ARMS, parts, whole, severity, book)


def _all_of(sizes: Sequence[Row], names: Sequence[str], wanted: str | None) -> list[Row]:
    found_rows = []
    for name in names:
        there = [row for row in sizes if row["arm"] == name and row["analysis_set"] == wanted]
        there.sort(key=lambda row: (not row["preferred"], str(row["result_id"])))
        found_rows += there[:1]
    return found_rows


def _adds(parts: Sequence[Row], whole: Row, book: Book) -> bool:
    return _sum([book.interval(row) for row in parts]).holds(whole["value"])


def _sum(intervals: Sequence[Interval]) -> Interval:
    return Interval(sum(i.low for i in intervals), sum(i.high for i in intervals))


def _sum_finding(
    rule: str,
    parts: Sequence[Row],
    whole: Row | float,
    severity: Severity,
    book: Book,
    *,
    at_most: bool = False,
) -> Iterator[Finding]:
    inputs: dict[str, Cell | list[Cell]] = {"parts": [(row, "value") for row in parts]}
    options: Mapping[str, object] = {"whole": whole, "whole_decimals": None}
    if isinstance(whole, dict):
        inputs["whole"] = (whole, "value")
        options = {"whole_decimals": book.decimals(whole)}
    calculation = calculate(
        sum_of,
        inputs,
        decimals=[book.decimals(row) for row in parts],
        at_most=at_most,
        **options,
    )
    rows = [*([whole] if isinstance(whole, dict) else []), *parts]
    if calculation.result.gap > 0:
        claim, settle = "Parts do not make their whole", "The counts behind the parts and the whole"
        yield found(rule, severity, rows, claim, calculation, settle)
    elif _seems_off(parts, whole, at_most=at_most):
        claim = "Parts as printed do not make their whole, which rounding explains"
        settle = "Nothing; the counts would remove it"
        yield found(rule, "within rounding", rows, claim, calculation, settle)


def _seems_off(parts: Sequence[Row], whole: Row | float, *, at_most: bool) -> bool:
    target = float(whole["value"]) if isinstance(whole, dict) else whole
    over = sum(row["value"] for row in parts) - target
    return bool(over > 1e-6 if at_most else abs(over) > 1e-6)


def sum_of(
    *,
    parts: Sequence[float],
    whole: float,
    decimals: Sequence[int | None],
    whole_decimals: int | None,
    at_most: bool,
) -> Arithmetic:
    """Return how far printed parts are from their printed whole, beyond rounding.

    Parameters
    ----------
    parts : sequence of float, shape (k,)
        The parts as printed.
    whole : float
        The whole as printed.
    decimals, whole_decimals : int or None
        Decimals printed; None for a count.
    at_most : bool
        Whether there may be further parts, so that only a sum that is too large is wrong.
    """
    intervals = [rounded(part, digits) for part, digits in zip(parts, decimals, strict=True)]
    total, printed = _sum(intervals), rounded(whole, whole_decimals)
    excess = max(0.0, total.low - printed.high)
    distance = excess if at_most else total.distance(printed)
    distance = distance if distance > NOISE * max(1.0, abs(whole)) else 0.0
    shown = " + ".join(text(part, digits) for part, digits in zip(parts, decimals, strict=True))
    finest = max((digits or 0 for digits in decimals), default=0)
    stands = f" ({text(total.low, finest + 1)} to {text(total.high, finest + 1)} with rounding)"
    counted = all(digits is None for digits in decimals)
    added = f"{shown} = {text(sum(parts), finest)}{'' if counted else stands}"
    return Arithmetic(
        text=f"{added}; the whole is {text(whole, whole_decimals)}", gap=share(distance, whole)
    )


def whole_and_none(book: Book) -> Iterator[tuple[Row, Row]]:
    """Yield pairs of shares with any of something and with none of it, which make 100 per cent."""
    keys = (*_PLACE, "outcome", "timepoint_months", "unit")
    told = [row for row in book.rows if exact(row) and row["statistic"] == "proportion"]
    for rows in by(told, *keys).values():
        some = [row for row in rows if str(row["outcome_definition"]).startswith("any ")]
        none = [row for row in rows if str(row["outcome_definition"]).startswith(("no ", "only "))]
        if rows[0]["unit"] == "%":
            yield from product(none, some)
