"""Trial sequential analysis: required information, looks, boundaries and conclusions."""

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from evidence import cumulative, effect_size, pool
from evidence.errors import BadInput, EmptySelection, NotEstimable, UnknownName
from evidence.synthesis.sequential.analysis import trial_sequential
from evidence.synthesis.sequential.information import (
    AnticipatedEffect,
    anticipated_difference,
    anticipated_risk_reduction,
    diversity,
    required_drift,
    required_information,
)
from evidence.synthesis.sequential.records import CAUTION, CONCLUSIONS
from evidence.synthesis.sequential.spending import efficacy_boundaries, futility_boundaries

HERE = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((HERE / "group_sequential.json").read_text("utf-8"))
BCG = json.loads((HERE / "bcg_moderator.json").read_text("utf-8"))
Y, V = np.array(BCG["yi"]), np.array(BCG["vi"])
YEARS = [1948, 1949, 1960, 1977, 1973, 1953, 1973, 1980, 1968, 1961, 1974, 1969, 1976]
EXACT = 1e-12
EFFECT = anticipated_risk_reduction(0.3, 0.02)


# --- required information ------------------------------------------------------------------------


@pytest.mark.parametrize("case", REFERENCE["participants"], ids=str)
def test_required_participants_match_the_formula_in_r(case):
    effect = anticipated_risk_reduction(case["reduction"], case["control"])
    found = required_information(effect, power=0.9, information="participants")
    assert_allclose(found, case["n"], rtol=EXACT)
    events = required_information(effect, power=0.9, information="events")
    assert_allclose(events, case["n"] * case["control"] * (1 - case["reduction"] / 2), rtol=EXACT)


def test_the_required_information_has_the_power_of_one_test():
    needed = required_information(anticipated_difference(0.3), alpha=0.05, power=0.9)
    z = 0.3 * math.sqrt(needed)
    assert_allclose(stats.norm.sf(stats.norm.isf(0.025) - z), 0.9, rtol=EXACT)
    assert_allclose(z, required_drift(0.05, 0.9), rtol=EXACT)


def test_participants_of_a_mean_difference_are_those_of_a_two_sample_test():
    effect = anticipated_difference(-2.0, sd=8.0)
    found = required_information(effect, information="participants")
    # two arms of n / 2 give the variance 4 sd^2 / n
    assert_allclose(4 * 64 / found, required_information(effect) ** -1, rtol=EXACT)


def test_heterogeneity_divides_by_what_it_leaves():
    plain = required_information(EFFECT)
    assert_allclose(required_information(EFFECT, heterogeneity=0.25), plain / 0.75, rtol=EXACT)


def test_scales_of_a_risk_reduction():
    risk, treated = 0.2, 0.15
    odds = math.log(treated / (1 - treated)) - math.log(risk / (1 - risk))
    expected = {"RR": math.log(0.75), "OR": odds, "RD": -0.05}
    for measure, delta in expected.items():
        found = anticipated_risk_reduction(0.25, risk, measure=measure)
        assert_allclose(found.delta, delta, rtol=EXACT)
        assert found.risk == pytest.approx(0.175)


