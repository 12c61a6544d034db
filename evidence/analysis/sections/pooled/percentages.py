"""Whole patients behind a printed percentage, as two kinds of section compute effects from."""

from __future__ import annotations

from evidence.analysis.shared.context import Context
from evidence.effects.printed_percentages import events_behind
from evidence.report.record.ledger import Quantity
from evidence.trials.rows.printed import decimals_printed


def events_of(context: Context, address: str, ni: Quantity) -> Quantity:
    """Return the events behind the percentage at an address."""
    percent = context.at(address)
    printed = context.trials.row(address.partition("#")[0])["printed"]
    found = context.ledger.compute(
        events_behind,
        {"percent": percent, "ni": ni},
        decimals=decimals_printed(printed, percent.value),
    )
    return found.quantity()
