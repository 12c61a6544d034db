"""The audit of the dataset as a kind of section."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.analysis.sections.audit.report import Audit, audit_section
from evidence.analysis.shared.move import Move, Seen
from evidence.analysis.shared.section_kind import SectionKind
from evidence.trials.dataset.load import Trials


def _moves(
    section: Audit, before: Seen, after: Seen, thresholds: Sequence[float]
) -> Sequence[Move]:
    """Return none: what an audit finds differently is told by its sentences."""
    return ()


def _rows_in_use(section: Audit, trials: Trials) -> Sequence[str]:
    """Return none: an audit looks at every row, and computes its result from no one of them."""
    return ()


AUDIT = SectionKind(
    name="audit",
    schema=Audit,
    section=audit_section,
    moves=_moves,
    rows_in_use=_rows_in_use,
    reads_all_analyses=True,
)
