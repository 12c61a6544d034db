"""Which rows of the dataset answer a question about an outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evidence.errors import BadInput, EmptySelection, UnknownName, refuse
from evidence.trials.dataset.load import Criterion, Trials
from evidence.trials.rows.columns import Row

#: Which patients a denominator counts, the most suitable first: for a harm all who were treated.
ANALYSIS_SETS = {
    "safety": ("safety", "treated", "transplanted", None, "ITT", "randomised", "analysed"),
    "efficacy": (
        "analysed",
        "ITT",
        "full analysis set",
        "treated",
        "transplanted",
        "safety",
        None,
        "randomised",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question to the dataset: an outcome, in which patients, on which therapy, against what.

    Attributes
    ----------
    outcome : str
        Outcome of the vocabulary.
    definitions : tuple of str
        Definitions that count, where an outcome has several (such as 6-month confirmation); empty
        for any.
    therapy, comparator : str
        Therapies of the vocabulary; no comparator for a single-arm question.
    arms, comparator_arms : tuple of str
        Arms to use where a study has several of the therapy; empty for all.
    designs : tuple of str
        Designs to use; empty for all.
    months : tuple of float
        First and last time point that count, in months; None for any.
    studies : tuple of str
        Only these studies; empty for all.
    exclude : mapping of str to str
        Studies left out, each with its reason.
    choose : mapping of str to mapping
        For a study with several suitable rows: further columns and their values.
    """

    outcome: str
    therapy: str
    comparator: str | None = None
    definitions: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()
    comparator_arms: tuple[str, ...] = ()
    designs: tuple[str, ...] = ()
    months: tuple[float, float] | None = None
    studies: tuple[str, ...] = ()
    exclude: Mapping[str, str] = field(default_factory=dict)
    choose: Mapping[str, Mapping[str, str | float | None]] = field(default_factory=dict)


def select_outcome(trials: Trials, question: Question) -> list[Row]:
    """Return the preferred rows about the question's outcome, therapy, designs, time and studies.

    Parameters
    ----------
    trials : Trials
        Dataset.
    question : Question
        Outcome, therapy, designs, time and studies.

    Raises
    ------
    BadInput
        The question names a study, therapy, arm or word that the dataset does not have.
    EmptySelection
        No row answers the question.
    """
    _check_names(trials, question)
    found = trials.where(**_criteria(question)).rows()
    rows = [row for row in found if _wanted(row, question)]
    if not rows:
        months = question.months
        time = f" at {months[0]:g} to {months[1]:g} months" if months else ""
        raise EmptySelection(
            f"{question.outcome} with {question.therapy} was asked for{time}; "
            "the dataset has the outcome, but not for these arms and times. "
            "Widen `months`, `arms` or `studies`."
        )
    return rows


def _criteria(question: Question) -> dict[str, Criterion]:
    lists = {
        "outcome_definition": question.definitions,
        "design": question.designs,
        "study_id": question.studies,
    }
    chosen = {column: list(values) for column, values in lists.items() if values}
    return {"outcome": question.outcome, "preferred": True, **chosen}


def _check_names(trials: Trials, question: Question) -> None:
    studies = sorted({*question.studies, *question.exclude, *question.choose})
    problems = [
        *_unknown("study", studies, trials.studies),
        *_unknown_arms(trials, "therapy", question.therapy, question.arms),
    ]
    if question.comparator is not None:
        arms = question.comparator_arms
        problems += _unknown_arms(trials, "comparator", question.comparator, arms)
    refuse(BadInput, "The question has names that the dataset does not have.", problems)


def _unknown_arms(trials: Trials, kind: str, therapy: str, arms: Sequence[str]) -> Iterator[str]:
    """Yield the therapy if the vocabulary lacks it, or else its arms that no study has."""
    therapies = trials.vocabulary.names("therapies")
    if therapy not in therapies:
        yield from _unknown(kind, [therapy], therapies)
        return
    known = {
        name
        for study in trials.studies.values()
        for name, arm in study["arms"].items()
        if arm["therapy"] == therapy
    }
    yield from _unknown(f"{therapy} arm", arms, known)


def _unknown(kind: str, names: Iterable[str], known: Collection[str]) -> Iterator[str]:
    yield from (str(UnknownName(kind, name, known)) for name in names if name not in known)


def _wanted(row: Row, question: Question) -> bool:
    if row["study_id"] in question.exclude or row["subgroup"] is not None:
        return False
    months = row["timepoint_months"]
    if question.months and (
        months is None or not question.months[0] <= months <= question.months[1]
    ):
        return False
    chosen = question.choose.get(row["study_id"], {})
    if any(row[name] != value for name, value in chosen.items()):
        return False
    return is_treated(row, question) or is_compared(row, question)


def is_treated(row: Row, question: Question) -> bool:
    """Tell whether a row is about the question's therapy (alone or against its comparator)."""
    if row["therapy"] != question.therapy or (question.arms and row["arm"] not in question.arms):
        return False
    return row["comparator_arm"] is None or _is_comparator(
        row["comparator"], row["comparator_arm"], question
    )


def is_compared(row: Row, question: Question) -> bool:
    """Tell whether a row is about the comparator arm."""
    return row["comparator_arm"] is None and _is_comparator(row["therapy"], row["arm"], question)


def _is_comparator(therapy: str, arm: str, question: Question) -> bool:
    if therapy != question.comparator:
        return False
    return not question.comparator_arms or arm in question.comparator_arms


def one_row(rows: Sequence[Row], asked: str) -> Row | None:
    """Return the only row, or None if there is none.

    Raises
    ------
    BadInput
        Several rows fit, so that a choice is needed.
    """
    if len(rows) > 1:
        raise BadInput(
            f"{asked}: {len(rows)} rows fit and one is needed. Narrow the selection with `choose`.",
            [str(row["result_id"]) for row in rows],
        )
    return rows[0] if rows else None


def participants(trials: Trials, row: Row, arm: str | None = None) -> str | None:
    """Return the result_id of the number of patients behind a row.

    It is that of the row's own analysis set, else that of the most suitable one.

    Parameters
    ----------
    row : mapping
        A row about an outcome.
    arm : str, optional
        Asks for the patients of another arm of the row's study.
    """
    study_id, arm, analysis_set = row["study_id"], arm or str(row["arm"]), row["analysis_set"]
    found: dict[str | None, str] = {}
    for other in trials.rows_of(study_id):
        if _is_size(other, arm):
            found.setdefault(other["analysis_set"], str(other["result_id"]))
    if analysis_set in found and analysis_set is not None:
        return found[analysis_set]
    domain = trials.vocabulary.term("outcomes", row["outcome"]).attributes["domain"]
    order = ANALYSIS_SETS["safety" if domain == "safety" else "efficacy"]
    ranked = [found[name] for name in order if name in found] or list(found.values())
    return ranked[0] if ranked else None


def _is_size(row: Row, arm: str) -> bool:
    whole = row["subgroup"] is None and row["outcome_definition"] is None
    return bool(
        row["outcome"] == "participants"
        and row["statistic"] == "n"
        and row["arm"] == arm
        and row["preferred"]
        and whole
        and row["value"] is not None
    )
