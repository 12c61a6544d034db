"""Pairwise synthesis: one summary of the effects of independent studies."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable
from evidence.synthesis.heterogeneity.measures import (
    Heterogeneity,
    assess_heterogeneity,
    homogeneity,
    q_profile,
)
from evidence.synthesis.heterogeneity.tau2_estimates import Tau2Estimate, solve_tau2
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.numerics.distributions import check_level, two_sided_p
from evidence.synthesis.pairwise.policies import (
    Plan,
    describe_method,
    describe_prediction,
    make_plan,
    prediction_sentence,
)
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.prediction import PredictionInterval, predict_interval
from evidence.synthesis.pairwise.summary_interval import (
    MeanInterval,
    choose_interval,
    mean_interval,
    needs_classic,
)


def pool(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    method: str | None = None,
    test: str | None = None,
    prediction: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> PooledEffect:
    """Summary of independent effects under a named policy.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale. Studies of an EffectSizes that have no effect size are
        left out, which ``decisions`` says.
    vi : array_like, shape (k,), or None
        Sampling variances (squared standard errors); None if ``yi`` holds them.
    method : str, optional
        Estimator of tau2 in place of the policy's, one of
        ``evidence.synthesis.heterogeneity.ESTIMATORS``.
    test : str, optional
        Test and interval of the mean, one of ``evidence.synthesis.pairwise.SUMMARY_TESTS``:
        z, knha (hksj), ...
    prediction : str, optional
        Definition of the prediction interval, one of
        ``evidence.synthesis.pairwise.PREDICTION_INTERVALS``: t-k-2 (hts, riley), ..., or none.
    policy : str
        One of ``evidence.synthesis.pairwise.POLICIES``: cochrane-2025, metafor, iqwig, ...
    level : float
        Coverage of all intervals.
    labels : iterable of str, optional
        Names of the studies.

    Returns
    -------
    PooledEffect
        One study is reported as it is, without heterogeneity.

    Raises
    ------
    EmptySelection
        If there is no study.
    BadInput
        If an effect is not finite, a variance is not above 0, or lengths differ.
    UnknownName
        If a method, test, definition or policy is not known.
    NotEstimable
        If the numbers leave the range of double precision, or the interval has no width.

    References
    ----------
    Veroniki et al. (2016), Res Synth Methods 7:55-79. Hartung & Knapp (2001), Stat Med 20:3875.
    metafor: ``rma(yi, vi, method=, test=)``, ``confint()``, ``predict()``.

    Examples
    --------
    >>> pool([0.10, 0.30, 0.35], [0.03, 0.03, 0.05], policy="metafor").k
    3
    """
    plan = make_plan(policy, method=method, test=test, prediction=prediction)
    level = check_level(level)
    studies = check_studies(yi, vi, labels)
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            pool_studies = _pool_one if studies.yi.size == 1 else _pool_many
            pooled = pool_studies(studies, plan, level)
    except ArithmeticError as failure:
        raise _out_of_range(studies) from failure
    if not all(math.isfinite(value) for value in _numbers(pooled)):
        raise _out_of_range(studies)
    return pooled


def _numbers(pooled: PooledEffect) -> list[float]:
    values = [getattr(pooled, name) for name in PooledEffect.__slots__]
    if pooled.prediction is not None:
        values += [pooled.prediction.low, pooled.prediction.high]
    return [value for value in values if isinstance(value, float)]


def _out_of_range(studies: Studies) -> NotEstimable:
    return NotEstimable(
        f"Pooling {studies.yi.size} studies left the range of double precision: effects up to "
        f"{np.abs(studies.yi).max():.3g}, variances {studies.vi.min():.3g} to "
        f"{studies.vi.max():.3g}. Check the variances, or give the effects in another unit."
    )


def _pool_one(studies: Studies, plan: Plan, level: float) -> PooledEffect:
    """Report a single study's own effect with its normal interval."""
    wald = mean_interval("z", float(studies.vi[0]) ** 0.5, 1.0, 0, level)
    reason = "One study shows no variation between studies to predict from."
    decision = (
        f"There is one study, {studies.labels[0]}: its own effect is reported with a normal "
        "interval, and tau2, Q and I2 are not estimable."
    )
    return _result(
        studies,
        plan,
        level,
        interval=wald,
        estimate=float(studies.yi[0]),
        weights=np.ones(1),
        heterogeneity=Heterogeneity(i2_definition=plan.policy.i2_definition),
        prediction=None,
        prediction_reason=reason,
        decisions=(*studies.decisions, decision),
    )


