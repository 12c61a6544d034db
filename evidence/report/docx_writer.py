"""A report as a Word file: native tables, styles that can be changed, and an id behind each number.

A number or name stands inside a hidden bookmark called ``_<id>_<occurrence>`` (``_n12_3``). Word
keeps such bookmarks when people edit around them, so a file that comes back can be read again. How
things look is in ``templates/word/styles.xml``, so that an organisation can put its own styles on.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from itertools import accumulate, pairwise
from typing import Any
from xml.sax.saxutils import escape

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Cm
from docx.text.paragraph import Paragraph as WordParagraph

from evidence.errors import BadInput
from evidence.report.csv_writer import check_rows, header_groups
from evidence.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Row,
    Table,
    Text,
    plain,
)

#: The only date in the file: with a clock, two builds would differ.
DATE = datetime(2000, 1, 1)
#: A table that fills at most this share of a page is kept on one page.
SHORT = 0.6
#: As many paragraphs below a heading go with it onto the page of a wide table.
LEAD = 2

# In twentieths of a point: A4 with margins of 20 mm; for table text of 8.5 points the mean width
# of a letter, the height of a line, and the space around a row.
_SIDES, _MARGIN = (11906, 16838), 1134
_LETTER, _LINE, _GAP = 90, 208, 84
# Room for a drawing above its caption, in cm.
_ROOM = {False: (17.0, 22.0), True: (25.7, 13.5)}
_TONES = {
    "agrees": ("= ", ""),
    "differs": ("≠ ", "Differs"),
    "absent": ("", "Absent"),
    "strong": ("", "Strong"),
}
_TINT = '<w:shd w:val="clear" w:color="auto" w:fill="FCEBE9"/>'
_BOTTOM = '<w:vAlign w:val="bottom"/>'
_NO_RULE = '<w:tcBorders><w:bottom w:val="nil"/></w:tcBorders>'
_RULE_BELOW = (
    '<w:tcBorders><w:top w:val="nil"/>'
    '<w:bottom w:val="single" w:sz="6" w:space="0" w:color="auto"/></w:tcBorders>'
)
_RULE_ABOVE = (
    '<w:tcBorders><w:top w:val="single" w:sz="6" w:space="0" w:color="auto"/></w:tcBorders>'
)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_UNUSED_PARTS = ("stylesWithEffects", "customXml", "thumbnail")


def write_docx(document: Document, ledger: Mapping[str, Any]) -> bytes:
    """Return a report as a Word file (.docx).

    Parameters
    ----------
    document : Document
        The report.
    ledger : mapping
        What ``Ledger.to_dict`` gives; version of the dataset and hashes go into the properties.

    Returns
    -------
    bytes
        The same bytes for the same input.

    Raises
    ------
    BadInput
        A table row does not fit its columns, or a text holds a character that XML forbids.
    """
    file = docx.Document()
    _prepare(file)
    _Body(file).write(document)
    _describe(file.core_properties, document, ledger)
    buffer = io.BytesIO()
    file.save(buffer)
    return _undated(buffer.getvalue())


# text


def _run(text: str, style: str = "") -> str:
    if found := _FORBIDDEN.search(text):
        raise BadInput(
            f"A text for Word holds {found[0]!r}, which XML forbids: {text[:60]!r}. "
            "Remove it where the text comes from."
        )
    lines = [f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in text.split("\n")]
    return _run_around("<w:br/>".join(lines), style)


def _run_around(content: str, style: str) -> str:
    look = f'<w:rPr><w:rStyle w:val="{style}"/></w:rPr>' if style else ""
    return f"<w:r>{look}{content}</w:r>"


def _paragraph(style: str, content: str, extra: str = "", *, keep: bool = False) -> str:
    """Return a paragraph; ``extra`` holds further properties, in the order of the schema."""
    chain = "<w:keepNext/>" if keep else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{chain}{extra}</w:pPr>{content}</w:p>'


def _field(instruction: str, result: str, style: str = "") -> str:
    """Return a field that a program fills; ``result`` is what it holds until then."""
    code = f'<w:instrText xml:space="preserve"> {instruction} </w:instrText>'
    parts = [f'<w:fldChar w:fldCharType="{kind}"/>' for kind in ("begin", "separate", "end")]
    begin, middle, end = (_run_around(part, style) for part in parts)
    return begin + _run_around(code, style) + middle + _run(result, style) + end


def _element(xml: str) -> Any:  # noqa: ANN401 - lxml elements have no types here
    return parse_xml(re.sub(r"(?=[ />])", f" {nsdecls('w', 'r')}", xml, count=1))


class _Marks:
    """Turns text into runs, and gives each number and name a bookmark of its own."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def runs(self, text: Text, style: str = "") -> str:
        return "".join(
            _run(span, style)
            if isinstance(span, str)
            else self.around(span.id, _run(span.text, style))
            for span in text
        )

    def around(self, name: str, content: str, place: str = "") -> str:
        self._seen[name] += 1
        number = self._seen.total()
        start = f'<w:bookmarkStart w:id="{number}" w:name="_{name}_{self._seen[name]}{place}"/>'
        return f'{start}{content}<w:bookmarkEnd w:id="{number}"/>'

    def around_drawing(self, alt: Text) -> tuple[str, str]:
        """Return what stands before and after a drawing, whose description is an attribute.

        A bookmark ``_n12_3_14_18`` says that characters 14 to 18 of the description are ``n12``.
        """
        before, after, start = "", "", 0
        for span in alt:
            if not isinstance(span, str):
                place = f"_{start}_{start + len(span.text)}"
                opening, _, closing = self.around(span.id, "|", place).partition("|")
                before, after = before + opening, closing + after
            start += len(plain((span,)))
        return before, after


