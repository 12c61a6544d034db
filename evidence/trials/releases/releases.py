"""Two releases of the dataset compared: what was added, changed field by field, and removed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evidence.trials.dataset.load import Trials, load_trials
from evidence.trials.releases.differences import (
    Change,
    Difference,
    FieldChange,
    Release,
    ReleaseDiff,
)

Record = Mapping[str, Any]
#: Columns that tell one reported number from another, whatever name the two releases give it.
_PRINTED_AT = (
    *("study_id", "source", "locator", "line_start", "line_end", "statistic"),
    *("value", "ci_low", "ci_high", "range_low", "range_high", "finding", "printed"),
)
#: Columns that repeat what is said of a study, an arm or a document, and are compared there.
_SAID_ELSEWHERE = (
    *("study", "registry_id", "design", "phase", "year", "population"),
    *("therapy", "dose", "comparator", "source_file", "origin"),
)


def diff_releases(old: Trials | str | Path, new: Trials | str | Path) -> ReleaseDiff:
    """What two releases of the dataset do not share.

    A number that was given another name, because its time, arm or outcome was corrected, counts as
    changed and not as removed and added: it is known by its document, its place and its tokens.

    Parameters
    ----------
    old, new : Trials or path
        Datasets, or files ``trials.parquet``.

    Raises
    ------
    DatasetError
        A file is missing, or has another layout than this version reads.

    Examples
    --------
    >>> print(diff_releases("trials-0.1.0.parquet", "data/trials.parquet"))
    """
    first, second = (
        given if isinstance(given, Trials) else load_trials(given) for given in (old, new)
    )
    differences = [
        *_studies(first, second),
        *_numbers(first, second),
        *_documents(first, second),
        *_words(first, second),
    ]
    return ReleaseDiff(
        old=release_of(first), new=release_of(second), differences=tuple(differences)
    )


def release_of(trials: Trials) -> Release:
    """Return version, file and size of a dataset.

    Parameters
    ----------
    trials : Trials
        Dataset.
    """
    return Release(
        version=trials.version,
        sha256=trials.sha256,
        numbers=len(trials),
        studies=len(set(trials.table["study_id"].to_pylist())),
    )


def _studies(old: Trials, new: Trials) -> Iterator[Difference]:
    before, after = _study_records(old), _study_records(new)
    sizes = [Counter(trials.table["study_id"].to_pylist()) for trials in (old, new)]
    for name, change, fields in _compared(before, after):
        count = sizes[change != "removed"][name]
        numbers = f"{count} number{'' if count == 1 else 's'}"
        label = f"{(after.get(name) or before[name])['study']}, {numbers}"
        yield Difference(change=change, kind="study", name=name, label=label, fields=fields)


def _study_records(trials: Trials) -> dict[str, Record]:
    """Return what is said of each study, its arms spread over fields of their own."""
    names = ["study_id", "study", "registry_id", "design", "phase", "year", "population"]
    firsts = {row["study_id"]: row for row in trials.table.select(names).to_pylist()}
    records: dict[str, Record] = {}
    for study_id, row in firsts.items():
        entry = trials.studies[study_id]
        arms = {
            f"arms.{arm}.{key}": value
            for arm, content in entry["arms"].items()
            for key, value in content.items()
        }
        members = [member["name"] for member in entry.get("members", [])]
        lists = {"overlaps": entry["overlaps"] or None, "members": members or None}
        said = {**lists, "note": entry["note"], **arms}
        records[study_id] = {**row, **said}
    return records


def _documents(old: Trials, new: Trials) -> Iterator[Difference]:
    for name, change, fields in _compared(old.sources, new.sources):
        label = str((new.sources.get(name) or old.sources[name])["citation"])
        yield Difference(change=change, kind="document", name=name, label=label, fields=fields)


def _words(old: Trials, new: Trials) -> Iterator[Difference]:
    before, after = (
        {
            f"{kind}/{name}": term
            for kind, terms in trials.vocabulary.to_dict().items()
            for name, term in terms.items()
        }
        for trials in (old, new)
    )
    for name, change, fields in _compared(before, after):
        label = (after.get(name) or before[name])["label"]
        yield Difference(change=change, kind="word", name=name, label=label, fields=fields)


def _compared(
    before: Mapping[str, Record], after: Mapping[str, Record]
) -> Iterator[tuple[str, Change, tuple[FieldChange, ...]]]:
    """Yield what differs between two sets of named records, sorted by name."""
    for name in sorted({*before, *after}):
        if name not in before:
            yield name, "added", ()
        elif name not in after:
            yield name, "removed", ()
        elif fields := _changes(before[name], after[name]):
            yield name, "changed", fields


def _changes(
    before: Record, after: Record, left_out: Sequence[str] = ()
) -> tuple[FieldChange, ...]:
    names = [name for name in {**before, **after} if name not in left_out]
    return tuple(
        FieldChange(field=name, old=before.get(name), new=after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _numbers(old: Trials, new: Trials) -> Iterator[Difference]:
    before = {row["result_id"]: row for row in old.rows()}
    after = {row["result_id"]: row for row in new.rows()}
    renamed = _renamed(
        [row for name, row in before.items() if name not in after],
        [row for name, row in after.items() if name not in before],
    )
    former = {name: name for name in before if name in after} | renamed
    for name in sorted(after):
        if name not in former:
            yield _number("added", after[name])
        elif fields := _changes(before[former[name]], after[name], _SAID_ELSEWHERE):
            yield _number("changed", after[name], fields)
    for name in sorted(set(before) - set(former.values())):
        yield _number("removed", before[name])


def _renamed(removed: Sequence[Record], added: Sequence[Record]) -> dict[str, str]:
    """Return new name to old name of the numbers whose place and tokens show that they are one."""
    places: dict[Hashable, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((removed, added)):
        for row in rows:
            key = tuple(str(row[name]) for name in _PRINTED_AT)
            places[key][side].append(row["result_id"])
    return {new[0]: old[0] for old, new in places.values() if len(old) == len(new) == 1}


def _number(change: Change, row: Record, fields: tuple[FieldChange, ...] = ()) -> Difference:
    lines = "" if row["line_start"] is None else f", line {row['line_start']}"
    return Difference(
        change=change,
        kind="number",
        name=row["result_id"],
        study_id=row["study_id"],
        label=_as_printed(row),
        source=f"{row['source']}: {row['locator']}{lines}",
        fields=fields,
    )


def _as_printed(row: Record) -> str:
    if row["finding"] is not None:
        return str(row["finding"])
    operator = "" if row["value_operator"] == "=" else f"{row['value_operator']} "
    ends = (row["range_low"], row["range_high"])
    value = f"{ends[0]:g} to {ends[1]:g}" if row["value"] is None and ends[0] is not None else ""
    if row["value"] is not None:
        value = f"{operator}{row['value']:g}"
    interval = f"({row['ci_low']:g} to {row['ci_high']:g})" if row["ci_low"] is not None else ""
    return " ".join(filter(None, [value, interval, row["unit"]]))
