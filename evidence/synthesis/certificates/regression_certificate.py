"""Certificate of a meta-regression: which engines agree with it, and how closely.

PyMARE estimates tau2 and coefficients where it has the estimator. statsmodels repeats the weighted
least squares at our tau2, whatever the estimator, so that coefficients and standard errors of
every meta-regression have an engine behind them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evidence.arrays import FloatArray
from evidence.errors import BadInput
from evidence.synthesis.certificates.comparison import CLOSED_FORM, PYMARE_SEARCH, coarse
from evidence.synthesis.certificates.records import AGREES, DISAGREES, DIVERGES, Tolerance
from evidence.synthesis.engines import EngineRegression, engine_regression, weighted_regression
from evidence.synthesis.heterogeneity.measures import cochran_q
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel, log_likelihood
from evidence.synthesis.regression.records import MetaRegression

if TYPE_CHECKING:
    import pandas as pd

_LIKELIHOOD = ("ML", "REML")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegressionWitness:
    """What one engine computes, and how far it is from the certified meta-regression.

    Attributes
    ----------
    engine : str
        Library, version and call.
    tau2 : float or None
        Its residual between-study variance; None if ours was given to it.
    coefficients, se : ndarray, shape (p,)
        Its coefficients, and standard errors by the test of the meta-regression.
    quantity : str
        The one with the largest gap: tau2, or the name of a coefficient or of its standard error.
    gap : float
        Largest relative gap, to two digits; 0 below ``ROUNDING``.
    tolerance : Tolerance
        Largest gap that counts as agreement, and why it is not 0.
    verdict : str
        agrees, known divergence, or disagrees.
    divergence : str
        What the known divergence is; empty otherwise.
    """

    engine: str
    tau2: float | None
    coefficients: FloatArray
    se: FloatArray
    quantity: str
    gap: float
    tolerance: Tolerance
    verdict: str
    divergence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionCertificate:
    """Who agrees with a meta-regression.

    Gaps are relative: of tau2 to tau2 plus the typical sampling variance, of a coefficient to the
    larger of itself and its standard error, of a standard error to itself.

    Attributes
    ----------
    method, test : str
        Estimator of tau2, and test of the coefficients.
    k : int
        Number of studies.
    witnesses : tuple of RegressionWitness
        The engines that were asked and answered.
    silent : tuple of str
        Engines that do not have the estimator or gave no finite answer, in sentences.
    agreed : bool
        There is a witness, and none disagrees.
    """

    method: str
    test: str
    k: int
    witnesses: tuple[RegressionWitness, ...]
    silent: tuple[str, ...]
    agreed: bool

    def to_frame(self) -> pd.DataFrame:
        """One row for each witness."""
        import pandas as pd

        names = ("engine", "tau2", "quantity", "gap", "verdict", "divergence")
        rows = [
            {name: getattr(one, name) for name in names} | {"tolerance": one.tolerance.gap}
            for one in self.witnesses
        ]
        return pd.DataFrame(rows, columns=[*names, "tolerance"])

    def __str__(self) -> str:
        """Short printed summary."""
        lines = [
            f"{one.engine}: {one.verdict}, largest gap {one.gap:.1e} ({one.quantity}), "
            f"tolerance {one.tolerance.gap:.0e}{'. ' if one.divergence else ''}{one.divergence}"
            for one in self.witnesses
        ]
        return "\n".join([*lines, *self.silent])


def certify_regression(fit: MetaRegression) -> RegressionCertificate:
    """Certificate of a meta-regression, whether the witnesses agree or not.

    Parameters
    ----------
    fit : MetaRegression
        Result of :func:`evidence.meta_regression`.

    Raises
    ------
    BadInput
        If ``fit`` is something else.

    References
    ----------
    metafor: ``rma(yi, vi, mods=, method=)``.

    Examples
    --------
    >>> from evidence import meta_regression
    >>> dose = {"dose": [1.0, 2.0, 3.0, 4.0]}
    >>> certify_regression(meta_regression([0.1, 0.3, 0.5, 0.6], [0.03] * 4, dose)).agreed
    True
    """
    if not isinstance(fit, MetaRegression):
        raise BadInput(
            f"A certificate of a meta-regression was asked for {type(fit).__name__}. Give the "
            "result of meta_regression(), or use certify() for that of pool()."
        )
    witnesses = tuple(_witnesses(fit))
    asked = {"PyMARE": any(one.engine.startswith("PyMARE") for one in witnesses)}
    asked["statsmodels"] = any(one.engine.startswith("statsmodels") for one in witnesses)
    silent = tuple(
        f"{name} does not have {fit.method} with moderators, or gave no finite answer."
        for name, answered in asked.items()
        if not answered
    )
    return RegressionCertificate(
        method=fit.method,
        test=fit.test,
        k=fit.k,
        witnesses=witnesses,
        silent=silent,
        agreed=bool(witnesses) and all(one.verdict != DISAGREES for one in witnesses),
    )


def _witnesses(fit: MetaRegression) -> Iterator[RegressionWitness]:
    design = fit.design.matrix
    found = engine_regression(fit.yi, fit.vi, design, fit.method)
    if found is not None:
        yield _explained(fit, _compared(fit, found))
    found = weighted_regression(fit.yi, fit.vi + fit.tau2, design)
    if found is not None:
        yield _compared(fit, found)


def _compared(fit: MetaRegression, found: EngineRegression) -> RegressionWitness:
    """Compare an engine; its Wald standard errors go with our Knapp-Hartung factor."""
    se = found.se * fit.s2w**0.5
    gaps = dict(_gaps(fit, found, se))
    # of gaps that are rounding, the first is named
    quantity = max(gaps, key=lambda name: coarse(gaps[name]))
    gap = coarse(gaps[quantity])
    tolerance = PYMARE_SEARCH if found.tau2 is not None and _searched(fit) else CLOSED_FORM
    return RegressionWitness(
        engine=found.engine,
        tau2=found.tau2,
        coefficients=found.coefficients,
        se=se,
        quantity=quantity,
        gap=gap,
        tolerance=tolerance,
        verdict=AGREES if gap <= tolerance.gap else DISAGREES,
    )


def _searched(fit: MetaRegression) -> bool:
    return fit.method in _LIKELIHOOD


def _gaps(
    fit: MetaRegression, found: EngineRegression, se: FloatArray
) -> Iterator[tuple[str, float]]:
    table = fit.coefficients
    if found.tau2 is not None:
        typical = cochran_q(fit.yi, fit.vi, fit.design.matrix).typical_variance
        yield "tau2", abs(fit.tau2 - found.tau2) / (fit.tau2 + typical)
    wald = table.se / fit.s2w**0.5 if fit.s2w > 0.0 else found.se
    sizes = np.maximum(np.abs(table.estimate), np.maximum(table.se, wald))
    for i, name in enumerate(table.names):
        yield name, float(abs(table.estimate[i] - found.coefficients[i]) / sizes[i])
        error = abs(table.se[i] - se[i]) / max(table.se[i], wald[i])
        yield f"standard error of {name}", float(error)


def _explained(fit: MetaRegression, witness: RegressionWitness) -> RegressionWitness:
    """Turn a disagreement into a known divergence if the engine is not at the maximum."""
    if witness.verdict == AGREES or witness.tau2 is None or not _searched(fit):
        return witness
    model = TauModel(fit.yi, fit.vi, fit.design.matrix)
    ours, theirs = (
        float(log_likelihood(model, tau2, restricted=fit.method == "REML"))
        for tau2 in (fit.tau2, max(witness.tau2, 0.0))
    )
    if ours <= theirs:
        return witness
    short = (
        f"{witness.engine} stopped at tau2 {witness.tau2:.6g}, where the log likelihood is "
        f"{ours - theirs:.3g} lower than at {fit.tau2:.6g}."
    )
    return replace(witness, verdict=DIVERGES, divergence=short)
