"""Small datasets made of rows, for the claims of the audit about what it must say and must not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest

from evidence.trials.audit.report import AuditReport, audit
from evidence.trials.dataset.load import Trials
from evidence.trials.rows.columns import COLUMN_NAMES, arrow_schema
from tests.trials.audit.audit_rows import therapy


def _studies(
    rows: Sequence[Mapping[str, Any]], overlaps: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    studies: dict[str, Any] = {}
    for row in rows:
        study = studies.setdefault(
            row["study_id"],
            {
                "name": row["study"],
                "overlaps": list(overlaps.get(row["study_id"], ())),
                "note": None,
                "arms": {},
            },
        )
        for name in (row["arm"], row["comparator_arm"]):
            if name is not None:
                dose = row["dose"] if name == row["arm"] else None
                arm = {"label": name, "therapy": therapy(name)} | ({"dose": dose} if dose else {})
                study["arms"].setdefault(name, arm)
    return studies


@pytest.fixture
def trials_of(trials: Trials) -> Callable[..., Trials]:
    """Return a function that makes a dataset of rows (see :func:`reported`)."""

    def made(*rows: Mapping[str, Any], overlaps: Mapping[str, Sequence[str]] = {}) -> Trials:
        named = [{**row, "result_id": f"r{i}"} for i, row in enumerate(rows)]
        columns = {name: [row[name] for row in named] for name in COLUMN_NAMES}
        told = dict(trials.table.schema.metadata)
        told[b"studies"] = json.dumps(_studies(named, overlaps)).encode()
        table = pa.table(columns, schema=arrow_schema()).replace_schema_metadata(told)
        return Trials(table=table, sha256="0" * 64)

    return made


@pytest.fixture
def audited(trials_of: Callable[..., Trials]) -> Callable[..., AuditReport]:
    """Return a function that audits a dataset of rows."""
    return lambda *rows, **more: audit(trials_of(*rows, **more))


@pytest.fixture
def severities(audited: Callable[..., AuditReport]) -> Callable[..., list[str]]:
    """Return a function that gives the severities that a rule finds in rows."""

    def found(rule: str, *rows: Mapping[str, Any], **more: Any) -> list[str]:
        return [finding.severity for finding in audited(*rows, **more).by(rule)]

    return found
