"""Leave-one-out and cumulative summaries, deletion diagnostics, Baujat points and BLUPs."""

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from evidence import effect_size, pool, predict_studies
from evidence.errors import (
    BadInput,
    EmptySelection,
    EvidenceError,
    NotEstimable,
    TooFewStudies,
    UnknownName,
)
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.pairwise import POLICIES
from evidence.synthesis.sensitivity.influence_measures import baujat, influence
from evidence.synthesis.sensitivity.study_deletion import cumulative, leave_one_out, sensitivity
from tests.synthesis.any_studies import any_studies

#: metafor stops its search for tau2 at about this distance; the file has 15 digits.
ITERATIVE = 1e-7
SAME = 1e-9
BCG = json.loads(
    (Path(__file__).parents[1] / "reference" / "bcg_sensitivity.json").read_text("utf-8")
)
Y, V = np.array(BCG["yi"]), np.array(BCG["vi"])
DESIGN = np.column_stack([np.ones(13), BCG["ablat"]])
SERIES = ("estimate", "se", "ci_low", "ci_high", "p_value", "tau2", "q", "q_p", "i2", "h2")


# --- reference -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", BCG["leave_one_out"])
def test_leaving_out_equals_metafor_for_other_estimators(method):
    reference = BCG["leave_one_out"][method]
    found = leave_one_out(Y, V, method=method, test="knha", policy="metafor")
    for name, part in (("estimate", "estimate"), ("se", "se"), ("tau2", "tau2"), ("H2", "h2")):
        assert_allclose(getattr(found, part), reference[name], rtol=ITERATIVE)
    assert_allclose(100 * found.i2, reference["I2"], rtol=ITERATIVE)
    assert_allclose(found.p_value, reference["pval"], rtol=1e-6)


def test_influence_with_a_moderator_and_knapp_hartung_equals_metafor():
    reference = BCG["moderated"]
    found = influence(Y, V, design=DESIGN, method="PM", test="knha")
    for name in ("rstudent", "dffits", "cook_distance", "cov_ratio", "hat", "dfbetas"):
        assert_allclose(getattr(found, name), reference[name], rtol=ITERATIVE, err_msg=name)
    assert_allclose(found.tau2_deleted, reference["tau2_deleted"], rtol=ITERATIVE)
    assert_allclose(found.q_deleted, reference["q_deleted"], rtol=1e-10)


def test_points_and_predictions_with_a_moderator_equal_metafor():
    reference, options = BCG["moderated"], {"design": DESIGN, "method": "PM", "test": "knha"}
    points = baujat(Y, V, **options)
    assert_allclose(points.heterogeneity, reference["baujat_x"], rtol=ITERATIVE)
    assert_allclose(points.influence, reference["baujat_y"], rtol=ITERATIVE)
    found = predict_studies(Y, V, **options)
    assert_allclose(found.prediction, reference["prediction"], rtol=ITERATIVE)
    assert_allclose(found.se, reference["prediction_se"], rtol=ITERATIVE)
    assert_allclose([found.low, found.high], [reference["low"], reference["high"]], rtol=ITERATIVE)


# --- identities ----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_each_summary_is_the_pooling_of_its_studies(policy):
    without, after = leave_one_out(Y, V, policy=policy), cumulative(Y, V, policy=policy)
    for i in range(13):
        kept = np.arange(13) != i
        pairs = [(without, pool(Y[kept], V[kept], policy=policy))]
        if i:
            pairs.append((after, pool(Y[: i + 1], V[: i + 1], policy=policy)))
        for series, one in pairs:
            for name in SERIES:
                got = getattr(series, name)[i]
                assert_allclose(got, getattr(one, name), rtol=SAME, atol=1e-14, err_msg=name)
            assert series.tests[i] == one.test


def test_the_policy_chooses_the_test_of_each_summary_anew():
    yi, vi = [0.1, 0.11, 0.09, 2.0], [0.1, 0.1, 0.1, 0.01]
    found = leave_one_out(yi, vi)
    assert found.tests[3] == "z"  # tau2 is 0 without the last study
    assert found.tests[0] == "knha"
    assert np.isnan(found.df[3])
    assert found.df[0] == 2


