"""A table of studies as people keep it, a CSV file: its headers, its rows, its numbers."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from evidence.errors import BadInput, EmptySelection, refuse

#: Headers under which the names of the studies are looked for, in this order.
LABEL_HEADERS: Final = ("study", "label", "slab", "trial", "author")
_DELIMITERS: Final = (",", ";", "\t")
_ABSENT: Final = ("", "na", "nan", "n/a", "null", "none", ".", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTable:
    """The cells of a file, one row for each study.

    Attributes
    ----------
    name : str
        Name of the file, for messages.
    headers : tuple of str
        Names of the columns, in small letters.
    rows : tuple of tuple of str
        Cells, as they stand in the file.
    lines : tuple of int
        Line of the file on which each row ends.
    """

    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

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
        rows = tuple((*(row[place] for place in places), *row) for row in self.rows)
        return replace(self, headers=(*names, *rest), rows=rows)

    def labels(self) -> list[str] | None:
        """Return the names of the studies, if the file has any."""
        header = next((name for name in LABEL_HEADERS if name in self.headers), None)
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
        columns = {name: [_number(cell) for cell in self.cells(name)] for name in wanted}
        problems += [fault for name in wanted for fault in self._faults(name, columns[name])]
        refuse(
            BadInput, f"The numbers of {self.name} cannot be read; nothing was pooled.", problems
        )
        return columns

    def _faults(self, name: str, values: Sequence[float]) -> Iterator[str]:
        labels = self.labels() or [""] * len(self.lines)
        for cell, value, line, label in zip(
            self.cells(name), values, self.lines, labels, strict=True
        ):
            if not math.isfinite(value):
                yield f"line {line}{f' ({label})' if label else ''}: {name} {_what_is_wrong(cell)}"


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
    text = _text(source, name)
    header = next((line for line in text.splitlines() if line.strip()), "")
    if not header:
        raise EmptySelection(f"{name} was to be pooled and is empty. Give a CSV file of studies.")
    delimiter = max(_DELIMITERS, key=header.count)
    return _parsed(name, text, delimiter)


def _text(source: str, name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise BadInput(
            f"{source} was to be pooled and cannot be read: {error.strerror}. "
            "Give the path of a CSV file with one row for each study, or - for standard input."
        ) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{name} was to be pooled and is no text in UTF-8 (byte {error.start + 1}). "
            "Save the sheet as 'CSV UTF-8'."
        ) from error


def _parsed(name: str, text: str, delimiter: str) -> StudyTable:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BadInput(
            f"{name} was to be read as CSV and line {reader.line_num} is none: {error}."
        ) from error
    (_, header), *studies = rows
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
        headers=tuple(cell.strip().lower() for cell in header),
        rows=tuple(tuple(row) for _, row in studies),
        lines=tuple(line for line, _ in studies),
    )


def _number(cell: str) -> float:
    """Return the number of a cell; NaN for a cell that holds none."""
    text = cell.strip().replace("\N{MINUS SIGN}", "-")
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _what_is_wrong(cell: str) -> str:
    text = cell.strip()
    if text.lower() in _ABSENT:
        return "is missing; give the number, or leave out the row"
    if "," in text:
        return f"is {text!r}; write decimals with a point and thousands without a sign"
    return f"is {text!r}, which is not a number"
