"""A report as one self-contained HTML page in which each number leads to its origin.

Ids of the ledger stand in ``data-n`` (numbers) and ``data-t`` (names); the ledger itself stands in
the page as JSON, and ``templates/report.js`` shows from it where a number comes from.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from evidence.report.html.elements import inline, lines, tag
from evidence.report.html.figures import figure_html
from evidence.report.html.tables import table_html
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

__all__ = ["table_html", "write_html"]

#: A report with more headings than this opens with a list of them.
FEW_HEADINGS = 2


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
    subtitle = tag("p", inline(document.subtitle), cls="subtitle")
    return Template(_template("report.html")).substitute(
        title=html.escape(plain(document.title)),
        style=_template("report.css"),
        navigation=_navigation(navigation),
        heading=inline(document.title),
        subtitle=f"{subtitle}\n" if document.subtitle else "",
        contents=_contents(document, headings) if len(headings) > FEW_HEADINGS else "",
        blocks="\n".join(blocks),
        ledger=_json(ledger),
        script=_template("report.js"),
    )


def _template(name: str) -> str:
    return (files("evidence.report") / "templates" / name).read_text(encoding="utf-8")


def _navigation(navigation: Sequence[tuple[Text, str]]) -> str:
    links = [
        tag("a", inline(text, live=False), href=address)
        if address
        else tag("span", inline(text, live=False), aria_current="page")
        for text, address in navigation
    ]
    content = lines("ul", [tag("li", link) for link in links])
    return lines("nav", [content], cls="reports", aria_label="Reports") + "\n" if links else ""


def _contents(document: Document, headings: Mapping[int, str]) -> str:
    items = []
    for index, block in enumerate(document.blocks):
        if isinstance(block, Heading):
            link = tag("a", inline(block.text, live=False), href=f"#{headings[index]}")
            items.append(tag("li", link, cls="sub" * (block.level > 1)))
    title = tag("h2", "Contents", id="contents")
    content = [title, lines("ul", items)]
    return lines("nav", content, cls="contents", aria_labelledby="contents") + "\n"


def _heading_ids(blocks: Iterable[Block]) -> dict[int, str]:
    """Return for each heading an id that stays the same as long as its words do."""
    given: dict[int, str] = {}
    for index, block in enumerate(blocks):
        if isinstance(block, Heading):
            slug = re.sub(r"[^a-z0-9]+", "-", plain(block.text).lower()).strip("-") or "section"
            used = sum(re.sub(r"--\d+$", "", name) == slug for name in given.values())
            given[index] = f"{slug}--{used + 1}" if used else slug
    return given


def _block(block: Block, name: str) -> str:
    match block:
        case Heading():
            return tag(f"h{block.level + 1}", inline(block.text), id=name)
        case Paragraph():
            kind = "" if block.kind == "body" else block.kind
            return tag("p", inline(block.text), cls=kind)
        case Listing():
            items = [tag("li", inline(item)) for item in block.items]
            return lines("ol" if block.ordered else "ul", items)
        case Table():
            return table_html(block)
        case Figure():
            return figure_html(block)


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
