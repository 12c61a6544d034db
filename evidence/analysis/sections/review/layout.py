"""A review's table in its own layout, and the list of all its cells with their sources."""

from __future__ import annotations

import re
from collections.abc import Iterable

from evidence.analysis.sections.review.cells import VERDICT_WORDS, ReviewedTable
from evidence.report.record.document import (
    Cell,
    Column,
    Footnote,
    Row,
    Span,
    Table,
    Text,
    plain,
    text_of,
)

_LISTING = {
    "Cell": 1.6,
    "As printed": 1.4,
    "Where printed": 1.2,
    "Update": 1.9,
    "How, and from where": 3.2,
    "Comparison": 1.0,
}
_LEGEND: Text = (
    "≠ the update differs from the printed value at the printed rounding; = it agrees; "
    "— no other source was found. Where several documents give an update, all are shown.",
)
#: What a reader of such tables may need spelled out, in the order of the alphabet.
_ABBREVIATIONS = {
    "CI": "confidence interval",
    "EDSS": "Expanded Disability Status Scale",
    "ITP": "immune thrombocytopenia",
    "NEDA-3": "no evidence of disease activity",
    "NS": "not significant (as printed)",
    "PML": "progressive multifocal leukoencephalopathy",
}
#: Where those that hold a digit stand in the dataset.
_NAMED = {"NEDA-3": "vocabulary:outcomes/neda-3/short"}


def layout_table(review: ReviewedTable) -> Table:
    """Return the review's own layout: printed values and, below them, the updates."""
    section = review.section
    labels = [review.declared(f"columns/{index}/label") for index in range(len(section.columns))]
    rows = [row for index in range(len(section.rows)) for row in _layout_rows(review, index)]
    shown = [*labels, *(cell.text for row in rows for cell in row.cells)]
    return Table(
        id=section.id,
        number=review.context.number("table"),
        title=(*review.declared("title"), ": as printed and updated"),
        columns=(
            Column(header=("",), width=1.6),
            *(Column(header=label, width=1.4) for label in labels),
        ),
        rows=tuple(rows),
        footnotes=(Footnote(mark="", text=_LEGEND), *_abbreviations(review, shown)),
        landscape=True,
    )


def _layout_rows(review: ReviewedTable, index: int) -> list[Row]:
    """Return three rows: the label, the printed values, and the updates."""
    section, row = review.section, review.section.rows[index]
    places = {(cell.row, cell.column): at for at, cell in enumerate(section.cells)}
    order = [places[row.id, column.id] for column in section.columns]
    group = _group(review, index)
    printed = [Cell(text=review.printed(at)) for at in order]
    newer = [_newer(review, at) for at in order]
    stub = Cell(text=(*review.declared("source"), ", as printed"))
    return [
        group,
        Row(cells=(stub, *printed)),
        Row(cells=(Cell(text=("Update",), tone="strong"), *newer)),
    ]


def _group(review: ReviewedTable, index: int) -> Row:
    return Row(cells=(Cell(text=review.declared(f"rows/{index}/label")),), kind="group")


def _newer(review: ReviewedTable, index: int) -> Cell:
    cell = review.section.cells[index]
    known = bool(review.updates[cell.row, cell.column])
    return Cell(text=review.updated(cell), tone=review.tone(cell) if known else "absent")


def _abbreviations(review: ReviewedTable, shown: Iterable[Text]) -> tuple[Footnote, ...]:
    """Return the note that spells out the abbreviations which the table uses, if it uses any."""
    used = set(re.findall(r"[A-Z][\w-]+", " ".join(plain(text) for text in shown)))
    notes: list[Span] = []
    for short, meaning in _ABBREVIATIONS.items():
        if short in used:
            name = review.context.ledger.name(_NAMED[short]) if short in _NAMED else short
            notes += [*(["; "] if notes else []), name, f": {meaning}"]
    return (Footnote(mark="", text=text_of(*notes, ".")),) if notes else ()


def listing_table(review: ReviewedTable) -> Table:
    """Return every cell with its sources and the arithmetic behind its update."""
    rows: list[Row] = []
    for index, row in enumerate(review.section.rows):
        rows.append(_group(review, index))
        cells = enumerate(review.section.cells)
        rows += [_listed(review, at) for at, cell in cells if cell.row == row.id]
    return Table(
        id=f"{review.section.id}-cells",
        number=review.context.number("table"),
        title=(*review.declared("title"), ": each cell with its sources"),
        columns=tuple(Column(header=(header,), width=width) for header, width in _LISTING.items()),
        rows=tuple(rows),
        landscape=True,
    )


def _listed(review: ReviewedTable, index: int) -> Row:
    cell = review.section.cells[index]
    column = [column.id for column in review.section.columns].index(cell.column)
    derivation = review.derivation(index)
    texts: list[Text] = [
        review.declared(f"columns/{column}/label"),
        review.printed(index),
        review.place(cell),
        review.updated(cell),
        derivation,
    ]
    words: Text = (VERDICT_WORDS[review.verdicts[cell.row, cell.column]],)
    return Row(cells=(*(Cell(text=t) for t in texts), Cell(text=words, tone=review.tone(cell))))
