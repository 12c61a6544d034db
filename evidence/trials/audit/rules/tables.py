"""Odds ratios and p values that the counts of both arms cannot give."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from evidence.trials.audit.basis.book import Book, exact, match
from evidence.trials.audit.basis.definitions import Match
from evidence.trials.audit.basis.findings import Arithmetic, Cell, Finding, calculate, found
from evidence.trials.audit.basis.rounding import share, text
from evidence.trials.audit.rules.percentages import sizes_of
from evidence.trials.rows.columns import Row

ODDS = "odds-ratio-against-counts"
P_VALUE = "p-value-against-counts"
#: Factor by which the p values of different tests of one table are thought to differ.
OTHER_TEST = 20.0
LEVEL = 0.05


class _Table(NamedTuple):
    events: tuple[Row, Row]
    sizes: tuple[Row, Row]

    def inputs(self) -> dict[str, Cell]:
        names = ("treated", "control", "treated_n", "control_n")
        rows = (*self.events, *self.sizes)
        return {name: (row, "value") for name, row in zip(names, rows, strict=True)}

    def rows(self) -> list[Row]:
        return [*self.events, *self.sizes]


def odds_ratios_against_counts(book: Book) -> Iterator[Finding]:
    """Yield odds ratios whose own confidence limits do not hold the ratio of their counts."""
    for row in book.rows:
        if row["statistic"] == "odds_ratio" and exact(row) and row["ci_low"] is not None:
            table = _table(row, book)
            if table is not None:
                calculation = calculate(
                    odds_of_counts,
                    {
                        "ratio": (row, "value"),
                        "low": (row, "ci_low"),
                        "high": (row, "ci_high"),
                        **table.inputs(),
                    },
                )
                if calculation.result.gap > 0:
                    claim = "An odds ratio is not that of its counts"
                    settle = "Whether the ratio is adjusted, and the counts behind it"
                    rows = [row, *table.rows()]
                    yield found(ODDS, "tension", rows, claim, calculation, settle)


def _table(row: Row, book: Book) -> _Table | None:
    """Return the counts and numbers of both arms of a comparison, in its own document."""
    events, sizes = [], []
    for column in ("arm", "comparator_arm"):
        like = {**row, "arm": row[column], "comparator_arm": None}
        same = {"outcome": row["outcome"], "statistic": "events", "source": row["source"]}
        there = list(book.select(row["study_id"], **same))
        count = next((o for o in there if match(o, like, book) == Match.SAME), None)
        size = sizes_of(count, book)[:1] if count is not None else []
        if count is None or not size or not 0 <= count["value"] <= size[0].row["value"]:
            return None
        events.append(count)
        sizes.append(size[0].row)
    return _Table((events[0], events[1]), (sizes[0], sizes[1]))


def odds_of_counts(
    *,
    ratio: float,
    low: float,
    high: float,
    treated: float,
    control: float,
    treated_n: float,
    control_n: float,
) -> Arithmetic:
    """Return the odds ratio of two counts beside the one printed and its limits.

    Parameters
    ----------
    ratio, low, high : float
        Odds ratio and confidence limits as printed.
    treated, control, treated_n, control_n : float
        Patients with the event and patients, in both arms.
    """
    without = (treated_n - treated, control_n - control)
    if not (control and without[0] and without[1] and treated):
        return Arithmetic(text="a count of zero or of all patients gives no odds ratio", gap=0.0)
    odds = treated * without[1] / (without[0] * control)
    inside = low <= odds <= high
    products = f"({text(treated)} × {text(without[1])}) / ({text(without[0])} × {text(control)})"
    return Arithmetic(
        text=f"{products} = {odds:.3g}; printed {text(ratio)} ({text(low)} to {text(high)})",
        gap=0.0 if inside else share(abs(odds - ratio), odds, ratio),
    )


def p_values_against_counts(book: Book) -> Iterator[Finding]:
    """Yield p values far from that of the counts of both arms, on the other side of the level."""
    for row in book.rows:
        if row["p_value"] is not None and row["comparator_arm"]:
            table = _table(row, book)
            if table is not None:
                calculation = calculate(
                    p_of_counts, {"p": (row, "p_value"), **table.inputs()}, bound=row["p_operator"]
                )
                if calculation.result.gap > 0:
                    claim = "A p value is far from that of its counts"
                    settle = "The test behind the p value, and whether it is of these counts"
                    rows = [row, *table.rows()]
                    yield found(P_VALUE, "tension", rows, claim, calculation, settle, turns=True)


def p_of_counts(
    *,
    p: float,
    treated: float,
    control: float,
    treated_n: float,
    control_n: float,
    bound: str,
) -> Arithmetic:
    """Return the p value of the chi-squared test of two counts beside the one printed.

    Parameters
    ----------
    p : float
        As printed, or its bound.
    treated, control, treated_n, control_n : float
        Patients with the event and patients, in both arms.
    bound : str
        ``=`` or ``<``.

    References
    ----------
    Pearson K (1900). Philosophical Magazine 50:157-175; without continuity correction.
    """
    given = _chi_squared_p(treated, control, treated_n, control_n)
    below = bound in ("<", "<=")
    smaller, larger = sorted((max(given, 1e-300), max(p, 1e-300)))
    far = larger / smaller > OTHER_TEST and (given < LEVEL) != (p < LEVEL or below)
    far = far and not (below and given < p)
    arms = f"{text(treated)} of {text(treated_n)} against {text(control)} of {text(control_n)}"
    return Arithmetic(
        text=f"{arms} gives p = {given:.2g}; printed p {bound} {text(p)}",
        gap=1.0 - smaller / larger if far else 0.0,
    )


def _chi_squared_p(treated: float, control: float, treated_n: float, control_n: float) -> float:
    pooled = (treated + control) / (treated_n + control_n)
    variance = pooled * (1 - pooled) * (1 / treated_n + 1 / control_n)
    if variance == 0:
        return 1.0
    z = abs(treated / treated_n - control / control_n) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))
