"""One row for each quantity: which document's number the analyses use, and why.

Where documents agree within rounding, the row with an interval goes first, then the trial's own
publication. Where they differ, a person decides in the YAML file; the build refuses to choose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from evidence.trials.rows.columns import Row
from evidence.trials.rows.printed import decimals_printed

#: Columns that together say what quantity a row reports.
QUANTITY = (
    "study_id", "subgroup", "analysis_set", "arm", "comparator_arm",
    "outcome", "outcome_definition", "timepoint_months", "statistic", "unit",
)  # fmt: skip
#: Numbers in which two reports of one quantity can differ.
NUMBERS = ("value", "ci_low", "ci_high", "range_low", "range_high")
_RANK = {"primary": 0, "secondary": 1, "review": 2}


def prefer(rows: Sequence[Row], origins: Mapping[str, str]) -> tuple[list[Row], list[str]]:
    """Fill ``preferred`` and ``preference_reason``; return the rows and what is undecided."""
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in QUANTITY)].append(row)
    problems = [fault for group in groups.values() for fault in _decide(group, origins)]
    return list(rows), problems


def _decide(group: list[Row], origins: Mapping[str, str]) -> list[str]:
    marked = [row for row in group if row["preferred"]]
    names = ", ".join(str(row["result_id"]) for row in group)
    if len(marked) > 1:
        return [f"{len(marked)} rows are marked as preferred for one quantity: {names}"]
    if marked and len(group) > 1 and not marked[0]["preference_reason"]:
        return [f"{marked[0]['result_id']} is preferred and needs a preference_reason"]
    if not marked and _differ(group):
        return [
            f"documents differ ({_values(group)}); mark one as preferred with a reason: {names}"
        ]
    chosen = marked[0] if marked else _first(group, origins)
    reason = chosen["preference_reason"] or (_agreement(group) if len(group) > 1 else None)
    for row in group:
        row["preferred"] = row is chosen
        row["preference_reason"] = reason if row is chosen else None
    return []


def _first(group: list[Row], origins: Mapping[str, str]) -> Row:
    """A row with interval goes first, then the trial's publication, most decimals, the name."""

    def rank(row: Row) -> tuple[bool, int, int, str]:
        digits = 0 if row["value"] is None else decimals_printed(row["printed"], row["value"])
        return row["ci_low"] is None, _RANK[origins[row["source"]]], -digits, str(row["result_id"])

    return min(group, key=rank)


def _differ(group: list[Row]) -> bool:
    """Rows differ if a field that two of them print differs at the coarser rounding of the two."""
    pairs = [(one, other) for index, one in enumerate(group) for other in group[:index]]
    return any(_contradict(one, other) for one, other in pairs)


def _contradict(one: Row, other: Row) -> bool:
    findings = {row["finding"] for row in (one, other)}
    if None not in findings and len(findings) > 1:
        return True
    if one["value_operator"] != other["value_operator"]:
        return one["value"] is not None and other["value"] is not None
    if one["value_operator"] in ("<", "<=") and one["statistic"] == "p_value":
        return False  # two upper bounds of a p value can both be true
    both = [name for name in NUMBERS if one[name] is not None and other[name] is not None]
    return any(abs(one[name] - other[name]) > _rounding(one, other, name) for name in both)


def _rounding(one: Row, other: Row, name: str) -> float:
    """Half a unit of the last decimal that the coarser of two rows prints."""
    digits = min(decimals_printed(row["printed"], row[name]) for row in (one, other))
    return 0.5 * 10.0**-digits + 1e-12


def _agreement(group: list[Row]) -> str:
    documents = sorted({str(row["source"]) for row in group})
    return f"all {len(group)} reports agree within rounding ({', '.join(documents)})"


def _values(group: list[Row]) -> str:
    return "; ".join(f"{row['source']}: {_shown(row)}" for row in group)


def _shown(row: Row) -> str:
    value = row["finding"] if row["value"] is None else f"{row['value_operator']}{row['value']:g}"
    if row["ci_low"] is None:
        return str(value)
    return f"{value} [{row['ci_low']:g}, {row['ci_high']:g}]"
