"""A report as one self-contained HTML page in which each number leads to its origin.

Ids of the ledger stand in ``data-n`` (numbers) and ``data-t`` (names); the ledger itself stands in
the page as JSON, and ``templates/report.js`` shows from it where a number comes from.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any
from xml.etree import ElementTree as ET

from evidence.report.csv_writer import check_rows, header_groups
from evidence.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Footnote,
    Heading,
    Listing,
    Named,
    Paragraph,
    Row,
    Span,
    Table,
    Text,
    plain,
)
from evidence.report.rendered import LEDGER_GROUP

#: A table with more rows than this scrolls below its header where the page cannot do so.
LONG = 18
#: A report with more headings than this opens with a list of them.
FEW_HEADINGS = 2

_TONES = {"agrees": ("=", "agrees: "), "differs": ("≠", "differs: ")}
_XLINK = "{http://www.w3.org/1999/xlink}"
_XML = "{http://www.w3.org/XML/1998/namespace}"


def write_html(
    document: Document,
    ledger: Mapping[str, Any],
    *,
    navigation: Sequence[tuple[Text, str]] = (),
) -> str:
    """Return a report as one HTML page that needs nothing else and asks for nothing else.

    Parameters
    ----------
    document : Document
        The report.
    ledger : mapping
        What ``Ledger.to_dict`` gives. It is put into the page, with null for numbers that are not
        finite, because JSON has no word for them.
    navigation : sequence of (Text, str)
        Links to other pages, as text and address. An empty address is the page itself.

    Returns
    -------
    str
        The same text for the same input.

    Raises
    ------
    BadInput
        A table row has another number of cells than its table has columns.
    """
    headings = _heading_ids(document.blocks)
    blocks = [_block(block, headings.get(i, "")) for i, block in enumerate(document.blocks)]
    subtitle = _tag("p", _inline(document.subtitle), cls="subtitle")
    return Template(_template("report.html")).substitute(
        title=html.escape(plain(document.title)),
        style=_template("report.css"),
        navigation=_navigation(navigation),
        heading=_inline(document.title),
        subtitle=f"{subtitle}\n" if document.subtitle else "",
        contents=_contents(document, headings) if len(headings) > FEW_HEADINGS else "",
        blocks="\n".join(blocks),
        ledger=_json(ledger),
        script=_template("report.js"),
    )


def table_html(table: Table) -> str:
    """Return a table as HTML: caption, column groups, header rows, body, footnotes.

    Raises
    ------
    BadInput
        A row has another number of cells than the table has columns.
    """
    check_rows(table)
    name = f"table-{table.id}"
    caption = f"{_label('Table', table.number)} {_inline(table.title)}"
    content = [
        _tag("caption", _tag("span", caption), id=f"{name}-caption"),
        *_column_groups(table.columns),
        _lines("thead", _header_rows(table.columns)),
        *(_lines("tbody", rows) for rows in _bodies(table, name)),
    ]
    region = {"role": "region", "aria_labelledby": f"{name}-caption", "tabindex": "0"}
    link = _tag("a", "CSV", href=f"tables/{table.id}.csv", download=True)
    parts = [
        _lines("div", [_lines("table", content)], cls="scroll", **region),
        _lines(
            "div", [_footnotes(table.footnotes, name), _tag("p", link, cls="file")], cls="below"
        ),
    ]
    kinds = ["table", "wide" * table.landscape, "long" * (len(table.rows) > LONG)]
    return _lines("div", parts, cls=_kinds(*kinds), id=name)


# the page


def _template(name: str) -> str:
    return (files("evidence.report") / "templates" / name).read_text(encoding="utf-8")


def _navigation(navigation: Sequence[tuple[Text, str]]) -> str:
    links = [
        _tag("a", _inline(text, live=False), href=address)
        if address
        else _tag("span", _inline(text, live=False), aria_current="page")
        for text, address in navigation
    ]
    content = _lines("ul", [_tag("li", link) for link in links])
    return _lines("nav", [content], cls="reports", aria_label="Reports") + "\n" if links else ""


def _contents(document: Document, headings: Mapping[int, str]) -> str:
    items = []
    for index, block in enumerate(document.blocks):
        if isinstance(block, Heading):
            link = _tag("a", _inline(block.text, live=False), href=f"#{headings[index]}")
            items.append(_tag("li", link, cls="sub" * (block.level > 1)))
    title = _tag("h2", "Contents", id="contents")
    content = [title, _lines("ul", items)]
    return _lines("nav", content, cls="contents", aria_labelledby="contents") + "\n"


def _heading_ids(blocks: Iterable[Block]) -> dict[int, str]:
    """Return for each heading an id that stays the same as long as its words do."""
    given: dict[int, str] = {}
    for index, block in enumerate(blocks):
        if isinstance(block, Heading):
            slug = re.sub(r"[^a-z0-9]+", "-", plain(block.text).lower()).strip("-") or "section"
            used = sum(re.sub(r"--\d+$", "", name) == slug for name in given.values())
            given[index] = f"{slug}--{used + 1}" if used else slug
    return given


def _json(content: object) -> str:
    """Return JSON that cannot end the script element it stands in."""
    content = _finite(content)
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _finite(content: object) -> object:
    if isinstance(content, Mapping):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


# elements and text


def _tag(name: str, content: str, **attributes: str | bool) -> str:
    """Return an element; ``cls`` is its class, ``_`` a hyphen; empty attributes are left out."""
    parts = [name]
    for key, value in attributes.items():
        key = "class" if key == "cls" else key.replace("_", "-")
        if value:
            parts.append(key if value is True else f'{key}="{html.escape(str(value))}"')
    return f"<{' '.join(parts)}>{content}</{name}>"


def _lines(name: str, content: Iterable[str], **attributes: str | bool) -> str:
    return _tag(name, "\n".join(["", *content, ""]), **attributes)


def _kinds(*kinds: str) -> str:
    return " ".join(filter(None, kinds))


def _inline(text: Text, *, live: bool = True) -> str:
    """Return text with ids; a reader can open ``live`` numbers, while others stand in a link."""
    return "".join(_span(span, live) for span in text)


def _span(span: Span, live: bool) -> str:
    if isinstance(span, str):
        return _escape(span)
    if isinstance(span, Named):
        return _tag("span", _escape(span.text), data_t=span.id)
    if live:
        text = _escape(span.text)
        return _tag("span", text, cls="n", data_n=span.id, tabindex="0", role="button")
    return _tag("span", _escape(span.text), data_n=span.id)


def _escape(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _label(kind: str, number: Text) -> str:
    return _tag("span", f"{kind} {_inline(number)}.", cls="label")


def _block(block: Block, name: str) -> str:
    match block:
        case Heading():
            return _tag(f"h{block.level + 1}", _inline(block.text), id=name)
        case Paragraph():
            kind = "" if block.kind == "body" else block.kind
            return _tag("p", _inline(block.text), cls=kind)
        case Listing():
            items = [_tag("li", _inline(item)) for item in block.items]
            return _lines("ol" if block.ordered else "ul", items)
        case Table():
            return table_html(block)
        case Figure():
            return _figure(block)


# tables


def _column_groups(columns: Sequence[Column]) -> Iterator[str]:
    total = sum(column.width for column in columns)
    for _, run in header_groups(columns):
        widths = [f'<col style="width:{100 * column.width / total:.2f}%">' for column in run]
        yield _tag("colgroup", "".join(widths))


def _header_rows(columns: Sequence[Column]) -> list[str]:
    groups = header_groups(columns)
    if not any(text for text, _ in groups):
        return [_tag("tr", "".join(_header(column) for column in columns))]
    upper, lower = "", ""
    for text, run in groups:
        if text:
            spanned = _tag("span", _inline(text))
            upper += _tag("th", spanned, cls="spanner", colspan=str(len(run)), scope="colgroup")
            lower += "".join(_header(column) for column in run)
        else:
            upper += "".join(_header(column, rowspan="2") for column in run)
    return [_tag("tr", upper), _tag("tr", lower)]


def _header(column: Column, rowspan: str = "") -> str:
    kind = _align(column)
    if not column.header:
        return _tag("td", "", cls=kind, rowspan=rowspan)
    return _tag("th", _inline(column.header), cls=kind, rowspan=rowspan, scope="col")


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
        content = _tag("span", _content(row.cells[0], name))
        head = _tag("th", content, colspan=str(len(columns)), scope="rowgroup")
        return _tag("tr", head, cls="group")
    pairs = zip(row.cells, columns, strict=True)
    cells = [_cell(cell, column, name, index == 0) for index, (cell, column) in enumerate(pairs)]
    kind = _kinds("total" * (row.kind == "total"), "grouped" * grouped)
    return _tag("tr", "".join(cells), cls=kind)


def _cell(cell: Cell, column: Column, name: str, stub: bool) -> str:
    kind = _kinds(_align(column), "" if cell.tone == "plain" else cell.tone)
    return _tag("th" if stub else "td", _content(cell, name), cls=kind, scope="row" * stub)


def _align(column: Column) -> str:
    return "" if column.align == "left" else column.align


def _content(cell: Cell, name: str) -> str:
    links = [_tag("a", html.escape(mark), href=f"#{name}-note-{mark}") for mark in cell.marks]
    marks = _tag("sup", ", ".join(links)) if links else ""
    return _tone(cell.tone) + _inline(cell.text) + marks


def _tone(tone: str) -> str:
    """Return the sign of a tone, so that nobody needs to see its colour."""
    if tone not in _TONES:
        return ""
    sign, words = _TONES[tone]
    hidden = _tag("span", words, cls="visually-hidden")
    return _tag("span", sign, cls="tone", aria_hidden="true") + hidden


def _footnotes(footnotes: Sequence[Footnote], name: str) -> str:
    notes = [
        _tag(
            "p",
            f"{_tag('sup', html.escape(note.mark))} {_inline(note.text)}",
            id=f"{name}-note-{note.mark}",
        )
        if note.mark
        else _tag("p", _inline(note.text))
        for note in footnotes
    ]
    return _lines("div", notes, cls="footnotes")


# figures


def _figure(figure: Figure) -> str:
    name = f"figure-{figure.id}"
    caption = f"{_label('Figure', figure.number)} {_inline(figure.title)}"
    parts = [
        _tag("div", _drawing(figure, name), cls="drawing"),
        _tag("figcaption", caption, id=f"{name}-caption"),
        _tag("p", _inline(figure.alt, live=False), cls="visually-hidden", id=f"{name}-alt"),
    ]
    attributes = {"style": f"--natural:{figure.width_cm:g}cm", "aria_labelledby": f"{name}-caption"}
    return _lines("figure", parts, cls="figure", id=name, **attributes)


def _drawing(figure: Figure, name: str) -> str:
    """Return the SVG as part of a page: with unique ids, live numbers and the page's labels."""
    root = ET.fromstring(figure.svg)
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag.endswith("}metadata")]:
            parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = dict(_attributes(element.attrib, figure.id))
        if element.tag == "style":
            element.text = re.sub(r"(^|[\s}])\*\s*\{", rf"\1#{name} svg *{{", element.text or "")
    for key in ("width", "height", "aria-label"):
        root.attrib.pop(key, None)
    labels = {"aria-labelledby": f"{name}-caption", "aria-describedby": f"{name}-alt"}
    root.attrib |= {"role": "group", **labels}
    return ET.tostring(root, encoding="unicode").strip()


def _attributes(given: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in given.items():
        key = key.replace(_XLINK, "").replace(_XML, "xml:")
        if key == "id":
            yield key, _own(value, prefix)
            if found := LEDGER_GROUP.search(value):
                yield from _ledger_attributes(found[1])
        elif key == "href" and value.startswith("#"):
            yield key, "#" + _own(value[1:], prefix)
        else:
            yield key, re.sub(r"(?<=url\(#)[^)]+", lambda found: _own(found[0], prefix), value)


def _own(name: str, prefix: str) -> str:
    return name if name.startswith(f"{prefix}-") else f"{prefix}-{name}"


def _ledger_attributes(name: str) -> list[tuple[str, str]]:
    if name.startswith("t"):
        return [("data-t", name)]
    return [("class", "n"), ("data-n", name), ("tabindex", "0"), ("role", "button")]
