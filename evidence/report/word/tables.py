"""A table as a native Word table, with its footnotes below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from evidence.report.record.document import (
    Cell,
    Column,
    Row,
    Table,
    Text,
    check_rows,
    header_groups,
    plain,
)
from evidence.report.word.pages import MARGIN, SIDES
from evidence.report.word.text import Marks, paragraph, run

#: A table that fills at most this share of a page is kept on one page.
SHORT = 0.6
# For table text of 8.5 points, in twentieths of a point: the mean width of a letter, the height of
# a line, and the space around a row.
_LETTER, _LINE, _GAP = 90, 208, 84
_TONES = {
    "agrees": ("= ", ""),
    "differs": ("≠ ", "Differs"),
    "absent": ("", "Absent"),
    "strong": ("", "Strong"),
}
_TINT = '<w:shd w:val="clear" w:color="auto" w:fill="FCEBE9"/>'
_INDENT = '<w:ind w:left="170"/>'
_BOTTOM = '<w:vAlign w:val="bottom"/>'
_NO_RULE = '<w:tcBorders><w:bottom w:val="nil"/></w:tcBorders>'
_RULE_BELOW = (
    '<w:tcBorders><w:top w:val="nil"/>'
    '<w:bottom w:val="single" w:sz="6" w:space="0" w:color="auto"/></w:tcBorders>'
)
_RULE_ABOVE = (
    '<w:tcBorders><w:top w:val="single" w:sz="6" w:space="0" w:color="auto"/></w:tcBorders>'
)
_FIRST, _FURTHER = '<w:vMerge w:val="restart"/>', '<w:vMerge w:val="continue"/>'


def table_parts(table: Table, marks: Marks, *, wide: bool) -> Iterator[str]:
    """Yield a table and the paragraphs below it, for a page that lies on its side or does not.

    Raises
    ------
    BadInput
        A row does not fit the columns.
    """
    check_rows(table)
    widths = _widths(table.columns, SIDES[wide] - 2 * MARGIN)
    whole = _height(table, widths) <= SHORT * (SIDES[not wide] - 2 * MARGIN)
    writer = _TableWriter(table=table, widths=widths, marks=marks)
    rows = writer.header() + writer.body(whole=whole)
    spanned = any(column.spanner for column in table.columns)
    yield _table_around(rows, widths, styled_header=not spanned)
    yield from writer.below()


@dataclass(frozen=True, slots=True, kw_only=True)
class _TableWriter:
    """Writes one table; ``widths`` are those of its columns, in twentieths of a point."""

    table: Table
    widths: Sequence[int]
    marks: Marks

    def header(self) -> str:
        """Return the header rows: two if columns share a header above them."""
        groups = header_groups(self.table.columns)
        spanned = any(text for text, _ in groups)
        sizes, upper, lower = iter(self.widths), "", ""
        for text, columns in groups:
            heads = [(self._heading(column), next(sizes)) for column in columns]
            above, below = self._shared(text, heads) if text else _alone(heads, spanned=spanned)
            upper, lower = upper + above, lower + below
        return "".join(_row_around(cells, header=True) for cells in (upper, lower) if cells)

    def _heading(self, column: Column) -> str:
        return paragraph("TableHeading", self.marks.runs(column.header), _align(column))

    def _shared(self, text: Text, heads: Sequence[tuple[str, int]]) -> tuple[str, str]:
        """Return the header that some columns share, and their own headers below it."""
        spanner = paragraph("TableSpanner", self.marks.runs(text))
        width = sum(size for _, size in heads)
        above = _cell(spanner, width, _span(len(heads)) + _NO_RULE + _BOTTOM)
        return above, "".join(_cell(head, size, _RULE_BELOW + _BOTTOM) for head, size in heads)

    def body(self, *, whole: bool) -> str:
        """Return the rows below the header, kept on one page if they are to stay ``whole``."""
        rows, grouped = "", False
        for index, row in enumerate(self.table.rows, start=1):
            left = len(self.table.rows) - index
            keep = whole or left == 1 if left else bool(self.table.footnotes)
            grouped = row.kind == "group" or (grouped and row.kind == "body")
            rows += self._row(row, keep=keep, indent=grouped)
        return rows

    def _row(self, row: Row, *, keep: bool, indent: bool) -> str:
        if row.kind == "group":
            text = paragraph("TableGroup", self._content(row.cells[0]))
            return _row_around(_cell(text, sum(self.widths), _span(len(self.widths))))
        style, rule = ("TableTotal", _RULE_ABOVE) if row.kind == "total" else ("TableText", "")
        cells = ""
        for index, (cell, column) in enumerate(zip(row.cells, self.table.columns, strict=True)):
            place = _INDENT if indent and index == 0 else ""
            text = paragraph(style, self._content(cell), place + _align(column), keep=keep)
            cells += _cell(text, self.widths[index], rule + _TINT * (cell.tone == "differs"))
        return _row_around(cells)

    def _content(self, cell: Cell) -> str:
        sign, style = _TONES.get(cell.tone, ("", ""))
        marks = run(", ".join(cell.marks), "FootnoteMark") if cell.marks else ""
        return (run(sign, style) if sign else "") + self.marks.runs(cell.text, style) + marks

    def below(self) -> Iterator[str]:
        """Yield the footnotes; without any, the space after the table."""
        footnotes = self.table.footnotes
        for index, note in enumerate(footnotes, start=1):
            mark = run(note.mark, "FootnoteMark") + run(" ") if note.mark else ""
            keep = index < len(footnotes)
            yield paragraph("TableFootnote", mark + self.marks.runs(note.text), keep=keep)
        if not footnotes:
            yield paragraph("TableEnd", "")


def _alone(heads: Sequence[tuple[str, int]], *, spanned: bool) -> tuple[str, str]:
    """Return headers that share nothing: over both rows, if the table has two."""
    if not spanned:
        return "".join(_cell(head, size, _BOTTOM) for head, size in heads), ""
    blank = paragraph("TableHeading", "")
    return (
        "".join(_cell(head, size, _FIRST + _NO_RULE + _BOTTOM) for head, size in heads),
        "".join(_cell(blank, size, _FURTHER + _RULE_BELOW) for _, size in heads),
    )


def _table_around(rows: str, widths: Sequence[int], *, styled_header: bool) -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    look = ("0620", "1") if styled_header else ("0600", "0")
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="EvidenceTable"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        f'<w:tblLook w:val="{look[0]}" w:firstRow="{look[1]}" w:lastRow="0" w:firstColumn="0" '
        'w:lastColumn="0" w:noHBand="1" w:noVBand="1"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"
    )


def _row_around(cells: str, *, header: bool = False) -> str:
    return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' * header}</w:trPr>{cells}</w:tr>"


def _cell(content: str, width: int, properties: str = "") -> str:
    """Return a cell; ``properties`` stand in the order of the schema."""
    size = f'<w:tcW w:w="{width}" w:type="dxa"/>'
    return f"<w:tc><w:tcPr>{size}{properties}</w:tcPr>{content}</w:tc>"


def _span(columns: int) -> str:
    return f'<w:gridSpan w:val="{columns}"/>'


def _align(column: Column) -> str:
    return "" if column.align == "left" else f'<w:jc w:val="{column.align}"/>'


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """Return widths that add up to the room, in twentieths of a point."""
    total = sum(column.width for column in columns)
    edges = [round(room * edge / total) for edge in accumulate(column.width for column in columns)]
    return [right - left for left, right in pairwise([0, *edges])]


def _height(table: Table, widths: Sequence[int]) -> int:
    """Return roughly how high a table is, from its letters, in twentieths of a point."""
    lines = [4, *(1 for _ in table.footnotes)]
    for row in table.rows:
        sizes = [sum(widths)] if row.kind == "group" else widths
        cells = zip(row.cells, sizes, strict=True)
        lines.append(max(1 + len(plain(cell.text)) * _LETTER // size for cell, size in cells))
    return sum(lines) * _LINE + len(table.rows) * _GAP
