"""What every section of a report shares: ledger, numbering of tables and figures, dataset."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from evidence.outcomes.given_cells import GIVEN_CELL
from evidence.report.record.document import Block, Shown, Span, Text, plain
from evidence.report.record.ledger import Ledger, Quantity
from evidence.report.record.origins import Json
from evidence.trials.dataset.load import Trials

#: What stands in a cell without a number.
ABSENT = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionResult:
    """What a section contributes to the report and its results.

    Attributes
    ----------
    blocks : tuple of Block
        The section itself.
    results : mapping
        What ``results.json`` holds of it.
    headline : Text
        Its key result.
    methods : tuple of Text
        Paragraphs of the methods.
    """

    blocks: tuple[Block, ...]
    results: Mapping[str, Json]
    headline: Text
    methods: tuple[Text, ...]


@dataclass(kw_only=True)
class Numbering:
    """Ledger of one report, and how many tables and figures it has so far; no dataset is needed."""

    ledger: Ledger
    _counts: dict[str, int] = field(default_factory=dict)

    def number(self, kind: str) -> Text:
        """Return the number of the next table or figure, as text."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return (self.ledger.name(f"order:{self._counts[kind]}"),)

    def at(self, address: str) -> Quantity:
        """Return the number at a cell of a file, or at ``<result_id>#<column>``.

        Without a column, it is the value of the result.
        """
        if address.startswith(GIVEN_CELL):
            return self.ledger.given(address)
        result_id, _, column = address.partition("#")
        return self.ledger.reported(result_id, column or "value")

    def printed(self, address: str) -> Shown:
        """Return the number at an address (see :meth:`at`) with the decimals its source prints."""
        if address.startswith(GIVEN_CELL):
            return self.ledger.given_as_printed(address)
        result_id, _, column = address.partition("#")
        return self.ledger.as_printed(result_id, column or "value")

    def declared_text(self, path: str) -> Span:
        """Return a text of the analysis file, by path."""
        return self.ledger.name(f"analysis:{path}")


@dataclass(kw_only=True)
class Context(Numbering):
    """What the sections of an analysis of the dataset share.

    Attributes
    ----------
    trials : Trials
    certify : bool
        Whether other engines repeat each summary.
    rows_in_use : mapping of str to collection of str
        For each declared analysis the result_ids that it uses; empty where no section asks.
    """

    trials: Trials
    certify: bool = True
    rows_in_use: Mapping[str, Collection[str]] = field(default_factory=dict)

    def study(self, study_id: str) -> Span:
        """Return the name of a study."""
        return self.ledger.name(f"study:{study_id}/name")

    def arm(self, study_id: str, arm: str) -> Span:
        """Return the label of an arm."""
        return self.ledger.name(f"study:{study_id}/arms/{arm}/label")


def distinct(parts: list[Text]) -> list[Text]:
    """Return the texts that read differently, each once, in their order."""
    return list({plain(part): part for part in parts}.values())


def joined(parts: list[Text], separator: str) -> Text:
    """Return several texts as one, with a separator between them."""
    spans: list[Span] = []
    for index, part in enumerate(parts):
        spans += [separator] if index and separator else []
        spans += part
    return tuple(spans)
