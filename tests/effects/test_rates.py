"""Rates: identities, intervals, and the way back from Freeman and Tukey's transformation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from evidence.effects.conversions import back_transform
from evidence.effects.effect_sizes import effect_size
from evidence.effects.rates import person_time, rate_interval, risk_from_rate
from evidence.errors import BadInput, UnknownName

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-10
counts = st.integers(1, 500)
times = st.floats(0.5, 1000)
quick = settings(max_examples=50, deadline=None, derandomize=True)


@pytest.mark.parametrize("measure", ["IRR", "IRD", "IRSD"])
@quick
@given(counts, times, counts, times)
def test_swapping_the_arms_flips_the_sign(measure, x1, t1, x2, t2):
    one = effect_size(measure, x1i=x1, t1i=t1, x2i=x2, t2i=t2)
    other = effect_size(measure, x1i=x2, t1i=t2, x2i=x1, t2i=t1)
    assert_allclose(other.yi, -one.yi, rtol=CLOSED_FORM, atol=1e-12)
    assert_allclose(other.vi, one.vi, rtol=CLOSED_FORM)


@quick
@given(counts, times, counts, times, st.floats(0.01, 100))
def test_a_rate_ratio_does_not_depend_on_the_unit_of_time(x1, t1, x2, t2, unit):
    one = effect_size("IRR", x1i=x1, t1i=t1, x2i=x2, t2i=t2)
    other = effect_size("IRR", x1i=x1, t1i=unit * t1, x2i=x2, t2i=unit * t2)
    assert_allclose(other.yi, one.yi, rtol=CLOSED_FORM, atol=1e-12)
    assert_allclose(other.vi, one.vi, rtol=CLOSED_FORM)


@pytest.mark.parametrize("measure", ["IR", "IRLN", "IRS", "IRFT"])
@quick
@given(counts, times)
def test_going_back_returns_the_rate(measure, x, t):
    effects = effect_size(measure, xi=x, ti=t)
    assert_allclose(back_transform(effects.yi, measure, n=t), x / t, rtol=1e-8)


def test_values_below_the_transform_of_no_event_go_back_to_a_rate_of_0():
    assert_allclose(back_transform([0.0, 0.05], "IRFT", n=25.0), 0)


def test_the_exact_interval_holds_the_tails_it_promises():
    low, high = rate_interval(7, 10.0, level=0.9)
    assert_allclose(stats.poisson.sf(6, 10 * low), 0.05, rtol=CLOSED_FORM)
    assert_allclose(stats.poisson.cdf(7, 10 * high), 0.05, rtol=CLOSED_FORM)


def test_the_exact_interval_of_no_event_starts_at_0():
    low, high = rate_interval([0, 3], [10.0, 10.0])
    assert low[0] == 0
    assert_allclose(high[0], -np.log(0.025) / 10, rtol=CLOSED_FORM)


def test_the_simple_intervals_are_symmetric_on_their_scale():
    low, high = rate_interval(16, 8.0, method="log-normal")
    assert_allclose(np.sqrt(low * high), 2.0, rtol=CLOSED_FORM)
    low, high = rate_interval(16, 8.0, method="wald")
    assert_allclose([low + high, high - low], [4.0, 2 * 1.959963984540054 / 2], rtol=CLOSED_FORM)


def test_a_constant_rate_gives_an_exponential_risk():
    assert_allclose(risk_from_rate([0.0, 0.1], 2.0), [0.0, 1 - np.exp(-0.2)], rtol=CLOSED_FORM)
    assert person_time(100, 2.5) == 250


def test_impossible_rates_are_refused():
    with pytest.raises(BadInput, match="use the exact interval"):
        rate_interval(0, 10.0, method="log-normal")
    with pytest.raises(UnknownName, match="Did you mean exact"):
        rate_interval(1, 10.0, method="exakt")
    with pytest.raises(BadInput, match="not 95"):
        rate_interval(1, 10.0, level=95)
    with pytest.raises(BadInput, match="rate must not be negative"):
        risk_from_rate(-0.1, 1)
    with pytest.raises(BadInput, match="mean_followup must be above 0"):
        person_time(10, 0)
    with pytest.raises(BadInput, match="person_time must be above 0"):
        back_transform(0.3, "IRFT", n=0)
    with pytest.raises(BadInput, match="person-time: give n"):
        back_transform(0.3, "IRFT")
