"""From the curated YAML files to ``trials.parquet``, with every problem of every file reported at once.

The file is a function of its input alone: rows are sorted, no clock is read, and the same YAML gives
the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from evidence.errors import BadInput, CurationError, DatasetError
from evidence.files import write_bytes
from evidence.trials.columns import COLUMN_NAMES, SCHEMA_VERSION, arrow_schema
from evidence.trials.preference import prefer
from evidence.trials.schema import ResultEntry, SourceEntry, StudyFile
from evidence.vocabulary import Vocabulary, vocabulary_from

if TYPE_CHECKING:
    import pyarrow as pa

LICENCE = "CC BY 4.0"
Row = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curated:
    """The content of ``data/``: validated entries, before they become rows."""

    vocabulary: Vocabulary
    sources: Mapping[str, SourceEntry]
    studies: tuple[StudyFile, ...]


def read_curated(data: Path) -> Curated:
    """Read and check ``vocabulary.yaml``, ``sources.yaml`` and ``studies/*.yaml`` below ``data``.

    Raises
    ------
    DatasetError
        The folder is not a curated dataset.
    CurationError
        Any entry is wrong; all problems of all files are listed with file and field.
    """
    wanted = [data / "vocabulary.yaml", data / "sources.yaml", data / "studies"]
    absent = [path.name for path in wanted if not path.exists()]
    if absent:
        raise DatasetError(
            f"{data} was asked for as the curated dataset and lacks {', '.join(absent)}. "
            "Run the command in the project's folder, or name the folder with --data."
        )
    vocabulary = vocabulary_from(_yaml(wanted[0]))
    problems: list[str] = []
    sources = _entries(_yaml(wanted[1]), problems)
    files = [(path, _study(path, problems)) for path in sorted(wanted[2].glob("*.yaml"))]
    studies = tuple(study for _, study in files if study is not None)
    for path, study in files:
        if study is not None:
            problems += [f"{path.name}: {fault}" for fault in _faults(path, study, vocabulary, sources)]
    problems += _repeated(studies)
    if problems:
        raise CurationError(f"The curated files have {len(problems)} problems; nothing was written.", problems)
    return Curated(vocabulary=vocabulary, sources=sources, studies=studies)


def rows_of(curated: Curated) -> list[Row]:
    """Return one row for each reported number, sorted by ``result_id``.

    Raises
    ------
    CurationError
        Several documents give different values for a quantity and none is marked as preferred.
    """
    rows = [_row(study, entry, curated.sources) for study in curated.studies for entry in study.results]
    ranks = {key: source.origin for key, source in curated.sources.items()}
    rows, problems = prefer(sorted(rows, key=lambda row: str(row["result_id"])), ranks)
    if problems:
        raise CurationError(f"{len(problems)} quantities need a decision; nothing was written.", problems)
    return rows


def table_of(curated: Curated, *, version: str) -> pa.Table:
    """Return the dataset as an Arrow table that carries its vocabulary, sources and studies."""
    import pyarrow as pa

    rows = rows_of(curated)
    schema = arrow_schema()
    columns = {name: [row[name] for row in rows] for name in COLUMN_NAMES}
    table = pa.table(columns, schema=schema)
    return table.replace_schema_metadata(_metadata(curated, version))


def build(data: Path, target: Path, *, version: str) -> int:
    """Write the dataset to ``target`` and return its number of rows."""
    content = to_bytes(table_of(read_curated(data), version=version))
    write_bytes(target, content.to_pybytes())
    import pyarrow.parquet as pq

    return int(pq.read_metadata(target).num_rows)


def to_bytes(table: pa.Table) -> pa.Buffer:
    """Return the bytes of the parquet file; every option that could vary is fixed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, compression="zstd", compression_level=9, version="2.6", use_dictionary=True, write_statistics=False
    )
    return sink.getvalue()


def _metadata(curated: Curated, version: str) -> dict[str, str]:
    studies = {
        study.study_id: {
            "name": study.name,
            "overlaps": study.overlaps,
            "note": study.note,
            "arms": {name: arm.model_dump(exclude_none=True) for name, arm in study.arms.items()},
        }
        for study in curated.studies
    }
    sources = {key: {**source.model_dump(exclude_none=True), "origin": source.origin} for key, source in curated.sources.items()}
    parts = {"vocabulary": curated.vocabulary.to_dict(), "sources": sources, "studies": studies}
    return {
        "dataset_version": version,
        "schema_version": str(SCHEMA_VERSION),
        "licence": LICENCE,
        **{name: json.dumps(part, ensure_ascii=False, sort_keys=name != "vocabulary") for name, part in parts.items()},
    }


def _yaml(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except yaml.YAMLError as error:
        raise CurationError(f"{path.name} is not valid YAML.", [" ".join(str(error).split())]) from error
    if not isinstance(content, dict):
        raise CurationError(f"{path.name} must be a mapping of keys to values and is {type(content).__name__}.")
    return content


def _entries(content: Mapping[str, Any], problems: list[str]) -> dict[str, SourceEntry]:
    sources = {}
    for key, entry in content.items():
        parsed = _parsed(SourceEntry, entry, f"sources.yaml: {key}", problems)
        if parsed is not None:
            sources[str(key)] = parsed
    return sources


def _study(path: Path, problems: list[str]) -> StudyFile | None:
    try:
        content = _yaml(path)
    except BadInput as error:
        problems.append(str(error).replace("\n", " "))
        return None
    return _parsed(StudyFile, content, path.name, problems)


def _parsed(model: type[Model], entry: object, where: str, problems: list[str]) -> Model | None:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            field = ".".join(str(part) for part in fault["loc"])
            problems.append(f"{where}: {field or 'entry'}: {fault['msg'].removeprefix('Value error, ')}")
        return None


def _faults(path: Path, study: StudyFile, vocabulary: Vocabulary, sources: Mapping[str, SourceEntry]) -> Iterable[str]:
    if path.stem != study.study_id:
        yield f"study_id: {study.study_id!r} must be the file's name"
    yield from _unknown_words(vocabulary, "designs", study.design, "design")
    yield from _unknown_words(vocabulary, "populations", study.population, "population")
    for name, arm in study.arms.items():
        yield from _unknown_words(vocabulary, "therapies", arm.therapy, f"arms.{name}.therapy")
    for index, entry in enumerate(study.results):
        for fault in _entry_faults(entry, study, vocabulary, sources):
            yield f"results.{index} ({entry.outcome}, {entry.statistic}): {fault}"
    yield from _impossible_counts(study)


def _unknown_words(vocabulary: Vocabulary, kind: str, word: str, field: str) -> Iterable[str]:
    try:
        vocabulary.term(kind, word)
    except BadInput as error:
        yield f"{field}: {error}"


def _entry_faults(
    entry: ResultEntry, study: StudyFile, vocabulary: Vocabulary, sources: Mapping[str, SourceEntry]
) -> Iterable[str]:
    for kind, word in (("outcomes", entry.outcome), ("statistics", entry.statistic), ("units", entry.unit)):
        yield from _unknown_words(vocabulary, kind, word, kind[:-1])
    if entry.finding is not None:
        yield from _unknown_words(vocabulary, "findings", entry.finding, "finding")
    for field, arm in (("arm", entry.arm), ("comparator_arm", entry.comparator_arm)):
        if arm is not None and arm not in study.arms:
            yield f"{field}: {arm!r} is not an arm of this file ({', '.join(study.arms)})"
    source = sources.get(entry.source)
    if source is None:
        yield f"source: {entry.source!r} is not in sources.yaml"
    elif (source.file is not None) != (entry.lines is not None):
        yield "lines: needed where the source's text is at hand, and only there"
    yield from _out_of_bounds(entry)


def _out_of_bounds(entry: ResultEntry) -> Iterable[str]:
    counts = ("n", "events", "count", "studies", "person_years")
    if entry.value is None:
        return
    if entry.statistic in counts and entry.value < 0:
        yield f"value: {entry.value:g} is negative, and {entry.statistic} counts something"
    if entry.statistic in ("proportion", "km_proportion") and entry.unit == "%" and not 0 <= entry.value <= 100:
        yield f"value: {entry.value:g} % is not a proportion of patients"
    if entry.statistic.endswith("_ratio") and entry.value <= 0:
        yield f"value: a ratio of {entry.value:g} has no logarithm"


def _impossible_counts(study: StudyFile) -> Iterable[str]:
    """Events of an arm cannot exceed the largest number of patients printed for it."""
    sizes: dict[str | None, float] = defaultdict(float)
    for entry in study.results:
        whole = entry.definition is None and entry.subgroup is None
        if entry.statistic == "n" and whole and entry.value is not None:
            sizes[entry.arm] = max(sizes[entry.arm], entry.value)
    for index, entry in enumerate(study.results):
        size = sizes.get(entry.arm, 0.0)
        if entry.statistic == "events" and entry.value is not None and 0 < size < entry.value:
            yield f"results.{index} ({entry.outcome}): {entry.value:g} events in an arm of {size:g} patients"


def _repeated(studies: Iterable[StudyFile]) -> list[str]:
    seen: dict[str, str] = {}
    problems = []
    for study in studies:
        for index, entry in enumerate(study.results):
            name = result_id(study, entry)
            if name in seen:
                problems.append(f"{study.study_id}.yaml: results.{index}: same result_id as {seen[name]} ({name}); give it `n: 2`")
            seen.setdefault(name, f"results.{index}")
    return problems


def result_id(study: StudyFile, entry: ResultEntry) -> str:
    """Return the stable name of a result, such as ``care-ms-1/relapse/24m/placebo/events@smith2010-1``."""
    time = "any" if entry.timepoint_months is None else f"{entry.timepoint_months:g}m"
    arm = entry.arm or "study"
    compared = f"{arm}-vs-{entry.comparator_arm}" if entry.comparator_arm else arm
    return f"{study.study_id}/{entry.outcome}/{time}/{compared}/{entry.statistic}@{entry.source}-{entry.n}"


def _row(study: StudyFile, entry: ResultEntry, sources: Mapping[str, SourceEntry]) -> Row:
    arm = study.arms[entry.arm] if entry.arm else None
    comparator = study.arms[entry.comparator_arm] if entry.comparator_arm else None
    source = sources[entry.source]
    low, high = entry.ci or (None, None)
    range_low, range_high = entry.range or (None, None)
    first, last = entry.lines or (None, None)
    return {
        "result_id": result_id(study, entry),
        **{name: getattr(study, name) for name in ("study_id", "registry_id", "design", "phase", "year", "population")},
        "study": study.name,
        **{name: getattr(entry, name) for name in ("subgroup", "analysis_set", "arm", "comparator_arm", "outcome")},
        "therapy": arm.therapy if arm else None,
        "dose": arm.dose if arm else None,
        "comparator": comparator.therapy if comparator else None,
        "outcome_definition": entry.definition,
        "value_operator": entry.operator,
        **{name: getattr(entry, name) for name in ("timepoint_months", "statistic", "value", "unit", "finding")},
        "ci_low": low,
        "ci_high": high,
        "ci_level": (entry.ci_level or 95.0) if entry.ci else None,
        "range_low": range_low,
        "range_high": range_high,
        "p_value": entry.p,
        "p_operator": (entry.p_operator or "=") if entry.p is not None else None,
        **{name: getattr(entry, name) for name in ("source", "locator", "printed", "extraction", "note")},
        "source_file": source.file,
        "line_start": first,
        "line_end": last,
        "origin": source.origin,
        "preferred": entry.preferred,
        "preference_reason": entry.preference_reason,
    }


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
