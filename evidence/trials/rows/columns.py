"""The columns of ``trials.parquet``: one registry for its schema, its checks and its codebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

#: One reported number, by column; what type a value has is said by :data:`COLUMNS`.
Row = dict[str, Any]
#: Version of the column layout, stored in the file.
SCHEMA_VERSION = 1
OPERATORS = ("=", "<", ">", "~", "<=", ">=")
ORIGINS = ("review", "primary", "secondary")
EXTRACTIONS = ("single", "double", "adjudicated")


@dataclass(frozen=True, slots=True)
class DatasetColumn:
    """A column of the dataset: its name, Arrow type, meaning, unit, and whether it may be empty."""

    name: str
    type: str
    description: str
    unit: str = ""
    required: bool = False
    allowed: tuple[str, ...] = ()


COLUMNS: tuple[DatasetColumn, ...] = (
    DatasetColumn(
        "result_id", "string", "stable unique name of the reported number", required=True
    ),
    DatasetColumn("study_id", "string", "the study", required=True),
    DatasetColumn("study", "string", "name of the study as readers know it", required=True),
    DatasetColumn("registry_id", "string", "registration number, such as NCT00530348"),
    DatasetColumn("design", "string", "design of the study (vocabulary: designs)", required=True),
    DatasetColumn("phase", "string", "phase of a trial, as printed"),
    DatasetColumn("year", "int16", "year of the main publication"),
    DatasetColumn(
        "population", "string", "disease course studied (vocabulary: populations)", required=True
    ),
    DatasetColumn("subgroup", "string", "subgroup of the study; empty for the whole study"),
    DatasetColumn("analysis_set", "string", "randomised, ITT, per-protocol, ... as printed"),
    DatasetColumn(
        "arm", "string", "arm or cohort the number is about; empty for the study as a whole"
    ),
    DatasetColumn("therapy", "string", "therapy of the arm (vocabulary: therapies)"),
    DatasetColumn("dose", "string", "dose or regimen of the arm"),
    DatasetColumn("comparator_arm", "string", "arm compared with; filled for a contrast only"),
    DatasetColumn("comparator", "string", "therapy of the comparator arm (vocabulary: therapies)"),
    DatasetColumn("outcome", "string", "what was measured (vocabulary: outcomes)", required=True),
    DatasetColumn("outcome_definition", "string", "definition, such as the length of confirmation"),
    DatasetColumn("timepoint_months", "float64", "time from start of treatment", unit="months"),
    DatasetColumn(
        "statistic", "string", "what kind of number it is (vocabulary: statistics)", required=True
    ),
    DatasetColumn("value", "float64", "the number as printed, in `unit`"),
    DatasetColumn(
        "value_operator",
        "string",
        "relation printed before the number",
        required=True,
        allowed=OPERATORS,
    ),
    DatasetColumn(
        "unit", "string", "unit of `value` as printed (vocabulary: units)", required=True
    ),
    DatasetColumn("ci_low", "float64", "lower confidence bound, in `unit`"),
    DatasetColumn("ci_high", "float64", "upper confidence bound, in `unit`"),
    DatasetColumn("ci_level", "float64", "confidence level of the bounds", unit="%"),
    DatasetColumn(
        "range_low", "float64", "lower end of a range that is not a confidence interval, in `unit`"
    ),
    DatasetColumn(
        "range_high", "float64", "upper end of a range that is not a confidence interval, in `unit`"
    ),
    DatasetColumn("p_value", "float64", "p value as printed"),
    DatasetColumn("p_operator", "string", "relation printed before the p value", allowed=OPERATORS),
    DatasetColumn("finding", "string", "a result printed as words (vocabulary: findings)"),
    DatasetColumn("source", "string", "cite key of the document (sources)", required=True),
    DatasetColumn("locator", "string", "where in the document", required=True),
    DatasetColumn("source_file", "string", "file name of the document's text, where it is at hand"),
    DatasetColumn("line_start", "int32", "first line of the number in that text, counted from 1"),
    DatasetColumn("line_end", "int32", "last line of the number in that text"),
    DatasetColumn("printed", "list<string>", "the number tokens exactly as printed", required=True),
    DatasetColumn(
        "origin",
        "string",
        "review, primary, or secondary (another review or a web page)",
        required=True,
        allowed=ORIGINS,
    ),
    DatasetColumn(
        "extraction",
        "string",
        "extracted once, twice, or twice and adjudicated",
        required=True,
        allowed=EXTRACTIONS,
    ),
    DatasetColumn("note", "string", "what a reader of the number should know"),
    DatasetColumn(
        "preferred", "bool", "the row that analyses use for this quantity", required=True
    ),
    DatasetColumn(
        "preference_reason",
        "string",
        "why this row is used, where several documents give the quantity",
    ),
)
COLUMN_NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
_ARROW_TYPES = {
    "string": pa.string(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "list<string>": pa.list_(pa.string()),
}


def arrow_schema() -> pa.Schema:
    """Arrow schema of the dataset; each field carries its description and unit."""
    return pa.schema([_arrow_field(column) for column in COLUMNS])


def _arrow_field(column: DatasetColumn) -> pa.Field:
    return pa.field(
        column.name,
        _ARROW_TYPES[column.type],
        nullable=not column.required,
        metadata={"description": column.description, "unit": column.unit},
    )
