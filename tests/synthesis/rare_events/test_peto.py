import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence.errors import BadInput, EmptySelection
from evidence.synthesis.rare_events.peto import pool_peto

#: Closed form; only the order of the sums differs.
CLOSED_FORM = 1e-12
TABLES = {
    "ai": [0, 3, 0, 12, 5, 10, 1, 7],
    "n1i": [12, 14, 20, 12, 30, 10, 150, 25],
    "ci": [4, 0, 0, 12, 9, 6, 0, 11],
    "n2i": [13, 15, 22, 12, 28, 10, 148, 24],
}


def test_result_is_that_of_metafor():
    # rma.peto(), metafor 3.8.1
    found = pool_peto(**TABLES)
    assert_allclose(
        [found.estimate, found.se, found.heterogeneity.q],
        [-0.2778849167922239, 0.3478418498801221, 16.282870221810285],
        rtol=CLOSED_FORM,
    )
    assert (found.k, found.k_informative, found.heterogeneity.q_df) == (8, 6, 5)


def test_estimate_is_the_weighted_mean_of_the_informative_studies():
    found = pool_peto(**TABLES)
    own = found.effects.keep_estimable()
    assert own.k == found.k_informative
    assert_allclose(np.average(own.yi, weights=1 / own.vi), found.estimate, rtol=CLOSED_FORM)
    assert_allclose(found.weights[found.variances > 0], found.se**2 / own.vi, rtol=1e-11)


def test_swapping_the_arms_turns_the_sign():
    other = pool_peto(ai=TABLES["ci"], n1i=TABLES["n2i"], ci=TABLES["ai"], n2i=TABLES["n1i"])
    assert_allclose(other.estimate, -pool_peto(**TABLES).estimate, rtol=CLOSED_FORM)


def test_an_arm_without_events_has_an_estimate_and_two_have_a_reason():
    one = pool_peto(ai=[0, 0], n1i=[50, 60], ci=[2, 3], n2i=[50, 60])
    assert one.estimate < 0
    none = pool_peto(ai=[0, 0], n1i=[50, 60], ci=[0, 0], n2i=[50, 60])
    assert none.estimate is None
    assert none.heterogeneity.q is None
    assert "No study" in none.to_frame().loc[0, "reason"]


def test_a_trial_of_two_participants_with_one_event_has_its_exact_variance():
    # One event falls on either participant alike: mean 1/2, variance 1/4.
    found = pool_peto(ai=[1], n1i=[1], ci=[0], n2i=[1])
    assert (found.differences[0], found.variances[0]) == (0.5, 0.25)
    assert (found.estimate, found.se, found.k_informative) == (2.0, 2.0, 1)


def test_nonsense_is_refused():
    with pytest.raises(BadInput, match="exceeds n1i"):
        pool_peto(ai=[11], n1i=[10], ci=[0], n2i=[9])
    with pytest.raises(EmptySelection, match="drop00"):
        pool_peto(ai=[0], n1i=[10], ci=[0], n2i=[9], drop00=True)
