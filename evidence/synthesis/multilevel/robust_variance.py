"""Robust variance estimation: dependent effects with approximate weights and moment estimators.

Neither the covariances of the effects within a study nor the structure of their heterogeneity has
to be known: both only enter the weights, through a simple working model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray, read_only
from evidence.errors import BadInput, NotEstimable, TooFewStudies, UnknownName
from evidence.input_checks import real_number
from evidence.results import Result
from evidence.synthesis.inputs.correlated_studies import used_rows
from evidence.synthesis.inputs.design_matrix import Design, build_design
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.multilevel.cluster_robust import RobustModel, cluster_codes, robust_model
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.numerics.generalised_least_squares import fit_general
from evidence.synthesis.regression.coefficients import CoefficientTable

if TYPE_CHECKING:
    import pandas as pd

    from evidence.synthesis.inputs.design_columns import Moderators

#: Working models of the dependence between effects, in words.
WORKING_MODELS = {
    "CORR": "correlated effects: effects of one study share participants",
    "HIER": "hierarchical effects: studies of one group share a random effect",
}

IntArray = npt.NDArray[np.intp]


class _Moments(NamedTuple):
    """Variance components from the first step, and what they are made of.

    ``expected`` is the expectation of Q without heterogeneity, and ``variances`` are those whose
    inverses are the final weights.
    """

    tau2: float
    omega2: float | None
    q: float
    expected: float | None
    variances: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledRobust(Result):
    """Summary of dependent effects by robust variance estimation.

    Attributes
    ----------
    robust : RobustModel
        Coefficients with robust tests.
    working : str
        CORR or HIER.
    rho : float or None
        Assumed correlation of the effects of one study (CORR).
    tau2 : float
        Between-study variance.
    omega2 : float or None
        Variance between effects within studies (HIER).
    q : float
        Weighted residual sum of squares with the weights of the first step.
    i2 : float or None
        Share of ``q`` beyond its expectation without heterogeneity, 0 to 1 (CORR).
    weights : ndarray, shape (k,), read-only
        Weights of the effects.
    """

    robust: RobustModel
    working: str
    rho: float | None
    tau2: float
    omega2: float | None
    q: float
    i2: float | None
    weights: FloatArray

    @property
    def coefficients(self) -> CoefficientTable:
        """Coefficients with robust tests."""
        return self.robust.coefficients

    def to_frame(self) -> pd.DataFrame:
        """One row for each coefficient."""
        return self.robust.to_frame()

    def __str__(self) -> str:
        """Short printed summary."""
        within = "" if self.omega2 is None else f", omega2 {self.omega2:.4g}"
        return f"{self.robust}\n  {WORKING_MODELS[self.working]}; tau2 {self.tau2:.4g}{within}"


def pool_robust(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    moderators: Moderators | None = None,
    *,
    working: str = "CORR",
    rho: float = 0.8,
    adjust: str = "CR2",
    intercept: bool = True,
    interactions: Sequence[tuple[str, str]] = (),
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> PooledRobust:
    """Summary of dependent effects whose covariances are not known.

    Parameters
    ----------
    yi : array_like, shape (k,), or EffectSizes
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` is an EffectSizes.
    cluster : array_like, shape (k,)
        Study of each effect.
    moderators : mapping, DataFrame, array_like or None
        As for ``meta_regression``.
    working : str
        CORR or HIER, one of ``WORKING_MODELS``.
    rho : float
        Assumed correlation of the effects of one study, 0 to 1; it only enters tau2 (CORR).
    adjust : str
        CR2 (small-sample adjustment, Satterthwaite degrees of freedom) or CR1.
    intercept, interactions
        As for ``meta_regression``.
    level : float
        Coverage of all intervals.
    labels : iterable of str, optional
        Names of the effects.

    Raises
    ------
    BadInput
        If numbers, labels or lengths do not fit.
    TooFewStudies
        If there are not more studies than coefficients.
    NotEstimable
        If no study has several effects (HIER), or numbers leave the range of double precision.

    References
    ----------
    Hedges, Tipton & Johnson (2010), Res Synth Methods 1:39-65. Tipton (2015), Psychol Methods
    20:375-393. robumeta: ``robu(..., modelweights="CORR", rho=, small=)``.
    """
    kind, name = _options(working, adjust, rho)
    level = check_level(level)
    studies = check_studies(yi, vi, labels)
    if cluster is None:
        raise BadInput("Robust variance estimation needs cluster. Give the study of each effect.")
    rows, kept = used_rows(yi, studies.yi.size)
    design = build_design(
        moderators,
        rows,
        intercept=intercept,
        interactions=interactions,
        labels=studies.labels,
        kept=kept,
    )
    codes = np.unique(cluster_codes(cluster, rows)[kept], return_inverse=True)[1]
    m, p = int(codes.max()) + 1, design.matrix.shape[1]
    if m <= p:
        raise TooFewStudies(
            f"Robust variance estimation of {p} coefficient(s) needs at least {p + 1} studies and "
            f"found {m} (of {rows} effects). Use fewer moderators."
        )
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            return _fit(studies, design, codes, kind, rho, name, level)
    except (ArithmeticError, np.linalg.LinAlgError) as failure:
        raise NotEstimable(
            f"Robust variance estimation of {rows} effects left the range of double precision. "
            "Check the variances, or give effects and moderators in other units."
        ) from failure


def _options(working: str, adjust: str, rho: float) -> tuple[str, str]:
    """Canonical names of the working model and of the adjustment."""
    kind, name = str(working).upper(), str(adjust).upper()
    if kind not in WORKING_MODELS:
        raise UnknownName("working model of dependent effects", working, WORKING_MODELS)
    if name not in ("CR1", "CR2"):
        raise UnknownName("adjustment of robust variance estimation", adjust, ("CR1", "CR2"))
    if not 0.0 <= real_number(rho) <= 1.0:
        raise BadInput(
            f"rho is {rho!r:.80}; the correlation of effects of one study is from 0 to 1."
        )
    return kind, name


def _fit(
    studies: Studies,
    design: Design,
    codes: IntArray,
    kind: str,
    rho: float,
    adjustment: str,
    level: float,
) -> PooledRobust:
    """Moments, then weights, then robust tests."""
    x, correlated = design.matrix, kind == "CORR"
    found = (
        _correlated(studies.yi, studies.vi, x, codes, rho)
        if correlated
        else _hierarchical(studies.yi, studies.vi, x, codes)
    )
    robust = robust_model(
        studies.yi,
        np.diag(found.variances),
        x,
        codes,
        names=design.names,
        tested=design.tested,
        adjustment=adjustment,
        level=level,
    )
    weights = 1.0 / found.variances
    read_only(weights)
    return PooledRobust(
        robust=robust,
        working=kind,
        rho=rho if correlated else None,
        tau2=found.tau2,
        omega2=found.omega2,
        q=found.q,
        i2=None if found.expected is None else _excess_share(found.q, found.expected),
        weights=weights,
    )


def _excess_share(q: float, expected: float) -> float:
    return max(0.0, (q - expected) / q) if q > 0.0 else 0.0


def _correlated(
    yi: FloatArray, vi: FloatArray, x: FloatArray, codes: IntArray, rho: float
) -> _Moments:
    """tau2 by one moment, for correlated effects.

    Each study has the mean of its variances, shared out over its effects. With P the residual
    matrix of the weights, E(Q) = tr(P S) + tau2 tr(P J), where S are the assumed sampling
    covariances and J joins the effects of a study.
    """
    sizes = np.bincount(codes)[codes]
    mean = (np.bincount(codes, vi) / np.bincount(codes))[codes]
    first = sizes * mean
    fit = fit_general(yi, np.diag(first), x)
    joined = np.equal.outer(codes, codes).astype(float)
    sampling = rho * joined * mean + (1.0 - rho) * np.diag(mean)
    q = fit.rss
    expected = float(np.sum(fit.projection * sampling))
    tau2 = max(0.0, (q - expected) / float(np.sum(fit.projection * joined)))
    return _Moments(tau2, None, q, expected, sizes * (mean + tau2))


def _hierarchical(yi: FloatArray, vi: FloatArray, x: FloatArray, codes: IntArray) -> _Moments:
    """tau2 and omega2 by two moments, for hierarchical effects.

    The second moment is the sum over studies of the squared sum of residuals, ``e' J e``.
    """
    fit = fit_general(yi, np.diag(vi), x)
    joined = np.equal.outer(codes, codes).astype(float)
    leave = vi[:, None] * fit.projection
    forms = [fit.projection, leave.T @ joined @ leave]
    moments = [fit.rss, float(fit.residuals @ joined @ fit.residuals)]
    equations = np.array([[np.sum(form * joined), np.trace(form)] for form in forms])
    noise = np.array([np.sum(np.diagonal(form) * vi) for form in forms])
    if np.linalg.cond(equations) > 1e12:
        raise NotEstimable(
            "Hierarchical effects were asked for and the variances between and within studies "
            "cannot be told apart. Use working='CORR', or studies with several effects."
        )
    excess = np.array(moments) - noise
    omega2 = max(0.0, float(np.linalg.solve(equations, excess)[1]))
    # the first moment is kept exactly when omega2 is truncated
    tau2 = max(0.0, float((excess[0] - omega2 * equations[0, 1]) / equations[0, 0]))
    return _Moments(tau2, omega2, moments[0], None, vi + tau2 + omega2)
