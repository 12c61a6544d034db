"""What in the dataset cannot be true together, found by rule and arithmetic, ranked by consequence.

The audit reads nothing but the dataset. Every finding carries its arithmetic in a form that can be
repeated from the rows (see ``Calculation``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from evidence.results import Result
from evidence.trials.audit.basis.book import Book
from evidence.trials.audit.basis.findings import SEVERITIES, Finding, Severity
from evidence.trials.audit.registry import RULES, Rule
from evidence.trials.dataset.load import Trials

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RULES", "SEVERITIES", "AuditReport", "Finding", "Rule", "Severity", "audit"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AuditReport(Result):
    """The findings of an audit, by consequence.

    Attributes
    ----------
    findings : tuple of Finding
        Contradictions first; among findings of one severity those that a declared analysis uses,
        then those that change a direction, then those that differ most.
    version : str
        Version of the dataset.
    rows : int
        Reported numbers that were read.
    rules : tuple of str
        Names of the rules that were applied, whether they found something or not.
    """

    findings: tuple[Finding, ...] = field(repr=False)
    version: str
    rows: int
    rules: tuple[str, ...] = field(repr=False)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.of(severity))} {severity}" for severity in SEVERITIES)
        return f"AuditReport({self.rows} numbers, dataset {self.version}: {counts})"

    def __str__(self) -> str:
        return repr(self)

    def __len__(self) -> int:
        return len(self.findings)

    def of(self, *severities: Severity) -> tuple[Finding, ...]:
        """Return the findings of some severities, in their order."""
        return tuple(finding for finding in self.findings if finding.severity in severities)

    def by(self, rule: str) -> tuple[Finding, ...]:
        """Return the findings of a rule, in their order."""
        return tuple(finding for finding in self.findings if finding.rule == rule)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a finding, in the order of consequence."""
        import pandas as pd

        columns = (
            *("rank", "severity", "rule", "study_id", "claim", "arithmetic"),
            *("gap", "turns", "used_by", "rows", "settle"),
        )
        return pd.DataFrame(
            [[getattr(finding, name) for name in columns] for finding in self.findings],
            columns=list(columns),
        )


def audit(trials: Trials, *, used: Mapping[str, Collection[str]] | None = None) -> AuditReport:
    """Find what in the dataset cannot be true together.

    Parameters
    ----------
    trials : Trials
        The dataset, or a part of it.
    used : mapping of str to collection of str, optional
        Declared analysis to the result_ids it uses; a finding about one of them goes before others.
        Left out, no row counts as used.

    Returns
    -------
    AuditReport
        The findings, ranked by consequence.

    Examples
    --------
    >>> import evidence
    >>> from evidence.trials.audit import audit
    >>> report = audit(evidence.load_trials())
    >>> report.of("contradiction")[0].arithmetic
    >>> report.to_frame().groupby(["rule", "severity"]).size()
    """
    book = Book(trials)
    users = _users(used or {})
    found = [
        replace(finding, used_by=_used_by(finding, users))
        for rule in RULES
        for finding in rule.find(book)
    ]
    found.sort(key=_consequence)
    ranked = tuple(replace(finding, rank=place) for place, finding in enumerate(found, start=1))
    return AuditReport(
        findings=ranked,
        version=trials.version,
        rows=len(trials),
        rules=tuple(rule.name for rule in RULES),
    )


def _users(used: Mapping[str, Collection[str]]) -> Mapping[str, set[str]]:
    users: dict[str, set[str]] = {}
    for analysis, rows in used.items():
        for row in rows:
            users.setdefault(row, set()).add(analysis)
    return users


def _used_by(finding: Finding, users: Mapping[str, set[str]]) -> tuple[str, ...]:
    return tuple(sorted({name for row in finding.rows for name in users.get(row, ())}))


def _consequence(finding: Finding) -> tuple[object, ...]:
    return (
        SEVERITIES.index(finding.severity),
        not finding.used_by,
        not finding.turns,
        -round(finding.gap, 9),
        finding.study_id,
        finding.rule,
        finding.rows,
    )
