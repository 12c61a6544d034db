"""A figure as HTML: its drawing becomes a part of the page, with ids that no other figure has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from evidence.report.html.elements import inline, label, lines, tag
from evidence.report.record.document import Figure
from evidence.report.record.rendered import LEDGER_GROUP

_XLINK = "{http://www.w3.org/1999/xlink}"
_XML = "{http://www.w3.org/XML/1998/namespace}"


def figure_html(figure: Figure) -> str:
    """Return a figure as HTML: drawing, caption, and a description for those who cannot see it."""
    name = f"figure-{figure.id}"
    caption = f"{label('Figure', figure.number)} {inline(figure.title)}"
    parts = [
        tag("div", _drawing(figure, name), cls="drawing"),
        tag("figcaption", caption, id=f"{name}-caption"),
        tag("p", inline(figure.alt, live=False), cls="visually-hidden", id=f"{name}-alt"),
    ]
    attributes = {"style": f"--natural:{figure.width_cm:g}cm", "aria_labelledby": f"{name}-caption"}
    return lines("figure", parts, cls="figure", id=name, **attributes)


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
            element.text = _confined(element.text or "", name)
    for key in ("width", "height", "aria-label"):
        root.attrib.pop(key, None)
    labels = {"aria-labelledby": f"{name}-caption", "aria-describedby": f"{name}-alt"}
    root.attrib |= {"role": "group", **labels}
    return ET.tostring(root, encoding="unicode").strip()


def _confined(style: str, name: str) -> str:
    """Return a style sheet whose rules for everything hold inside one figure."""
    return re.sub(r"(^|[\s}])\*\s*\{", rf"\1#{name} svg *{{", style)


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
