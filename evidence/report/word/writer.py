"""A report as a Word file: native tables, styles that can be changed, and an id behind each number.

A number or name stands inside a hidden bookmark called ``_<id>_<occurrence>`` (``_n12_3``). Word
keeps such bookmarks when people edit around them, so a file that comes back can be read again. How
things look is in ``templates/word/styles.xml``, so that an organisation can put its own styles on.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.shape import InlineShape
from docx.shared import Cm
from docx.text.paragraph import Paragraph as WordParagraph

from evidence.report.record.document import (
    Block,
    Document,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Table,
    Text,
    plain,
)
from evidence.report.word.package import describe, prepare, undated
from evidence.report.word.pages import ROOM, orientations, section
from evidence.report.word.tables import table_parts
from evidence.report.word.text import Marks, element, field, paragraph, run


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
    prepare(file)
    _Body(file).write(document)
    describe(file.core_properties, document, ledger)
    buffer = io.BytesIO()
    file.save(buffer)
    return undated(buffer.getvalue())


class _Body:
    """Writes the blocks of one document into one Word file."""

    def __init__(self, file: WordDocument) -> None:
        self._file = file
        self._marks = Marks()
        self._counted: Counter[str] = Counter()
        self._lists = 0

    def write(self, document: Document) -> None:
        """Write the document before the properties of the last section, and fill those."""
        body = self._file.element.body
        self._add(paragraph("Title", self._marks.runs(document.title)))
        if document.subtitle:
            self._add(paragraph("Subtitle", self._marks.runs(document.subtitle)))
        sides = orientations(document.blocks)
        wide = sides[:1] == [True]
        for block, turned in zip(document.blocks, sides, strict=True):
            if turned != wide:
                body[-2].get_or_add_pPr().append(element(section(wide)))
            wide = turned
            self._block(block, wide)
        body.replace(body[-1], element(section(wide)))
        self._running_lines(document.title)

    def _add(self, *parts: str) -> None:
        for part in parts:
            self._file.element.body[-1].addprevious(element(part))

    def _block(self, block: Block, wide: bool) -> None:
        runs = self._marks.runs
        match block:
            case Heading():
                self._add(paragraph(f"Heading{block.level}", runs(block.text)))
            case Paragraph():
                style = {"body": "Normal", "lede": "Lede", "note": "Note"}[block.kind]
                self._add(paragraph(style, runs(block.text)))
            case Listing():
                self._listing(block)
            case Table():
                self._caption("Table", block.number, block.title, "", keep=True)
                self._add(*table_parts(block, self._marks, wide=wide))
            case Figure():
                self._figure(block, wide)

    def _listing(self, block: Listing) -> None:
        style, numbering = "ListBullet", ""
        if block.ordered:
            self._lists += 1
            self._file.part.numbering_part.element.append(element(_restart(self._lists)))
            style, number = "ListNumber", self._lists + 2
            numbering = f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>'
        self._add(*(paragraph(style, self._marks.runs(item), numbering) for item in block.items))

    def _caption(self, kind: str, number: Text, title: Text, extra: str, *, keep: bool) -> None:
        self._counted[kind] += 1
        span = number[0] if len(number) == 1 else ""
        if isinstance(span, str) or span.text != str(self._counted[kind]):
            label = self._marks.runs(number, "Strong")
        else:
            counter = field(f"SEQ {kind} \\* ARABIC", span.text, "Strong")
            label = self._marks.around(span.id, counter)
        runs = run(f"{kind} ", "Strong") + label + run(". ", "Strong") + self._marks.runs(title)
        self._add(paragraph("Caption", runs, extra, keep=keep))

    def _figure(self, figure: Figure, wide: bool) -> None:
        before, after = self._marks.around_drawing(figure.alt)
        self._add(paragraph("Figure", f"{before}<w:r/>{after}"))
        place = WordParagraph(self._file.element.body[-2], self._file).runs[0]
        picture = place.add_picture(io.BytesIO(figure.png))
        _fit(picture, figure.width_cm, wide)
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
        page = run("Page ") + field("PAGE", "1")
        for part, style, content in (
            (first.header, "Header", self._marks.runs(title)),
            (first.footer, "Footer", page),
            (first.first_page_footer, "Footer", page),
        ):
            part._element.replace(part._element[0], element(paragraph(style, content)))


def _fit(picture: InlineShape, natural_cm: float, wide: bool) -> None:
    """Give a picture its natural width, or the largest that has room on the page."""
    width, height = ROOM[wide]
    scale = min(min(natural_cm, width) / picture.width.cm, height / picture.height.cm)
    picture.width, picture.height = Cm(picture.width.cm * scale), Cm(picture.height.cm * scale)


def _restart(count: int) -> str:
    """Return the numbering of one more ordered list, which begins again."""
    return (
        f'<w:num w:numId="{count + 2}"><w:abstractNumId w:val="2"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>'
    )


def _spacing(before: int, after: int) -> str:
    return f'<w:spacing w:before="{before}" w:after="{after}"/>'
