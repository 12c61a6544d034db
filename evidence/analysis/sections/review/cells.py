"""The cells of a review's table: as printed, as updated, and how the two compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evidence.analysis.sections.review.declared import ReviewCell, ReviewTable
from evidence.analysis.sections.review.updates import Updated, Verdict, overall, update_cell
from evidence.analysis.shared.context import ABSENT, Context, distinct, joined
from evidence.analysis.shared.reported_cell import lines_text, reported_text, source_text
from evidence.report.record.document import Text

#: Row and column of a cell.
Place = tuple[str, str]
#: What a reader is told of a cell; None is the verdict of a cell without updates.
VERDICT_WORDS: dict[Verdict | None, str] = {
    "agrees": "agrees",
    "differs": "differs",
    "words": "in words; not compared",
    None: "no other source found",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedTable:
    """A table of a review with the updates of its cells.

    Attributes
    ----------
    context : Context
        Dataset and ledger of the report.
    section, path
        The declared table, and its place in the analysis file.
    updates : mapping of Place to sequence of Updated
        What other documents give for each cell.
    verdicts : mapping of Place to Verdict or None
        How each cell compares with its updates.
    """

    context: Context
    section: ReviewTable
    path: str
    updates: Mapping[Place, Sequence[Updated]]
    verdicts: Mapping[Place, Verdict | None]

    def declared(self, path: str) -> Text:
        """Return a text of the section in the analysis file, by path."""
        return (self.context.declared_text(f"{self.path}/{path}"),)

    def printed(self, index: int) -> Text:
        """Return what the review prints in the cell at ``index`` of the file."""
        parts: list[Text] = []
        for number, result_id in enumerate(self.section.cells[index].printed):
            label: Text = ()
            if self.section.cells[index].labels:
                label = (*self.declared(f"cells/{index}/labels/{number}"), " ")
            parts.append((*label, *reported_text(self.context, result_id, verbatim=True)))
        return joined(parts, "; ")

    def updated(self, cell: ReviewCell) -> Text:
        """Return what other documents give for a cell."""
        place = self.section.cells.index(cell)
        parts: list[Text] = []
        for number, one in enumerate(self.updates[cell.row, cell.column]):
            labelled = cell.updates[number].label is not None
            label = self.declared(f"cells/{place}/updates/{number}/label") if labelled else ()
            parts.append((*label, " ", *one.text) if labelled else one.text)
        return joined(parts, "; ") if parts else (ABSENT,)

    def derivation(self, index: int) -> Text:
        """Return how the updates of the cell at ``index`` were obtained, and its note."""
        cell = self.section.cells[index]
        parts: list[Text] = [
            (*one.how, " [", *self.sources(one.inputs), "]")
            for one in self.updates[cell.row, cell.column]
        ]
        if cell.note:
            parts.append(self.declared(f"cells/{index}/note"))
        return joined(parts, ". ") if parts else (ABSENT,)

    def sources(self, result_ids: Sequence[str]) -> Text:
        """Return where results are printed, each place once."""
        return joined(distinct([source_text(self.context, name) for name in result_ids]), "; ")

    def place(self, cell: ReviewCell) -> Text:
        """Return the lines of the review on which a cell stands."""
        return (*self.declared("source"), ", ", *lines_text(self.context, cell.printed))

    def tone(self, cell: ReviewCell) -> Literal["plain", "agrees", "differs"]:
        """Return the tone in which the comparison of a cell is shown."""
        verdict = self.verdicts[cell.row, cell.column]
        return "plain" if verdict is None or verdict == "words" else verdict


def reviewed_table(context: Context, section: ReviewTable, path: str) -> ReviewedTable:
    """Compute the updates of all cells, and compare them with what the review prints."""
    updates = {
        (cell.row, cell.column): [update_cell(context, cell, update) for update in cell.updates]
        for cell in section.cells
    }
    verdicts = {place: overall([one.verdict for one in found]) for place, found in updates.items()}
    return ReviewedTable(
        context=context, section=section, path=path, updates=updates, verdicts=verdicts
    )
