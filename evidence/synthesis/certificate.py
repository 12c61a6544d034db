"""Certificate of a pooled result: which engines agree with it, and how closely.

A witness computes tau2, the estimate, its standard error and Cochran's Q from the same effects and
variances along another path: PyMARE, statsmodels, our stacked solution (which shares no solver
with ``pool``), or values of metafor that are pinned for a reference case. Each has its tolerance
with a cause. A gap over tolerance is a disagreement, unless the estimating equation itself shows
that the witness stopped short of the solution, which is named as a known divergence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evidence.errors import BadInput, VerificationError, refuse
from evidence.synthesis.batch import pool_stack
from evidence.synthesis.certificate_records import (
    AGREES,
    DISAGREES,
    DIVERGES,
    QUANTITIES,
    ROUNDING,
    Certificate,
    QuantityGap,
    ReferenceCase,
    Tolerance,
    Witness,
)
from evidence.synthesis.estimators import OWN_CODE, EngineValue, engine_value, second_engine_value
from evidence.synthesis.heterogeneity import cochran_q
from evidence.synthesis.pairwise import pool
from evidence.synthesis.pooled_effect import PooledEffect
from evidence.synthesis.tau2_solutions import TauModel, log_likelihood

_SINGLE: Final = "single-study"
#: Part of the tolerance from which a gap of tau2 can be why the mean or its error is off.
_VISIBLE: Final = 0.1

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


def certify(
    fit: PooledEffect, *, references: Mapping[str, ReferenceCase] | None = None
) -> Certificate:
    """Certificate of a pooled result, whether the witnesses agree or not.

    Parameters
    ----------
    fit : PooledEffect
        Result of :func:`evidence.pool`, on the scale of its effects.
    references : mapping of str to ReferenceCase, optional
        Pinned values of metafor by name; those for the same data and method become witnesses.

    Raises
    ------
    BadInput
        If a reference names an unknown quantity, or holds a value that is not finite.

    References
    ----------
    metafor: ``rma(yi, vi, method=, test=)`` gives ``tau2``, ``beta``, ``se`` and ``QE``.

    Examples
    --------
    >>> certify(pool([0.10, 0.30, 0.35], [0.03, 0.03, 0.05], method="DL")).agreed
    True
    """
    asked = _Certified(fit)
    engines, silent = _engines(asked)
    witnesses = (*engines, _stacked(asked), *_pinned(asked, references or {}))
    agreed = all(one.verdict != DISAGREES for one in witnesses)
    return Certificate(
        method=fit.method,
        test=fit.test,
        k=fit.k,
        tau2=fit.tau2,
        estimate=fit.estimate,
        se=fit.se,
        q=fit.q,
        witnesses=witnesses,
        quantities=tuple(_largest(asked, witnesses)),
        silent=silent,
        agreed=agreed,
        verdict=_verdict(witnesses),
    )


def certify_effects(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    *,
    method: str | None = None,
    test: str | None = None,
    prediction: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> Certificate:
    """Certificate of the summary of effects; a disagreement is refused.

    Parameters
    ----------
    yi, vi, method, test, prediction, policy, level, labels
        As for :func:`evidence.pool`.

    Raises
    ------
    VerificationError
        If a witness disagrees.
    """
    found = certify(
        pool(
            *(yi, vi),
            method=method,
            test=test,
            prediction=prediction,
            policy=policy,
            level=level,
            labels=labels,
        )
    )
    require_agreement(found)
    return found


def require_agreement(certificate: Certificate) -> None:
    """Refuse a certificate with a disagreement.

    Raises
    ------
    VerificationError
        If a witness disagrees; all that do are named with their values.
    """
    faults = [
        f"{one.engine}: {one.quantity} {getattr(one, one.quantity):.10g} against "
        f"{getattr(certificate, one.quantity):.10g}, gap {one.gap_text}, "
        f"tolerance {one.tolerance_text}"
        for one in certificate.witnesses
        if one.verdict == DISAGREES
    ]
    if faults:
        raise VerificationError(
            f"A summary of {certificate.k} studies ({certificate.method}) was to be certified, and "
            f"{len(faults)} of {len(certificate.witnesses)} engines disagree: {'; '.join(faults)}. "
            "Look for effects or variances at the limits of double precision; do not report it."
        )


class _Certified:
    """The result that is certified, with the scale of each of its quantities."""

    def __init__(self, fit: PooledEffect) -> None:
        self.fit = fit
        self.several = fit.method != _SINGLE
        self.method = fit.method if self.several else "CE"
        self.s2w = 1.0 if fit.s2w is None else fit.s2w
        self.numbers = {"tau2": fit.tau2, "estimate": fit.estimate, "se": fit.se, "q": fit.q}
        wald = fit.se / self.s2w**0.5 if self.s2w > 0.0 else fit.se
        typical = cochran_q(fit.yi, fit.vi).typical_variance if self.several else 1.0
        self.scales = {
            "tau2": (fit.tau2 or 0.0) + typical,
            "estimate": max(abs(fit.estimate), fit.se),
            "se": max(fit.se, wald),
            "q": max(fit.q or 0.0, float(fit.q_df or 1)),
        }

    def gap(self, quantity: str, other: float | None) -> float | None:
        own = self.numbers[quantity]
        if own is None or other is None:
            return None
        return _coarse(abs(own - other) / self.scales[quantity])

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


def _coarse(gap: float) -> float:
    """Two digits of a gap, so that a certificate is the same on every machine."""
    return 0.0 if gap < ROUNDING else float(f"{gap:.1e}")


def _engines(asked: _Certified) -> tuple[tuple[Witness, ...], tuple[str, ...]]:
    """Ask PyMARE and statsmodels, and say what they do not have."""
    fit = asked.fit
    if not asked.several:
        return (), ("One study has nothing for PyMARE or statsmodels to estimate.",)
    # Empirical Bayes solves the equation of Paule and Mandel, which statsmodels has.
    found = engine_value(fit.yi, fit.vi, "PM" if asked.method == "EB" else asked.method)
    second = tuple(_second(asked))
    if found is None:
        has = asked.method not in OWN_CODE or asked.method == "EB"
        silent = (
            f"PyMARE and statsmodels {'gave no finite answer for' if has else 'do not have'} "
            f"{asked.method}."
        )
        return (*_at_given_tau2(asked), *second), (silent,)
    witness = _explained(asked, found, _of_engine(asked, found, _engine_tolerance(asked.method)))
    if witness.verdict == AGREES:
        return (witness, *second), ()
    return (witness, *_at_given_tau2(asked), *second), ()


def _second(asked: _Certified) -> Iterator[Witness]:
    """Ask statsmodels, where PyMARE is asked first: in full for CE and DL, else at our tau2."""
    fit = asked.fit
    if asked.method in ("CE", "DL"):
        found = second_engine_value(fit.yi, fit.vi, asked.method)
    elif asked.method in ("PM", "EB"):
        return
    else:
        found = second_engine_value(fit.yi, fit.vi + (fit.tau2 or 0.0), "CE")
        found = found and replace(found, engine=f"{found.engine} at this tau2")
    if found is not None:
        yield _of_engine(asked, found, CLOSED_FORM)


def _engine_tolerance(method: str) -> Tolerance:
    if method in ("CE", "DL"):
        return CLOSED_FORM
    return STATSMODELS_SEARCH if method in ("PM", "EB") else PYMARE_SEARCH


def _of_engine(asked: _Certified, found: EngineValue, tolerance: Tolerance) -> Witness:
    """Compare an engine; its Wald standard error goes with our Knapp-Hartung factor."""
    values = {"tau2": found.tau2, "estimate": found.estimate, "se": found.se * asked.s2w**0.5}
    return asked.witness(found.engine, tolerance, values)


def _at_given_tau2(asked: _Certified) -> Iterator[Witness]:
    """Ask for mean and standard error with the sampling variances enlarged by our tau2."""
    fit = asked.fit
    found = engine_value(fit.yi, fit.vi + (fit.tau2 or 0.0), "CE")
    if found is not None:
        named = replace(found, engine=f"{found.engine} at this tau2", tau2=None)
        yield _of_engine(asked, named, CLOSED_FORM)


def _explained(asked: _Certified, found: EngineValue, witness: Witness) -> Witness:
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


def _stopped_short(asked: _Certified, own: float, other: float) -> str:
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


def _stacked(asked: _Certified) -> Witness:
    """Ask our own stacked solution, which shares no solver with the single fit."""
    fit = asked.fit
    found = pool_stack(fit.yi[:, None], fit.vi[:, None], method=asked.method, workers=1)
    factor = float(found.s2w[0])
    wanted = {"knha": factor, "adhoc": max(1.0, factor)}.get(fit.test, 1.0)
    values = {
        "tau2": float(found.tau2[0]),
        "estimate": float(found.estimate[0]),
        "se": float(found.se[0]) * wanted**0.5,
        "q": float(found.q[0]),
    }
    if not asked.several:
        values = {name: values[name] for name in ("estimate", "se")}
    closed = asked.method not in ("ML", "REML", "PM", "EB")
    tolerance = CLOSED_FORM if closed else SOLVED_TWICE
    return asked.witness("own code, stacked solution", tolerance, values)


def _pinned(asked: _Certified, references: Mapping[str, ReferenceCase]) -> Iterator[Witness]:
    """Compare with pinned values for the same data, method and test."""
    _check_references(references)
    fit = asked.fit
    for name, case in references.items():
        same = (case.method, case.test) == (asked.method, fit.test) and len(case.yi) == fit.k
        if same and np.allclose([case.yi, case.vi], [fit.yi, fit.vi], rtol=1e-9, atol=0.0):
            yield asked.witness(f"metafor, pinned ({name})", PINNED, case.pinned)


def _check_references(references: Mapping[str, ReferenceCase]) -> None:
    problems = [
        f"{name}: {quantity} is {value}"
        for name, case in references.items()
        for quantity, value in case.pinned.items()
        if quantity not in QUANTITIES or not np.isfinite(value)
    ]
    empty = [f"{name}: it has no value" for name, case in references.items() if not case.pinned]
    refuse(
        BadInput,
        "Pinned values were given to certify a result. Give finite numbers for "
        f"{', '.join(QUANTITIES)}.",
        [*problems, *empty],
    )


def _largest(asked: _Certified, witnesses: Iterable[Witness]) -> Iterator[QuantityGap]:
    kept = [one for one in witnesses if one.verdict != DIVERGES]
    for name in QUANTITIES:
        value = asked.numbers[name]
        gaps = [asked.gap(name, getattr(one, name)) for one in kept]
        known = [gap for gap in gaps if gap is not None]
        if value is not None and known:
            yield QuantityGap(quantity=name, value=value, gap=max(known), witnesses=len(known))


def _verdict(witnesses: tuple[Witness, ...]) -> str:
    by = {
        verdict: [one.engine for one in witnesses if one.verdict == verdict]
        for verdict in (AGREES, DIVERGES, DISAGREES)
    }
    parts = [f"{', '.join(names)}: {verdict}" for verdict, names in by.items() if names]
    return f"{'; '.join(parts)}."
