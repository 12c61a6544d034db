"""A proportion of patients across single arms and cohorts: pooled on a proper scale, zero events kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evidence.analysis.comparison import left_out_blocks
from evidence.analysis.context import Context, SectionResult, distinct, joined
from evidence.analysis.contrast_effects import ROUTE_WORDS, cohort_effect
from evidence.analysis.declared import Proportion, Variant
from evidence.analysis.forest import alt_text, capitalised, interval_text, study_interval, summary_rows
from evidence.analysis.pooled_text import (
    SHOWN,
    decisions_text,
    estimate_text,
    heterogeneity_text,
    level_text,
    method_text,
    prediction_text,
    sensitivity_cells,
)
from evidence.analysis.reported_cell import source_text
from evidence.outcomes.arms import Cohort, Cohorts, find_cohorts
from evidence.outcomes.summary_statistics import total
from evidence.report.document import Block, Cell, Column, Figure, Heading, Listing, Paragraph, Row, Table, Text
from evidence.report.forest_plot import ForestPlot, ForestRow, choose_limits, choose_ticks, draw_forest_plot
from evidence.report.ledger import Computed
from evidence.report.origins import plain_value
from evidence.synthesis.pairwise import pool

TRANSFORM_WORDS = {"PLO": "logit", "PAS": "arcsine"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledCohorts:
    """The cohorts of a section, the effect of each on one scale, and their summary."""

    cohorts: Cohorts
    effects: Mapping[str, Computed]
    fit: Computed


def proportion_section(context: Context, section: Proportion, path: str) -> SectionResult:
    """Return the synthesis of one proportion."""
    cohorts = find_cohorts(context.trials, section.select.question(), routes=section.routes)
    pooled = _pooled(context, cohorts, section.transform, section.model.options())
    summary = _summary(context, section, path, pooled)
    blocks: list[Block] = [Heading(text=(context.declared_text(f"{path}/title"),)), Paragraph(text=summary)]
    if section.note:
        blocks.append(Paragraph(text=(context.declared_text(f"{path}/note"),)))
    blocks += [_figure(context, section, path, pooled), _numbers_table(context, section, path, pooled)]
    variants = [_variant(context, section, path, i, cohorts) for i in range(len(section.sensitivity))]
    if variants:
        blocks.append(_sensitivity_table(context, section, path, pooled, variants))
    blocks += [Heading(text=("How the model was chosen",), level=2), Listing(items=tuple(decisions_text(context, pooled.fit)))]
    if cohorts.left_out:
        blocks += left_out_blocks(context, path, cohorts.left_out)
    return SectionResult(
        blocks=tuple(blocks),
        results=_results(section, pooled, variants),
        headline=_headline(context, section, path, pooled),
        methods=(_methods(context, section, path, pooled),),
    )


def _pooled(context: Context, cohorts: Cohorts, transform: str, options: Mapping[str, str]) -> PooledCohorts:
    effects = {one.study_id: cohort_effect(context, one, transform) for one in cohorts.cohorts}
    inputs = {name: [effects[one.study_id].quantity(f"{name}.0") for one in cohorts.cohorts] for name in ("yi", "vi")}
    fit = context.ledger.compute(pool, inputs, labels=[one.study for one in cohorts.cohorts], **options)
    return PooledCohorts(cohorts=cohorts, effects=effects, fit=fit)


def _variant(context: Context, section: Proportion, path: str, index: int, cohorts: Cohorts) -> tuple[Text, str, PooledCohorts]:
    variant: Variant = section.sensitivity[index]
    kept = tuple(one for one in cohorts.cohorts if one.study_id not in variant.exclude)
    given = Cohorts(question=cohorts.question, cohorts=kept, left_out=cohorts.left_out)
    transform = variant.transform or section.transform
    label: Text = (context.declared_text(f"{path}/sensitivity/{index}/label"),)
    return label, transform, _pooled(context, given, transform, variant.changed(section.model))


def _headline(context: Context, section: Proportion, path: str, pooled: PooledCohorts) -> Text:
    fit = pooled.fit
    return context.ledger.prose(
        "{outcome}: {estimate} of patients, from {k} {cohorts}{participants}.",
        outcome=(context.declared_text(f"{path}/title"),),
        estimate=estimate_text(context, fit, section.transform),
        k=context.ledger.show(fit.quantity("k"), "fixed:0"),
        cohorts="cohort" if fit.result.k == 1 else "cohorts",
        participants=_participants(context, pooled.cohorts.cohorts),
    )


def _summary(context: Context, section: Proportion, path: str, pooled: PooledCohorts) -> Text:
    fit = pooled.fit
    return context.ledger.prose(
        "The summary is {estimate} of patients, from {k} {cohorts}{participants}. {prediction} {heterogeneity}.",
        estimate=estimate_text(context, fit, section.transform),
        k=context.ledger.show(fit.quantity("k"), "fixed:0"),
        cohorts="cohort" if fit.result.k == 1 else "cohorts",
        participants=_participants(context, pooled.cohorts.cohorts),
        prediction=prediction_text(context, fit, section.transform),
        heterogeneity=heterogeneity_text(context, fit),
    )


def _participants(context: Context, cohorts: Sequence[Cohort]) -> Text:
    sizes = [one.size for one in cohorts if one.size is not None]
    if len(sizes) < len(cohorts):
        return ()
    number = context.ledger.compute(total, {"values": [context.at(address) for address in sizes]}).quantity("")
    return (" with ", context.ledger.show(number, "fixed:0"), " patients")


def _figure(context: Context, section: Proportion, path: str, pooled: PooledCohorts) -> Figure:
    fit, spec = pooled.fit, SHOWN[section.transform][0]
    rows = [_row(context, section, one, pooled, i) for i, one in enumerate(pooled.cohorts.cohorts)]
    rows += [_natural(row, section.transform) for row in summary_rows(context, fit, spec, columns=2)]
    ticks = [(at, (context.ledger.name(f"axis:{label}"),)) for at, label in choose_ticks(rows, "proportion", None)]
    title: Text = (context.declared_text(f"{path}/title"),)
    plot = ForestPlot(
        id=section.id,
        number=context.number("figure"),
        title=title,
        alt=alt_text(context, title, fit, "percentage", spec),
        column_headers=(("Study",), ("Patients",), ("Months",)),
        estimate_header=("Per cent (", *level_text(context, fit), " CI)"),
        weight_header=("Weight",),
        rows=tuple(rows),
        scale="proportion",
        null=None,
        axis_label=("Per cent of patients",),
        favours=None,
        footer=(heterogeneity_text(context, fit), capitalised(method_text(context, fit))),
        ticks=tuple(ticks),
        limits=choose_limits(rows, "proportion", None),
    )
    return draw_forest_plot(plot)


def _row(context: Context, section: Proportion, one: Cohort, pooled: PooledCohorts, index: int) -> ForestRow:
    effect, fit = pooled.effects[one.study_id], pooled.fit
    interval = study_interval(context, effect, fit.result.level)
    weight = fit.quantity(f"weights.{index}")
    months: Text = (context.printed(f"{one.reported}#timepoint_months"),) if one.months is not None else ()
    row = ForestRow(
        label=(context.study(one.study_id),),
        columns=(_patients(context, one), months),
        estimate=effect.quantity("yi.0").value,
        ci_low=float(interval.result[0]),
        ci_high=float(interval.result[1]),
        weight=weight.value,
        estimate_text=interval_text(context, effect, interval, SHOWN[section.transform][0]),
        weight_text=(context.ledger.show(weight, "percent:1"), "%"),
    )
    return _natural(row, section.transform)


def _patients(context: Context, one: Cohort) -> Text:
    if "xi" in one.inputs:
        return (context.printed(one.inputs["xi"]), "/", context.printed(one.inputs["ni"]))
    value: Text = (context.printed(one.inputs["percent"]), "%")
    return (*value, " of ", context.printed(one.size)) if one.size is not None else value


def _natural(row: ForestRow, transform: str) -> ForestRow:
    """Move a row from the scale of analysis to proportions, where the figure is drawn."""
    from dataclasses import replace

    from evidence.effects.conversions import back_transform

    values = {name: getattr(row, name) for name in ("estimate", "ci_low", "ci_high")}
    moved = {name: None if value is None else float(back_transform(value, transform)) for name, value in values.items()}
    return replace(row, **moved)


def _numbers_table(context: Context, section: Proportion, path: str, pooled: PooledCohorts) -> Table:
    """Which printed numbers each proportion was computed from, and where they stand."""
    headers = ("Study", "Cohort", "Computed from", "Numbers used", "Where printed", "Per cent", "Weight")
    widths = (1.2, 2.2, 1.5, 1.3, 3.0, 1.5, 0.7)
    rows = []
    for index, one in enumerate(pooled.cohorts.cohorts):
        ids = sorted({address.partition("#")[0] for address in one.inputs.values()})
        effect = pooled.effects[one.study_id]
        interval = study_interval(context, effect, pooled.fit.result.level)
        texts: list[Text] = [
            (context.study(one.study_id),),
            (context.arm(one.study_id, one.arm),),
            (ROUTE_WORDS[one.route],),
            joined([(context.printed(address),) for address in one.inputs.values()], ", "),
            joined(distinct([source_text(context, result_id) for result_id in ids]), "; "),
            interval_text(context, effect, interval, SHOWN[section.transform][0]),
            (context.ledger.show(pooled.fit.quantity(f"weights.{index}"), "percent:1"), "%"),
        ]
        rows.append(Row(cells=tuple(Cell(text=text) for text in texts)))
    return Table(
        id=f"{section.id}-numbers",
        number=context.number("table"),
        title=(context.declared_text(f"{path}/title"), ": the numbers behind the figure"),
        columns=tuple(Column(header=(h,), width=w) for h, w in zip(headers, widths, strict=True)),
        rows=tuple(rows),
        landscape=True,
    )


def _sensitivity_table(
    context: Context,
    section: Proportion,
    path: str,
    pooled: PooledCohorts,
    variants: Sequence[tuple[Text, str, PooledCohorts]],
) -> Table:
    headers = ("Analysis", "Cohorts", "Per cent", "Prediction interval", "τ²", "I²")
    main = sensitivity_cells(context, ("Main analysis",), pooled.fit, section.transform)
    rows = [Row(cells=main, kind="total")]
    rows += [Row(cells=sensitivity_cells(context, label, one.fit, transform)) for label, transform, one in variants]
    return Table(
        id=f"{section.id}-sensitivity",
        number=context.number("table"),
        title=(context.declared_text(f"{path}/title"), ": sensitivity to scale and model"),
        columns=tuple(Column(header=(h,), width=w) for h, w in zip(headers, (2.6, 0.8, 2.2, 1.8, 0.8, 0.8), strict=True)),
        rows=tuple(rows),
    )


def _methods(context: Context, section: Proportion, path: str, pooled: PooledCohorts) -> Text:
    routes = sorted({ROUTE_WORDS[one.route] for one in pooled.cohorts.cohorts})
    return context.ledger.prose(
        "{title}: proportions were computed from {routes} and pooled on the {scale} scale ({method}); "
        "cohorts without events are kept.",
        title=context.declared_text(f"{path}/title"),
        routes="; ".join(routes),
        scale=TRANSFORM_WORDS[section.transform],
        method=method_text(context, pooled.fit),
    )


def _results(
    section: Proportion, pooled: PooledCohorts, variants: Sequence[tuple[Text, str, PooledCohorts]]
) -> dict[str, Any]:
    return {
        "kind": section.kind,
        "transform": section.transform,
        "summary": {"computation": pooled.fit.id, **plain_value(pooled.fit.result)},
        "studies": [
            {
                "study_id": one.study_id,
                "route": one.route,
                "inputs": dict(one.inputs),
                "yi": plain_value(float(pooled.effects[one.study_id].result.yi[0])),
                "vi": plain_value(float(pooled.effects[one.study_id].result.vi[0])),
            }
            for one in pooled.cohorts.cohorts
        ],
        "sensitivity": [
            {"transform": transform, "computation": one.fit.id, "k": one.fit.result.k,
             "estimate": plain_value(float(one.fit.result.estimate))}
            for _, transform, one in variants
        ],
        "left_out": dict(pooled.cohorts.left_out),
    }  # fmt: skip
