import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from evidence import effect_size
from evidence.errors import BadInput, NotEstimable, TooFewStudies, UnknownName
from evidence.synthesis.heterogeneity.measures import cochran_q
from evidence.synthesis.heterogeneity.tau2_estimates import estimate_tau2
from evidence.synthesis.heterogeneity.weighted_q import generalised_q, generalised_q_interval
from evidence.synthesis.numerics import weighted_chi_squared_tails

#: Farebrother's series stops at 1e-16 for a single term, and has thousands of them.
SERIES = 1e-10
#: Two root finders on the same tails.
ROOT = 1e-9
#: metafor's own calls stop the series at 1e-10 for a term, and its bounds carry that.
METAFOR_BOUND = 1e-3
CLOSED = 1e-12

REFERENCE = json.loads((Path(__file__).parents[1] / "reference/generalised_q.json").read_text())
YI, VI = np.array(REFERENCE["yi"]), np.array(REFERENCE["vi"])
DESIGN = np.column_stack([np.ones(7), REFERENCE["dose"]])


def arguments(case):
    weights = REFERENCE["given"] if case["weights"] == "given" else case["weights"]
    return weights, DESIGN if case["moderated"] else None


def named(case):
    return f"{case['weights']}-{'dose' if case['moderated'] else 'mean'}-{case['level']}"


@pytest.mark.parametrize("value", [1e4, 1e15, 1e17, 1e18, 1e300])
def test_far_out_nothing_is_left(value):
    for weights in ([1.0], [1.0, 0.9, 0.2], np.linspace(0.5, 1.5, 20)):
        assert weighted_chi_squared_tails(value, np.array(weights)).upper == 0.0


@pytest.mark.parametrize("small", [1e-30, 1e-88, 1e-250])
@pytest.mark.parametrize("value", [1e-3, 0.5, 1.0, 30.0])
def test_weights_that_are_lost_beside_the_value_change_nothing(value, small):
    tails = weighted_chi_squared_tails(value, np.array([1.0, small, small / 7]))
    assert_allclose(tails.lower, stats.chi2.cdf(value, 1), rtol=1e-11)
    assert_allclose(tails.upper, stats.chi2.sf(value, 1), rtol=1e-11)


@pytest.mark.parametrize("form", REFERENCE["tails"], ids=lambda form: f"at {form['value']}")
def test_tails_are_those_of_farebrothers_series(form):
    tails = weighted_chi_squared_tails(form["value"], np.array(form["weights"], dtype=float))
    assert_allclose(tails.upper, form["upper"], rtol=SERIES, atol=1e-14)
    assert_allclose(tails.lower, 1 - form["upper"], rtol=SERIES, atol=1e-14)


@pytest.mark.parametrize("m", [1, 2, 3, 10, 300, 4000])
@pytest.mark.parametrize("place", [1e-12, 0.01, 0.9, 1.0, 1.1, 5.0])
@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_equal_weights_give_chi_squared_in_both_tails_at_any_scale(m, place, unit):
    tails = weighted_chi_squared_tails(unit * place * m, np.full(m, unit))
    assert_allclose(tails.lower, stats.chi2.cdf(place * m, m), rtol=1e-11, atol=1e-300)
    assert_allclose(tails.upper, stats.chi2.sf(place * m, m), rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 30.0, 1e4, 1e9])
@pytest.mark.parametrize("value", [1e-3, 0.5, 3.0, 40.0])
def test_two_weights_agree_with_the_integral_over_an_angle(ratio, value):
    # polar coordinates: P(Q > x) is the mean over the angle of exp(-x / (2 w(angle)))
    small = 1.0 / ratio
    # a tangent grid resolves the narrow angle in which the small weight counts
    u = (np.arange(-60000, 120000) + 0.5) * 5e-4
    angle = np.arctan(np.sqrt(small) * np.exp(u))
    density = 0.5 * np.sin(2 * angle) * 5e-4
    weight = np.sin(angle) ** 2 + small * np.cos(angle) ** 2
    upper = 2 / math.pi * float(density @ np.exp(-value / (2 * weight)))
    assert_allclose(
        weighted_chi_squared_tails(value, np.array([1.0, small])).upper, upper, rtol=1e-9
    )


