"""The forest plot of a pooled section: its studies, its summary, and the axis of its measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evidence.analysis.sections.pooled.kind import PooledKind, StudyT
from evidence.analysis.sections.pooled.measures import MEASURES
from evidence.analysis.sections.pooled.records import Study, Synthesis
from evidence.analysis.sections.pooled.text import (
    heterogeneity_text,
    level_text,
    method_text,
    study_interval,
    study_text,
)
from evidence.analysis.shared.context import Context
from evidence.effects.conversions import back_transform
from evidence.report.drawing.axes import Scale
from evidence.report.figures.forest.plot import choose_limits, choose_ticks, draw_forest_plot
from evidence.report.figures.forest.records import ForestPlot, ForestRow
from evidence.report.record.document import Figure, Shown, Text
from evidence.synthesis.pairwise.prediction import PredictionInterval


def forest_figure(
    context: Context, kind: PooledKind[StudyT], synthesis: Synthesis[StudyT]
) -> Figure:
    """Return the forest plot of a synthesis."""
    measure = MEASURES[synthesis.measure]
    rows = _rows(context, kind, synthesis)
    ticks = _ticks(context, rows, measure.drawn_on, kind.null)
    title: Text = (context.declared_text(f"{synthesis.path}/title"),)
    favours = _favours(context, synthesis.path) if kind.null is not None else None
    plot = ForestPlot(
        id=synthesis.id,
        number=context.number("figure"),
        title=title,
        alt=_alt_text(context, synthesis, title),
        column_headers=(("Study",), *kind.headers(context, synthesis.studies)),
        estimate_header=(*measure.before_level, *level_text(context, synthesis.fit), " CI)"),
        weight_header=("Weight",),
        rows=tuple(rows),
        scale=measure.drawn_on,
        null=kind.null,
        axis_label=(measure.axis,),
        favours=favours,
        footer=_footer(context, synthesis),
        ticks=ticks,
        limits=choose_limits(rows, measure.drawn_on, kind.null),
    )
    return draw_forest_plot(plot)


def _rows(
    context: Context, kind: PooledKind[StudyT], synthesis: Synthesis[StudyT]
) -> list[ForestRow]:
    """Return the rows of studies and summary, on the scale of the axis."""
    rows = [
        _study_row(context, synthesis, index, kind.cells(context, synthesis.studies, index))
        for index in range(len(synthesis.studies))
    ]
    rows += _summary_rows(context, synthesis)
    if MEASURES[synthesis.measure].drawn_on == "proportion":
        return [_natural(row, synthesis.measure) for row in rows]
    return rows


def _natural(row: ForestRow, measure: str) -> ForestRow:
    """Move a row from the scale of analysis to proportions, where the figure is drawn."""

    def back(value: float | None) -> float | None:
        return None if value is None else float(back_transform(value, measure))

    return replace(
        row, estimate=back(row.estimate), ci_low=back(row.ci_low), ci_high=back(row.ci_high)
    )


def _study_row(
    context: Context, synthesis: Synthesis[Study], index: int, columns: tuple[Text, ...]
) -> ForestRow:
    """Return the row of one study, on the scale of analysis."""
    one, fit = synthesis.studies[index], synthesis.fit
    effect, level = synthesis.effects.computed[index], fit.result.level
    low, high = study_interval(context, effect, level).result
    weight = fit.quantity(f"weights.{index}")
    return ForestRow(
        label=(context.study(one.study_id),),
        columns=columns,
        estimate=effect.quantity("yi.0").value,
        ci_low=float(low),
        ci_high=float(high),
        weight=weight.value,
        estimate_text=study_text(context, effect, level, synthesis.measure),
        weight_text=(context.ledger.show(weight, "percent:1"), "%"),
    )


def _summary_rows(context: Context, synthesis: Synthesis[Study]) -> list[ForestRow]:
    """Return the rows of the summary and, if there is one, of the prediction interval."""
    summary = _summary_row(context, synthesis)
    prediction = synthesis.fit.result.prediction
    if prediction is None:
        return [summary]
    return [summary, _prediction_row(context, synthesis, prediction)]


def _summary_row(context: Context, synthesis: Synthesis[Study]) -> ForestRow:
    result = synthesis.fit.result
    value, low, high = _shown(context, synthesis, ("estimate", "ci_low", "ci_high"))
    return ForestRow(
        label=("Summary",) if result.k > 1 else ("Single study",),
        estimate=result.estimate,
        ci_low=result.ci_low,
        ci_high=result.ci_high,
        estimate_text=(value, " (", low, " to ", high, ")"),
        kind="summary",
    )


def _prediction_row(
    context: Context, synthesis: Synthesis[Study], prediction: PredictionInterval
) -> ForestRow:
    low, high = _shown(context, synthesis, ("prediction.low", "prediction.high"))
    return ForestRow(
        label=("Prediction interval",),
        estimate=synthesis.fit.result.estimate,
        ci_low=prediction.low,
        ci_high=prediction.high,
        estimate_text=("(", low, " to ", high, ")"),
        kind="prediction",
    )


def _ticks(
    context: Context, rows: Sequence[ForestRow], scale: Scale, null: float | None
) -> tuple[tuple[float, Text], ...]:
    """Return the ticks that suit the rows, each with its label."""
    return tuple(
        (at, (context.ledger.name(f"axis:{label}"),))
        for at, label in choose_ticks(rows, scale, null)
    )


def _footer(context: Context, synthesis: Synthesis[Study]) -> tuple[Text, Text]:
    """Return the lines beside the axis: heterogeneity, and the method with a capital."""
    heterogeneity = heterogeneity_text(context, synthesis.fit)
    first, *rest = method_text(context, synthesis.fit)
    if isinstance(first, str):
        first = first[:1].upper() + first[1:]
    return heterogeneity, (first, *rest)


def _favours(context: Context, path: str) -> tuple[Text, Text]:
    left, right = (context.declared_text(f"{path}/favours/{side}") for side in (0, 1))
    return (left,), (right,)


def _alt_text(context: Context, synthesis: Synthesis[Study], title: Text) -> Text:
    """Return what the figure shows, for those who cannot see it."""
    k = context.ledger.show(synthesis.fit.quantity("k"), "fixed:0")
    value, low, high = _shown(context, synthesis, ("estimate", "ci_low", "ci_high"))
    return context.ledger.prose(
        "Forest plot of {title}: {k} studies; summary {measure} {value}, interval {low} to {high}.",
        title=title, k=k, measure=MEASURES[synthesis.measure].name, value=value, low=low, high=high,
    )  # fmt: skip


def _shown(context: Context, synthesis: Synthesis[Study], paths: Sequence[str]) -> list[Shown]:
    spec = MEASURES[synthesis.measure].format
    return [context.ledger.show(synthesis.fit.quantity(path), spec) for path in paths]
