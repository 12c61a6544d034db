"""Estimates outside their limits or range, and limits lopsided about their estimate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

from evidence.trials.audit.basis.book import Book, factor, match, unit
from evidence.trials.audit.basis.definitions import Match
from evidence.trials.audit.basis.findings import Arithmetic, Finding, calculate, found
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

OUTSIDE = "estimate-outside-its-limits"
LOPSIDED = "lopsided-limits"
#: Standard errors that the middle of symmetric limits may lie from the estimate.
MIDDLE = 0.1
#: Standard errors from the estimate to a limit of 95 per cent.
QUANTILE = NormalDist().inv_cdf(0.975)
RATIOS = frozenset(("risk_ratio", "odds_ratio", "rate_ratio", "hazard_ratio"))
_DIFFERENCES = frozenset(
    ("mean_difference", "standardised_mean_difference", "risk_difference", "mean")
)
#: Statistics whose limits may be symmetric on either scale.
_EITHER = frozenset(("rate",))


def estimates_outside_limits(book: Book) -> Iterator[Finding]:
    """Yield estimates that lie outside the limits or the range printed with them."""
    for row in book.rows:
        for low, high in (("ci_low", "ci_high"), ("range_low", "range_high")):
            if row["value"] is not None and row[low] is not None and row[high] is not None:
                yield from _outside(row, low, high, [row], book)
    yield from _outside_range_elsewhere(book)


def _outside_range_elsewhere(book: Book) -> Iterator[Finding]:
    """A median or mean of one document outside the minimum and maximum that another prints."""
    ranged = [row for row in book.rows if row["range_low"] is not None and row["value"] is not None]
    for wide in ranged:
        for row in book.by_study[str(wide["study_id"])]:
            if _average_beside(row, wide) and match(row, wide, book) == Match.SAME:
                yield from _outside(row, "range_low", "range_high", [row, wide], book)


def _average_beside(row: Row, wide: Row) -> bool:
    """Tell whether a row of another document is an average of what ``wide`` gives the range of."""
    average = row["statistic"] in ("mean", "median", "amount") and row["value"] is not None
    same = row["outcome"] == wide["outcome"] and unit(row) == unit(wide)
    quartiles = "IQR" in str(wide["note"] or "")
    return bool(average and same and row["source"] != wide["source"] and not quartiles)


def _outside(row: Row, low: str, high: str, rows: Sequence[Row], book: Book) -> Iterator[Finding]:
    wide = rows[-1]
    if wide[high] is None:
        return
    calculation = calculate(
        inside_of,
        {"value": (row, "value"), "low": (wide, low), "high": (wide, high)},
        decimals=[book.decimals(row), book.decimals(wide, low), book.decimals(wide, high)],
        factor=factor(row) / factor(wide),
    )
    if calculation.result.gap > 0:
        claim = "An estimate lies outside the limits printed for it"
        settle = "Estimate and limits in the primary publication"
        yield found(OUTSIDE, "contradiction", rows, claim, calculation, settle)


def inside_of(
    *, value: float, low: float, high: float, decimals: Sequence[int | None], factor: float
) -> Arithmetic:
    """Return how far an estimate lies outside its limits, beyond rounding.

    Parameters
    ----------
    value, low, high : float
        As printed.
    decimals : sequence of int or None, shape (3,)
        Decimals of the three.
    factor : float
        Units of the limits in one unit of the estimate.
    """
    lower, upper = rounded(low, decimals[1]).low, rounded(high, decimals[2]).high
    estimate = scaled(rounded(value, decimals[0]), factor)
    distance = estimate.distance(Interval(lower, upper))
    told = f" ({text(value * factor)} in the unit of the limits)" if factor != 1 else ""
    shown = f"{text(low, decimals[1])} to {text(high, decimals[2])}"
    side = "outside" if distance else "inside"
    return Arithmetic(
        text=f"{text(value, decimals[0])}{told} lies {side} {shown}",
        gap=share(distance, value * factor, high - low),
    )


def lopsided_limits(book: Book) -> Iterator[Finding]:
    """Yield limits that are not as far above the estimate as below it, on its scale."""
    for row in book.rows:
        if row["ci_low"] is not None and row["value"] is not None and has_a_middle(row):
            yield from _lopsided(row, book)


def has_a_middle(row: Row) -> bool:
    """Tell whether limits are to be symmetric on some scale, and can be put on it."""
    kind, low, high = row["statistic"], row["ci_low"], row["ci_high"]
    positive = kind not in RATIOS or (low > 0 and row["value"] > 0)
    return bool(kind in RATIOS | _DIFFERENCES | _EITHER and positive and low < high)


def _lopsided(row: Row, book: Book) -> Iterator[Finding]:
    calculation = calculate(
        middle_of,
        {"value": (row, "value"), "low": (row, "ci_low"), "high": (row, "ci_high")},
        decimals=[book.decimals(row, name) for name in ("value", "ci_low", "ci_high")],
        scale=_scale(row),
    )
    if calculation.result.gap > 0:
        claim = "Confidence limits are lopsided about their estimate"
        settle = "Estimate and limits in the primary publication, and how they were computed"
        yield found(LOPSIDED, "tension", [row], claim, calculation, settle)


def _scale(row: Row) -> str:
    if row["statistic"] in RATIOS:
        return "log"
    positive = row["ci_low"] > 0 and row["value"] > 0
    return "either" if row["statistic"] in _EITHER and positive else "linear"


def middle_of(
    *, value: float, low: float, high: float, decimals: Sequence[int | None], scale: str
) -> Arithmetic:
    """Return how far the middle of confidence limits is from the estimate, beyond rounding.

    Parameters
    ----------
    value, low, high : float
        As printed.
    decimals : sequence of int or None, shape (3,)
        Decimals of the three.
    scale : str
        ``log`` (ratios), ``linear``, or ``either``.
    """
    limits = (rounded(low, decimals[1]), rounded(high, decimals[2]))
    printed = rounded(value, decimals[0])
    scales = ("log", "linear") if scale == "either" else (scale,)
    judged = [_off_middle(value, low, high, printed, limits, name) for name in scales]
    errors, middle, stands = min(judged)
    gap = 0.0 if errors <= MIDDLE else min(1.0, errors)
    shown = f"{text(low, decimals[1])} to {text(high, decimals[2])}"
    return Arithmetic(
        text=f"the middle of {shown} is {text(middle)} ({range_text(stands)} with rounding), "
        f"the estimate {text(value, decimals[0])}: {text(errors)} standard errors apart",
        gap=gap,
    )


def _off_middle(
    value: float,
    low: float,
    high: float,
    printed: Interval,
    limits: tuple[Interval, Interval],
    scale: str,
) -> tuple[float, float, Interval]:
    if scale == "log":
        stands = span(lambda one, other: math.sqrt(one * other), *limits)
        middle, width = math.sqrt(low * high), math.log(high / low)
        distance = 0.0 if stands.meets(printed) else abs(math.log(value / middle))
    else:
        stands = span(lambda one, other: (one + other) / 2, *limits)
        middle, width = (low + high) / 2, high - low
        distance = 0.0 if stands.meets(printed) else abs(value - middle)
    return distance / (width / (2 * QUANTILE)), middle, stands
