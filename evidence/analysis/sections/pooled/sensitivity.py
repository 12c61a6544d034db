"""The sensitivity analyses of a pooled section: a table below the main analysis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evidence.analysis.sections.pooled.kind import PooledKind, SensitivityLayout, StudyT
from evidence.analysis.sections.pooled.measures import MEASURES
from evidence.analysis.sections.pooled.records import Alternative, Part, Synthesis
from evidence.analysis.sections.pooled.text import estimate_text, prediction_interval_text
from evidence.analysis.shared.context import ABSENT, Context
from evidence.report.record.document import Cell, Column, Footnote, Row, Table, Text, plain
from evidence.report.record.origins import Json, plain_record

_NONE: Text = (ABSENT,)


def sensitivity_part(
    context: Context,
    kind: PooledKind[StudyT],
    synthesis: Synthesis[StudyT],
    alternatives: Sequence[Alternative],
) -> Part:
    """Return the table of the main analysis above its alternatives, if there are any."""
    results = {"sensitivity": _results(kind, alternatives)}
    if not alternatives:
        return Part(results=results)
    return Part(blocks=(_table(context, kind, synthesis, alternatives),), results=results)


def _table(
    context: Context,
    kind: PooledKind[StudyT],
    synthesis: Synthesis[StudyT],
    alternatives: Iterable[Alternative],
) -> Table:
    main = Alternative(label=("Main analysis",), measure=synthesis.measure, fit=synthesis.fit)
    rows = [Row(cells=_cells(context, main), kind="total")]
    rows += [Row(cells=_cells(context, one)) for one in alternatives]
    layout = kind.sensitivity
    return Table(
        id=f"{synthesis.id}-sensitivity",
        number=context.number("table"),
        title=(
            context.declared_text(f"{synthesis.path}/title"),
            f": sensitivity to {layout.about}",
        ),
        columns=_columns(
            layout, kind.words.studies.capitalize(), MEASURES[synthesis.measure].header
        ),
        rows=tuple(rows),
        footnotes=(Footnote(mark="", text=(layout.note,)),) if layout.note else (),
    )


def _columns(layout: SensitivityLayout, studies: str, effect: str) -> tuple[Column, ...]:
    return (
        Column(header=("Analysis",), width=2.6),
        Column(header=(studies,), width=layout.studies_width, align=layout.align),
        Column(header=(effect,), width=2.2),
        Column(header=("Prediction interval",), width=1.8),
        Column(header=("τ²",), width=0.8, align=layout.align),
        Column(header=("I²",), width=0.8, align=layout.align),
    )


def _cells(context: Context, one: Alternative) -> tuple[Cell, ...]:
    """Return label, k, estimate, prediction interval, tau2 and I2; what is absent has a dash."""
    fit, show = one.fit, context.ledger.show
    prediction = tau2 = i2 = _NONE
    if fit.result.prediction is not None:
        prediction = prediction_interval_text(context, fit, one.measure)
    if fit.result.tau2 is not None:
        tau2 = (show(fit.quantity("tau2"), "fixed:3"),)
    if fit.result.i2 is not None:
        i2 = (show(fit.quantity("i2"), "percent:0"), "%")
    k: Text = (show(fit.quantity("k"), "fixed:0"),)
    texts = (one.label, k, estimate_text(context, fit, one.measure), prediction, tau2, i2)
    return tuple(Cell(text=text) for text in texts)


def _results(kind: PooledKind[StudyT], alternatives: Iterable[Alternative]) -> list[Json]:
    return [
        {name: content[name] for name in kind.sensitivity.kept}
        for content in (_content(kind, one) for one in alternatives)
    ]


def _content(kind: PooledKind[StudyT], one: Alternative) -> dict[str, Json]:
    return {
        **plain_record(one.fit.result),
        "label": plain(one.label),
        kind.schema.scale_field: one.measure,
        "computation": one.fit.id,
    }
