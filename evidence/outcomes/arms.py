"""Single arms and cohorts: which numbers give the proportion of patients with an outcome."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evidence.errors import BadInput, EmptySelection, refuse
from evidence.outcomes.routes import addresses, try_routes
from evidence.outcomes.selection import (
    Question,
    is_treated,
    one_row,
    participants,
    select_outcome,
)
from evidence.trials.dataset.load import Trials
from evidence.trials.rows.columns import Row

#: From what a proportion of a cohort is computed.
ARM_ROUTES = ("events-of-patients", "proportion-with-ci", "percentage-of-patients")
_INTERVAL = {"percent": "value", "ci_low": "ci_low", "ci_high": "ci_high"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """One cohort's numbers for a proportion.

    Attributes
    ----------
    route : str
        One of ``ARM_ROUTES``.
    inputs : mapping of str to str
        Argument of the computation to ``<result_id>#<column>``.
    reported : str
        result_id of the outcome itself.
    size : str or None
        Address of the number of patients, where one is reported.
    level : float
        Confidence level of a published interval, as a proportion.
    months : float or None
        Time point of the number.
    """

    study_id: str
    study: str
    arm: str
    route: str
    inputs: Mapping[str, str]
    reported: str
    size: str | None
    level: float = 0.95
    months: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohorts:
    """The cohorts that answer a question, and why others do not."""

    question: Question
    cohorts: tuple[Cohort, ...]
    left_out: Mapping[str, str]


def find_cohorts(
    trials: Trials, question: Question, *, routes: Sequence[str] = ARM_ROUTES
) -> Cohorts:
    """Return one cohort for each study that has the numbers of one of the routes.

    A study whose patients another selected study already counts (``overlaps`` in its file) must be
    left out by name; two overlapping studies in one synthesis are refused.

    Parameters
    ----------
    trials : Trials
        Dataset.
    question : Question
        Outcome, patients, time and studies.
    routes : sequence of str
        Which numbers may give a proportion, the preferred first; see ``ARM_ROUTES``.

    Raises
    ------
    BadInput
        Rows of a study leave a choice, several of its arms fit, a route is unknown, or selected
        studies share patients.
    EmptySelection
        No study has the numbers of any route.
    """
    unknown = [route for route in routes if route not in ARM_ROUTES]
    if unknown:
        raise BadInput(f"A cohort's proportion needs routes of {', '.join(ARM_ROUTES)}.", unknown)
    attempt = try_routes(
        _treated_arms(trials, question),
        lambda rows, route: _by_route(trials, rows, route),
        routes=routes,
        exclude=question.exclude,
    )
    problems = [
        *attempt.problems,
        *_several_arms(attempt.found),
        *_shared_patients(trials, attempt.found),
    ]
    refuse(BadInput, f"{question.outcome}: {len(problems)} choices are open.", problems)
    if not attempt.found:
        raise EmptySelection(
            f"{question.outcome}: no study has the numbers of {', '.join(routes)}. "
            "Add a route, or data."
        )
    return Cohorts(question=question, cohorts=attempt.found, left_out=attempt.left_out)


def _treated_arms(trials: Trials, question: Question) -> Iterator[tuple[str, list[Row]]]:
    """Yield the rows of each arm on the question's therapy, with its study_id."""
    by_arm: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in select_outcome(trials, question):
        if is_treated(row, question) and row["comparator_arm"] is None:
            by_arm[row["study_id"], str(row["arm"])].append(row)
    yield from ((study_id, rows) for (study_id, _), rows in by_arm.items())


def _by_route(trials: Trials, rows: Sequence[Row], route: str) -> Cohort | None:
    wanted = ("events",) if route == "events-of-patients" else ("km_proportion", "proportion")
    row = _row(rows, wanted, with_interval=route == "proportion-with-ci")
    if row is None:
        return None
    size = participants(trials, row)
    inputs = _inputs(row, size, route)
    if not inputs:
        return None
    return Cohort(
        study_id=row["study_id"],
        study=row["study"],
        arm=str(row["arm"]),
        route=route,
        inputs=inputs,
        reported=str(row["result_id"]),
        size=f"{size}#value" if size is not None else None,
        level=(row["ci_level"] or 95.0) / 100,
        months=row["timepoint_months"],
    )


def _inputs(row: Row, size: str | None, route: str) -> dict[str, str]:
    if route == "proportion-with-ci":
        return addresses(row["result_id"], _INTERVAL)
    if size is None:
        return {}
    name = "xi" if route == "events-of-patients" else "percent"
    return {**addresses(row["result_id"], {name: "value"}), "ni": f"{size}#value"}


def _row(rows: Sequence[Row], statistics: Sequence[str], *, with_interval: bool) -> Row | None:
    for statistic in statistics:
        fitting = [
            row
            for row in rows
            if row["statistic"] == statistic
            and row["value"] is not None
            and row["value_operator"] == "="
            and (statistic == "events" or row["unit"] == "%")
            and (row["ci_low"] is not None or not with_interval)
        ]
        if fitting:
            return one_row(fitting, f"{rows[0]['study_id']}, {statistic}")
    return None


def _several_arms(cohorts: Sequence[Cohort]) -> Iterator[str]:
    arms: dict[str, list[str]] = defaultdict(list)
    for cohort in cohorts:
        arms[cohort.study_id].append(cohort.arm)
    for study_id, names in arms.items():
        if len(names) > 1:
            yield f"{study_id}: arms {', '.join(sorted(names))} all fit; name one with `arms`"


def _shared_patients(trials: Trials, cohorts: Sequence[Cohort]) -> list[str]:
    selected = {cohort.study_id for cohort in cohorts}
    pairs = {
        tuple(sorted((study_id, other)))
        for study_id in selected
        for other in trials.studies[study_id]["overlaps"]
        if other in selected
    }
    return [
        f"{first} and {second} share patients; put one of them under `exclude` with the reason"
        for first, second in sorted(pairs)
    ]
