"""Which rows of the dataset the declared analyses use; nothing is pooled to find out."""

from __future__ import annotations

from collections.abc import Collection

from evidence.analysis.declared.analysis_file import read_analysis
from evidence.analysis.declared.places import all_slugs, analysis_path
from evidence.analysis.sections.kinds import KINDS
from evidence.analysis.shared.entries import SectionEntry
from evidence.errors import EvidenceError
from evidence.trials.dataset.load import Trials


def used_rows(trials: Trials) -> dict[str, Collection[str]]:
    """Return the result_ids from which each declared analysis computes, or which it transcribes.

    A section that this dataset does not answer uses none of its rows.
    """
    used: dict[str, Collection[str]] = {}
    for slug in all_slugs():
        sections = read_analysis(analysis_path(slug)).declared.sections
        used[slug] = {row for section in sections for row in _rows_of(section, trials)}
    return used


def _rows_of(section: SectionEntry, trials: Trials) -> list[str]:
    try:
        return list(KINDS[section.kind].rows_in_use(section, trials))
    except EvidenceError:
        return []
