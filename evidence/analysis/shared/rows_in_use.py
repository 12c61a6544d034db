"""Which rows of the dataset the declared analyses use; nothing is pooled to find out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from evidence.analysis.declared.analysis_file import read_analysis
from evidence.analysis.declared.places import all_slugs, analysis_path
from evidence.analysis.declared.reviews import ReviewTable
from evidence.analysis.declared.sections import Comparison, Proportion
from evidence.errors import EvidenceError
from evidence.outcomes.arms import find_cohorts
from evidence.outcomes.contrasts import find_contrasts
from evidence.trials.dataset.load import Trials


def used_rows(trials: Trials) -> dict[str, Collection[str]]:
    """Return the result_ids from which each declared analysis computes, or which it transcribes.

    A section that this dataset does not answer uses none of its rows.

    Parameters
    ----------
    trials : Trials
        Dataset.
    """
    used: dict[str, Collection[str]] = {}
    for slug in all_slugs():
        sections = read_analysis(analysis_path(slug)).declared.sections
        used[slug] = {row for section in sections for row in _rows_of(section, trials)}
    return used


def _rows_of(section: object, trials: Trials) -> list[str]:
    try:
        if isinstance(section, Comparison):
            return list(_of_comparison(section, trials))
        if isinstance(section, Proportion):
            return list(_of_proportion(section, trials))
    except EvidenceError:
        return []
    return list(_of_review(section)) if isinstance(section, ReviewTable) else []


def _of_comparison(section: Comparison, trials: Trials) -> Iterator[str]:
    question = section.select.question()
    found = find_contrasts(trials, question, measure=section.measure, routes=section.routes)
    for contrast in found.contrasts:
        yield from map(_row, contrast.inputs.values())
    for variant in section.sensitivity:
        yield from variant.substitute.values()


def _of_proportion(section: Proportion, trials: Trials) -> Iterator[str]:
    found = find_cohorts(trials, section.select.question(), routes=section.routes)
    for cohort in found.cohorts:
        yield from map(_row, (*cohort.inputs.values(), cohort.reported))
        if cohort.size is not None:
            yield _row(cohort.size)


def _of_review(section: ReviewTable) -> Iterator[str]:
    for cell in section.cells:
        yield from cell.printed
        for update in cell.updates:
            yield from map(_row, update.inputs)


def _row(address: str) -> str:
    return address.partition("#")[0]
