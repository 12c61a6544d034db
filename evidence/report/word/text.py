"""Texts of a Word file: runs, paragraphs, fields, and a bookmark for each number and name."""

from __future__ import annotations

import re
from collections import Counter
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.oxml.xmlchemy import BaseOxmlElement

from evidence.errors import BadInput
from evidence.report.record.document import Text, plain

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Marks:
    """Turns text into runs, and gives each number and name a bookmark of its own."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def runs(self, text: Text, style: str = "") -> str:
        """Return a text as runs in a character style."""
        return "".join(
            run(span, style)
            if isinstance(span, str)
            else self.around(span.id, run(span.text, style))
            for span in text
        )

    def around(self, name: str, content: str, place: str = "") -> str:
        """Return content inside the next bookmark of the id ``name``."""
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


def run(text: str, style: str = "") -> str:
    """Return a run of text in a character style.

    Raises
    ------
    BadInput
        The text holds a character that XML forbids.
    """
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


def paragraph(style: str, content: str, extra: str = "", *, keep: bool = False) -> str:
    """Return a paragraph; ``extra`` holds further properties, in the order of the schema."""
    chain = "<w:keepNext/>" if keep else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{chain}{extra}</w:pPr>{content}</w:p>'


def field(instruction: str, result: str, style: str = "") -> str:
    """Return a field that a program fills; ``result`` is what it holds until then."""
    code = f'<w:instrText xml:space="preserve"> {instruction} </w:instrText>'
    parts = [f'<w:fldChar w:fldCharType="{kind}"/>' for kind in ("begin", "separate", "end")]
    begin, middle, end = (_run_around(part, style) for part in parts)
    return begin + _run_around(code, style) + middle + run(result, style) + end


def element(xml: str) -> BaseOxmlElement:
    """Return the element that XML without namespaces stands for."""
    return parse_xml(re.sub(r"(?=[ />])", f" {nsdecls('w', 'r')}", xml, count=1))
