"""Subgroups that share one between-study variance: a meta-regression on the group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable
from evidence.synthesis.heterogeneity.measures import cochran_q, i2_from_q, i2_from_tau2
from evidence.synthesis.inputs.studies import Studies
from evidence.synthesis.numerics.distributions import critical_value
from evidence.synthesis.pairwise.policies import Plan, describe_method, prediction_sentence
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.regression.coefficients import WaldTest
from evidence.synthesis.regression.fit import meta_regression
from evidence.synthesis.regression.model_comparison import joint_test
from evidence.synthesis.regression.predicted_effects import predict_effects
from evidence.synthesis.regression.records import MetaRegression

#: Residual degrees of freedom from which Knapp-Hartung is considered, as for a summary of 3.
_KNAPP_HARTUNG_DF = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSubgroups:
    """Groups with a common tau2.

    Attributes
    ----------
    effects : tuple of SubgroupEffect
        One for each group.
    interaction : WaldTest
        Joint test of the differences from the first group.
    r2 : float or None
        Share of tau2 that the groups account for.
    decisions : tuple of str
        What was chosen, and why.
    """

    effects: tuple[SubgroupEffect, ...]
    interaction: WaldTest
    r2: float | None
    decisions: tuple[str, ...]


def fit_common(
    studies: Studies, members: Mapping[str, Sequence[int]], plan: Plan, level: float
) -> CommonSubgroups:
    """Groups of studies with one tau2.

    Parameters
    ----------
    studies : Studies
        All studies.
    members : mapping of str to sequence of int
        Rows of each group, two groups or more.
    plan : Plan
        Estimator, test and prediction interval.
    level : float
        Coverage.

    Raises
    ------
    TooFewStudies
        If there are not more studies than groups.

    References
    ----------
    metafor: ``rma(yi, vi, mods = ~ group - 1)``, and with an intercept for the difference.
    """
    columns = {name: np.zeros(studies.yi.size) for name in members}
    for name, rows in members.items():
        columns[name][list(rows)] = 1.0
    test, sentence = _choose_test(studies, columns, plan)
    own = _fit(studies, columns, plan, test, level, intercept=False)
    contrasts = dict(list(columns.items())[1:])
    against_first = _fit(studies, contrasts, plan, test, level, intercept=True)
    joint = joint_test(against_first, tuple(contrasts))
    bounds, reason = _prediction(own, plan)
    effects = tuple(
        _effect(own, i, name, rows, None if bounds is None else (bounds[0][i], bounds[1][i]))
        for i, (name, rows) in enumerate(members.items())
    )
    return CommonSubgroups(
        effects=effects,
        interaction=WaldTest(
            names=tuple(members),
            statistic=joint.statistic,
            df=joint.df,
            residual_df=joint.residual_df,
            p_value=joint.p_value,
        ),
        r2=own.r2,
        decisions=(
            f"The groups share one tau2, {own.tau2:.4g} by {describe_method(own.method)}.",
            *plan.sentences,
            sentence,
            *([] if reason is None else [reason]),
        ),
    )


def _fit(
    studies: Studies,
    columns: Mapping[str, FloatArray],
    plan: Plan,
    test: str,
    level: float,
    *,
    intercept: bool,
) -> MetaRegression:
    return meta_regression(
        studies.yi,
        studies.vi,
        dict(columns),
        method=plan.method,
        test=test,
        intercept=intercept,
        level=level,
        labels=studies.labels,
    )


def _choose_test(
    studies: Studies, columns: Mapping[str, FloatArray], plan: Plan
) -> tuple[str, str]:
    """Test of the plan, or the one that its rule chooses for all groups."""
    if plan.test in SUMMARY_TESTS:
        return plan.test, f"Test {plan.test} as planned."
    return _TEST_OF_GROUPS[plan.test](studies, columns, plan)


def _iqwig_test(studies: Studies, columns: Mapping[str, FloatArray], plan: Plan) -> tuple[str, str]:
    return "adhoc", "Knapp-Hartung intervals with their variance not below the Wald one."


def _cochrane_test(
    studies: Studies, columns: Mapping[str, FloatArray], plan: Plan
) -> tuple[str, str]:
    """Knapp-Hartung where it is not narrower."""
    df = studies.yi.size - len(columns)
    wald = _fit(studies, columns, plan, "z", 0.95, intercept=False)
    if plan.method == "CE" or wald.tau2 <= 0.0 or df < _KNAPP_HARTUNG_DF:
        return "z", (
            f"Wald intervals (normal): tau2 is {wald.tau2:.4g} with {df} residual degrees of "
            "freedom."
        )
    try:
        other = _fit(studies, columns, plan, "knha", 0.95, intercept=False)
    except NotEstimable:
        return "z", "Wald intervals (normal): Knapp-Hartung intervals would have no width."
    ratio = other.s2w**0.5 * critical_value(0.95, df) / critical_value(0.95, None)
    if ratio < 1.0:
        return "z", f"Wald intervals (normal): Knapp-Hartung ones would be {ratio:.3g} times these."
    return "knha", f"Knapp-Hartung intervals (t with {df} df): tau2 is {wald.tau2:.4g}."


#: What each rule of room pairwise chooses for groups that share one tau2.
_TEST_OF_GROUPS: Final = {"cochrane": _cochrane_test, "iqwig": _iqwig_test}


def _prediction(
    own: MetaRegression, plan: Plan
) -> tuple[tuple[FloatArray, FloatArray] | None, str | None]:
    """Bounds of the prediction interval of each group, or the reason why there are none."""
    reason = prediction_sentence(plan, own.k)
    if reason is not None:
        return None, reason
    try:
        rows = np.eye(len(own.design.names))
        found = predict_effects(own, rows, prediction=plan.prediction)
    except NotEstimable as failure:
        return None, str(failure)
    if found.prediction_low is None or found.prediction_high is None:
        return None, None
    return (found.prediction_low, found.prediction_high), None


def _effect(
    own: MetaRegression,
    position: int,
    name: str,
    rows: Sequence[int],
    bounds: tuple[float, float] | None,
) -> SubgroupEffect:
    """One group, with its own Q and the I2 that the common tau2 gives it."""
    table, chosen = own.coefficients, list(rows)
    q, i2 = None, None
    if len(chosen) > 1:
        q = cochran_q(own.yi[chosen], own.vi[chosen])
        i2 = (
            i2_from_q(q.q, q.df)
            if own.method == "CE"
            else i2_from_tau2(own.tau2, q.typical_variance)
        )
    return SubgroupEffect(
        name=name,
        k=len(chosen),
        estimate=float(table.estimate[position]),
        se=float(table.se[position]),
        ci_low=float(table.ci_low[position]),
        ci_high=float(table.ci_high[position]),
        statistic=float(table.statistic[position]),
        p_value=float(table.p_value[position]),
        df=None if own.test_df is None else float(own.test_df),
        tau2=own.tau2,
        q=None if q is None else q.q,
        q_df=None if q is None else q.df,
        q_p=None if q is None else q.p,
        i2=i2,
        prediction_low=None if bounds is None else float(bounds[0]),
        prediction_high=None if bounds is None else float(bounds[1]),
        labels=tuple(own.labels[row] for row in chosen),
        rows=tuple(chosen),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgroupEffect:
    """Summary of one group, on the scale of the effects; None is not estimable.

    Attributes
    ----------
    name : str
        The group.
    k : int
        Studies in it.
    estimate, se, ci_low, ci_high, statistic, p_value : float
        Mean effect with its standard error, interval and test.
    df : float or None
        Degrees of freedom of t; None for the normal distribution.
    tau2 : float or None
        Between-study variance, its own or the common one.
    q, q_df, q_p : float, int, float or None
        Cochran's Q within the group.
    i2 : float or None
        I2 within the group, 0 to 1.
    prediction_low, prediction_high : float or None
        Interval for the effect in a new study of the group.
    labels : tuple of str, length k
        Studies.
    rows : tuple of int, length k
        Their places among the studies of all groups, from 0.
    """

    name: str
    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    df: float | None
    tau2: float | None
    q: float | None
    q_df: int | None
    q_p: float | None
    i2: float | None
    prediction_low: float | None
    prediction_high: float | None
    labels: tuple[str, ...]
    rows: tuple[int, ...]
