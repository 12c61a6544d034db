"""A proportion of patients across single arms: pooled on a proper scale, zero events kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evidence.analysis.declared.sections import Proportion, Select
from evidence.analysis.sections.pooled.contrast_effects import ROUTE_WORDS, Effect, cohort_effect
from evidence.analysis.sections.pooled.proportion_forest import proportion_figure
from evidence.analysis.sections.pooled.section import OwnParts, pooled_section, synthesis_of
from evidence.analysis.sections.pooled.studies import (
    Alternative,
    Synthesis,
    pool_studies,
    size_text,
)
from evidence.analysis.sections.pooled.synthesis_blocks import ARM, SensitivityLayout, numbers_table
from evidence.analysis.sections.pooled.text import (
    estimate_text,
    heterogeneity_text,
    method_text,
    prediction_text,
)
from evidence.analysis.shared.context import Context, SectionResult
from evidence.outcomes.arms import Cohort, find_cohorts
from evidence.report.record.document import Block, Column, Text
from evidence.report.record.ledger import Computed
from evidence.report.record.origins import Json, rounded

TRANSFORM_WORDS = {"PLO": "logit", "PAS": "arcsine"}
_NUMBERS = {
    "Study": 1.2,
    ARM: 2.2,
    "Computed from": 1.5,
    "Numbers used": 1.3,
    "Where printed": 3.0,
    "Per cent": 1.5,
    "Weight": 0.7,
}
_SENSITIVITY = SensitivityLayout(
    about="scale and model",
    columns=(
        Column(header=("Analysis",), width=2.6),
        Column(header=("Cohorts",), width=0.8),
        Column(header=("Per cent",), width=2.2),
        Column(header=("Prediction interval",), width=1.8),
        Column(header=("τ²",), width=0.8),
        Column(header=("I²",), width=0.8),
    ),
)


def proportion_section(context: Context, section: Proportion, path: str) -> SectionResult:
    """Return the synthesis of one proportion."""

    def find(
        select: Select,
    ) -> tuple[Sequence[Cohort], dict[str, Computed[Effect]], Mapping[str, str]]:
        found = find_cohorts(context.trials, select.question(), routes=section.routes)
        return found.cohorts, _effects(context, found.cohorts, section.transform), found.left_out

    synthesis = synthesis_of(context, section, path, section.transform, find)
    figures: list[Block] = [
        proportion_figure(context, synthesis),
        numbers_table(context, synthesis, _NUMBERS, landscape=True),
    ]
    alternatives = [
        _alternative(context, section, synthesis, index)
        for index in range(len(section.sensitivity))
    ]
    own = OwnParts(
        summary=_summary(context, synthesis),
        headline=_headline(context, synthesis),
        methods=_methods(context, synthesis),
        figures=figures,
        alternatives=alternatives,
        layout=_SENSITIVITY,
        results=_results(section, synthesis, alternatives),
    )
    return pooled_section(context, section, synthesis, find, own)


def _effects(
    context: Context, cohorts: Sequence[Cohort], transform: str
) -> dict[str, Computed[Effect]]:
    return {one.study_id: cohort_effect(context, one, transform) for one in cohorts}


def _alternative(
    context: Context, section: Proportion, synthesis: Synthesis[Cohort], index: int
) -> Alternative:
    variant = section.sensitivity[index]
    kept = [one for one in synthesis.studies if one.study_id not in variant.exclude]
    transform = variant.transform or section.transform
    label = context.declared_text(f"{synthesis.path}/sensitivity/{index}/label")
    effects = _effects(context, kept, transform)
    fit = pool_studies(context, kept, effects, variant.changed(section.model))
    return Alternative(label=(label,), measure=transform, fit=fit)


def _headline(context: Context, synthesis: Synthesis[Cohort]) -> Text:
    return context.ledger.prose(
        "{outcome}: {estimate} of patients, from {cohorts}.",
        outcome=context.declared_text(f"{synthesis.path}/title"),
        estimate=estimate_text(context, synthesis.fit, synthesis.measure),
        cohorts=_cohorts_text(context, synthesis),
    )


def _summary(context: Context, synthesis: Synthesis[Cohort]) -> Text:
    fit, measure = synthesis.fit, synthesis.measure
    return context.ledger.prose(
        "The summary is {estimate} of patients, from {cohorts}. {prediction} {heterogeneity}.",
        estimate=estimate_text(context, fit, measure),
        cohorts=_cohorts_text(context, synthesis),
        prediction=prediction_text(context, fit, measure),
        heterogeneity=heterogeneity_text(context, fit),
    )


def _cohorts_text(context: Context, synthesis: Synthesis[Cohort]) -> Text:
    sizes = [one.size for one in synthesis.studies]
    return size_text(context, synthesis.fit, sizes, ("cohort", "cohorts", "patients"))


def _methods(context: Context, synthesis: Synthesis[Cohort]) -> Text:
    routes = sorted({ROUTE_WORDS[one.route] for one in synthesis.studies})
    return context.ledger.prose(
        "{title}: proportions were computed from {routes} and pooled on the {scale} scale "
        "({method}); cohorts without events are kept.",
        title=context.declared_text(f"{synthesis.path}/title"),
        routes="; ".join(routes),
        scale=TRANSFORM_WORDS[synthesis.measure],
        method=method_text(context, synthesis.fit),
    )


def _results(
    section: Proportion, synthesis: Synthesis[Cohort], alternatives: Sequence[Alternative]
) -> dict[str, Json]:
    return {
        "kind": section.kind,
        "transform": section.transform,
        **synthesis.results(),
        "sensitivity": [
            {
                "transform": one.measure,
                "computation": one.fit.id,
                "k": one.fit.result.k,
                "estimate": rounded(one.fit.result.estimate),
            }
            for one in alternatives
        ],
        "left_out": dict(synthesis.left_out),
    }
