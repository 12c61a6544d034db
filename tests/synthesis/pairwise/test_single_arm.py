import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from evidence.errors import BadInput, EvidenceError, NotEstimable, UnknownName
from evidence.synthesis.pairwise.single_arm import (
    PROPORTION_TRANSFORMS,
    RATE_TRANSFORMS,
    pool_proportions,
    pool_rates,
)
from evidence.synthesis.pairwise.single_arm_summary import PooledProportion, PooledRate

#: Closed form; only the order of the sums differs.
CLOSED_FORM = 1e-10

XI, NI = [2, 5, 0, 9, 4, 1], [40, 60, 25, 120, 33, 18]
TI = [60.0, 110.5, 30.0, 250.0, 61.0, 20.0]


@pytest.mark.parametrize("transform", PROPORTION_TRANSFORMS)
def test_the_studies_without_events_are_kept(transform):
    found = pool_proportions(XI, NI, transform=transform)
    assert isinstance(found, PooledProportion)
    assert found.k == 6
    assert_allclose(found.ni, NI)
    assert found.ci_low < found.estimate < found.ci_high


@pytest.mark.parametrize("transform", RATE_TRANSFORMS)
def test_the_studies_without_events_are_kept_for_rates(transform):
    found = pool_rates(XI, TI, transform=transform)
    assert isinstance(found, PooledRate)
    assert found.k == 6
    assert_allclose(found.ti, TI)
    assert found.ci_low < found.estimate < found.ci_high


def test_study_intervals_are_exact():
    frame = pool_proportions(XI, NI, labels=list("ABCDEF")).studies_frame()
    low = stats.beta.ppf(0.025, 5, 60 - 5 + 1)
    high = stats.beta.ppf(0.975, 5 + 1, 60 - 5)
    assert_allclose(frame.loc[1, ["ci_low", "ci_high"]].astype(float), [low, high], rtol=1e-9)
    assert frame.loc[2, "ci_low"] == 0.0
    assert frame.loc[2, "study"] == "C"
    rates = pool_rates(XI, TI).studies_frame()
    assert_allclose(rates.loc[1, "ci_high"], stats.chi2.ppf(0.975, 12) / 2 / 110.5, rtol=1e-9)


@pytest.mark.parametrize("transform", ["PLO", "PAS", "PFT", "PR"])
def test_counting_the_other_outcome_mirrors_the_proportion(transform):
    events = pool_proportions(XI, NI, transform=transform)
    others = pool_proportions(np.subtract(NI, XI), NI, transform=transform)
    assert_allclose(others.estimate, 1 - events.estimate, rtol=1e-8)
    assert_allclose(
        [others.ci_low, others.ci_high], [1 - events.ci_high, 1 - events.ci_low], rtol=1e-8
    )


@pytest.mark.parametrize("transform", RATE_TRANSFORMS)
def test_a_change_of_time_unit_scales_the_rate(transform):
    years = pool_rates(XI, TI, transform=transform)
    months = pool_rates(XI, np.multiply(TI, 12), transform=transform)
    assert_allclose(12 * months.estimate, years.estimate, rtol=1e-8)
    assert_allclose(12 * months.ci_high, years.ci_high, rtol=1e-8)


def test_one_study_gives_back_its_own_proportion_and_rate():
    for transform in PROPORTION_TRANSFORMS:
        found = pool_proportions([7], [40], transform=transform)
        assert_allclose(found.estimate, 7 / 40, rtol=CLOSED_FORM)
    for transform in RATE_TRANSFORMS:
        found = pool_rates([7], [40.0], transform=transform)
        assert_allclose(found.estimate, 7 / 40, rtol=CLOSED_FORM)


def test_the_size_of_the_freeman_tukey_inverse_is_named():
    found = pool_proportions(XI, NI, transform="PFT")
    assert_allclose(found.back_transform_n, stats.hmean(NI), rtol=CLOSED_FORM)
    assert "harmonic mean" in found.back_transform_rule
    assert any("on which the result depends" in decision for decision in found.decisions)
    other = pool_proportions(XI, NI, transform="PFT", back_transform_n=1000)
    assert other.back_transform_n == 1000
    assert "as given" in other.back_transform_rule
    assert other.estimate != found.estimate
    assert pool_proportions(XI, NI).back_transform_n is None


def test_a_limit_outside_the_range_becomes_its_end_and_stays_around_the_estimate():
    # squaring the sine of a negative limit would put the lower limit above the estimate
    events, sizes = [0, 1, 3, 0, 12, 2, 5, 20], [15, 40, 22, 60, 12, 31, 80, 21]
    found = pool_proportions(events, sizes, transform="PAS", policy="metafor")
    assert found.fit.prediction.low < 0
    assert found.prediction_low == 0.0
    assert found.prediction_high == 1.0


def test_limits_beyond_the_possible_values_are_not_cut_and_said():
    found = pool_proportions([0, 1, 0, 1], [20, 22, 25, 30], transform="PR", policy="metafor")
    assert found.ci_low < 0
    assert any("beyond the possible values" in decision for decision in found.decisions)


def test_zero_cells_follow_the_rule_that_is_named():
    found = pool_proportions(XI, NI)
    assert "0.5" in found.zero_cell_rule
    assert any("Empty cells were corrected" in decision for decision in found.decisions)
    none = pool_proportions(XI, NI, to="none")
    assert none.k == 5
    assert len(none.xi) == len(none.fit.weights) == 5
    assert any("was left out" in decision for decision in none.decisions)


def test_the_frame_and_the_printed_summary_carry_the_definitions():
    found = pool_proportions(XI, NI, transform="PFT")
    row = found.to_frame().iloc[0]
    assert (row["events"], row["size"], row["transform"]) == (21, 296, "PFT")
    assert "PooledProportion of 6 studies (21 events in 296)" in str(found)
    assert "prediction 95% interval" in str(found)


def test_another_kind_of_transformation_is_refused():
    with pytest.raises(UnknownName, match="transformation of a proportion"):
        pool_proportions(XI, NI, transform="IRLN")
    with pytest.raises(UnknownName, match="transformation of a rate"):
        pool_rates(XI, TI, transform="PLO")


def test_impossible_counts_are_refused_together():
    with pytest.raises(BadInput) as refused:
        pool_proportions([5, -1, 3], [4, 10, 0])
    assert len(refused.value.problems) >= 3


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    arms=st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 100), st.floats(0.1, 500)),
        min_size=1,
        max_size=8,
    ),
    transform=st.sampled_from([*PROPORTION_TRANSFORMS, *RATE_TRANSFORMS]),
)
def test_any_counts_give_an_ordered_interval_or_a_refusal(arms, transform):
    events, others, time = (np.array(part, dtype=float) for part in zip(*arms, strict=True))
    try:
        if transform in PROPORTION_TRANSFORMS:
            found = pool_proportions(events, events + others, transform=transform)
        else:
            found = pool_rates(events, time, transform=transform)
    except EvidenceError:
        return
    assert found.ci_low <= found.estimate <= found.ci_high
    assert np.all(found.ci_lows <= found.estimates)
    assert np.all(found.estimates <= found.ci_highs)


def test_a_limit_beyond_double_precision_is_refused():
    with pytest.raises(NotEstimable, match="Choose another transformation"):
        pool_proportions([0, 0], [50, 60], transform="PLN", add=1e-9)
    with pytest.raises(BadInput, match="Give a number above 0"):
        pool_proportions([4, 5], [50, 60], transform="PFT", back_transform_n="many")
