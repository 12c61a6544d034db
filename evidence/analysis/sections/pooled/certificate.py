"""Who agrees with the summary of a section: its certificate, as a small table."""

from __future__ import annotations

from evidence.analysis.sections.pooled.declared import PooledEntry
from evidence.analysis.sections.pooled.records import Part, Study, Synthesis
from evidence.analysis.shared.context import ABSENT, Context
from evidence.report.record.document import Cell, Column, Footnote, Row, Table, Text
from evidence.report.record.ledger import Computed
from evidence.report.record.origins import Json
from evidence.synthesis.certificates.certificate import certify_effects
from evidence.synthesis.certificates.records import Certificate

_COLUMNS = {
    "Engine": 2.6,
    "τ²": 0.9,
    "Estimate": 1.0,
    "Largest gap": 1.0,
    "Tolerance": 0.9,
    "Verdict": 1.2,
}
_WORDS = ("Engine", "Verdict")
_DIGITS = "fixed:6"


def certificate_part(context: Context, section: PooledEntry, synthesis: Synthesis[Study]) -> Part:
    """Return the table of the engines; nothing if no certificate is asked for, or one study.

    Raises
    ------
    VerificationError
        An engine disagrees beyond its tolerance.
    """
    if not context.certify or synthesis.fit.result.k < 2:
        return Part()
    effects = synthesis.effects
    certificate = context.ledger.compute(
        certify_effects, effects.inputs(), labels=effects.labels, **section.model.options()
    )
    table = _table(context, synthesis, certificate)
    return Part(blocks=(table,), results={"certificate": _results(certificate)})


def _table(
    context: Context, synthesis: Synthesis[Study], certificate: Computed[Certificate]
) -> Table:
    rows = [_own_row(context, certificate)]
    rows += [
        _witness_row(context, certificate, i) for i in range(len(certificate.result.witnesses))
    ]
    return Table(
        id=f"{synthesis.id}-certificate",
        number=context.number("table"),
        title=(
            context.declared_text(f"{synthesis.path}/title"),
            ": who agrees with the summary",
        ),
        columns=tuple(
            Column(header=(header,), width=width, align="left" if header in _WORDS else "right")
            for header, width in _COLUMNS.items()
        ),
        rows=tuple(rows),
        footnotes=tuple(Footnote(mark="", text=text) for text in _notes(context, certificate)),
    )


def _results(certificate: Computed[Certificate]) -> dict[str, Json]:
    found = certificate.result
    engines: list[Json] = [
        {"engine": one.engine, "gap": one.gap, "tolerance": one.tolerance, "verdict": one.verdict}
        for one in found.witnesses
    ]
    return {"computation": certificate.id, "agreed": found.agreed, "engines": engines}


def _own_row(context: Context, certificate: Computed[Certificate]) -> Row:
    texts: list[Text] = [
        ("This report",),
        (context.ledger.show(certificate.quantity("tau2"), _DIGITS),),
        (context.ledger.show(certificate.quantity("estimate"), _DIGITS),),
    ]
    texts += [("",)] * 3
    return Row(cells=tuple(Cell(text=text) for text in texts), kind="total")


def _witness_row(context: Context, certificate: Computed[Certificate], index: int) -> Row:
    one, path = certificate.result.witnesses[index], f"witnesses.{index}"

    def name(part: str) -> Text:
        return (context.ledger.name(f"computed:{certificate.id}#{path}.{part}"),)

    def number(part: str) -> Text:
        if getattr(one, part) is None:
            return (ABSENT,)
        return (context.ledger.show(certificate.quantity(f"{path}.{part}"), _DIGITS),)

    texts = [
        *(name("engine"), number("tau2"), number("estimate")),
        *(name("gap_text"), name("tolerance_text"), (one.verdict,)),
    ]
    return Row(cells=tuple(Cell(text=text) for text in texts))


def _notes(context: Context, certificate: Computed[Certificate]) -> list[Text]:
    """Return the scale, why the tolerances are not zero, what diverges, and who is silent."""
    name, found = context.ledger.name, certificate.result
    notes: list[Text] = [
        (
            "τ² and estimate are on the scale of analysis. The gap is the largest of τ², estimate, "
            "standard error and Q, relative to their size; a gap over tolerance stops the report.",
        )
    ]
    for i, one in enumerate(found.witnesses):
        path = f"computed:{certificate.id}#witnesses.{i}"
        notes.append((name(f"{path}.engine"), ": ", name(f"{path}.cause"), "."))
        notes += [(name(f"{path}.divergence"),)] if one.divergence else []
    notes += [(name(f"computed:{certificate.id}#silent.{i}"),) for i in range(len(found.silent))]
    return notes