def _pool_many(studies: Studies, plan: Plan, level: float) -> PooledEffect:
    """Summary of two or more studies."""
    model = TauModel(studies.yi, studies.vi)
    df = model.df
    tau2 = solve_tau2(model, plan.method)
    fit = model.at(tau2.tau2)
    total = float(fit.total)
    wald_se, scale = total**-0.5, float(fit.rss) / df
    classic_se = _classic_se(model) if needs_classic(plan) else None
    interval, test_decisions = choose_interval(
        plan, tau2.tau2, wald_se, scale, df, level, classic_se=classic_se
    )
    estimate = float(fit.coefficients[0])
    prediction, reason, prediction_decisions = _predict(
        plan, estimate, interval, tau2.tau2, df, level
    )
    heterogeneity, tau2_decisions = _heterogeneity(model, plan, tau2, level)
    return _result(
        studies,
        plan,
        level,
        interval=interval,
        estimate=estimate,
        weights=fit.weights / total,
        heterogeneity=heterogeneity,
        prediction=prediction,
        prediction_reason=reason,
        decisions=(
            *studies.decisions,
            *plan.sentences,
            *tau2_decisions,
            *test_decisions,
            *prediction_decisions,
        ),
    )


def _classic_se(model: TauModel) -> float:
    """Wald standard error with the DerSimonian-Laird tau2."""
    return math.sqrt(1.0 / float(model.at(solve_tau2(model, "DL").tau2).total))


def _predict(
    plan: Plan, estimate: float, interval: MeanInterval, tau2: float, df: int, level: float
) -> tuple[PredictionInterval | None, str | None, list[str]]:
    """Prediction interval by the plan, or the reason why there is none."""
    reason = prediction_sentence(plan, df + 1)
    if reason is not None:
        return None, reason, []
    found = predict_interval(
        estimate,
        interval.se,
        tau2,
        definition=plan.prediction,
        residual_df=df,
        test_df=interval.df,
        level=level,
    )
    words = describe_prediction(plan.prediction)
    if found is None:
        return None, f"With {df + 1} studies no degree of freedom is left for {words}.", []
    return found, None, [f"Prediction interval from {df + 1} studies: {words}."]


def _heterogeneity(
    model: TauModel, plan: Plan, tau2: Tau2Estimate, level: float
) -> tuple[Heterogeneity, list[str]]:
    """Heterogeneity by the definitions of the policy, and what there is to say about it."""
    found = homogeneity(model)
    if plan.method == "CE":
        decision = "The common-effect model assumes tau2 = 0; I2 and H2 are from Q."
        return assess_heterogeneity(found, tau2, None, "Q"), [decision]
    bounds = q_profile(model, level)
    decisions = [f"tau2 by {describe_method(plan.method)} is {tau2.tau2:.4g}."]
    if bounds.empty:
        decisions.append(
            f"The Q-profile interval of tau2 is empty (Q {found.q:.4g} on {found.df} df is below "
            "what sampling error lets expect) and is reported as 0 to 0."
        )
    return assess_heterogeneity(found, tau2, bounds, plan.policy.i2_definition), decisions


def _result(
    studies: Studies,
    plan: Plan,
    level: float,
    *,
    interval: MeanInterval,
    estimate: float,
    weights: FloatArray,
    heterogeneity: Heterogeneity,
    prediction: PredictionInterval | None,
    prediction_reason: str | None,
    decisions: tuple[str, ...],
) -> PooledEffect:
    """Build the public record from its parts."""
    weights.setflags(write=False)
    single = studies.yi.size == 1
    statistic = estimate / interval.se
    parts = {name: getattr(heterogeneity, name) for name in Heterogeneity.__slots__}
    return PooledEffect(
        estimate=estimate,
        se=interval.se,
        ci_low=estimate - interval.half,
        ci_high=estimate + interval.half,
        level=level,
        statistic=statistic,
        df=interval.df,
        p_value=two_sided_p(statistic, interval.df),
        s2w=None if single else interval.s2w,
        prediction=prediction,
        prediction_reason=prediction_reason,
        k=studies.yi.size,
        weights=weights,
        yi=studies.yi,
        vi=studies.vi,
        labels=studies.labels,
        measure=studies.measure,
        method="single-study" if single else plan.method,
        test=interval.test,
        policy=plan.policy.name,
        decisions=decisions,
        **parts,
    )
