"""Means, standard deviations and correlations: identities and limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence.effects.continuous import VARIANCE_TYPES, small_sample_correction
from evidence.effects.effect_sizes import effect_size

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-10
quick = settings(max_examples=50, deadline=None, derandomize=True)
arms = st.tuples(st.floats(0.5, 50), st.floats(0.1, 20), st.integers(5, 200))
TWO_GROUP = ("MD", "SMD", "SMDH", "ROM", "CVR")


def two(measure, one, other, **options):
    (m1, s1, n1), (m2, s2, n2) = one, other
    columns = {"m1i": m1, "sd1i": s1, "n1i": n1, "m2i": m2, "sd2i": s2, "n2i": n2}
    if measure == "VR":
        columns = {name: value for name, value in columns.items() if name[0] != "m"}
    effects = effect_size(measure, **columns, **options)
    return effects.yi[0], effects.vi[0]


@pytest.mark.parametrize("measure", [*TWO_GROUP, "VR"])
@quick
@given(arms, arms)
def test_swapping_the_arms_flips_the_sign(measure, one, other):
    for vtype in VARIANCE_TYPES.get(measure, (None,)):
        y, v = two(measure, one, other, vtype=vtype)
        flipped, same = two(measure, other, one, vtype=vtype)
        assert_allclose(flipped, -y, rtol=CLOSED_FORM, atol=1e-12)
        assert_allclose(same, v, rtol=CLOSED_FORM)


@pytest.mark.parametrize("measure", ["SMD", "SMDH", "ROM", "CVR", "VR"])
@quick
@given(arms, arms, st.floats(0.01, 100))
def test_a_standardised_effect_does_not_depend_on_the_unit(measure, one, other, unit):
    scaled = [(unit * m, unit * s, n) for m, s, n in (one, other)]
    assert_allclose(two(measure, *scaled), two(measure, one, other), rtol=1e-8, atol=1e-10)


@quick
@given(arms, arms, st.floats(-30, 30))
def test_a_mean_difference_does_not_depend_on_the_origin(one, other, shift):
    moved = [(m + shift, s, n) for m, s, n in (one, other)]
    for measure in ("MD", "SMD", "SMDH"):
        assert_allclose(two(measure, *moved), two(measure, one, other), rtol=1e-8, atol=1e-8)


def test_with_equal_standard_deviations_and_sizes_both_smds_agree():
    one, other = (5.0, 2.0, 30), (4.0, 2.0, 30)
    assert_allclose(two("SMD", one, other)[0], two("SMDH", one, other)[0], rtol=CLOSED_FORM)


def test_without_correction_the_smd_is_cohens_d():
    y, v = two("SMD", (5.0, 2.0, 10), (4.0, 2.0, 12), correct=False)
    assert_allclose(y, 0.5, rtol=CLOSED_FORM)
    assert_allclose(v, 1 / 10 + 1 / 12 + 0.25 / 44, rtol=CLOSED_FORM)


def test_the_exact_correction_approaches_the_approximate_one():
    df = np.array([10.0, 50.0, 1000.0])
    gap = small_sample_correction(df) - small_sample_correction(df, exact=False)
    assert_allclose(gap * df**2, -1 / 32, rtol=0.1)


def test_the_correction_needs_more_than_one_degree_of_freedom():
    assert np.isnan(small_sample_correction([0.5, 1.0])).all()
    # J(2) = gamma(1) / (sqrt(1) gamma(1/2))
    assert_allclose(small_sample_correction(2), 1 / np.sqrt(np.pi), rtol=CLOSED_FORM)


def test_the_second_order_correction_can_be_left_out():
    one, other = (5.0, 2.0, 10), (4.0, 3.0, 12)
    assert_allclose(two("ROM", one, other, correct=False)[0], np.log(5 / 4), rtol=CLOSED_FORM)
    shift = (2**2 / (10 * 25) - 3**2 / (12 * 16)) / 2
    assert_allclose(two("ROM", one, other)[0], np.log(5 / 4) + shift, rtol=CLOSED_FORM)
    difference = two("CVR", one, other)[0] - two("CVR", one, other, correct=False)[0]
    assert_allclose(difference, -shift, rtol=CLOSED_FORM)


def test_a_ratio_is_the_difference_of_the_logs_of_its_arms():
    one, other = (5.0, 2.0, 10), (4.0, 3.0, 12)
    for ratio, single in (("ROM", "MNLN"), ("CVR", "CVLN"), ("VR", "SDLN")):
        options = {} if ratio == "VR" else {"correct": False}
        means = {} if single == "SDLN" else {"mi": [5.0, 4.0]}
        arms = effect_size(single, **means, sdi=[2.0, 3.0], ni=[10, 12])
        y, v = two(ratio, one, other, **options)
        assert_allclose(y, arms.yi[0] - arms.yi[1], rtol=CLOSED_FORM)
        assert_allclose(v, arms.vi.sum(), rtol=CLOSED_FORM)


def test_glass_delta_divides_by_the_standard_deviation_of_group_2():
    effects = effect_size("SMD1", m1i=6, n1i=20, m2i=4, sd2i=2, n2i=20, correct=False)
    assert_allclose(effects.yi, 1.0, rtol=CLOSED_FORM)
    assert_allclose(effects.vi, 0.1 + 1 / 40, rtol=CLOSED_FORM)


@pytest.mark.parametrize(
    ("r", "n", "yi", "vi", "unbiased_vi"),
    [
        (0.15, 1832, 0.15004010967766, 0.000521836549794487, 0.000522670401154838),
        (0.24, 238, 0.240483527198394, 0.00374548491275005, 0.00379019720380908),
        (0.31, 300, 0.31047337707884, 0.00273078365584025, 0.00275529979716714),
        (-0.2, 338, -0.200287562010846, 0.00273406233488706, 0.00275745351261895),
        (0.14, 206, 0.140340086998054, 0.00468779134820101, 0.00475577210373727),
    ],
)
def test_the_unbiased_correlation_of_many_pairs_is_that_of_metafor(r, n, yi, vi, unbiased_vi):
    """SciPy's hypergeometric function is NaN or infinite for these."""
    large = effect_size("UCOR", ri=r, ni=n, vtype="LS")
    exact = effect_size("UCOR", ri=r, ni=n, vtype="UB")
    assert_allclose([large.yi[0], large.vi[0]], [yi, vi], rtol=1e-10)
    assert_allclose([exact.yi[0], exact.vi[0]], [yi, unbiased_vi], rtol=1e-10)


