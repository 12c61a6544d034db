from dataclasses import FrozenInstanceError, fields
from math import isfinite

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence import effect_size
from evidence.errors import BadInput, EmptySelection, EvidenceError, NotEstimable, UnknownName
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.pairwise import PREDICTION_INTERVALS, SUMMARY_TESTS
from evidence.synthesis.pairwise.policies import POLICIES
from evidence.synthesis.pairwise.pooling import pool

#: Closed form in both programs, so only the order of the sums differs.
CLOSED_FORM = 1e-12
#: A root is exact to the last bits; shifting and scaling the data moves it by rounding alone.
ROOT = 1e-8

Y = np.array([-0.89, -1.59, -1.35, -1.44, -0.22, -0.79, -1.62, 0.01, -0.47, -1.37, -0.34, 0.45])
V = np.array([0.33, 0.19, 0.42, 0.02, 0.05, 0.007, 0.22, 0.004, 0.06, 0.07, 0.012, 0.53])
#: Trap: Knapp-Hartung gives 0.090 to 0.113 here, Wald -0.230 to 0.433.
HOMOGENEOUS = ([0.10, 0.11, 0.09, 0.10], [0.1, 0.1, 0.2, 0.1])
RANDOM = [name for name in ESTIMATORS if name != "CE"]


# --- reference -----------------------------------------------------------------------------------


def test_cochrane_policy_equals_metafor_with_knapp_hartung():
    # metafor 3.8-1: r <- rma(yi, vi, test="knha"); predict(r, pi.type="riley"); confint(r)
    found = pool([0.1, 0.7, -0.3, 0.9, 0.4], [0.04, 0.03, 0.05, 0.06, 0.02])
    assert found.test == "knha"
    prediction = found.prediction
    assert_allclose(found.estimate, 0.360859589597902, rtol=ROOT)
    assert_allclose(
        [found.ci_low, found.ci_high], [-0.217708371023524, 0.939427550219328], rtol=ROOT
    )
    assert_allclose([found.tau2, found.p_value], [0.168395028126932, 0.158367155589620], rtol=ROOT)
    assert_allclose(
        [found.tau2_ci_low, found.tau2_ci_high], [0.033207178341, 1.8328498913], rtol=1e-9
    )
    assert_allclose([found.i2, found.h2], [0.82387047116604, 5.677639670193], rtol=ROOT)
    assert_allclose(
        [prediction.low, prediction.high], [-1.10382343261857, 1.82554261181438], rtol=ROOT
    )


def test_one_study_and_two_studies_equal_the_closed_formulas():
    one = pool([0.4], [0.04])
    assert_allclose([one.estimate, one.se], [0.4, 0.2], rtol=CLOSED_FORM)
    two = pool([0.0, 1.0], [0.1, 0.1], method="DL")
    assert_allclose(two.tau2, 0.4, rtol=CLOSED_FORM)  # variance of the effects minus 0.1
    assert_allclose(two.estimate, 0.5, rtol=CLOSED_FORM)


# --- identities ----------------------------------------------------------------------------------


def numbers(found):
    names = (
        *("estimate", "se", "ci_low", "ci_high", "p_value", "q", "q_p", "i2", "h2"),
        *("tau2", "tau2_ci_low", "tau2_ci_high"),
    )
    values = [getattr(found, name) for name in names]
    return np.array([value for value in values if value is not None])


@pytest.mark.parametrize("method", ESTIMATORS)
def test_order_of_studies_does_not_matter(method):
    order = np.random.default_rng(1).permutation(Y.size)
    plain, shuffled = pool(Y, V, method=method), pool(Y[order], V[order], method=method)
    assert_allclose(numbers(shuffled), numbers(plain), rtol=ROOT)
    assert_allclose(shuffled.weights, plain.weights[order], rtol=ROOT)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_swapping_the_arms_flips_the_sign(method):
    plain, flipped = pool(Y, V, method=method), pool(-Y, V, method=method)
    assert_allclose(
        [flipped.estimate, flipped.ci_low, flipped.ci_high],
        [-plain.estimate, -plain.ci_high, -plain.ci_low],
        rtol=ROOT,
    )
    assert_allclose(flipped.tau2, plain.tau2, rtol=ROOT)


