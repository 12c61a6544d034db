import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from evidence.synthesis.heterogeneity.measures import (
    assess_heterogeneity,
    cochran_q,
    h2_from_q,
    h2_from_tau2,
    i2_from_q,
    i2_from_tau2,
    q_profile_interval,
)
from evidence.synthesis.heterogeneity.tau2_estimates import estimate_tau2

Y = np.array([-0.4, 0.1, 0.6, 1.2, 0.3])
V = np.array([0.05, 0.02, 0.10, 0.20, 0.04])


def test_both_definitions_agree_for_dersimonian_laird():
    q = cochran_q(Y, V)
    tau2 = estimate_tau2(Y, V, "DL").tau2
    assert tau2 > 0
    assert_allclose(i2_from_tau2(tau2, q.typical_variance), i2_from_q(q.q, q.df), rtol=1e-12)
    assert_allclose(h2_from_tau2(tau2, q.typical_variance), h2_from_q(q.q, q.df), rtol=1e-12)


def test_they_differ_for_other_estimators():
    q = cochran_q(Y, V)
    tau2 = estimate_tau2(Y, V, "HE").tau2
    assert abs(i2_from_tau2(tau2, q.typical_variance) - i2_from_q(q.q, q.df)) > 0.01


def test_i2_from_q_is_never_negative():
    assert i2_from_q(2.0, 4) == 0.0
    assert i2_from_q(0.0, 4) == 0.0


def test_p_value_of_an_extreme_q_keeps_its_digits():
    found = cochran_q(np.array([0.0, 50.0]), np.array([1.0, 1.0]))
    assert_allclose(found.q, 1250.0, rtol=1e-12)
    # R 4.2.2: pchisq(1250, 1, lower.tail = FALSE)
    assert_allclose(found.p, 8.300172571e-274, rtol=1e-9, atol=0)


def test_q_far_above_its_degrees_of_freedom_is_a_small_p_value_and_q_below_them_a_large_one():
    far, near = np.array([0.0, 50.0]), np.array([0.1, 0.1001, 0.0999])
    for y, bounds in ((far, (0.0, 1e-200)), (near, (0.99, 1.0))):
        v = np.ones(y.size)
        found = assess_heterogeneity(cochran_q(y, v), estimate_tau2(y, v, "DL"), None, "Q")
        assert bounds[0] < found.q_p < bounds[1]
        assert found.q_p == cochran_q(y, v).p


@pytest.mark.parametrize("definition", ["tau2", "Q"])
def test_every_measure_together_is_each_measure_by_itself(definition):
    q, tau2, bounds = cochran_q(Y, V), estimate_tau2(Y, V, "HE"), q_profile_interval(Y, V)
    found = assess_heterogeneity(q, tau2, bounds, definition)
    i2 = i2_from_q(q.q, q.df), i2_from_tau2(tau2.tau2, q.typical_variance)
    h2 = h2_from_q(q.q, q.df), h2_from_tau2(tau2.tau2, q.typical_variance)
    assert (found.i2, found.h2) == (i2[definition == "tau2"], h2[definition == "tau2"])
    assert (found.tau2, found.tau, found.q, found.q_df) == (tau2.tau2, tau2.tau2**0.5, q.q, q.df)
    assert (found.tau2_ci_low, found.tau2_ci_high) == (bounds.low, bounds.high)
    assert (found.i2_ci_low is None) == (definition == "Q")


def test_interval_widens_with_the_level_and_holds_the_estimate():
    narrow, wide = q_profile_interval(Y, V, 0.8), q_profile_interval(Y, V, 0.99)
    assert wide.low <= narrow.low <= estimate_tau2(Y, V, "PM").tau2 <= narrow.high <= wide.high


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_at_the_bounds_the_generalised_q_is_its_quantiles(level):
    found = q_profile_interval(20 * Y, V, level)

    def generalised_q(tau2):
        weights = 1 / (V + tau2)
        return np.sum(weights * (20 * Y - np.average(20 * Y, weights=weights)) ** 2)

    outside = (1 - level) / 2
    assert_allclose(stats.chi2.sf(generalised_q(found.low), Y.size - 1), outside, rtol=1e-8)
    assert_allclose(stats.chi2.cdf(generalised_q(found.high), Y.size - 1), outside, rtol=1e-8)


def test_too_homogeneous_effects_have_an_empty_interval_reported_as_zero():
    found = q_profile_interval(np.array([0.1, 0.1001, 0.0999]), np.array([1.0, 1.0, 1.0]))
    assert found.empty
    assert (found.low, found.high) == (0.0, 0.0)


def test_without_enough_heterogeneity_only_the_upper_bound_is_above_zero():
    found = q_profile_interval(np.array([0.1, 0.5, 0.3]), np.array([0.04, 0.05, 0.03]))
    assert not found.empty
    assert found.low == 0.0
    assert found.high > 0.0
