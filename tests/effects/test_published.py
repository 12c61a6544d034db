"""Printed estimates: what the interval says, and whether it can be right."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence.effects.published import difference_from_ci, log_ratio_from_ci, log_ratio_from_p
from evidence.errors import BadInput

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-10
Z = 1.959963984540054
quick = settings(max_examples=50, deadline=None, derandomize=True)


@quick
@given(st.floats(-3, 3), st.floats(0.02, 2))
def test_an_interval_made_from_a_standard_error_gives_it_back(y, se):
    limits = np.exp([y - Z * se, y + Z * se])
    ratio = log_ratio_from_ci(np.exp(y), *limits, decimals=3)
    assert_allclose([ratio.yi, ratio.sei], [y, se], atol=1e-12, rtol=CLOSED_FORM)
    assert_allclose(ratio.asymmetry, 0, atol=1e-12)
    assert not ratio.beyond_rounding


@quick
@given(st.floats(0.2, 5), st.floats(0.05, 0.6))
def test_rounding_an_exact_interval_is_never_blamed_on_anything_else(hr, se):
    printed = [round(float(x), 2) for x in hr * np.exp([0, -Z * se, Z * se])]
    if printed[1] < printed[0] < printed[2]:
        assert not log_ratio_from_ci(*printed, decimals=2).beyond_rounding


def test_a_ratio_that_is_not_in_the_middle_of_its_interval_is_pointed_out():
    ratio = log_ratio_from_ci([0.72, 0.72], [0.55, 0.35], [0.94, 0.94])
    assert ratio.beyond_rounding.tolist() == [False, True]
    assert_allclose(ratio.midpoint[0], -0.32985620223685397, rtol=CLOSED_FORM)
    assert_allclose(ratio.asymmetry, ratio.midpoint - ratio.yi, rtol=CLOSED_FORM)


def test_the_longest_number_tells_how_many_decimals_were_printed():
    told = log_ratio_from_ci(0.7, 0.55, 0.9, decimals=2)
    found = log_ratio_from_ci(0.7, 0.55, 0.9)
    assert found.rounding == told.rounding
    assert (
        log_ratio_from_ci(7.0, 5.0, 9.0).rounding
        == log_ratio_from_ci(7.0, 5.0, 9.0, decimals=0).rounding
    )


def test_a_number_that_may_have_been_rounded_to_nothing_explains_any_asymmetry():
    ratio = log_ratio_from_ci(1.0, 0.5, 9.0, decimals=0)
    assert np.isinf(ratio.rounding)


def test_a_difference_is_read_without_a_logarithm():
    printed = difference_from_ci(-1.0, -2.0, 0.5, level=0.9)
    assert_allclose(printed.vi, (2.5 / (2 * 1.6448536269514722)) ** 2, rtol=CLOSED_FORM)
    assert_allclose([printed.midpoint, printed.asymmetry, printed.rounding], [-0.75, 0.25, 0.1])


def test_a_p_value_and_an_interval_of_one_normal_test_agree():
    y, v = log_ratio_from_p(0.6, 0.03)
    z = abs(y) / np.sqrt(v)
    limits = np.exp([y - Z * np.sqrt(v), y + Z * np.sqrt(v)])
    assert_allclose(z, 2.1700903775845606, rtol=CLOSED_FORM)
    assert_allclose(log_ratio_from_ci(0.6, *limits).vi, v, rtol=CLOSED_FORM)


def test_all_intervals_that_cannot_be_right_are_told_at_once():
    with pytest.raises(BadInput) as refusal:
        log_ratio_from_ci(
            [0.7, 0.8, -1.0, 0.5],
            [0.8, 0.9, 0.1, 0.4],
            [0.9, 0.5, 2.0, 0.6],
            labels=["A", "B", "C"],
        )
    assert refusal.value.problems == (
        "row 3 (C): estimate must be positive, and is -1",
        "row 1 (A): the interval 0.8 to 0.9 does not hold its estimate 0.7",
        "row 2 (B): the interval 0.9 to 0.5 does not hold its estimate 0.8",
        "row 3 (C): the interval 0.1 to 2 does not hold its estimate -1",
    )


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((0.7, 0.0, 0.9), "ci_low must be positive"),
        ((0.7, np.nan, 0.9), "ci_low is missing"),
        (([0.7, 0.8], [0.5, 0.6, 0.7], 0.9), "the lengths differ"),
    ],
)
def test_impossible_numbers_are_refused(arguments, fault):
    with pytest.raises(BadInput, match=fault):
        log_ratio_from_ci(*arguments)


def test_a_level_in_percent_is_refused():
    with pytest.raises(BadInput, match="level is a proportion"):
        log_ratio_from_ci(0.7, 0.5, 0.9, level=95)


def test_a_ratio_of_1_has_no_standard_error_in_its_p_value():
    with pytest.raises(BadInput, match="fits every standard error"):
        log_ratio_from_p(1.0, 0.5)
    with pytest.raises(BadInput, match="fits every standard error"):
        log_ratio_from_p(0.9, 1.0)