@pytest.mark.parametrize("scale", [1e-6, 3.0, 1e6])
@pytest.mark.parametrize("method", ESTIMATORS)
def test_a_change_of_unit_scales_the_result(method, scale):
    plain, scaled = pool(Y, V, method=method), pool(scale * Y, scale**2 * V, method=method)
    assert_allclose(scaled.estimate, scale * plain.estimate, rtol=ROOT)
    assert_allclose(scaled.se, scale * plain.se, rtol=ROOT)
    assert_allclose(scaled.tau2, scale**2 * plain.tau2, rtol=ROOT)
    assert_allclose([scaled.i2, scaled.q_p], [plain.i2, plain.q_p], rtol=ROOT)


@pytest.mark.parametrize("method", RANDOM)
def test_a_shift_moves_the_estimate_alone(method):
    plain, moved = pool(Y, V, method=method), pool(Y + 5.0, V, method=method)
    assert_allclose(moved.estimate, plain.estimate + 5.0, rtol=ROOT)
    assert_allclose([moved.se, moved.tau2], [plain.se, plain.tau2], rtol=ROOT)


@pytest.mark.parametrize("method", [name for name in RANDOM if name != "SJ"])
def test_without_heterogeneity_the_common_effect_remains(method):
    random = pool(*HOMOGENEOUS, method=method, test="z")
    common = pool(*HOMOGENEOUS, policy="common")
    assert random.tau2 == 0.0
    assert_allclose(
        [random.estimate, random.ci_low, random.ci_high],
        [common.estimate, common.ci_low, common.ci_high],
        rtol=CLOSED_FORM,
    )


def test_identical_studies_narrow_the_interval_by_the_root_of_k():
    found = pool([0.3] * 9, [0.09] * 9)
    assert_allclose([found.estimate, found.se], [0.3, 0.1], rtol=CLOSED_FORM)
    assert (found.tau2, found.q, found.i2) == (0.0, 0.0, 0.0)
    assert found.test == "z"


def test_weights_add_up_and_reproduce_the_estimate():
    found = pool(Y, V)
    assert_allclose(found.weights.sum(), 1.0, rtol=CLOSED_FORM)
    assert_allclose(found.weights @ found.yi, found.estimate, rtol=CLOSED_FORM)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    studies=st.lists(st.tuples(st.floats(-5, 5), st.floats(1e-3, 1e3)), min_size=3, max_size=12),
    method=st.sampled_from(RANDOM),
)
def test_the_floor_never_narrows_and_the_result_lies_within_the_studies(studies, method):
    yi, vi = np.array(studies).T
    wald = pool(yi, vi, method=method, test="z", prediction="none")
    floor = pool(yi, vi, method=method, policy="hksj-floor")
    cochrane = pool(yi, vi, method=method)
    assert floor.ci_high - floor.ci_low >= wald.ci_high - wald.ci_low
    assert cochrane.ci_high - cochrane.ci_low >= (wald.ci_high - wald.ci_low) * (1 - 1e-12)
    assert yi.min() - 1e-9 <= wald.estimate <= yi.max() + 1e-9
    assert floor.prediction.low <= floor.ci_low
    assert 0.0 <= cochrane.i2 < 1.0


# --- edges ---------------------------------------------------------------------------------------


def test_homogeneous_trials_do_not_get_the_collapsed_interval():
    found = pool(*HOMOGENEOUS)
    assert found.test == "z"
    assert_allclose([found.ci_low, found.ci_high], [-0.230, 0.433], atol=5e-4)
    assert any("tau2 is 0" in decision for decision in found.decisions)


def test_knapp_hartung_that_would_be_narrower_is_not_used_even_with_tau2_above_zero():
    yi = [0.7, 0.2, 0.3, 0.5, 0.8, 0.6, 0.2, 0.1]
    vi = [0.19, 0.04, 0.26, 0.29, 0.02, 0.05, 0.25, 0.21]
    found = pool(yi, vi)
    assert_allclose(found.tau2, 0.036864260804774424, rtol=ROOT)
    assert found.test == "z"
    assert any("would be narrower" in decision for decision in found.decisions)


def test_a_narrow_knapp_hartung_interval_is_given_when_asked_for_and_said():
    found = pool(*HOMOGENEOUS, test="hksj")
    assert_allclose([found.ci_low, found.ci_high], [0.090, 0.113], atol=5e-4)
    assert any("narrower than the Wald one" in decision for decision in found.decisions)


