"""From arm-level and published numbers to contrasts: which numbers give the effect of each trial.

A *route* says from what an effect is computed. Routes are tried in the order that the analysis
declares; the first one for which a trial has all numbers is used, and the contrast says which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from evidence.errors import BadInput, EmptySelection, refuse
from evidence.outcomes.routes import addresses, try_routes
from evidence.outcomes.selection import (
    Question,
    is_compared,
    is_treated,
    one_row,
    participants,
    select_outcome,
)
from evidence.trials.dataset.load import Trials
from evidence.trials.rows.columns import Row

#: The published ratio that belongs to a measure.
RATIO_OF = {"IRR": "rate_ratio", "HR": "hazard_ratio", "RR": "risk_ratio", "OR": "odds_ratio"}
ROUTES = (
    "published-ratio",
    "events-per-person-years",
    "rates-with-ci",
    "rates-of-patients",
    "events-of-patients",
    "percentages-of-patients",
)
#: For the routes over two arms: what is needed of an arm, as arguments for arm 1 and arm 2.
_ARGUMENTS = {
    "events-per-person-years": {"count": ("x1i", "x2i"), "person_years": ("t1i", "t2i")},
    "rates-with-ci": {
        "rate": ("rate1", "rate2"),
        "rate_low": ("low1", "low2"),
        "rate_high": ("high1", "high2"),
    },
    "rates-of-patients": {
        "rate": ("rate1", "rate2"),
        "n": ("n1", "n2"),
        "months": ("months1", "months2"),
    },
    "events-of-patients": {"events": ("ai", "ci"), "n": ("n1i", "n2i")},
    "percentages-of-patients": {"proportion": ("percent1", "percent2"), "n": ("n1i", "n2i")},
}
_INTERVAL = {"estimate": "value", "ci_low": "ci_low", "ci_high": "ci_high"}
#: What the numbers of two arms must share, and what to do where they do not.
_SHARED = {
    "timepoint_months": "Narrow `months`, or use `choose`",
    "outcome_definition": "Name one of `definitions`, or use `choose`",
}
_OF_AN_ARM = ("events", "count", "person_years", "rate", "proportion", "km_proportion")


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
        Confidence level of the published intervals among the inputs, as a proportion.
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


def find_contrasts(
    trials: Trials, question: Question, *, measure: str, routes: Sequence[str]
) -> Contrasts:
    """Return one contrast for each study that has the numbers of one of the routes.

    Parameters
    ----------
    trials : Trials
        Dataset.
    question : Question
        Outcome, treatments, time and studies.
    measure : str
        Measure of the effect, such as RR.
    routes : sequence of str
        Which numbers may give the effect, the preferred first; see ``ROUTES``.

    Raises
    ------
    BadInput
        A route is unknown, several rows or arms of a study fit, or its arms were measured at
        different times, by different definitions or with intervals of different levels; all such
        studies are named together.
    EmptySelection
        No study has the numbers of any route.
    """
    _check_words(measure, routes)
    by_study: dict[str, list[Row]] = defaultdict(list)
    for row in select_outcome(trials, question):
        by_study[row["study_id"]].append(row)

    def find(rows: Sequence[Row], route: str) -> Contrast | None:
        return _Study(trials=trials, question=question, rows=rows).contrast(measure, route)

    attempt = try_routes(by_study.items(), find, routes=routes, exclude=question.exclude)
    refuse(BadInput, f"{len(attempt.problems)} studies need a choice.", attempt.problems)
    if not attempt.found:
        raise EmptySelection(
            f"{question.outcome}: {len(by_study)} studies report it "
            f"({', '.join(sorted(by_study))}), and none has the numbers of {', '.join(routes)}. "
            "Add a route, or extract the missing numbers."
        )
    return Contrasts(
        question=question, measure=measure, contrasts=attempt.found, left_out=attempt.left_out
    )


def substituted(trials: Trials, contrast: Contrast, result_id: str) -> Contrast:
    """Return a contrast whose effect is taken from another published ratio with its interval.

    Raises
    ------
    BadInput
        The row is of another study, or prints no ratio with an interval.
    """
    row = trials.row(result_id)
    is_ratio = row["statistic"] in RATIO_OF.values() and _has_interval(row)
    if row["study_id"] != contrast.study_id or not is_ratio:
        raise BadInput(
            f"{result_id} was to stand for the effect of {contrast.study_id} "
            "and is no ratio of that study with an interval."
        )
    inputs = addresses(result_id, _INTERVAL)
    return replace(contrast, route="published-ratio", inputs=inputs, level=row["ci_level"] / 100)


def _check_words(measure: str, routes: Sequence[str]) -> None:
    unknown = [route for route in routes if route not in ROUTES]
    if unknown or measure not in RATIO_OF:
        raise BadInput(
            f"A comparison needs a measure of {', '.join(RATIO_OF)} "
            f"and routes of {', '.join(ROUTES)}.",
            unknown,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Study:
    """The rows of one study that answer the question."""

    trials: Trials
    question: Question
    rows: Sequence[Row]

    def contrast(self, measure: str, route: str) -> Contrast | None:
        """Return the contrast by one route, or None if a number is missing."""
        self._check_arms()
        return self._published(measure) if route == "published-ratio" else self._by_arms(route)

    def _check_arms(self) -> None:
        treated = [row for row in self.rows if is_treated(row, self.question)]
        compared = [row for row in self.rows if is_compared(row, self.question)]
        others = [row["comparator_arm"] for row in treated if row["comparator_arm"] is not None]
        self._check_single("arms", [row["arm"] for row in treated])
        self._check_single("comparator_arms", [*others, *(row["arm"] for row in compared)])

    def _check_single(self, field: str, names: Iterable[str]) -> None:
        arms = sorted(set(names))
        if len(arms) > 1:
            study_id = self.rows[0]["study_id"]
            raise BadInput(f"{study_id}: arms {', '.join(arms)} all fit; name one with `{field}`.")

    def _published(self, measure: str) -> Contrast | None:
        statistic = RATIO_OF[measure]
        fitting = [
            row
            for row in self.rows
            if row["statistic"] == statistic and _has_interval(row) and row["value_operator"] == "="
        ]
        row = one_row(fitting, f"{self.rows[0]['study_id']}, {statistic} with interval")
        if row is None:
            return None
        inputs = addresses(row["result_id"], _INTERVAL)
        contrast = self._contrast(row, str(row["comparator_arm"]), "published-ratio", inputs)
        return replace(contrast, level=row["ci_level"] / 100)

    def _by_arms(self, route: str) -> Contrast | None:
        treated = [row for row in self.rows if is_treated(row, self.question)]
        compared = [row for row in self.rows if is_compared(row, self.question)]
        numbers = (_arm_numbers(self.trials, treated), _arm_numbers(self.trials, compared))
        wanted = _ARGUMENTS[route]
        if any(name not in found for found in numbers for name in wanted):
            return None
        inputs = {
            arguments[arm]: numbers[arm][name]
            for arm in (0, 1)
            for name, arguments in wanted.items()
        }
        used = {address.partition("#")[0] for address in inputs.values()}
        rows = [row for row in self.rows if row["result_id"] in used]
        for column, advice in _SHARED.items():
            _check_shared(rows, column, advice)
        contrast = self._contrast(treated[0], str(compared[0]["arm"]), route, inputs)
        if route != "rates-with-ci":
            return contrast
        _check_shared(rows, "ci_level", "Name another route")
        return replace(contrast, level=rows[0]["ci_level"] / 100)

    def _contrast(self, row: Row, other: str, route: str, inputs: Mapping[str, str]) -> Contrast:
        return Contrast(
            study_id=row["study_id"],
            study=row["study"],
            arm=str(row["arm"]),
            comparator_arm=other,
            route=route,
            inputs=inputs,
            shown={**self._shown(row, str(row["arm"]), 1), **self._shown(row, other, 2)},
        )

    def _shown(self, row: Row, arm: str, number: int) -> dict[str, str]:
        alone = [one for one in self.rows if one["arm"] == arm and one["comparator_arm"] is None]
        numbers = _arm_numbers(self.trials, alone)
        size = participants(self.trials, row, arm)
        if size is not None:
            numbers.setdefault("n", f"{size}#value")
        return {f"{name}{number}": at for name, at in numbers.items()}


def _has_interval(row: Row) -> bool:
    return row["value"] is not None and row["ci_low"] is not None


def _check_shared(rows: Sequence[Row], column: str, advice: str) -> None:
    """Refuse rows that do not share what makes their numbers comparable."""
    found = {str(row["result_id"]): row[column] for row in rows}
    if len(set(found.values())) > 1:
        raise BadInput(
            f"{rows[0]['study_id']}: numbers of different {column} are not compared. {advice}.",
            [f"{result_id}: {value}" for result_id, value in found.items()],
        )


def _arm_numbers(trials: Trials, rows: Sequence[Row]) -> dict[str, str]:
    """Return statistic to address for the rows of one arm, with its number of patients."""
    numbers: dict[str, str] = {}
    for statistic in _OF_AN_ARM:
        numbers |= _statistic_numbers(rows, statistic)
    size = participants(trials, rows[0]) if rows else None
    if size is not None:
        numbers["n"] = f"{size}#value"
    return numbers


def _statistic_numbers(rows: Sequence[Row], statistic: str) -> dict[str, str]:
    fitting = [
        row
        for row in rows
        if row["statistic"] == statistic
        and row["comparator_arm"] is None
        and row["value_operator"] == "="
        and (statistic != "proportion" or row["unit"] == "%")
    ]
    if not fitting:
        return {}
    row = one_row(fitting, f"{rows[0]['study_id']}, {rows[0]['arm']}, {statistic}")
    if row is None or row["value"] is None:
        return {}
    columns = {statistic: "value"}
    if row["unit"] == "relapses/patient-year" and row["timepoint_months"] is not None:
        columns["months"] = "timepoint_months"
    if row["ci_low"] is not None:
        columns |= {f"{statistic}_low": "ci_low", f"{statistic}_high": "ci_high"}
    return addresses(row["result_id"], columns)
