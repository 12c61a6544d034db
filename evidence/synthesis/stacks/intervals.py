"""Test and interval of every mean of a stack: the rules of ``mean_interval``, over arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.arrays import FloatArray, IntArray
from evidence.input_checks import require_kind
from evidence.synthesis.numerics.distributions import critical_value
from evidence.synthesis.pairwise.interval_rules import INTERVAL_RULES, StackedWidths, TextArray
from evidence.synthesis.pairwise.policies import Plan
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.stacks.pooled_stack import PooledStack


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StackIntervals:
    """Tests and intervals of d summaries; arrays of shape (d,).

    Attributes
    ----------
    tests : ndarray of str
        One of ``SUMMARY_TESTS``; always z for one study.
    se : ndarray
        Standard error by that test.
    df : ndarray
        Degrees of freedom of t; NaN for the normal distribution.
    ci_low, ci_high : ndarray
        Confidence bounds.
    statistic, p_value : ndarray
        Estimate over ``se``, and its two-sided p-value; NaN where ``se`` is 0.
    """

    tests: TextArray
    se: FloatArray
    df: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    statistic: FloatArray
    p_value: FloatArray


def stack_intervals(
    pooled: PooledStack, plan: Plan, level: float, *, classic_se: FloatArray | None = None
) -> StackIntervals:
    """Test and interval of each summary by the plan.

    Parameters
    ----------
    pooled : PooledStack
        Summaries of d meta-analyses; where one is NaN, so are its results.
    plan : Plan
        Policy and explicit choices.
    level : float
        Coverage between 0 and 1.
    classic_se : ndarray, shape (d,), or None
        Wald standard errors with the DerSimonian-Laird tau2, where ``needs_classic(plan)``.

    References
    ----------
    Hartung & Knapp (2001), Stat Med 20:3875-3889. Knapp & Hartung (2003), Stat Med 22:2693-2710.
    metafor: ``rma(yi, vi, test=)`` for each column.
    """
    require_kind(
        "Intervals of many summaries", pooled, PooledStack, "Give the result of pool_stack()."
    )
    require_kind("Intervals of many summaries", plan, Plan, "Give what make_plan() returned.")
    residual_df = pooled.k - 1
    critical = _critical_t(residual_df, level)
    classic = pooled.se if classic_se is None else classic_se
    tests = _tests(pooled, plan, critical, level, classic)
    factor = np.ones(tests.size)
    normal = np.zeros(tests.size, dtype=bool)
    for name in np.unique(tests):
        test, mine = SUMMARY_TESTS[name], tests == name
        factor[mine] = test.factor(pooled.s2w[mine])
        normal |= mine & test.normal
    se = pooled.se * np.sqrt(factor)
    df = np.where(normal, np.nan, residual_df)
    half = np.where(normal, critical_value(level, None), critical) * se
    statistic = np.full(se.size, np.nan)
    np.divide(pooled.estimate, se, out=statistic, where=se > 0.0)
    return StackIntervals(
        tests=tests,
        se=se,
        df=df,
        ci_low=pooled.estimate - half,
        ci_high=pooled.estimate + half,
        statistic=statistic,
        p_value=_two_sided_p(statistic, df),
    )


def _critical_t(df: IntArray, level: float) -> FloatArray:
    """Critical values of t, each computed once; NaN without a degree of freedom."""
    distinct, place = np.unique(df, return_inverse=True)
    values = [critical_value(level, float(one)) if one > 0 else np.nan for one in distinct]
    return np.asarray(values, dtype=float)[place]


def _tests(
    pooled: PooledStack, plan: Plan, critical: FloatArray, level: float, classic_se: FloatArray
) -> TextArray:
    """Test of each summary; the rules of policies are those of ``INTERVAL_RULES``."""
    if plan.test not in INTERVAL_RULES:
        return np.where(pooled.k > 1, plan.test, "z")
    if plan.method == "CE":
        return np.full(pooled.k.size, "z")
    normal = critical_value(level, None)
    return INTERVAL_RULES[plan.test].stacked(
        StackedWidths(
            k=pooled.k,
            tau2=pooled.tau2,
            wald=normal * pooled.se,
            knapp_hartung=critical * (pooled.se * np.sqrt(pooled.s2w)),
            classic=normal * classic_se,
        )
    )


def _two_sided_p(statistic: FloatArray, df: FloatArray) -> FloatArray:
    size = -np.abs(statistic)
    tail = np.asarray(special.ndtr(size))
    t = ~np.isnan(df)
    tail[t] = special.stdtr(df[t], size[t])
    return 2.0 * tail
