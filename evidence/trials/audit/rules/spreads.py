"""Standard errors given as standard deviations, and spreads that cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

from evidence.trials.audit.basis.book import Book, exact, match
from evidence.trials.audit.basis.definitions import Match, same_words
from evidence.trials.audit.basis.findings import Arithmetic, Finding, calculate, found
from evidence.trials.audit.basis.rounding import rounded, share, text
from evidence.trials.audit.rules.limits import QUANTILE
from evidence.trials.rows.columns import Row

RANGE = "standard-deviation-against-range"
LIMITS = "standard-deviation-against-limits"
TWO = "two-spreads-of-one-quantity"
PROPORTION = "standard-error-of-a-proportion"
#: A standard error is taken for the one expected if they are within this factor.
NEAR = 1.5
#: Standard errors of a Kaplan-Meier estimate are larger than binomial ones, rarely by this factor.
FAR = 4.0
_SETTLE = "Whether the number is a standard deviation or a standard error, in the publication"


def deviations_against_ranges(book: Book) -> Iterator[Finding]:
    """Yield standard deviations larger than the minimum and maximum of the same data allow."""
    for row in _spreads(book, "sd"):
        for wide in _beside(row, ("mean", "median", "range"), book):
            ranged = wide["range_low"] is not None and wide["range_high"] is not None
            if ranged and "IQR" not in str(wide["note"] or ""):
                yield from _against_range(row, wide, book)


def _spreads(book: Book, statistic: str) -> Iterator[Row]:
    return (row for row in book.rows if row["statistic"] == statistic and exact(row))


def _beside(row: Row, statistics: tuple[str, ...], book: Book) -> Iterator[Row]:
    for other in book.by_study[str(row["study_id"])]:
        same = other["outcome"] == row["outcome"] and other["unit"] == row["unit"]
        if same and other["statistic"] in statistics and match(other, row, book) == Match.SAME:
            yield other


def _against_range(row: Row, wide: Row, book: Book) -> Iterator[Finding]:
    calculation = calculate(
        deviation_in_range,
        {"sd": (row, "value"), "low": (wide, "range_low"), "high": (wide, "range_high")},
        decimals=book.decimals(row),
    )
    if calculation.result.gap > 0:
        claim = "A standard deviation is larger than its range allows"
        yield found(RANGE, "contradiction", [row, wide], claim, calculation, _SETTLE)


def deviation_in_range(*, sd: float, low: float, high: float, decimals: int | None) -> Arithmetic:
    """Return a standard deviation beside half the range, times the root of two.

    Parameters
    ----------
    sd, low, high : float
        Printed standard deviation and range, in one unit.
    decimals : int or None
        Decimals printed.

    References
    ----------
    Popoviciu T (1935). Mathematica 9:129-145: a standard deviation is at most half the range;
    that of a sample of two or more, with n - 1, at most this times the root of n / (n - 1).
    """
    largest = (high - low) / 2 * math.sqrt(2)
    distance = max(0.0, rounded(sd, decimals).low - largest)
    allowed = f"data from {text(low)} to {text(high)} allow at most {text(largest)}"
    return Arithmetic(
        text=f"SD {text(sd, decimals)}; {allowed}",
        gap=share(distance, sd),
    )


def deviations_against_limits(book: Book) -> Iterator[Finding]:
    """Yield standard deviations that equal the standard error in the limits of the same mean."""
    for row in _spreads(book, "sd"):
        for mean in _beside(row, ("mean",), book):
            size = _size(row, book)
            if mean["ci_low"] is not None and size is not None:
                calculation = calculate(
                    error_of_limits,
                    {
                        "sd": (row, "value"),
                        "low": (mean, "ci_low"),
                        "high": (mean, "ci_high"),
                        "n": (size, "value"),
                    },
                )
                if calculation.result.gap > 0:
                    claim = "A standard error is given as a standard deviation"
                    rows = [row, mean, size]
                    yield found(LIMITS, "contradiction", rows, claim, calculation, _SETTLE)


def _size(row: Row, book: Book) -> Row | None:
    """Return the number of patients of a row's arm, of its document first."""
    there = [
        other
        for other in book.select(row["study_id"], statistic="n", arm=row["arm"])
        if other["outcome"] in ("participants", row["outcome"])
        and other["value"] > 0
        and other["subgroup"] == row["subgroup"]
        and other["outcome_definition"] is None
        and same_words(other["analysis_set"], row["analysis_set"]) != Match.DIFFERENT
    ]
    return min(
        there, key=lambda o: (o["source"] != row["source"], str(o["result_id"])), default=None
    )


