"""The cells of the audit's tables: the quantity a finding is about, and its numbers as printed."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.analysis.shared.context import Context, joined
from evidence.analysis.shared.reported_cell import reported_text, source_text
from evidence.report.record.document import Span, Text, plain
from evidence.trials.audit.report import Finding
from evidence.trials.rows.columns import Row


def quantity_text(context: Context, finding: Finding) -> Text:
    """Return study, outcome and time of a finding's first row."""
    row = context.trials.row(finding.rows[0])
    outcome = context.ledger.name(f"vocabulary:outcomes/{row['outcome']}/label")
    parts: list[Text] = [(context.study(row["study_id"]),), (outcome,), *_time(context, row)]
    return joined(parts, "; ")


def _time(context: Context, row: Row) -> list[Text]:
    if row["timepoint_months"] is None:
        return []
    digits = 0 if float(row["timepoint_months"]).is_integer() else 1
    months = context.ledger.show(
        context.at(f"{row['result_id']}#timepoint_months"), f"plain:{digits}"
    )
    return [("at ", months, " months")]


def printed_text(context: Context, finding: Finding) -> Text:
    """Return the rows of a finding: who, the number as printed, and where it is printed.

    Rows that read alike are put together, with all their places.
    """
    groups: dict[str, tuple[Text, list[Text]]] = {}
    for result_id in finding.rows:
        label = _labelled(context, result_id)
        places = groups.setdefault(plain(label), (label, []))[1]
        places.append(source_text(context, result_id))
    return joined([_placed(label, places) for label, places in groups.values()], " • ")


def _labelled(context: Context, result_id: str) -> Text:
    row = context.trials.row(result_id)
    what = _what(context, row)
    number = reported_text(context, result_id)
    return (*joined(what, ", "), ": ", *number) if what else number


def _what(context: Context, row: Row) -> list[Text]:
    """Return arm, definition and subgroup of a row, and what kind of number it is."""
    parts: list[Text] = []
    if row["arm"] is not None:
        parts.append(_arms(context, row))
    parts += [
        (context.ledger.name(f"row:{row['result_id']}#{column}"),)
        for column in ("outcome_definition", "subgroup", "analysis_set")
        if row[column] is not None
    ]
    if row["statistic"] in ("n", "events", "count", "sd", "se", "person_years"):
        parts.append((context.ledger.name(f"vocabulary:statistics/{row['statistic']}/label"),))
    return parts


def _arms(context: Context, row: Row) -> Text:
    arm: Text = (context.arm(row["study_id"], row["arm"]),)
    if row["comparator_arm"] is None:
        return arm
    return (*arm, " against ", context.arm(row["study_id"], row["comparator_arm"]))


def _placed(label: Text, places: Sequence[Text]) -> Text:
    spans: list[Span] = list(joined(list(places), "; "))
    return (*label, " [", *spans, "]")
