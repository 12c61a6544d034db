"""How a pooled section closes: the choices behind its model, and the studies it leaves out."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.analysis.sections.pooled.records import Part, Study, Synthesis
from evidence.analysis.sections.pooled.text import decisions_text
from evidence.analysis.shared.context import Context
from evidence.report.record.document import Block, Heading, Listing


def closing_part(context: Context, synthesis: Synthesis[Study]) -> Part:
    """Return the decisions behind the model, and the studies that are not in the synthesis."""
    left_out = synthesis.effects.selected.left_out
    blocks: list[Block] = [
        Heading(text=("How the model was chosen",), level=2),
        Listing(items=tuple(decisions_text(context, synthesis.fit))),
    ]
    if left_out:
        blocks.append(Heading(text=("Not in this synthesis",), level=2))
        blocks.append(_left_out(context, synthesis.path, left_out))
    return Part(blocks=tuple(blocks), results={"left_out": dict(left_out)})


def _left_out(context: Context, path: str, left_out: Mapping[str, str]) -> Listing:
    declared = context.ledger.origins.declared_exclusions(path)
    items = []
    for study_id in sorted(left_out):
        address = f"analysis:{path}/select/exclude/{study_id}"
        reason = context.ledger.name(address) if study_id in declared else left_out[study_id]
        items.append((context.study(study_id), ": ", reason))
    return Listing(items=tuple(items))
