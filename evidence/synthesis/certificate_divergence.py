"""Known divergences: an engine whose search stopped short, shown by the estimating equation."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from evidence.synthesis.certificate_comparison import Certified
from evidence.synthesis.certificate_records import AGREES, DIVERGES, Witness
from evidence.synthesis.estimators import EngineValue
from evidence.synthesis.tau2_solutions import TauModel, log_likelihood

#: Part of the tolerance from which a gap of tau2 can be why the mean or its error is off.
_VISIBLE: Final = 0.1


def explained(asked: Certified, found: EngineValue, witness: Witness) -> Witness:
    """Turn a disagreement into a known divergence if the engine is not at the solution."""
    own = asked.fit.tau2
    if witness.verdict == AGREES or found.tau2 is None or own is None:
        return witness
    # The mean follows from tau2: a wrong mean at a right tau2 is no search that stopped short.
    if (asked.gap("tau2", found.tau2) or 0.0) < _VISIBLE * witness.tolerance:
        return witness
    short = _stopped_short(asked, own, found.tau2)
    if not short:
        return witness
    return replace(witness, verdict=DIVERGES, divergence=f"{found.engine} {short}")


def _stopped_short(asked: Certified, own: float, other: float) -> str:
    """Say how far an engine is from the solution of the estimating equation; empty if it is not."""
    model = TauModel(asked.fit.yi, asked.fit.vi)
    if asked.method in ("PM", "EB"):
        ours, theirs = (abs(float(model.at(t).rss) - model.df) for t in (own, max(other, 0.0)))
        if ours < theirs or (own == 0.0 and other != 0.0):
            return (
                f"stopped at tau2 {other:.6g}, where the estimating equation is {theirs:.3g} away "
                f"from 0; at {own:.6g} it is {ours:.3g}."
            )
        return ""
    if asked.method not in ("ML", "REML"):
        return ""
    restricted = asked.method == "REML"
    height = [float(log_likelihood(model, t, restricted=restricted)) for t in (own, other)]
    if height[0] > height[1]:
        return (
            f"stopped at tau2 {other:.6g}, where the log likelihood is "
            f"{height[0] - height[1]:.3g} lower than at {own:.6g}."
        )
    return ""
