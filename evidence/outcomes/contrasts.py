"""From arm-level and published numbers to contrasts: which numbers give the effect of each trial.

A *route* says from what an effect is computed. Routes are tried in the order that the analysis
declares; the first one for which a trial has all numbers is used, and the contrast says which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evidence.errors import BadInput, EmptySelection
from evidence.outcomes.selection import (
    Question,
    Row,
    is_compared,
    is_treated,
    one_row,
    participants,
    select_outcome,
)
from evidence.trials.load import Trials

#: The published ratio that belongs to a measure.
RATIO_OF = {"IRR": "rate_ratio", "HR": "hazard_ratio", "RR": "risk_ratio", "OR": "odds_ratio"}
ROUTES = ("published-ratio", "events-per-person-years", "rates-with-ci", "rates-of-patients", "events-of-patients")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """The comparison of two arms of one study.

    Attributes
    ----------
    study_id, study, year, arm, comparator_arm : str
        What is compared.
    route : str
        From what the effect is computed (one of ``ROUTES``).
    inputs : mapping of str to str
        Argument of the computation to ``<result_id>#<column>``.
    shown : mapping of str to str
        Further numbers for display (events and n of each arm), where the study reports them.
    level : float
        Confidence level of the published intervals, as a proportion.
    """

    study_id: str
    study: str
    arm: str
    comparator_arm: str
    route: str
    inputs: Mapping[str, str]
    shown: Mapping[str, str]
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrasts:
    """The contrasts that answer a question, and why other studies give none."""

    question: Question
    measure: str
    contrasts: tuple[Contrast, ...]
    left_out: Mapping[str, str]


def find_contrasts(trials: Trials, question: Question, *, measure: str, routes: Sequence[str]) -> Contrasts:
    """Return one contrast for each study that has the numbers of one of the routes.

    Raises
    ------
    BadInput
        A route is unknown, or several rows of a study fit; all such studies are named together.
    EmptySelection
        No study has the numbers of any route.
    """
    unknown = [route for route in routes if route not in ROUTES]
    if unknown or measure not in RATIO_OF:
        raise BadInput(f"A comparison needs a measure of {', '.join(RATIO_OF)} and routes of {', '.join(ROUTES)}.", unknown)
    by_study: dict[str, list[Row]] = defaultdict(list)
    for row in select_outcome(trials, question):
        by_study[row["study_id"]].append(row)
    found, left_out, problems = [], dict(question.exclude), []
    for study_id, rows in by_study.items():
        try:
            contrast = _first_route(trials, question, rows, measure, routes)
        except BadInput as error:
            problems.append(str(error))
            continue
        if contrast is None:
            left_out[study_id] = f"none of the routes {', '.join(routes)} has all its numbers"
        else:
            found.append(contrast)
    if problems:
        raise BadInput(f"{len(problems)} studies need a choice.", problems)
    if not found:
        raise EmptySelection(
            f"{question.outcome}: {len(by_study)} studies report it ({', '.join(sorted(by_study))}), and none has "
            f"the numbers of {', '.join(routes)}. Add a route, or extract the missing numbers."
        )
    return Contrasts(question=question, measure=measure, contrasts=tuple(found), left_out=left_out)


def _first_route(
    trials: Trials, question: Question, rows: Sequence[Row], measure: str, routes: Sequence[str]
) -> Contrast | None:
    treated = [row for row in rows if is_treated(row, question)]
    arms = sorted({str(row["arm"]) for row in treated})
    if len(arms) > 1:
        raise BadInput(f"{rows[0]['study_id']}: arms {', '.join(arms)} all fit; name one with `arms`.")
    for route in routes:
        contrast = _by_route(trials, question, rows, measure, route)
        if contrast is not None:
            return contrast
    return None


def _by_route(trials: Trials, question: Question, rows: Sequence[Row], measure: str, route: str) -> Contrast | None:
    if route == "published-ratio":
        return _published(trials, question, rows, measure)
    treated = _arm_numbers(trials, [row for row in rows if is_treated(row, question)])
    compared = _arm_numbers(trials, [row for row in rows if is_compared(row, question)])
    wanted = {
        "events-per-person-years": (("count", "x{}i"), ("person_years", "t{}i")),
        "rates-with-ci": (("rate", "rate{}"), ("rate_low", "low{}"), ("rate_high", "high{}")),
        "rates-of-patients": (("rate", "rate{}"), ("n", "n{}"), ("months", "months{}")),
        "events-of-patients": (("events", "{}i"), ("n", "n{}i")),
    }[route]
    if any(name not in treated or name not in compared for name, _ in wanted):
        return None
    inputs = {}
    for arm, numbers in ((1, treated), (2, compared)):
        for name, argument in wanted:
            letter = {1: "a", 2: "c"}[arm] if argument == "{}i" else arm
            inputs[argument.format(letter)] = numbers[name]
    first = next(row for row in rows if is_treated(row, question))
    second = next(row for row in rows if is_compared(row, question))
    return _contrast(trials, first, str(second["arm"]), route, inputs, question, rows)


def substituted(trials: Trials, contrast: Contrast, result_id: str) -> Contrast:
    """Return a contrast whose effect is taken from another published ratio with its interval.

    Raises
    ------
    BadInput
        The row is of another study, or prints no ratio with an interval.
    """
    row = trials.row(result_id)
    if row["study_id"] != contrast.study_id or row["ci_low"] is None or row["statistic"] not in RATIO_OF.values():
        raise BadInput(
            f"{result_id} was to stand for the effect of {contrast.study_id} and is no ratio of that study with an interval."
        )
    inputs = {name: f"{result_id}#{column}" for name, column in _INTERVAL.items()}
    return replace(contrast, route="published-ratio", inputs=inputs, level=row["ci_level"] / 100)


def _published(trials: Trials, question: Question, rows: Sequence[Row], measure: str) -> Contrast | None:
    fitting = [row for row in rows if row["statistic"] == RATIO_OF[measure] and row["ci_low"] is not None]
    row = one_row(fitting, f"{rows[0]['study_id']}, {RATIO_OF[measure]} with interval")
    if row is None:
        return None
    inputs = {name: f"{row['result_id']}#{column}" for name, column in _INTERVAL.items()}
    return _contrast(trials, row, str(row["comparator_arm"]), "published-ratio", inputs, question, rows)


_INTERVAL = {"estimate": "value", "ci_low": "ci_low", "ci_high": "ci_high"}


def _contrast(
    trials: Trials, row: Row, other: str, route: str, inputs: Mapping[str, str], question: Question, rows: Sequence[Row]
) -> Contrast:
    shown = {}
    for number, arm in ((1, str(row["arm"])), (2, other)):
        numbers = _arm_numbers(trials, [r for r in rows if r["arm"] == arm and r["comparator_arm"] is None])
        size = participants(trials, row, arm)
        if size is not None:
            numbers.setdefault("n", f"{size}#value")
        shown |= {f"{name}{number}": at for name, at in numbers.items()}
    return Contrast(
        study_id=row["study_id"],
        study=row["study"],
        arm=str(row["arm"]),
        comparator_arm=other,
        route=route,
        inputs=inputs,
        shown=shown,
        level=(row["ci_level"] or 95.0) / 100,
    )


def _arm_numbers(trials: Trials, rows: Sequence[Row]) -> dict[str, str]:
    """Return statistic to address for the rows of one arm, with its number of patients."""
    numbers: dict[str, str] = {}
    for statistic in ("events", "count", "person_years", "rate", "proportion", "km_proportion"):
        fitting = [row for row in rows if row["statistic"] == statistic and row["comparator_arm"] is None]
        row = one_row(fitting, f"{rows[0]['study_id']}, {rows[0]['arm']}, {statistic}") if fitting else None
        if row is None or row["value"] is None:
            continue
        numbers[statistic] = f"{row['result_id']}#value"
        if statistic == "rate" and row["timepoint_months"] is not None:
            numbers["months"] = f"{row['result_id']}#timepoint_months"
        if row["ci_low"] is not None:
            numbers |= {f"{statistic}_low": f"{row['result_id']}#ci_low", f"{statistic}_high": f"{row['result_id']}#ci_high"}
    if rows:
        size = participants(trials, rows[0])
        if size is not None:
            numbers["n"] = f"{size}#value"
    return numbers
