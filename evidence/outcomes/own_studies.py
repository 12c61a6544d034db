"""Studies of a file that people bring themselves, a CSV file: its headers, its rows, its numbers.

Each number keeps the line and the column where it stands, so that it can be followed back.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from evidence.errors import BadInput, EmptySelection, refuse
from evidence.outcomes.given_cells import GivenCell, OwnStudy, number_in, what_is_wrong

#: Headers under which the names of the studies are looked for, in this order.
LABEL_HEADERS: Final = ("study", "label", "slab", "trial", "author")
_DELIMITERS: Final = (",", ";", "\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTable:
    """The cells of a file, one row for each study.

    Attributes
    ----------
    name : str
        Name of the file.
    sha256 : str
        SHA-256 of its bytes.
    headers : tuple of str
        Names of the columns, in small letters; those given by :meth:`renamed` come first.
    places : tuple of int
        Column of the file, from 1, that each of them is.
    rows : tuple of tuple of str
        Cells, as they stand in the file.
    lines : tuple of int
        Line of the file on which each row ends.
    titles : tuple of str
        Headers as they stand in the file.
    title_line : int
        Line on which they end.
    """

    name: str
    sha256: str
    headers: tuple[str, ...]
    places: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    titles: tuple[str, ...]
    title_line: int

    def cells(self, header: str) -> list[str]:
        """Return the cells of a column."""
        position = self.headers.index(header)
        return [row[position] for row in self.rows]

    def renamed(self, names: Mapping[str, str]) -> StudyTable:
        """Return the table with names for its columns: new name to header as it stands in the file.

        Another column that had the new name already loses it.

        Raises
        ------
        BadInput
            A header does not stand in the file, or stands there twice.
        """
        found = f"found are {', '.join(self.headers)}"
        problems = [
            f"column {header!r} stands there {times} times; {found}"
            for header in names.values()
            if (times := self.headers.count(header)) != 1
        ]
        refuse(BadInput, f"{self.name} was to be read with names for its columns.", problems)
        places = [self.headers.index(header) for header in names.values()]
        rest = ["" if header in names else header for header in self.headers]
        return replace(
            self,
            headers=(*names, *rest),
            places=(*(self.places[place] for place in places), *self.places),
            rows=tuple((*(row[place] for place in places), *row) for row in self.rows),
        )

    def cell(self, line: int, column: int) -> GivenCell:
        """Return the cell at a line and column of the file, that of a header included.

        Raises
        ------
        BadInput
            There is no such cell.
        """
        row = bisect_left(self.lines, line)
        known = line == self.title_line or line in self.lines[row : row + 1]
        if not known or not 1 <= column <= len(self.titles):
            raise BadInput(
                f"A cell was sought in {self.name} at line {line}, column {column}. Its rows end "
                f"on lines {self.title_line} to {self.lines[-1]}, and it has {len(self.titles)} "
                "columns."
            )
        place = self.places.index(column)
        title = self.titles[column - 1]
        return GivenCell(
            file=self.name,
            line=line,
            column=column,
            header=title,
            token=title if line == self.title_line else self.rows[row][place].strip(),
        )

    def studies(self, headers: Iterable[str]) -> tuple[OwnStudy, ...]:
        """Return the rows as studies, with the numbers of the columns ``headers``.

        Raises
        ------
        BadInput
            A column stands in the file twice, or a cell holds no number; all faults at once.
        """
        wanted = tuple(self.numbers(headers))
        columns = {name: self.places[self.headers.index(name)] for name in wanted}
        return tuple(
            OwnStudy(
                line=line,
                name=self.name_cell(line),
                numbers={name: self.cell(line, place) for name, place in columns.items()},
            )
            for line in self.lines
        )

    def name_cell(self, line: int) -> GivenCell | None:
        """Return the cell with the name of the study on a line; None if it has none."""
        header = self._label_header()
        if header is None:
            return None
        cell = self.cell(line, self.places[self.headers.index(header)])
        return cell if cell.token else None

    def labels(self) -> list[str] | None:
        """Return the names of the studies, if the file has any."""
        header = self._label_header()
        if header is None:
            return None
        texts = [" ".join(cell.split()) for cell in self.cells(header)]
        return [text or f"line {line}" for text, line in zip(texts, self.lines, strict=True)]

    def numbers(self, headers: Iterable[str]) -> dict[str, list[float]]:
        """Return columns as numbers.

        Raises
        ------
        BadInput
            A column stands in the file twice, or a cell holds no number; all faults at once.
        """
        found = Counter(self.headers)
        wanted = tuple(headers)
        problems = [f"column {name} stands there twice" for name in wanted if found[name] > 1]
        columns = {name: [number_in(cell) for cell in self.cells(name)] for name in wanted}
        problems += [fault for name in wanted for fault in self._faults(name, columns[name])]
        refuse(
            BadInput, f"The numbers of {self.name} cannot be read; nothing was pooled.", problems
        )
        return columns

    def _label_header(self) -> str | None:
        return next((name for name in LABEL_HEADERS if name in self.headers), None)

    def _faults(self, name: str, values: Sequence[float]) -> Iterator[str]:
        labels = self.labels() or [""] * len(self.lines)
        for cell, value, line, label in zip(
            self.cells(name), values, self.lines, labels, strict=True
        ):
            if not math.isfinite(value):
                yield f"line {line}{f' ({label})' if label else ''}: {name} {what_is_wrong(cell)}"


def read_study_table(source: str) -> StudyTable:
    """Read a CSV file, or standard input for ``-``.

    Columns are parted by commas, semicolons or tabs, whichever the first line has most of. Empty
    lines are skipped; headers are read without regard to capitals.

    Raises
    ------
    BadInput
        The file is missing, is no text in UTF-8, or has rows of other lengths than its header.
    EmptySelection
        The file has no study.
    """
    name = "standard input" if source == "-" else Path(source).name
    return study_table(name, _raw(source))


def study_table(name: str, raw: bytes) -> StudyTable:
    """Read the bytes of a CSV file (see :func:`read_study_table`).

    Parameters
    ----------
    name : str
        Name of the file, for messages and addresses.
    raw : bytes
        Its content.
    """
    text = _text(name, raw)
    header = next((line for line in text.splitlines() if line.strip()), "")
    if not header:
        raise EmptySelection(f"{name} was to be pooled and is empty. Give a CSV file of studies.")
    delimiter = max(_DELIMITERS, key=header.count)
    return _table(name, hashlib.sha256(raw).hexdigest(), _parsed(name, text, delimiter))


def _raw(source: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise BadInput(
            f"{source} was to be pooled and cannot be read: {error.strerror}. "
            "Give the path of a CSV file with one row for each study, or - for standard input."
        ) from error


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{name} was to be pooled and is no text in UTF-8 (byte {error.start + 1}). "
            "Save the sheet as 'CSV UTF-8'."
        ) from error


def _parsed(name: str, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the rows that hold anything, each with the line on which it ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BadInput(
            f"{name} was to be read as CSV and line {reader.line_num} is none: {error}."
        ) from error


def _table(name: str, sha256: str, rows: Sequence[tuple[int, list[str]]]) -> StudyTable:
    (title_line, header), *studies = rows
    refuse(
        BadInput,
        f"{name} has {len(header)} columns in its first line. Give each row as many cells.",
        [f"line {line} has {len(row)} cells" for line, row in studies if len(row) != len(header)],
    )
    if not studies:
        raise EmptySelection(
            f"{name} was to be pooled and has no study below its headers ({', '.join(header)}). "
            "Give it a row for each study."
        )
    return StudyTable(
        name=name,
        sha256=sha256,
        headers=tuple(cell.strip().lower() for cell in header),
        places=tuple(range(1, len(header) + 1)),
        rows=tuple(tuple(row) for _, row in studies),
        lines=tuple(line for line, _ in studies),
        titles=tuple(cell.strip() for cell in header),
        title_line=title_line,
    )
