"""A pooled section of any kind: studies are selected, measured and pooled, and then shown."""

from __future__ import annotations

from evidence.analysis.sections.pooled.certificate import certificate_part
from evidence.analysis.sections.pooled.closing import closing_part
from evidence.analysis.sections.pooled.declared import PooledEntry
from evidence.analysis.sections.pooled.forest import forest_figure
from evidence.analysis.sections.pooled.kind import PooledKind, StudyT
from evidence.analysis.sections.pooled.numbers import numbers_table
from evidence.analysis.sections.pooled.opening import opening_part
from evidence.analysis.sections.pooled.published import published_part
from evidence.analysis.sections.pooled.sensitivity import sensitivity_part
from evidence.analysis.sections.pooled.stages import alternatives_of, main_synthesis
from evidence.analysis.sections.pooled.thresholds import threshold_part
from evidence.analysis.shared.context import Context, SectionResult


def pooled_section(
    kind: PooledKind[StudyT], context: Context, section: PooledEntry, path: str
) -> SectionResult:
    """Return a section; the ledger numbers what it shows in the order of these lines."""
    synthesis = main_synthesis(context, kind, section, path)
    figure = forest_figure(context, kind, synthesis)
    numbers = numbers_table(context, kind, synthesis)
    alternatives = alternatives_of(context, kind, section, synthesis)
    opening = opening_part(context, kind, section, synthesis)
    thresholds = threshold_part(context, section, synthesis)
    sensitivity = sensitivity_part(context, kind, synthesis, alternatives)
    certificate = certificate_part(context, section, synthesis)
    published = published_part(context, kind, section, synthesis)
    closing = closing_part(context, synthesis)
    before, after = (opening, thresholds), (sensitivity, certificate, published, closing)
    return SectionResult(
        blocks=(
            *(block for part in before for block in part.blocks),
            *(figure, numbers),
            *(block for part in after for block in part.blocks),
        ),
        results={
            "kind": section.kind,
            section.scale_field: section.scale,
            **synthesis.results(),
            **sensitivity.results,
            **closing.results,
            **certificate.results,
            **thresholds.results,
            **published.results,
        },
        headline=opening.headline,
        methods=(opening.methods,),
    )
