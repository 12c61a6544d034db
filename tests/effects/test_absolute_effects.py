"""Relative effects at a baseline risk, and numbers needed to treat."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence.effects.absolute_effects import (
    absolute_effect,
    convert_effect,
    newcombe_interval,
    number_needed_to_treat,
    risk_with_treatment,
)
from evidence.errors import BadInput, UnknownName

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-10
quick = settings(max_examples=50, deadline=None, derandomize=True)
risks = st.floats(0.01, 0.99)


def test_the_odds_ratio_of_the_handbook_means_62_fewer_in_1000():
    """Cochrane Handbook 5.1, 12.5.4.3: OR 0.73 at 0.3; 62 fewer per 1000, NNT 17."""
    effect = absolute_effect("OR", 0.73, 0.6, 0.9, baseline=0.3)
    assert round(1000 * effect.difference) == -62
    assert np.ceil(number_needed_to_treat(effect.difference, *effect.difference_ci).nnt) == 17


def test_a_hazard_ratio_acts_on_the_event_free_proportion():
    """Baseline 0.312 and HR 0.56 give 0.18895 (five digits)."""
    risk = risk_with_treatment(0.56, measure="HR", baseline_risk=0.312)
    assert_allclose(risk, 0.18895, atol=5e-6)
    assert_allclose(1 - risk, (1 - 0.312) ** 0.56, rtol=CLOSED_FORM)


def test_a_rate_ratio_multiplies_the_rate():
    effect = absolute_effect("IRR", 0.5, 0.4, 0.6, baseline=0.36)
    assert_allclose(effect.treated, 0.18)
    assert_allclose(effect.difference_ci, (0.144 - 0.36, 0.216 - 0.36))


def test_a_risk_above_1_is_put_at_1_and_flagged():
    effect = absolute_effect("RR", 1.2, 0.9, 1.6, baseline=0.7)
    assert effect.capped
    assert effect.treated_ci == (0.7 * 0.9, 1.0)
    assert not absolute_effect("RR", 1.2, 0.9, 1.3, baseline=0.7).capped


@pytest.mark.parametrize("source", ["RR", "OR", "HR", "RD"])
@pytest.mark.parametrize("target", ["RR", "OR", "HR", "RD"])
@quick
@given(risks, risks)
def test_an_effect_converted_and_converted_back_is_the_same(source, target, p, q):
    effect = convert_effect(q - p, source="RD", target=source, baseline_risk=p)
    there = convert_effect(effect, source=source, target=target, baseline_risk=p)
    if target == "RD" or there > 0:
        back = convert_effect(there, source=target, target=source, baseline_risk=p)
        assert_allclose(back, effect, rtol=1e-8, atol=1e-10)


def test_no_effect_is_no_effect_on_every_scale():
    for source, none in (("RR", 1.0), ("OR", 1.0), ("HR", 1.0), ("RD", 0.0)):
        assert_allclose(
            risk_with_treatment(none, measure=source, baseline_risk=[0.1, 0.9]), [0.1, 0.9]
        )


def test_a_number_needed_through_infinity_names_both_ends():
    needed = number_needed_to_treat(-0.02, -0.05, 0.01)
    assert needed.through_infinity
    assert needed.ci is None
    assert_allclose([needed.nnt, needed.fewer_limit, needed.more_limit], [50, 20, 100])
    assert needed.direction == "fewer"


def test_a_number_needed_has_its_limits_in_order():
    assert_allclose(number_needed_to_treat(-0.08, -0.13, -0.03).ci, (1 / 0.13, 1 / 0.03))
    harm = number_needed_to_treat(0.1, 0.04, 0.16)
    assert_allclose(harm.ci, (6.25, 25))
    assert harm.direction == "more"
    assert harm.fewer_limit is None


def test_no_difference_needs_infinitely_many():
    needed = number_needed_to_treat(0.0, -0.1, 0.0)
    assert needed.nnt == np.inf
    assert needed.direction == "none"
    assert needed.more_limit == np.inf


def test_newcombes_interval_holds_the_difference_and_stays_between_minus_1_and_1():
    low, high = newcombe_interval([0, 10, 5], [10, 10, 50], [10, 0, 9], [10, 10, 48])
    difference = np.array([-1.0, 1.0, 5 / 50 - 9 / 48])
    assert np.all((low <= difference) & (difference <= high))
    assert np.all((low >= -1) & (high <= 1))
    swapped = newcombe_interval([10, 0, 9], [10, 10, 48], [0, 10, 5], [10, 10, 50])
    assert_allclose(swapped, (-high, -low), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: absolute_effect("RR", 0.5, 0.4, 0.6, baseline=30), "divided by 100"),
        (lambda: absolute_effect("RR", -0.7, 0.4, 0.6, baseline=0.3), "a log ratio exponentiated"),
        (lambda: absolute_effect("IRR", 0.5, 0.4, 0.6, baseline=0), "rate above 0"),
        (
            lambda: convert_effect(4, source="RR", target="OR", baseline_risk=0.3),
            "would be 1.2",
        ),
        (lambda: number_needed_to_treat(0.1, 0.2, 0.3), "does not hold"),
        (lambda: number_needed_to_treat(-8, -13, -3), "exceeds 1"),
        (lambda: newcombe_interval(11, 10, 1, 10), "exceed n = 10"),
    ],
)
def test_impossible_numbers_are_refused(call, fault):
    with pytest.raises(BadInput, match=fault):
        call()


def test_an_unknown_measure_is_refused():
    with pytest.raises(UnknownName, match="measure of a risk"):
        risk_with_treatment(1, measure="SMD", baseline_risk=0.1)
    with pytest.raises(UnknownName, match="measure of a risk"):
        convert_effect(1, source="RR", target="SMD", baseline_risk=0.1)
