"""The Word file around its body: our styles and settings, its properties, a zip without a clock."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from docx.document import Document as WordDocument
from docx.opc.coreprops import CoreProperties
from docx.oxml import parse_xml
from docx.oxml.xmlchemy import BaseOxmlElement

from evidence.report.record.document import Document, plain

#: The only date in the file: with a clock, two builds would differ.
DATE = datetime(2000, 1, 1)
_UNUSED_PARTS = ("stylesWithEffects", "customXml", "thumbnail")


def prepare(file: WordDocument) -> None:
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


def _refill(target: BaseOxmlElement, source: BaseOxmlElement) -> None:
    for child in list(target):
        target.remove(child)
    target.extend(list(source))


def describe(properties: CoreProperties, document: Document, ledger: Mapping[str, Any]) -> None:
    """Fill the properties; ``identifier`` is the SHA-256 of the ledger as compact, sorted JSON."""
    for name, value in _values(document, ledger).items():
        # Office reads at most 255 characters of a property, and python-docx writes no more.
        setattr(properties, name, value[:255] if isinstance(value, str) else value)


def _values(document: Document, ledger: Mapping[str, Any]) -> dict[str, object]:
    content = json.dumps(ledger, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    identifier = f"sha256:{hashlib.sha256(content.encode('utf-8')).hexdigest()}"
    dataset = ledger.get("dataset", {})
    version, data = dataset.get("version", "unknown"), dataset.get("sha256", "unknown")
    return {
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


def undated(content: bytes) -> bytes:
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
