"""A review's table beside its update: every cell as printed, what newer or primary data give, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evidence.analysis.context import ABSENT, Context, SectionResult, distinct, joined
from evidence.analysis.declared import Labelled, ReviewCell, ReviewTable
from evidence.analysis.reported_cell import reported_text, source_text
from evidence.analysis.updates import Updated, Verdict, overall, update_cell
from evidence.report.document import Block, Cell, Column, Footnote, Heading, Paragraph, Row, Table, Text
from evidence.report.ledger import plain_number

_WORDS: dict[Verdict | None, str] = {
    "agrees": "agrees",
    "differs": "differs",
    "words": "in words; not compared",
    None: "no other source found",
}


def review_section(context: Context, section: ReviewTable, path: str) -> SectionResult:
    """Return the review's table in its own layout, and the list of all its cells with their sources."""
    updated = {
        (cell.row, cell.column): [update_cell(context, cell, update) for update in cell.updates] for cell in section.cells
    }
    verdicts = {place: overall([one.verdict for one in found]) for place, found in updated.items()}
    blocks: list[Block] = [Heading(text=(context.declared_text(f"{path}/title"),))]
    summary = _summary(context, section, path, verdicts)
    blocks.append(Paragraph(text=summary))
    if section.note:
        blocks.append(Paragraph(text=(context.declared_text(f"{path}/note"),)))
    blocks.append(_layout(context, section, path, updated, verdicts))
    blocks.append(_listing(context, section, path, updated, verdicts))
    return SectionResult(
        blocks=tuple(blocks),
        results=_results(context, section, updated, verdicts),
        headline=summary,
        methods=(_methods(context, section, path),),
    )


def _summary(
    context: Context, section: ReviewTable, path: str, verdicts: dict[tuple[str, str], Verdict | None]
) -> Text:
    words = list(verdicts.values())
    counts = {word: context.ledger.count(f"cells that {_WORDS[word]}", [w == word for w in words]) for word in _WORDS}
    total = context.ledger.count("cells", [True for _ in words])
    key = context.declared_text(f"{path}/source")
    table = context.declared_text(f"{path}/table")
    return context.ledger.prose(
        "{table} of {key} has {total} cells. An update agrees with {agrees} of them at the printed rounding and differs "
        "from {differs}; cells in words, not compared: {words}; cells for which no other source was found: {none}.",
        table=table, key=key, total=total, agrees=counts["agrees"], differs=counts["differs"],
        words=counts["words"], none=counts[None],
    )  # fmt: skip


def _layout(
    context: Context,
    section: ReviewTable,
    path: str,
    updated: dict[tuple[str, str], list[Updated]],
    verdicts: dict[tuple[str, str], Verdict | None],
) -> Table:
    """The review's own layout: for each row the printed values and, below them, the updates."""
    labels = [(context.declared_text(f"{path}/columns/{i}/label"),) for i in range(len(section.columns))]
    columns = (Column(header=("",), width=1.6), *(Column(header=label, width=1.4) for label in labels))
    cells = {(cell.row, cell.column): cell for cell in section.cells}
    rows: list[Row] = []
    for index, row in enumerate(section.rows):
        rows.append(Row(cells=(Cell(text=(context.declared_text(f"{path}/rows/{index}/label"),)),), kind="group"))
        printed = [Cell(text=_printed(context, path, section, cells[row.id, column.id])) for column in section.columns]
        newer = [_newer(updated[row.id, column.id], verdicts[row.id, column.id]) for column in section.columns]
        stub: Text = (context.declared_text(f"{path}/source"), ", as printed")
        rows.append(Row(cells=(Cell(text=stub), *printed)))
        rows.append(Row(cells=(Cell(text=("Update",), tone="strong"), *newer)))
    return Table(
        id=section.id,
        number=context.number("table"),
        title=(context.declared_text(f"{path}/title"), ": as printed and updated"),
        columns=columns,
        rows=tuple(rows),
        footnotes=(Footnote(mark="", text=_LEGEND), *_abbreviations(context)),
        landscape=True,
    )


_LEGEND: Text = (
    "≠ the update differs from the printed value at the printed rounding; = it agrees; — no other source was found. "
    "Where several documents give an update, all are shown.",
)


def _abbreviations(context: Context) -> tuple[Footnote, ...]:
    text = context.ledger.prose(
        "CI: confidence interval; EDSS: Expanded Disability Status Scale; ITP: immune thrombocytopenia; "
        "{neda}: no evidence of disease activity; NS: not significant (as printed); "
        "PML: progressive multifocal leukoencephalopathy.",
        neda=context.ledger.name("vocabulary:outcomes/neda-3/short"),
    )
    return (Footnote(mark="", text=text),)