def test_many_weights_of_every_size_agree_with_the_convolution_of_two_groups():
    # 6 large and 6 small weights in pairs: each pair is exponential, and partial fractions sum them
    rates = np.array([1.0, 0.7, 0.5, 1e-3, 2e-3, 3e-3])
    weights = np.repeat(rates, 2)
    for value in (0.3, 2.0, 9.0):
        terms = [
            math.exp(-value / (2 * w)) / np.prod([1 - other / w for other in rates if other != w])
            for w in rates
        ]
        tails = weighted_chi_squared_tails(value, weights)
        assert_allclose(tails.upper, sum(terms), rtol=1e-10)


def test_tails_beyond_the_smallest_number_are_zero():
    weights = np.array([1.0, 0.1, 1e-5])
    assert weighted_chi_squared_tails(1e7, weights).upper == 0.0
    assert weighted_chi_squared_tails(1e-3, np.ones(4000)).lower == 0.0


def test_effects_a_million_standard_errors_apart_have_an_interval():
    found = generalised_q_interval(np.array([0.0, 1e3, 3e3]), np.array([1e-6, 1e-5, 1e-4]))
    low, high = (float(np.var([0, 1e3, 3e3], ddof=1)) * 2 / stats.chi2.isf([0.025, 0.975], 2)).T
    # weights this unequal leave the bounds within an order of magnitude of those of equal ones
    assert low / 10 < found.low < found.high < 10 * high


def test_nothing_is_below_zero_and_nonsense_is_refused():
    assert weighted_chi_squared_tails(0.0, np.ones(3)).lower == 0.0
    for value, weights in ((1.0, [1.0, 0.0]), (math.nan, [1.0]), (1.0, []), (1.0, [math.inf])):
        with pytest.raises(BadInput, match="weights above 0"):
            weighted_chi_squared_tails(value, np.array(weights))


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=named)
def test_estimate_and_standard_error_are_those_of_metafor(case):
    weights, design = arguments(case)
    found = generalised_q(YI, VI, weights, design=design)
    assert_allclose([found.tau2, found.se_tau2], [case["tau2"], case["se_tau2"]], rtol=CLOSED)
    assert_allclose(found.q, case["sharp"]["q"], rtol=CLOSED)
    assert_allclose(found.p_value, case["sharp"]["p"], rtol=1e-8, atol=1e-13)
    assert found.df == (5 if case["moderated"] else 6)
    assert found.to_frame()["weights"][0] == case["weights"]


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=named)
def test_interval_is_the_one_of_exact_tails_and_near_metafors(case):
    weights, design = arguments(case)
    found = generalised_q_interval(YI, VI, weights, level=case["level"], design=design)
    bounds = [found.low, found.high]
    assert_allclose(bounds, case["sharp"]["bounds"], rtol=ROOT, atol=1e-13)
    assert_allclose(bounds, case["tau2_ci"], rtol=METAFOR_BOUND, atol=5e-5)
    assert not found.empty


def test_weights_by_inverse_variance_are_cochrans_q_and_dersimonian_laird():
    for design in (None, DESIGN):
        found = generalised_q(YI, VI, design=design)
        other, estimate = cochran_q(YI, VI, design), estimate_tau2(YI, VI, "DL", design=design)
        assert_allclose([found.q, found.p_value], [other.q, other.p], rtol=1e-11)
        assert_allclose(found.tau2, estimate.tau2, rtol=CLOSED)
        assert_allclose(found.se_tau2, estimate.se, rtol=CLOSED)


def test_equal_weights_give_the_estimate_of_hedges():
    found, hedges = generalised_q(YI, VI, "equal"), estimate_tau2(YI, VI, "HE")
    assert_allclose([found.tau2, found.se_tau2], [hedges.tau2, hedges.se], rtol=CLOSED)


