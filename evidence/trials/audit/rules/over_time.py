"""Estimates that cannot move the way they do in time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from evidence.trials.audit.basis.book import Book, by, exact, unit
from evidence.trials.audit.basis.definitions import definition_of
from evidence.trials.audit.basis.findings import Arithmetic, Finding, calculate, found
from evidence.trials.audit.basis.rounding import rounded, share, text
from evidence.trials.rows.columns import Row

RULE = "estimate-that-goes-back-in-time"


def estimates_that_go_back(book: Book) -> Iterator[Finding]:
    """Yield Kaplan-Meier shares free of an event that rise, or with it that fall, in time."""
    curves = [
        row
        for row in book.rows
        if row["statistic"] == "km_proportion"
        and exact(row)
        and row["timepoint_months"] is not None
        and definition_of(row["outcome_definition"], row["outcome"]).period is None
    ]
    keys = ("study_id", "source", "arm", "subgroup", "analysis_set", "outcome")
    for rows in by(curves, *keys, "outcome_definition").values():
        rows.sort(key=lambda row: float(row["timepoint_months"]))
        for earlier, later in pairwise(rows):
            if unit(earlier) == unit(later) and earlier["unit"] == later["unit"]:
                yield from _back(earlier, later, book)


def _back(earlier: Row, later: Row, book: Book) -> Iterator[Finding]:
    better = book.trials.vocabulary.term("outcomes", earlier["outcome"]).better
    if better == "none" or earlier["timepoint_months"] == later["timepoint_months"]:
        return
    calculation = calculate(
        back_of,
        {
            "earlier": (earlier, "value"),
            "later": (later, "value"),
            "first": (earlier, "timepoint_months"),
            "second": (later, "timepoint_months"),
        },
        decimals=[book.decimals(earlier), book.decimals(later)],
        falls=better == "higher",
    )
    if calculation.result.gap > 0:
        claim = "A cumulative estimate goes back as time goes on"
        settle = "The curve in the primary publication, and its times"
        yield found(RULE, "contradiction", [earlier, later], claim, calculation, settle)


def back_of(
    *,
    earlier: float,
    later: float,
    first: float,
    second: float,
    decimals: list[int | None],
    falls: bool,
) -> Arithmetic:
    """Return how far a cumulative estimate moves the wrong way, beyond rounding.

    Parameters
    ----------
    earlier, later : float
        Estimates as printed.
    first, second : float
        Their times, in months.
    decimals : list of int or None, shape (2,)
        Decimals printed.
    falls : bool
        Whether the estimate can only fall (free of an event), or only rise (with it).
    """
    one, other = rounded(earlier, decimals[0]), rounded(later, decimals[1])
    back = other.low - one.high if falls else one.low - other.high
    at_first = f"{text(earlier, decimals[0])} at {text(first)} months"
    at_second = f"{text(later, decimals[1])} at {text(second)}"
    way = "fall" if falls else "rise"
    return Arithmetic(
        text=f"{at_first}, {at_second}; it can only {way}",
        gap=share(max(0.0, back), earlier, later),
    )