# the body


class _Body:
    """Writes the blocks of one document into one Word file."""

    def __init__(self, file: Any) -> None:  # noqa: ANN401 - python-docx has no types
        self._file = file
        self._marks = _Marks()
        self._counted: Counter[str] = Counter()
        self._lists = 0

    def write(self, document: Document) -> None:
        body = self._file.element.body
        self._add(_paragraph("Title", self._marks.runs(document.title)))
        if document.subtitle:
            self._add(_paragraph("Subtitle", self._marks.runs(document.subtitle)))
        orientations = _orientations(document.blocks)
        wide = orientations[:1] == [True]
        for block, turned in zip(document.blocks, orientations, strict=True):
            if turned != wide:
                body[-2].get_or_add_pPr().append(_element(_section(wide)))
            wide = turned
            self._block(block, wide)
        body.replace(body[-1], _element(_section(wide)))
        self._running_lines(document.title)

    def _add(self, *parts: str) -> None:
        for part in parts:
            self._file.element.body[-1].addprevious(_element(part))

    def _block(self, block: Block, wide: bool) -> None:
        runs = self._marks.runs
        match block:
            case Heading():
                self._add(_paragraph(f"Heading{block.level}", runs(block.text)))
            case Paragraph():
                style = {"body": "Normal", "lede": "Lede", "note": "Note"}[block.kind]
                self._add(_paragraph(style, runs(block.text)))
            case Listing():
                self._listing(block)
            case Table():
                self._table(block, wide)
            case Figure():
                self._figure(block, wide)

    def _listing(self, block: Listing) -> None:
        style, numbering = "ListBullet", ""
        if block.ordered:
            self._lists += 1
            self._file.part.numbering_part.element.append(_element(_restart(self._lists)))
            style = "ListNumber"
            numbering = (
                f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{self._lists + 2}"/></w:numPr>'
            )
        self._add(*(_paragraph(style, self._marks.runs(item), numbering) for item in block.items))

    def _caption(self, kind: str, number: Text, title: Text, extra: str, *, keep: bool) -> None:
        self._counted[kind] += 1
        span = number[0] if len(number) == 1 else ""
        if isinstance(span, str) or span.text != str(self._counted[kind]):
            label = self._marks.runs(number, "Strong")
        else:
            field = _field(f"SEQ {kind} \\* ARABIC", span.text, "Strong")
            label = self._marks.around(span.id, field)
        runs = _run(f"{kind} ", "Strong") + label + _run(". ", "Strong") + self._marks.runs(title)
        self._add(_paragraph("Caption", runs, extra, keep=keep))

    def _figure(self, figure: Figure, wide: bool) -> None:
        before, after = self._marks.around_drawing(figure.alt)
        self._add(_paragraph("Figure", f"{before}<w:r/>{after}"))
        run = WordParagraph(self._file.element.body[-2], self._file).runs[0]
        picture = run.add_picture(io.BytesIO(figure.png))
        width, height = _ROOM[wide]
        scale = min(min(figure.width_cm, width) / picture.width.cm, height / picture.height.cm)
        picture.width, picture.height = Cm(picture.width.cm * scale), Cm(picture.height.cm * scale)
        drawing = picture._inline
        for side in ("distT", "distB", "distL", "distR"):  # without it, LibreOffice adds a margin
            drawing.set(side, "0")
        drawing.docPr.set("name", figure.id)
        drawing.docPr.set("descr", plain(figure.alt))
        self._caption("Figure", figure.number, figure.title, _spacing(100, 260), keep=False)

    def _running_lines(self, title: Text) -> None:
        """Page numbers on each page; the title above each page but the first."""
        first = self._file.sections[0]
        first.different_first_page_header_footer = True
        page = _run("Page ") + _field("PAGE", "1")
        for part, style, content in (
            (first.header, "Header", self._marks.runs(title)),
            (first.footer, "Footer", page),
            (first.first_page_footer, "Footer", page),
        ):
            part._element.replace(part._element[0], _element(_paragraph(style, content)))

    # tables

    def _table(self, table: Table, wide: bool) -> None:
        check_rows(table)
        self._caption("Table", table.number, table.title, "", keep=True)
        widths = _widths(table.columns, _SIDES[wide] - 2 * _MARGIN)
        whole = _height(table, widths) <= SHORT * (_SIDES[not wide] - 2 * _MARGIN)
        rows, grouped = self._header(table.columns, widths), False
        for index, row in enumerate(table.rows, start=1):
            left = len(table.rows) - index
            keep = whole or left == 1 if left else bool(table.footnotes)
            grouped = row.kind == "group" or (grouped and row.kind == "body")
            rows += self._row(row, table.columns, widths, keep=keep, indent=grouped)
        spanned = any(column.spanner for column in table.columns)
        self._add(_table_around(rows, widths, styled_header=not spanned))
        for index, note in enumerate(table.footnotes, start=1):
            mark = _run(note.mark, "FootnoteMark") + _run(" ") if note.mark else ""
            keep = index < len(table.footnotes)
            self._add(_paragraph("TableFootnote", mark + self._marks.runs(note.text), keep=keep))
        if not table.footnotes:
            self._add(_paragraph("TableEnd", ""))

    def _header(self, columns: Sequence[Column], widths: Sequence[int]) -> str:
        groups = header_groups(columns)
        spanned = any(text for text, _ in groups)
        sizes, upper, lower = iter(widths), "", ""
        for text, run in groups:
            here = [(self._heading(column), next(sizes)) for column in run]
            if text:
                spanner = _paragraph("TableSpanner", self._marks.runs(text))
                width = sum(size for _, size in here)
                upper += _cell(spanner, width, _span(len(run)) + _NO_RULE + _BOTTOM)
                lower += "".join(_cell(head, size, _RULE_BELOW + _BOTTOM) for head, size in here)
            elif spanned:
                start, rest = '<w:vMerge w:val="restart"/>', '<w:vMerge w:val="continue"/>'
                blank = _paragraph("TableHeading", "")
                upper += "".join(
                    _cell(head, size, start + _NO_RULE + _BOTTOM) for head, size in here
                )
                lower += "".join(_cell(blank, size, rest + _RULE_BELOW) for _, size in here)
            else:
                upper += "".join(_cell(head, size, _BOTTOM) for head, size in here)
        return "".join(_row_around(cells, header=True) for cells in (upper, lower) if cells)

    def _heading(self, column: Column) -> str:
        return _paragraph("TableHeading", self._marks.runs(column.header), _align(column))

    def _row(
        self,
        row: Row,
        columns: Sequence[Column],
        widths: Sequence[int],
        *,
        keep: bool,
        indent: bool,
    ) -> str:
        if row.kind == "group":
            text = _paragraph("TableGroup", self._content(row.cells[0]))
            return _row_around(_cell(text, sum(widths), _span(len(widths))))
        style, rule = ("TableTotal", _RULE_ABOVE) if row.kind == "total" else ("TableText", "")
        cells = ""
        for index, (cell, column) in enumerate(zip(row.cells, columns, strict=True)):
            place = '<w:ind w:left="170"/>' if indent and index == 0 else ""
            text = _paragraph(style, self._content(cell), place + _align(column), keep=keep)
            cells += _cell(text, widths[index], rule + _TINT * (cell.tone == "differs"))
        return _row_around(cells)

    def _content(self, cell: Cell) -> str:
        sign, style = _TONES.get(cell.tone, ("", ""))
        marks = _run(", ".join(cell.marks), "FootnoteMark") if cell.marks else ""
        return (_run(sign, style) if sign else "") + self._marks.runs(cell.text, style) + marks


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


