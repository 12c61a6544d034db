"""What comparisons and proportions show alike: the frame of a section, and its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evidence.analysis.sections.pooled.contrast_effects import ROUTE_WORDS, interval_text
from evidence.analysis.sections.pooled.studies import Alternative, Study, Synthesis
from evidence.analysis.sections.pooled.text import (
    decisions_text,
    estimate_text,
    prediction_interval_text,
)
from evidence.analysis.shared.context import ABSENT, Context, distinct, joined
from evidence.analysis.shared.reported_cell import source_text
from evidence.report.record.document import (
    Block,
    Cell,
    Column,
    Footnote,
    Heading,
    Listing,
    Paragraph,
    Row,
    Table,
    Text,
)

_NONE: Text = (ABSENT,)
#: The column of the numbers table that names the arm of a single-arm study.
ARM = "Cohort"


def opening_blocks(context: Context, path: str, summary: Text, *, note: bool) -> list[Block]:
    """Return the title of a section, its summary, and its note if it has one."""
    blocks: list[Block] = [
        Heading(text=(context.declared_text(f"{path}/title"),)),
        Paragraph(text=summary),
    ]
    if note:
        blocks.append(Paragraph(text=(context.declared_text(f"{path}/note"),)))
    return blocks


def closing_blocks(context: Context, synthesis: Synthesis[Study]) -> list[Block]:
    """Return the decisions behind the model, and the studies that are not in the synthesis."""
    blocks: list[Block] = [
        Heading(text=("How the model was chosen",), level=2),
        Listing(items=tuple(decisions_text(context, synthesis.fit))),
    ]
    if synthesis.left_out:
        blocks.append(Heading(text=("Not in this synthesis",), level=2))
        blocks.append(_left_out(context, synthesis.path, synthesis.left_out))
    return blocks


def _left_out(context: Context, path: str, left_out: Mapping[str, str]) -> Listing:
    declared = context.ledger.origins.declared_exclusions(path)
    items = []
    for study_id in sorted(left_out):
        address = f"analysis:{path}/select/exclude/{study_id}"
        reason = context.ledger.name(address) if study_id in declared else left_out[study_id]
        items.append((context.study(study_id), ": ", reason))
    return Listing(items=tuple(items))


def numbers_table(
    context: Context,
    synthesis: Synthesis[Study],
    widths: Mapping[str, float],
    *,
    landscape: bool = False,
) -> Table:
    """Return which printed numbers each effect was computed from, and where they stand.

    Parameters
    ----------
    widths : mapping of str to float
        Header to relative width; with :data:`ARM` among the headers, the arm is named as well.
    """
    rows = []
    for index in range(len(synthesis.studies)):
        texts = _numbers_texts(context, synthesis, index, with_arm=ARM in widths)
        rows.append(Row(cells=tuple(Cell(text=text) for text in texts)))
    return Table(
        id=f"{synthesis.id}-numbers",
        number=context.number("table"),
        title=(
            context.declared_text(f"{synthesis.path}/title"),
            ": the numbers behind the figure",
        ),
        columns=tuple(Column(header=(header,), width=width) for header, width in widths.items()),
        rows=tuple(rows),
        landscape=landscape,
    )


def _numbers_texts(
    context: Context, synthesis: Synthesis[Study], index: int, *, with_arm: bool
) -> list[Text]:
    one, fit = synthesis.studies[index], synthesis.fit
    effect = synthesis.effects[one.study_id]
    ids = sorted({address.partition("#")[0] for address in one.inputs.values()})
    arm: list[Text] = [(context.arm(one.study_id, one.arm),)] if with_arm else []
    return [
        (context.study(one.study_id),),
        *arm,
        (ROUTE_WORDS[one.route],),
        joined([(context.printed(address),) for address in one.inputs.values()], ", "),
        joined(distinct([source_text(context, result_id) for result_id in ids]), "; "),
        interval_text(context, effect, fit.result.level, synthesis.measure),
        (context.ledger.show(fit.quantity(f"weights.{index}"), "percent:1"), "%"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityLayout:
    """How the sensitivity table of a section looks: what it varies, its columns and footnotes."""

    about: str
    columns: tuple[Column, ...]
    footnotes: tuple[Footnote, ...] = ()


def sensitivity_blocks(
    context: Context,
    synthesis: Synthesis[Study],
    alternatives: Sequence[Alternative],
    layout: SensitivityLayout,
) -> list[Block]:
    """Return the table of the main analysis above its alternatives, if there are any."""
    if not alternatives:
        return []
    main = Alternative(label=("Main analysis",), measure=synthesis.measure, fit=synthesis.fit)
    rows = [Row(cells=_sensitivity_cells(context, main), kind="total")]
    rows += [Row(cells=_sensitivity_cells(context, one)) for one in alternatives]
    table = Table(
        id=f"{synthesis.id}-sensitivity",
        number=context.number("table"),
        title=(
            context.declared_text(f"{synthesis.path}/title"),
            f": sensitivity to {layout.about}",
        ),
        columns=layout.columns,
        rows=tuple(rows),
        footnotes=layout.footnotes,
    )
    return [table]


def _sensitivity_cells(context: Context, one: Alternative) -> tuple[Cell, ...]:
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