def error_of_limits(*, sd: float, low: float, high: float, n: float) -> Arithmetic:
    """Return a standard deviation beside the standard error that confidence limits give.

    Parameters
    ----------
    sd, low, high : float
        Printed standard deviation and confidence limits of the mean, in one unit.
    n : float
        Patients.
    """
    error = (high - low) / (2 * QUANTILE)
    expected = error * math.sqrt(n)
    is_error = error / NEAR < sd < error * NEAR and not expected / NEAR < sd < expected * NEAR
    given = f"limits {text(low)} to {text(high)} give a standard error of {text(error)}"
    return Arithmetic(
        text=f"{given} and, with n = {text(n)}, an SD of {text(expected)}; printed SD {text(sd)}",
        gap=share(abs(expected - sd), expected) if is_error else 0.0,
    )


def two_spreads(book: Book) -> Iterator[Finding]:
    """Yield two standard deviations of one quantity of which one is the other's standard error."""
    rows = list(_spreads(book, "sd"))
    for one, other in combinations(rows, 2):
        if one["study_id"] == other["study_id"] and one["outcome"] == other["outcome"]:
            size = _size(one, book)
            if match(one, other, book) in (Match.SAME, Match.OPEN) and size is not None:
                larger, smaller = sorted((one, other), key=lambda row: -row["value"])
                calculation = calculate(
                    error_of_deviation,
                    {
                        "larger": (larger, "value"),
                        "smaller": (smaller, "value"),
                        "n": (size, "value"),
                    },
                )
                if calculation.result.gap > 0:
                    claim = "A standard error is given as a standard deviation"
                    yield found(
                        TWO, "contradiction", [larger, smaller, size], claim, calculation, _SETTLE
                    )


def error_of_deviation(*, larger: float, smaller: float, n: float) -> Arithmetic:
    """Return a standard deviation over the root of n beside a smaller spread.

    Parameters
    ----------
    larger, smaller : float
        Printed spreads, in one unit.
    n : float
        Patients.
    """
    error = larger / math.sqrt(n)
    same = n > NEAR**2 and error / NEAR < smaller < error * NEAR and smaller * NEAR < larger
    return Arithmetic(
        text=f"{text(larger)} / √{text(n)} = {text(error)}; the other SD is {text(smaller)}",
        gap=share(larger - smaller, larger) if same else 0.0,
    )


def errors_of_proportions(book: Book) -> Iterator[Finding]:
    """Yield standard errors of a percentage that are far from those its n can give."""
    for row in _spreads(book, "se"):
        for percent in _beside(row, ("proportion", "km_proportion"), book):
            size = _size(row, book) or _part_size(row, book)
            if row["unit"] == "%" and size is not None and 0 < (percent["value"] or 0) < 100:
                calculation = calculate(
                    binomial_of,
                    {"error": (row, "value"), "percent": (percent, "value"), "n": (size, "value")},
                )
                if calculation.result.gap > 0:
                    claim = "A standard error is not one that this many patients can give"
                    yield found(
                        PROPORTION, "tension", [row, percent, size], claim, calculation, _SETTLE
                    )


def _part_size(row: Row, book: Book) -> Row | None:
    """Return the number of patients of a disease course, printed as a part of the whole."""
    name = str(row["subgroup"] or "").replace(" ", "-")
    there = book.select(row["study_id"], statistic="n", outcome=name, source=row["source"])
    return next((other for other in there if other["value"] > 0), None)


def binomial_of(*, error: float, percent: float, n: float) -> Arithmetic:
    """Return a standard error beside the binomial one.

    Parameters
    ----------
    error, percent : float
        Printed standard error and percentage, in per cent.
    n : float
        Patients.
    """
    expected = math.sqrt(percent * (100 - percent) / n)
    far = not expected / FAR < error < expected * FAR
    return Arithmetic(
        text=f"{text(percent)}% of {text(n)} has a binomial standard error of {text(expected)}%; "
        f"printed {text(error)}%",
        gap=share(abs(error - expected), error, expected) if far else 0.0,
    )