# pages


def _orientations(blocks: Sequence[Block]) -> list[bool]:
    """Return for each block whether its page lies on its side.

    Wide tables and figures do, with the heading and short text that lead to them and the small
    print that follows.
    """
    wide = [_is_wide(block) for block in blocks]
    for at, block in enumerate(blocks):
        if _is_wide(block):
            start = _lead(blocks, wide, at)
            wide[start:at] = [True] * (at - start)
        elif at and isinstance(block, Paragraph) and block.kind == "note":
            wide[at] = wide[at - 1]
    return wide


def _is_wide(block: Block) -> bool:
    if isinstance(block, Figure):
        return block.width_cm > _ROOM[False][0]
    return isinstance(block, Table) and block.landscape


def _lead(blocks: Sequence[Block], wide: Sequence[bool], at: int) -> int:
    """Return the index of the first block that belongs on the page of the wide block at ``at``."""
    start = at
    while start and at - start < LEAD and isinstance(blocks[start - 1], (Paragraph, Listing)):
        start -= 1
    if not (start and (isinstance(blocks[start - 1], Heading) or wide[start - 1])):
        start = at
    while start and isinstance(blocks[start - 1], Heading):
        start -= 1
    return start


def _section(wide: bool) -> str:
    size = f'w:w="{_SIDES[wide]}" w:h="{_SIDES[not wide]}"' + ' w:orient="landscape"' * wide
    edges = " ".join(f'w:{edge}="{_MARGIN}"' for edge in ("top", "right", "bottom", "left"))
    return (
        f'<w:sectPr><w:pgSz {size}/><w:pgMar {edges} w:header="567" w:footer="567" '
        'w:gutter="0"/><w:cols w:space="708"/></w:sectPr>'
    )