def test_diversity_is_the_variance_that_a_common_effect_would_not_have():
    random, common = pool(Y, V, method="DL"), pool(Y, V, method="CE", test="z")
    wald = 1 / np.sum(1 / (V + random.tau2))
    assert_allclose(diversity(V, random.tau2), 1 - common.se**2 / wald, rtol=EXACT)
    assert diversity(V, 0.0) == 0.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: anticipated_difference(0.0), "not 0"),
        (lambda: anticipated_difference("0.5"), "difference of '0.5'"),
        (lambda: anticipated_difference(0.5, sd=[1.0]), "standard deviation of \\[1.0\\]"),
        (lambda: anticipated_risk_reduction(None, 0.2), "as proportions"),
        (lambda: anticipated_risk_reduction(0.2, "0.2"), "as proportions"),
        (lambda: required_information(EFFECT, power=None), "power is None"),
        (lambda: required_information(EFFECT, alpha=1e-300), "alpha is 1e-300"),
        (lambda: required_information(EFFECT, heterogeneity=[0.2]), "below 1"),
        (lambda: anticipated_difference(math.nan), "not 0"),
        (lambda: anticipated_difference(1.0, sd=0.0), "standard deviation of 0"),
        (lambda: anticipated_risk_reduction(0.0, 0.2), "not 0"),
        (lambda: anticipated_difference(0.0, sd=1.0), "not 0"),
        (lambda: anticipated_risk_reduction(0.2, 1.2), "between 0 and 1"),
        (lambda: anticipated_risk_reduction(-9.0, 0.2), "with treatment is 2"),
        (lambda: required_information(EFFECT, power=1.0), "power is 1"),
        (lambda: required_information(EFFECT, power=0.01), "alpha 0.05 alone"),
        (lambda: required_information(EFFECT, alpha=-1), "alpha is -1"),
        (lambda: required_information(EFFECT, heterogeneity=1.0), "below 1"),
        (
            lambda: required_information(anticipated_difference(1.0), information="participants"),
            "neither risks nor",
        ),
        (
            lambda: required_information(anticipated_difference(1.0, sd=2), information="events"),
            "no risks",
        ),
    ],
)
def test_nonsense_about_the_required_information_is_refused(make, words):
    with pytest.raises(BadInput, match=words):
        make()


def test_an_anticipated_effect_beyond_double_precision_is_refused():
    with pytest.raises(NotEstimable, match="double precision"):
        anticipated_difference(1e-300, sd=1e300)
    with pytest.raises(NotEstimable, match="required information left"):
        required_information(anticipated_difference(1e-160))


def test_unknown_names_of_the_required_information():
    with pytest.raises(UnknownName, match="relative risk reduction"):
        anticipated_risk_reduction(0.2, 0.1, measure="SMD")
    with pytest.raises(UnknownName, match="kind of information"):
        required_information(EFFECT, information="patients")


# --- the analysis --------------------------------------------------------------------------------


def test_looks_are_the_cumulative_meta_analysis():
    found = trial_sequential(Y, V, order=YEARS, anticipated=EFFECT, ties="as-given")
    series = cumulative(Y, V, order=YEARS)
    assert [look.studies[0] for look in found.looks] == list(series.studies)
    for name in ("estimate", "se", "ci_low", "ci_high"):
        got = [getattr(look, name) for look in found.looks]
        assert_allclose(got, getattr(series, name), rtol=EXACT)
    assert [look.k for look in found.looks] == list(range(1, 14))


def test_boundaries_are_those_of_the_information_fractions():
    found = trial_sequential(Y, V, order=YEARS, anticipated=EFFECT, policy="revman5", power=0.9)
    sorted_v = V[np.argsort(YEARS, kind="stable")]
    fractions = np.cumsum(1 / sorted_v) / found.required
    assert_allclose(found.looks[-1].fraction, fractions[-1], rtol=EXACT)
    bounds = efficacy_boundaries([look.fraction for look in found.looks])
    assert tuple(look.boundary for look in found.looks) == bounds.z
    region = futility_boundaries(bounds, beta=0.1, drift=required_drift(0.05, 0.9))
    assert tuple(look.futility for look in found.looks) == region.z


def test_required_information_is_adjusted_as_asked():
    found = {
        kind: trial_sequential(
            Y, V, order=YEARS, anticipated=EFFECT, heterogeneity=kind, policy="revman5"
        )
        for kind in ("none", "i2", "diversity", 0.5)
    }
    plain = found["none"].required
    assert plain == required_information(EFFECT)
    whole = pool(Y, V, policy="revman5")
    assert_allclose(found["i2"].required, plain / (1 - whole.i2_q), rtol=EXACT)
    assert_allclose(found["diversity"].required, plain / (1 - diversity(V, whole.tau2)), rtol=EXACT)
    assert_allclose(found[0.5].required, 2 * plain, rtol=EXACT)
    # with DerSimonian-Laird D2 is never below I2 (Wetterslev et al. 2009)
    assert found["diversity"].diversity >= found["i2"].i2_q
    assert found[0.5].heterogeneity_source == "given"


