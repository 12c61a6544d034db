"""Declared thresholds: on which side of a decision an estimate and its interval lie."""

from __future__ import annotations

from evidence.analysis.sections.pooled.declared import PooledEntry, Threshold
from evidence.analysis.sections.pooled.measures import MEASURES
from evidence.analysis.sections.pooled.records import Part, Study, Synthesis
from evidence.analysis.shared.context import Context
from evidence.effects.conversions import back_transform
from evidence.report.record.document import Listing, Span, Text
from evidence.report.record.origins import Json

_PARTS = ("estimate", "ci_low", "ci_high")


def threshold_side(
    estimate: float, ci_low: float, ci_high: float, *, threshold: float, measure: str
) -> str:
    """Say on which side of a threshold an estimate and its interval lie.

    Parameters
    ----------
    estimate, ci_low, ci_high : float
        Summary and interval on the scale of analysis.
    threshold : float
        As a reader sees it: a ratio, or per cent of patients.
    measure : str
        Scale of analysis.
    """
    factor = MEASURES[measure].reader_factor
    value, low, high = (
        factor * float(back_transform(part, measure)) for part in (estimate, ci_low, ci_high)
    )
    side = "below" if value < threshold else "above" if value > threshold else "at"
    if low <= threshold <= high:
        return f"estimate {side} it, interval includes it"
    return f"estimate and interval {side} it"


def threshold_part(context: Context, section: PooledEntry, synthesis: Synthesis[Study]) -> Part:
    """Return a list with each declared threshold, its decision, its status, and the side."""
    if not section.thresholds:
        return Part()
    sides = [_side(context, synthesis, one.value) for one in section.thresholds]
    items = [
        _item(context, synthesis, index, one, sides[index])
        for index, one in enumerate(section.thresholds)
    ]
    found: list[Json] = [
        {"value": one.value, "decision": one.decision, "status": one.status, "side": side}
        for one, side in zip(section.thresholds, sides, strict=True)
    ]
    return Part(blocks=(Listing(items=tuple(items)),), results={"thresholds": found})


def _side(context: Context, synthesis: Synthesis[Study], threshold: float) -> str:
    inputs = {name: synthesis.fit.quantity(name) for name in _PARTS}
    found = context.ledger.compute(
        threshold_side, inputs, threshold=threshold, measure=synthesis.measure
    )
    return found.result


def _item(
    context: Context, synthesis: Synthesis[Study], index: int, one: Threshold, side: str
) -> Text:
    path = f"{synthesis.path}/thresholds/{index}"
    return context.ledger.prose(
        "Threshold {value}{unit} ({decision}; {status}): {side}.",
        value=context.declared_text(f"{path}/value"),
        unit=MEASURES[synthesis.measure].unit,
        decision=context.declared_text(f"{path}/decision"),
        status=_status(context, path, one),
        side=side,
    )


def _status(context: Context, path: str, one: Threshold) -> Span:
    given = "status" in one.model_fields_set
    return context.declared_text(f"{path}/status") if given else one.status
