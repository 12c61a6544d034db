"""Counts whose printed percentage is not theirs over the n of their document."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evidence.trials.audit.basis.book import Book, place
from evidence.trials.audit.basis.findings import Arithmetic, Finding, Severity, calculate, found
from evidence.trials.audit.basis.rounding import NOISE, Interval, rounded, share, text
from evidence.trials.audit.rules.percentages import (
    DEATHS,
    Size,
    counts_of,
    crude_percentage,
    cut_off,
    may_be_estimated,
    on_a_curve,
    scanned,
    sizes_of,
)
from evidence.trials.rows.columns import Row

_LEFT_OUT = "it may leave out patients who were not assessed"
RULE = "count-against-percentage"


class _Case(NamedTuple):
    row: Row
    events: Row
    size: Size
    severity: Severity
    other: str


def counts_against_percentages(book: Book) -> Iterator[Finding]:
    """Yield counts with a percentage that no n of their document reconciles."""
    cases: dict[tuple[object, ...], list[_Case]] = defaultdict(list)
    for row in book.rows:
        if crude_percentage(row):
            for case in _cases(row, book):
                key = (row["study_id"], row["source"], row["outcome"], case.severity, case.other)
                cases[key].append(case)
    yield from (_finding(_agreed(group, book), book) for group in cases.values())


def _agreed(cases: Sequence[_Case], book: Book) -> Sequence[_Case]:
    """Several counts of the same patients that need one and the same n may leave some out."""
    needed = [needed_patients(c.events["value"], book.interval(c.row)) for c in cases]
    low, high = max(i.low for i in needed), min(i.high for i in needed)
    same = len({case.size.row["result_id"] for case in cases}) == 1
    if len(cases) > 1 and same and low <= high and cases[0].severity == "contradiction":
        return [case._replace(severity="tension", other=_LEFT_OUT) for case in cases]
    return cases


def _cases(row: Row, book: Book) -> Iterator[_Case]:
    sizes = sizes_of(row, book)
    for count in counts_of(row, book) if sizes else ():
        if not any(_gives(row, count, size.row, book) for size in sizes):
            size = max(sizes, key=lambda entry: entry.row["value"])
            yield _Case(row, count, size, *_judged(row, count, size, book))


def _gives(row: Row, count: Row, size: Row, book: Book) -> bool:
    percent = 100 * count["value"] / size["value"]
    return book.interval(row).holds(percent) or cut_off(row, book).holds(percent)


def _judged(row: Row, count: Row, size: Size, book: Book) -> tuple[Severity, str]:
    if needed_patients(count["value"], book.interval(row)).low > size.row["value"] + NOISE:
        return "contradiction", "it would be larger than the number of patients"
    if size.own or row["outcome"] in DEATHS:
        return "contradiction", "all of these patients count"
    if may_be_estimated(row) or _may_be_complement(row, book) or on_a_curve(row, book):
        return "tension", "the percentage may be an estimate, such as Kaplan-Meier"
    if scanned(row):
        return "tension", "it may be of the patients who had a scan"
    if _others_fit(row, size.row, book):
        return "contradiction", "other counts of the same table fit the number printed"
    return "tension", _LEFT_OUT


def needed_patients(count: float, percent: Interval) -> Interval:
    """Return the numbers of patients of which ``count`` is ``percent``."""
    high = 100 * count / percent.low if percent.low > 0 else math.inf
    return Interval(100 * count / percent.high, high)


def _may_be_complement(row: Row, book: Book) -> bool:
    """Tell whether 100 less an estimate of those free of the event is the percentage."""
    free = book.select(
        row["study_id"], outcome=f"{row['outcome']}-free", arm=row["arm"], source=row["source"]
    )
    return any(
        book.interval(row).holds(100 - other["value"]) for other in free if other["unit"] == "%"
    )


def _others_fit(row: Row, size: Row, book: Book) -> bool:
    """Tell whether a count of another outcome in the same table and arm gives its percentage."""
    for other in book.select(row["study_id"], arm=row["arm"], statistic="proportion"):
        if other["outcome"] != row["outcome"] and place(other) == place(row):
            counts = counts_of(other, book)
            if counts and 0 < other["value"] < 100 and _gives(other, counts[0], size, book):
                return True
    return False


def _finding(cases: Sequence[_Case], book: Book) -> Finding:
    calculation = calculate(
        shares_of,
        {
            "counts": [(case.events, "value") for case in cases],
            "percentages": [(case.row, "value") for case in cases],
            "patients": [(case.size.row, "value") for case in cases],
        },
        decimals=[book.decimals(case.row) for case in cases],
    )
    rows = [row for case in cases for row in (case.row, case.events, case.size.row)]
    settle = f"The denominator of the percentage; {cases[0].other}"
    claim = "A count and its percentage do not fit the number of patients printed"
    return found(RULE, cases[0].severity, rows, claim, calculation, settle)


def shares_of(
    *,
    counts: Sequence[float],
    percentages: Sequence[float],
    patients: Sequence[float],
    decimals: Sequence[int],
) -> Arithmetic:
    """Return what counts are of their patients, and the patients that their percentages need.

    Parameters
    ----------
    counts, percentages, patients : sequence of float, shape (k,)
        As printed.
    decimals : sequence of int, shape (k,)
        Decimals of the percentages.
    """
    told = list(zip(counts, percentages, patients, decimals, strict=True))
    gaps = [
        share(rounded(percent, digits).distance(_point(100 * count / n)), percent, 100 * count / n)
        for count, percent, n, digits in told
    ]
    return Arithmetic(text="; ".join(_told(*entry) for entry in told), gap=max(gaps))


def _point(value: float) -> Interval:
    return Interval(value, value)


def _told(count: float, percent: float, n: float, decimals: int) -> str:
    needed = needed_patients(count, rounded(percent, decimals))
    given = f"{count:.0f} of {n:.0f} is {100 * count / n:.{decimals + 1}f}%"
    return f"{given}, printed {text(percent, decimals)}%, which {_wanted(needed)}"


def _wanted(needed: Interval) -> str:
    low = math.ceil(needed.low - NOISE)
    high = math.floor(needed.high + NOISE) if math.isfinite(needed.high) else None
    if high is None:
        return f"needs n = {low} or more"
    if low > high:
        return "no n gives"
    return f"needs n = {low}" if low == high else f"needs n = {low} to {high}"