def test_the_adjusted_interval_excludes_0_exactly_when_z_is_beyond_the_boundary():
    for policy in ("revman5", "cochrane-2025", "hksj-floor"):
        found = trial_sequential(Y, V, order=YEARS, anticipated=EFFECT, policy=policy)
        for look in found.looks:
            if look.boundary is None:
                assert look.adjusted_low is None
                assert look.adjusted_high is None
                continue
            excludes = look.adjusted_low > 0 or look.adjusted_high < 0
            assert excludes == (abs(look.z) > look.boundary)
            assert look.adjusted_low < look.ci_low < look.ci_high < look.adjusted_high


def test_a_t_test_counts_as_the_normal_value_with_its_p_value():
    found = trial_sequential(Y, V, order=YEARS, anticipated=EFFECT, test="knha", ties="as-given")
    series = cumulative(Y, V, order=YEARS, test="knha")
    p_values = [2 * stats.norm.sf(abs(look.z)) for look in found.looks]
    assert_allclose(p_values, series.p_value, rtol=1e-9)
    assert all(np.sign(look.z) == np.sign(look.estimate) for look in found.looks)


def test_turning_the_effects_around_turns_benefit_into_harm():
    options = {"order": YEARS, "anticipated": EFFECT, "policy": "revman5"}
    below = trial_sequential(Y, V, **options)
    above = trial_sequential(-Y, V, benefit="above", **options)
    harmed = trial_sequential(-Y, V, **options)
    words = [look.conclusion for look in below.looks]
    assert "benefit" in words
    assert [look.conclusion for look in above.looks] == words
    swapped = ["harm" if word == "benefit" else word for word in words]
    assert [look.conclusion for look in harmed.looks] == swapped
    assert below.stopped_for == "benefit"
    assert below.looks[below.stopped_at].conclusion == "benefit"
    assert all(look.conclusion == "none" for look in below.looks[: below.stopped_at])
    assert below.crossed_at == below.stopped_at


def test_small_effects_with_much_information_end_in_futility():
    k = 10
    yi = 0.01 * np.resize([1.0, -1.0], k)
    found = trial_sequential(yi, np.full(k, 0.1), order=range(k), anticipated=0.27)
    assert found.looks[-1].fraction < 1
    assert found.conclusion == "futility"
    assert found.stopped_for == "futility"
    without = trial_sequential(yi, np.full(k, 0.1), order=range(k), anticipated=0.27, futility=None)
    assert without.conclusion == "none"
    assert {look.futility_code for look in without.looks} == {"not-asked"}
    assert [look.boundary for look in without.looks] == [look.boundary for look in found.looks]


def test_futility_does_not_bind():
    yi, vi = [0.0, 0.0, 0.0, 0.9], [0.1, 0.1, 0.1, 0.02]
    options = {"order": range(4), "heterogeneity": "none", "method": "CE"}
    found = trial_sequential(yi, vi, anticipated=0.35, benefit="above", **options)
    assert [look.conclusion for look in found.looks][-2:] == ["futility", "benefit"]
    assert found.stopped_for == "futility"
    assert found.crossed_at == 3
    assert "boundary crossed after 4 studies" in str(found)


def test_information_beyond_the_required_one():
    k = 6
    found = trial_sequential(
        np.full(k, 0.5),
        np.full(k, 0.1),
        order=range(k),
        anticipated=1.2,
        futility=None,
        benefit="above",
    )
    codes = [look.boundary_code for look in found.looks]
    assert codes == ["spending"] + ["conventional"] * 5
    assert found.looks[0].fraction > 1
    assert found.looks[0].boundary == pytest.approx(stats.norm.isf(0.025))
    assert found.looks[-1].boundary == pytest.approx(stats.norm.isf(0.025))
    assert found.looks[0].conclusion == "required-size-reached"
    assert found.conclusion == "benefit"
    # beyond the required information a crossing is not within the type I error
    assert found.crossed_at is None
    assert [look.futility for look in found.looks] == [None] * k
    assert "not held" in found.definitions["after the required information"]


