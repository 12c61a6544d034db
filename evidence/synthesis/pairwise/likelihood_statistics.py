"""Likelihood of a summary: information criteria, and the profile interval of tau2."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evidence.errors import NotEstimable, TooFewStudies
from evidence.input_checks import require_kind
from evidence.results import Result
from evidence.synthesis.heterogeneity.estimators import find_estimator
from evidence.synthesis.heterogeneity.likelihood import profile_bounds
from evidence.synthesis.heterogeneity.measures import Tau2Interval
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel, log_likelihood
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.pooled_effect import PooledEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class FitStatistics(Result):
    """Log likelihood and what is derived from it.

    Attributes
    ----------
    log_likelihood : float
        At the estimate, with all constants.
    deviance : float
        Twice the distance to the saturated model; -2 log likelihood when restricted.
    aic, bic, aicc : float
        Information criteria.
    parameters : int
        Mean and tau2; the mean alone for a common effect.
    restricted : bool
        The restricted likelihood (method REML), otherwise the ordinary one at the tau2 of the fit.
    """

    log_likelihood: float
    deviance: float
    aic: float
    bic: float
    aicc: float
    parameters: int
    restricted: bool


def fit_statistics(pooled: PooledEffect) -> FitStatistics:
    """Log likelihood, deviance and information criteria of a summary.

    Restricted likelihoods can only be compared between models with the same moderators.

    Parameters
    ----------
    pooled : PooledEffect
        Summary of two or more studies.

    Raises
    ------
    TooFewStudies
        If it holds one study.

    References
    ----------
    metafor: ``fitstats(rma(yi, vi, method=))``.
    """
    require_kind("Fit statistics", pooled, PooledEffect, "Give the result of pool().")
    model, tau2 = _model(pooled, "Fit statistics")
    restricted = find_estimator(pooled.method).restricted
    value = float(log_likelihood(model, tau2, restricted=restricted))
    saturated = -0.5 * float(np.sum(np.log(2 * math.pi * model.vi)))
    size = model.df if restricted else pooled.k
    parameters = 1 if pooled.method == "CE" else 2
    corrected_size = max(size, parameters + 2)
    correction = corrected_size / (corrected_size - parameters - 1)
    return FitStatistics(
        log_likelihood=value,
        deviance=-2 * value if restricted else 2 * (saturated - value),
        aic=-2 * value + 2 * parameters,
        bic=-2 * value + parameters * math.log(size),
        aicc=-2 * value + 2 * parameters * correction,
        parameters=parameters,
        restricted=restricted,
    )


def profile_likelihood_interval(pooled: PooledEffect, level: float | None = None) -> Tau2Interval:
    """Interval of tau2 where the log likelihood is within half a chi-squared quantile of its peak.

    Parameters
    ----------
    pooled : PooledEffect
        Summary by ML or REML.
    level : float, optional
        Coverage; that of the summary if left out.

    Raises
    ------
    TooFewStudies
        If it holds one study.
    NotEstimable
        If tau2 was not estimated by ML or REML.

    References
    ----------
    Hardy & Thompson (1996), Stat Med 15:619-629. metafor: ``confint(res, type="PL")``.
    """
    require_kind(
        "A profile likelihood interval of tau2", pooled, PooledEffect, "Give the result of pool()."
    )
    model, tau2 = _model(pooled, "A profile likelihood interval of tau2")
    estimator = find_estimator(pooled.method)
    if not estimator.maximises_likelihood:
        raise NotEstimable(
            "A profile likelihood interval of tau2 was asked for a fit by "
            f"{pooled.method}, which has no likelihood peak there. Pool with method REML or ML."
        )
    level = pooled.level if level is None else check_level(level)
    return profile_bounds(model, tau2, restricted=estimator.restricted, level=level)


def _model(pooled: PooledEffect, asked: str) -> tuple[TauModel, float]:
    if pooled.tau2 is None:
        raise TooFewStudies(
            f"{asked} needs at least 2 studies and found 1 ({pooled.labels[0]}). "
            "Report the single study's own effect."
        )
    return TauModel(pooled.yi, pooled.vi), pooled.tau2
