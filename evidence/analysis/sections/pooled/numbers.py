"""The numbers behind the figure of a pooled section, and where each of them is printed."""

from __future__ import annotations

from evidence.analysis.sections.pooled.kind import PooledKind, StudyT
from evidence.analysis.sections.pooled.records import Synthesis
from evidence.analysis.sections.pooled.text import study_text
from evidence.analysis.shared.context import Context, distinct, joined
from evidence.analysis.shared.reported_cell import source_text
from evidence.report.record.document import Cell, Column, Row, Table, Text


def numbers_table(
    context: Context, kind: PooledKind[StudyT], synthesis: Synthesis[StudyT]
) -> Table:
    """Return which printed numbers each effect was computed from, and where they stand."""
    rows = []
    for index in range(len(synthesis.studies)):
        texts = _texts(context, kind, synthesis, index)
        rows.append(Row(cells=tuple(Cell(text=text) for text in texts)))
    return Table(
        id=f"{synthesis.id}-numbers",
        number=context.number("table"),
        title=(
            context.declared_text(f"{synthesis.path}/title"),
            ": the numbers behind the figure",
        ),
        columns=tuple(
            Column(header=(header,), width=width) for header, width in kind.numbers.columns.items()
        ),
        rows=tuple(rows),
        landscape=kind.numbers.landscape,
    )


def _texts(
    context: Context, kind: PooledKind[StudyT], synthesis: Synthesis[StudyT], index: int
) -> list[Text]:
    one, fit = synthesis.studies[index], synthesis.fit
    effect = synthesis.effects.computed[index]
    ids = sorted({address.partition("#")[0] for address in one.inputs.values()})
    arm: list[Text] = [(context.arm(one.study_id, one.arm),)] if kind.numbers.with_arm else []
    return [
        (context.study(one.study_id),),
        *arm,
        (kind.words.routes[one.route],),
        joined([(context.printed(address),) for address in one.inputs.values()], ", "),
        joined(distinct([source_text(context, result_id) for result_id in ids]), "; "),
        study_text(context, effect, fit.result.level, synthesis.measure),
        (context.ledger.show(fit.quantity(f"weights.{index}"), "percent:1"), "%"),
    ]
