"""How a pooled section opens: its title, its summary in a sentence, and its note."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.analysis.sections.pooled.declared import PooledEntry
from evidence.analysis.sections.pooled.kind import PooledKind, StudyT, Words
from evidence.analysis.sections.pooled.measures import MEASURES
from evidence.analysis.sections.pooled.records import Synthesis
from evidence.analysis.sections.pooled.text import (
    estimate_text,
    heterogeneity_text,
    method_text,
    p_text,
    prediction_text,
)
from evidence.analysis.shared.context import Context
from evidence.outcomes.summary_statistics import total
from evidence.report.record.document import Block, Heading, Paragraph, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is said of a synthesis, and the blocks that open its section.

    Attributes
    ----------
    headline : Text
        Key result of the section.
    methods : Text
        Paragraph of the report's methods.
    blocks : tuple of Block
        Title, summary, and note if there is one.
    """

    headline: Text
    methods: Text
    blocks: tuple[Block, ...]


def opening_part(
    context: Context,
    kind: PooledKind[StudyT],
    section: PooledEntry,
    synthesis: Synthesis[StudyT],
) -> Opening:
    """Return the sentences of a section."""
    summary = _summary(context, kind, synthesis)
    headline = _headline(context, kind, synthesis)
    methods = _methods(context, kind.words, synthesis)
    title = Heading(text=(context.declared_text(f"{synthesis.path}/title"),))
    blocks: list[Block] = [title, Paragraph(text=summary)]
    if section.note:
        blocks.append(Paragraph(text=(context.declared_text(f"{synthesis.path}/note"),)))
    return Opening(headline=headline, methods=methods, blocks=tuple(blocks))


def _summary(context: Context, kind: PooledKind[StudyT], synthesis: Synthesis[StudyT]) -> Text:
    fit, measure = synthesis.fit, synthesis.measure
    return context.ledger.prose(
        kind.words.summary,
        measure=MEASURES[measure].name,
        estimate=estimate_text(context, fit, measure),
        p=p_text(context, fit) if kind.null is not None else (),
        studies=_studies_text(context, kind, synthesis),
        prediction=prediction_text(context, fit, measure),
        heterogeneity=heterogeneity_text(context, fit),
    )


def _headline(context: Context, kind: PooledKind[StudyT], synthesis: Synthesis[StudyT]) -> Text:
    return context.ledger.prose(
        kind.words.headline,
        title=context.declared_text(f"{synthesis.path}/title"),
        measure=MEASURES[synthesis.measure].name,
        estimate=estimate_text(context, synthesis.fit, synthesis.measure),
        studies=_studies_text(context, kind, synthesis),
    )


def _methods(context: Context, words: Words, synthesis: Synthesis[StudyT]) -> Text:
    routes = sorted({words.routes[one.route] for one in synthesis.studies})
    return context.ledger.prose(
        words.methods,
        title=context.declared_text(f"{synthesis.path}/title"),
        measure=MEASURES[synthesis.measure].name,
        routes="; ".join(routes),
        scale=MEASURES[synthesis.measure].analysis_scale,
        method=method_text(context, synthesis.fit),
    )


def _studies_text(context: Context, kind: PooledKind[StudyT], synthesis: Synthesis[StudyT]) -> Text:
    """Return "3 trials with 1234 participants", or "3 trials" if not all sizes are known."""
    fit, words = synthesis.fit, kind.words
    count: Text = (context.ledger.show(fit.quantity("k"), "fixed:0"), " ")
    word = words.study if fit.result.k == 1 else words.studies
    sizes = [address for one in synthesis.studies for address in kind.sizes(one)]
    known = [address for address in sizes if address is not None]
    if len(known) < len(sizes):
        return (*count, word)
    patients = {"values": [context.at(address) for address in known]}
    number = context.ledger.compute(total, patients).quantity()
    return (*count, word, " with ", context.ledger.show(number, "fixed:0"), f" {words.people}")
