"""A table as HTML: caption, column groups, header rows, body, footnotes."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from evidence.report.html.elements import classes, inline, label, lines, tag
from evidence.report.record.document import (
    Cell,
    Column,
    Footnote,
    Row,
    Table,
    check_rows,
    header_groups,
)

#: A table with more rows than this scrolls below its header where the page cannot do so.
LONG = 18
_TONES = {"agrees": ("=", "agrees: "), "differs": ("≠", "differs: ")}


def table_html(table: Table) -> str:
    """Return a table as HTML: caption, column groups, header rows, body, footnotes.

    Raises
    ------
    BadInput
        A row has another number of cells than the table has columns.
    """
    check_rows(table)
    name = f"table-{table.id}"
    caption = f"{label('Table', table.number)} {inline(table.title)}"
    content = [
        tag("caption", tag("span", caption), id=f"{name}-caption"),
        *_column_groups(table.columns),
        lines("thead", _header_rows(table.columns)),
        *(lines("tbody", rows) for rows in _bodies(table, name)),
    ]
    region = {"role": "region", "aria_labelledby": f"{name}-caption", "tabindex": "0"}
    parts = [lines("div", [lines("table", content)], cls="scroll", **region), _below(table, name)]
    kinds = ["table", "wide" * table.landscape, "long" * (len(table.rows) > LONG)]
    return lines("div", parts, cls=classes(*kinds), id=name)


def _column_groups(columns: Sequence[Column]) -> Iterator[str]:
    total = sum(column.width for column in columns)
    for _, run in header_groups(columns):
        widths = [f'<col style="width:{100 * column.width / total:.2f}%">' for column in run]
        yield tag("colgroup", "".join(widths))


def _header_rows(columns: Sequence[Column]) -> list[str]:
    groups = header_groups(columns)
    if not any(text for text, _ in groups):
        return [tag("tr", "".join(_header(column) for column in columns))]
    upper, lower = "", ""
    for text, run in groups:
        if text:
            spanned = tag("span", inline(text))
            upper += tag("th", spanned, cls="spanner", colspan=str(len(run)), scope="colgroup")
            lower += "".join(_header(column) for column in run)
        else:
            upper += "".join(_header(column, rowspan="2") for column in run)
    return [tag("tr", upper), tag("tr", lower)]


def _header(column: Column, rowspan: str = "") -> str:
    kind = _align(column)
    if not column.header:
        return tag("td", "", cls=kind, rowspan=rowspan)
    return tag("th", inline(column.header), cls=kind, rowspan=rowspan, scope="col")


def _bodies(table: Table, name: str) -> list[list[str]]:
    """Return the rows, with a new body at each group row, which heads it."""
    bodies: list[list[str]] = [[]]
    grouped = False
    for row in table.rows:
        if row.kind == "group" and bodies[-1]:
            bodies.append([])
        grouped = row.kind == "group" or (grouped and row.kind == "body")
        bodies[-1].append(_row(row, table.columns, name, grouped))
    return bodies


def _row(row: Row, columns: Sequence[Column], name: str, grouped: bool) -> str:
    if row.kind == "group":
        content = tag("span", _content(row.cells[0], name))
        head = tag("th", content, colspan=str(len(columns)), scope="rowgroup")
        return tag("tr", head, cls="group")
    pairs = zip(row.cells, columns, strict=True)
    cells = [_cell(cell, column, name, index == 0) for index, (cell, column) in enumerate(pairs)]
    kind = classes("total" * (row.kind == "total"), "grouped" * grouped)
    return tag("tr", "".join(cells), cls=kind)


def _cell(cell: Cell, column: Column, name: str, stub: bool) -> str:
    kind = classes(_align(column), "" if cell.tone == "plain" else cell.tone)
    return tag("th" if stub else "td", _content(cell, name), cls=kind, scope="row" * stub)


def _align(column: Column) -> str:
    return "" if column.align == "left" else column.align


def _content(cell: Cell, name: str) -> str:
    links = [tag("a", html.escape(mark), href=f"#{name}-note-{mark}") for mark in cell.marks]
    marks = tag("sup", ", ".join(links)) if links else ""
    return _tone(cell.tone) + inline(cell.text) + marks


def _tone(tone: str) -> str:
    """Return the sign of a tone, so that nobody needs to see its colour."""
    if tone not in _TONES:
        return ""
    sign, words = _TONES[tone]
    hidden = tag("span", words, cls="visually-hidden")
    return tag("span", sign, cls="tone", aria_hidden="true") + hidden


def _below(table: Table, name: str) -> str:
    notes = lines("div", [_footnote(note, name) for note in table.footnotes], cls="footnotes")
    link = tag("a", "CSV", href=f"tables/{table.id}.csv", download=True)
    return lines("div", [notes, tag("p", link, cls="file")], cls="below")


def _footnote(note: Footnote, name: str) -> str:
    if not note.mark:
        return tag("p", inline(note.text))
    mark = tag("sup", html.escape(note.mark))
    return tag("p", f"{mark} {inline(note.text)}", id=f"{name}-note-{note.mark}")