def test_one_study_is_one_look():
    found = trial_sequential([-0.4], [0.04], order=[2001], anticipated=0.5)
    (look,) = found.looks
    assert (found.diversity, found.i2_q, found.tau2) == (0.0, 0.0, 0.0)
    assert found.required == found.required_unadjusted
    assert look.z == pytest.approx(-2.0)
    assert look.order == "2001"


def test_a_first_look_with_hardly_any_information_has_no_boundary_and_no_nan():
    yi, vi = [0.3, -0.2, -0.1], [50.0, 0.02, 0.02]
    found = trial_sequential(yi, vi, order=[1, 2, 3], anticipated=0.2)
    first = found.looks[0]
    assert first.boundary is None
    assert first.boundary_code == "infinite"
    assert (first.adjusted_low, first.conclusion) == (None, "none")
    frame = found.to_frame()
    assert frame["boundary"].isna().tolist() == [True, False, False]
    numbers = frame[["information", "fraction", "estimate", "se", "z", "ci_low", "ci_high"]]
    assert np.isfinite(numbers.to_numpy(dtype=float)).all()
    assert any("no finite boundary" in words for words in found.decisions)


def test_studies_of_the_same_date_follow_a_named_rule():
    yi, vi, years = [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.1, 0.2], [2003, 2001, 2001, 2002]
    together = trial_sequential(yi, vi, order=years, anticipated=0.5, labels="abcd")
    assert [look.studies for look in together.looks] == [("b", "c"), ("d",), ("a",)]
    assert [look.k for look in together.looks] == [2, 3, 4]
    alone = trial_sequential(yi, vi, order=years, anticipated=0.5, labels="abcd", ties="as-given")
    assert [look.studies for look in alone.looks] == [("b",), ("c",), ("d",), ("a",)]
    assert together.looks[-1].estimate == alone.looks[-1].estimate
    assert "same date" in together.definitions["order"]


def test_dates_come_as_numbers_text_or_dates():
    yi, vi = [0.1, 0.2, 0.3], [0.1, 0.1, 0.1]
    orders = [
        ["2004-03-01", "1999-12-31", "2004-02-28"],
        [date(2004, 3, 1), date(1999, 12, 31), date(2004, 2, 28)],
        [20040301, 19991231, 20040228],
    ]
    looks = [
        [look.studies for look in trial_sequential(yi, vi, order=o, anticipated=0.5).looks]
        for o in orders
    ]
    assert looks[0] == looks[1] == looks[2] == [("study 2",), ("study 3",), ("study 1",)]


def test_information_in_participants():
    n = np.array([100, 200, 400, 300])
    found = trial_sequential(
        [-0.2, -0.1, -0.3, -0.2],
        [0.1, 0.05, 0.03, 0.04],
        order=[1, 2, 3, 4],
        anticipated=anticipated_risk_reduction(0.2, 0.1),
        information="participants",
        sizes=n,
        heterogeneity=0.2,
    )
    assert [look.information for look in found.looks] == np.cumsum(n).tolist()
    expected = required_information(
        anticipated_risk_reduction(0.2, 0.1), information="participants", heterogeneity=0.2
    )
    assert_allclose(found.looks[-1].fraction, 1000 / expected, rtol=EXACT)


def test_the_summary_of_studies_at_low_risk_of_bias_can_be_anticipated():
    names = ["study 1", "study 4", "study 8"]
    found = trial_sequential(Y, V, order=YEARS, low_bias=names)
    chosen = [0, 3, 7]
    assert found.delta == pool(Y[chosen], V[chosen]).estimate
    assert any("not independent" in words for words in found.decisions)
    assert "3 studies at low risk" in found.definitions["anticipated effect"]


def test_an_effect_on_another_scale_is_refused():
    table = {"ai": [5, 8], "n1i": [50, 60], "ci": [9, 12], "n2i": [52, 61]}
    effect = anticipated_risk_reduction(0.2, 0.2, measure="OR")
    for measure in ("OR", "PETO"):
        found = trial_sequential(effect_size(measure, **table), order=[1, 2], anticipated=effect)
        assert found.measure == measure
    with pytest.raises(BadInput, match="the effects are RR"):
        trial_sequential(effect_size("RR", **table), order=[1, 2], anticipated=effect)


