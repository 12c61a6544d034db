import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import integrate, stats

from evidence.errors import BadInput, NotEstimable, UnknownName
from evidence.synthesis.pairwise.new_study import (
    fitted_new_study_probability,
    new_study_probability,
)
from evidence.synthesis.pairwise.pooling import pool

#: Closed forms in double precision.
CLOSED = 1e-12
YI, VI = [0.10, 0.50, -0.20, 0.90, 0.30], [0.04, 0.05, 0.02, 0.10, 0.03]


def test_normal_probability_is_the_mean_over_the_uncertain_mean():
    # independent route: integrate P(theta > t | mu) over mu
    def given_mean(mu):
        return stats.norm.pdf(mu, 0.5, 0.3) * stats.norm.sf(0.2, mu, 0.4)

    reference = integrate.quad(given_mean, -3, 4, epsabs=1e-13, epsrel=1e-13)[0]
    assert_allclose(new_study_probability(0.5, 0.3, 0.16, 0.2).probability, reference, rtol=1e-10)


def test_t_probability_is_the_area_of_the_density():
    area = integrate.quad(stats.t(4, 0.5, 0.5).pdf, 0.2, math.inf, epsrel=1e-12)[0]
    found = new_study_probability(0.5, 0.3, 0.16, 0.2, df=4)
    assert_allclose(found.probability, area, rtol=1e-9)
    assert "t with 4 degrees" in found.definition


@pytest.mark.parametrize("definition", ["normal", "t-k-1", "t-k-2"])
def test_bounds_of_the_prediction_interval_have_their_tail(definition):
    fit = pool(YI, VI, policy="metafor", prediction=definition)
    low = fitted_new_study_probability(fit, fit.prediction.low, direction="below")
    high = fitted_new_study_probability(fit, fit.prediction.high)
    assert_allclose([low.probability, high.probability], 0.025, rtol=1e-10)
    assert low.df == fit.prediction.df


numbers = st.floats(-5, 5)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(numbers, st.floats(0.01, 3), st.floats(0, 4), numbers, st.sampled_from([None, 1, 7.5]))
def test_sign_shift_unit_and_complement(estimate, se, tau2, threshold, df):
    def above(*values, direction="above"):
        return new_study_probability(*values, direction=direction, df=df).probability

    found = above(estimate, se, tau2, threshold)
    other = above(estimate, se, tau2, threshold, direction="below")
    assert_allclose(found + other, 1.0, rtol=CLOSED)
    flipped = above(-estimate, se, tau2, -threshold, direction="below")
    assert_allclose(flipped, found, rtol=CLOSED)
    shifted = above(estimate + 1, se, tau2, threshold + 1)
    assert_allclose(shifted, found, rtol=1e-8, atol=CLOSED)
    scaled = above(4 * estimate, 4 * se, 16 * tau2, 4 * threshold)
    assert_allclose(scaled, found, rtol=1e-10)


def test_small_tails_keep_their_digits():
    found = new_study_probability(-10.0, 1.0, 0.0)
    assert_allclose(found.probability, stats.norm.sf(10.0), rtol=1e-10)


def test_threshold_at_the_estimate_is_one_half():
    assert new_study_probability(0.3, 0.1, 0.0, 0.3, df=2).probability == 0.5


def test_nonsense_is_refused():
    with pytest.raises(BadInput) as caught:
        new_study_probability(0.1, 0.0, -1.0, df=0)
    assert len(caught.value.problems) == 3
    for wrong in (math.nan, math.inf, "much", [0.1, 0.2]):
        with pytest.raises(BadInput):
            new_study_probability(wrong, 0.1, 0.1)
    with pytest.raises(UnknownName, match="above"):
        new_study_probability(0.1, 0.1, 0.1, direction="abov")
    with pytest.raises(NotEstimable, match="prediction interval"):
        fitted_new_study_probability(pool([0.1], [0.1]))