def test_cumulating_by_year_sorts_and_keeps_ties_in_order():
    year = [1990, 1985, 1990, 1980]
    found = cumulative(Y[:4], V[:4], order=year, labels="abcd")
    assert found.studies == ("d", "b", "a", "c")
    assert_array_equal(found.position, [3, 1, 0, 2])
    assert_array_equal(found.k, [1, 2, 3, 4])
    assert_allclose(found.estimate[-1], pool(Y[:4], V[:4]).estimate, rtol=SAME)
    assert_allclose(found.estimate[0], Y[3])
    assert (found.tau2[0], found.q_p[0], found.h2[0], found.tests[0]) == (0.0, 1.0, 1.0, "z")


def test_a_design_of_ones_is_the_plain_summary():
    ones = np.ones((13, 1))
    plain, same = influence(Y, V, test="knha"), influence(Y, V, design=ones, test="knha")
    assert_array_equal(plain.rstudent, same.rstudent)
    slow = influence(Y, V, design=2.0 * ones, test="knha")  # the general algebra
    for name in ("rstudent", "dffits", "cook_distance", "hat", "tau2_deleted", "rstandard"):
        assert_allclose(getattr(slow, name), getattr(plain, name), rtol=1e-7)
    assert_allclose(slow.dfbetas, plain.dfbetas, rtol=1e-7)
    assert_allclose(slow.cov_ratio, plain.cov_ratio, rtol=1e-7)


def test_diagnostics_have_their_definitions():
    found, whole = influence(Y, V), pool(Y, V, policy="metafor")
    without = leave_one_out(Y, V, policy="metafor")
    assert_allclose(found.rstudent_residual, Y - without.estimate, rtol=SAME)
    assert_allclose(found.tau2_deleted, without.tau2, rtol=SAME)
    assert_allclose(found.weight, whole.weights, rtol=SAME)
    assert_allclose(found.hat.sum(), 1.0, rtol=SAME)
    change = whole.estimate - without.estimate
    assert_allclose(found.cook_distance, change**2 / whole.se**2, rtol=1e-7)
    assert_allclose(found.cov_ratio, (without.se / whole.se) ** 2, rtol=SAME)
    assert_allclose(found.rstandard * found.rstandard_se, found.rstandard_residual, rtol=SAME)


def test_an_outlier_is_influential_and_leads_the_baujat_plot():
    rng = np.random.default_rng(4)
    yi, vi = rng.normal(0.0, 0.1, 12), np.full(12, 0.01)
    yi[7] = 3.0
    assert influence(yi, vi).is_influential[7]
    points = baujat(yi, vi, method="CE")
    assert np.argmax(points.heterogeneity) == np.argmax(points.influence) == 7
    assert_allclose(points.heterogeneity.sum(), pool(yi, vi, policy="common").q, rtol=SAME)


def test_predictions_lie_between_the_study_and_the_summary():
    found, whole = predict_studies(Y, V), pool(Y, V, policy="metafor")
    assert_allclose(
        found.prediction, found.shrinkage * Y + (1 - found.shrinkage) * whole.estimate, rtol=SAME
    )
    assert np.all(found.se**2 <= V)
    common = predict_studies(Y, V, method="CE")
    assert_allclose(common.prediction, pool(Y, V, policy="common").estimate, rtol=SAME)


def test_all_analyses_together_are_those_alone():
    found = sensitivity(Y, V, order=range(13)[::-1], labels=[f"T{i}" for i in range(13)])
    assert_array_equal(found.leave_one_out.estimate, leave_one_out(Y, V).estimate)
    assert found.cumulative.studies[0] == "T12"
    assert found.influence.test == found.pooled.test
    assert_array_equal(found.baujat.influence, baujat(Y, V, test=found.pooled.test).influence)
    frame = found.to_frame()
    assert frame.shape[0] == 13
    for column in ("without_estimate", "rstudent", "baujat_influence", "predicted_low"):
        assert column in frame.columns
    assert list(frame.index) == [f"T{i}" for i in range(13)]


