"""Whether a file has the columns, and carries the texts, of a dataset of this version."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from evidence.errors import DatasetError
from evidence.trials.rows.columns import COLUMN_NAMES, SCHEMA_VERSION, arrow_schema

#: What stands beside the rows: texts, and JSON objects.
_TEXTS = ("dataset_version", "licence")
_OBJECTS = ("vocabulary", "sources", "studies")


def check_layout(file: Path, table: pa.Table) -> None:
    """Refuse a table that is not as this version of the package reads it.

    Raises
    ------
    DatasetError
        Its columns, their types or their layout are others, or a text beside the rows is missing
        or damaged.
    """
    absent = [name for name in COLUMN_NAMES if name not in table.column_names]
    surplus = [name for name in table.column_names if name not in COLUMN_NAMES]
    if absent or surplus:
        raise DatasetError(
            f"{file} has other columns than this version reads: missing {absent or 'none'}, "
            f"unknown {surplus or 'none'}. "
            "Build it anew with `evidence data build`, or install the version that made it."
        )
    found = (table.schema.metadata or {}).get(b"schema_version", b"none").decode(errors="replace")
    if found != str(SCHEMA_VERSION):
        raise DatasetError(
            f"{file} has layout {found} and this version reads layout {SCHEMA_VERSION}."
        )
    _check_types(file, table)
    _check_metadata(file, table)


def _check_types(file: Path, table: pa.Table) -> None:
    schema = arrow_schema()
    if not table.schema.equals(schema, check_metadata=False):
        pairs = zip(table.schema, schema, strict=False)
        differing = [f"{found.name} ({found.type})" for found, own in pairs if found != own]
        raise DatasetError(
            f"{file} has columns of another type or in another order than this version reads: "
            f"{', '.join(differing)}. Build it anew with `evidence data build`."
        )


def _check_metadata(file: Path, table: pa.Table) -> None:
    """Refuse damaged metadata now, and not when it is first used."""
    try:
        metadata = texts_beside(table)
        absent = [name for name in (*_TEXTS, *_OBJECTS) if name not in metadata]
        faults = [f"{name} is missing" for name in absent] or [
            f"{name} is no mapping"
            for name in _OBJECTS
            if not isinstance(json.loads(metadata[name]), dict)
        ]
    except ValueError as error:
        faults = [str(error)]
    if faults:
        raise DatasetError(
            f"{file} has damaged metadata ({'; '.join(faults)}). "
            "Build it anew: `evidence data build`."
        )


def texts_beside(table: pa.Table) -> dict[str, str]:
    """Return the texts that a dataset's file carries beside its rows, by name."""
    given = table.schema.metadata or {}
    return {name.decode(): given[name].decode() for name in given if name != b"ARROW:schema"}
