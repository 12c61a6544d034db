"""p values that their estimate and confidence limits contradict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

from evidence.trials.audit.basis.book import NO_EFFECT, Book, match
from evidence.trials.audit.basis.definitions import Match
from evidence.trials.audit.basis.findings import (
    Arithmetic,
    Calculation,
    Finding,
    Severity,
    calculate,
    found,
)
from evidence.trials.audit.basis.rounding import rounded, span, text
from evidence.trials.audit.rules.limits import RATIOS, has_a_middle
from evidence.trials.rows.columns import Row

RULE = "p-value-against-limits"
#: Factor by which a p value and that of the limits may differ: other tests, rounded limits.
OTHER_TEST = 5.0
LEVEL = 0.05


def p_values_against_limits(book: Book) -> Iterator[Finding]:
    """Yield p values that the estimate and confidence limits of the same row contradict."""
    for row in book.rows:
        told = row["ci_low"] is not None and row["value"] is not None and row["comparator_arm"]
        if told and row["statistic"] in NO_EFFECT and has_a_middle(row):
            for other in _p_rows(row, book):
                yield from _against_limits(row, other, book)


def _p_rows(row: Row, book: Book) -> Iterator[Row]:
    """Yield the row itself if it has a p value, and p values of its document for the comparison."""
    if row["p_value"] is not None:
        yield row
        return
    for other in book.by_study[str(row["study_id"])]:
        own = other["statistic"] == "p_value" and other["outcome"] == row["outcome"]
        if own and other["source"] == row["source"] and match(row, other, book) == Match.SAME:
            yield other


def _against_limits(row: Row, other: Row, book: Book) -> Iterator[Finding]:
    calculation = _of_limits(row, other, book)
    if calculation.result.gap > 0:
        sides = _sides(row, other)
        severity: Severity = "contradiction" if sides else "tension"
        claim = "A p value is not that of its estimate and confidence limits"
        settle = "The test behind the p value, and the limits in the primary publication"
        yield found(RULE, severity, [row, other], claim, calculation, settle, turns=sides)


def _of_limits(row: Row, other: Row, book: Book) -> Calculation:
    columns = {"value": "value", "low": "ci_low", "high": "ci_high"}
    decimals = [book.decimals(row, column) for column in columns.values()]
    return calculate(
        p_of_limits,
        {**{name: (row, column) for name, column in columns.items()}, "p": (other, "p_value")},
        decimals=[*decimals, book.decimals(other, "p_value")],
        bound=other["p_operator"],
        log=row["statistic"] in RATIOS,
        level=row["ci_level"] or 95.0,
    )


def _sides(row: Row, other: Row) -> bool:
    none = NO_EFFECT[str(row["statistic"])]
    excluded = not row["ci_low"] <= none <= row["ci_high"]
    below = other["p_value"] < LEVEL or other["p_operator"] in ("<", "<=")
    return bool(excluded != below)


def p_of_limits(
    *,
    value: float,
    low: float,
    high: float,
    p: float,
    decimals: Sequence[int | None],
    bound: str,
    log: bool,
    level: float,
) -> Arithmetic:
    """Return the p value of an estimate and its limits, with rounding, beside the one printed.

    Parameters
    ----------
    value, low, high, p : float
        As printed.
    decimals : sequence of int or None, shape (4,)
        Decimals of the four.
    bound : str
        ``=`` or ``<``: whether ``p`` is the value or a bound.
    log : bool
        Whether the limits are of a ratio.
    level : float
        Level of the limits, in per cent.

    References
    ----------
    Altman DG, Bland JM (2011). How to obtain the P value from a confidence interval. BMJ 343:d2304.
    """
    quantile = NormalDist().inv_cdf(0.5 + level / 200)
    numbers = [rounded(v, d) for v, d in zip((value, low, high), decimals[:3], strict=True)]
    can = span(lambda one, two, three: _p(one, two, three, quantile, log), *numbers)
    given = _p(value, low, high, quantile, log)
    printed = rounded(p, decimals[3])
    below = bound in ("<", "<=")
    too_small = can.high * OTHER_TEST < printed.low and not below
    too_large = can.low > OTHER_TEST * (p if below else printed.high)
    far = too_small or too_large
    ratio = max(given, p) / max(min(given, p), 1e-300)
    shown = f"{text(value, decimals[0])} ({text(low, decimals[1])} to {text(high, decimals[2])})"
    stands = f"{can.low:.2g} to {can.high:.2g} with rounding"
    return Arithmetic(
        text=f"{shown} gives p = {given:.2g} ({stands}); printed p {bound} {text(p, decimals[3])}",
        gap=1.0 - 1.0 / ratio if far else 0.0,
    )


def _p(value: float, low: float, high: float, quantile: float, log: bool) -> float:
    """Two-sided normal p value."""
    if log:
        value, low, high = (math.log(number) for number in (value, low, high))
    return math.erfc(abs(value) / ((high - low) / (2 * quantile)) / math.sqrt(2))
