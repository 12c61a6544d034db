"""From the curated YAML files to ``trials.parquet``, with all problems reported at once.

The file is a function of its input alone: rows are sorted, no clock is read, and the same YAML
gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evidence.errors import CurationError, DatasetError, refuse
from evidence.files import write_bytes
from evidence.trials.curation.entry_checks import Known, repeated_results, study_faults
from evidence.trials.curation.entry_rows import result_id, row_of
from evidence.trials.curation.files import source_entries, study_entry, vocabulary_entry
from evidence.trials.curation.preference import prefer
from evidence.trials.curation.schema import SourceEntry, StudyFile
from evidence.trials.rows.columns import COLUMN_NAMES, SCHEMA_VERSION, Row, arrow_schema
from evidence.vocabulary import Vocabulary

__all__ = ["Curated", "build", "read_curated", "result_id", "rows_of", "table_of", "to_bytes"]

LICENCE = "CC BY 4.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curated:
    """The content of ``data/``: validated entries, before they become rows."""

    vocabulary: Vocabulary
    sources: Mapping[str, SourceEntry]
    studies: tuple[StudyFile, ...]


def read_curated(data: Path) -> Curated:
    """Read and check ``vocabulary.yaml``, ``sources.yaml`` and ``studies/*.yaml`` below ``data``.

    Parameters
    ----------
    data : Path
        Folder of the curated files.

    Raises
    ------
    DatasetError
        The folder is not a curated dataset.
    CurationError
        Any entry is wrong; all problems of all files are listed with file and field.
    """
    wanted = [data / "vocabulary.yaml", data / "sources.yaml", data / "studies"]
    _check_presence(data, wanted)
    problems: list[str] = []
    vocabulary = vocabulary_entry(wanted[0], problems)
    sources = source_entries(wanted[1], problems)
    files = {path: study_entry(path, problems) for path in sorted(wanted[2].glob("*.yaml"))}
    studies = {path: study for path, study in files.items() if study is not None}
    known = Known(vocabulary=vocabulary, sources=sources, studies={path.stem for path in files})
    problems += [
        f"{path.name}: {fault}"
        for path, study in studies.items()
        for fault in study_faults(path.stem, study, known)
    ]
    problems += repeated_results(studies.values())
    if problems or vocabulary is None or sources is None:
        raise CurationError(
            f"The curated files have {len(problems)} problems; nothing was written.", problems
        )
    return Curated(vocabulary=vocabulary, sources=sources, studies=tuple(studies.values()))


def _check_presence(data: Path, wanted: Sequence[Path]) -> None:
    absent = [path.name for path in wanted if not path.exists()]
    if absent:
        raise DatasetError(
            f"{data} was asked for as the curated dataset and lacks {', '.join(absent)}. "
            "Run the command in the project's folder, or name the folder with --data."
        )


def rows_of(curated: Curated) -> list[Row]:
    """Return one row for each reported number, sorted by ``result_id``.

    Raises
    ------
    CurationError
        Several documents give different values for a quantity and none is marked as preferred.
    """
    rows = [
        row_of(study, entry, curated.sources)
        for study in curated.studies
        for entry in study.results
    ]
    ranks = {key: source.origin for key, source in curated.sources.items()}
    rows, problems = prefer(sorted(rows, key=lambda row: str(row["result_id"])), ranks)
    refuse(
        CurationError,
        f"{len(problems)} quantities need a decision; nothing was written.",
        problems,
    )
    return rows


def table_of(curated: Curated, *, version: str) -> pa.Table:
    """Return the dataset as an Arrow table that carries its vocabulary, sources and studies."""
    rows = rows_of(curated)
    columns = {name: [row[name] for row in rows] for name in COLUMN_NAMES}
    table = pa.table(columns, schema=arrow_schema())
    return table.replace_schema_metadata(_metadata(curated, version))


def build(data: Path, target: Path, *, version: str) -> int:
    """Write the dataset to ``target`` and return its number of rows.

    Parameters
    ----------
    data : Path
        Folder of the curated files.
    target : Path
        Parquet file to write.
    version : str
        Version of the dataset.

    Raises
    ------
    DatasetError, CurationError
        As for ``read_curated``.
    """
    content = to_bytes(table_of(read_curated(data), version=version))
    write_bytes(target, content.to_pybytes())
    return int(pq.read_metadata(target).num_rows)


def to_bytes(table: pa.Table) -> pa.Buffer:
    """Return the bytes of the parquet file; every option that could vary is fixed.

    Parameters
    ----------
    table : pyarrow.Table
        Rows of the dataset.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=9,
        version="2.6",
        use_dictionary=True,
        write_statistics=False,
        write_page_checksum=True,
    )
    return sink.getvalue()


def _metadata(curated: Curated, version: str) -> dict[str, str]:
    parts = {
        "vocabulary": curated.vocabulary.to_dict(),
        "sources": {
            key: {**source.model_dump(exclude_none=True), "origin": source.origin}
            for key, source in curated.sources.items()
        },
        "studies": {study.study_id: _described(study) for study in curated.studies},
    }
    return {
        "dataset_version": version,
        "schema_version": str(SCHEMA_VERSION),
        "licence": LICENCE,
        **{
            name: json.dumps(part, ensure_ascii=False, sort_keys=name != "vocabulary")
            for name, part in parts.items()
        },
    }


def _described(study: StudyFile) -> dict[str, object]:
    return {
        "name": study.name,
        "overlaps": study.shares_patients_with,
        "members": [member.model_dump(exclude_none=True) for member in study.members],
        "note": study.note,
        "arms": {name: arm.model_dump(exclude_none=True) for name, arm in study.arms.items()},
    }