def _spacing(before: int, after: int) -> str:
    return f'<w:spacing w:before="{before}" w:after="{after}"/>'


# the file around the body


def _prepare(file: Any) -> None:  # noqa: ANN401 - python-docx has no types
    """Replace the look and settings of python-docx by ours, and drop parts nobody reads."""
    for holder in (file.part, file.part.package):
        unused = [key for key, rel in holder.rels.items() if rel.reltype.endswith(_UNUSED_PARTS)]
        for key in unused:
            del holder.rels[key]
    parts = {
        "styles": file.styles,
        "settings": file.settings,
        "numbering": file.part.numbering_part,
    }
    for name, part in parts.items():
        template = files("evidence.report") / "templates" / "word" / f"{name}.xml"
        _refill(part.element, parse_xml(template.read_bytes()))


def _refill(target: Any, source: Iterable[Any]) -> None:  # noqa: ANN401 - see _prepare
    for child in list(target):
        target.remove(child)
    target.extend(list(source))


def _restart(count: int) -> str:
    """Return the numbering of one more ordered list, which begins again."""
    return (
        f'<w:num w:numId="{count + 2}"><w:abstractNumId w:val="2"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>'
    )


def _describe(
    properties: Any,  # noqa: ANN401 - see _prepare
    document: Document,
    ledger: Mapping[str, Any],
) -> None:
    """Fill the properties; ``identifier`` is the SHA-256 of the ledger as compact, sorted JSON."""
    content = json.dumps(ledger, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    identifier = f"sha256:{hashlib.sha256(content.encode('utf-8')).hexdigest()}"
    dataset = ledger.get("dataset", {})
    version, data = dataset.get("version", "unknown"), dataset.get("sha256", "unknown")
    values: dict[str, object] = {
        "title": plain(document.title),
        "subject": plain(document.subtitle),
        "keywords": f"meta-analysis; evidence synthesis; {document.slug}",
        "comments": f"Dataset {version}, sha256:{data}. Ledger {identifier}.",
        "author": "evidence",
        "last_modified_by": "evidence",
        "category": "",
        "language": "en-GB",
        "version": str(version),
        "identifier": identifier,
        "revision": 1,
        "created": DATE,
        "modified": DATE,
    }
    for name, value in values.items():
        # Office reads at most 255 characters of a property, and python-docx writes no more.
        setattr(properties, name, value[:255] if isinstance(value, str) else value)


def _undated(content: bytes) -> bytes:
    """Return the same zip file, sorted and without clock or system.

    Entries are stored, because compressors differ from machine to machine, and the file should not.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, DATE.timetuple()[:6])
            entry.create_system = 0
            new.writestr(entry, old.read(name), zipfile.ZIP_STORED)
    return buffer.getvalue()