def test_effect_sizes_bring_labels_and_lose_studies_without_effect():
    effects = effect_size(
        "OR",
        ai=[3, 0, 5, 8, 2],
        n1i=[20, 30, 25, 40, 30],
        ci=[6, 0, 4, 9, 8],
        n2i=[20, 30, 25, 40, 30],
        labels="ABCDE",
        drop00=True,
    )
    found = sensitivity(effects)
    assert found.leave_one_out.studies == ("A", "C", "D", "E")
    assert found.leave_one_out.measure == found.pooled.measure == "OR"
    assert influence(effects).labels == ("A", "C", "D", "E")


# --- edges and refusals --------------------------------------------------------------------------


def test_two_studies_leave_one_each():
    found = leave_one_out([0.1, 0.4], [0.01, 0.02])
    assert_allclose(found.estimate, [0.4, 0.1])
    assert found.tests == ("z", "z")
    assert_array_equal(found.q_p, 1.0)


@pytest.mark.parametrize(
    ("analysis", "fewest"),
    [(sensitivity, 3), (leave_one_out, 2), (influence, 3), (baujat, 3), (predict_studies, 2)],
)
def test_too_few_studies_are_refused_with_their_names(analysis, fewest):
    analysis(Y[:fewest], V[:fewest])
    with pytest.raises(TooFewStudies, match="study 1"):
        analysis(Y[: fewest - 1], V[: fewest - 1])


@pytest.mark.parametrize(
    "analysis", [sensitivity, leave_one_out, cumulative, influence, baujat, predict_studies]
)
def test_nonsense_is_refused(analysis):
    with pytest.raises(EmptySelection):
        analysis([], [])
    with pytest.raises(BadInput, match="2 faults"):
        analysis([0.1, np.nan, 0.3], [0.1, -0.1, 0.3])
    with pytest.raises(UnknownName):
        analysis(Y, V, method="nope")
    with pytest.raises(UnknownName):
        analysis(Y, V, test="nope")


def test_an_order_that_does_not_fit_is_refused():
    with pytest.raises(BadInput, match="2 values for 13 studies"):
        cumulative(Y, V, order=[1, 2])
    with pytest.raises(BadInput, match="missing"):
        cumulative(Y[:2], V[:2], order=[1, np.nan])


@pytest.mark.parametrize(
    ("design", "error", "message"),
    [
        (np.ones((12, 1)), BadInput, "12, 1"),
        (np.ones(13), BadInput, "shape"),
        (np.ones((13, 2)), NotEstimable, "depend on each other"),
        (np.column_stack([np.ones(13), [1] + [0] * 12]), NotEstimable, "Without study 1"),
        (np.full((13, 1), np.nan), BadInput, "missing"),
        (np.eye(13), TooFewStudies, "fewer moderators"),
    ],
)
def test_a_design_that_does_not_fit_is_refused(design, error, message):
    with pytest.raises(error, match=message):
        influence(Y, V, design=design)


def test_a_study_that_outweighs_all_others_is_refused():
    with pytest.raises(NotEstimable, match="outweighs"):
        influence([0.1, 0.2, 0.4], [1e-300, 1.0, 1.0], method="CE")


def test_results_are_frozen_read_only_frames():
    for result in (
        leave_one_out(Y, V),
        cumulative(Y, V),
        influence(Y, V),
        baujat(Y, V),
        predict_studies(Y, V),
    ):
        frame = result.to_frame()
        assert frame.shape[0] == 13
        assert frame.index.name == "study"
        with pytest.raises(FrozenInstanceError):
            setattr(result, result.__slots__[0], None)
        for name in result.__slots__:
            value = getattr(result, name)
            assert not isinstance(value, np.ndarray) or not value.flags.writeable, name


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    studies=any_studies(7),
    method=st.sampled_from([*ESTIMATORS, None]),
    test=st.sampled_from(["z", "t", "knha", "adhoc", None]),
)
def test_any_input_gives_finite_numbers_or_a_refusal(studies, method, test):
    yi, vi = studies
    try:
        frame = sensitivity(yi, vi, method=method, test=test).to_frame()
    except EvidenceError:
        return
    numbers = frame.drop(columns=["without_test", "without_df"]).to_numpy(dtype=float)
    assert np.isfinite(numbers).all()


def test_predictions_without_width_are_refused():
    with pytest.raises(NotEstimable, match="no width"):
        predict_studies([0.3, 0.3], [0.1, 0.2], method="DL", test="knha")
