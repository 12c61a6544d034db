"""The result of a generalised linear mixed model, with the definition behind its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from evidence.effects.zero_cells import ZeroCellRule
from evidence.input_checks import require_kind
from evidence.results import Result
from evidence.synthesis.inputs.event_counts import EventCounts, count_studies
from evidence.synthesis.numerics.distributions import chi_squared_p, critical_value, two_sided_p
from evidence.synthesis.pairwise.prediction import (
    PredictionInterval,
    predict_interval,
    with_prediction,
)
from evidence.synthesis.rare_events.glmm_fit import CountFit
from evidence.synthesis.rare_events.summary_text import CountSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledGlmm(CountSummary):
    """Summary of the events of k studies by a generalised linear mixed model.

    The scale is that of the measure: log for ratios and rates, logit for proportions. A number
    that is not estimable is None.

    Attributes
    ----------
    estimate, se : float
        Mean effect and its standard error, from the observed information of all parameters.
    ci_low, ci_high, level : float
        Confidence interval and its coverage.
    statistic, df, p_value : float, int or None, float
        Estimate over ``se``; degrees of freedom of t (None: normal); two-sided p-value.
    tau2, tau : float
        Between-study variance of the effect, and its root; 0 by assumption for method CE.
    se_tau2 : float or None
        Standard error of ``tau2``; None at 0.
    sigma2 : float or None
        Between-study variance of the level, for model UM.RS.
    log_likelihood : float
        With all constants; marginal, and conditional on the margins for CM.EL and CM.AL.
    q, q_df, q_p : float, int, float or None
        Likelihood ratio test of a common effect against an own effect for each study; None for
        model UM.RS.
    i2, h2 : float
        From ``tau2`` and the typical sampling variance of the studies' own effects (0.5 added to
        those with an empty cell); I2 as a proportion.
    prediction : PredictionInterval or None
        Interval for the effect in a new study, normal for test z and t for test t.
    prediction_reason : str or None
        Why there is none.
    k : int
        Number of studies in the model.
    labels, left_out : tuple of str
        Studies in the model, and those without a contrast, which say nothing about the effect.
    measure : str
        OR, IRR, PLO or IRLN.
    model : str or None
        UM.FS, UM.RS, CM.EL or CM.AL; None for a single arm.
    method, test : str
        ML or CE; z or t.
    quadrature : str
        How the random effects were integrated out.
    steps : int
        Steps of the search.
    decisions : tuple of str
        Each choice that was taken, in a sentence.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    level: float
    statistic: float
    df: int | None
    p_value: float
    tau2: float
    tau: float
    se_tau2: float | None
    sigma2: float | None
    log_likelihood: float
    q: float | None
    q_df: int | None
    q_p: float | None
    i2: float
    h2: float
    prediction: PredictionInterval | None
    prediction_reason: str | None
    k: int
    labels: tuple[str, ...]
    left_out: tuple[str, ...]
    measure: str
    model: str | None
    method: str
    test: str
    quadrature: str
    steps: int
    decisions: tuple[str, ...]

    WORDS = "Generalised linear mixed model"

    OMITTED = ("labels",)
    JOINED: ClassVar[Mapping[str, str]] = {"left_out": "; ", "decisions": " "}

    def _row(self) -> dict[str, Any]:
        return with_prediction(Result._row(self))


def summarise_fit(
    kept: EventCounts,
    fit: CountFit,
    q: float | None,
    left_out: tuple[str, ...],
    *,
    model: str | None,
    method: str,
    test: str,
    nodes: int | None,
    level: float,
) -> PooledGlmm:
    """Result of a fitted model, with its tests, intervals and definitions.

    Parameters
    ----------
    kept : EventCounts
        Studies in the model.
    fit : CountFit
        Its estimates.
    q : float or None
        Likelihood ratio statistic of a common effect.
    left_out : tuple of str
        Studies without a contrast.
    model, method, test, nodes, level
        What was asked for.
    """
    df = kept.k - 1 if test == "t" else None
    half = critical_value(level, df) * fit.se
    tau2 = fit.tau**2
    typical = typical_variance(kept)
    prediction, reason = _prediction(fit, method, kept.k, df, level)
    return PooledGlmm(
        estimate=fit.theta,
        se=fit.se,
        ci_low=fit.theta - half,
        ci_high=fit.theta + half,
        level=level,
        statistic=fit.theta / fit.se,
        df=df,
        p_value=two_sided_p(fit.theta / fit.se, df),
        tau2=tau2,
        tau=fit.tau,
        se_tau2=None if fit.se_tau is None else 2 * fit.tau * fit.se_tau,
        sigma2=None if fit.sigma is None else fit.sigma**2,
        log_likelihood=fit.log_likelihood,
        q=q,
        q_df=None if q is None else kept.k - 1,
        q_p=None if q is None else chi_squared_p(q, kept.k - 1),
        i2=tau2 / (tau2 + typical),
        h2=(tau2 + typical) / typical,
        prediction=prediction,
        prediction_reason=reason,
        k=kept.k,
        labels=kept.labels,
        left_out=left_out,
        measure=kept.measure,
        model=model,
        method=method,
        test=test,
        quadrature=_quadrature(method, model, nodes),
        steps=fit.steps,
        decisions=_decisions(fit, left_out, method),
    )


def typical_variance(counts: EventCounts) -> float:
    """Sampling variance of a typical study, with 0.5 added where a cell is empty.

    References
    ----------
    Higgins & Thompson (2002), Stat Med 21:1539-1558, eq. 9.
    """
    require_kind("A typical variance", counts, EventCounts, "Give what read_counts() returned.")
    w = 1 / counts.effect_sizes(ZeroCellRule(add=0.5, to="only0")).vi
    return float((w.size - 1) / (w.sum() - np.sum(w**2) / w.sum()))


def _prediction(
    fit: CountFit, method: str, k: int, df: int | None, level: float
) -> tuple[PredictionInterval | None, str | None]:
    if method == "CE":
        return None, "The common-effect model has no distribution of effects to predict from."
    found = predict_interval(
        fit.theta,
        fit.se,
        fit.tau**2,
        definition="metafor-default",
        residual_df=k - 1,
        test_df=df,
        level=level,
    )
    return found, None


def _quadrature(method: str, model: str | None, nodes: int | None) -> str:
    if method == "CE" and model != "UM.RS":
        return "none"
    if nodes is None:
        return "trapezoidal rule to convergence"
    return "Laplace" if nodes == 1 else f"adaptive Gauss-Hermite with {nodes} nodes"


def _decisions(fit: CountFit, left_out: tuple[str, ...], method: str) -> tuple[str, ...]:
    said = []
    if left_out:
        said.append(
            f"Left out for want of a contrast: {count_studies(len(left_out))} "
            f"({', '.join(left_out)})."
        )
    if method == "CE":
        said.append("A common effect was asked for: tau2 is 0 by assumption.")
    elif fit.tau == 0:
        said.append("tau2 is 0, at its boundary: the standard error is that of a common effect.")
    return tuple(said)
