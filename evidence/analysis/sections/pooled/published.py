"""Published summaries of the same question: which settings give their numbers, or come nearest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evidence.analysis.sections.pooled.declared import PooledEntry, Published
from evidence.analysis.sections.pooled.kind import PooledKind, StudyT
from evidence.analysis.sections.pooled.records import Effects, Part, Synthesis
from evidence.analysis.sections.pooled.stages import compute_effects
from evidence.analysis.shared.context import ABSENT, Context
from evidence.analysis.shared.reported_cell import source_text
from evidence.report.record.document import (
    Block,
    Cell,
    Column,
    Footnote,
    Heading,
    Paragraph,
    Row,
    Table,
    Text,
)
from evidence.report.record.ledger import Computed, Quantity
from evidence.report.record.origins import Json
from evidence.synthesis.reproduction.explanation import explain
from evidence.synthesis.reproduction.records import Explanation
from evidence.trials.rows.printed import decimals_printed

#: Settings of one published summary that the table shows.
_SHOWN = 3
_COUNTS = ({"xi", "ni"}, {"ai", "n1i", "ci", "n2i"})
_COLUMNS = {
    "Scale": 0.7,
    "Estimator": 0.8,
    "Interval": 1.4,
    "Empty cells": 1.2,
    "Left out": 1.4,
    "Gives": 1.6,
    "Last digits off": 0.9,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A declared published summary with its explanation.

    Attributes
    ----------
    path : str
        Its place in the analysis file.
    result : str
        result_id of the published summary.
    studies : int
        Number of studies that were given to the search.
    found : Computed
        The explanation.
    """

    path: str
    result: str
    studies: int
    found: Computed[Explanation]


def published_part(
    context: Context,
    kind: PooledKind[StudyT],
    section: PooledEntry,
    synthesis: Synthesis[StudyT],
) -> Part:
    """Seek the settings behind each declared published summary, and show the nearest.

    Raises
    ------
    BadInput, EmptySelection
        The dataset has not the studies that are said to be pooled.
    """
    if not section.published:
        return Part()
    found = [
        _explained(context, kind, section, synthesis, index)
        for index in range(len(section.published))
    ]
    return Part(
        blocks=tuple(_blocks(context, synthesis, found)),
        results={"published": [_results(one) for one in found]},
    )


def _explained(
    context: Context,
    kind: PooledKind[StudyT],
    section: PooledEntry,
    synthesis: Synthesis[StudyT],
    index: int,
) -> Explained:
    one, effects = section.published[index], synthesis.effects
    if one.select is not None:
        selected = kind.select(context.trials, section, one.select)
        effects = compute_effects(context, kind, selected, section.scale)
    return Explained(
        path=f"{synthesis.path}/published/{index}",
        result=one.result,
        studies=len(effects.studies),
        found=_explanation(context, kind, one, effects),
    )


def _explanation(
    context: Context, kind: PooledKind[StudyT], one: Published, effects: Effects[StudyT]
) -> Computed[Explanation]:
    row = context.trials.row(one.result)
    printed = {"estimate": "value", "ci_low": "ci_low", "ci_high": "ci_high"}
    given = {
        name: context.at(f"{one.result}#{column}")
        for name, column in printed.items()
        if row[column] is not None
    }
    data = _counts(context, kind, effects.studies) or effects.inputs()
    return context.ledger.compute(
        explain,
        {**given, **data},
        measure=None if "xi" in data else effects.measure,
        level=(row["ci_level"] or 95.0) / 100.0,
        decimals=max(decimals_printed(row["printed"], part.value) for part in given.values()),
        percent=row["unit"] == "%",
        subsets=one.subsets,
        labels=effects.labels,
    )


def _counts(
    context: Context, kind: PooledKind[StudyT], studies: Sequence[StudyT]
) -> Mapping[str, Sequence[Quantity]]:
    """Return events and patients by argument, if every study has them; nothing otherwise."""
    given = [kind.counts(context, one) for one in studies]
    complete = [one for one in given if one is not None and set(one) in _COUNTS]
    if len(complete) < len(given):
        return {}
    return {name: [one[name] for one in complete] for name in complete[0]}


