"""Rates that their counts cannot give, and mean differences that their arms cannot give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evidence.trials.audit.basis.book import Book, best, exact, match
from evidence.trials.audit.basis.definitions import Match
from evidence.trials.audit.basis.findings import Arithmetic, Finding, Severity, calculate, found
from evidence.trials.audit.basis.rounding import (
    Interval,
    range_text,
    rounded,
    scaled,
    share,
    span,
    text,
)
from evidence.trials.rows.columns import Row

RATE = "rate-against-events-and-time"
DIFFERENCE = "difference-against-arms"
#: Outcome whose count belongs to a rate of another name.
_COUNTED: Mapping[str, str] = {"annualised-relapse-rate": "relapse-count"}


def rates_against_counts(book: Book) -> Iterator[Finding]:
    """Yield rates that are not their document's number of events over its person-years."""
    for row in book.rows:
        if exact(row) and row["statistic"] == "rate" and row["comparator_arm"] is None:
            same = {"source": row["source"], "arm": row["arm"], "subgroup": row["subgroup"]}
            times = [
                other
                for other in book.select(row["study_id"], statistic="person_years", **same)
                if match({**other, "outcome": row["outcome"]}, row, book) == Match.SAME
            ]
            counts = [
                other
                for other in book.select(row["study_id"], statistic="count", **same)
                if _COUNTED.get(row["outcome"], row["outcome"]) == other["outcome"]
                and match({**other, "outcome": row["outcome"]}, row, book) == Match.SAME
            ]
            if times and counts:
                yield from _against_count(row, counts[0], times[0], book)


def _against_count(row: Row, count: Row, years: Row, book: Book) -> Iterator[Finding]:
    calculation = calculate(
        rate_of_count,
        {"rate": (row, "value"), "count": (count, "value"), "years": (years, "value")},
        decimals=[book.decimals(row), book.decimals(years)],
        per=100.0 if row["unit"] == "per-100-patient-years" else 1.0,
    )
    if calculation.result.gap > 0:
        adjusted = row["outcome_definition"] is not None or row["ci_low"] is not None
        severity: Severity = "tension" if adjusted else "contradiction"
        claim = "A rate is not the number of events over the person-years"
        settle = "Whether the rate comes from a model; events and person-years"
        yield found(RATE, severity, [row, count, years], claim, calculation, settle)


def rate_of_count(
    *, rate: float, count: float, years: float, decimals: Sequence[int | None], per: float
) -> Arithmetic:
    """Return the rate that a count gives, with rounding, beside the one printed.

    Parameters
    ----------
    rate, count, years : float
        As printed; ``years`` are person-years.
    decimals : sequence of int or None, shape (2,)
        Decimals of rate and person-years.
    per : float
        Person-years that the rate is for.
    """
    can = span(lambda time: per * count / time, rounded(years, decimals[1]))
    printed = rounded(rate, decimals[0])
    distance = 0.0 if can.meets(printed) else can.distance(printed)
    shown = f"{text(count)} / {text(years, decimals[1])} × {text(per)} = {text(can.low)}"
    return Arithmetic(text=f"{shown}; printed {text(rate, decimals[0])}", gap=share(distance, rate))


def differences_against_arms(book: Book) -> Iterator[Finding]:
    """Yield mean differences that are not the difference of the two arms' means."""
    for row in book.rows:
        if exact(row) and row["statistic"] == "mean_difference" and row["comparator_arm"]:
            pair = [_mean_of(row, column, book) for column in ("arm", "comparator_arm")]
            if pair[0] is not None and pair[1] is not None:
                yield from _against_means(row, pair[0], pair[1], book)


def _mean_of(row: Row, column: str, book: Book) -> Row | None:
    like = {**row, "arm": row[column], "comparator_arm": None}
    same = {"outcome": row["outcome"], "statistic": "mean", "unit": row["unit"]}
    return best(list(book.select(row["study_id"], **same)), like, book)


def _against_means(row: Row, treated: Row, control: Row, book: Book) -> Iterator[Finding]:
    calculation = calculate(
        difference_of_means,
        {
            "difference": (row, "value"),
            "treated": (treated, "value"),
            "control": (control, "value"),
        },
        decimals=[book.decimals(one) for one in (row, treated, control)],
    )
    if calculation.result.gap > 0:
        claim = "A mean difference is not the difference of the means of its arms"
        settle = "Whether the difference is adjusted, and its unit and sign"
        yield found(DIFFERENCE, "tension", [row, treated, control], claim, calculation, settle)


def difference_of_means(
    *, difference: float, treated: float, control: float, decimals: Sequence[int | None]
) -> Arithmetic:
    """Return the difference of two means, with rounding, beside the one printed; of either sign.

    Parameters
    ----------
    difference, treated, control : float
        As printed.
    decimals : sequence of int or None, shape (3,)
        Decimals of the three.
    """
    one, other = rounded(treated, decimals[1]), rounded(control, decimals[2])
    can = Interval(one.low - other.high, one.high - other.low)
    printed = rounded(difference, decimals[0])
    ways = (can, scaled(can, -1.0))
    distance = min(0.0 if way.meets(printed) else way.distance(printed) for way in ways)
    shown = f"{text(treated, decimals[1])} − {text(control, decimals[2])}"
    return Arithmetic(
        text=f"{shown} = {text(treated - control)} ({range_text(can)} with rounding); "
        f"printed {text(difference, decimals[0])}",
        gap=share(distance, difference, treated - control),
    )
