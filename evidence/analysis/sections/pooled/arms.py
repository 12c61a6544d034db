"""What kinds of section ask of arms: the patients behind a percentage, and what a plot shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from evidence.analysis.shared.context import ABSENT, Context
from evidence.effects.printed_percentages import events_behind
from evidence.outcomes.contrasts import Contrast
from evidence.report.record.document import Text
from evidence.report.record.ledger import Quantity
from evidence.trials.rows.printed import decimals_printed

#: What a forest plot shows of an arm, in the order of preference.
_SHOWN_OF_ARMS = ("events", "count", "rate", "km_proportion", "proportion")


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


def arm_headers(context: Context, contrasts: Sequence[Contrast]) -> tuple[Text, Text]:
    """Return the label of each side's arm, or what it is if the trials name it differently."""
    treated = _arm_header(context, contrasts, "arm")
    return treated, _arm_header(context, contrasts, "comparator_arm")


def _arm_header(
    context: Context, contrasts: Sequence[Contrast], side: Literal["arm", "comparator_arm"]
) -> Text:
    arms = [(one.study_id, getattr(one, side)) for one in contrasts]
    addresses = {f"study:{study_id}/arms/{arm}/label" for study_id, arm in arms}
    labels = {context.ledger.origins.text(address, {}) for address in addresses}
    if len(labels) == 1:
        return (context.arm(*arms[0]),)
    return ("Treated" if side == "arm" else "Comparator",)


def arm_cells(context: Context, contrasts: Sequence[Contrast], index: int) -> tuple[Text, Text]:
    """Return what one trial reports of each arm."""
    shown = contrasts[index].shown
    return _arm_text(context, shown, 1), _arm_text(context, shown, 2)


def _arm_text(context: Context, shown: Mapping[str, str], arm: int) -> Text:
    """Return "82/376", the rate or the percentage of an arm: the same kind for both arms."""
    size = shown.get(f"n{arm}")
    patients: Text = (context.printed(size),) if size else (ABSENT,)
    kinds = (kind for kind in _SHOWN_OF_ARMS if {f"{kind}1", f"{kind}2"} <= shown.keys())
    kind = next(kinds, None)
    if kind is None:
        return patients
    value = context.printed(shown[f"{kind}{arm}"])
    if kind == "rate":
        return (value,)
    return (value, "/" if kind in ("events", "count") else "% of ", *patients)
