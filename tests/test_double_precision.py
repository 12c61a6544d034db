"""Numbers that leave double precision are refused, with no warning and no infinity."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence import (
    combine_groups,
    convert_effect,
    difference_from_ci,
    effect_size,
    proportion_interval,
    sd_from_ci,
)
from evidence.double_precision import in_double_precision, require_finite, squared
from evidence.effects import critical_value, statistic_from_p
from evidence.errors import BadInput, NotEstimable


def test_a_refusal_says_what_was_asked_and_what_to_do():
    with (
        pytest.raises(NotEstimable, match=r"^A mean left .* Check the numbers"),
        in_double_precision("A mean"),
    ):
        np.square(np.array([1e200]))
    with (
        pytest.raises(NotEstimable, match="one is 0"),
        in_double_precision("A mean", "one is 0", "Leave it out."),
    ):
        require_finite([1.0, np.inf])


def test_squares_of_standard_errors_are_above_zero():
    assert_allclose(squared([0.1, 2.0]), [0.01, 4.0])
    with pytest.raises(ArithmeticError):
        squared([1e-200])


@pytest.mark.parametrize(
    "call",
    [
        lambda: combine_groups([5, 5], [1e200, 2e200], [1.0, 1.0]),
        lambda: difference_from_ci(0.0, -1e200, 1e200),
        lambda: difference_from_ci(0.0, -1e-200, 1e-200),
        lambda: effect_size("GEN", yi=[0.1], sei=[1e300]),
        lambda: effect_size("GEN", yi=[0.1], sei=[1e-300]),
        lambda: convert_effect(1e-300, source="RR", target="HR", baseline_risk=1e-300),
        lambda: proportion_interval(15, 1e301),
        lambda: critical_value(df=1e-300),
        lambda: statistic_from_p(1.0, 5e-324),
    ],
)
def test_extreme_numbers_are_refused(call):
    with pytest.raises((NotEstimable, BadInput)) as refusal:
        call()
    assert "double precision" in str(refusal.value) or "would be 0" in str(refusal.value)


def test_lengths_that_differ_are_named_also_for_degrees_of_freedom():
    with pytest.raises(BadInput, match="the lengths differ"):
        sd_from_ci([0.1, 0.2], [0.3, 0.4], [10, 20, 30])


def test_a_variance_below_zero_is_no_effect_size():
    # half a person in a group makes the variance of the other formula negative
    found = effect_size(
        "ROM", m1i=[1.0], sd1i=[9.0], n1i=[0.5], m2i=[1.0], sd2i=[1.0], n2i=[3.0], vtype="HO"
    )
    assert not found.estimable[0]
    assert found.excluded[0]
