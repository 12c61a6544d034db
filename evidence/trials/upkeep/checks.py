"""Checks of the built dataset: its columns, with pandera, and that the YAML files give it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandera.pandas as pa
from pandera.errors import SchemaErrors

from evidence.errors import DatasetError
from evidence.trials.curation.building import read_curated, table_of, to_bytes
from evidence.trials.dataset.load import Trials, load_trials
from evidence.trials.judgements import read_judgements
from evidence.trials.rows.columns import COLUMNS, DatasetColumn

if TYPE_CHECKING:
    import pandas as pd

#: Largest number of faults that one message lists.
SHOWN = 20


def check_dataset(data: Path, parquet: Path) -> Trials:
    """Check that ``parquet`` is valid and is exactly what the YAML files below ``data`` give.

    Parameters
    ----------
    data : Path
        Folder of the curated files.
    parquet : Path
        Dataset that was built.

    Raises
    ------
    DatasetError
        The file breaks a rule of its columns, or is stale.
    CurationError
        The YAML files, or the judgements of the risk of bias, have problems.
    """
    trials = load_trials(parquet)
    validate(trials)
    fresh = to_bytes(table_of(read_curated(data), version=trials.version)).to_pybytes()
    if fresh != parquet.read_bytes():
        raise DatasetError(
            f"{parquet} is stale: the YAML files below {data} give another file. "
            "Run `evidence data build` and commit both."
        )
    judged = data / "risk_of_bias.yaml"
    if judged.is_file():
        read_judgements(judged, trials)
    return trials


def validate(trials: Trials) -> None:
    """Check every column of the dataset with pandera; all faults are reported together.

    Parameters
    ----------
    trials : Trials
        Dataset.

    Raises
    ------
    DatasetError
        The first faults, with column and row, and how many there are.
    """
    try:
        pandera_schema().validate(trials.to_frame(), lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        lines = [
            f"  - {case.column}, row {case.index}: {case.failure_case!r} fails {case.check}"
            for case in cases.itertuples()
        ]
        raise DatasetError(
            "\n".join([f"The dataset breaks {len(lines)} rules of its columns.", *lines[:SHOWN]])
        ) from error


def pandera_schema() -> pa.DataFrameSchema:
    """Return the pandera schema of the dataset, derived from the column registry."""
    return pa.DataFrameSchema(
        {column.name: _pandera_column(column) for column in COLUMNS},
        checks=[
            pa.Check(lambda frame: frame["result_id"].is_unique, name="result_id is unique"),
            pa.Check(_has_content, name="value, range or finding"),
            pa.Check(_ordered("ci_low", "ci_high"), name="ci_low <= ci_high"),
            pa.Check(_ordered("ci_low", "value"), name="ci_low <= value"),
            pa.Check(_ordered("value", "ci_high"), name="value <= ci_high"),
            pa.Check(_ordered("line_start", "line_end"), name="line_start <= line_end"),
        ],
        strict=True,
        ordered=True,
    )


def _pandera_column(column: DatasetColumn) -> pa.Column:
    checks = [pa.Check.isin(column.allowed)] if column.allowed else []
    if column.name == "p_value":
        checks.append(pa.Check.in_range(0, 1))
    if column.name in ("timepoint_months", "line_start"):
        checks.append(pa.Check.ge(0))
    return pa.Column(checks=checks, nullable=not column.required, required=True)


def _has_content(frame: pd.DataFrame) -> pd.Series[bool]:
    return frame[["value", "range_low", "ci_low", "finding"]].notna().any(axis="columns")


def _ordered(low: str, high: str) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    return lambda frame: frame[low].isna() | frame[high].isna() | (frame[low] <= frame[high])