def test_equal_variances_give_the_q_profile_interval_in_closed_form():
    yi, v = np.array([0.1, 0.9, 0.4, 1.3, -0.5]), 0.07
    found = generalised_q_interval(yi, np.full(5, v), level=0.9)
    total = float(np.sum((yi - yi.mean()) ** 2))
    bounds = total / stats.chi2.isf([0.05, 0.95], 4) - v
    assert_allclose([found.low, found.high], bounds, rtol=1e-12)


def test_two_studies_have_one_chi_squared_in_closed_form():
    found = generalised_q_interval(np.array([0.0, 2.0]), np.array([0.1, 0.3]), [2.0, 1.0])
    bounds = (4.0 / stats.chi2.isf([0.025, 0.975], 1) - 0.4) / 2
    assert_allclose([found.low, found.high], bounds, rtol=1e-10)


@pytest.mark.parametrize("unit", [1e-140, 1e-6, 1e6, 1e140])
def test_a_change_of_unit_of_effects_or_weights_changes_nothing_else(unit):
    before = generalised_q_interval(YI, VI, "inverse-se")
    after = generalised_q_interval(unit * YI, unit**2 * VI, "inverse-se")
    bounds = np.array([before.low, before.high])
    assert_allclose(np.array([after.low, after.high]) / unit**2, bounds, rtol=1e-10)
    weights = np.array(REFERENCE["given"])
    one, two = (generalised_q(YI, VI, factor * weights) for factor in (1.0, unit))
    assert_allclose([two.tau2, two.p_value], [one.tau2, one.p_value], rtol=1e-10)
    assert_allclose(two.q, unit * one.q, rtol=CLOSED)


def test_effects_closer_than_chance_give_an_empty_interval_and_no_heterogeneity():
    yi = np.array([0.30, 0.30001, 0.29999, 0.3, 0.30001])
    found = generalised_q_interval(yi, np.full(5, 0.1))
    assert (found.low, found.high, found.empty) == (0.0, 0.0, True)
    assert generalised_q(yi, np.full(5, 0.1)).tau2 == 0.0


def test_nonsense_is_refused():
    with pytest.raises(TooFewStudies, match="at least 2"):
        generalised_q(YI[:1], VI[:1])
    with pytest.raises(TooFewStudies, match="fewer moderators"):
        generalised_q_interval(YI[:2], VI[:2], design=DESIGN[:2])
    with pytest.raises(UnknownName, match="inverse-se"):
        generalised_q(YI, VI, "inverse_se")
    for weights in ([1.0, 2.0], [1.0] * 6 + [0.0], [math.nan] * 7):
        with pytest.raises(BadInput):
            generalised_q(YI, VI, weights)
    with pytest.raises(BadInput, match="95"):
        generalised_q_interval(YI, VI, level=95)
    with pytest.raises(NotEstimable):
        generalised_q(YI * 1e200, VI)
    with pytest.raises(BadInput, match="without sampling variances"):
        generalised_q(YI)
    with pytest.raises(BadInput, match="above 0"):
        generalised_q_interval(YI, -VI)
    with pytest.raises(BadInput, match="or a rule by name"):
        generalised_q(YI, VI, None)
    for design in (DESIGN[:3], DESIGN[:, 0], np.full_like(DESIGN, np.nan), "x"):
        with pytest.raises(BadInput, match="with moderators"):
            generalised_q(YI, VI, design=design)
    assert weighted_chi_squared_tails(1e300, np.array([1e-300, 1e-200])).upper == 0.0


def test_lists_and_effect_sizes_give_what_arrays_give():
    from_lists = generalised_q(YI.tolist(), VI.tolist(), design=DESIGN.tolist())
    assert from_lists == generalised_q(YI, VI, design=DESIGN)
    effects = effect_size("GEN", yi=YI, vi=VI)
    assert generalised_q_interval(effects) == generalised_q_interval(YI, VI)
