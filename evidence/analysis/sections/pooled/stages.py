"""The stages before anything is shown: studies are selected, measured, and pooled.

The main analysis, each sensitivity analysis and each published summary pass the same stages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from evidence.analysis.sections.pooled.declared import PooledEntry, Variant
from evidence.analysis.sections.pooled.kind import PooledKind, StudyT
from evidence.analysis.sections.pooled.records import Alternative, Effects, Selected, Synthesis
from evidence.analysis.shared.context import Context
from evidence.report.record.document import Text
from evidence.report.record.ledger import Computed
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool
from evidence.trials.dataset.load import Trials


def main_synthesis(
    context: Context, kind: PooledKind[StudyT], section: PooledEntry, path: str
) -> Synthesis[StudyT]:
    """Return the studies of a section with their effects, pooled."""
    selected = kind.select(context.trials, section, section.select)
    effects = compute_effects(context, kind, selected, section.scale)
    fit = pool_effects(context, effects, section.model.options())
    return Synthesis(id=section.id, path=path, effects=effects, fit=fit)


def compute_effects(
    context: Context, kind: PooledKind[StudyT], selected: Selected[StudyT], measure: str
) -> Effects[StudyT]:
    """Return the effect of each selected study."""
    computed = tuple(kind.effect(context, one, measure) for one in selected.studies)
    return Effects(measure=measure, selected=selected, computed=computed)


def pool_effects(
    context: Context, effects: Effects[StudyT], options: Mapping[str, str]
) -> Computed[PooledEffect]:
    """Return the summary of effects."""
    return context.ledger.compute(pool, effects.inputs(), labels=effects.labels, **options)


def alternatives_of(
    context: Context,
    kind: PooledKind[StudyT],
    section: PooledEntry,
    synthesis: Synthesis[StudyT],
) -> tuple[Alternative, ...]:
    """Return the declared sensitivity analyses, then each study left out in turn."""
    declared = [
        _varied(context, kind, section, synthesis, index)
        for index in range(len(section.sensitivity))
    ]
    return (*declared, *_each_left_out(context, section, synthesis))


def _varied(
    context: Context,
    kind: PooledKind[StudyT],
    section: PooledEntry,
    synthesis: Synthesis[StudyT],
    index: int,
) -> Alternative:
    variant = section.sensitivity[index]
    selected = _selected_otherwise(context.trials, kind, synthesis.effects.selected, variant)
    effects = compute_effects(context, kind, selected, variant.transform or section.scale)
    label = context.declared_text(f"{synthesis.path}/sensitivity/{index}/label")
    fit = pool_effects(context, effects, variant.changed(section.model))
    return Alternative(label=(label,), measure=effects.measure, fit=fit)


def _selected_otherwise(
    trials: Trials, kind: PooledKind[StudyT], selected: Selected[StudyT], variant: Variant
) -> Selected[StudyT]:
    """Return the studies that a variant keeps, some with another published ratio."""
    kept = [one for one in selected.studies if one.study_id not in variant.exclude]
    if kind.substitute is not None:
        kept = [
            kind.substitute(trials, one, variant.substitute[one.study_id])
            if one.study_id in variant.substitute
            else one
            for one in kept
        ]
    return replace(selected, studies=tuple(kept))


def _each_left_out(
    context: Context, section: PooledEntry, synthesis: Synthesis[StudyT]
) -> Iterator[Alternative]:
    if not section.each_left_out or len(synthesis.studies) < 3:
        return
    for index, out in enumerate(synthesis.studies):
        text: Text = ("Without ", context.study(out.study_id))
        effects = synthesis.effects.without(index)
        fit = pool_effects(context, effects, section.model.options())
        yield Alternative(label=text, measure=effects.measure, fit=fit)
