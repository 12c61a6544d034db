"""The forest plot of a comparison: both arms of each trial, and its ratio on a log scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from evidence.analysis.sections.pooled.forest import (
    alt_text,
    axis_ticks,
    footer_texts,
    study_row,
    summary_rows,
)
from evidence.analysis.sections.pooled.studies import Synthesis
from evidence.analysis.sections.pooled.text import MEASURE_NAMES, level_text
from evidence.analysis.shared.context import ABSENT, Context
from evidence.outcomes.contrasts import Contrast
from evidence.report.figures.forest.plot import choose_limits, draw_forest_plot
from evidence.report.figures.forest.records import ForestPlot
from evidence.report.record.document import Figure, Text

#: What a forest plot shows of an arm, in the order of preference.
_SHOWN_OF_ARMS = ("events", "count", "rate", "km_proportion", "proportion")


def comparison_figure(context: Context, synthesis: Synthesis[Contrast]) -> Figure:
    """Return the forest plot of a comparison."""
    rows = [
        study_row(context, synthesis, index, _arms(context, one))
        for index, one in enumerate(synthesis.studies)
    ]
    rows += summary_rows(context, synthesis)
    ticks = axis_ticks(context, rows, "log", 0.0)
    title: Text = (context.declared_text(f"{synthesis.path}/title"),)
    left, right = (context.declared_text(f"{synthesis.path}/favours/{side}") for side in (0, 1))
    name = MEASURE_NAMES[synthesis.measure]
    plot = ForestPlot(
        id=synthesis.id,
        number=context.number("figure"),
        title=title,
        alt=alt_text(context, synthesis, title, name),
        column_headers=(("Study",), *_arm_headers(context, synthesis)),
        estimate_header=(name.capitalize(), " (", *level_text(context, synthesis.fit), " CI)"),
        weight_header=("Weight",),
        rows=tuple(rows),
        scale="log",
        null=0.0,
        axis_label=(f"{name.capitalize()}, log scale",),
        favours=((left,), (right,)),
        footer=footer_texts(context, synthesis),
        ticks=ticks,
        limits=choose_limits(rows, "log", 0.0),
    )
    return draw_forest_plot(plot)


def _arm_headers(context: Context, synthesis: Synthesis[Contrast]) -> tuple[Text, Text]:
    treated = _arm_header(context, synthesis, "arm")
    return treated, _arm_header(context, synthesis, "comparator_arm")


def _arm_header(
    context: Context, synthesis: Synthesis[Contrast], side: Literal["arm", "comparator_arm"]
) -> Text:
    arms = [(one.study_id, getattr(one, side)) for one in synthesis.studies]
    addresses = {f"study:{study_id}/arms/{arm}/label" for study_id, arm in arms}
    labels = {context.ledger.origins.text(address, {}) for address in addresses}
    if len(labels) == 1:
        return (context.arm(*arms[0]),)
    return ("Treated" if side == "arm" else "Comparator",)


def _arms(context: Context, one: Contrast) -> tuple[Text, Text]:
    return _arm_text(context, one.shown, 1), _arm_text(context, one.shown, 2)


def _arm_text(context: Context, shown: Mapping[str, str], arm: int) -> Text:
    """Return "82/376", the rate or the percentage of an arm: the same kind for both arms."""
    size = shown.get(f"n{arm}")
    patients: Text = (context.printed(size),) if size else (ABSENT,)
    kinds = (kind for kind in _SHOWN_OF_ARMS if {f"{kind}1", f"{kind}2"} <= shown.keys())
    kind = next(kinds, None)
    if kind is None:
        return patients
    value = context.printed(shown[f"{kind}{arm}"])
    if kind == "rate":
        return (value,)
    return (value, "/" if kind in ("events", "count") else "% of ", *patients)
