"""Names that change: one cohort that stands in the dataset under two names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from evidence.trials.audit.basis.book import COUNTS, Book, exact, family, unit
from evidence.trials.audit.basis.findings import Arithmetic, Finding, calculate, found
from evidence.trials.rows.columns import Row

RULE = "one-cohort-under-two-names"
#: Results that two studies must share, besides their number of patients, to be taken for one.
SHARED = 2
_STUDY = ("participants", "follow-up", "dose", "eligibility", "studies-pooled", "baseline-edss")


def cohorts_under_two_names(book: Book) -> Iterator[Finding]:
    """Yield studies with the same n and results that are not marked as overlapping."""
    by_size: dict[tuple[str, float], dict[str, Row]] = defaultdict(dict)
    for row in book.rows:
        if row["outcome"] == "participants" and row["statistic"] == "n" and _whole(row):
            by_size[str(row["therapy"]), float(row["value"])].setdefault(row["study_id"], row)
    for sizes in by_size.values():
        for one, other in combinations(sizes.values(), 2):
            if not _known_to_overlap(one, other, book):
                pairs = list(_shared(one, other, book))
                if len(pairs) >= SHARED:
                    yield _finding(one, other, pairs)


def _whole(row: Row) -> bool:
    return exact(row) and row["subgroup"] is None and row["comparator_arm"] is None


def _known_to_overlap(one: Row, other: Row, book: Book) -> bool:
    names = [str(row["study_id"]) for row in (one, other)]
    told = [book.trials.studies[name].get("overlaps") or () for name in names]
    return names[0] in told[1] or names[1] in told[0]


def _shared(one: Row, other: Row, book: Book) -> Iterator[tuple[Row, Row]]:
    """Yield results of two studies that agree in outcome, time, subgroup and value."""
    there = {_result(row): row for row in _results(str(other["study_id"]), book)}
    seen = set()
    for row in _results(str(one["study_id"]), book):
        key = _result(row)
        if key in there and key not in seen:
            seen.add(key)
            yield row, there[key]


def _results(study_id: str, book: Book) -> Iterator[Row]:
    for row in book.select(study_id):
        if row["outcome"] not in _STUDY and row["value"] != 0:
            yield row


def _result(row: Row) -> tuple[object, ...]:
    subgroup = str(row["subgroup"] or "").removesuffix(" MS")
    kind = family(row) if row["statistic"] not in COUNTS else row["statistic"]
    return row["outcome"], kind, row["timepoint_months"], subgroup, row["value"], unit(row)


def _finding(one: Row, other: Row, pairs: Sequence[tuple[Row, Row]]) -> Finding:
    calculation = calculate(
        shared_of,
        {
            "sizes": [(one, "value"), (other, "value")],
            "first": [(row, "value") for row, _ in pairs],
            "second": [(row, "value") for _, row in pairs],
        },
    )
    rows = [one, other, *(row for pair in pairs for row in pair)]
    claim = "Two studies print the same patients and the same results"
    settle = "Whether they are one cohort; if so, its overlap is to be marked"
    return found(RULE, "tension", rows, claim, calculation, settle)


def shared_of(
    *, sizes: Sequence[float], first: Sequence[float], second: Sequence[float]
) -> Arithmetic:
    """Return how many results two studies of one size share.

    Parameters
    ----------
    sizes : sequence of float, shape (2,)
        Patients of each study.
    first, second : sequence of float
        Results of each, in the same order.
    """
    same = sum(one == other for one, other in zip(first, second, strict=True))
    shown = ", ".join(f"{value:g}" for value in first)
    return Arithmetic(
        text=f"both have n = {sizes[0]:g}, and {same} results in common: {shown}",
        gap=1.0 if same >= SHARED and sizes[0] == sizes[1] else 0.0,
    )
