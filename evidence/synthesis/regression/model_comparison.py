"""Information criteria of models, and likelihood ratio tests between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from evidence.arrays import FloatArray
from evidence.errors import BadInput, NotEstimable, UnknownName, refuse
from evidence.input_checks import require_kind
from evidence.results import Result
from evidence.synthesis.heterogeneity.estimators import find_estimator
from evidence.synthesis.inputs.design_matrix import Design
from evidence.synthesis.numerics.distributions import chi_squared_p
from evidence.synthesis.pairwise.likelihood_statistics import FitStatistics
from evidence.synthesis.regression.coefficients import CoefficientTable, WaldTest, wald_test


@runtime_checkable
class LikelihoodModel(Protocol):
    """What a comparison needs of a fitted model."""

    @property
    def fit(self) -> FitStatistics:
        """Log likelihood and number of parameters."""
        ...

    @property
    def design(self) -> Design:
        """Design matrix."""
        ...

    @property
    def yi(self) -> FloatArray:
        """Effects."""
        ...

    @property
    def vi(self) -> FloatArray:
        """Sampling variances, or their covariance matrix."""
        ...

    @property
    def method(self) -> str:
        """Estimator of the variance components."""
        ...

    @property
    def between_variance(self) -> float | None:
        """Total variance of true effects around the line, if it is one number."""
        ...


@runtime_checkable
class CoefficientModel(Protocol):
    """What a joint test needs of a fitted model."""

    @property
    def coefficients(self) -> CoefficientTable:
        """Coefficients with their covariance matrix."""
        ...

    @property
    def test_df(self) -> int | None:
        """Degrees of freedom of the tests; None for the normal distribution."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatioTest(Result):
    """Comparison of a model with a special case of it.

    Attributes
    ----------
    statistic : float
        Twice the difference of the log likelihoods, not below 0.
    df : int
        Difference of the numbers of parameters.
    p_value : float
        Upper tail of the chi-squared distribution. It is too large for variance components, whose
        null value lies on the boundary.
    log_likelihood, log_likelihood_reduced : float
        Log likelihoods.
    r2 : float or None
        Share of the between-study variance of the smaller model that the moderators of the larger
        account for; None if the moderators are the same or there is no single variance.
    """

    statistic: float
    df: int
    p_value: float
    log_likelihood: float
    log_likelihood_reduced: float
    r2: float | None


def information_criteria(
    log_likelihood: float,
    *,
    size: int,
    parameters: int,
    restricted: bool,
    saturated: float | None = None,
) -> FitStatistics:
    """Deviance, AIC, BIC and AICc from a log likelihood.

    Parameters
    ----------
    log_likelihood : float
        With all constants.
    size : int
        Studies; studies minus coefficients when restricted.
    parameters : int
        Coefficients and variance components.
    restricted : bool
        Whether it is a restricted likelihood.
    saturated : float, optional
        Log likelihood of the saturated model, the zero of the deviance when not restricted.

    References
    ----------
    Hurvich & Tsai (1989), Biometrika 76:297-307 (AICc). metafor: ``fitstats(res)``.
    """
    corrected_size = max(size, parameters + 2)
    correction = corrected_size / (corrected_size - parameters - 1)
    zero = 0.0 if restricted or saturated is None else saturated
    return FitStatistics(
        log_likelihood=log_likelihood,
        deviance=2 * (zero - log_likelihood),
        aic=-2 * log_likelihood + 2 * parameters,
        bic=-2 * log_likelihood + parameters * math.log(size),
        aicc=-2 * log_likelihood + 2 * parameters * correction,
        parameters=parameters,
        restricted=restricted,
    )


def explained_share(tau2: float, tau2_without: float) -> float:
    """Share of the between-study variance that moderators account for, not below 0.

    Parameters
    ----------
    tau2, tau2_without : float
        Residual variance with and without the moderators.

    References
    ----------
    Raudenbush (2009), in Cooper et al., Handbook of Research Synthesis, 2nd ed., p. 295-315.
    metafor: ``rma(yi, vi, mods=)$R2 / 100``.
    """
    return max(0.0, (tau2_without - tau2) / tau2_without) if tau2_without > 0.0 else 0.0


