"""Neutral records of a report: what is said, before it becomes HTML or Word.

Text is a sequence of spans. A span is plain text without any digit, or a number or name that the
ledger has given an id; so no number can reach a reader without an origin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from evidence.errors import BadInput, VerificationError, refuse

DIGIT = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as a reader sees it; ``id`` (such as ``n12``) leads to its origin in the ledger."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """A name or citation that holds digits; ``id`` (such as ``t3``) leads to where it stands."""

    id: str
    text: str


Span = str | Shown | Named
Text = tuple[Span, ...]


def text_of(*spans: Span) -> Text:
    """Return spans as a text.

    Raises
    ------
    VerificationError
        A plain span holds a digit and so would be a number without an origin.
    """
    orphans = [span for span in spans if isinstance(span, str) and DIGIT.search(span)]
    if orphans:
        raise VerificationError(
            f"A text was to be written with digits that have no origin: {orphans}. "
            "Create them through the ledger."
        )
    return spans


def plain(text: Text) -> str:
    """Return the text without its ids.

    Parameters
    ----------
    text : Text
        Spans.
    """
    return "".join(span if isinstance(span, str) else span.text for span in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A table cell.

    Attributes
    ----------
    text : Text
    marks : tuple of str
        Marks of the footnotes that belong to the cell, such as ``("a", "b")``; superscripts.
    tone : str
        ``plain``, ``agrees``, ``differs``, ``absent`` (nothing to show) or ``strong``.
    """

    text: Text = ()
    marks: tuple[str, ...] = ()
    tone: Literal["plain", "agrees", "differs", "absent", "strong"] = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A table column.

    Attributes
    ----------
    header : Text
    align : str
        ``left``, ``center`` or ``right``.
    width : float
        Relative to the other columns.
    spanner : Text
        The header above it, which neighbours with the same one share; empty for none.
    """

    header: Text
    align: Literal["left", "center", "right"] = "left"
    width: float = 1.0
    spanner: Text = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A table row; the first cell is its stub. A ``group`` row has one cell, across the table."""

    cells: tuple[Cell, ...]
    kind: Literal["body", "group", "total"] = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footnote:
    """A footnote below a table: its mark (a letter, or empty for a general note) and its text."""

    mark: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes
    ----------
    id : str
        Its slug, and the name of its CSV file.
    number : Text
        The bare number, such as that of Table 2; the writers set the word before it.
    title : Text
    columns, rows, footnotes
        What it holds; each row fits the columns (see :func:`check_rows`).
    landscape : bool
        Whether its page lies on its side.
    """

    id: str
    number: Text
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[Footnote, ...] = ()
    landscape: bool = False


def header_groups(columns: Sequence[Column]) -> list[tuple[Text, list[Column]]]:
    """Return runs of columns that share a spanner; columns without one form runs as well."""
    return [(text, list(run)) for text, run in groupby(columns, key=lambda column: column.spanner)]


def check_rows(table: Table) -> None:
    """Refuse a table whose rows do not fit its columns.

    Raises
    ------
    BadInput
        With every row that does not fit.
    """
    needs = [1 if row.kind == "group" else len(table.columns) for row in table.rows]
    problems = [
        f"row {index} ({row.kind}) has {len(row.cells)} cells and needs {need}"
        for index, (row, need) in enumerate(zip(table.rows, needs, strict=True), start=1)
        if len(row.cells) != need
    ]
    refuse(
        BadInput,
        f"Table {table.id!r} has {len(table.columns)} columns and rows that do not fit. "
        "Give each row one cell a column, and a group row one cell.",
        problems,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure.

    Attributes
    ----------
    id : str
        Its slug, and the name of its SVG file.
    number : Text
        The bare number, such as that of Figure 2; the writers set the word before it.
    title : Text
    svg : str
        The drawing; texts with digits stand in groups whose id is ``<ledger id>-<occurrence>``.
    png : bytes
        The same drawing as pixels, for Word.
    alt : Text
        What the figure shows, for those who cannot see it.
    width_cm : float
        Natural width on paper.
    """

    id: str
    number: Text
    title: Text
    alt: Text
    svg: str = field(repr=False)
    png: bytes = field(repr=False)
    width_cm: float = 17.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A section heading; level 1 is a section of the report."""

    text: Text
    level: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph: ``lede`` opens the report, ``note`` is small print."""

    text: Text
    kind: Literal["body", "lede", "note"] = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of items, one paragraph each."""

    items: tuple[Text, ...]
    ordered: bool = False


Block = Heading | Paragraph | Listing | Table | Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report: title, opening lines, and blocks in reading order."""

    slug: str
    title: Text
    subtitle: Text
    blocks: tuple[Block, ...]

    def tables(self) -> Iterator[Table]:
        """Yield the tables in reading order."""
        yield from (block for block in self.blocks if isinstance(block, Table))

    def figures(self) -> Iterator[Figure]:
        """Yield the figures in reading order."""
        yield from (block for block in self.blocks if isinstance(block, Figure))
