"""Percentages that no whole number of the patients printed can give."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evidence.trials.audit.basis.book import Book, exact, match, one_passage, plain_subgroup
from evidence.trials.audit.basis.definitions import Match, definition_of, same_core, same_words
from evidence.trials.audit.basis.findings import Arithmetic, Finding, Severity, calculate, found
from evidence.trials.audit.basis.rounding import NOISE, Interval, rounded, share, text
from evidence.trials.rows.columns import Row

RULE = "percentage-without-numerator"
DEATHS = ("treatment-related-mortality", "all-cause-mortality")
#: Points of per cent that an estimate for patients still followed and a crude share may differ by.
CRUDE = 3.0
#: Outcomes whose share at a time is commonly an estimate for patients still followed.
_ON_CURVES = ("-free", "-survival", "neda-3")
_FIRST_EVENTS = ("relapse", "disability-worsening")
_SCANNED = ("lesion", "mri", "volume")


class Size(NamedTuple):
    """A printed number of patients, and whether it is printed for the very outcome."""

    row: Row
    own: bool


class _Case(NamedTuple):
    row: Row
    sizes: Sequence[Size]
    severity: Severity
    other: str  # what else could make the percentage right


def percentages_without_numerator(book: Book) -> Iterator[Finding]:
    """Yield percentages of an arm that no whole number over the n of their document gives."""
    impossible = [
        (row, sizes)
        for row in book.rows
        if crude_percentage(row)
        and not counts_of(row, book)
        and (sizes := sizes_of(row, book))
        and not any(_possible(row, size.row["value"], book) for size in sizes)
    ]
    several = Counter(_patients(row) for row, _ in impossible)
    cases: dict[tuple[object, ...], list[_Case]] = defaultdict(list)
    for row, sizes in impossible:
        severity, other = _judged(row, sizes, book, alone=several[_patients(row)] == 1)
        key = (row["study_id"], row["source"], row["outcome"], severity, other)
        cases[key].append(_Case(row, sizes, severity, other))
    yield from (_finding(group, book) for group in cases.values())


def _patients(row: Row) -> tuple[object, ...]:
    return row["study_id"], row["source"], row["arm"], row["subgroup"], row["analysis_set"]


def crude_percentage(row: Row) -> bool:
    """Tell whether a row is a percentage of the patients of an arm."""
    whole = row["comparator_arm"] is None and row["arm"] is not None and exact(row)
    patients = row["statistic"] == "proportion" and row["unit"] == "%"
    return bool(whole and patients and row["design"] not in ("meta-analysis", "guidance"))


def counts_of(row: Row, book: Book) -> list[Row]:
    """Return the counts that stand with a percentage: same document, arm, outcome and time.

    What a cohort is made of ("34 with relapsing-remitting disease") is printed as an n.
    """
    kinds = ("events", "n") if _is_composition(row, book) else ("events",)
    there = [
        other
        for kind in kinds
        for other in book.select(
            row["study_id"], statistic=kind, outcome=row["outcome"], source=row["source"]
        )
    ]
    return [other for other in there if match(other, row, book) == Match.SAME]


def _is_composition(row: Row, book: Book) -> bool:
    term = book.trials.vocabulary.term("outcomes", row["outcome"])
    return term.attributes.get("domain") == "study"


def sizes_of(row: Row, book: Book) -> list[Size]:
    """Return the n of its document that a percentage can be of: of its outcome, else its arm."""
    there = [
        other
        for other in book.select(row["study_id"], statistic="n", source=row["source"])
        if other["value"] > 0 and _of_the_same_patients(other, row)
    ]
    if not _is_composition(row, book):
        own = [o for o in there if o["outcome"] == row["outcome"] and _of_the_outcome(o, row)]
        if own:
            return [Size(other, True) for other in own]
    return [
        Size(other, False)
        for other in there
        if other["outcome"] == "participants" and other["outcome_definition"] is None
    ]


def _of_the_same_patients(other: Row, row: Row) -> bool:
    same_arm = other["arm"] == row["arm"] and other["comparator_arm"] is None
    group = None if row["outcome"] == "participants" else row["subgroup"]
    same_group = plain_subgroup(other["subgroup"]) == plain_subgroup(group)
    sets = same_words(other["analysis_set"], row["analysis_set"])
    return same_arm and same_group and sets != Match.DIFFERENT


def _of_the_outcome(other: Row, row: Row) -> bool:
    """Tell whether an n printed for an outcome is that of a percentage, such as of a course."""
    own, said = other["outcome_definition"], row["outcome_definition"]
    return same_core(own, said, row["outcome"]) or str(said or "").startswith(own or "\0")


def _possible(row: Row, n: float, book: Book) -> bool:
    return _numerator(book.interval(row), n) is not None


def _numerator(percent: Interval, n: float) -> int | None:
    """Return a whole number of ``n`` whose percentage rounds to ``percent``, if there is one."""
    slack = 100 * NOISE
    lowest = math.ceil((percent.low - slack) * n / 100)
    return lowest if lowest <= (percent.high + slack) * n / 100 else None


def _judged(row: Row, sizes: Sequence[Size], book: Book, *, alone: bool) -> tuple[Severity, str]:
    """Return the severity, and what else could make the percentage right."""
    numbers = [entry.row["value"] for entry in sizes]
    if row["ci_low"] is not None or on_a_curve(row, book):
        return "different estimand", "it is an estimate with an interval, or on a survival curve"
    if may_be_estimated(row):
        return "tension", "it may be an estimate for patients still followed, such as Kaplan-Meier"
    if scanned(row):
        return "tension", "it may be of the patients who had a scan"
    if any(_numerator(cut_off(row, book), n) is not None for n in numbers):
        return "tension", "it may be cut off instead of rounded"
    if any(_possible(row, n - dead, book) for n in numbers for dead in _deaths(row, book)):
        return "tension", "it may be of the patients alive"
    if not alone:
        return "tension", "several percentages of these patients may be of fewer of them"
    sure = any(one_passage(row, entry.row) for entry in sizes)
    return ("contradiction", "") if sure else ("tension", "n is printed elsewhere in the document")


def may_be_estimated(row: Row) -> bool:
    """Tell whether a percentage is of an outcome that is commonly read off a survival curve."""
    confirmed = definition_of(row["outcome_definition"], row["outcome"]).confirmed is not None
    timed = row["timepoint_months"] is not None
    curve = str(row["outcome"]).endswith(_ON_CURVES)
    return curve or confirmed or (timed and row["outcome"] in _FIRST_EVENTS)


def scanned(row: Row) -> bool:
    """Tell whether an outcome is seen on scans, which some patients miss."""
    return any(word in str(row["outcome"]) for word in _SCANNED)


def on_a_curve(row: Row, book: Book) -> bool:
    """Tell whether the same number is printed as a Kaplan-Meier estimate too."""
    same = {"outcome": row["outcome"], "arm": row["arm"], "subgroup": row["subgroup"]}
    curves = book.select(row["study_id"], statistic="km_proportion", **same)
    return any(book.interval(curve).meets(book.interval(row)) for curve in curves)


def cut_off(row: Row, book: Book) -> Interval:
    """Return what a percentage can stand for if its further decimals were cut off."""
    step = 10.0 ** -(book.decimals(row) or 0)
    return Interval(row["value"], row["value"] + step * (1 - 1e-6))


def _deaths(row: Row, book: Book) -> range:
    counted = [
        int(other["value"])
        for outcome in DEATHS
        for other in book.select(row["study_id"], outcome=outcome, statistic="events")
        if other["arm"] == row["arm"] and other["subgroup"] is None
    ]
    return range(1, max(counted, default=0) + 1)


def _finding(cases: Sequence[_Case], book: Book) -> Finding:
    largest = [max(case.sizes, key=lambda size: size.row["value"]).row for case in cases]
    calculation = calculate(
        numerators_of,
        {
            "percentages": [(case.row, "value") for case in cases],
            "patients": [(row, "value") for row in largest],
        },
        decimals=[book.decimals(case.row) for case in cases],
    )
    rows = [
        row
        for case, size in zip(cases, largest, strict=True)
        for row in (case.row, size, *(entry.row for entry in case.sizes))
    ]
    other = cases[0].other
    settle = "The numerator and the denominator" + (f"; {other}" if other else "")
    claim = "No whole number of the patients printed gives this percentage"
    return found(RULE, cases[0].severity, rows, claim, calculation, settle)


def numerators_of(
    *, percentages: Sequence[float], patients: Sequence[float], decimals: Sequence[int]
) -> Arithmetic:
    """Return why no whole numbers of patients give percentages.

    Parameters
    ----------
    percentages, patients : sequence of float, shape (k,)
        Each percentage as printed, and the patients it would be of.
    decimals : sequence of int, shape (k,)
        Decimals of the percentages.
    """
    told = list(zip(percentages, patients, decimals, strict=True))
    gaps = [_nearest(percent, n, digits) for percent, n, digits in told]
    return Arithmetic(text="; ".join(_tried(*entry) for entry in told), gap=max(gaps))


def _tried(percent: float, n: float, decimals: int) -> str:
    wanted = percent * n / 100
    around = [f"{k} is {100 * k / n:.{decimals + 1}f}%" for k in _around(wanted)]
    return f"{text(percent, decimals)}% of {n:.0f} would be {wanted:.2f}: {', '.join(around)}"


def _around(wanted: float) -> tuple[int, int]:
    return math.floor(wanted), math.floor(wanted) + 1


def _nearest(percent: float, n: float, decimals: int) -> float:
    nearest = min(abs(100 * k / n - percent) for k in _around(percent * n / 100))
    return share(max(0.0, nearest - rounded(0.0, decimals).high), percent)
