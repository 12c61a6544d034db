"""The words that a Word file shows, whatever its styles, to compare them with those of a report."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree as ET

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_BODY = "word/document.xml"
#: Parts that stand outside the body; Word may split or repeat them, so their order says nothing.
_AROUND = re.compile(r"word/(header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
#: Numbers of pages are counted by the program that shows the file.
_PAGE = re.compile(r"\s*(NUM|SECTION)?PAGES?\b")
_SPACE = {f"{_W}tab", f"{_W}br", f"{_W}cr"}


def word_paragraphs(data: bytes) -> tuple[str, ...]:
    """Return the text of each paragraph: those of the body in order, then the others sorted.

    Descriptions of drawings count as text. Empty paragraphs and the amount of white space do not
    count, and a paragraph outside the body counts once.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        around = [name for name in file.namelist() if _AROUND.fullmatch(name)]
        body = _part_paragraphs(file.read(_BODY))
        others = {text for name in around for text in _part_paragraphs(file.read(name))}
    return (*body, *sorted(others))


def _part_paragraphs(data: bytes) -> list[str]:
    paragraphs = ET.fromstring(data).iter(f"{_W}p")
    texts = [" ".join("".join(_pieces(paragraph)).split()) for paragraph in paragraphs]
    return [text for text in texts if text]


def _pieces(paragraph: ET.Element) -> Iterator[str]:
    """Yield the text of a paragraph without page numbers, simple or complex."""
    fields: list[str] = []
    pages = {e for s in paragraph.iter(f"{_W}fldSimple") if _is_page(s) for e in s.iter()}
    for element in paragraph.iter():
        if element.tag == f"{_W}fldChar":
            _follow(fields, element.get(f"{_W}fldCharType", ""))
        elif element.tag == f"{_W}instrText" and fields:
            fields[-1] += element.text or ""
        elif element in pages or any(_PAGE.match(field) for field in fields):
            continue
        elif element.tag == f"{_W}t":
            yield element.text or ""
        elif element.tag in _SPACE:
            yield " "
        elif element.tag == _DRAWING:
            yield f" {element.get('descr', '')} "


def _is_page(field: ET.Element) -> bool:
    return _PAGE.match(field.get(f"{_W}instr", "")) is not None


def _follow(fields: list[str], kind: str) -> None:
    if kind == "begin":
        fields.append("")
    elif kind == "end" and fields:
        fields.pop()