def _printed(context: Context, path: str, section: ReviewTable, cell: ReviewCell) -> Text:
    place = section.cells.index(cell)
    parts: list[Text] = []
    for index, result_id in enumerate(cell.printed):
        label: Text = (context.declared_text(f"{path}/cells/{place}/labels/{index}"), " ") if cell.labels else ()
        parts.append((*label, *reported_text(context, result_id)))
    return joined(parts, "; ")


def _newer(updates: Sequence[Updated], verdict: Verdict | None) -> Cell:
    if not updates:
        return Cell(text=(ABSENT,), tone="absent")
    tone: dict[Verdict | None, Any] = {"agrees": "agrees", "differs": "differs"}
    return Cell(text=joined([one.text for one in updates], "; "), tone=tone.get(verdict, "plain"))


def _listing(
    context: Context,
    section: ReviewTable,
    path: str,
    updated: dict[tuple[str, str], list[Updated]],
    verdicts: dict[tuple[str, str], Verdict | None],
) -> Table:
    """Every cell with its sources and the arithmetic behind its update."""
    headers = ("Cell", "As printed", "Where printed", "Update", "How, and from where", "Comparison")
    columns = tuple(
        Column(header=(header,), width=width) for header, width in zip(headers, (1.5, 1.2, 1.6, 1.7, 3.2, 1.0), strict=True)
    )
    rows: list[Row] = []
    numbered = list(enumerate(section.cells))
    for index, row in enumerate(section.rows):
        rows.append(Row(cells=(Cell(text=(context.declared_text(f"{path}/rows/{index}/label"),)),), kind="group"))
        for place, cell in numbered:
            if cell.row == row.id:
                verdict = verdicts[cell.row, cell.column]
                rows.append(_listed(context, section, path, place, cell, updated[cell.row, cell.column], verdict))
    return Table(
        id=f"{section.id}-cells",
        number=context.number("table"),
        title=(context.declared_text(f"{path}/title"), ": each cell with its sources"),
        columns=columns,
        rows=tuple(rows),
        landscape=True,
    )


def _listed(
    context: Context,
    section: ReviewTable,
    path: str,
    place: int,
    cell: ReviewCell,
    updates: Sequence[Updated],
    verdict: Verdict | None,
) -> Row:
    column = _index(section.columns, cell.column)
    how = [
        (*one.how, " [", *joined(distinct([source_text(context, result_id) for result_id in one.inputs]), "; "), "]") for one in updates
    ]
    if cell.note:
        how.append((context.declared_text(f"{path}/cells/{place}/note"),))
    texts: list[Text] = [
        (context.declared_text(f"{path}/columns/{column}/label"),),
        _printed(context, path, section, cell),
        joined(distinct([source_text(context, result_id) for result_id in cell.printed]), "; "),
        joined([one.text for one in updates], "; ") if updates else (ABSENT,),
        joined(how, ". ") if how else (ABSENT,),
        (_WORDS[verdict],),
    ]
    tones: dict[Verdict | None, Any] = {"agrees": "agrees", "differs": "differs"}
    cells = [Cell(text=text) for text in texts[:-1]]
    return Row(cells=(*cells, Cell(text=texts[-1], tone=tones.get(verdict, "plain"))))


def _index(labelled: Sequence[Labelled], name: str) -> int:
    return next(i for i, one in enumerate(labelled) if one.id == name)


def _methods(context: Context, section: ReviewTable, path: str) -> Text:
    return context.ledger.prose(
        "{table} of {key} was transcribed cell by cell; each cell is set beside the value that the trial's own publication, "
        "a registry, or another document gives. An update agrees if it rounds to the printed value at the printed number of "
        "decimals, lies in the printed range, or satisfies the printed relation.",
        table=context.declared_text(f"{path}/table"),
        key=context.declared_text(f"{path}/source"),
    )


def _results(
    context: Context,
    section: ReviewTable,
    updated: dict[tuple[str, str], list[Updated]],
    verdicts: dict[tuple[str, str], Verdict | None],
) -> dict[str, Any]:
    return {
        "kind": section.kind,
        "cells": [
            {
                "row": cell.row,
                "column": cell.column,
                "printed": [{"result_id": name, **_values(context, name)} for name in cell.printed],
                "updates": [
                    {"by": update.by, "inputs": update.inputs, "value": plain_number(one.value), "verdict": one.verdict}
                    for update, one in zip(cell.updates, updated[cell.row, cell.column], strict=True)
                ],
                "verdict": verdicts[cell.row, cell.column],
            }
            for cell in section.cells
        ],
    }


def _values(context: Context, result_id: str) -> dict[str, Any]:
    row = context.trials.row(result_id)
    names = ("value_operator", "value", "range_low", "range_high", "p_operator", "p_value", "finding")
    return {name: row[name] for name in names if row[name] is not None}
