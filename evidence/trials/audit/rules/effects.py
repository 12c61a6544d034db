"""Relative effects that their arms, or the ratio of the same comparison, cannot give."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from evidence.trials.audit.basis.book import Book, best, exact, factor, match, unit
from evidence.trials.audit.basis.definitions import Match
from evidence.trials.audit.basis.findings import (
    Arithmetic,
    Calculation,
    Finding,
    Severity,
    calculate,
    found,
)
from evidence.trials.audit.basis.rounding import (
    NOISE,
    Interval,
    hull,
    range_text,
    rounded,
    scaled,
    share,
    span,
    text,
)
from evidence.trials.rows.columns import Row

ARMS = "relative-effect-against-arms"
REDUCTION = "reduction-against-ratio"
#: Relative effect, in points of per cent, that adjustment or a model is thought able to add.
ADJUSTMENT = 10.0
#: Statistics of an arm that give a relative effect, by what they are.
_KINDS: Mapping[str, str] = {
    "rate": "rate",
    "mean": "rate",
    "proportion": "risk",
    "km_proportion": "risk",
}
_RATIOS = ("hazard_ratio", "rate_ratio", "risk_ratio")
_RELATIVE = (*_RATIOS, "relative_reduction")
_SETTLE = "The model behind the effect, and both arms with more decimals"


def effects_against_arms(book: Book) -> Iterator[Finding]:
    """Yield relative reductions and ratios that the two arms, rounding included, cannot give."""
    told: set[tuple[str, str]] = set()
    for row in book.rows:
        if exact(row) and row["comparator_arm"] and row["statistic"] in _RELATIVE:
            pair = _arms(row, book)
            for finding in _against_arms(row, *pair, book) if pair else ():
                key = (finding.study_id, finding.arithmetic)
                if key not in told:
                    told.add(key)
                    yield finding


def _arms(row: Row, book: Book) -> tuple[Row, Row] | None:
    """Return the numbers of both arms behind a relative effect: of one document, its own first."""
    candidates: dict[str, list[Row]] = {}
    for column in ("arm", "comparator_arm"):
        like = {**row, "arm": row[column], "comparator_arm": None}
        there = [
            other
            for other in book.select(row["study_id"], outcome=row["outcome"])
            if other["statistic"] in _KINDS and unit(other) != "points" and other["value"] > 0
        ]
        candidates[column] = [o for o in there if match(o, like, book) in (Match.SAME, Match.OPEN)]
    pairs = [
        (one, other)
        for one in candidates["arm"]
        for other in candidates["comparator_arm"]
        if one["source"] == other["source"]
        and one["statistic"] == other["statistic"]
        and one["outcome_definition"] == other["outcome_definition"]
    ]
    return min(pairs, key=lambda pair: _fit(row, pair, book)) if pairs else None


def _fit(row: Row, pair: tuple[Row, Row], book: Book) -> tuple[bool, bool, int, str]:
    one = pair[0]
    decimals = -min(book.decimals(arm) or 0 for arm in pair)
    return (
        one["source"] != row["source"],
        one["outcome_definition"] != row["outcome_definition"],
        decimals,
        str(one["result_id"]),
    )


def _against_arms(row: Row, treated: Row, control: Row, book: Book) -> Iterator[Finding]:
    calculation = _of_arms(row, treated, control, book)
    gap = calculation.result.gap
    rows = [row, treated, control]
    if gap > 0:
        near = 100 * gap <= ADJUSTMENT or row["source"] != treated["source"]
        severity: Severity = "tension" if near else "contradiction"
        claim = "A relative effect is printed that its two arms cannot give"
        yield found(ARMS, severity, rows, claim, calculation, _SETTLE)
    elif row["source"] == treated["source"] and _looks_off(row, treated, control, book):
        claim = "A relative effect differs from that of its printed arms, which rounding explains"
        settle = "Nothing; both arms with more decimals would remove it"
        yield found(ARMS, "within rounding", rows, claim, calculation, settle)


def _of_arms(row: Row, treated: Row, control: Row, book: Book) -> Calculation:
    inputs = {
        "effect": (row, "value"),
        "treated": (treated, "value"),
        "control": (control, "value"),
    }
    return calculate(
        effect_of_arms,
        inputs,
        decimals=[book.decimals(one) for one in (row, treated, control)],
        factors=[factor(treated), factor(control)],
        measure=row["statistic"],
        of_arms=_KINDS[treated["statistic"]],
    )


def _looks_off(row: Row, treated: Row, control: Row, book: Book) -> bool:
    digits = book.decimals(row) or 0
    ratio = treated["value"] * factor(treated) / (control["value"] * factor(control))
    shown = 100 * (1 - ratio) if row["statistic"] == "relative_reduction" else ratio
    return bool(abs(round(shown, digits) - row["value"]) > NOISE)


def _implied(of_arms: str, treated: Interval, control: Interval) -> Interval:
    """Return the ratios that two arms can give.

    Two risks give a risk ratio, and, with proportional hazards, a hazard ratio; which one a
    document means is often not said, so both are held possible.
    """
    ratio = span(lambda one, other: one / other, treated, control)
    if of_arms == "rate":
        return ratio
    hazards = span(
        lambda one, other: math.log1p(-one / 100) / math.log1p(-other / 100), treated, control
    )
    return hull([ratio, hazards])


def effect_of_arms(
    *,
    effect: float,
    treated: float,
    control: float,
    decimals: Sequence[int | None],
    factors: Sequence[float],
    measure: str,
    of_arms: str,
) -> Arithmetic:
    """Return the relative effect that two arms give, with rounding, beside the one printed.

    Parameters
    ----------
    effect, treated, control : float
        As printed: a ratio or a reduction in per cent, and the numbers of both arms.
    decimals : sequence of int or None, shape (3,)
        Decimals of the three.
    factors : sequence of float, shape (2,)
        Common units in one unit of each arm.
    measure : str
        ``relative_reduction`` or a ratio.
    of_arms : str
        ``rate`` (rates or means) or ``risk`` (per cent).
    """
    arms = [
        scaled(rounded(value, digits), times)
        for value, digits, times in zip((treated, control), decimals[1:], factors, strict=True)
    ]
    ratios = _implied(of_arms, *arms)
    reduced = measure == "relative_reduction"
    can = Interval(100 * (1 - ratios.high), 100 * (1 - ratios.low)) if reduced else ratios
    printed = rounded(effect, decimals[0])
    distance = 0.0 if can.meets(printed) else can.distance(printed)
    sign = "%" if reduced else ""
    ratio = treated * factors[0] / (control * factors[1])
    given = f"{text(treated, decimals[1])} / {text(control, decimals[2])}"
    given = f"1 − {given} = {100 * (1 - ratio):.1f}%" if reduced else f"{given} = {ratio:.3f}"
    kinds = ", as a ratio of risks or of hazards" if of_arms == "risk" else ""
    return Arithmetic(
        text=f"{given} ({range_text(can)}{sign} with rounding{kinds}); "
        f"printed {text(effect, decimals[0])}{sign}",
        gap=min(1.0, distance / 100 if reduced else distance),
    )


def reductions_against_ratios(book: Book) -> Iterator[Finding]:
    """Yield relative reductions that are not one less the ratio printed for the same comparison."""
    for row in book.rows:
        if exact(row) and row["statistic"] == "relative_reduction" and row["comparator_arm"]:
            ratios = [
                other
                for other in book.select(row["study_id"], outcome=row["outcome"])
                if other["statistic"] in _RATIOS[:2]
            ]
            ratio = best(ratios, row, book)
            if ratio is not None:
                yield from _against_ratio(row, ratio, book)


def _against_ratio(row: Row, ratio: Row, book: Book) -> Iterator[Finding]:
    calculation = calculate(
        reduction_of_ratio,
        {"reduction": (row, "value"), "ratio": (ratio, "value")},
        decimals=[book.decimals(row), book.decimals(ratio)],
    )
    if calculation.result.gap > 0:
        same = row["source"] == ratio["source"]
        severity: Severity = "contradiction" if same else "tension"
        claim = "A relative reduction is not one less the ratio printed for the same comparison"
        yield found(REDUCTION, severity, [row, ratio], claim, calculation, _SETTLE)


def reduction_of_ratio(
    *, reduction: float, ratio: float, decimals: Sequence[int | None]
) -> Arithmetic:
    """Return the reduction that a ratio gives, with rounding, beside the one printed.

    Parameters
    ----------
    reduction : float
        In per cent.
    ratio : float
        Hazard or rate ratio.
    decimals : sequence of int or None, shape (2,)
        Decimals of both.
    """
    ratios = rounded(ratio, decimals[1])
    can = Interval(100 * (1 - ratios.high), 100 * (1 - ratios.low))
    printed = rounded(reduction, decimals[0])
    distance = 0.0 if can.meets(printed) else can.distance(printed)
    shown = f"1 − {text(ratio, decimals[1])} = {100 * (1 - ratio):.1f}%"
    return Arithmetic(
        text=f"{shown} ({range_text(can)}% with rounding); printed {text(reduction, decimals[0])}%",
        gap=share(distance, reduction),
    )
