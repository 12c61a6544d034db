"""Effects from what an arm's own estimate and interval say."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence.effects.arm_estimates import (
    log_ratio_of_rates,
    log_ratio_of_rates_of_patients,
    proportion_from_interval,
)
from evidence.errors import BadInput, UnknownName

CLOSED_FORM = 1e-10
RATES = ([0.18, 0.26], [0.13, 0.21], [0.23, 0.33], [0.39, 0.52], [0.29, 0.41], [0.53, 0.66])
PERCENT = ([87.0, 62.0], [78.0, 50.0], [93.0, 72.0])


def test_rates_of_arms_equal_metafor():
    # R 4.2.2: ((log(u) - log(l)) / (2 * qnorm(0.975)))^2 of both arms
    found = log_ratio_of_rates(*RATES)
    assert_allclose(found.yi, [-0.7731898882334818, -0.6931471805599453], rtol=CLOSED_FORM)
    assert_allclose(found.vi, [0.04484791745046081, 0.02804567782331603], rtol=CLOSED_FORM)
    # metafor 3.8-1: escalc(measure="IRR", x1i=c(0.18*376*2, 0.26*426*2), t1i=c(376*2, 426*2), ...)
    found = log_ratio_of_rates_of_patients(
        [0.18, 0.26], [376, 426], 24, [0.39, 0.52], [187, 202], 24
    )
    assert_allclose(found.yi, [-0.7731898882334817, -0.6931471805599453], rtol=CLOSED_FORM)
    assert_allclose(found.vi, [0.01424359606462235, 0.009274356471400118], rtol=CLOSED_FORM)


@pytest.mark.parametrize(
    ("measure", "yi", "vi"),
    [
        ("PLO", [1.900958761193047, 0.4895482253187058], [0.1135702457548318, 0.05805136617428779]),
        (
            "PLN",
            [-0.1392620673335077, -0.4780358009429998],
            [0.002013396992723835, 0.008653262113002366],
        ),
        (
            "PAS",
            [1.201933342568272, 0.90658108891693],
            [0.003162512571483044, 0.003377137451042093],
        ),
        ("PR", [0.87, 0.62], [0.001464287465401908, 0.00314984503668677]),
    ],
)
def test_a_proportion_with_its_interval_equals_r(measure, yi, vi):
    # R 4.2.2: ((f(u) - f(l)) / (2 * qnorm(0.975)))^2, f qlogis, log, asin of sqrt, identity
    found = proportion_from_interval(*PERCENT, measure=measure)
    assert_allclose(found.yi, yi, rtol=CLOSED_FORM)
    assert_allclose(found.vi, vi, rtol=CLOSED_FORM)


def test_swapping_the_arms_flips_the_sign():
    one, other = log_ratio_of_rates(*RATES), log_ratio_of_rates(*RATES[3:], *RATES[:3])
    assert_allclose(other.yi, -one.yi, rtol=CLOSED_FORM)
    assert_allclose(other.vi, one.vi, rtol=CLOSED_FORM)


def test_a_wider_level_of_the_interval_means_a_smaller_standard_error():
    plain, wider = (
        proportion_from_interval(*PERCENT),
        proportion_from_interval(*PERCENT, level=0.99),
    )
    assert np.all(wider.vi < plain.vi)


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: log_ratio_of_rates(0.2, 0.0, 0.3, 0.4, 0.3, 0.5), "must be positive"),
        (lambda: log_ratio_of_rates(0.2, 0.1, 0.3, 0.6, 0.3, 0.5), "arm 2, 0.3 to 0.5"),
        (lambda: log_ratio_of_rates_of_patients(0.2, 0, 24, 0.4, 90, 24), "n1 must be positive"),
        (lambda: proportion_from_interval(50, 0, 60), "ci_low must lie between 0 and 100"),
        (lambda: proportion_from_interval(50, 55, 60), "does not hold its estimate 50"),
    ],
)
def test_impossible_numbers_are_refused(call, fault):
    with pytest.raises(BadInput, match=fault):
        call()


def test_an_unknown_transformation_is_refused():
    with pytest.raises(UnknownName, match="PFT"):
        proportion_from_interval(*PERCENT, measure="PFT")
