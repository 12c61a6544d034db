"""Estimators of tau2, the between-study variance, by name, solved to machine precision."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.arrays import FloatArray
from evidence.errors import TooFewStudies
from evidence.synthesis.heterogeneity.estimators import NoVariance, find_estimator
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel, solve_equation


@dataclass(frozen=True, slots=True, kw_only=True)
class Tau2Estimate:
    """Between-study variance, in squared units of the effects.

    Attributes
    ----------
    tau2 : float
        Estimate, never negative; 0 by assumption for the common effect.
    se : float or None
        Large-sample standard error; None for the common effect.
    method : str
        Short name of the estimator.
    """

    tau2: float
    se: float | None
    method: str


def estimate_tau2(
    yi: FloatArray,
    vi: FloatArray,
    method: str = "REML",
    *,
    design: FloatArray | None = None,
) -> Tau2Estimate:
    """Between-study variance by a named estimator, to machine precision.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances, already checked.
    method : str
        One of ``evidence.synthesis.heterogeneity.ESTIMATORS``, or an alias.
    design : ndarray, shape (k, p), or None
        Moderators including the constant; None for the intercept alone.

    Raises
    ------
    UnknownName
        If there is no such estimator.
    TooFewStudies
        If there are not more studies than coefficients.

    References
    ----------
    Veroniki et al. (2016), Res Synth Methods 7:55-79 (all estimators).
    Viechtbauer (2005), J Educ Behav Stat 30:261-293 (HS, HE, DL, ML, REML and standard errors).
    Sidik & Jonkman (2005), Appl Stat 54:367-384.
    metafor: ``rma(yi, vi, method=)$tau2`` and ``$se.tau2``.
    """
    return solve_tau2(TauModel(yi, vi, design), method)


def solve_tau2(model: TauModel, method: str) -> Tau2Estimate:
    """Between-study variance of a model by a named estimator.

    Parameters
    ----------
    model : TauModel
        Effects and variances, with moderators or without.
    method : str
        One of ``estimators.ESTIMATORS``.

    Raises
    ------
    UnknownName, TooFewStudies
        As ``estimate_tau2``.
    """
    estimator = find_estimator(method)
    if model.df < 1 and not isinstance(estimator.equation, NoVariance):
        parameters = model.yi.size - model.df
        raise TooFewStudies(
            f"The {estimator.words} estimate of tau2 with {parameters} coefficient(s) needs at "
            f"least {parameters + 1} studies and found {model.yi.size}. Report the studies alone, "
            "or use fewer moderators."
        )
    tau2, se = solve_equation(model, estimator.equation)
    return Tau2Estimate(tau2=tau2, se=se, method=estimator.name)
