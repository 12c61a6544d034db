"""Cluster-robust tests and intervals of a fitted model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.errors import BadInput, NotEstimable, TooFewStudies, UnknownName, known_name, refuse
from evidence.input_checks import require_kind
from evidence.synthesis.inputs.design_matrix import INTERCEPT
from evidence.synthesis.inputs.grouping import read_labels
from evidence.synthesis.multilevel.records import PooledMultilevel
from evidence.synthesis.multilevel.sandwich import (
    ADJUSTMENTS,
    Sandwich,
    cluster_sandwich,
    hotelling_test,
)
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.regression.coefficients import (
    CoefficientResult,
    CoefficientTable,
    WaldTest,
    coefficient_table,
    f_or_chi_squared,
    quadratic_form,
)
from evidence.synthesis.regression.records import MetaRegression

#: Below this number of degrees of freedom a Satterthwaite test is not to be trusted.
_FEW_DF = 4.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RobustModel(CoefficientResult):
    """Coefficients with tests that hold when effects are correlated within clusters.

    Attributes
    ----------
    coefficients : CoefficientTable
        Estimates of the model; robust standard errors, tests and covariance matrix.
    moderator_test : WaldTest or None
        Joint test of all coefficients but the intercept; None if there is no other, or if too few
        clusters are left for it.
    adjustment : str
        CR0, CR1 or CR2.
    clusters, k : int
        Number of clusters and of effects.
    tested : tuple of int
        Positions of the coefficients in ``moderator_test``.
    sandwich : Sandwich
        Parts of the covariance matrix, for further tests.
    level : float
        Coverage of all intervals.
    decisions : tuple of str
        What was chosen, and what to beware of.
    """

    coefficients: CoefficientTable
    moderator_test: WaldTest | None
    adjustment: str
    clusters: int
    k: int
    tested: tuple[int, ...]
    sandwich: Sandwich
    level: float
    decisions: tuple[str, ...]

    def __str__(self) -> str:
        """Short printed summary."""
        lines = [
            f"Cluster-robust tests of {self.k} effects in {self.clusters} clusters, "
            f"{self.adjustment} ({ADJUSTMENTS[self.adjustment]})",
            str(self.coefficients),
        ]
        if self.moderator_test is not None:
            lines.append(f"  moderators: {self.moderator_test}")
        return "\n".join([*lines, *self.decisions])


def robust(
    model: PooledEffect | MetaRegression | PooledMultilevel,
    cluster: npt.ArrayLike,
    *,
    adjust: str = "CR2",
    level: float | None = None,
) -> RobustModel:
    """Cluster-robust tests and intervals of a model's coefficients.

    Parameters
    ----------
    model : PooledEffect, MetaRegression or PooledMultilevel
        Fit whose weights are kept.
    cluster : array_like, shape (k,)
        Cluster of each effect of the fit; effects of different clusters are independent.
    adjust : str
        CR2 (bias-reduced, Satterthwaite degrees of freedom, joint tests by HTZ), CR1 (factor
        m / (m - p)) or CR0, both with m - p degrees of freedom.
    level : float, optional
        Coverage; that of the model if left out.

    Raises
    ------
    BadInput
        If there is no label for each effect, or the model correlates effects of different clusters.
    TooFewStudies
        If there are not more clusters than coefficients, or fewer than 2.
    NotEstimable
        If a robust standard error is 0.

    References
    ----------
    Hedges, Tipton & Johnson (2010), Res Synth Methods 1:39-65. Tipton (2015), Psychol Methods
    20:375-393. Pustejovsky & Tipton (2018), J Bus Econ Stat 36:672-683.
    metafor: ``robust(res, cluster, adjust=, clubSandwich=)``.
    """
    require_kind(
        "Cluster-robust tests",
        model,
        (PooledEffect, MetaRegression, PooledMultilevel),
        "Give the result of pool(), meta_regression() or pool_multilevel().",
    )
    name = str(adjust).upper()
    if name not in ADJUSTMENTS:
        raise UnknownName("adjustment of a robust covariance matrix", adjust, ADJUSTMENTS)
    names, design, marginal, tested = _working_model(model)
    codes = cluster_codes(cluster, model.k)
    crossing = marginal[codes[:, None] != codes[None, :]]
    if np.any(crossing != 0.0):
        raise BadInput(
            f"Robust tests with {int(codes.max()) + 1} clusters were asked for, and the model "
            "correlates effects of different clusters. Cluster at the outermost level of the model."
        )
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            return robust_model(
                model.yi,
                marginal,
                design,
                codes,
                names=names,
                tested=tested,
                adjustment=name,
                level=model.level if level is None else check_level(level),
            )
    except (ArithmeticError, np.linalg.LinAlgError) as failure:
        raise NotEstimable(
            f"Robust tests of {model.k} effects left the range of double precision. Check the "
            "variances, or give effects and moderators in other units."
        ) from failure


def _working_model(
    model: PooledEffect | MetaRegression | PooledMultilevel,
) -> tuple[tuple[str, ...], FloatArray, FloatArray, tuple[int, ...]]:
    """Names, design matrix, covariance matrix, and which coefficients are of moderators."""
    if isinstance(model, PooledEffect):
        marginal = np.diag(model.vi + (model.tau2 or 0.0))
        return (INTERCEPT,), np.ones((model.k, 1)), marginal, ()
    design = model.design
    if isinstance(model, MetaRegression):
        marginal = np.diag(model.vi + model.tau2)
        return design.names, design.matrix, marginal, design.tested
    return design.names, design.matrix, model.marginal, design.tested


def cluster_codes(cluster: npt.ArrayLike, k: int) -> npt.NDArray[np.intp]:
    """Clusters counted from 0, shape (k,).

    Parameters
    ----------
    cluster : array_like, shape (k,)
        Labels.
    k : int
        Number of effects.

    Raises
    ------
    BadInput
        If a label is missing or their number is another.
    """
    problems: list[str] = []
    labels = read_labels("cluster", cluster, k, problems)
    refuse(BadInput, "Robust tests need the cluster of each effect.", problems)
    return np.unique(np.array(labels), return_inverse=True)[1]


def robust_model(
    yi: FloatArray,
    marginal: FloatArray,
    design: FloatArray,
    codes: npt.NDArray[np.intp],
    *,
    names: Sequence[str],
    tested: Sequence[int],
    adjustment: str,
    level: float,
) -> RobustModel:
    """Robust record from a working model whose inputs are checked.

    Parameters
    ----------
    yi, marginal, design, codes, adjustment
        As for ``cluster_sandwich``.
    names : sequence of str, length p
        Coefficients.
    tested : sequence of int
        Coefficients of the joint test.
    level : float
        Coverage.
    """
    m, p = int(codes.max()) + 1, design.shape[1]
    fewest = 2 if adjustment == "CR2" else p + 1
    if m < fewest:
        raise TooFewStudies(
            f"Robust tests ({adjustment}) of {p} coefficient(s) need at least {fewest} clusters "
            f"and found {m}. Use the model's own standard errors."
        )
    sandwich = cluster_sandwich(yi, marginal, design, codes, adjustment)
    _check_rounding(sandwich, names)
    df = sandwich.satterthwaite() if adjustment == "CR2" else float(m - p)
    table = coefficient_table(names, sandwich.estimate, sandwich.vcov, df, level)
    decisions = [f"Robust covariance matrix {adjustment} from {m} clusters of {yi.size} effects."]
    few = [n for n, d in zip(names, np.broadcast_to(df, (p,)), strict=True) if d < _FEW_DF]
    if few:
        decisions.append(
            f"Fewer than {_FEW_DF:g} degrees of freedom for {', '.join(few)}: the p-value is not "
            "to be trusted."
        )
    joint = None
    if tested:
        try:
            joint = _joint(sandwich, table.names, tested, adjustment, m - p)
        except NotEstimable as reason:
            decisions.append(f"No joint test: {reason}")
    return RobustModel(
        coefficients=table,
        moderator_test=joint,
        adjustment=adjustment,
        clusters=m,
        k=yi.size,
        tested=tuple(tested),
        sandwich=sandwich,
        level=level,
        decisions=tuple(decisions),
    )


def _check_rounding(sandwich: Sandwich, names: Sequence[str]) -> None:
    """Refuse variances that are rounding errors of 0."""
    variance, model = np.diagonal(sandwich.vcov), np.diagonal(sandwich.bread)
    lost = [n for n, v, b in zip(names, variance, model, strict=True) if not v > 1e-20 * b]
    if lost:
        raise NotEstimable(
            f"The robust standard error of {', '.join(lost)} is 0: the clusters' residuals cancel "
            "out. Use more clusters, or the model's own standard errors."
        )


def _joint(
    sandwich: Sandwich, names: Sequence[str], which: Sequence[int], adjustment: str, df: int
) -> WaldTest:
    if adjustment == "CR2":
        return hotelling_test(sandwich, names, which)
    chosen = list(which)
    value = quadratic_form(sandwich.estimate[chosen], sandwich.vcov[np.ix_(chosen, chosen)])
    return f_or_chi_squared([names[i] for i in chosen], value, df)


def joint_robust_test(model: RobustModel, names: Sequence[str]) -> WaldTest:
    """Joint robust test that chosen coefficients are 0: F, by HTZ for CR2.

    Parameters
    ----------
    model : RobustModel
        Robust fit.
    names : sequence of str
        Coefficients.

    Raises
    ------
    UnknownName
        If there is no such coefficient.
    NotEstimable
        If too few clusters are left for it.

    References
    ----------
    clubSandwich: ``Wald_test(fit, constrain_zero(...), vcov="CR2", test="HTZ")``.
    """
    require_kind("A joint robust test", model, RobustModel, "Give the result of robust().")
    known = model.coefficients.names
    for name in names:
        known_name("coefficient", name, known)
    if not names:
        raise BadInput(f"A joint test was asked for no coefficient. Known: {', '.join(known)}.")
    which = sorted({known.index(name) for name in names})
    return _joint(model.sandwich, known, which, model.adjustment, model.clusters - len(known))
