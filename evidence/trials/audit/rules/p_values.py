"""p values that contradict one another, words that contradict a p value, and exchanged legends."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from evidence.trials.audit.basis.book import Book, best, by, family, match, place
from evidence.trials.audit.basis.definitions import Match
from evidence.trials.audit.basis.findings import (
    Arithmetic,
    Finding,
    Severity,
    calculate,
    found,
    worst,
)
from evidence.trials.audit.basis.grouping import components
from evidence.trials.audit.basis.rounding import NOISE, rounded, text, unexplained
from evidence.trials.rows.columns import Row

VALUES = "p-values-of-one-comparison"
WORDS = "words-against-p"
LEGEND = "legend-of-significance-marks"
#: Level at which the field calls a result significant.
LEVEL = 0.05
#: Two p values of different tests of one comparison are thought to differ by less than this factor.
OTHER_TEST = 3.0
_BELOW = ("<", "<=")
#: Ratios and reductions of one analysis, which share a p value.
_EFFECTS = frozenset(("hazard_ratio", "rate_ratio", "relative_reduction", "p_value"))
_SIGNIFICANT = frozenset(
    ("significant-reduction", "significant-increase", "significant-improvement")
)
_NOT_SIGNIFICANT = frozenset(("not-significant", "no-difference"))


def differing_p_values(book: Book) -> Iterator[Finding]:
    """Yield comparisons for which two p values are printed that cannot both hold."""
    for rows in _comparisons(book).values():
        pairs = [
            (one, other, (one, other, severity))
            for one, other in combinations(rows, 2)
            if (severity := _severity(one, other, book)) is not None
        ]
        for group in components(pairs):
            yield _finding(group, book)


def _comparisons(book: Book) -> Mapping[tuple[object, ...], list[Row]]:
    return by((row for row in book.rows if row["p_value"] is not None), "study_id", "outcome")


def _severity(one: Row, other: Row, book: Book) -> Severity | None:
    sure = match(one, other, book)
    if sure is None or sure == Match.DIFFERENT or not _one_test(one, other):
        return None
    numbers = [one["p_value"], other["p_value"]]
    bounds = [str(one["p_operator"]), str(other["p_operator"])]
    if not _conflict(numbers, bounds, [book.decimals(row, "p_value") for row in (one, other)]):
        return None
    exact = bounds == ["=", "="]
    near = exact and max(numbers) < OTHER_TEST * min(numbers)
    sides = (numbers[0] < LEVEL) != (numbers[1] < LEVEL)
    if near and not sides:
        return "tension"
    return "contradiction" if sure == Match.SAME else "tension"


def _one_test(one: Row, other: Row) -> bool:
    kinds = {family(one), family(other)}
    return len(kinds) == 1 or kinds <= _EFFECTS


def _conflict(
    numbers: Sequence[float], bounds: Sequence[str], decimals: Sequence[int | None]
) -> bool:
    below = [bound in _BELOW for bound in bounds]
    if all(below) or not all(bound in ("=", *_BELOW) for bound in bounds):
        return False
    if any(below):
        limit, number = (numbers if below[0] else numbers[::-1])[:2]
        digits = decimals[1] if below[0] else decimals[0]
        return rounded(number, digits).low >= limit - NOISE
    return unexplained(numbers, decimals) > 0


def _finding(group: Sequence[tuple[Row, Row, Severity]], book: Book) -> Finding:
    severity = worst([entry[2] for entry in group])
    chosen = [entry for entry in group if entry[2] == severity]
    one, other, _ = max(chosen, key=lambda entry: entry[0]["source"] == entry[1]["source"])
    rows = [one, other, *(row for entry in group for row in entry[:2])]
    calculation = calculate(
        p_values_of,
        {"numbers": [(one, "p_value"), (other, "p_value")]},
        bounds=[one["p_operator"], other["p_operator"]],
        decimals=[book.decimals(row, "p_value") for row in (one, other)],
    )
    claim = "One comparison is printed with p values that cannot both hold"
    settle = "The test and its p value in the primary publication"
    turns = (one["p_value"] < LEVEL) != (other["p_value"] < LEVEL)
    return found(VALUES, severity, rows, claim, calculation, settle, turns=turns)


def p_values_of(
    *, numbers: Sequence[float], bounds: Sequence[str], decimals: Sequence[int | None]
) -> Arithmetic:
    """Return why two printed p values cannot both hold.

    Parameters
    ----------
    numbers : sequence of float, shape (2,)
        The p values, or their bounds.
    bounds : sequence of str
        ``=`` or ``<``.
    decimals : sequence of int or None
        Decimals printed.
    """
    shown = [
        f"p {bound} {text(number, digits)}"
        for number, bound, digits in zip(numbers, bounds, decimals, strict=True)
    ]
    times = max(numbers) / min(numbers) if min(numbers) > 0 else math.inf
    gap = min(1.0, 1.0 - 1.0 / times)
    if not _conflict(numbers, bounds, decimals):
        return Arithmetic(text=f"{shown[0]} and {shown[1]} can both hold", gap=0.0)
    if list(bounds) == ["=", "="]:
        return Arithmetic(
            text=f"{shown[0]} and {shown[1]} differ by a factor of {text(times)}", gap=gap
        )
    number, bound = (shown[::-1] if bounds[0] in _BELOW else shown)[:2]
    return Arithmetic(text=f"{number} is not {bound}; it is {text(times)} times the bound", gap=gap)


def words_against_p(book: Book) -> Iterator[Finding]:
    """Yield results called significant, or not, against the p value of the same comparison."""
    worded = [row for row in book.rows if row["finding"] in _SIGNIFICANT | _NOT_SIGNIFICANT]
    for row in worded:
        for other in book.by_study[str(row["study_id"])]:
            if other["outcome"] == row["outcome"] and _gainsays(row, other):
                sure = match(row, other, book)
                if sure in (Match.SAME, Match.OPEN):
                    yield _worded(row, other, sure, book)


def _gainsays(row: Row, other: Row) -> bool:
    if other["p_value"] is None or row["comparator_arm"] is None:
        return False
    significant = other["p_value"] < LEVEL or (
        other["p_value"] <= LEVEL and other["p_operator"] in _BELOW
    )
    if other["p_operator"] in _BELOW and other["p_value"] > LEVEL:
        return False
    return significant == (row["finding"] in _NOT_SIGNIFICANT)


def _worded(row: Row, other: Row, sure: Match, book: Book) -> Finding:
    said = row["finding"] in _SIGNIFICANT
    calculation = calculate(
        word_of,
        {"p": (other, "p_value")},
        bound=other["p_operator"],
        significant=said,
        decimals=book.decimals(other, "p_value"),
    )
    severity: Severity = "contradiction" if sure == Match.SAME else "tension"
    claim = "A result is called significant, or not, against its p value"
    settle = "The p value in the primary publication"
    return found(WORDS, severity, [row, other], claim, calculation, settle, turns=True)


def word_of(*, p: float, bound: str, significant: bool, decimals: int | None) -> Arithmetic:
    """Return why a p value contradicts the word that goes with it.

    Parameters
    ----------
    p : float
        Printed p value.
    bound : str
        Its operator: =, < or >.
    significant : bool
        What the word says.
    decimals : int or None
        Decimals printed.
    """
    word = "significant" if significant else "not significant"
    side = "is below" if p < LEVEL or (bound in _BELOW and p <= LEVEL) else "is not below"
    return Arithmetic(
        text=f"p {bound} {text(p, decimals)} {side} {LEVEL:g}, and the result is called {word}",
        gap=min(1.0, abs(p - LEVEL) / LEVEL),
    )


def exchanged_legend(book: Book) -> Iterator[Finding]:
    """Yield tables whose two significance marks fit the p values elsewhere only if exchanged."""
    tables: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in book.rows:
        if row["p_value"] is not None and row["p_operator"] in _BELOW:
            tables[place(row)].append(row)
    for where, rows in tables.items():
        levels = sorted({float(row["p_value"]) for row in rows})
        if where[1] != "text" and len(levels) == 2:
            pairs = [(row, other) for row in rows if (other := _elsewhere(row, where, book))]
            yield from _exchanged(pairs, levels, book)


def _elsewhere(row: Row, where: tuple[str, str], book: Book) -> Row | None:
    """Return the p value of the same comparison in another place: of the same document first."""
    there = [
        other
        for other in book.by_study[str(row["study_id"])]
        if other["p_value"] is not None and other["outcome"] == row["outcome"]
    ]
    return best([o for o in there if place(o) != where and _one_test(row, o)], row, book)


def _exchanged(
    pairs: Sequence[tuple[Row, Row]], levels: Sequence[float], book: Book
) -> Iterator[Finding]:
    other_level = {levels[0]: levels[1], levels[1]: levels[0]}
    wrong = [pair for pair in pairs if _holds_not(pair, float(pair[0]["p_value"]), book)]
    if not wrong or any(_holds_not(pair, other_level[pair[0]["p_value"]], book) for pair in pairs):
        return
    marked = list({row["result_id"]: row for row, _ in pairs}.values())
    calculation = calculate(
        legend_of,
        {
            "marks": [(row, "p_value") for row, _ in pairs],
            "numbers": [(other, "p_value") for _, other in pairs],
        },
        bounds=[other["p_operator"] for _, other in pairs],
        decimals=[book.decimals(other, "p_value") for _, other in pairs],
    )
    rows = [wrong[0][0], wrong[0][1], *marked, *(other for _, other in pairs)]
    claim = "The significance marks of a table fit the p values printed elsewhere only if exchanged"
    settle = "The table's legend in the journal's own version, or its authors"
    yield found(LEGEND, "contradiction", rows, claim, calculation, settle)


def _holds_not(pair: tuple[Row, Row], level: float, book: Book) -> bool:
    other = pair[1]
    return _conflict(
        [level, other["p_value"]],
        ["<", str(other["p_operator"])],
        [None, book.decimals(other, "p_value")],
    )


def legend_of(
    *,
    marks: Sequence[float],
    numbers: Sequence[float],
    bounds: Sequence[str],
    decimals: Sequence[int | None],
) -> Arithmetic:
    """Return how many p values printed elsewhere fit a table's marks as they are, and exchanged.

    Parameters
    ----------
    marks : sequence of float, shape (k,)
        Bounds that the marks stand for.
    numbers : sequence of float, shape (k,)
        p values, or bounds, printed elsewhere for the same comparisons.
    bounds, decimals : sequence, shape (k,)
        Their operators and printed decimals.
    """
    low, high = min(marks), max(marks)
    exchanged = [low if mark == high else high for mark in marks]
    told = list(zip(numbers, bounds, decimals, strict=True))
    wrong = _unfitting(marks, told)
    still = _unfitting(exchanged, told)
    reasons = dict.fromkeys(
        f"p {bounds[i]} {text(numbers[i], decimals[i])} is marked p < {marks[i]:g}" for i in wrong
    )
    fit = f"{len(told) - len(still)} of {len(told)} p values fit"
    return Arithmetic(
        text=f"{'; '.join(reasons)}; with the marks exchanged {fit}, "
        f"as printed {len(told) - len(wrong)}",
        gap=len(wrong) / len(told),
    )


def _unfitting(marks: Sequence[float], told: Sequence[tuple[float, str, int | None]]) -> list[int]:
    """Return the positions of the p values that are not below their mark."""
    return [
        i
        for i, (mark, (number, bound, digits)) in enumerate(zip(marks, told, strict=True))
        if _conflict([mark, number], ["<", bound], [None, digits])
    ]
