"""Doses that cannot be: against their arm, against their schedule, against a lifetime maximum."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evidence.trials.audit.basis.book import Book, exact
from evidence.trials.audit.basis.findings import Arithmetic, Finding, calculate, found
from evidence.trials.audit.basis.rounding import rounded, share, span, text
from evidence.trials.rows.columns import Row

ARM = "dose-against-its-arm"
SCHEDULE = "yearly-dose-against-total"
LIFETIME = "cumulative-dose-over-maximum"
_UNITS = frozenset(("mg", "ug", "g", "mg/kg", "mg/m2", "g/m2"))
_LIFETIME = re.compile(r"\blifetime (?:maximum|total)\b")
_YEARLY = re.compile(r"\b(?:each|per|every|a) year\b|\byearly\b")
_OVER_YEARS = re.compile(r"\b(?:over|in) (\d+) years\b")
_IN_ALL = re.compile(r"\binfusions? in (?:all|each arm)\b|\btotal (?:number of )?infusions\b")
_PUBLISHED = "The dose and its schedule in the primary publication"


def doses_against_arms(book: Book) -> Iterator[Finding]:
    """Yield doses printed for an arm that are not the dose of the arm."""
    for row in _amounts(book):
        stated = _stated(row)
        if row["outcome_definition"] is None and stated and row["value"] not in stated:
            calculation = calculate(
                dose_of_arm, {"dose": (row, "value")}, stated=stated, unit=row["unit"]
            )
            claim = "A dose is printed that its arm does not have"
            yield found(ARM, "contradiction", [row], claim, calculation, _PUBLISHED)


def _amounts(book: Book) -> Iterator[Row]:
    for row in book.rows:
        amount = row["outcome"] == "dose" and row["statistic"] == "amount"
        if amount and row["unit"] in _UNITS and exact(row):
            yield row


def _stated(row: Row) -> list[float]:
    """Return the doses in the arm's description that have the unit of a row."""
    unit = re.escape(row["unit"])
    return [
        float(number)
        for number in re.findall(rf"(\d+(?:\.\d+)?) ?{unit}(?![/\w])", str(row["dose"] or ""))
    ]


def dose_of_arm(*, dose: float, stated: list[float], unit: str) -> Arithmetic:
    """Return that a dose is none of those of its arm.

    Parameters
    ----------
    dose : float
        Printed dose, in ``unit``.
    stated : list of float
        Doses of the arm.
    unit : str
        Their unit.
    """
    known = " and ".join(text(number) for number in stated)
    nearest = min(abs(dose - number) for number in stated)
    return Arithmetic(
        text=f"{text(dose)} {unit} is printed for an arm of {known} {unit}",
        gap=share(nearest, dose, *stated),
    )


def yearly_doses_against_totals(book: Book) -> Iterator[Finding]:
    """Yield doses of a year that, over the years printed, are not the total printed."""
    for total in _amounts(book):
        years = _OVER_YEARS.search(str(total["outcome_definition"] or ""))
        for row in book.by_study[str(total["study_id"])] if years else ():
            yearly = _YEARLY.search(str(row["outcome_definition"] or ""))
            same = row["outcome"] == "dose" and row["unit"] == total["unit"] and exact(row)
            if years and yearly and same and row["arm"] == total["arm"]:
                yield from _against_total(row, total, float(years[1]), book)


def _against_total(row: Row, total: Row, years: float, book: Book) -> Iterator[Finding]:
    calculation = calculate(
        total_of_years,
        {"yearly": (row, "value"), "total": (total, "value")},
        years=years,
        decimals=[book.decimals(row), book.decimals(total)],
    )
    if calculation.result.gap > 0:
        claim = "A yearly dose times the years is not the total dose"
        yield found(SCHEDULE, "contradiction", [row, total], claim, calculation, _PUBLISHED)


def total_of_years(
    *, yearly: float, total: float, years: float, decimals: list[int | None]
) -> Arithmetic:
    """Return a yearly dose times the years, with rounding, beside the total printed.

    Parameters
    ----------
    yearly, total : float
        Printed doses of a year and in all.
    years : float
        How many years.
    decimals : list of int or None
        Decimals printed.
    """
    can = span(lambda dose: dose * years, rounded(yearly, decimals[0]))
    printed = rounded(total, decimals[1])
    distance = 0.0 if can.meets(printed) else can.distance(printed)
    shown = f"{text(yearly, decimals[0])} × {text(years)} = {text(yearly * years)}"
    return Arithmetic(
        text=f"{shown}; printed {text(total, decimals[1])}", gap=share(distance, total)
    )


def doses_over_maximum(book: Book) -> Iterator[Finding]:
    """Yield regimens whose dose times number exceeds the lifetime maximum printed for the drug."""
    limits = {
        (row["therapy"], row["unit"], row["value"]): row
        for row in _amounts(book)
        if _LIFETIME.search(str(row["outcome_definition"] or ""))
    }
    for limit in limits.values():
        for row in _amounts(book):
            if row["outcome_definition"] is None and _same_drug(row, limit):
                for number in _numbers(row, book):
                    yield from _over(row, number, limit)


def _same_drug(row: Row, limit: Row) -> bool:
    one_unit = row["unit"] == limit["unit"] and row["study_id"] != limit["study_id"]
    return bool(one_unit and row["therapy"] == limit["therapy"])


def _numbers(row: Row, book: Book) -> Iterator[Row]:
    """Yield how many times the dose was given in all, printed for the arm or for each arm."""
    for other in book.select(row["study_id"], outcome="treatment-courses", unit="courses"):
        of_arm = other["arm"] in (row["arm"], None)
        if of_arm and _IN_ALL.search(str(other["outcome_definition"] or "")):
            yield other


def _over(row: Row, number: Row, limit: Row) -> Iterator[Finding]:
    calculation = calculate(
        cumulative_of,
        {"dose": (row, "value"), "number": (number, "value"), "limit": (limit, "value")},
        unit=row["unit"],
    )
    if calculation.result.gap > 0:
        claim = "The doses given add to more than the lifetime maximum"
        settle = f"{_PUBLISHED}; the maximum may have been set later"
        yield found(LIFETIME, "tension", [row, number, limit], claim, calculation, settle)


def cumulative_of(*, dose: float, number: float, limit: float, unit: str) -> Arithmetic:
    """Return a dose times its number beside the lifetime maximum.

    Parameters
    ----------
    dose, limit : float
        Printed dose and lifetime maximum, in ``unit``.
    number : float
        Doses given.
    unit : str
        Their unit.
    """
    total = dose * number
    shown = f"{text(dose)} × {text(number)} = {text(total)} {unit}"
    return Arithmetic(
        text=f"{shown}; the maximum is {text(limit)} {unit}",
        gap=share(max(0.0, total - limit), total),
    )
