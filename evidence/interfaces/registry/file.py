"""A registry of meta-analyses in a file: its columns, its parts, and its rows a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from evidence.errors import BadInput, UnknownName
from evidence.interfaces.registry.batches import Batch, whole_batches

#: What the columns of a registry are called unless others are named.
COLUMNS: Final = {"id": "meta_analysis", "yi": "yi", "vi": "vi"}
#: Row groups are pooled together until they have this many rows.
_PART_ROWS: Final = 1_000_000
_KINDS: Final = ("a number", "a text or a whole number")
_BUFFER: Final = 1 << 20
#: A row of a CSV file with three columns has about so many bytes; a block holds at least a row.
_ROW_BYTES: Final = 32
_LEAST_BLOCK: Final = 1 << 10


@dataclass(frozen=True, slots=True)
class Part:
    """Row groups of a file that are one piece of work, ``begin`` up to ``end``."""

    begin: int
    end: int
    first_row: int


@dataclass(frozen=True, slots=True)
class RegistryFile:
    """A parquet or CSV file with a row for each study, those of a meta-analysis together.

    Attributes
    ----------
    path : Path
        Where it is.
    columns : mapping of str to str
        Names of its columns for id, yi and vi.
    batch_rows : int
        Rows that are read at a time.
    size : int, optional
        Its bytes where the work was given out; a worker with another file refuses.
    """

    path: Path
    columns: Mapping[str, str]
    batch_rows: int
    size: int | None = None

    @property
    def is_csv(self) -> bool:
        """Whether the file is read as CSV, in one part."""
        return self.path.suffix.lower() == ".csv"

    def id_type(self) -> pa.DataType:
        """Type of the ids, after a look at all columns.

        Raises
        ------
        BadInput
            If the file is missing or of another kind, or a column is missing or of another type.
        """
        with self._reading():
            schema = pacsv.open_csv(self.path).schema if self.is_csv else pq.read_schema(self.path)
        missing = [
            str(UnknownName("column", name, schema.names))
            for name in self.columns.values()
            if name not in schema.names
        ]
        if missing:
            raise BadInput(
                f"{self.path} was to be pooled and lacks columns. Say which hold id, yi and vi.",
                missing,
            )
        found = {} if self.is_csv else {n: schema.field(c).type for n, c in self.columns.items()}
        self._check_types(found)
        return _plain(found.get("id", pa.string()))

    def _check_types(self, found: Mapping[str, pa.DataType]) -> None:
        problems = [
            f"{self.columns[name]} is {kind}; {name} is {_KINDS[name == 'id']}"
            for name, kind in found.items()
            if not (_is_id if name == "id" else _is_number)(_plain(kind))
        ]
        if problems:
            raise BadInput(f"{self.path} was to be pooled. Change the types.", problems)

    def parts(self) -> list[Part]:
        """Pieces of work in the order of the file, whoever does them."""
        if self.is_csv:
            return [Part(0, 1, 0)]
        sizes = self._group_sizes()
        parts, begin, first_row, rows = [], 0, 0, 0
        for end, size in enumerate(sizes, start=1):
            rows += size
            if rows >= _PART_ROWS or end == len(sizes):
                parts.append(Part(begin, end, first_row))
                begin, first_row, rows = end, first_row + rows, 0
        return parts

    def batches(self, part: Part) -> Iterator[Batch]:
        """Yield the meta-analyses that start in a part, with all their rows.

        Raises
        ------
        BadInput
            If a row has no id, or the file cannot be read to its end, or is another one here.
        """
        with self._reading():
            if self.size not in (None, self.path.stat().st_size):
                raise BadInput(
                    f"{self.path} was to be pooled and has another size where the work is done. "
                    "Give all machines the same file."
                )
            if self.is_csv:
                yield from whole_batches(self._with_ids(self._csv_tables(), 0), (), None, 0)
                return
            end, before = len(self._group_sizes()), self._last_id(part.begin)
            own = self._with_ids(self._tables(part.begin, part.end), part.first_row)
            yield from whole_batches(own, self._tables(part.end, end), before, part.first_row)

    def _group_sizes(self) -> list[int]:
        with self._reading():
            metadata = pq.read_metadata(self.path)
        return [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]

    def _last_id(self, group: int) -> object:
        """Id of the last row before a row group."""
        last = None
        sizes = self._group_sizes()
        while last is None and group > 0:
            group -= 1
            if sizes[group]:
                for table in self._tables(group, group + 1, ("id",)):
                    last = table["id"][-1]
        return last

    def _tables(
        self, begin: int, end: int, names: tuple[str, ...] = ("id", "yi", "vi")
    ) -> Iterator[pa.Table]:
        """Read row groups; the buffer keeps a large row group from being held as a whole."""
        columns = [self.columns[name] for name in names]
        with pq.ParquetFile(self.path, buffer_size=_BUFFER, pre_buffer=False) as file:
            batches = file.iter_batches(self.batch_rows, range(begin, end), columns)
            yield from (_typed(batch.select(columns), names) for batch in batches if len(batch))

    def _csv_tables(self) -> Iterator[pa.Table]:
        columns = [self.columns[name] for name in COLUMNS]
        types = dict(zip(columns, (pa.string(), pa.float64(), pa.float64()), strict=True))
        reader = pacsv.open_csv(
            self.path,
            read_options=pacsv.ReadOptions(
                block_size=max(_LEAST_BLOCK, _ROW_BYTES * self.batch_rows)
            ),
            convert_options=pacsv.ConvertOptions(column_types=types, include_columns=columns),
        )
        with reader:
            yield from (_typed(batch, tuple(COLUMNS)) for batch in reader if len(batch))

    def _with_ids(self, tables: Iterator[pa.Table], first_row: int) -> Iterator[pa.Table]:
        """Pass tables on whose rows all say which meta-analysis they belong to."""
        for table in tables:
            without = _without_id(table["id"])
            if pc.any(without).as_py():
                row = first_row + without.index(True).as_py() + 1
                raise BadInput(
                    f"{self.path} was to be pooled and row {row} has no {self.columns['id']}, so "
                    "that it belongs to no meta-analysis. Give it one, or leave the row out."
                )
            yield table
            first_row += table.num_rows

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            kind = "CSV" if self.is_csv else "parquet"
            raise BadInput(
                f"{self.path} was to be pooled and cannot be read as {kind}: {error}. Give a file "
                "with a row for each study, .parquet or .csv."
            ) from error


def _typed(batch: pa.RecordBatch, names: tuple[str, ...]) -> pa.Table:
    """Columns under their own names: plain ids, and numbers in double precision."""
    arrays = [
        array.cast(_plain(array.type) if name == "id" else pa.float64())
        for name, array in zip(names, batch.columns, strict=True)
    ]
    return pa.table(arrays, names=list(names))


def _without_id(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(ids.type):
        return ids.is_null()
    return pc.fill_null(pc.equal(ids, ""), True)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_id(kind: pa.DataType) -> bool:
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return bool(text or pa.types.is_integer(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
