"""Reading a rendered report back: its numbers and names with their ids, and digits without one.

Nothing here knows how a page or a Word file was written; it sees what a reader would see. Numbers
that a program counts itself (pages, list items) are not text and are not read.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

from evidence.report.record.document import DIGIT

#: The id of the group in a drawing that holds a number or name of the ledger.
LEDGER_GROUP = re.compile(r"(?:^|[-_.])([nt][0-9]+)-[0-9]+$")
#: The bookmark around a number or name in Word; two more numbers point into a description.
LEDGER_BOOKMARK = re.compile(r"_([nt][0-9]+)_[0-9]+(?:_([0-9]+)_([0-9]+))?")
#: Characters of context on each side of an orphan.
CONTEXT = 40
#: Length at which programs cut the properties of a file.
CUT = 255

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr")
)
_UNSEEN = frozenset(("script", "style", "metadata", "template"))
_BREAKS = frozenset(
    ("p", "div", "li", "tr", "td", "th", "caption", "h1", "h2", "h3", "figcaption", "text", "title")
)
_SPOKEN = ("alt", "aria-label", "aria-description", "title", "placeholder")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_READ_PARTS = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
_PAGE_FIELD = re.compile(r"\s*(?:NUM|SECTION)?PAGES?\b[^|]*\|")
_SIGNS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-", "softHyphen": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a rendered file shows.

    Attributes
    ----------
    numbers, names : tuple of (str, str)
        Id and text of each number or name, in reading order, once for each time it stands there.
    orphans : tuple of str
        Text that holds a digit and has no id, with what stands around it.
    ledger : mapping
        The ledger inside an HTML page; empty for other files.
    """

    numbers: tuple[tuple[str, str], ...]
    names: tuple[tuple[str, str], ...]
    orphans: tuple[str, ...]
    ledger: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_html(text: str) -> Rendered:
    """Return what an HTML page shows, drawings included.

    The title of the window may hold digits if the heading of the page says the same.

    Parameters
    ----------
    text : str
        The page.
    """
    page = _Page()
    page.feed(text)
    page.close()
    if page.window.strip() != page.heading.strip():
        page.seen.add("\n")
        page.seen.add(page.window)
    ledger = json.loads(page.ledger) if page.ledger else {}
    return page.seen.result(ledger)


def read_svg(text: str) -> Rendered:
    """Return what a drawing shows; its numbers stand in groups called ``<id>-<occurrence>``.

    Parameters
    ----------
    text : str
        The drawing.
    """
    return read_html(text)


def read_docx(data: bytes) -> Rendered:
    """Return what a Word file shows: body, tables, running lines, notes, descriptions of drawings.

    Title and subject of the file may hold digits if a paragraph of the body says the same.

    Parameters
    ----------
    data : bytes
        The file.
    """
    seen = _Seen()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        for name in sorted(file.namelist(), key=lambda name: (name != "word/document.xml", name)):
            if _READ_PARTS.fullmatch(name):
                _Part(seen).read(ET.fromstring(file.read(name)))
        properties = ET.fromstring(file.read("docProps/core.xml"))
    said = {line.strip() for line in seen.text().split("\n")}
    for element in properties:
        text = (element.text or "").strip()
        repeated = text in said or (len(text) == CUT and any(s.startswith(text) for s in said))
        if element.tag.rpartition("}")[2] in ("title", "subject") and not repeated:
            seen.add(f"\n{text}\n")
    return seen.result({})


