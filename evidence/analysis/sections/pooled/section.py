"""The parts that a comparison and a proportion have in common: from their studies to a section."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from evidence.analysis.declared.sections import Comparison, Proportion, Select
from evidence.analysis.sections.pooled.certificate_blocks import (
    certificate_blocks,
    certificate_of,
    certificate_results,
)
from evidence.analysis.sections.pooled.published_summaries import (
    Effects,
    explained_summaries,
    published_blocks,
    published_results,
)
from evidence.analysis.sections.pooled.studies import (
    Alternative,
    Study,
    Study_co,
    Synthesis,
    pool_studies,
)
from evidence.analysis.sections.pooled.synthesis_blocks import (
    SensitivityLayout,
    closing_blocks,
    opening_blocks,
    sensitivity_blocks,
)
from evidence.analysis.sections.pooled.thresholds import threshold_blocks, threshold_results
from evidence.analysis.shared.context import Context, SectionResult
from evidence.report.record.document import Block, Text
from evidence.report.record.origins import Json

#: From a selection to its studies, the effect of each, and why others are left out.
Find: TypeAlias = Callable[[Select], tuple[Sequence[Study_co], Effects, Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnParts:
    """What a kind of section shows in its own way.

    Attributes
    ----------
    summary, headline, methods : Text
        Paragraph below the title, key result, and paragraph of the methods.
    figures : sequence of Block
        Forest plot, and table of the numbers behind it.
    alternatives : sequence of Alternative
        Sensitivity analyses.
    layout : SensitivityLayout
        How their table looks.
    results : mapping
        What ``results.json`` holds of the synthesis.
    """

    summary: Text
    headline: Text
    methods: Text
    figures: Sequence[Block]
    alternatives: Sequence[Alternative]
    layout: SensitivityLayout
    results: Mapping[str, Json]


def synthesis_of(
    context: Context,
    section: Comparison | Proportion,
    path: str,
    measure: str,
    find: Find[Study_co],
) -> Synthesis[Study_co]:
    """Return the studies of a section with their effects, pooled."""
    studies, effects, left_out = find(section.select)
    return Synthesis(
        id=section.id,
        path=path,
        measure=measure,
        studies=studies,
        effects=effects,
        fit=pool_studies(context, studies, effects, section.model.options()),
        left_out=left_out,
    )


def pooled_section(
    context: Context,
    section: Comparison | Proportion,
    synthesis: Synthesis[Study],
    find: Find[Study],
    own: OwnParts,
) -> SectionResult:
    """Return a section: summary, thresholds, figures, sensitivity, witnesses, publications."""
    blocks = opening_blocks(context, synthesis.path, own.summary, note=bool(section.note))
    blocks += threshold_blocks(context, synthesis, section.thresholds)
    blocks += own.figures
    blocks += sensitivity_blocks(context, synthesis, own.alternatives, own.layout)
    certificate = certificate_of(context, synthesis, section.model.options())
    blocks += certificate_blocks(context, synthesis, certificate)
    published = explained_summaries(
        context, synthesis, section.published, lambda select: find(select)[:2]
    )
    blocks += published_blocks(context, synthesis, published)
    blocks += closing_blocks(context, synthesis)
    return SectionResult(
        blocks=tuple(blocks),
        results={
            **own.results,
            **certificate_results(certificate),
            **threshold_results(context, synthesis, section.thresholds),
            **published_results(published),
        },
        headline=own.headline,
        methods=(own.methods,),
    )
