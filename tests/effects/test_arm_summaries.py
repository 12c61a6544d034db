"""Summaries of an arm that a paper prints in another form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from evidence.effects import arm_summaries as arms
from evidence.effects import quantiles
from evidence.errors import BadInput, UnknownName

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-10
quick = settings(max_examples=50, deadline=None, derandomize=True)


def test_groups_taken_together_are_the_groups_pooled_person_by_person():
    rng = np.random.default_rng(3)
    groups = [rng.normal(m, s, n) for m, s, n in ((5, 1, 12), (7, 2, 30), (1, 1, 5))]
    together = np.concatenate(groups)
    got = arms.combine_groups(
        [len(g) for g in groups], [g.mean() for g in groups], [g.std(ddof=1) for g in groups]
    )
    assert_allclose(got, (47, together.mean(), together.std(ddof=1)), rtol=CLOSED_FORM)


def test_one_group_stays_as_it_is():
    assert_allclose(arms.combine_groups(20, 3.0, 1.5), (20, 3.0, 1.5), rtol=CLOSED_FORM)
    assert arms.combine_events([4, 7], [50, 48]) == (11, 98)


@quick
@given(st.floats(0.1, 9), st.integers(3, 200), st.sampled_from(["t", "normal"]))
def test_an_interval_made_from_an_sd_gives_it_back(sd, n, distribution):
    se = sd / np.sqrt(n)
    tail = stats.t.isf(0.025, n - 1) if distribution == "t" else stats.norm.isf(0.025)
    got = arms.sd_from_ci(3 - tail * se, 3 + tail * se, n, distribution=distribution)
    assert_allclose([got, arms.sd_from_se(se, n)], sd, rtol=1e-9)


def test_the_t_test_of_two_arms_gives_their_sd_back():
    sd, n1, n2 = 3.0, 20, 25
    t = 2.0 / (sd * np.sqrt(1 / n1 + 1 / n2))
    p = 2 * stats.t.sf(t, n1 + n2 - 2)
    assert_allclose(arms.sd_from_p([2.0, -2.0], p, n1, n2), sd, rtol=1e-9)


@quick
@given(st.floats(0.5, 9), st.floats(0.5, 9), st.floats(-0.99, 0.99))
def test_the_sd_of_a_change_and_the_correlation_are_inverse(first, last, r):
    change = arms.change_sd(first, last, r)
    assert_allclose(arms.change_correlation(first, last, change), r, atol=1e-9)


def test_without_correlation_within_clusters_there_is_no_design_effect():
    assert arms.design_effect([1, 20], [0.3, 0.0]).tolist() == [1.0, 1.0]


FIVE = {"minimum": 2, "q1": 5, "median": 7, "q3": 9, "maximum": 12}


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("hozo", ["minimum", "median", "maximum"]),
        ("wan", ["q1", "median", "q3"]),
        ("bland", list(FIVE)),
        ("luo", list(FIVE)),
        ("luo", ["q1", "median", "q3"]),
        ("luo", ["minimum", "median", "maximum"]),
    ],
)
def test_with_symmetric_quantiles_every_mean_is_the_median(method, names):
    given = {name: FIVE[name] for name in names}
    assert_allclose(quantiles.mean_from_quantiles(**given, n=40, method=method), 7, rtol=1e-12)


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("wan", ["minimum", "median", "maximum"]),
        ("wan", ["q1", "median", "q3"]),
        ("wan", list(FIVE)),
        ("shi", list(FIVE)),
    ],
)
def test_normal_quantiles_give_the_sd_back(method, names):
    """Expected order statistics of a normal sample, to the accuracy of Blom's approximation."""
    n, sd = 200, 3.0
    extreme = sd * stats.norm.ppf((n - 0.375) / (n + 0.25))
    quartile = sd * stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))
    five = dict(zip(FIVE, (-extreme, -quartile, 0, quartile, extreme), strict=True))
    got = quantiles.sd_from_quantiles(**{name: five[name] for name in names}, n=n, method=method)
    # the weights of Shi were fitted, and sum to 1 only nearly
    assert_allclose(got, sd, rtol=1e-12 if method == "wan" else 0.02)


@quick
@given(st.floats(0.01, 50), st.floats(-20, 20))
def test_quantiles_in_another_unit_give_mean_and_sd_in_that_unit(unit, origin):
    moved = {name: unit * value + origin for name, value in FIVE.items()}
    assert_allclose(
        quantiles.mean_from_quantiles(**moved, n=40),
        unit * quantiles.mean_from_quantiles(**FIVE, n=40) + origin,
        atol=1e-9,
    )
    assert_allclose(
        quantiles.sd_from_quantiles(**moved, n=40, method="shi"),
        unit * quantiles.sd_from_quantiles(**FIVE, n=40, method="shi"),
        rtol=1e-9,
    )


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: quantiles.mean_from_quantiles(median=1, n=9), "It needs"),
        (lambda: quantiles.mean_from_quantiles(median=1, q1=0, n=9), "It needs"),
        (lambda: quantiles.mean_from_quantiles(**FIVE, n=9, method="hozo"), "minimum, median, max"),
        (lambda: quantiles.mean_from_quantiles(**{**FIVE, "q1": 8}, n=9), "q1 8 exceeds median 7"),
        (lambda: quantiles.sd_from_quantiles(**FIVE, n=1), "n must be at least 2"),
        (lambda: quantiles.sd_from_quantiles(median=1, q1=0, q3=2, n=9, method="shi"), "It needs"),
        (lambda: arms.combine_groups([3, 4], [1, 2], [1, -1]), "sd must not be negative"),
        (lambda: arms.combine_groups([3, 4], [1, 2], 1), "differ in length"),
        (lambda: arms.combine_groups(1, 2, 0), "1 people have no standard deviation"),
        (lambda: arms.combine_events([5], [4]), "5 events exceed n = 4"),
        (lambda: arms.sd_from_se(-1, 9), "se must not be negative"),
        (lambda: arms.sd_from_p(1, 0.1, 1, 1), "leave no df"),
        (lambda: arms.change_sd(1, 1, 1.5), "correlation must lie"),
        (lambda: arms.change_correlation(1, 1, 9), "would be -39.5"),
        (lambda: arms.design_effect(0.5, 0.1), "at least 1"),
        (lambda: arms.design_effect(11, -0.2), "would be -1"),
    ],
)
def test_impossible_summaries_are_refused(call, fault):
    with pytest.raises(BadInput, match=fault):
        call()


def test_unknown_methods_are_refused():
    with pytest.raises(UnknownName, match="quantiles 'lou'"):
        quantiles.mean_from_quantiles(**FIVE, n=9, method="lou")
    with pytest.raises(UnknownName, match="quantiles 'hozo'"):
        quantiles.sd_from_quantiles(**FIVE, n=9, method="hozo")
    with pytest.raises(UnknownName, match="distribution of an interval"):
        arms.sd_from_ci(1, 2, 9, distribution="z")
