"""What moved between two updates of a review's table, cell by cell, as a reader sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.analysis.sections.review.declared import ReviewTable
from evidence.analysis.shared.move import Kind, Move, Seen
from evidence.report.record.document import plain

#: Columns of the report's list of a review's cells that are compared, by what they say.
_COMPARED: dict[str, Kind] = {"Comparison": "verdict", "As printed": "cell", "Update": "cell"}


def review_moves(
    section: ReviewTable, before: Seen, after: Seen, thresholds: Sequence[float]
) -> Iterator[Move]:
    """Yield the cells of a review whose verdict, printed value or update reads differently.

    A review has no summary, so that no threshold can be stated for it.
    """
    listed = [cell for row in section.rows for cell in section.cells if cell.row == row.id]
    shown = [_listing(section, seen) for seen in (before, after)]
    values = [_updates(seen) for seen in (before, after)]
    for index, cell in enumerate(listed):
        place = f"{cell.row}, {cell.column}"
        changed = [h for h in _COMPARED if shown[0][h][index] != shown[1][h][index]]
        for header in changed:
            yield Move(
                section=section.title,
                kind=_COMPARED[header],
                what=f"{place}, {header.lower()}" if header != "Comparison" else place,
                old=shown[0][header][index],
                new=shown[1][header][index],
            )
        first, second = (found[cell.row, cell.column] for found in values)
        if not changed and first != second:
            yield Move(
                section=section.title,
                kind="cell",
                what=f"{place}, unrounded update",
                old=first,
                new=second,
                matters=False,
            )


def _listing(section: ReviewTable, seen: Seen) -> dict[str, list[str]]:
    """Return the texts of the report's list of cells, by column header."""
    table = next(one for one in seen.tables if one.id == f"{section.id}-cells")
    headers = [plain(column.header) for column in table.columns]
    rows = [row for row in table.rows if row.kind != "group"]
    return {header: [plain(row.cells[i].text) for row in rows] for i, header in enumerate(headers)}


def _updates(seen: Seen) -> dict[tuple[str, str], str]:
    """Return the unrounded updates of each cell, as text."""
    return {
        (cell["row"], cell["column"]): "; ".join(str(one["value"]) for one in cell["updates"])
        for cell in seen.results["cells"]
    }
