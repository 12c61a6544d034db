"""Two therapies across trials: effects, forest plot, heterogeneity, sensitivity, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evidence.analysis.context import ABSENT, Context, SectionResult, distinct, joined
from evidence.analysis.contrast_effects import ROUTE_WORDS, contrast_effect
from evidence.analysis.declared import Comparison, Variant
from evidence.analysis.pooled_text import (
    MEASURE_NAMES,
    decisions_text,
    estimate_text,
    heterogeneity_text,
    method_text,
    p_text,
    prediction_text,
    sensitivity_cells,
)
from evidence.analysis.reported_cell import source_text
from evidence.analysis.forest import forest_figure, interval_text, study_interval
from evidence.outcomes.contrasts import Contrast, Contrasts, find_contrasts, substituted
from evidence.outcomes.summary_statistics import total
from evidence.report.document import Block, Cell, Column, Footnote, Heading, Listing, Paragraph, Row, Table, Text
from evidence.report.ledger import Computed
from evidence.report.origins import plain_value
from evidence.synthesis.pairwise import pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """The contrasts of a section, the effect of each, and their summary."""

    contrasts: Contrasts
    effects: Mapping[str, Computed]
    fit: Computed


def comparison_section(context: Context, section: Comparison, path: str) -> SectionResult:
    """Return the synthesis of one outcome for one comparison."""
    contrasts = find_contrasts(
        context.trials, section.select.question(), measure=section.measure, routes=section.routes
    )
    effects = {one.study_id: contrast_effect(context, one, section.measure) for one in contrasts.contrasts}
    pooled = Pooled(contrasts=contrasts, effects=effects, fit=_fit(context, contrasts.contrasts, effects, section.model.options()))
    summary = _summary(context, section, path, pooled)
    blocks: list[Block] = [Heading(text=(context.declared_text(f"{path}/title"),)), Paragraph(text=summary)]
    if section.note:
        blocks.append(Paragraph(text=(context.declared_text(f"{path}/note"),)))
    blocks.append(forest_figure(context, section, path, pooled.contrasts, pooled.effects, pooled.fit))
    blocks.append(_numbers_table(context, section, path, pooled))
    variants = _variants(context, section, path, pooled)
    if variants:
        blocks.append(_sensitivity_table(context, section, path, pooled, variants))
    blocks += [Heading(text=("How the model was chosen",), level=2), Listing(items=tuple(decisions_text(context, pooled.fit)))]
    if contrasts.left_out:
        blocks += left_out_blocks(context, path, contrasts.left_out)
    return SectionResult(
        blocks=tuple(blocks),
        results=_results(section, pooled, variants),
        headline=_headline(context, section, path, pooled),
        methods=(_methods(context, section, path, pooled),),
    )


def _fit(
    context: Context, contrasts: Sequence[Contrast], effects: Mapping[str, Computed], options: Mapping[str, str]
) -> Computed:
    inputs = {
        name: [effects[one.study_id].quantity(f"{name}.0") for one in contrasts] for name in ("yi", "vi")
    }
    return context.ledger.compute(pool, inputs, labels=[one.study for one in contrasts], **options)


def _headline(context: Context, section: Comparison, path: str, pooled: Pooled) -> Text:
    fit = pooled.fit
    return context.ledger.prose(
        "{outcome}: {measure} {estimate}, from {k} {trials}{participants}.",
        outcome=(context.declared_text(f"{path}/title"),),
        measure=MEASURE_NAMES[section.measure],
        estimate=estimate_text(context, fit, section.measure),
        k=context.ledger.show(fit.quantity("k"), "fixed:0"),
        trials="trial" if fit.result.k == 1 else "trials",
        participants=_participants(context, pooled.contrasts.contrasts),
    )


def _summary(context: Context, section: Comparison, path: str, pooled: Pooled) -> Text:
    fit = pooled.fit
    return context.ledger.prose(
        "The summary {measure} is {estimate}, {p}, from {k} {trials}{participants}. {prediction} {heterogeneity}.",
        measure=MEASURE_NAMES[section.measure],
        estimate=estimate_text(context, fit, section.measure),
        p=p_text(context, fit),
        k=context.ledger.show(fit.quantity("k"), "fixed:0"),
        trials="trial" if fit.result.k == 1 else "trials",
        participants=_participants(context, pooled.contrasts.contrasts),
        prediction=prediction_text(context, fit, section.measure),
        heterogeneity=heterogeneity_text(context, fit),
    )


def _participants(context: Context, contrasts: Sequence[Contrast]) -> Text:
    sizes = [one.shown[name] for one in contrasts for name in ("n1", "n2") if name in one.shown]
    if len(sizes) < 2 * len(contrasts):
        return ()
    number = context.ledger.compute(total, {"values": [context.at(address) for address in sizes]}).quantity("")
    return (" with ", context.ledger.show(number, "fixed:0"), " participants")


def _numbers_table(context: Context, section: Comparison, path: str, pooled: Pooled) -> Table:
    """Which printed numbers each effect was computed from, and where they stand."""
    headers = ("Study", "Computed from", "Numbers used", "Where printed", "Effect", "Weight")
    widths = (1.2, 1.8, 1.6, 3.0, 1.6, 0.8)
    rows = []
    for index, one in enumerate(pooled.contrasts.contrasts):
        ids = sorted({address.partition("#")[0] for address in one.inputs.values()})
        weight = context.ledger.show(pooled.fit.quantity(f"weights.{index}"), "percent:1")
        texts: list[Text] = [
            (context.study(one.study_id),),
            (ROUTE_WORDS[one.route],),
            joined([(context.printed(address),) for address in one.inputs.values()], ", "),
            joined(distinct([source_text(context, result_id) for result_id in ids]), "; "),
            _study_text(context, pooled.effects[one.study_id], pooled.fit),
            (weight, "%"),
        ]
        rows.append(Row(cells=tuple(Cell(text=text) for text in texts)))
    return Table(
        id=f"{section.id}-numbers",
        number=context.number("table"),
        title=(context.declared_text(f"{path}/title"), ": the numbers behind the figure"),
        columns=tuple(Column(header=(h,), width=w) for h, w in zip(headers, widths, strict=True)),
        rows=tuple(rows),
    )


def _study_text(context: Context, effect: Computed, fit: Computed) -> Text:
    return interval_text(context, effect, study_interval(context, effect, fit.result.level), "ratio:2")


def _variants(context: Context, section: Comparison, path: str, pooled: Pooled) -> list[tuple[Text, Computed]]:
    """The declared sensitivity analyses, then each study left out in turn."""
    found: list[tuple[Text, Computed]] = []
    contrasts = pooled.contrasts.contrasts
    for index, variant in enumerate(section.sensitivity):
        kept = [one for one in contrasts if one.study_id not in variant.exclude]
        effects = {**pooled.effects, **_substitutes(context, section, variant, kept)}
        label: Text = (context.declared_text(f"{path}/sensitivity/{index}/label"),)
        found.append((label, _fit(context, kept, effects, variant.changed(section.model))))
    if section.leave_one_out and len(contrasts) > 2:
        for out in contrasts:
            kept = [one for one in contrasts if one is not out]
            label = ("Without ", context.study(out.study_id))
            found.append((label, _fit(context, kept, pooled.effects, section.model.options())))
    return found


def _substitutes(
    context: Context, section: Comparison, variant: Variant, contrasts: Sequence[Contrast]
) -> dict[str, Computed]:
    chosen = {one.study_id: one for one in contrasts if one.study_id in variant.substitute}
    return {
        name: contrast_effect(context, substituted(context.trials, one, variant.substitute[name]), section.measure)
        for name, one in chosen.items()
    }


def _sensitivity_table(
    context: Context, section: Comparison, path: str, pooled: Pooled, variants: Sequence[tuple[Text, Computed]]
) -> Table:
    headers: tuple[Text, ...] = (
        ("Analysis",), ("Trials",), (MEASURE_NAMES[section.measure].capitalize(),), ("Prediction interval",), ("τ²",), ("I²",),
    )  # fmt: skip
    rows = [Row(cells=sensitivity_cells(context, ("Main analysis",), pooled.fit, section.measure), kind="total")]
    rows += [Row(cells=sensitivity_cells(context, label, fit, section.measure)) for label, fit in variants]
    aligned = ("left", "right", "left", "left", "right", "right")
    return Table(
        id=f"{section.id}-sensitivity",
        number=context.number("table"),
        title=(context.declared_text(f"{path}/title"), ": sensitivity to model and to single trials"),
        columns=tuple(
            Column(header=h, width=w, align=a)  # type: ignore[arg-type]
            for h, w, a in zip(headers, (2.6, 0.7, 2.2, 1.8, 0.8, 0.8), aligned, strict=True)
        ),
        rows=tuple(rows),
        footnotes=(Footnote(mark="", text=(f"{ABSENT} not estimable, or not given under the policy.",)),),
    )


def left_out_blocks(context: Context, path: str, left_out: Mapping[str, str]) -> list[Block]:
    """Return the list of studies that are not in a synthesis, each with its reason."""
    items = []
    for study_id in sorted(left_out):
        address = f"analysis:{path}/select/exclude/{study_id}"
        declared = study_id in context.ledger.origins.declared_exclusions(path)
        reason = context.ledger.name(address) if declared else left_out[study_id]
        items.append((context.study(study_id), ": ", reason))
    return [Heading(text=("Not in this synthesis",), level=2), Listing(items=tuple(items))]


def _methods(context: Context, section: Comparison, path: str, pooled: Pooled) -> Text:
    routes = sorted({ROUTE_WORDS[one.route] for one in pooled.contrasts.contrasts})
    return context.ledger.prose(
        "{title}: log {measure}s were computed from {routes} and pooled ({method}).",
        title=context.declared_text(f"{path}/title"),
        measure=MEASURE_NAMES[section.measure],
        routes="; ".join(routes),
        method=method_text(context, pooled.fit),
    )


def _results(section: Comparison, pooled: Pooled, variants: Sequence[tuple[Text, Computed]]) -> dict[str, Any]:
    return {
        "kind": section.kind,
        "measure": section.measure,
        "summary": {"computation": pooled.fit.id, **plain_value(pooled.fit.result)},
        "studies": [
            {
                "study_id": one.study_id,
                "route": one.route,
                "inputs": dict(one.inputs),
                "yi": plain_value(float(pooled.effects[one.study_id].result.yi[0])),
                "vi": plain_value(float(pooled.effects[one.study_id].result.vi[0])),
            }
            for one in pooled.contrasts.contrasts
        ],
        "sensitivity": [
            {"label": "".join(s if isinstance(s, str) else s.text for s in label), "computation": fit.id, **_short(fit)}
            for label, fit in variants
        ],
        "left_out": dict(pooled.contrasts.left_out),
    }


def _short(fit: Computed) -> dict[str, Any]:
    kept = ("k", "estimate", "ci_low", "ci_high", "tau2", "method", "test", "policy")
    content = plain_value(fit.result)
    return {name: content[name] for name in kept}
