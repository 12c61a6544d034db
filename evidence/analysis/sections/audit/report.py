"""The audit as a section of a report: findings by rule, each with its rows and its arithmetic.

Every number a finding shows is a row of the dataset or is computed again, from these rows, by the
function that found it; so the ledger can repeat the audit number by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from evidence.addresses import function_at
from evidence.analysis.sections.audit.cells import printed_text, quantity_text
from evidence.analysis.shared.context import ABSENT, Context, SectionResult
from evidence.analysis.shared.entries import SectionEntry
from evidence.report.record.document import (
    Block,
    Cell,
    Column,
    Footnote,
    Heading,
    Paragraph,
    Row,
    Span,
    Table,
    Text,
)
from evidence.report.record.ledger import Quantity, plain_number
from evidence.report.record.origins import Json
from evidence.trials.audit.report import RULES, SEVERITIES, AuditReport, Finding, Severity, audit

#: Severities of the main table; the others follow in a table of their own.
SERIOUS: tuple[Severity, ...] = ("contradiction", "tension")
_PLURALS: Mapping[Severity, str] = {
    "contradiction": "Contradictions",
    "tension": "Tensions",
    "within rounding": "Differences within rounding",
    "different estimand": "Different estimands",
}
_COLUMNS = {
    "No.": 0.4,
    "Study and quantity": 1.7,
    "As printed": 3.3,
    "What is the matter, in numbers": 2.6,
    "What would settle it": 1.6,
    "Used": 0.6,
}
_LEGEND: Text = (
    "Contradiction: the numbers cannot all be true as they are printed. Tension: they can be true "
    "together only if something holds that none of them says. Within rounding: they differ by no "
    "more than their rounding. Different estimand: they differ, and say that they mean different "
    "quantities. Used: a declared analysis uses one of the numbers. Findings are in the order of "
    "consequence: first by severity, then those whose numbers an analysis uses, then those that "
    "change a direction or a significance, then those that differ most.",
)


class Audit(SectionEntry):
    """The audit of the dataset: what in it cannot be true together."""

    kind: Literal["audit"]


def audit_section(context: Context, section: Audit, path: str) -> SectionResult:
    """Return the audit of the dataset: a table of the rules, and tables of the findings."""
    report = audit(context.trials, used=context.rows_in_use)
    summary = _summary(context, report)
    blocks: list[Block] = [
        Heading(text=(context.declared_text(f"{path}/title"),)),
        Paragraph(text=summary),
    ]
    if section.note:
        blocks.append(Paragraph(text=(context.declared_text(f"{path}/note"),)))
    blocks.append(_rules_table(context, section, report))
    blocks.append(_findings_table(context, section.id, SERIOUS, report))
    blocks.append(_findings_table(context, f"{section.id}-explained", SEVERITIES[2:], report))
    return SectionResult(
        blocks=tuple(blocks),
        results=_results(report),
        headline=summary,
        methods=(_METHODS,),
    )


_METHODS: Text = (
    "The audit applies rules to the dataset alone. No rule knows a study or a document: each "
    "compares numbers that belong to one quantity, one arm, one comparison or one regimen, and "
    "allows for the rounding of every number it uses. Whether two numbers mean one quantity is "
    "judged by study, arm, outcome, definition, time, subgroup, analysis set and unit; where a "
    "document leaves one of these open, a difference between documents is a tension and not a "
    "contradiction.",
)


def _summary(context: Context, report: AuditReport) -> Text:
    counts = {severity: _count(context, report.findings, severity) for severity in SEVERITIES}
    used = [bool(finding.used_by) for finding in report.of("contradiction")]
    return context.ledger.prose(
        "{rules} rules of arithmetic find {contradiction} contradictions between printed numbers, "
        "{used} of them with a number that a declared analysis uses; {tension} tensions; "
        "{rounding} differences that rounding explains; and {estimand} between numbers that say "
        "they mean different quantities.",
        rules=context.ledger.show(_length(context, "rules", len(report.rules)), "fixed:0"),
        contradiction=counts["contradiction"],
        used=(context.ledger.count("contradictions with a number in use", used),),
        tension=counts["tension"],
        rounding=counts["within rounding"],
        estimand=counts["different estimand"],
    )


def _length(context: Context, what: str, number: int) -> Quantity:
    return context.ledger.compute(length_of, what=what, number=number).quantity("")


def length_of(*, what: str, number: int) -> int:
    """Return how many there are of what is listed; ``what`` says of what.

    Parameters
    ----------
    what : str
        What is listed, in words for the reader of a ledger.
    number : int
        How many there are.
    """
    return number


def _count(context: Context, findings: Sequence[Finding], severity: Severity) -> Text:
    found = [finding.severity == severity for finding in findings]
    return (context.ledger.count(f"findings: {severity}", found),)


def _rules_table(context: Context, section: Audit, report: AuditReport) -> Table:
    rows = []
    for rule in RULES:
        findings = report.by(rule.name)
        counts = [
            Cell(text=_count(context, findings, severity))
            if any(finding.severity == severity for finding in findings)
            else Cell(text=(ABSENT,), tone="absent")
            for severity in SEVERITIES
        ]
        rows.append(Row(cells=(Cell(text=(rule.title,)), *counts)))
    return Table(
        id=f"{section.id}-rules",
        number=context.number("table"),
        title=("Rules, and what each finds",),
        columns=(
            Column(header=("Rule",), width=4.0),
            *(Column(header=(_PLURALS[s],), align="right", width=1.1) for s in SEVERITIES),
        ),
        rows=tuple(rows),
    )


def _findings_table(
    context: Context, name: str, severities: Sequence[Severity], report: AuditReport
) -> Table:
    rows: list[Row] = []
    for severity in severities:
        findings = report.of(severity)
        if findings:
            rows.append(Row(cells=(Cell(text=(_PLURALS[severity],)),), kind="group"))
            rows += [_finding_row(context, finding) for finding in findings]
    titles = " and ".join(
        _PLURALS[s].lower() if i else _PLURALS[s] for i, s in enumerate(severities)
    )
    return Table(
        id=name,
        number=context.number("table"),
        title=(titles,),
        columns=tuple(Column(header=(head,), width=width) for head, width in _COLUMNS.items()),
        rows=tuple(rows),
        footnotes=(Footnote(mark="", text=_LEGEND),),
        landscape=True,
    )


def _finding_row(context: Context, finding: Finding) -> Row:
    serious = finding.severity == "contradiction"
    used = Cell(text=("used",)) if finding.used_by else Cell(text=(ABSENT,), tone="absent")
    return Row(
        cells=(
            Cell(text=(context.ledger.name(f"order:{finding.rank}"),)),
            Cell(text=quantity_text(context, finding)),
            Cell(text=printed_text(context, finding)),
            Cell(
                text=(f"{finding.claim}: ", _arithmetic(context, finding)),
                tone="differs" if serious else "plain",
            ),
            Cell(text=(finding.settle,)),
            used,
        )
    )


def _arithmetic(context: Context, finding: Finding) -> Span:
    """Return the arithmetic of a finding, computed again by its own function from its rows."""
    calculation = finding.calculation
    inputs: dict[str, Quantity | list[Quantity]] = {
        argument: context.at(given) if isinstance(given, str) else [context.at(g) for g in given]
        for argument, given in calculation.inputs.items()
    }
    function = function_at(calculation.function)
    computed = context.ledger.compute(function, inputs, **calculation.options)
    return context.ledger.name(f"computed:{computed.id}#text")


def _results(report: AuditReport) -> dict[str, Json]:
    return {
        "kind": "audit",
        "rules": {
            rule.name: {s: sum(f.severity == s for f in report.by(rule.name)) for s in SEVERITIES}
            for rule in RULES
        },
        "findings": [_plain(finding) for finding in report.findings],
    }


def _plain(finding: Finding) -> dict[str, Json]:
    return {
        "rank": finding.rank,
        "severity": finding.severity,
        "rule": finding.rule,
        "study_id": finding.study_id,
        "claim": finding.claim,
        "arithmetic": finding.arithmetic,
        "gap": plain_number(finding.gap),
        "turns": finding.turns,
        "used_by": list(finding.used_by),
        "rows": list(finding.rows),
        "settle": finding.settle,
    }
