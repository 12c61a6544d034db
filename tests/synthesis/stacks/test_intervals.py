"""Intervals of a stack: those of one summary at a time, whatever the plan."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from evidence.synthesis.pairwise import (
    POLICIES,
    SUMMARY_TESTS,
    choose_interval,
    make_plan,
    mean_interval,
)
from evidence.synthesis.stacks.intervals import stack_intervals
from evidence.synthesis.stacks.pooled_stack import pool_stack

#: The same formulas; powers and square roots differ in their last bits.
SAME = 1e-14


def stack(method):
    """Columns of 1 to 9 studies, some homogeneous, some with equal effects."""
    rng = np.random.default_rng(4)
    vi = np.exp(rng.uniform(-4.0, 0.0, (9, 80)))
    yi = rng.normal(0.3, np.sqrt(vi * rng.choice([0.05, 1.0, 4.0], 80)))
    present = np.arange(9)[:, None] < rng.integers(1, 10, 80)
    return pool_stack(yi, vi, mask=present, method=method)


@pytest.mark.parametrize("test", [None, *SUMMARY_TESTS])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_interval_is_the_one_of_the_single_summary(policy, test):
    plan = make_plan(policy, test=test)
    pooled, classic = stack(plan.method), stack("DL").se
    found = stack_intervals(pooled, plan, 0.9, classic_se=classic)
    for i, k in enumerate(pooled.k.tolist()):
        se, s2w, tau2 = (float(x[i]) for x in (pooled.se, pooled.s2w, pooled.tau2))
        one = mean_interval("z", se, 1.0, 0, 0.9)
        if k > 1:
            classic_se = float(classic[i])
            one, _ = choose_interval(plan, tau2, se, s2w, k - 1, 0.9, classic_se=classic_se)
        assert found.tests[i] == one.test
        assert_allclose(found.se[i], one.se, rtol=SAME)
        assert_allclose(found.df[i], np.nan if one.df is None else one.df)
        assert_allclose((found.ci_high[i] - found.ci_low[i]) / 2, one.half, rtol=1e-12)
        tails = stats.norm() if one.df is None else stats.t(one.df)
        assert_allclose(found.p_value[i], 2 * tails.sf(abs(found.statistic[i])), rtol=1e-12)


def test_the_cochrane_rule_meets_all_its_branches():
    found = stack_intervals(stack("REML"), make_plan("cochrane-2025"), 0.95)
    assert set(found.tests) == {"z", "knha"}


def test_the_iqwig_rule_meets_both_its_branches():
    plan = make_plan("iqwig")
    found = stack_intervals(stack("PM"), plan, 0.95, classic_se=stack("DL").se)
    assert set(found.tests) == {"z", "knha", "adhoc"}


def test_equal_effects_leave_knapp_hartung_no_width_and_no_statistic():
    pooled = pool_stack(np.full((3, 1), 0.5), np.full((3, 1), 0.1))
    found = stack_intervals(pooled, make_plan("metafor", test="knha"), 0.95)
    assert_array_equal(found.se, 0.0)
    assert np.isnan(found.statistic).all()
    assert np.isnan(found.p_value).all()
