import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from evidence.errors import BadInput, NotEstimable
from evidence.synthesis.rare_events.exact import pool_exact

#: R's uniroot stops at about this distance.
UNIROOT = 1e-4
TABLES = {"ai": [0, 2, 1], "n1i": [30, 41, 25], "ci": [3, 5, 2], "n2i": [28, 40, 30]}


def test_result_is_that_of_mantelhaen_test():
    # mantelhaen.test(exact = TRUE), R 4.2.2
    found = pool_exact(**TABLES)
    expected = [-1.2588087992146, -3.0225353603318, 0.1391413407434]
    assert_allclose([found.estimate, found.ci_low, found.ci_high], expected, rtol=UNIROOT)
    assert_allclose(found.p_minimum, 0.0820744022641, rtol=1e-9)


def test_one_table_is_fishers_exact_test():
    table = [[3, 11], [8, 6]]
    found = pool_exact(ai=[3], bi=[11], ci=[8], di=[6])
    fisher = stats.contingency.odds_ratio(table, kind="conditional")
    interval = fisher.confidence_interval(0.95)
    assert_allclose(math.exp(found.estimate), fisher.statistic, rtol=1e-6)
    assert_allclose(np.exp([found.ci_low, found.ci_high]), interval, rtol=1e-6)
    assert_allclose(found.p_minimum, stats.fisher_exact(table).pvalue, rtol=1e-9)


def test_one_pair_of_rates_is_the_exact_poisson_test():
    found = pool_exact(x1i=[4], t1i=[100], x2i=[9], t2i=[120], measure="IRR")
    # poisson.test(c(4, 9), c(100, 120))$conf.int, R 4.2.2
    limits = np.exp([found.ci_low, found.ci_high])
    assert_allclose(limits, [0.120016413123, 1.910917119222], rtol=1e-10)
    assert_allclose(math.exp(found.estimate), 4 / 100 / (9 / 120), rtol=1e-10)


def test_an_arm_without_events_has_one_limit_and_a_reason():
    found = pool_exact(ai=[0, 0], n1i=[50, 60], ci=[2, 3], n2i=[50, 60])
    assert found.estimate is None
    assert found.ci_low is None
    assert math.isfinite(found.ci_high)
    assert "fewest" in found.to_frame().loc[0, "reason"]
    other = pool_exact(ai=[2, 3], n1i=[50, 60], ci=[0, 0], n2i=[50, 60])
    assert other.ci_high is None
    assert_allclose(other.ci_low, -found.ci_high, rtol=1e-9)


def test_large_counts_agree_with_the_normal_approximation():
    tables = np.array([[6813, 375083, 4799, 433305], [4001, 119765, 3069, 125000]])
    a, b, c, d = tables.T
    found = pool_exact(ai=a, bi=b, ci=c, di=d)
    half = (found.ci_high - found.ci_low) / 2 / 1.959963984540054
    assert_allclose(half, np.sum(1 / np.sum(1 / tables, axis=1)) ** -0.5, rtol=1e-2)


def test_nonsense_is_refused():
    with pytest.raises(NotEstimable, match="none has events"):
        pool_exact(ai=[0, 9], n1i=[9, 9], ci=[0, 7], n2i=[5, 7])
    with pytest.raises(BadInput, match="whole number"):
        pool_exact(ai=[0.5], n1i=[9], ci=[1], n2i=[9])


@given(
    rows=st.lists(
        st.tuples(*[st.integers(0, 15)] * 4).filter(
            lambda row: row[0] + row[1] > 0 and row[2] + row[3] > 0
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_interval_and_the_p_value_go_together(rows):
    a, b, c, d = np.array(rows).T
    try:
        found = pool_exact(ai=a, bi=b, ci=c, di=d)
    except NotEstimable:
        return
    low = -math.inf if found.ci_low is None else found.ci_low
    high = math.inf if found.ci_high is None else found.ci_high
    assert low < high
    if abs(found.p_value - 0.05) > 1e-9:
        assert (low < 0 < high) == (found.p_value > 0.05)
    assert found.mid_p <= found.p_value
    if found.estimate is not None:
        assert low < found.estimate < high


@pytest.mark.parametrize("share", [1.0, 1e-3, 1e-6])
def test_limits_are_exact_when_one_arm_has_a_millionth_of_the_other(share):
    # one pair of rates is a binomial of the sum: its limits are those of Clopper and Pearson
    fit = pool_exact(x1i=[78], t1i=[100 * share], x2i=[25], t2i=[100], measure="IRR")
    p = np.array([stats.beta.ppf(0.025, 78, 26), 78 / 103, stats.beta.isf(0.025, 79, 25)])
    expected = np.log(p / (1 - p)) - np.log(share)
    assert_allclose([fit.ci_low, fit.estimate, fit.ci_high], expected, rtol=1e-9)


def test_more_outcomes_than_memory_holds_are_refused():
    with pytest.raises(NotEstimable, match="Mantel-Haenszel"):
        pool_exact(ai=[3e8], n1i=[1e9], ci=[2e8], n2i=[1e9])
    with pytest.raises(BadInput, match="more than double precision can count"):
        pool_exact(ai=[5], n1i=[16], ci=[1e20], n2i=[1e21])