def test_every_correlation_of_more_than_four_pairs_has_an_unbiased_estimate():
    r, n = np.meshgrid(np.linspace(-1, 1, 41), [5, 6, 7, 10, 51, 500, 5001, 1e6])
    effects = effect_size("UCOR", ri=r.ravel(), ni=n.ravel())
    shrunk = (np.abs(effects.yi) >= np.abs(r.ravel()) - 1e-12) & (np.abs(effects.yi) <= 1 + 1e-12)
    assert shrunk.all()


@pytest.mark.parametrize("measure", ["COR", "UCOR", "ZCOR"])
@quick
@given(st.floats(-0.99, 0.99), st.integers(5, 300))
def test_a_negative_correlation_mirrors_a_positive_one(measure, r, n):
    one, other = (effect_size(measure, ri=value, ni=n) for value in (r, -r))
    assert_allclose(other.yi, -one.yi, rtol=CLOSED_FORM)
    assert_allclose(other.vi, one.vi, rtol=CLOSED_FORM)


def test_the_unbiased_correlation_sums_its_series():
    """GSL, which R uses here, errs above an argument of 0.995; the series of 2F1 settles it."""
    r, n = -0.04, 12
    argument, c = 1 - r**2, (n - 2) / 2
    term, total, rest_term, rest_total = 1.0, 1.0, 1.0, 1.0
    for i in range(20_000):
        term *= (0.5 + i) ** 2 / ((c + i) * (i + 1)) * argument
        total += term
        rest_term *= (1 + i) / (n / 2 + i) * argument
        rest_total += rest_term
    effects = effect_size("UCOR", ri=r, ni=n, vtype="UB")
    assert_allclose(effects.yi, r * total, rtol=CLOSED_FORM)
    squared = 1 - (n - 3) / (n - 2) * argument * rest_total
    assert_allclose(effects.vi, (r * total) ** 2 - squared, rtol=CLOSED_FORM)


def test_the_average_effect_can_stand_in_the_variances():
    columns = {"m1i": [1, 2], "sd1i": [1, 1], "n1i": [10, 30], "m2i": [0, 0], "sd2i": [1, 1]}
    effects = effect_size("SMD", **columns, n2i=[10, 30], vtype="AV")
    typical = np.average(effects.yi, weights=[20, 60])
    assert_allclose(effects.vi, [0.2 + typical**2 / 40, 2 / 30 + typical**2 / 120])
