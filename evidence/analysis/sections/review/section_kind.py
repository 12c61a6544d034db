"""A review's table as a kind of section."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.analysis.sections.review.declared import ReviewTable
from evidence.analysis.sections.review.moves import review_moves
from evidence.analysis.sections.review.table import review_section
from evidence.analysis.shared.section_kind import SectionKind
from evidence.trials.dataset.load import Trials


def _rows_in_use(section: ReviewTable, trials: Trials) -> Iterator[str]:
    for cell in section.cells:
        yield from cell.printed
        for update in cell.updates:
            yield from (address.partition("#")[0] for address in update.inputs)


REVIEW_TABLE = SectionKind(
    name="review-table",
    schema=ReviewTable,
    section=review_section,
    moves=review_moves,
    rows_in_use=_rows_in_use,
)
