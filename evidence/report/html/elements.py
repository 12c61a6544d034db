"""HTML elements, and texts in which each number and name keeps its id."""

from __future__ import annotations

import html
from collections.abc import Iterable

from evidence.report.record.document import Named, Span, Text


def tag(name: str, content: str, **attributes: str | bool) -> str:
    """Return an element; ``cls`` is its class, ``_`` a hyphen; empty attributes are left out."""
    parts = [name]
    for key, value in attributes.items():
        key = "class" if key == "cls" else key.replace("_", "-")
        if value:
            parts.append(key if value is True else f'{key}="{html.escape(str(value))}"')
    return f"<{' '.join(parts)}>{content}</{name}>"


def lines(name: str, content: Iterable[str], **attributes: str | bool) -> str:
    """Return an element whose content stands on lines of its own."""
    return tag(name, "\n".join(["", *content, ""]), **attributes)


def classes(*kinds: str) -> str:
    """Return class names as one attribute; empty ones are left out."""
    return " ".join(filter(None, kinds))


def inline(text: Text, *, live: bool = True) -> str:
    """Return text with ids; a reader can open ``live`` numbers, while others stand in a link."""
    return "".join(_span(span, live) for span in text)


def label(kind: str, number: Text) -> str:
    """Return the label of a caption, such as "Table 2."."""
    return tag("span", f"{kind} {inline(number)}.", cls="label")


def _span(span: Span, live: bool) -> str:
    if isinstance(span, str):
        return _escape(span)
    if isinstance(span, Named):
        return tag("span", _escape(span.text), data_t=span.id)
    if live:
        text = _escape(span.text)
        return tag("span", text, cls="n", data_n=span.id, tabindex="0", role="button")
    return tag("span", _escape(span.text), data_n=span.id)


def _escape(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