def _blocks(
    context: Context, synthesis: Synthesis[StudyT], published: Sequence[Explained]
) -> list[Block]:
    """Return the outcome for each published summary in words, and a table of settings."""
    blocks: list[Block] = [Heading(text=("Published summaries, explained",), level=2)]
    blocks += [Paragraph(text=_words(context, one)) for one in published]
    return [*blocks, _table(context, synthesis, published)]


def _table(context: Context, synthesis: Synthesis[StudyT], published: Sequence[Explained]) -> Table:
    rows = [row for one in published for row in _rows(context, one)]
    return Table(
        id=f"{synthesis.id}-published",
        number=context.number("table"),
        title=(
            context.declared_text(f"{synthesis.path}/title"),
            ": which settings give the published summaries",
        ),
        columns=tuple(Column(header=(name,), width=width) for name, width in _COLUMNS.items()),
        rows=tuple(rows),
        footnotes=(Footnote(mark="", text=_NOTE),),
        landscape=True,
    )


_NOTE: Text = (
    "Last digits off: the largest difference from the printed numbers, in units of the last "
    "printed digit; up to a half is the printed number itself. A match found by leaving studies "
    "out may be chance.",
)


def _words(context: Context, one: Explained) -> Text:
    study_id = str(context.trials.row(one.result)["study_id"])
    return context.ledger.prose(
        "{study} ({where}). {reason} {sentence}",
        study=context.study(study_id),
        where=source_text(context, one.result),
        reason=context.declared_text(f"{one.path}/reason"),
        sentence=_part(context, one, "sentence"),
    )


def _part(context: Context, one: Explained, path: str) -> Text:
    return (context.ledger.name(f"computed:{one.found.id}#{path}"),)


def _rows(context: Context, one: Explained) -> list[Row]:
    """Return the published summary as a heading, and the nearest settings below it."""
    study = context.study(str(context.trials.row(one.result)["study_id"]))
    rows = [Row(cells=(Cell(text=(study, ": ", *_published(context, one))),), kind="group")]
    for index, setting in enumerate(one.found.result.settings[:_SHOWN]):
        path = f"settings.{index}"
        texts: list[Text] = [
            _part(context, one, f"{path}.measure"),
            _part(context, one, f"{path}.method"),
            _part(context, one, f"{path}.interval"),
            _part(context, one, f"{path}.zero_cells") if setting.zero_cells else (ABSENT,),
            _part(context, one, f"{path}.left_out_text"),
            _interval(context, one, path),
            (context.ledger.show(one.found.quantity(f"{path}.distance"), "significant:2"),),
        ]
        rows.append(Row(cells=tuple(Cell(text=text) for text in texts)))
    return rows


def _published(context: Context, one: Explained) -> Text:
    """Return the published numbers as printed."""
    row = context.trials.row(one.result)
    unit = "%" if row["unit"] == "%" else ""
    value: Text = (context.printed(one.result), unit)
    if row["ci_low"] is None:
        return value
    low, high = (context.printed(f"{one.result}#{side}") for side in ("ci_low", "ci_high"))
    return (*value, " (", low, " to ", high, unit, ")")


def _interval(context: Context, one: Explained, path: str) -> Text:
    digits = one.found.result.decimals + 1
    value, low, high = (
        context.ledger.show(one.found.quantity(f"{path}.{name}"), f"fixed:{digits}")
        for name in ("estimate", "ci_low", "ci_high")
    )
    return (value, " (", low, " to ", high, ")")


def _results(one: Explained) -> dict[str, Json]:
    return {
        "result": one.result,
        "computation": one.found.id,
        "studies": one.studies,
        "tried": one.found.result.tried,
        "reproducing": one.found.result.reproducing,
        "sentence": one.found.result.sentence,
    }