class _Seen:
    """Text in reading order, with the id of what it belongs to."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, int]] = []
        self._owners: list[tuple[str, list[str]]] = []

    def own(self, name: str) -> int:
        """Begin a number or name, and return the handle with which its text is added."""
        self._owners.append((name, []))
        return len(self._owners) - 1

    def add(self, text: str, owner: int = -1) -> None:
        if owner >= 0:
            self._owners[owner][1].append(text)
        if text:
            self._pieces.append((text, owner))

    def text(self) -> str:
        return "".join(text for text, _ in self._pieces)

    def result(self, ledger: Mapping[str, Any]) -> Rendered:
        found = [(name, "".join(texts).strip("\n")) for name, texts in self._owners]
        return Rendered(
            numbers=tuple(pair for pair in found if pair[0].startswith("n")),
            names=tuple(pair for pair in found if pair[0].startswith("t")),
            orphans=tuple(self._orphans()),
            ledger=ledger,
        )

    def _orphans(self) -> Iterator[str]:
        text, at = self.text(), 0
        for piece, owner in self._pieces:
            if owner < 0 and (found := DIGIT.search(piece)):
                around = text[max(0, at + found.start() - CONTEXT) : at + found.start() + CONTEXT]
                yield " ".join(around.split())
            at += len(piece)


class _Page(HTMLParser):
    """Reads HTML and SVG; a stack says for each open element to which id its text belongs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = _Seen()
        self.window = self.heading = self.ledger = ""
        self._open: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self._spoken(given)
        if tag == "br":
            self.handle_data("\n")
        elif tag in _BREAKS:
            self.seen.add("\n")
        if tag not in _VOID:
            owner = self._open[-1][1] if self._open else -1
            name = _ledger_id(given)
            is_ledger = tag == "script" and given.get("id") == "ledger"
            self._open.append(
                ("ledger" if is_ledger else tag, self.seen.own(name) if name else owner)
            )

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        tags = ["script" if name == "ledger" else name for name, _ in self._open]
        if tag in tags:
            del self._open[len(tags) - 1 - tags[::-1].index(tag) :]
        if tag in _BREAKS:
            self.seen.add("\n")

    def handle_data(self, data: str) -> None:
        tags = [name for name, _ in self._open]
        if "ledger" in tags:
            self.ledger += data
        elif "title" in tags and "svg" not in tags:
            self.window += data
        elif not _UNSEEN.intersection(tags) and self._is_text(tags, data):
            self.heading += data if "h1" in tags else ""
            self.seen.add(data, self._open[-1][1] if self._open else -1)

    def _is_text(self, tags: list[str], data: str) -> bool:
        """In a drawing, space between elements is no text."""
        return bool(data.strip()) or "svg" not in tags or "text" in tags

    def _spoken(self, given: Mapping[str, str]) -> None:
        for key in _SPOKEN:
            if DIGIT.search(given.get(key, "")):
                self.seen.add(f"\n{given[key]}\n")


def _ledger_id(given: Mapping[str, str]) -> str:
    named = given.get("data-n") or given.get("data-t")
    found = LEDGER_GROUP.search(given.get("id", ""))
    return named or (found[1] if found else "")


class _Part:
    """Reads one part of a Word file in document order."""

    def __init__(self, seen: _Seen) -> None:
        self._seen = seen
        self._open: dict[str, int] = {}
        self._places: dict[str, tuple[str, int, int]] = {}
        self._fields: list[str] = []

    def read(self, element: ET.Element) -> None:
        tag = element.tag.removeprefix(_W) if isinstance(element.tag, str) else ""
        if tag == "fldSimple":
            self._fields.append(element.get(f"{_W}instr", "") + "|")
        self._meet(tag, element)
        if element.tag == _DRAWING:
            self._description(element)
        for child in element:
            self.read(child)
        if tag == "p":
            self._seen.add("\n")
        if tag == "fldSimple":
            self._fields.pop()

    def _meet(self, tag: str, element: ET.Element) -> None:
        match tag:
            case "bookmarkStart":
                self._start(element)
            case "bookmarkEnd":
                self._open.pop(element.get(f"{_W}id", ""), None)
                self._places.pop(element.get(f"{_W}id", ""), None)
            case "fldChar":
                self._field(element.get(f"{_W}fldCharType", ""))
            case "instrText" if self._fields:
                self._fields[-1] += element.text or ""
            case "t":
                self._text(element.text)
            case _ if tag in _SIGNS:
                self._text(_SIGNS[tag])

    def _start(self, element: ET.Element) -> None:
        found = LEDGER_BOOKMARK.fullmatch(element.get(f"{_W}name", ""))
        if not found:
            return
        mark, name = element.get(f"{_W}id", ""), found[1]
        if found[2]:
            self._places[mark] = (name, int(found[2]), int(found[3]))
        else:
            self._open[mark] = self._seen.own(name)

    def _field(self, kind: str) -> None:
        if kind == "begin":
            self._fields.append("")
        elif kind == "separate" and self._fields:
            self._fields[-1] += "|"
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _text(self, text: str | None) -> None:
        if not any(_PAGE_FIELD.match(code) for code in self._fields):
            self._seen.add(text or "", next(reversed(self._open.values()), -1))

    def _description(self, element: ET.Element) -> None:
        text, at = element.get("descr", ""), 0
        self._seen.add("\n")
        for name, start, end in sorted(self._places.values(), key=lambda place: place[1]):
            self._seen.add(text[at:start])
            self._seen.add(text[start:end], self._seen.own(name))
            at = end
        self._seen.add(text[at:] + "\n")
        self._seen.add(element.get("title", "") + "\n")