def test_result_names_every_definition_and_warns():
    found = trial_sequential(Y, V, order=YEARS, anticipated=-0.3)
    assert found.caution == CAUTION
    assert "Sensitivity analysis only" in str(found)
    assert {look.conclusion for look in found.looks} <= set(CONCLUSIONS)
    words = " ".join(found.definitions.values())
    for part in ("REML", "Knapp-Hartung", "D2", "Lan & DeMets", "non-binding", "1 / vi"):
        assert part in words
    assert found.definitions["anticipated effect"] == "given value -0.3"
    frame = found.to_frame()
    assert len(frame) == 12
    assert frame["studies"].iloc[7] == "study 5; study 7"
    with pytest.raises(AttributeError):
        found.alpha = 0.1


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, BadInput, "one anticipated effect"),
        ({"anticipated": 0.3, "low_bias": ["study 1"]}, BadInput, "not both"),
        ({"anticipated": 0.0}, BadInput, "not 0"),
        ({"low_bias": []}, EmptySelection, "none was named"),
        ({"low_bias": ["study 99"]}, UnknownName, "low risk of bias"),
        ({"anticipated": 0.3, "order": [1, 2]}, BadInput, "2 values for 3 studies"),
        ({"anticipated": 0.3, "order": [1, 2, math.nan]}, BadInput, "study 3: order is nan"),
        ({"anticipated": 0.3, "order": ["a", "b", "c"]}, BadInput, "neither numbers nor dates"),
        ({"anticipated": 0.3, "ties": "random"}, UnknownName, "same date"),
        ({"anticipated": 0.3, "benefit": "low"}, UnknownName, "direction of benefit"),
        ({"anticipated": 0.3, "spending": "x"}, UnknownName, "spending function"),
        ({"anticipated": 0.3, "futility": "x"}, UnknownName, "spending function"),
        ({"anticipated": 0.3, "heterogeneity": "x"}, UnknownName, "heterogeneity"),
        ({"anticipated": 0.3, "heterogeneity": 1.0}, BadInput, "below 1"),
        ({"anticipated": 0.3, "heterogeneity": [0.1]}, BadInput, "below 1"),
        ({"anticipated": [0.3]}, BadInput, "was anticipated"),
        ({"low_bias": 3}, BadInput, "Names of the studies"),
        ({"anticipated": 0.3, "information": ["x"]}, UnknownName, "kind of information"),
        ({"anticipated": 0.3, "information": "x"}, UnknownName, "kind of information"),
        ({"anticipated": 0.3, "information": "events"}, BadInput, "has neither risks"),
        ({"anticipated": 0.3, "sizes": [1, 2, 3]}, BadInput, "sizes were given"),
        ({"anticipated": 0.3, "alpha": 1.5}, BadInput, "alpha is 1.5"),
        ({"anticipated": 0.3, "power": 0.0}, BadInput, "power is 0"),
    ],
)
def test_nonsense_is_refused(options, error, words):
    with pytest.raises(error, match=words):
        trial_sequential([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], **{"order": [1, 2, 3], **options})


def test_variances_whose_information_is_no_double_are_refused():
    with pytest.raises(NotEstimable, match="double precision"):
        trial_sequential([0.1, 0.2], [5e-324, 1e-310], order=[1, 2], anticipated=0.3)


def test_sizes_are_checked():
    effect = AnticipatedEffect(delta=0.2, words="made up", participants_factor=100.0)
    options = {"order": [1, 2], "anticipated": effect, "information": "participants"}
    with pytest.raises(BadInput, match="sizes were not given"):
        trial_sequential([0.1, 0.2], [0.1, 0.1], **options)
    with pytest.raises(BadInput, match="counts with more than 0"):
        trial_sequential([0.1, 0.2], [0.1, 0.1], sizes=[10, 0], **options)
    with pytest.raises(BadInput, match="3 values for 2 studies"):
        trial_sequential([0.1, 0.2], [0.1, 0.1], sizes=[10, 10, 10], **options)