def test_one_study_is_reported_as_it_is():
    found = pool([0.4], [0.04], labels=["CARE-MS I"])
    assert found.method == "single-study"
    assert (found.k, found.test, found.df, found.prediction) == (1, "z", None, None)
    for name in ("tau2", "tau2_ci_low", "q", "q_p", "i2", "h2", "s2w"):
        assert getattr(found, name) is None
    assert "CARE-MS I" in found.decisions[0]
    assert "One study" in found.prediction_reason


def test_two_studies_have_a_wald_interval_and_no_prediction_interval():
    found = pool([0.1, 0.9], [0.01, 0.01])
    assert found.tau2 > 0
    assert found.test == "z"
    assert found.prediction is None
    assert "from 5 studies, and there are 2" in found.prediction_reason


def test_three_studies_may_have_a_knapp_hartung_interval():
    found = pool([0.1, 0.9, 0.4], [0.01, 0.01, 0.01])
    assert (found.test, found.df) == ("knha", 2)


def test_prediction_with_k_minus_2_needs_three_studies():
    found = pool([0.1, 0.9], [0.01, 0.01], prediction="hts")
    assert found.prediction is None
    assert "no degree of freedom" in found.prediction_reason


def test_a_common_effect_has_no_prediction_interval_and_no_interval_of_tau2():
    found = pool(Y, V, policy="common")
    assert found.prediction is None
    assert found.tau2 == 0.0
    assert found.tau2_ci_low is None
    assert found.i2_definition == "Q"


def test_explicit_choices_go_before_the_policy_and_are_recorded():
    found = pool(Y, V, method="dl", test="hksj-floor", prediction="none")
    assert (found.method, found.test) == ("DL", "adhoc")
    assert found.decisions[:3] == (
        "Estimator DL was asked for in place of REML of policy cochrane-2025.",
        "Test adhoc was asked for in place of cochrane of policy cochrane-2025.",
        "Prediction interval none was asked for in place of t-k-2 of policy cochrane-2025.",
    )


def test_equal_effects_leave_knapp_hartung_without_width():
    with pytest.raises(NotEstimable, match="has no width"):
        pool([0.2, 0.2, 0.2], [0.1, 0.2, 0.3], test="knha")


def test_tiny_and_huge_variances_are_fine():
    for scale in (1e-20, 1e20):
        found = pool(Y * scale**0.5, V * scale)
        assert_allclose(found.i2, pool(Y, V).i2, rtol=ROOT)


def test_a_dominating_study_gives_its_own_effect():
    found = pool([0.5, 3.0, -2.0], [1e-18, 4.0, 5.0])
    assert_allclose(found.estimate, 0.5, atol=1e-6)
    assert isfinite(found.q)


# --- effect sizes --------------------------------------------------------------------------------


def test_effect_sizes_bring_their_labels_and_measure():
    effects = effect_size("OR", ai=[3, 5], n1i=[20, 30], ci=[6, 9], n2i=[20, 30], labels=["A", "B"])
    found = pool(effects)
    assert (found.measure, found.labels) == ("OR", ("A", "B"))
    assert_allclose(found.estimate, pool(effects.yi, effects.vi).estimate, rtol=CLOSED_FORM)


def test_a_study_without_effect_size_is_left_out_and_named():
    effects = effect_size(
        "OR",
        ai=[3, 0, 0],
        n1i=[20, 30, 25],
        ci=[6, 0, 4],
        n2i=[20, 30, 25],
        labels=["A", "B", "C"],
        drop00=True,
    )
    found = pool(effects)
    assert found.labels == ("A", "C")
    assert found.decisions[0].startswith("B was left out: no event")
    assert "in 1 of 2 studies: C" in found.decisions[1]


def test_only_studies_without_effect_size_are_an_empty_selection():
    effects = effect_size("OR", ai=[0], n1i=[20], ci=[0], n2i=[20], drop00=True)
    with pytest.raises(EmptySelection, match="none of 1 studies"):
        pool(effects)


# --- results -------------------------------------------------------------------------------------


def test_the_result_is_frozen_and_its_arrays_are_read_only():
    found = pool(Y, V)
    with pytest.raises(FrozenInstanceError):
        found.estimate = 0.0
    for array in (found.yi, found.vi, found.weights):
        assert not array.flags.writeable
    assert "estimate=" in repr(found)


