"""The command ``evidence data audit``: what in the dataset cannot be true together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evidence.interfaces import console

if TYPE_CHECKING:
    from evidence.trials.audit.report import AuditReport, Finding
    from evidence.trials.dataset.load import Trials

#: Severities, the worst first, as one and as several.
_WORDS = {
    "contradiction": ("contradiction", "contradictions"),
    "tension": ("tension", "tensions"),
    "within rounding": ("difference within rounding", "differences within rounding"),
    "different estimand": ("difference of estimand", "differences of estimand"),
}


@click.command(
    cls=console.Command,
    examples="""
evidence data audit
evidence data audit --all
evidence data audit --json
""",
)
@click.option("--dataset", type=Path, help="A trials.parquet other than the project's.")
@click.option("--all", "everything", is_flag=True, help="List tensions and differences, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON: every finding.")
def audit(dataset: Path | None, everything: bool, as_json: bool) -> None:
    """List the printed numbers that cannot be true together, with the arithmetic.

    Contradictions are listed, those first that a declared analysis uses. --all adds tensions (the
    numbers can be true together only if something holds that no document says), differences that
    rounding explains, and differences between numbers that say they mean different quantities.
    """
    from evidence.analysis.declared.rows_in_use import used_rows
    from evidence.trials.audit.report import audit as find
    from evidence.trials.dataset.load import load_trials

    trials = load_trials(dataset)
    report = find(trials, used=used_rows(trials))
    if as_json:
        console.say_json(_plain(report))
        return
    console.say(_summary(report))
    for finding in report.findings if everything else report.of("contradiction"):
        console.say()
        console.say(_told(finding, trials))
    if not everything and len(report) > len(report.of("contradiction")):
        console.say("\nThe others: evidence data audit --all")


def _summary(report: AuditReport) -> str:
    counts = [
        console.plural(sum(f.severity == severity for f in report.findings), *words)
        for severity, words in _WORDS.items()
    ]
    numbers = console.plural(report.rows, "reported number")
    return f"{numbers}, dataset {report.version}: {', '.join(counts)}."


def _told(finding: Finding, trials: Trials) -> str:
    used = f"; used by {', '.join(finding.used_by)}" if finding.used_by else ""
    lines = [
        f"{finding.rank}. {finding.severity}, {trials.studies[finding.study_id]['name']} "
        f"({finding.rule}{used})",
        f"   {finding.claim}: {finding.arithmetic}",
        *(f"   - {_place(result_id, trials)}" for result_id in finding.rows),
        f"   To settle: {finding.settle}",
    ]
    return "\n".join(lines)


def _place(result_id: str, trials: Trials) -> str:
    row = trials.row(result_id)
    line = "" if row["line_start"] is None else f", line {row['line_start']}"
    return f"{result_id} [{row['locator']}{line}]"


def _plain(report: AuditReport) -> dict[str, Any]:
    return {
        "dataset": report.version,
        "numbers": report.rows,
        "rules": list(report.rules),
        "findings": report.to_frame().to_dict(orient="records"),
    }
