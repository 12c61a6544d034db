"""The forest plot of a proportion: events and time of each cohort, and its percentage."""

from __future__ import annotations

from dataclasses import replace

from evidence.analysis.sections.pooled.forest import (
    alt_text,
    axis_ticks,
    footer_texts,
    study_row,
    summary_rows,
)
from evidence.analysis.sections.pooled.studies import Synthesis
from evidence.analysis.sections.pooled.text import level_text
from evidence.analysis.shared.context import Context
from evidence.effects.conversions import back_transform
from evidence.outcomes.arms import Cohort
from evidence.report.figures.forest.plot import choose_limits, draw_forest_plot
from evidence.report.figures.forest.records import ForestPlot, ForestRow
from evidence.report.record.document import Figure, Text


def proportion_figure(context: Context, synthesis: Synthesis[Cohort]) -> Figure:
    """Return the forest plot of a proportion."""
    timed = any(one.months is not None for one in synthesis.studies)
    rows = [
        study_row(context, synthesis, index, _cells(context, one, timed))
        for index, one in enumerate(synthesis.studies)
    ]
    rows += summary_rows(context, synthesis)
    rows = [_natural(row, synthesis.measure) for row in rows]
    ticks = axis_ticks(context, rows, "proportion", None)
    title: Text = (context.declared_text(f"{synthesis.path}/title"),)
    plot = ForestPlot(
        id=synthesis.id,
        number=context.number("figure"),
        title=title,
        alt=alt_text(context, synthesis, title, "percentage"),
        column_headers=(("Study",), ("Events/total",), *((("Months",),) if timed else ())),
        estimate_header=("Per cent (", *level_text(context, synthesis.fit), " CI)"),
        weight_header=("Weight",),
        rows=tuple(rows),
        scale="proportion",
        null=None,
        axis_label=("Per cent of patients",),
        favours=None,
        footer=footer_texts(context, synthesis),
        ticks=ticks,
        limits=choose_limits(rows, "proportion", None),
    )
    return draw_forest_plot(plot)


def _cells(context: Context, one: Cohort, timed: bool) -> tuple[Text, ...]:
    """Return patients with the event of all (or their percentage), and months if any has them."""
    if not timed:
        return (_patients(context, one),)
    months: Text = ()
    if one.months is not None:
        months = (context.printed(f"{one.reported}#timepoint_months"),)
    return _patients(context, one), months


def _patients(context: Context, one: Cohort) -> Text:
    if "xi" in one.inputs:
        return (context.printed(one.inputs["xi"]), "/", context.printed(one.inputs["ni"]))
    value: Text = (context.printed(one.inputs["percent"]), "%")
    return (*value, " of ", context.printed(one.size)) if one.size is not None else value


def _natural(row: ForestRow, transform: str) -> ForestRow:
    """Move a row from the scale of analysis to proportions, where the figure is drawn."""

    def back(value: float | None) -> float | None:
        return None if value is None else float(back_transform(value, transform))

    return replace(
        row, estimate=back(row.estimate), ci_low=back(row.ci_low), ci_high=back(row.ci_high)
    )
