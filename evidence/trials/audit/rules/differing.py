"""Two documents, or two places of one document, that give different values for one quantity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypedDict

from evidence.trials.audit.basis.book import (
    COUNTS,
    Book,
    by,
    exact,
    factor,
    family,
    match,
    measured_otherwise,
    unit,
)
from evidence.trials.audit.basis.definitions import Match, same_core, same_words
from evidence.trials.audit.basis.findings import (
    SEVERITIES,
    Arithmetic,
    Finding,
    Severity,
    calculate,
    found,
)
from evidence.trials.audit.basis.grouping import components
from evidence.trials.audit.basis.rounding import NOISE, share, text, unexplained
from evidence.trials.audit.rules.percentages import CRUDE, may_be_estimated
from evidence.trials.rows.columns import Row

RULE = "one-quantity-two-values"
#: Statistics that an adjustment or a model can move without any number being wrong.
_MODELLED = frozenset(
    ("rate", "location", "relative_reduction", "rate_ratio", "hazard_ratio", "odds_ratio")
)
#: Relative difference that an adjustment is thought able to explain.
ADJUSTMENT = 0.1
#: Kinds of rows that other rules look at, or that hold no single number.
_ELSEWHERE = frozenset(("p_value", "finding", "range"))
_CLAIMS: dict[Severity, str] = {
    "contradiction": "One quantity is printed with different values",
    "tension": "What may be one quantity is printed with different values",
    "within rounding": "One quantity is printed with different values that rounding explains",
    "different estimand": "Values that differ, and say that they mean different quantities",
}
_SETTLE: dict[Severity, str] = {
    "contradiction": "The page of the primary publication that prints it, and the counts behind it",
    "tension": "Definition, time and analysis set of both numbers, from the publications",
    "within rounding": "Nothing; the number with more decimals is used",
    "different estimand": "Nothing, as long as analyses do not mix the two",
}


class _Numbers(TypedDict):
    values: list[float]
    decimals: list[int | None]
    factors: list[float]


@dataclass(frozen=True, slots=True)
class _Pair:
    one: Row
    other: Row
    severity: Severity
    gap: float


def differing_values(book: Book) -> Iterator[Finding]:
    """Yield the quantities of a study that are printed with values which differ."""
    compared = [row for row in book.rows if _comparable(row)]
    for rows in by(compared, "study_id", "outcome").values():
        pairs = [
            pair
            for one, other in combinations(rows, 2)
            if (pair := _pair(one, other, book)) is not None
        ]
        for severity in SEVERITIES:
            chosen = [pair for pair in pairs if pair.severity == severity]
            for group in components([(pair.one, pair.other, pair) for pair in chosen]):
                yield _finding(group, book)


def _comparable(row: Row) -> bool:
    single = exact(row) and row["statistic"] not in _ELSEWHERE
    return single and bool(row["design"] != "guidance")


def _pair(one: Row, other: Row, book: Book) -> _Pair | None:
    if family(one) != family(other) or unit(one) != unit(other):
        return None
    sure = match(one, other, book)
    if sure is None or _sets_told_apart(one, other):
        return None
    numbers = _numbers(one, other, book)
    left = unexplained(**numbers)
    first, second = (v * f for v, f in zip(numbers["values"], numbers["factors"], strict=True))
    gap = share(left, first, second)
    severity = _severity(one, other, sure, gap, book) if left else _by_rounding(first, second, sure)
    return _Pair(one, other, severity, gap) if severity else None


def _numbers(one: Row, other: Row, book: Book) -> _Numbers:
    """Two rows as the arithmetic takes them; in their own unit where both have the same."""
    same = factor(one) == factor(other)
    return {
        "values": [one["value"], other["value"]],
        "decimals": [book.decimals(one), book.decimals(other)],
        "factors": [1.0 if same else factor(row) for row in (one, other)],
    }


def _sets_told_apart(one: Row, other: Row) -> bool:
    """Within one document, a number with an analysis set and one without are two numbers."""
    same_document = one["source"] == other["source"]
    return bool(same_document and one["analysis_set"] != other["analysis_set"])


def _by_rounding(first: float, second: float, sure: Match) -> Severity | None:
    return "within rounding" if abs(first - second) > NOISE and sure == Match.SAME else None


def _severity(one: Row, other: Row, sure: Match, gap: float, book: Book) -> Severity | None:
    if sure == Match.DIFFERENT:
        definitions = (one["outcome_definition"], other["outcome_definition"])
        related = same_core(*definitions, str(one["outcome"]))
        return "different estimand" if related else None
    if _one_is_of_another_set(one, other):
        return None
    if _explained(one, other, book):
        return "different estimand"
    if one["source"] == other["source"]:
        return "contradiction" if book.one_arm(one, other) == Match.SAME else "tension"
    if sure == Match.OPEN:
        return "contradiction" if _corroborated(one, other, book) else "tension"
    return _between_documents(one, other, gap)


def _between_documents(one: Row, other: Row, gap: float) -> Severity:
    if _undefined(one) or _undefined(other) or _unnamed_patients(one):
        return "tension"
    if family(one) == "proportion" and _one_may_be_estimated(one, other):
        return "tension"
    if family(one) not in _MODELLED:
        return "contradiction"
    inside = _inside(one, other) or _inside(other, one)
    return "tension" if inside or gap <= ADJUSTMENT else "contradiction"


def _undefined(row: Row) -> bool:
    """Tell whether an outcome that can be measured in several ways comes without a definition."""
    outcome = str(row["outcome"])
    several = "lesion" in outcome or outcome.startswith(("disability", "mri", "composite"))
    return several and row["outcome_definition"] is None


def _unnamed_patients(row: Row) -> bool:
    """Tell whether a number of patients does not say which: no analysis set, or arms together."""
    return bool(
        row["statistic"] == "n" and (row["analysis_set"] is None or row["therapy"] == "any")
    )


def _one_may_be_estimated(one: Row, other: Row) -> bool:
    """A crude share and a Kaplan-Meier estimate lie near, and documents often do not say which."""
    near = abs(one["value"] * factor(one) - other["value"] * factor(other)) <= CRUDE
    return near and one["design"] != "meta-analysis" and may_be_estimated(one)


def _inside(one: Row, other: Row) -> bool:
    return one["ci_low"] is not None and one["ci_low"] <= other["value"] <= one["ci_high"]


def _explained(one: Row, other: Row, book: Book) -> bool:
    """Different methods, an interim data cut, or a crude share beside a Kaplan-Meier one."""
    if measured_otherwise(one, other) or book.earlier(one) != book.earlier(other):
        return True
    return family(one) == "proportion" and _one_is_kaplan_meier(one, other, book)


def _one_is_kaplan_meier(one: Row, other: Row, book: Book) -> bool:
    curves = book.select(one["study_id"], outcome=one["outcome"], statistic="km_proportion")
    for curve in curves:
        if match(curve, one, book) in (Match.SAME, Match.OPEN):
            meets = [book.interval(curve).meets(book.interval(row)) for row in (one, other)]
            if meets[0] != meets[1]:
                return True
    return False


def _one_is_of_another_set(one: Row, other: Row) -> bool:
    """A count of an unnamed set need not be that of the set which another document names."""
    sets = same_words(one["analysis_set"], other["analysis_set"])
    return bool(one["statistic"] in COUNTS and sets == Match.OPEN)


def _corroborated(one: Row, other: Row, book: Book) -> bool:
    """Both documents print the same contrast for their two wordings, so they mean one analysis."""
    if one["comparator_arm"] is not None:
        return False
    first, second = (_contrasts(row, book) for row in (one, other))
    shared = first & second
    return any(p is not None for _, _, p in shared)


def _contrasts(row: Row, book: Book) -> set[tuple[str, float, float | None]]:
    same = {"outcome": row["outcome"], "outcome_definition": row["outcome_definition"]}
    there = book.select(
        row["study_id"], source=row["source"], timepoint_months=row["timepoint_months"], **same
    )
    return {
        (family(other), float(other["value"]), other["p_value"])
        for other in there
        if other["comparator_arm"] is not None and row["arm"] in _arms(other)
    }


def _arms(row: Row) -> tuple[str, str]:
    return row["arm"], row["comparator_arm"]


def _finding(group: Sequence[_Pair], book: Book) -> Finding:
    severity = group[0].severity
    extreme = max(group, key=lambda pair: pair.gap)
    rows = sorted(
        {row["result_id"]: row for pair in group for row in (pair.one, pair.other)}.values(),
        key=lambda row: (row is not extreme.one, row is not extreme.other, str(row["result_id"])),
    )
    numbers = _numbers(extreme.one, extreme.other, book)
    calculation = calculate(
        difference_of,
        {"values": [(extreme.one, "value"), (extreme.other, "value")]},
        decimals=numbers["decimals"],
        factors=numbers["factors"],
    )
    turns = book.turns(extreme.one, extreme.other)
    claim, settle = _CLAIMS[severity], _SETTLE[severity]
    return found(RULE, severity, rows, claim, calculation, settle, turns=turns)


def difference_of(
    *, values: Sequence[float], decimals: Sequence[int | None], factors: Sequence[float]
) -> Arithmetic:
    """Return how far two printed values are apart, and what their rounding explains.

    Parameters
    ----------
    values : sequence of float, shape (2,)
        The values as printed.
    decimals : sequence of int or None
        Decimals printed; None for a count.
    factors : sequence of float
        Common units in one unit of each value.
    """
    left = unexplained(values, decimals, factors)
    common = [value * times for value, times in zip(values, factors, strict=True)]
    apart = abs(common[0] - common[1])
    shown = " and ".join(text(v, d) for v, d in zip(values, decimals, strict=True))
    unequal = factors[0] != factors[1]
    told = f", in one unit {text(common[0])} and {text(common[1])}," if unequal else ""
    if not left:
        stands = f"{shown}{told} differ by {text(apart)}, which is their rounding"
        return Arithmetic(text=stands, gap=0.0)
    explained = apart - left
    of_which = f", of which rounding explains {text(explained)}" if explained > NOISE else ""
    return Arithmetic(
        text=f"{shown}{told} differ by {text(apart)}{of_which}", gap=share(left, *common)
    )
