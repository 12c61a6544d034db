"""A reported number as a reader sees it: operator, value, unit, interval and p value as printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evidence.analysis.context import Context, joined
from evidence.report.document import Span, Text

#: Units that are written after a number; those not named here are understood from the column.
_SUFFIX = {"%": "%", "months": " months", "years": " years", "weeks": " weeks", "days": " days"}


def reported_text(context: Context, result_id: str, *, interval: bool = True, p: bool = True) -> Text:
    """Return a row of the dataset as text, such as ">90%", "1–3%", "0.18 (95% CI 0.13 to 0.23)" or "NS"."""
    row = context.trials.row(result_id)
    parts: list[Text] = [_estimate(context, row)]
    if interval and row["ci_low"] is not None:
        parts.append(_interval(context, row))
    if p and row["p_value"] is not None and row["statistic"] != "p_value":
        parts.append(_p(context, row))
    return joined(parts, " ")


def _estimate(context: Context, row: Mapping[str, Any]) -> Text:
    result_id = row["result_id"]
    suffix = _SUFFIX.get(row["unit"], "")
    if row["finding"] is not None:
        return (context.ledger.name(f"vocabulary:findings/{row['finding']}/label"),)
    if row["value"] is None:
        low, high = (context.printed(f"{result_id}#{name}") for name in ("range_low", "range_high"))
        return _texts(low, "–", high, suffix)
    value = context.printed(result_id)
    if row["statistic"] == "p_value":
        return _texts("p ", _operator(row["p_operator"]), value)
    return _texts(_relation(row["value_operator"]), value, suffix)


def _interval(context: Context, row: Mapping[str, Any]) -> Text:
    result_id = row["result_id"]
    level = context.ledger.show(context.at(f"{result_id}#ci_level"), "significant:3")
    low, high = (context.printed(f"{result_id}#{name}") for name in ("ci_low", "ci_high"))
    return _texts("(", level, "% CI ", low, " to ", high, ")")


def _p(context: Context, row: Mapping[str, Any]) -> Text:
    return _texts("(p ", _operator(row["p_operator"]), context.printed(f"{row['result_id']}#p_value"), ")")


def _relation(operator: str) -> str:
    return {"=": "", "~": "about ", "<=": "≤", ">=": "≥"}.get(operator, operator)


def _operator(operator: str | None) -> str:
    return {"=": "= ", None: "= "}.get(operator, f"{operator} ")


def _texts(*spans: Span) -> Text:
    return tuple(span for span in spans if span != "")


def source_text(context: Context, result_id: str) -> Text:
    """Return where a row was printed: cite key, place, and lines of the text where it is at hand."""
    row = context.trials.row(result_id)
    place = context.ledger.name(f"row:{result_id}#locator")
    key = context.ledger.name(f"row:{result_id}#source")
    if row["line_start"] is None:
        return (key, ": ", place)
    first, last = (context.ledger.show(context.at(f"{result_id}#{name}"), "plain:0") for name in ("line_start", "line_end"))
    lines: Text = (first,) if row["line_start"] == row["line_end"] else (first, "–", last)
    word = ", line " if len(lines) == 1 else ", lines "
    return (key, ": ", place, word, *lines)
