"""Updates of a review's cells: what is computed from other documents, and whether it agrees.

Agreement is arithmetic: an update agrees with a printed value if it rounds to it at the printed
number of decimals, or satisfies the printed relation or range.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from evidence.analysis.sections.review.declared import ReviewCell, Update
from evidence.analysis.shared.context import Context, joined
from evidence.analysis.shared.reported_cell import reported_text
from evidence.errors import AnalysisFileError
from evidence.outcomes import summary_statistics as derived
from evidence.report.record.document import Text
from evidence.report.record.ledger import Quantity
from evidence.trials.rows.columns import Row
from evidence.trials.rows.printed import decimals_printed

Verdict = Literal["agrees", "differs", "words"]
#: "about 50" agrees with a value within a tenth of it.
ABOUT = 0.1

_FUNCTIONS: dict[str, tuple[Callable[..., float], tuple[str, ...]]] = {
    "relative-reduction": (derived.relative_reduction, ("ratio",)),
    "relative-reduction-from-arms": (derived.relative_reduction_from_arms, ("treated", "control")),
    "percentage": (derived.percentage, ("events", "n")),
    "complement": (derived.complement, ("percent",)),
}
_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "~": lambda value, printed: abs(value - printed) <= ABOUT * abs(printed),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """An update of a cell: its value, its text, how it was obtained, and its verdict."""

    value: float | None
    text: Text
    how: Text
    inputs: tuple[str, ...]
    verdict: Verdict


def update_cell(context: Context, cell: ReviewCell, update: Update) -> Updated:
    """Compute one update of a cell and compare it with what the review prints."""
    inputs = tuple(address.partition("#")[0] for address in update.inputs)
    if update.by == "reported":
        return _reported(context, cell.printed[update.against], update.inputs[0])
    quantity = _computed(context, update)
    printed = cell.printed[update.against]
    digits = _printed_digits(context, printed)
    shown = context.ledger.show(quantity, f"fixed:{digits}")
    unit: Text = () if update.by == "mean" else ("%",)
    return Updated(
        value=quantity.value,
        text=(shown, *unit, *_interval(context, update, digits)),
        how=_how(context, update),
        inputs=inputs,
        verdict=_verdict(context.trials.row(printed), quantity.value),
    )


def _reported(context: Context, printed_id: str, address: str) -> Updated:
    row, printed = context.trials.row(address.partition("#")[0]), context.trials.row(printed_id)
    verdict: Verdict = "words"
    if row["finding"] is not None and printed["finding"] is not None:
        verdict = "agrees" if row["finding"] == printed["finding"] else "differs"
    elif row["value"] is not None and row["unit"] == printed["unit"]:
        verdict = _verdict(printed, row["value"])
    return Updated(
        value=row["value"],
        text=reported_text(context, row["result_id"]),
        how=("reported",),
        inputs=(row["result_id"],),
        verdict=verdict,
    )


def _computed(context: Context, update: Update) -> Quantity:
    quantities = [context.at(address) for address in update.inputs]
    if update.by == "mean":
        return context.ledger.compute(derived.mean_of, {"values": quantities}).quantity()
    function, arguments = _FUNCTIONS[update.by]
    if len(arguments) != len(quantities):
        raise AnalysisFileError(
            f"{update.by} needs {len(arguments)} inputs ({', '.join(arguments)}) "
            f"and was given {len(quantities)}.",
            update.inputs,
        )
    given = dict(zip(arguments, quantities, strict=True))
    return context.ledger.compute(function, given).quantity()


def _interval(context: Context, update: Update, digits: int) -> Text:
    """Bounds of a relative reduction, from those of its ratio: the upper one gives the lower."""
    row = context.trials.row(update.inputs[0].partition("#")[0])
    if update.by != "relative-reduction" or row["ci_low"] is None:
        return ()
    ratios = [context.at(f"{row['result_id']}#{name}") for name in ("ci_high", "ci_low")]
    bounds = [
        context.ledger.compute(derived.relative_reduction, {"ratio": ratio}).quantity()
        for ratio in ratios
    ]
    low, high = (context.ledger.show(bound, f"fixed:{digits}") for bound in bounds)
    level = context.ledger.show(context.at(f"{row['result_id']}#ci_level"), "significant:3")
    return (" (", level, "% CI ", low, " to ", high, ")")


def _how(context: Context, update: Update) -> Text:
    given = [
        reported_text(context, address.partition("#")[0], p=False) for address in update.inputs
    ]
    words = {
        "relative-reduction": "one minus the ratio ",
        "relative-reduction-from-arms": "one minus the quotient of ",
        "percentage": "events among patients: ",
        "complement": "complement of ",
        "mean": "mean of ",
    }
    separator = {"percentage": " of ", "relative-reduction-from-arms": " and "}.get(update.by, ", ")
    return (words[update.by], *joined(given, separator))


def _printed_digits(context: Context, result_id: str) -> int:
    row = context.trials.row(result_id)
    values = [row[name] for name in ("value", "range_low", "range_high") if row[name] is not None]
    return max((decimals_printed(row["printed"], value) for value in values), default=0)


def _verdict(printed: Row, value: float) -> Verdict:
    if printed["value"] is None and printed["range_low"] is None:
        return "words"
    return "agrees" if agrees(printed, value) else "differs"


def agrees(row: Row, value: float) -> bool:
    """Tell whether ``value`` is compatible with what a row prints, at its own rounding."""
    printed: float | None = row["value"]
    if printed is None:
        low, high = float(row["range_low"]), float(row["range_high"])
        return low - _half(row, low) <= value <= high + _half(row, high)
    if row["value_operator"] in _RELATIONS:
        return _RELATIONS[row["value_operator"]](value, printed)
    return abs(value - printed) <= _half(row, printed) * (1 + 1e-9)


def _half(row: Row, printed: float) -> float:
    """Half a unit of the last decimal with which a number is printed."""
    return 0.5 * 10.0 ** -decimals_printed(row["printed"], printed)


def overall(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict of a cell from those of its updates: any difference counts."""
    if not verdicts:
        return None
    return "differs" if "differs" in verdicts else "agrees" if "agrees" in verdicts else "words"
