"""What forest plots of comparisons and proportions have in common: rows, ticks and texts."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.analysis.sections.pooled.contrast_effects import interval_text, study_interval
from evidence.analysis.sections.pooled.studies import Study, Synthesis
from evidence.analysis.sections.pooled.text import SHOWN, heterogeneity_text, method_text
from evidence.analysis.shared.context import Context
from evidence.report.drawing.axes import Scale
from evidence.report.figures.forest.plot import choose_ticks
from evidence.report.figures.forest.records import ForestRow
from evidence.report.record.document import Shown, Text
from evidence.synthesis.pairwise.prediction import PredictionInterval


def study_row(
    context: Context, synthesis: Synthesis[Study], index: int, columns: tuple[Text, ...]
) -> ForestRow:
    """Return the row of one study, on the scale of analysis."""
    one, fit = synthesis.studies[index], synthesis.fit
    effect, level = synthesis.effects[one.study_id], fit.result.level
    low, high = study_interval(context, effect, level).result
    weight = fit.quantity(f"weights.{index}")
    return ForestRow(
        label=(context.study(one.study_id),),
        columns=columns,
        estimate=effect.quantity("yi.0").value,
        ci_low=float(low),
        ci_high=float(high),
        weight=weight.value,
        estimate_text=interval_text(context, effect, level, synthesis.measure),
        weight_text=(context.ledger.show(weight, "percent:1"), "%"),
    )


def summary_rows(context: Context, synthesis: Synthesis[Study]) -> list[ForestRow]:
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


def axis_ticks(
    context: Context, rows: Sequence[ForestRow], scale: Scale, null: float | None
) -> tuple[tuple[float, Text], ...]:
    """Return the ticks that suit the rows, each with its label."""
    return tuple(
        (at, (context.ledger.name(f"axis:{label}"),))
        for at, label in choose_ticks(rows, scale, null)
    )


def footer_texts(context: Context, synthesis: Synthesis[Study]) -> tuple[Text, Text]:
    """Return the lines beside the axis: heterogeneity, and the method with a capital."""
    heterogeneity = heterogeneity_text(context, synthesis.fit)
    first, *rest = method_text(context, synthesis.fit)
    if isinstance(first, str):
        first = first[:1].upper() + first[1:]
    return heterogeneity, (first, *rest)


def alt_text(context: Context, synthesis: Synthesis[Study], title: Text, measure: str) -> Text:
    """Return what the figure shows, for those who cannot see it."""
    k = context.ledger.show(synthesis.fit.quantity("k"), "fixed:0")
    value, low, high = _shown(context, synthesis, ("estimate", "ci_low", "ci_high"))
    return context.ledger.prose(
        "Forest plot of {title}: {k} studies; summary {measure} {value}, interval {low} to {high}.",
        title=title, k=k, measure=measure, value=value, low=low, high=high,
    )  # fmt: skip


def _shown(context: Context, synthesis: Synthesis[Study], paths: Sequence[str]) -> list[Shown]:
    spec = SHOWN[synthesis.measure][0]
    return [context.ledger.show(synthesis.fit.quantity(path), spec) for path in paths]
