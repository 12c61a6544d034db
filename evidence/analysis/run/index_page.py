"""The page that leads to all reports: for each its title, its question, and its key results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evidence.analysis.run.analysis_run import AnalysisRun
from evidence.report.html.writer import write_html
from evidence.report.record.document import (
    Block,
    Document,
    Heading,
    Listing,
    Named,
    Paragraph,
    Shown,
    Span,
    Text,
)
from evidence.report.record.origins import Json

#: The parts of a ledger that grow with each report, by id.
Merged = dict[str, dict[str, Json]]


def index_html(runs: Sequence[AnalysisRun]) -> str:
    """Return the index page; its numbers keep their origins, with ids that no two reports share."""
    merged: Merged = {"numbers": {}, "names": {}, "reported": {}, "computations": {}}
    renamed = [_Renamed(run, position, merged) for position, run in enumerate(runs)]
    document = Document(
        slug="index",
        title=("Evidence on pulsed and intense treatment of multiple sclerosis",),
        subtitle=(
            "Reports whose every number can be followed to where it was printed or computed",
        ),
        blocks=tuple(block for report in renamed for block in report.blocks()),
    )
    first = runs[0].ledger
    shared = {name: first[name] for name in ("schema", "dataset", "software")}
    ledger = {**shared, "analysis": "index", **merged}
    return write_html(document, ledger, navigation=[report.link() for report in renamed])


class _Renamed:
    """Texts and ledger entries of one report, with ids that no other report has."""

    def __init__(self, run: AnalysisRun, position: int, merged: Merged) -> None:
        self._run = run
        self._ledger = run.ledger
        self._position = position
        self._merged = merged

    def blocks(self) -> list[Block]:
        """Return title, subtitle and key results; the first list of a report holds these."""
        document = self._run.document
        results = next(block for block in document.blocks if isinstance(block, Listing))
        return [
            Heading(text=self.text(document.title)),
            Paragraph(text=self.text(document.subtitle)),
            Listing(items=tuple(self.text(item) for item in results.items)),
        ]

    def link(self) -> tuple[Text, str]:
        """Return the title and address of the report."""
        return self.text(self._run.document.title), f"{self._run.slug}/report.html"

    def text(self, text: Text) -> Text:
        """Return a text with its new ids, and put their entries into the ledger of the page."""
        for span in text:
            if not isinstance(span, str):
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
        record = self._ledger["computations"][computed]
        inputs = {name: self._addresses(given) for name, given in record["inputs"].items()}
        renamed = _identifier(computed, self._position)
        self._merged["computations"][renamed] = {**record, "inputs": inputs}
        return f"{renamed}{mark}{path}"

    def _addresses(self, given: str | list[str]) -> Json:
        if isinstance(given, list):
            return [self._address(one) for one in given]
        return self._address(given)


def _identifier(name: str, position: int) -> str:
    return f"{name[0]}{position + 1}{int(name[1:]):05d}"


def _rename(span: Span, position: int) -> Span:
    return span if isinstance(span, str) else replace(span, id=_identifier(span.id, position))
