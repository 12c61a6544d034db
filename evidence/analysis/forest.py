"""The forest plot of a section: which rows, columns and texts it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evidence.analysis.context import ABSENT, Context
from evidence.analysis.declared import Comparison
from evidence.analysis.pooled_text import MEASURE_NAMES, heterogeneity_text, level_text, method_text
from evidence.effects.conversions import wald_interval
from evidence.outcomes.contrasts import Contrast, Contrasts
from evidence.report.document import Figure, Text
from evidence.report.forest_plot import ForestPlot, ForestRow, choose_limits, choose_ticks, draw_forest_plot
from evidence.report.ledger import Computed


def study_interval(context: Context, effect: Computed, level: float) -> Computed:
    """Compute the Wald interval of one study's effect, on the scale of analysis."""
    inputs = {"yi": effect.quantity("yi.0"), "vi": effect.quantity("vi.0")}
    return context.ledger.compute(wald_interval, inputs, level=level)


def interval_text(context: Context, effect: Computed, interval: Computed, spec: str) -> Text:
    """Return "0.45 (0.32 to 0.63)" for one study."""
    show = context.ledger.show
    low, high = (show(interval.quantity(path), spec) for path in ("0", "1"))
    return (show(effect.quantity("yi.0"), spec), " (", low, " to ", high, ")")


def forest_figure(
    context: Context,
    section: Comparison,
    path: str,
    contrasts: Contrasts,
    effects: Mapping[str, Computed],
    fit: Computed,
) -> Figure:
    """Return the forest plot of a comparison."""
    rows = [_study_row(context, one, effects[one.study_id], fit, i) for i, one in enumerate(contrasts.contrasts)]
    rows += summary_rows(context, fit, "ratio:2", columns=2)
    limits = choose_limits(rows, "log", 0.0)
    ticks = [(at, (context.ledger.name(f"axis:{label}"),)) for at, label in choose_ticks(rows, "log", 0.0)]
    title: Text = (context.declared_text(f"{path}/title"),)
    favours = tuple((context.declared_text(f"{path}/favours/{i}"),) for i in (0, 1))
    plot = ForestPlot(
        id=section.id,
        number=context.number("figure"),
        title=title,
        alt=alt_text(context, title, fit, MEASURE_NAMES[section.measure]),
        column_headers=(("Study",), _arm_header(context, contrasts.contrasts, "arm"), _arm_header(context, contrasts.contrasts, "comparator_arm")),
        estimate_header=(MEASURE_NAMES[section.measure].capitalize(), " (", *level_text(context, fit), " CI)"),
        weight_header=("Weight",),
        rows=tuple(rows),
        scale="log",
        null=0.0,
        axis_label=(f"{MEASURE_NAMES[section.measure].capitalize()}, log scale",),
        favours=(favours[0], favours[1]),
        footer=(heterogeneity_text(context, fit), capitalised(method_text(context, fit))),
        ticks=tuple(ticks),
        limits=limits,
    )
    return draw_forest_plot(plot)


def _arm_header(context: Context, contrasts: Sequence[Contrast], side: str) -> Text:
    labels = {context.ledger.origins.text(f"study:{one.study_id}/arms/{getattr(one, side)}/label", {}) for one in contrasts}
    if len(labels) == 1:
        one = contrasts[0]
        return (context.arm(one.study_id, getattr(one, side)),)
    return ("Treated" if side == "arm" else "Comparator",)


def _study_row(context: Context, one: Contrast, effect: Computed, fit: Computed, index: int) -> ForestRow:
    interval = study_interval(context, effect, fit.result.level)
    low, high = (float(interval.result[side]) for side in (0, 1))
    return ForestRow(
        label=(context.study(one.study_id),),
        columns=tuple(arm_text(context, one.shown, arm) for arm in (1, 2)),
        estimate=effect.quantity("yi.0").value,
        ci_low=low,
        ci_high=high,
        weight=fit.quantity(f"weights.{index}").value,
        estimate_text=interval_text(context, effect, interval, "ratio:2"),
        weight_text=(context.ledger.show(fit.quantity(f"weights.{index}"), "percent:1"), "%"),
    )


#: What a forest plot shows of an arm, in the order of preference, with the sign written after it.
_SHOWN_OF_ARMS = (("events", ""), ("count", ""), ("rate", ""), ("km_proportion", "%"), ("proportion", "%"))


def arm_text(context: Context, shown: Mapping[str, str], arm: int) -> Text:
    """Return what is known of an arm: "82/376", its rate, or its percentage, the same kind for both arms."""
    size = shown.get(f"n{arm}")
    patients: Text = (context.printed(size),) if size else (ABSENT,)
    kind = next(((name, sign) for name, sign in _SHOWN_OF_ARMS if f"{name}1" in shown and f"{name}2" in shown), None)
    if kind is None:
        return patients
    value = context.printed(shown[f"{kind[0]}{arm}"])
    if kind[0] in ("events", "count"):
        return (value, "/", *patients)
    return (value, "% of ", *patients) if kind[1] else (value,)


def summary_rows(context: Context, fit: Computed, spec: str, columns: int, unit: str = "") -> list[ForestRow]:
    """Return the rows of the summary and of the prediction interval."""
    result, show = fit.result, context.ledger.show
    texts = [show(fit.quantity(path), spec) for path in ("estimate", "ci_low", "ci_high")]
    label: Text = ("Summary",) if result.k > 1 else ("Single study",)
    blank: tuple[Text, ...] = tuple(() for _ in range(columns))
    rows = [
        ForestRow(
            label=label,
            columns=blank,
            estimate=result.estimate,
            ci_low=result.ci_low,
            ci_high=result.ci_high,
            weight=None,
            estimate_text=(texts[0], unit, " (", texts[1], " to ", texts[2], ")"),
            weight_text=(),
            kind="summary",
        )
    ]
    if result.prediction is not None:
        low, high = (show(fit.quantity(f"prediction.{side}"), spec) for side in ("low", "high"))
        rows.append(
            ForestRow(
                label=("Prediction interval",),
                columns=blank,
                estimate=result.estimate,
                ci_low=result.prediction.low,
                ci_high=result.prediction.high,
                weight=None,
                estimate_text=("(", low, " to ", high, ")"),
                weight_text=(),
                kind="prediction",
            )
        )
    return rows


def capitalised(text: Text) -> Text:
    """Return a text whose first letter is a capital."""
    first = text[0]
    return (first[:1].upper() + first[1:], *text[1:]) if isinstance(first, str) else text


def alt_text(context: Context, title: Text, fit: Computed, measure: str, spec: str = "ratio:2") -> Text:
    """Return what the figure shows, for those who cannot see it."""
    show = context.ledger.show
    k, value, low, high = (
        show(fit.quantity("k"), "fixed:0"), *(show(fit.quantity(path), spec) for path in ("estimate", "ci_low", "ci_high")),
    )  # fmt: skip
    return ("Forest plot of ", *title, ": ", k, f" studies; summary {measure} ", value, ", interval ", low, " to ", high, ".")


