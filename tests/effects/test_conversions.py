"""From scale to scale, and back again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from evidence.effects import conversions as convert
from evidence.effects.effect_sizes import effect_size
from evidence.effects.measures import MEASURES
from evidence.errors import BadInput, UnknownName

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-10
quick = settings(max_examples=50, deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("measure", "value", "natural"),
    [
        ("RR", np.log(0.5), 0.5),
        ("HR", 0.0, 1.0),
        ("RD", -0.1, -0.1),
        ("SMD", 0.3, 0.3),
        ("PLO", 0.0, 0.5),
        ("PLN", np.log(0.2), 0.2),
        ("PAS", np.pi / 4, 0.5),
        ("IRS", 0.5, 0.25),
        ("IRS", -0.5, 0.0),
        ("ZCOR", np.arctanh(0.3), 0.3),
        ("PLO", 900.0, 1.0),
        ("OR", 900.0, np.inf),
    ],
)
def test_each_scale_has_its_way_back(measure, value, natural):
    assert_allclose(convert.back_transform(value, measure), natural, rtol=CLOSED_FORM)


def test_only_differences_of_transformed_values_have_no_way_back():
    for measure in MEASURES:
        if not MEASURES[measure].natural:
            with pytest.raises(BadInput, match="difference of transformed values"):
                convert.back_transform(0.1, measure)
        else:
            assert np.isfinite(convert.back_transform(0.6, measure, n=20))


def test_a_number_gives_a_number_and_an_array_an_array():
    assert isinstance(float(convert.back_transform(0.1, "RR")), float)
    assert convert.back_transform([[0.1], [0.2]], "PFT", n=10).shape == (2, 1)


def test_the_double_arcsine_asks_for_a_sample_size():
    with pytest.raises(BadInput, match="harmonic mean"):
        convert.back_transform(0.4, "PFT")


def test_an_unknown_measure_is_refused():
    with pytest.raises(UnknownName, match="measure 'XX'"):
        convert.back_transform(0.4, "XX")


@quick
@given(st.floats(-5, 5), st.floats(0.01, 3), st.sampled_from([0.8, 0.95, 0.99]))
def test_an_interval_made_from_a_standard_error_gives_it_back(y, se, level):
    low, high = convert.wald_interval(y, se**2, level=level)
    assert_allclose(convert.se_from_ci(low, high, level=level), se, rtol=1e-9)


@quick
@given(st.floats(0.05, 5), st.floats(0.001, 0.99), st.none() | st.integers(2, 200))
def test_a_standard_error_from_p_gives_the_p_value_back(estimate, p, df):
    for sign in (1, -1):
        statistic = convert.statistic_from_p(sign * estimate, p, df=df)
        assert np.sign(statistic) == sign
        se = convert.se_from_p(sign * estimate, p, df=df)
        assert_allclose(sign * estimate / se, statistic, rtol=CLOSED_FORM)


@pytest.mark.parametrize("method", ["logistic", "cox"])
@quick
@given(st.floats(-3, 3), st.floats(0.001, 2))
def test_an_smd_goes_to_an_odds_ratio_and_back(method, d, v):
    back = convert.smd_from_log_or(*convert.log_or_from_smd(d, v, method=method), method=method)
    assert_allclose(back, (d, v), rtol=CLOSED_FORM)


def test_the_measures_of_tables_use_the_same_divisors():
    table = {"ai": 7, "n1i": 30, "ci": 12, "n2i": 31}
    odds = effect_size("OR", **table)
    for measure, method in (("OR2DL", "logistic"), ("OR2DN", "cox")):
        y, v = convert.smd_from_log_or(odds.yi, odds.vi, method=method)
        effects = effect_size(measure, **table)
        assert_array_equal(effects.yi, y)
        assert_array_equal(effects.vi, v)


@quick
@given(st.floats(-0.95, 0.95), st.integers(5, 200))
def test_a_correlation_goes_to_an_smd_of_equal_groups_and_back(r, n):
    d, _ = convert.smd_from_r(r, 2 * n)
    assert_allclose(convert.r_from_smd(d, n, n), r, rtol=CLOSED_FORM, atol=1e-12)


def test_fishers_z_is_that_of_the_measure():
    assert_array_equal(
        np.array(convert.z_from_r(0.4, 30)),
        [effect_size("ZCOR", ri=0.4, ni=30).yi[0], effect_size("ZCOR", ri=0.4, ni=30).vi[0]],
    )


def test_a_t_statistic_gives_the_smd_of_its_means():
    n1, n2, sd = 12, 15, 2.0
    t = 1.0 / (sd * np.sqrt(1 / n1 + 1 / n2))
    smd = effect_size("SMD", m1i=1, sd1i=sd, n1i=n1, m2i=0, sd2i=sd, n2i=n2)
    assert_allclose(convert.smd_from_t(t, n1, n2), [smd.yi[0], smd.vi[0]], rtol=CLOSED_FORM)


def test_with_many_degrees_of_freedom_t_is_normal():
    assert_allclose(convert.critical_value(0.95, 1e9), convert.critical_value(0.95), rtol=1e-8)


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: convert.se_from_ci(1, 1), "is not below ci_high"),
        (lambda: convert.se_from_ci(0, 1, df=0), "df must be above 0"),
        (lambda: convert.se_from_ci(0, 1, level=1), "level is a proportion"),
        (lambda: convert.se_from_p(0, 0.2), "fits every standard error"),
        (lambda: convert.se_from_p(1, 1), "fits every standard error"),
        (lambda: convert.se_from_p(1, 1.2), "at most 1"),
        (lambda: convert.se_from_p(1, 0.2, df=-1), "df must be above 0"),
        (lambda: convert.wald_interval([1, 2], [1, 2, 3]), "the lengths differ"),
        (lambda: convert.wald_interval(1, -1), "vi must not be negative"),
        (lambda: convert.log_or_from_smd(np.nan, 1), "smd is missing"),
        (lambda: convert.smd_from_log_or(1, -1), "vi must not be negative"),
        (lambda: convert.smd_from_log_or(1, 1, method="probit"), "no conversion"),
        (lambda: convert.smd_from_r(1, 30), "r must lie between"),
        (lambda: convert.z_from_r(0.1, 3), "n must be above 3"),
        (lambda: convert.r_from_smd(0.1, 0, 3), "must be above 0"),
        (lambda: convert.smd_from_t(1, 1, 1), "too few df"),
        (lambda: convert.critical_value(95), "level is a proportion"),
    ],
)
def test_impossible_numbers_are_refused(call, fault):
    with pytest.raises(BadInput, match=f"(?i){fault}"):
        call()
