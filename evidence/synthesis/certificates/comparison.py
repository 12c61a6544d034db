"""Comparing what an engine computes with a pooled result: scales of the gaps, tolerances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from evidence.synthesis.certificates.records import (
    AGREES,
    DISAGREES,
    DIVERGES,
    QUANTITIES,
    ROUNDING,
    Tolerance,
    Witness,
)
from evidence.synthesis.engines import EngineValue
from evidence.synthesis.heterogeneity.estimators import Likelihood, RootOfQ, find_estimator
from evidence.synthesis.heterogeneity.measures import cochran_q
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel, log_likelihood
from evidence.synthesis.pairwise.pooled_effect import PooledEffect

_SINGLE: Final = "single-study"

CLOSED_FORM: Final = Tolerance(
    gap=1e-9, cause="closed form on both sides; only the order of the sums differs"
)
SOLVED_TWICE: Final = Tolerance(
    gap=1e-8, cause="the same equation solved by two root finders to the last bits"
)
PYMARE_SEARCH: Final = Tolerance(
    gap=1e-5, cause="PyMARE's search of the likelihood stops at steps of about 1e-6"
)
STATSMODELS_SEARCH: Final = Tolerance(
    gap=1e-4, cause="statsmodels stops the Paule-Mandel iteration at steps of 1e-5"
)
PINNED: Final = Tolerance(
    gap=1e-6, cause="pinned values are stored with the digits that metafor was made to converge to"
)


class Compared:
    """Numbers that are certified, with the scale of each.

    Parameters
    ----------
    numbers : mapping of str to float or None
        The certified values of tau2, estimate, se and q; None for what there is not.
    scales : mapping of str to float
        What a gap of each is relative to.
    """

    def __init__(self, numbers: Mapping[str, float | None], scales: Mapping[str, float]) -> None:
        self.numbers, self.scales = numbers, scales

    def gap(self, quantity: str, other: float | None) -> float | None:
        """Relative gap of a quantity to another value; None if either does not have it."""
        own = self.numbers[quantity]
        if own is None or other is None:
            return None
        return coarse(abs(own - other) / self.scales[quantity])

    def witness(
        self, engine: str, tolerance: Tolerance, values: Mapping[str, float | None]
    ) -> Witness:
        """Compare the values of one engine."""
        gaps = {name: self.gap(name, values.get(name)) for name in QUANTITIES}
        known = {name: gap for name, gap in gaps.items() if gap is not None}
        quantity = max(known, key=lambda name: known[name])
        gap = known[quantity]
        return Witness(
            engine=engine,
            tau2=values.get("tau2"),
            estimate=values.get("estimate"),
            se=values.get("se"),
            q=values.get("q"),
            quantity=quantity,
            gap=gap,
            gap_text=f"{gap:.1e}" if gap else f"< {ROUNDING:.0e}",
            tolerance=tolerance.gap,
            tolerance_text=f"{tolerance.gap:.0e}",
            cause=tolerance.cause,
            verdict=AGREES if gap <= tolerance.gap else DISAGREES,
        )


class Certified(Compared):
    """The result of ``pool`` that is certified."""

    def __init__(self, fit: PooledEffect) -> None:
        self.fit = fit
        self.several = fit.method != _SINGLE
        self.method = fit.method if self.several else "CE"
        self.estimator = find_estimator(self.method)
        self.s2w = 1.0 if fit.s2w is None else fit.s2w
        numbers = {"tau2": fit.tau2, "estimate": fit.estimate, "se": fit.se, "q": fit.q}
        wald = fit.se / self.s2w**0.5 if self.s2w > 0.0 else fit.se
        typical = cochran_q(fit.yi, fit.vi).typical_variance if self.several else 1.0
        scales = {
            "tau2": (fit.tau2 or 0.0) + typical,
            "estimate": max(abs(fit.estimate), fit.se),
            "se": max(fit.se, wald),
            "q": max(fit.q or 0.0, float(fit.q_df or 1)),
        }
        super().__init__(numbers, scales)


def coarse(gap: float) -> float:
    """Two digits of a gap, so that a certificate is the same on every machine."""
    return 0.0 if gap < ROUNDING else float(f"{gap:.1e}")


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
    equation = asked.estimator.equation
    if isinstance(equation, RootOfQ):
        target = equation.target(model.df)
        ours, theirs = (abs(float(model.at(t).rss) - target) for t in (own, max(other, 0.0)))
        if ours < theirs or (own == 0.0 and other != 0.0):
            return (
                f"stopped at tau2 {other:.6g}, where the estimating equation is {theirs:.3g} away "
                f"from 0; at {own:.6g} it is {ours:.3g}."
            )
        return ""
    if not isinstance(equation, Likelihood):
        return ""
    height = [float(log_likelihood(model, t, restricted=equation.restricted)) for t in (own, other)]
    if height[0] > height[1]:
        return (
            f"stopped at tau2 {other:.6g}, where the log likelihood is "
            f"{height[0] - height[1]:.3g} lower than at {own:.6g}."
        )
    return ""
