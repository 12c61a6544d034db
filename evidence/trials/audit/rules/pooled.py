"""Wholes that lie outside their parts: a pooled value against its subgroups or its studies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from evidence.trials.audit.basis.book import Book, by, exact, family, match, unit
from evidence.trials.audit.basis.definitions import Match
from evidence.trials.audit.basis.findings import Arithmetic, Finding, Severity, calculate, found
from evidence.trials.audit.basis.rounding import hull, rounded, share, text
from evidence.trials.rows.columns import Row

SUBGROUPS = "whole-outside-its-subgroups"
MEMBERS = "pooled-value-outside-its-studies"
#: Words by which two subgroups say that together they are all patients.
_OPPOSITES = (
    ("without ", ""),
    ("not ", ""),
    ("no ", ""),
    ("or less", "or more"),
    ("up to", "over"),
    ("below", "above"),
    ("low-", "high-"),
)
_COURSES = frozenset(
    ("relapsing-remitting", "secondary progressive", "primary progressive", "progressive")
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:-\d+)?")
#: Statistics whose value in all patients lies between those in the parts.
_BETWEEN = frozenset(("proportion", "km_proportion", "rate", "mean", "relative_reduction"))


def wholes_outside_subgroups(book: Book) -> Iterator[Finding]:
    """Yield values of all patients that lie outside those of subgroups that are all patients."""
    kept = [row for row in book.rows if exact(row) and row["statistic"] in _BETWEEN]
    keys = ("study_id", "source", "arm", "comparator_arm", "outcome", "statistic", "unit")
    for rows in by(kept, *keys, "timepoint_months", "outcome_definition").values():
        wholes = [row for row in rows if row["subgroup"] is None]
        parts = [row for row in rows if row["subgroup"] is not None]
        for partition in _partitions(parts) if wholes else ():
            yield from _outside(wholes[0], partition, SUBGROUPS, "contradiction", book)


def _partitions(parts: Sequence[Row]) -> Iterator[list[Row]]:
    courses = [row for row in parts if str(row["subgroup"]) in _COURSES]
    names = {row["subgroup"] for row in courses}
    rest = "progressive" in names or {"secondary progressive", "primary progressive"} <= names
    if "relapsing-remitting" in names and rest:
        yield courses
    for one, other in combinations(parts, 2):
        if _opposite(str(one["subgroup"]), str(other["subgroup"])):
            yield [one, other]


def _opposite(one: str, other: str) -> bool:
    first, second = (_NUMBER.sub("#", text) for text in (one, other))
    return any(
        (word in long and long.replace(word, instead, 1).strip() == short.strip())
        for long, short in ((first, second), (second, first))
        for word, instead in _OPPOSITES
        if word in long and word not in short
    )


def _outside(
    whole: Row, parts: Sequence[Row], rule: str, severity: Severity, book: Book
) -> Iterator[Finding]:
    calculation = calculate(
        between_of,
        {"whole": (whole, "value"), "parts": [(row, "value") for row in parts]},
        whole_decimals=book.decimals(whole),
        decimals=[book.decimals(row) for row in parts],
    )
    if calculation.result.gap > 0:
        claim = "The value of the whole lies outside the values of its parts"
        settle = "The number of patients in each part, and whether the parts are all"
        yield found(rule, severity, [whole, *parts], claim, calculation, settle)


def pooled_outside_members(book: Book) -> Iterator[Finding]:
    """Yield pooled values outside the values of the studies that the dataset says are pooled.

    The studies of the dataset are commonly a part of those pooled, so that a pooled value outside
    them is a tension; at least three of them are asked for.
    """
    for study_id, study in book.trials.studies.items():
        for whole in book.select(study_id, design="meta-analysis", subgroup=None):
            members = list(_members(whole, study.get("overlaps") or (), book))
            if family(whole) == "proportion" and len(members) >= 3:
                yield from _outside(whole, members, MEMBERS, "tension", book)


def _members(whole: Row, overlaps: Sequence[str], book: Book) -> Iterator[Row]:
    for member in overlaps:
        for row in book.select(member, outcome=whole["outcome"], subgroup=None, preferred=True):
            same = family(row) == family(whole) and unit(row) == unit(whole)
            if same and row["arm"] == whole["arm"] and match(row, whole, book) == Match.SAME:
                yield row


def between_of(
    *,
    whole: float,
    parts: Sequence[float],
    whole_decimals: int | None,
    decimals: Sequence[int | None],
) -> Arithmetic:
    """Return how far a whole lies outside its parts, beyond rounding.

    Parameters
    ----------
    whole : float
        Value of all.
    parts : sequence of float, shape (k,)
        Values of the parts.
    whole_decimals, decimals : int or None
        Decimals printed.
    """
    reach = hull([rounded(part, digits) for part, digits in zip(parts, decimals, strict=True)])
    distance = rounded(whole, whole_decimals).distance(reach)
    shown = ", ".join(text(part, digits) for part, digits in zip(parts, decimals, strict=True))
    side = "outside" if distance else "between"
    return Arithmetic(
        text=f"{text(whole, whole_decimals)} lies {side} {shown}", gap=share(distance, whole)
    )
