"""A review's table beside its update: what newer or primary data give, and where they differ."""

from __future__ import annotations

from evidence.analysis.sections.review.cells import VERDICT_WORDS, ReviewedTable, reviewed_table
from evidence.analysis.sections.review.declared import ReviewCell, ReviewTable
from evidence.analysis.sections.review.layout import layout_table, listing_table
from evidence.analysis.shared.context import Context, SectionResult
from evidence.report.record.document import Heading, Paragraph, Text
from evidence.report.record.ledger import plain_number
from evidence.report.record.origins import Json

_PRINTED = (
    "value_operator", "value", "range_low", "range_high", "p_operator", "p_value", "finding",
)  # fmt: skip


def review_section(context: Context, section: ReviewTable, path: str) -> SectionResult:
    """Return the review's table in its own layout, and the list of its cells with their sources."""
    review = reviewed_table(context, section, path)
    title = Heading(text=review.declared("title"))
    summary = _summary(review)
    note = [Paragraph(text=review.declared("note"))] if section.note else []
    tables = (layout_table(review), listing_table(review))
    return SectionResult(
        blocks=(title, Paragraph(text=summary), *note, *tables),
        results=_results(review),
        headline=summary,
        methods=(_methods(review),),
    )


def _summary(review: ReviewedTable) -> Text:
    count, verdicts = review.context.ledger.count, list(review.verdicts.values())
    counts = {
        verdict: count(f"cells that {words}", [found == verdict for found in verdicts])
        for verdict, words in VERDICT_WORDS.items()
    }
    return review.context.ledger.prose(
        "{table} of {key} has {total} cells. An update agrees with {agrees} of them at the printed "
        "rounding and differs from {differs}; cells in words, not compared: {words}; cells for "
        "which no other source was found: {none}.",
        total=count("cells", [True for _ in verdicts]),
        key=review.declared("source"),
        table=review.declared("table"),
        agrees=counts["agrees"],
        differs=counts["differs"],
        words=counts["words"],
        none=counts[None],
    )


def _methods(review: ReviewedTable) -> Text:
    return review.context.ledger.prose(
        "{table} of {key} was transcribed cell by cell; each cell is set beside the value that the "
        "trial's own publication, a registry, or another document gives. An update agrees if it "
        "rounds to the printed value at the printed number of decimals, lies in the printed range, "
        "or satisfies the printed relation.",
        table=review.declared("table"),
        key=review.declared("source"),
    )


def _results(review: ReviewedTable) -> dict[str, Json]:
    cells: list[Json] = [_cell(review, cell) for cell in review.section.cells]
    return {"kind": review.section.kind, "cells": cells}


def _cell(review: ReviewedTable, cell: ReviewCell) -> dict[str, Json]:
    found = review.updates[cell.row, cell.column]
    return {
        "row": cell.row,
        "column": cell.column,
        "printed": [_printed(review.context, result_id) for result_id in cell.printed],
        "updates": [
            {
                "by": update.by,
                "inputs": list(update.inputs),
                "value": plain_number(one.value),
                "verdict": one.verdict,
            }
            for update, one in zip(cell.updates, found, strict=True)
        ],
        "verdict": review.verdicts[cell.row, cell.column],
    }


def _printed(context: Context, result_id: str) -> dict[str, Json]:
    row = context.trials.row(result_id)
    given = {name: row[name] for name in _PRINTED if row[name] is not None}
    return {"result_id": result_id, **given}
