"""A reported number as a reader sees it: operator, value, unit, interval and p value as printed."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.analysis.shared.context import Context, distinct, joined
from evidence.report.record.document import Span, Text
from evidence.trials.rows.columns import Row

#: Units that are written after a number; those not named here are understood from the column.
_SUFFIX = {"%": "%", "months": " months", "years": " years", "weeks": " weeks", "days": " days"}


def reported_text(
    context: Context,
    result_id: str,
    *,
    interval: bool = True,
    p: bool = True,
    verbatim: bool = False,
) -> Text:
    """Return a row of the dataset as text.

    It reads like ">90%", "1–3%", "0.18 (95% CI 0.13 to 0.23)" or "NS". A finding is given by its
    word of the vocabulary, or ``verbatim`` by the few words that the source prints.
    """
    row = context.trials.row(result_id)
    parts: list[Text] = [_words(context, row) if verbatim else (), _estimate(context, row)]
    parts = parts[:1] if parts[0] else parts[1:]
    if interval and row["ci_low"] is not None:
        parts.append(_interval(context, row))
    if p and row["p_value"] is not None and row["statistic"] != "p_value":
        parts.append(_p(context, row))
    return joined(parts, " ")


def _words(context: Context, row: Row) -> Text:
    """Return the printed words of a finding; nothing for a number."""
    if row["finding"] is None:
        return ()
    place = f"row:{row['result_id']}#printed"
    words: list[Text] = [(context.ledger.name(f"{place}/{n}"),) for n in range(len(row["printed"]))]
    return joined(words, " ")


def _estimate(context: Context, row: Row) -> Text:
    result_id = row["result_id"]
    if row["finding"] is not None:
        return (context.ledger.name(f"vocabulary:findings/{row['finding']}/label"),)
    suffix = _unit(context, row)
    if row["value"] is None:
        low, high = (context.printed(f"{result_id}#{name}") for name in ("range_low", "range_high"))
        return _texts(low, "–", high, *suffix)
    value = context.printed(result_id)
    if row["statistic"] == "p_value":
        return _texts("p ", _operator(row["p_operator"]), value)
    return _texts(_relation(row["value_operator"]), value, *suffix)


def _unit(context: Context, row: Row) -> Text:
    if row["unit"] == "per-100-patient-years":
        return (" ", context.ledger.name("vocabulary:units/per-100-patient-years/label"))
    return (_SUFFIX.get(row["unit"], ""),)


def _interval(context: Context, row: Row) -> Text:
    result_id = row["result_id"]
    level = context.ledger.show(context.at(f"{result_id}#ci_level"), "significant:3")
    low, high = (context.printed(f"{result_id}#{name}") for name in ("ci_low", "ci_high"))
    return _texts("(", level, "% CI ", low, " to ", high, ")")


def _p(context: Context, row: Row) -> Text:
    return _texts(
        "(p ", _operator(row["p_operator"]), context.printed(f"{row['result_id']}#p_value"), ")"
    )


def _relation(operator: str) -> str:
    return {"=": "", "~": "about ", "<=": "≤", ">=": "≥"}.get(operator, operator)


def _operator(operator: str | None) -> str:
    return {"=": "= ", None: "= "}.get(operator, f"{operator} ")


def _texts(*spans: Span) -> Text:
    return tuple(span for span in spans if span != "")


def lines_text(context: Context, result_ids: Sequence[str]) -> Text:
    """Return the lines of a text on which results are printed, such as "lines 405, 406–407"."""
    spans: list[Text] = []
    for result_id in result_ids:
        row = context.trials.row(result_id)
        ends = [context.ledger.show(context.at(f"{result_id}#{name}"), "plain:0") for name in _ENDS]
        spans.append(
            (ends[0],) if row["line_start"] == row["line_end"] else (ends[0], "–", ends[1])
        )
    word = "line " if len(spans) == 1 and len(spans[0]) == 1 else "lines "
    return (word, *joined(distinct(spans), ", "))


_ENDS = ("line_start", "line_end")


def source_text(context: Context, result_id: str) -> Text:
    """Return where a row was printed: cite key, place, and lines of a text that is at hand."""
    row = context.trials.row(result_id)
    place = context.ledger.name(f"row:{result_id}#locator")
    key = context.ledger.name(f"row:{result_id}#source")
    if row["line_start"] is None:
        return (key, ": ", place)
    first, last = (
        context.ledger.show(context.at(f"{result_id}#{name}"), "plain:0")
        for name in ("line_start", "line_end")
    )
    lines: Text = (first,) if row["line_start"] == row["line_end"] else (first, "–", last)
    word = ", line " if len(lines) == 1 else ", lines "
    return (key, ": ", place, word, *lines)
