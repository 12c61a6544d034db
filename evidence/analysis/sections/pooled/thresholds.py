"""Declared thresholds: on which side of a decision an estimate and its interval lie."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.analysis.declared.sections import Threshold
from evidence.analysis.sections.pooled.studies import Study, Synthesis
from evidence.analysis.sections.pooled.text import SHOWN
from evidence.analysis.shared.context import Context
from evidence.effects.conversions import back_transform
from evidence.report.record.document import Block, Listing, Span
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
    factor = 100.0 if SHOWN[measure][1] == "%" else 1.0
    value, low, high = (
        factor * float(back_transform(part, measure)) for part in (estimate, ci_low, ci_high)
    )
    side = "below" if value < threshold else "above" if value > threshold else "at"
    if low <= threshold <= high:
        return f"estimate {side} it, interval includes it"
    return f"estimate and interval {side} it"


def threshold_blocks(
    context: Context, synthesis: Synthesis[Study], thresholds: Sequence[Threshold]
) -> list[Block]:
    """Return a list with each declared threshold, its decision, its status, and the side."""
    items = []
    for index, one in enumerate(thresholds):
        path = f"{synthesis.path}/thresholds/{index}"
        items.append(
            context.ledger.prose(
                "Threshold {value}{unit} ({decision}; {status}): {side}.",
                value=context.declared_text(f"{path}/value"),
                unit=SHOWN[synthesis.measure][1],
                decision=context.declared_text(f"{path}/decision"),
                status=_status(context, path, one),
                side=_side(context, synthesis, one.value),
            )
        )
    return [Listing(items=tuple(items))] if items else []


def _status(context: Context, path: str, one: Threshold) -> Span:
    given = "status" in one.model_fields_set
    return context.declared_text(f"{path}/status") if given else one.status


def threshold_results(
    context: Context, synthesis: Synthesis[Study], thresholds: Sequence[Threshold]
) -> dict[str, Json]:
    """Return what ``results.json`` holds of the thresholds."""
    found: list[Json] = [
        {
            "value": one.value,
            "decision": one.decision,
            "status": one.status,
            "side": _side(context, synthesis, one.value),
        }
        for one in thresholds
    ]
    return {"thresholds": found} if found else {}


def _side(context: Context, synthesis: Synthesis[Study], threshold: float) -> str:
    inputs = {name: synthesis.fit.quantity(name) for name in _PARTS}
    found = context.ledger.compute(
        threshold_side, inputs, threshold=threshold, measure=synthesis.measure
    )
    return found.result