def compare_models(full: LikelihoodModel, reduced: LikelihoodModel) -> LikelihoodRatioTest:
    """Likelihood ratio test of a model against a special case of it.

    Parameters
    ----------
    full, reduced : MetaRegression or PooledMultilevel
        Fits to the same effects, by ML if their moderators differ.

    Raises
    ------
    BadInput
        If the data or methods differ, or ``reduced`` is no special case of ``full``.
    NotEstimable
        If the methods have no likelihood to compare.

    References
    ----------
    Huizenga, Visser & Dolan (2011), Br J Math Stat Psychol 64:1-19.
    metafor: ``anova(full, reduced)``.
    """
    require_kind(
        "A comparison of models",
        full,
        LikelihoodModel,
        "Give two results of meta_regression() or pool_multilevel().",
    )
    require_kind(
        "A comparison of models",
        reduced,
        LikelihoodModel,
        "Give two results of meta_regression() or pool_multilevel().",
    )
    _check_comparable(full, reduced)
    gained = full.fit.log_likelihood - reduced.fit.log_likelihood
    statistic = max(0.0, 2 * gained)
    df = full.fit.parameters - reduced.fit.parameters
    before, after = reduced.between_variance, full.between_variance
    same = before is None or after is None or reduced.design.spans(full.design.matrix)
    return LikelihoodRatioTest(
        statistic=statistic,
        df=df,
        p_value=chi_squared_p(statistic, df),
        log_likelihood=full.fit.log_likelihood,
        log_likelihood_reduced=reduced.fit.log_likelihood,
        r2=None if same else explained_share(after or 0.0, before or 0.0),
    )


def _check_comparable(full: LikelihoodModel, reduced: LikelihoodModel) -> None:
    problems = []
    if not (np.array_equal(full.yi, reduced.yi) and np.array_equal(full.vi, reduced.vi)):
        problems.append("the effects or sampling variances are not the same")
    elif not full.design.spans(reduced.design.matrix):
        problems.append("the moderators of the smaller model are not among those of the larger")
    if full.method != reduced.method:
        problems.append(f"the methods are {full.method} and {reduced.method}")
    if full.fit.parameters <= reduced.fit.parameters:
        problems.append(
            f"the larger model has {full.fit.parameters} parameters, the other "
            f"{reduced.fit.parameters}"
        )
    asked = "A likelihood ratio test was asked for models that cannot be compared."
    refuse(BadInput, f"{asked} Fit both to the same studies, the larger one first.", problems)
    estimator = find_estimator(full.method)
    if not (estimator.maximises_likelihood or full.method == "CE"):
        raise NotEstimable(f"{asked} Method {full.method} maximises no likelihood; use ML.")
    if estimator.restricted and not reduced.design.spans(full.design.matrix):
        raise NotEstimable(
            f"{asked} Restricted likelihoods of different moderators are on different scales; "
            "fit both with method='ML'."
        )


def joint_test(model: CoefficientModel, names: Sequence[str | int]) -> WaldTest:
    """Joint Wald test that chosen coefficients are 0.

    Parameters
    ----------
    model : MetaRegression or PooledMultilevel
        Fit.
    names : sequence of str or int
        Coefficients by name, or by position from 0.

    Raises
    ------
    UnknownName
        If there is no such coefficient.
    NotEstimable
        If their covariance matrix is singular.

    References
    ----------
    metafor: ``anova(res, btt=)``.
    """
    require_kind(
        "A joint test",
        model,
        CoefficientModel,
        "Give the result of meta_regression() or pool_multilevel().",
    )
    known = model.coefficients.names
    if not names:
        raise BadInput(f"A joint test was asked for no coefficient. Known: {', '.join(known)}.")
    which = []
    for name in names:
        position = known.index(name) if isinstance(name, str) and name in known else name
        if isinstance(position, str) or not 0 <= position < len(known):
            raise UnknownName("coefficient", name, known)
        which.append(position)
    return wald_test(model.coefficients, sorted(set(which)), model.test_df)
