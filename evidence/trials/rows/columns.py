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
class Column:
    """A column of the dataset: its name, Arrow type, meaning, unit, and whether it may be empty."""

    name: str
    type: str
    description: str
    unit: str = ""
    required: bool = False
    allowed: tuple[str, ...] = ()


COLUMNS: tuple[Column, ...] = (
    Column("result_id", "string", "stable unique name of the reported number", required=True),
    Column("study_id", "string", "the study", required=True),
    Column("study", "string", "name of the study as readers know it", required=True),
    Column("registry_id", "string", "registration number, such as NCT00530348"),
    Column("design", "string", "design of the study (vocabulary: designs)", required=True),
    Column("phase", "string", "phase of a trial, as printed"),
    Column("year", "int16", "year of the main publication"),
    Column(
        "population", "string", "disease course studied (vocabulary: populations)", required=True
    ),
    Column("subgroup", "string", "subgroup of the study; empty for the whole study"),
    Column("analysis_set", "string", "randomised, ITT, per-protocol, ... as printed"),
    Column("arm", "string", "arm or cohort the number is about; empty for the study as a whole"),
    Column("therapy", "string", "therapy of the arm (vocabulary: therapies)"),
    Column("dose", "string", "dose or regimen of the arm"),
    Column("comparator_arm", "string", "arm compared with; filled for a contrast only"),
    Column("comparator", "string", "therapy of the comparator arm (vocabulary: therapies)"),
    Column("outcome", "string", "what was measured (vocabulary: outcomes)", required=True),
    Column("outcome_definition", "string", "definition, such as the length of confirmation"),
    Column("timepoint_months", "float64", "time from start of treatment", unit="months"),
    Column(
        "statistic", "string", "what kind of number it is (vocabulary: statistics)", required=True
    ),
    Column("value", "float64", "the number as printed, in `unit`"),
    Column(
        "value_operator",
        "string",
        "relation printed before the number",
        required=True,
        allowed=OPERATORS,
    ),
    Column("unit", "string", "unit of `value` as printed (vocabulary: units)", required=True),
    Column("ci_low", "float64", "lower confidence bound, in `unit`"),
    Column("ci_high", "float64", "upper confidence bound, in `unit`"),
    Column("ci_level", "float64", "confidence level of the bounds", unit="%"),
    Column(
        "range_low", "float64", "lower end of a range that is not a confidence interval, in `unit`"
    ),
    Column(
        "range_high", "float64", "upper end of a range that is not a confidence interval, in `unit`"
    ),
    Column("p_value", "float64", "p value as printed"),
    Column("p_operator", "string", "relation printed before the p value", allowed=OPERATORS),
    Column("finding", "string", "a result printed as words (vocabulary: findings)"),
    Column("source", "string", "cite key of the document (sources)", required=True),
    Column("locator", "string", "where in the document", required=True),
    Column("source_file", "string", "file name of the document's text, where it is at hand"),
    Column("line_start", "int32", "first line of the number in that text, counted from 1"),
    Column("line_end", "int32", "last line of the number in that text"),
    Column("printed", "list<string>", "the number tokens exactly as printed", required=True),
    Column(
        "origin",
        "string",
        "review, primary, or secondary (another review or a web page)",
        required=True,
        allowed=ORIGINS,
    ),
    Column(
        "extraction",
        "string",
        "extracted once, twice, or twice and adjudicated",
        required=True,
        allowed=EXTRACTIONS,
    ),
    Column("note", "string", "what a reader of the number should know"),
    Column("preferred", "bool", "the row that analyses use for this quantity", required=True),
    Column(
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


def _arrow_field(column: Column) -> pa.Field:
    return pa.field(
        column.name,
        _ARROW_TYPES[column.type],
        nullable=not column.required,
        metadata={"description": column.description, "unit": column.unit},
    )
