"""A review's table in a declared analysis: its cells as printed, and how each is updated."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evidence.analysis.shared.entries import Entry, SectionEntry, Slug


class Update(Entry):
    """How a cell of a review is updated from other documents.

    ``by`` says what is computed; ``inputs`` are result_ids, or ``<result_id>#<column>``;
    ``against`` is the position of the printed number that the update is compared with, where a cell
    prints several; ``label`` says which of several updates it is, such as a trial's name.
    """

    by: Literal[
        "reported",
        "relative-reduction",
        "relative-reduction-from-arms",
        "percentage",
        "complement",
        "mean",
    ]
    inputs: Annotated[list[str], Field(min_length=1)]
    against: int = Field(default=0, ge=0)
    label: str | None = None


class ReviewCell(Entry):
    """One cell of a review's table: the rows that hold it as printed, and its updates."""

    row: str
    column: str
    printed: Annotated[list[str], Field(min_length=1)]
    labels: list[str] = Field(default_factory=list)
    updates: list[Update] = Field(default_factory=list)
    note: str | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> ReviewCell:
        if self.labels and len(self.labels) != len(self.printed):
            raise ValueError(f"{len(self.labels)} labels for {len(self.printed)} printed numbers")
        outside = [update.against for update in self.updates if update.against >= len(self.printed)]
        if outside:
            raise ValueError(
                f"updates against {outside}, and the cell prints {len(self.printed)} numbers"
            )
        return self


class Labelled(Entry):
    """A row or column of a review's table."""

    id: Slug
    label: str


class ReviewTable(SectionEntry):
    """A table of a review, cell by cell, beside values recomputed or updated from other sources."""

    kind: Literal["review-table"]
    source: str
    table: str
    rows: Annotated[list[Labelled], Field(min_length=1)]
    columns: Annotated[list[Labelled], Field(min_length=1)]
    cells: Annotated[list[ReviewCell], Field(min_length=1)]

    @model_validator(mode="after")
    def _cells_fit(self) -> ReviewTable:
        places = {(row.id, column.id) for row in self.rows for column in self.columns}
        given = Counter((cell.row, cell.column) for cell in self.cells)
        unknown = [place for place in given.elements() if place not in places]
        faults = [f"cells: no row {row!r} or no column {column!r}" for row, column in unknown]
        twice = sorted(place for place, count in given.items() if count > 1)
        faults += [f"cells: {place} is given twice" for place in twice]
        faults += [f"cells: {place} is missing" for place in sorted(places - given.keys())]
        if faults:
            raise ValueError("; ".join(faults))
        return self
