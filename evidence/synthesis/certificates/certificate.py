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
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from evidence.errors import BadInput, VerificationError, refuse
from evidence.input_checks import require_kind
from evidence.synthesis.certificates.comparison import (
    CLOSED_FORM,
    PINNED,
    PYMARE_SEARCH,
    SOLVED_TWICE,
    STATSMODELS_SEARCH,
    Certified,
    Compared,
    explained,
)
from evidence.synthesis.certificates.mantel_haenszel_certificate import mantel_haenszel_witnesses
from evidence.synthesis.certificates.records import (
    AGREES,
    DISAGREES,
    DIVERGES,
    QUANTITIES,
    Certificate,
    QuantityGap,
    ReferenceCase,
    Tolerance,
    Witness,
)
from evidence.synthesis.engines import EngineValue, engine_value, second_engine_value
from evidence.synthesis.heterogeneity.estimators import STATSMODELS, Estimator
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary
from evidence.synthesis.pairwise.summary_tests import wald_factor
from evidence.synthesis.rare_events.mantel_haenszel import PooledMantelHaenszel
from evidence.synthesis.stacks.pooled_stack import pool_stack

_PINNED_CASES: Final = "Give a dictionary of ReferenceCase by name."


def certify(
    fit: PooledEffect | SingleArmSummary | PooledMantelHaenszel,
    *,
    references: Mapping[str, ReferenceCase] | None = None,
) -> Certificate:
    """Certificate of a pooled result, whether the witnesses agree or not.

    Parameters
    ----------
    fit : PooledEffect, PooledProportion, PooledRate or PooledMantelHaenszel
        Result of ``pool``, on the scale of its effects; of ``pool_proportions`` or ``pool_rates``,
        whose synthesis on the transformed scale is certified; or of ``pool_mantel_haenszel``.
    references : mapping of str to ReferenceCase, optional
        Pinned values of metafor by name; those for the same data and method become witnesses.

    Raises
    ------
    BadInput
        If it is the result of something else, or a reference names an unknown quantity or holds a
        value that is not finite.
    NotEstimable
        If there is no estimate.

    References
    ----------
    metafor: ``rma(yi, vi, method=, test=)`` gives ``tau2``, ``beta``, ``se`` and ``QE``.

    Examples
    --------
    >>> certify(pool([0.10, 0.30, 0.35], [0.03, 0.03, 0.05], method="DL")).agreed
    True
    """
    require_kind(
        "A certificate",
        fit,
        (PooledEffect, SingleArmSummary, PooledMantelHaenszel),
        "Give the result of pool(), pool_proportions(), pool_rates() or pool_mantel_haenszel(); "
        "that of meta_regression() goes to certify_regression().",
    )
    if isinstance(fit, PooledMantelHaenszel):
        compared, witnesses, silent = mantel_haenszel_witnesses(fit)
        return _certificate("Mantel-Haenszel", "z", fit.k, compared, witnesses, silent)
    pooled = fit.fit if isinstance(fit, SingleArmSummary) else fit
    asked = Certified(pooled)
    engines, silent = _engines(asked)
    witnesses = (
        *engines,
        _stacked(asked),
        *_pinned(asked, {} if references is None else references),
    )
    return _certificate(pooled.method, pooled.test, pooled.k, asked, witnesses, silent)


