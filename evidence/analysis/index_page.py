"""The page that leads to all reports: for each its title, its question in a line, and its key results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from evidence.analysis.run import AnalysisRun
from evidence.report.document import Block, Document, Heading, Listing, Named, Paragraph, Shown, Span, Text
from evidence.report.html_writer import write_html


def index_html(runs: Sequence[AnalysisRun]) -> str:
    """Return the index page; its numbers keep their origins, with ids made unique across reports."""
    merged: dict[str, Any] = {"numbers": {}, "names": {}, "reported": {}, "computations": {}}
    blocks: list[Block] = []
    for position, run in enumerate(runs):
        renamed = _Renamed(run, position, merged)
        items = next(block for block in run.document.blocks if isinstance(block, Listing)).items
        blocks.append(Heading(text=renamed.text(run.document.title)))
        blocks.append(Paragraph(text=renamed.text(run.document.subtitle)))
        blocks.append(Listing(items=tuple(renamed.text(item) for item in items)))
    first = runs[0].ledger
    ledger = {**{name: first[name] for name in ("schema", "dataset", "software")}, "analysis": "index", **merged}
    document = Document(
        slug="index",
        title=("Evidence on pulsed and intense treatment of multiple sclerosis",),
        subtitle=("Reports whose every number can be followed to where it was printed or computed",),
        blocks=tuple(blocks),
    )
    navigation = [(run.document.title, f"{run.slug}/report.html") for run in runs]
    links = [(renamed_title(run, position), address) for position, (run, (_, address)) in enumerate(zip(runs, navigation, strict=True))]
    return write_html(document, ledger, navigation=links)


def renamed_title(run: AnalysisRun, position: int) -> Text:
    """Return a report's title with the ids it has on the index page."""
    return tuple(_rename(span, position) for span in run.document.title)


class _Renamed:
    """Texts and ledger entries of one report, with ids that no other report has."""

    def __init__(self, run: AnalysisRun, position: int, merged: dict[str, Any]) -> None:
        self._ledger = run.ledger
        self._position = position
        self._merged = merged

    def text(self, text: Text) -> Text:
        for span in text:
            if isinstance(span, (Shown, Named)):
                self._keep(span)
        return tuple(_rename(span, self._position) for span in text)

    def _keep(self, span: Shown | Named) -> None:
        kind = "numbers" if isinstance(span, Shown) else "names"
        entry = dict(self._ledger[kind][span.id])
        entry["of"] = self._address(entry["of"])
        self._merged[kind][_identifier(span.id, self._position)] = entry

    def _address(self, address: str) -> str:
        origin, mark, path = address.partition("#")
        if origin in self._ledger["reported"]:
            self._merged["reported"][origin] = self._ledger["reported"][origin]
            return address
        computed = origin.removeprefix("computed:")
        if computed not in self._ledger["computations"]:
            return address
        record = dict(self._ledger["computations"][computed])
        record["inputs"] = {
            name: [self._address(one) for one in given] if isinstance(given, list) else self._address(given)
            for name, given in record["inputs"].items()
        }
        renamed = _identifier(computed, self._position)
        self._merged["computations"][renamed] = record
        return f"{renamed}{mark}{path}"


def _identifier(name: str, position: int) -> str:
    return f"{name[0]}{position + 1}{int(name[1:]):05d}"


def _rename(span: Span, position: int) -> Span:
    return replace(span, id=_identifier(span.id, position)) if isinstance(span, (Shown, Named)) else span
