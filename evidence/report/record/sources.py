"""Sources of numbers: what was printed before anything was computed, and where it stands.

A ledger knows nothing of datasets and files. It asks a source for the number or text at an address,
and for what is to be said of it. The address says which source: ``given:`` and ``file:`` begin
those of files, and every other one is of the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from evidence.outcomes.given_cells import GIVEN_CELL, GivenCell, place_of
from evidence.outcomes.own_studies import StudyTable
from evidence.trials.dataset.load import Trials
from evidence.trials.rows.columns import Row
from evidence.trials.rows.printed import decimals_printed

#: What a JSON file can hold.
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
_NUMERIC = ("value", "ci_low", "ci_high", "ci_level", "range_low", "range_high", "p_value")
_DESCRIBING = (
    "study", "locator", "printed", "value_operator", "unit", "origin", "extraction", "note",
)  # fmt: skip


class Source(Protocol):
    """Where numbers are printed that the ledger can hold."""

    @property
    def name(self) -> str:
        """Its name; of a file, by which addresses call it."""

    @property
    def identity(self) -> Mapping[str, Json]:
        """What tells it from an earlier or later state of itself: its SHA-256 among it."""

    def number(self, address: str) -> float | None:
        """Return the number at an address; None where there is none."""

    def decimals(self, address: str) -> int:
        """Return the decimals with which that number is printed."""

    def text(self, address: str) -> str:
        """Return the text at an address."""

    def said(self, address: str) -> dict[str, Json]:
        """Return what the ledger says of the number at an address: where it is, and how printed."""


@dataclass(frozen=True, kw_only=True)
class ReportedNumbers:
    """The dataset as a source; a number is at ``<result_id>#<column>``."""

    trials: Trials = field(repr=False)
    name: str = "dataset"

    @property
    def identity(self) -> Mapping[str, Json]:
        """Version and SHA-256 of the dataset."""
        return {"version": self.trials.version, "sha256": self.trials.sha256}

    def number(self, address: str) -> float | None:
        """Return a number of a row."""
        result_id, _, column = address.rpartition("#")
        value = self.trials.row(result_id)[column]
        return None if value is None else float(value)

    def decimals(self, address: str) -> int:
        """Return the decimals of a number as its document prints it; 0 for one in words."""
        result_id, _, column = address.rpartition("#")
        row = self.trials.row(result_id)
        return decimals_printed(row["printed"], float(row[column]))

    def text(self, address: str) -> str:
        """Return a text that stands beside the numbers."""
        kind, _, path = address.partition(":")
        readers: Mapping[str, Callable[[str], object]] = {
            "vocabulary": self._vocabulary,
            "study": lambda path: walk(self.trials.studies, path),
            "source": self._source,
            "row": self._row,
            "dataset": self._dataset,
        }
        return str(readers[kind](path))

    def said(self, address: str) -> dict[str, Json]:
        """Return where the row of a number is printed, and how."""
        row = self.trials.row(address.partition("#")[0])
        source = self.trials.sources[row["source"]]
        lines = {"file": row["source_file"], "lines": [row["line_start"], row["line_end"]]}
        return {
            **_filled(row, _DESCRIBING),
            "values": _filled(row, _NUMERIC),
            "source": {"key": row["source"], "citation": source["citation"], **_address(source)},
            **(lines if row["source_file"] is not None else {}),
        }

    def _row(self, path: str) -> object:
        result_id, _, column = path.rpartition("#")
        return walk(self.trials.row(result_id), column)

    def _dataset(self, path: str) -> str:
        return {"version": self.trials.version, "licence": self.trials.licence}[path]

    def _source(self, path: str) -> str:
        key, attribute = path.split("/")
        return key if attribute == "key" else str(self.trials.sources[key][attribute])

    def _vocabulary(self, path: str) -> str:
        kind, name, attribute = path.split("/")
        return str(getattr(self.trials.vocabulary.term(kind, name), attribute))


@dataclass(frozen=True, kw_only=True)
class GivenNumbers:
    """A stranger's file as a source; a cell is at ``given:<file>:<line>:<column>``."""

    table: StudyTable = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.table.name

    @property
    def identity(self) -> Mapping[str, Json]:
        """SHA-256 of the bytes of the file."""
        return {"sha256": self.table.sha256}

    def number(self, address: str) -> float | None:
        """Return the number of a cell."""
        cell = self._cell(address)
        return cell.value if cell.is_number else None

    def decimals(self, address: str) -> int:
        """Return the decimals that the file writes."""
        return self._cell(address).decimals

    def text(self, address: str) -> str:
        """Return the words of a cell, or name or SHA-256 of the file."""
        if address.startswith(GIVEN_CELL):
            return " ".join(self._cell(address).token.split())
        attribute = address.rpartition("/")[2]
        return {"name": self.name, "sha256": self.table.sha256}[attribute]

    def said(self, address: str) -> dict[str, Json]:
        """Return file, SHA-256, line, column and token of a cell, with the study it is of."""
        cell = self._cell(address)
        study = self.table.name_cell(cell.line)
        return {
            **({} if study is None else {"study": study.token}),
            "name": self.name,
            "sha256": self.table.sha256,
            "line": cell.line,
            "column": cell.header,
            "token": cell.token,
            "value": cell.value if cell.is_number else None,
        }

    def _cell(self, address: str) -> GivenCell:
        _, line, column = place_of(address)
        return self.table.cell(line, column)


def file_named_in(address: str) -> str | None:
    """Return the name of the file that an address is of; None for one of the dataset."""
    if address.startswith(GIVEN_CELL):
        return place_of(address)[0]
    kind, _, path = address.partition(":")
    return path.rpartition("/")[0] if kind == "file" else None


def walk(content: object, path: str) -> object:
    """Return what stands at a path of mappings and lists, such as ``sections/0/title``."""
    for part in path.split("/"):
        if isinstance(content, Mapping):
            content = content[part]
        elif isinstance(content, (list, tuple)):
            content = content[int(part)]
        else:
            raise KeyError(part)
    return content


def _filled(row: Row, columns: Sequence[str]) -> dict[str, Json]:
    return {name: row[name] for name in columns if row[name] is not None}


def _address(source: Mapping[str, Any]) -> dict[str, Json]:
    return {name: source[name] for name in ("address", "accessed", "doi") if name in source}