def _certificate(
    method: str,
    test: str,
    k: int,
    asked: Compared,
    witnesses: tuple[Witness, ...],
    silent: tuple[str, ...],
) -> Certificate:
    """Certificate of numbers by those who were asked."""
    numbers = asked.numbers
    return Certificate(
        method=method,
        test=test,
        k=k,
        tau2=numbers["tau2"],
        estimate=cast(float, numbers["estimate"]),
        se=cast(float, numbers["se"]),
        q=numbers["q"],
        witnesses=witnesses,
        quantities=tuple(_largest(asked, witnesses)),
        silent=silent,
        agreed=all(one.verdict != DISAGREES for one in witnesses),
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


def _engines(asked: Certified) -> tuple[tuple[Witness, ...], tuple[str, ...]]:
    """Ask PyMARE and statsmodels, and say what they do not have."""
    fit = asked.fit
    if not asked.several:
        return (), ("One study has nothing for PyMARE or statsmodels to estimate.",)
    found = engine_value(fit.yi, fit.vi, asked.method)
    second = tuple(_second(asked))
    if found is None:
        has = "gave no finite answer for" if asked.estimator.engines else "do not have"
        silent = f"PyMARE and statsmodels {has} {asked.method}."
        return (*_at_given_tau2(asked), *second), (silent,)
    witness = explained(asked, found, _of_engine(asked, found, _engine_tolerance(asked.estimator)))
    if witness.verdict == AGREES:
        return (witness, *second), ()
    return (witness, *_at_given_tau2(asked), *second), ()


def _second(asked: Certified) -> Iterator[Witness]:
    """Ask statsmodels, unless it was asked first: in full where it can, else at our tau2."""
    fit, engines = asked.fit, asked.estimator.engines
    if engines[:1] == (STATSMODELS,):
        return
    if STATSMODELS in engines:
        found = second_engine_value(fit.yi, fit.vi, asked.method)
    else:
        found = second_engine_value(fit.yi, fit.vi + (fit.tau2 or 0.0), "CE")
        found = found and replace(found, engine=f"{found.engine} at this tau2")
    if found is not None:
        yield _of_engine(asked, found, CLOSED_FORM)


def _engine_tolerance(estimator: Estimator) -> Tolerance:
    if not estimator.searched:
        return CLOSED_FORM
    return STATSMODELS_SEARCH if estimator.engines[0] == STATSMODELS else PYMARE_SEARCH


def _of_engine(asked: Certified, found: EngineValue, tolerance: Tolerance) -> Witness:
    """Compare an engine; its Wald standard error goes with our Knapp-Hartung factor."""
    values = {"tau2": found.tau2, "estimate": found.estimate, "se": found.se * asked.s2w**0.5}
    return asked.witness(found.engine, tolerance, values)


def _at_given_tau2(asked: Certified) -> Iterator[Witness]:
    """Ask for mean and standard error with the sampling variances enlarged by our tau2."""
    fit = asked.fit
    found = engine_value(fit.yi, fit.vi + (fit.tau2 or 0.0), "CE")
    if found is not None:
        named = replace(found, engine=f"{found.engine} at this tau2", tau2=None)
        yield _of_engine(asked, named, CLOSED_FORM)


def _stacked(asked: Certified) -> Witness:
    """Ask our own stacked solution, which shares no solver with the single fit."""
    fit = asked.fit
    found = pool_stack(fit.yi[:, None], fit.vi[:, None], method=asked.method, workers=1)
    factor = float(found.s2w[0])
    wanted = wald_factor(fit.test, factor)
    values = {
        "tau2": float(found.tau2[0]),
        "estimate": float(found.estimate[0]),
        "se": float(found.se[0]) * wanted**0.5,
        "q": float(found.q[0]),
    }
    if not asked.several:
        values = {name: values[name] for name in ("estimate", "se")}
    tolerance = SOLVED_TWICE if asked.estimator.searched else CLOSED_FORM
    return asked.witness("own code, stacked solution", tolerance, values)


def _pinned(asked: Certified, references: Mapping[str, ReferenceCase]) -> Iterator[Witness]:
    """Compare with pinned values for the same data, method and test."""
    _check_references(references)
    fit = asked.fit
    for name, case in references.items():
        same = (case.method, case.test) == (asked.method, fit.test) and len(case.yi) == fit.k
        if same and np.allclose([case.yi, case.vi], [fit.yi, fit.vi], rtol=1e-9, atol=0.0):
            yield asked.witness(f"metafor, pinned ({name})", PINNED, case.pinned)


def _check_references(references: Mapping[str, ReferenceCase]) -> None:
    require_kind("A certificate with pinned values", references, Mapping, _PINNED_CASES)
    for case in references.values():
        require_kind("A certificate with pinned values", case, ReferenceCase, _PINNED_CASES)
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


def _largest(asked: Compared, witnesses: Iterable[Witness]) -> Iterator[QuantityGap]:
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
