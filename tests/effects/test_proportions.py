"""Proportions: transformations and their inverses, and the study intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from evidence.effects.conversions import back_transform
from evidence.effects.effect_sizes import effect_size
from evidence.effects.proportions import INTERVALS, harmonic_mean, proportion_interval
from evidence.errors import BadInput, UnknownName

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-10
#: The inverse of the double arcsine takes the root of a difference near its ends.
ROOT_OF_DIFFERENCE = 1e-7
quick = settings(max_examples=50, deadline=None, derandomize=True)
arms = st.integers(2, 400).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n)))


@pytest.mark.parametrize("measure", ["PR", "PLN", "PLO", "PAS", "PFT"])
@quick
@given(arms)
def test_going_back_returns_the_proportion(measure, arm):
    x, n = arm
    effects = effect_size(measure, xi=x, ni=n)
    assert_allclose(back_transform(effects.yi, measure, n=n), x / n, atol=ROOT_OF_DIFFERENCE)


@pytest.mark.parametrize(
    ("measure", "mirror"), [("PLO", 0.0), ("PAS", np.pi / 2), ("PFT", np.pi / 2)]
)
@quick
@given(arms)
def test_counting_non_events_mirrors_the_transform(measure, mirror, arm):
    x, n = arm
    one, other = (effect_size(measure, xi=count, ni=n) for count in (x, n - x))
    assert_allclose(one.yi + other.yi, mirror, atol=1e-12)
    assert_allclose(one.vi, other.vi, rtol=CLOSED_FORM)


def test_none_and_all_go_back_to_0_and_1_exactly():
    effects = effect_size("PFT", xi=[0, 20], ni=[20, 20])
    assert back_transform(effects.yi, "PFT", n=20).tolist() == [0.0, 1.0]
    assert back_transform([-1.0, 0.0, 1.6], "PFT", n=20).tolist() == [0.0, 0.0, 1.0]
    assert back_transform([-0.1, 2.0], "PAS").tolist() == [0.0, 1.0]


def test_the_inverse_of_the_double_arcsine_depends_on_the_sample_size():
    inverse = back_transform(0.4, "PFT", n=[10, 100, 1e9])
    assert inverse[0] < inverse[1] < inverse[2]
    assert_allclose(inverse[2], np.sin(0.4) ** 2, rtol=1e-6)


def test_not_estimable_stays_not_estimable():
    assert np.isnan(back_transform([np.nan], "PFT", n=20)).all()
    assert np.isnan(back_transform([np.nan], "PAS")).all()


def test_the_exact_interval_holds_the_tails_it_promises():
    low, high = proportion_interval(7, 20, level=0.9)
    assert_allclose(stats.binom.sf(6, 20, low), 0.05, rtol=CLOSED_FORM)
    assert_allclose(stats.binom.cdf(7, 20, high), 0.05, rtol=CLOSED_FORM)


def test_the_wilson_limits_solve_the_score_equation():
    p, n = 7 / 20, 20
    for limit in proportion_interval(7, n, method="wilson"):
        score = abs(p - limit) / np.sqrt(limit * (1 - limit) / n)
        assert_allclose(score, 1.959963984540054, rtol=CLOSED_FORM)


def test_the_jeffreys_limits_are_beta_quantiles():
    # R 4.2.2: qbeta(c(0.025, 0.975), 7.5, 13.5), qbeta(0.975, 0.5, 20.5)
    low, high = proportion_interval([7, 0], 20, method="jeffreys")
    assert_allclose([low[0], high[0]], [0.1722762136319121, 0.5677660938414961], rtol=CLOSED_FORM)
    assert (low[1], high[1]) == (0.0, pytest.approx(0.1166389829048754, rel=CLOSED_FORM))


@pytest.mark.parametrize("method", ["exact", "wilson", "jeffreys"])
def test_intervals_of_none_and_all_end_at_0_and_1(method):
    low, high = proportion_interval([0, 20], [20, 20], method=method)
    assert low[0] == 0
    assert high[1] == 1
    assert_allclose(high[0], 1 - low[1], rtol=CLOSED_FORM)


@pytest.mark.parametrize("method", sorted(INTERVALS))
@quick
@given(arms)
def test_counting_non_events_mirrors_the_interval(method, arm):
    x, n = arm
    low, high = proportion_interval(x, n, method=method)
    mirrored = proportion_interval(n - x, n, method=method)
    assert_allclose([1 - high, 1 - low], mirrored, atol=1e-9)
    assert low < x / n < high


def test_impossible_proportions_are_refused():
    with pytest.raises(BadInput, match="x = 9 events exceed n = 8"):
        proportion_interval(9, 8)
    with pytest.raises(UnknownName, match="Did you mean wilson"):
        proportion_interval(1, 8, method="wilsom")
    with pytest.raises(BadInput, match="no value was given"):
        harmonic_mean([])
    with pytest.raises(BadInput, match="the lengths differ"):
        back_transform([0.1, 0.2], "PFT", n=[1, 2, 3])


def test_the_harmonic_mean_is_that_of_the_reciprocals():
    assert_allclose(harmonic_mean([10, 40]), 16.0, rtol=CLOSED_FORM)
