"""Two therapies across trials: effects, forest plot, heterogeneity and sensitivity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evidence.analysis.declared.sections import Comparison, Select, Variant
from evidence.analysis.sections.pooled.comparison_forest import comparison_figure
from evidence.analysis.sections.pooled.contrast_effects import ROUTE_WORDS, Effect, contrast_effect
from evidence.analysis.sections.pooled.section import OwnParts, pooled_section, synthesis_of
from evidence.analysis.sections.pooled.studies import (
    Alternative,
    Synthesis,
    pool_studies,
    size_text,
)
from evidence.analysis.sections.pooled.synthesis_blocks import SensitivityLayout, numbers_table
from evidence.analysis.sections.pooled.text import (
    MEASURE_NAMES,
    estimate_text,
    heterogeneity_text,
    method_text,
    p_text,
    prediction_text,
)
from evidence.analysis.shared.context import ABSENT, Context, SectionResult
from evidence.outcomes.contrasts import Contrast, find_contrasts, substituted
from evidence.report.record.document import Block, Column, Footnote, Text, plain
from evidence.report.record.ledger import Computed
from evidence.report.record.origins import Json, plain_record

_NUMBERS = {
    "Study": 1.2,
    "Computed from": 1.8,
    "Numbers used": 1.6,
    "Where printed": 3.0,
    "Effect": 1.6,
    "Weight": 0.8,
}
#: What ``results.json`` holds of a sensitivity analysis.
_KEPT = ("k", "estimate", "ci_low", "ci_high", "tau2", "method", "test", "policy")


def comparison_section(context: Context, section: Comparison, path: str) -> SectionResult:
    """Return the synthesis of one outcome for one comparison."""

    def find(
        select: Select,
    ) -> tuple[Sequence[Contrast], dict[str, Computed[Effect]], Mapping[str, str]]:
        found = find_contrasts(
            context.trials, select.question(), measure=section.measure, routes=section.routes
        )
        effects = {
            one.study_id: contrast_effect(context, one, section.measure) for one in found.contrasts
        }
        return found.contrasts, effects, found.left_out

    synthesis = synthesis_of(context, section, path, section.measure, find)
    figures: list[Block] = [
        comparison_figure(context, synthesis),
        numbers_table(context, synthesis, _NUMBERS),
    ]
    alternatives = list(_alternatives(context, section, synthesis))
    own = OwnParts(
        summary=_summary(context, synthesis),
        headline=_headline(context, synthesis),
        methods=_methods(context, synthesis),
        figures=figures,
        alternatives=alternatives,
        layout=_sensitivity(section.measure),
        results=_results(section, synthesis, alternatives),
    )
    return pooled_section(context, section, synthesis, find, own)


def _headline(context: Context, synthesis: Synthesis[Contrast]) -> Text:
    return context.ledger.prose(
        "{outcome}: {measure} {estimate}, from {trials}.",
        outcome=context.declared_text(f"{synthesis.path}/title"),
        measure=MEASURE_NAMES[synthesis.measure],
        estimate=estimate_text(context, synthesis.fit, synthesis.measure),
        trials=_trials_text(context, synthesis),
    )


def _summary(context: Context, synthesis: Synthesis[Contrast]) -> Text:
    fit, measure = synthesis.fit, synthesis.measure
    return context.ledger.prose(
        "The summary {measure} is {estimate}, {p}, from {trials}. {prediction} {heterogeneity}.",
        measure=MEASURE_NAMES[measure],
        estimate=estimate_text(context, fit, measure),
        p=p_text(context, fit),
        trials=_trials_text(context, synthesis),
        prediction=prediction_text(context, fit, measure),
        heterogeneity=heterogeneity_text(context, fit),
    )


def _trials_text(context: Context, synthesis: Synthesis[Contrast]) -> Text:
    sizes = [one.shown.get(name) for one in synthesis.studies for name in ("n1", "n2")]
    return size_text(context, synthesis.fit, sizes, ("trial", "trials", "participants"))


def _methods(context: Context, synthesis: Synthesis[Contrast]) -> Text:
    routes = sorted({ROUTE_WORDS[one.route] for one in synthesis.studies})
    return context.ledger.prose(
        "{title}: log {measure}s were computed from {routes} and pooled ({method}).",
        title=context.declared_text(f"{synthesis.path}/title"),
        measure=MEASURE_NAMES[synthesis.measure],
        routes="; ".join(routes),
        method=method_text(context, synthesis.fit),
    )


def _alternatives(
    context: Context, section: Comparison, synthesis: Synthesis[Contrast]
) -> Iterator[Alternative]:
    """Yield the declared sensitivity analyses, then each study left out in turn."""
    for index, variant in enumerate(section.sensitivity):
        kept = [one for one in synthesis.studies if one.study_id not in variant.exclude]
        effects = {**synthesis.effects, **_substitutes(context, section.measure, variant, kept)}
        label = context.declared_text(f"{synthesis.path}/sensitivity/{index}/label")
        fit = pool_studies(context, kept, effects, variant.changed(section.model))
        yield Alternative(label=(label,), measure=section.measure, fit=fit)
    if section.leave_one_out and len(synthesis.studies) > 2:
        for out in synthesis.studies:
            kept = [one for one in synthesis.studies if one is not out]
            text: Text = ("Without ", context.study(out.study_id))
            fit = pool_studies(context, kept, synthesis.effects, section.model.options())
            yield Alternative(label=text, measure=section.measure, fit=fit)


def _substitutes(
    context: Context, measure: str, variant: Variant, contrasts: Sequence[Contrast]
) -> dict[str, Computed[Effect]]:
    """Return the effects of the studies for which a variant names another published ratio."""
    effects = {}
    for one in contrasts:
        if one.study_id in variant.substitute:
            other = substituted(context.trials, one, variant.substitute[one.study_id])
            effects[one.study_id] = contrast_effect(context, other, measure)
    return effects


def _sensitivity(measure: str) -> SensitivityLayout:
    note = f"{ABSENT} not estimable, or not given under the policy."
    return SensitivityLayout(
        about="model and to single trials",
        columns=(
            Column(header=("Analysis",), width=2.6),
            Column(header=("Trials",), width=0.7, align="right"),
            Column(header=(MEASURE_NAMES[measure].capitalize(),), width=2.2),
            Column(header=("Prediction interval",), width=1.8),
            Column(header=("τ²",), width=0.8, align="right"),
            Column(header=("I²",), width=0.8, align="right"),
        ),
        footnotes=(Footnote(mark="", text=(note,)),),
    )


def _results(
    section: Comparison, synthesis: Synthesis[Contrast], alternatives: Sequence[Alternative]
) -> dict[str, Json]:
    return {
        "kind": section.kind,
        "measure": section.measure,
        **synthesis.results(),
        "sensitivity": [
            {"label": plain(one.label), "computation": one.fit.id, **_short(one)}
            for one in alternatives
        ],
        "left_out": dict(synthesis.left_out),
    }


def _short(alternative: Alternative) -> dict[str, Json]:
    content = plain_record(alternative.fit.result)
    return {name: content[name] for name in _KEPT}
