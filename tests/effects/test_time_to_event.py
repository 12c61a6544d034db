"""Log-rank statistics: the routes to one log hazard ratio agree."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence.effects.time_to_event import (
    log_hazard_ratio_from_logrank,
    log_hazard_ratio_from_p,
    logrank_variance,
    logrank_variance_by_arm,
)
from evidence.errors import BadInput

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-12


def test_with_equal_arms_the_variance_is_a_quarter_of_the_events():
    assert_allclose(logrank_variance(80, 150, 150), 20, rtol=CLOSED_FORM)
    assert_allclose(logrank_variance_by_arm(40, 40), 20, rtol=CLOSED_FORM)


def test_more_hazard_in_the_other_arm_flips_the_sign():
    y, v = log_hazard_ratio_from_p([0.03, 0.03], 20, [-1, 1])
    assert_allclose(y[0], -y[1], rtol=CLOSED_FORM)
    assert y[0] < 0
    assert_allclose(v, 1 / 20, rtol=CLOSED_FORM)


def test_the_p_value_of_o_minus_e_leads_back_to_it():
    y, _ = log_hazard_ratio_from_p(0.012, 33.0, -1)
    z = 2.5121443279304616
    assert_allclose(y, log_hazard_ratio_from_logrank(-z * np.sqrt(33.0), 33.0)[0], rtol=CLOSED_FORM)


def test_a_p_value_of_1_is_a_hazard_ratio_of_1():
    assert log_hazard_ratio_from_p(1.0, 20.0, -1)[0] == 0


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: log_hazard_ratio_from_logrank(1, 0), "v must be above 0"),
        (lambda: logrank_variance(30, 10, 10), "exceed the number randomised"),
        (lambda: logrank_variance(0, 10, 10), "events must be above 0"),
        (lambda: logrank_variance_by_arm(0, 10), "events1 must be above 0"),
        (lambda: log_hazard_ratio_from_p(0.0, 10, 1), "p_value must be above 0"),
        (lambda: log_hazard_ratio_from_p(0.1, 10, 0.5), "direction must be -1 or 1"),
        (lambda: log_hazard_ratio_from_p(0.1, np.nan, 1), "v is missing"),
    ],
)
def test_impossible_statistics_are_refused(call, fault):
    with pytest.raises(BadInput, match=fault):
        call()