def test_the_frame_has_one_row_with_the_definitions():
    frame = pool(Y, V).to_frame()
    assert frame.shape[0] == 1
    row = frame.iloc[0]
    assert row["prediction_definition"] == "t-k-2"
    assert row["i2_definition"] == "tau2"
    assert row["prediction_low"] < row["ci_low"] < row["estimate"]
    assert list(pool(Y, V).studies_frame().columns) == ["study", "yi", "vi", "weight"]


def test_the_printed_summary_says_what_was_done():
    text = str(pool(Y, V, labels=[f"T{i}" for i in range(12)]))
    for part in (
        "Summary of 12 studies",
        "REML",
        "Knapp-Hartung",
        "Q-profile",
        "from tau2",
        "k - 2",
    ):
        assert part in text
    assert "one study, A" in str(pool([1.0], [1.0], labels=["A"]))


def test_the_callers_arrays_are_left_alone():
    yi, vi = Y.copy(), V.copy()
    pool(yi, vi)
    yi[0] = 1.0
    assert yi.flags.writeable


# --- nonsense ------------------------------------------------------------------------------------


def test_all_problems_are_reported_at_once_with_their_studies():
    with pytest.raises(BadInput) as refused:
        pool([0.1, np.nan, 0.3, np.inf], [0.1, -1.0, 0.0, 0.2], labels=["A", "B", "C", "D"])
    assert len(refused.value.problems) == 4
    text = str(refused.value)
    for name in ("(B)", "(C)", "(D)"):
        assert name in text
    assert "(A)" not in text


@pytest.mark.parametrize(
    ("yi", "vi", "message"),
    [
        ([0.1, 0.2], [0.1], "lengths differ"),
        ([0.1, "x"], [0.1, 0.1], "not a number"),
        ([[0.1], [0.2]], [[0.1], [0.2]], "lists of k numbers"),
        ([0.1, 0.2], None, "Give vi"),
        ([0.1, None], [0.1, 0.1], "missing"),
    ],
)
def test_arrays_that_are_no_studies_are_refused(yi, vi, message):
    with pytest.raises(BadInput, match=message):
        pool(yi, vi)


def test_nothing_to_pool_is_refused_with_advice():
    with pytest.raises(EmptySelection, match="Widen the selection"):
        pool([], [])


def test_labels_of_another_length_are_refused():
    with pytest.raises(BadInput, match="2 labels for 3 studies"):
        pool([1, 2, 3], [1, 1, 1], labels=["A", "B"])


@pytest.mark.parametrize(
    "option", [{"method": "DLL"}, {"test": "kh"}, {"policy": "cochrane"}, {"prediction": "boot"}]
)
def test_unknown_choices_are_refused(option):
    with pytest.raises(UnknownName, match="There is no"):
        pool([1.0, 2.0], [0.1, 0.1], **option)


def test_numbers_beyond_double_precision_are_refused():
    with pytest.raises(NotEstimable, match="double precision"):
        pool([1.0, 2.0, 3.0], [1e-300, 1e-300, 1e-320])


ANY = st.one_of(
    st.floats(),
    st.floats(-10, 10),
    st.floats(1e-6, 1e6),
    st.sampled_from([0.0, 0.1, 1e-300, 1e300]),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    yi=st.lists(ANY, max_size=8),
    vi=st.lists(ANY | st.floats(1e-3, 10), max_size=8),
    trim=st.booleans(),
    method=st.sampled_from([*ESTIMATORS, None, "?"]),
    test=st.sampled_from([*SUMMARY_TESTS, None]),
    prediction=st.sampled_from([*PREDICTION_INTERVALS, "none", None]),
    policy=st.sampled_from(sorted(POLICIES)),
    level=st.sampled_from([0.5, 0.95, 0.999]),
)
def test_any_input_gives_finite_numbers_or_a_refusal(
    yi, vi, trim, method, test, prediction, policy, level
):
    if trim:
        size = min(len(yi), len(vi))
        yi = [float(np.clip(np.nan_to_num(y), -1e9, 1e9)) for y in yi[:size]]
        vi = [float(np.clip(abs(np.nan_to_num(v)), 1e-9, 1e9)) for v in vi[:size]]
    options = {"method": method, "test": test, "prediction": prediction, "policy": policy}
    try:
        found = pool(yi, vi, level=level, **options)
    except EvidenceError:
        return
    values = [getattr(found, field.name) for field in fields(found)]
    assert all(isfinite(value) for value in values if isinstance(value, float))
    assert found.tau2 is None or found.tau2 >= 0.0
    assert found.ci_low <= found.estimate <= found.ci_high
    assert str(found)
