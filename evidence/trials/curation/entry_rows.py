"""From one entry of a study's file to one row of the dataset."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.trials.curation.schema import ResultEntry, SourceEntry, StudyFile
from evidence.trials.rows.columns import Row

#: Confidence level of an interval that is printed without one, in per cent.
USUAL_LEVEL = 95.0
_OF_STUDY = ("study_id", "registry_id", "design", "phase", "year", "population")
_OF_ENTRY = (
    "subgroup", "analysis_set", "arm", "comparator_arm", "outcome", "timepoint_months", "statistic",
    "value", "unit", "finding", "source", "locator", "printed", "extraction", "note", "preferred",
    "preference_reason",
)  # fmt: skip


def result_id(study: StudyFile, entry: ResultEntry) -> str:
    """Return the stable name of a result.

    It looks like ``care-ms-1/relapse/24m/placebo/events@smith2010-1``.
    """
    months = entry.timepoint_months
    time = "any" if months is None else f"{months:g}m"
    arm = entry.arm or "study"
    compared = f"{arm}-vs-{entry.comparator_arm}" if entry.comparator_arm else arm
    place = f"{study.study_id}/{entry.outcome}/{time}/{compared}"
    return f"{place}/{entry.statistic}@{entry.source}-{entry.n}"


def row_of(study: StudyFile, entry: ResultEntry, sources: Mapping[str, SourceEntry]) -> Row:
    """Return the row of one reported number."""
    return {
        "result_id": result_id(study, entry),
        "study": study.name,
        "outcome_definition": entry.definition,
        "value_operator": entry.operator,
        **{name: getattr(study, name) for name in _OF_STUDY},
        **{name: getattr(entry, name) for name in _OF_ENTRY},
        **_therapies(study, entry),
        **_uncertainty(entry),
        **_place(entry, sources[entry.source]),
    }


def _therapies(study: StudyFile, entry: ResultEntry) -> Row:
    arm = study.arms[entry.arm] if entry.arm else None
    comparator = study.arms[entry.comparator_arm] if entry.comparator_arm else None
    return {
        "therapy": arm.therapy if arm else None,
        "dose": arm.dose if arm else None,
        "comparator": comparator.therapy if comparator else None,
    }


def _uncertainty(entry: ResultEntry) -> Row:
    low, high = entry.ci or (None, None)
    range_low, range_high = entry.range or (None, None)
    return {
        "ci_low": low,
        "ci_high": high,
        "ci_level": (entry.ci_level or USUAL_LEVEL) if entry.ci else None,
        "range_low": range_low,
        "range_high": range_high,
        "p_value": entry.p,
        "p_operator": (entry.p_operator or "=") if entry.p is not None else None,
    }


def _place(entry: ResultEntry, source: SourceEntry) -> Row:
    first, last = entry.lines or (None, None)
    return {
        "source_file": source.file,
        "line_start": first,
        "line_end": last,
        "origin": source.origin,
    }
