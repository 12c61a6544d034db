"""Meta-regression: designs, identities, tests, predictions, comparisons, refusals."""

import json
import warnings
from dataclasses import FrozenInstanceError
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence import effect_size, pool
from evidence.errors import (
    BadInput,
    EvidenceError,
    NotEstimable,
    TooFewStudies,
    UnknownName,
)
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.inputs import build_design
from evidence.synthesis.pairwise import SUMMARY_TESTS
from evidence.synthesis.regression.fit import meta_regression
from evidence.synthesis.regression.model_comparison import compare_models, joint_test
from evidence.synthesis.regression.predicted_effects import predict_effects

DATA = Path(__file__).parents[2] / "reference" / "data" / "meta_regression.json"
CASES = json.loads(DATA.read_text(encoding="utf-8"))["cases"]
#: Closed form, so only the order of the sums differs.
CLOSED_FORM = 1e-12
#: Root of an equation, solved to the last bits of its argument.
ROOT = 1e-9
#: PyMARE stops its search for tau2 at about this distance.
ENGINE = 1e-4

CASE = next(case for case in CASES if len(case["inputs"]["mods"]) == 3)["inputs"]
Y, V = np.array(CASE["yi"]), np.array(CASE["vi"])
MODERATORS = CASE["mods"]


# --- references (the golden cases are in tests/reference) ----------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_moderators_become_the_design_matrix_of_r(case):
    inputs = case["inputs"]
    interactions = [tuple(inputs["mods"])] if "*" in inputs["formula"] else []
    design = build_design(
        inputs["mods"],
        len(inputs["yi"]),
        intercept="- 1" not in inputs["formula"],
        interactions=interactions,
    )
    assert_allclose(design.matrix, inputs["X"], rtol=CLOSED_FORM)
    as_r = [name.replace("[", "").replace("]", "") for name in design.names]
    assert [name.replace("intercept", "intrcpt") for name in as_r] == case["expected"]["coefnames"]


@pytest.mark.parametrize("method", ["DL", "ML", "REML"])
def test_pymare_gives_the_same_coefficients(method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # PyMARE leaves a file open
        from pymare import estimators
    found = meta_regression(Y, V, MODERATORS, method=method)
    options = {"weight_scheme": "individual", "rho": None, "small_sample_correction": "wald"}
    if method == "DL":
        engine = estimators.DerSimonianLaird(**options)
    else:
        engine = estimators.VarianceBasedLikelihoodEstimator(method=method, **options)
    with np.errstate(all="ignore"):
        engine.fit(y=Y[:, None], v=V[:, None], X=found.design.matrix)
    assert_allclose(found.coefficients.estimate, engine.params_["fe_params"][:, 0], rtol=ENGINE)


# --- identities ----------------------------------------------------------------------------------


@pytest.mark.parametrize("test", ["z", "t", "knha", "adhoc"])
@pytest.mark.parametrize("method", ESTIMATORS)
def test_without_moderators_it_is_the_pooled_effect(method, test):
    pooled = pool(Y, V, method=method, test=test, policy="metafor")
    found = meta_regression(Y, V, method=method, test=test)
    table = found.coefficients
    assert_allclose(
        [table.estimate[0], table.se[0], table.p_value[0], table.ci_low[0], table.ci_high[0]],
        [pooled.estimate, pooled.se, pooled.p_value, pooled.ci_low, pooled.ci_high],
        rtol=ROOT,
    )
    rest = found.heterogeneity
    assert_allclose([rest.tau2, rest.q, rest.h2], [pooled.tau2, pooled.q, pooled.h2], rtol=ROOT)
    assert found.moderator_test is None
    assert found.r2 is None


@pytest.mark.parametrize("method", ESTIMATORS)
def test_order_of_studies_and_of_moderators_does_not_matter(method):
    order = np.random.default_rng(1).permutation(Y.size)
    turned = {name: np.array(MODERATORS[name])[order] for name in reversed(MODERATORS)}
    plain = meta_regression(Y, V, MODERATORS, method=method)
    other = meta_regression(Y[order], V[order], turned, method=method)
    position = [other.coefficients.names.index(name) for name in plain.coefficients.names]
    assert_allclose(other.coefficients.estimate[position], plain.coefficients.estimate, rtol=1e-7)
    assert_allclose(other.tau2, plain.tau2, rtol=1e-7)
    assert_allclose(other.moderator_test.statistic, plain.moderator_test.statistic, rtol=1e-7)


def test_without_intercept_the_factor_has_its_own_means_and_the_same_fit():
    factor = {"alloc": MODERATORS["alloc"]}
    contrast = meta_regression(Y, V, factor, test="knha")
    means = meta_regression(Y, V, factor, test="knha", intercept=False)
    first, *differences = contrast.coefficients.estimate
    assert_allclose(
        means.coefficients.estimate, [first, *(first + d for d in differences)], rtol=ROOT
    )
    assert_allclose(means.fit.log_likelihood, contrast.fit.log_likelihood, rtol=ROOT)
    assert_allclose(means.r2, contrast.r2, atol=ROOT)
    assert means.moderator_test.df == 3


def test_moving_and_scaling_a_moderator_changes_its_coefficient_alone():
    x = np.array(MODERATORS["ablat"], dtype=float)
    plain = meta_regression(Y, V, {"x": x})
    scaled = meta_regression(Y, V, {"x": (x - 40) / 10})
    assert_allclose(
        scaled.coefficients.estimate,
        [plain.coefficients.estimate @ [1, 40], 10 * plain.coefficients.estimate[1]],
        rtol=ROOT,
    )
    assert_allclose(scaled.moderator_test.p_value, plain.moderator_test.p_value, rtol=ROOT)


def test_predictions_at_the_studies_are_the_fitted_values():
    found = meta_regression(Y, V, MODERATORS, test="knha")
    at_studies = predict_effects(found, MODERATORS)
    assert_allclose(
        at_studies.estimate, found.design.matrix @ found.coefficients.estimate, rtol=CLOSED_FORM
    )
    narrower = predict_effects(found, MODERATORS, level=0.9)
    assert np.all(narrower.ci_low > at_studies.ci_low)


def test_a_joint_test_of_one_coefficient_is_its_own_test():
    found = meta_regression(Y, V, MODERATORS, test="t")
    one = joint_test(found, ["ablat"])
    position = found.coefficients.names.index("ablat")
    assert_allclose(one.statistic, found.coefficients.statistic[position] ** 2, rtol=CLOSED_FORM)
    assert_allclose(one.p_value, found.coefficients.p_value[position], rtol=ROOT)


def test_the_likelihood_ratio_against_itself_without_one_moderator():
    full = meta_regression(Y, V, {"ablat": MODERATORS["ablat"]}, method="ML")
    ratio = compare_models(full, meta_regression(Y, V, method="ML"))
    assert_allclose(ratio.statistic, 9.958821639725365, rtol=1e-8)  # golden case
    assert_allclose(ratio.r2, full.r2, rtol=ROOT)
    assert ratio.df == 1


def test_effects_that_lie_on_the_line_leave_no_heterogeneity():
    x = np.arange(6.0)
    found = meta_regression(1 + 2 * x, np.full(6, 0.1), {"x": x})
    assert_allclose(found.coefficients.estimate, [1, 2], rtol=CLOSED_FORM)
    assert found.tau2 == 0.0
    assert_allclose(found.r2, 1.0, rtol=CLOSED_FORM)


# --- designs -------------------------------------------------------------------------------------


def test_a_frame_a_mapping_and_a_matrix_are_the_same():
    mapping = {"a": [1, 2, 3, 4, 6], "b": [0.5, 0.1, 0.9, 0.3, 0.2]}
    frame = build_design(pd.DataFrame(mapping), 5)
    matrix = build_design(np.column_stack(list(mapping.values())), 5)
    assert_allclose(frame.matrix, build_design(mapping, 5).matrix, rtol=0)
    assert_allclose(frame.matrix, matrix.matrix, rtol=0)
    assert frame.names == ("intercept", "a", "b")
    assert matrix.names == ("intercept", "x1", "x2")


def test_a_categorical_chooses_the_reference_and_drops_unused_levels():
    phase = pd.Categorical(["iii", "ii", "iii", "ii"], categories=["iv", "iii", "ii"])
    design = build_design({"phase": phase}, 4)
    assert design.names == ("intercept", "phase[ii]")
    assert_allclose(design.matrix[:, 1], [0, 1, 0, 1], rtol=0)


def test_truth_values_are_numbers():
    design = build_design({"blind": [True, False, True]}, 3)
    assert design.names == ("intercept", "blind")


def test_a_column_of_ones_is_the_intercept():
    design = build_design({"one": [1, 1, 1, 1], "x": [1, 2, 3, 5]}, 4)
    assert design.names == ("one", "x")
    assert (design.intercept, design.tested) == (0, (1,))


def test_products_of_factors_have_the_contrasts_of_both():
    table = {"a": list("xxyyxxyyx"), "b": list("pqpqpqrrr")}
    design = build_design(table, 9, interactions=[("a", "b")])
    assert design.names[-2:] == ("a[y]:b[q]", "a[y]:b[r]")
    assert_allclose(design.matrix[:, -1], design.matrix[:, 1] * design.matrix[:, 3], rtol=0)


def test_a_level_of_one_study_is_named():
    found = meta_regression(
        [0.1, 0.2, 0.3, 0.4, 0.2],
        [0.1] * 5,
        {"dose": ["low", "low", "high", "low", "mid"]},
        labels=list("ABCDE"),
    )
    assert "Level mid of dose is one study, E." in found.decisions


# --- predictions ---------------------------------------------------------------------------------


def test_single_values_are_repeated_and_extrapolation_is_said():
    found = meta_regression(Y, V, MODERATORS)
    effects = predict_effects(found, {"alloc": "random", "ablat": [20, 70], "year": 1970})
    assert effects.estimate.size == 2
    assert "ablat 70 lies beyond the studies (13 to 55)." in effects.decisions
    frame = effects.to_frame()
    assert list(frame["ablat"]) == [20, 70]
    assert (frame["prediction_low"] < frame["ci_low"]).all()


def test_a_common_effect_predicts_without_prediction_interval():
    found = meta_regression(Y, V, MODERATORS, method="CE")
    assert predict_effects(found, MODERATORS).prediction_low is None


def test_prediction_with_k_minus_2_needs_a_degree_of_freedom():
    found = meta_regression([0.1, 0.4, 0.2], [0.1] * 3, {"x": [1, 2, 4]})
    assert predict_effects(found, {"x": 2}).estimate.shape == (1,)
    with pytest.raises(NotEstimable, match="residual degrees of freedom"):
        predict_effects(found, {"x": 2}, prediction="t-k-2")


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ({"alloc": "random", "ablat": 20}, "year is not given"),
        ({**MODERATORS, "colour": 1}, "colour is no moderator"),
        ({"alloc": "tossed", "ablat": 20, "year": 1970}, "no level 'tossed' .known: alternate"),
        ({"alloc": "random", "ablat": None, "year": 1970}, "ablat is None, not a number"),
        ({"alloc": "random", "ablat": [1, 2], "year": [1, 2, 3]}, "lengths differ"),
    ],
)
def test_moderators_that_do_not_fit_the_model_are_refused(new, message):
    found = meta_regression(Y, V, MODERATORS)
    with pytest.raises(BadInput, match=message):
        predict_effects(found, new)


# --- effect sizes and results --------------------------------------------------------------------


def test_a_study_without_effect_size_leaves_with_its_moderators():
    effects = effect_size(
        "OR",
        ai=[3, 0, 4, 6, 8],
        n1i=[20, 30, 25, 30, 40],
        ci=[6, 0, 9, 8, 9],
        n2i=[20, 30, 25, 30, 40],
        labels=list("ABCDE"),
        drop00=True,
    )
    found = meta_regression(effects, moderators={"x": [1, np.nan, 3, 5, 4]})
    assert found.labels == ("A", "C", "D", "E")
    assert_allclose(found.design.matrix[:, 1], [1, 3, 5, 4], rtol=0)
    assert found.decisions[0].startswith("B was left out")


def test_the_result_is_frozen_prints_and_has_frames():
    found = meta_regression(Y, V, MODERATORS, test="knha")
    with pytest.raises(FrozenInstanceError):
        found.level = 0.9
    for array in (found.coefficients.vcov, found.coefficients.se, found.design.matrix):
        assert not array.flags.writeable
    text = str(found)
    for part in ("Meta-regression of 13 studies", "Knapp-Hartung with 8 df", "ablat", "R2"):
        assert part in text
    frame = found.to_frame()
    assert list(frame["coefficient"]) == list(found.coefficients.names)
    assert list(frame["df"]) == [8.0] * 5


# --- refusals ------------------------------------------------------------------------------------


def test_all_faults_of_the_moderators_are_named_at_once():
    with pytest.raises(BadInput) as refused:
        meta_regression(
            [0.1, 0.2, 0.3, 0.4],
            [0.1] * 4,
            {"x": [1, None, 3, np.inf], "g": ["a", "b", None, "a"], "short": [1, 2]},
            labels=list("ABCD"),
        )
    assert len(refused.value.problems) == 4
    assert "row 3 (C): g is missing" in str(refused.value)


@pytest.mark.parametrize(
    ("moderators", "error", "message"),
    [
        ({"x": [1, 2, 3, 4], "z": [2, 4, 6, 8]}, NotEstimable, "z cannot be estimated .* by x"),
        ({"x": [0, 0, 0, 0]}, NotEstimable, "0 throughout"),
        ({"g": list("aaaa")}, BadInput, "g is a in every study"),
        ({"g": list("abcd")}, TooFewStudies, "4 coefficients .* needs at least 5"),
        ({"d": np.array(["2020-01-01"] * 4, dtype="datetime64[D]")}, BadInput, "holds dates"),
        ({"m": [1, "a", 2, 3]}, BadInput, "mixes"),
        ({"m": [[1, 2], [3, 4], [5, 6], [7, 8]]}, BadInput, "2 dimensions"),
        (np.ones((4, 2, 2)), BadInput, "3 dimensions"),
        (pd.DataFrame([[1, 2]] * 4, columns=["a", "a"]), BadInput, "several columns called a"),
    ],
)
def test_designs_that_cannot_be_fitted_are_refused_with_advice(moderators, error, message):
    with pytest.raises(error, match=message):
        meta_regression([0.1, 0.2, 0.3, 0.5], [0.1] * 4, moderators)


def test_an_interaction_needs_two_moderators_that_are_given():
    with pytest.raises(BadInput, match="no pair of two moderators"):
        meta_regression(Y, V, MODERATORS, interactions=[("ablat", "dose")])


def test_a_product_beyond_double_precision_is_refused():
    table = {"a": [1e200, 1, 2, 3, 4, 6], "b": [1e200, 5, 1, 2, 9, 1]}
    with pytest.raises(NotEstimable, match="product of a and b"):
        meta_regression(np.arange(6.0), np.ones(6), table, interactions=[("a", "b")])


def test_neither_intercept_nor_moderators_is_refused():
    with pytest.raises(BadInput, match="without intercept and without moderators"):
        meta_regression(Y, V, intercept=False)


@pytest.mark.parametrize("option", [{"method": "XX"}, {"test": "kh"}, {"level": 95}])
def test_unknown_choices_are_refused(option):
    with pytest.raises(BadInput):
        meta_regression(Y, V, MODERATORS, **option)


def test_knapp_hartung_without_residuals_is_refused():
    with pytest.raises(NotEstimable, match="standard error of intercept, x is 0"):
        meta_regression([1.0, 2.0, 3.0], [0.1] * 3, {"x": [1, 2, 3]}, test="knha")


def test_unknown_and_missing_coefficients_of_a_joint_test_are_refused():
    found = meta_regression(Y, V, MODERATORS)
    with pytest.raises(UnknownName, match="coefficient"):
        joint_test(found, ["dose"])
    with pytest.raises(UnknownName, match="coefficient"):
        joint_test(found, [9])
    with pytest.raises(BadInput, match="no coefficient"):
        joint_test(found, [])


@pytest.mark.parametrize(
    ("full", "reduced", "error", "message"),
    [
        ({"method": "REML"}, {"method": "REML"}, NotEstimable, "different scales"),
        ({"method": "DL"}, {"method": "DL"}, NotEstimable, "maximises no likelihood"),
        ({"method": "ML"}, {"method": "CE"}, BadInput, "the methods are ML and CE"),
    ],
)
def test_models_without_a_likelihood_ratio_are_refused(full, reduced, error, message):
    x = {"x": MODERATORS["ablat"]}
    with pytest.raises(error, match=message):
        compare_models(meta_regression(Y, V, x, **full), meta_regression(Y, V, **reduced))


def test_models_that_are_not_nested_are_refused():
    one = meta_regression(Y, V, {"x": MODERATORS["ablat"]}, method="ML")
    other = meta_regression(Y, V, {"x": MODERATORS["year"]}, method="ML")
    with pytest.raises(BadInput, match="not among those"):
        compare_models(one, other)
    with pytest.raises(BadInput, match="not the same"):
        compare_models(one, meta_regression(Y + 1, V, method="ML"))


ANY = st.one_of(
    st.floats(),
    st.floats(-10, 10),
    st.sampled_from([0.0, 1.0, 1e-300, 1e300, 1e-9, 1e9]),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    studies=st.lists(st.tuples(ANY, ANY | st.floats(1e-3, 10), ANY), max_size=9),
    factor=st.lists(st.sampled_from("abc"), min_size=9, max_size=9),
    tame=st.booleans(),
    method=st.sampled_from(list(ESTIMATORS)),
    test=st.sampled_from(list(SUMMARY_TESTS)),
    intercept=st.booleans(),
)
def test_any_input_gives_finite_numbers_or_a_refusal(
    studies, factor, tame, method, test, intercept
):
    yi, vi, x = np.array(studies).reshape(-1, 3).T
    if tame:
        yi, x = (np.clip(np.nan_to_num(part), -1e6, 1e6) for part in (yi, x))
        vi = np.clip(np.abs(np.nan_to_num(vi)), 1e-6, 1e6)
    moderators = {"x": x, "g": factor[: yi.size]}
    try:
        found = meta_regression(yi, vi, moderators, method=method, test=test, intercept=intercept)
        effects = predict_effects(found, moderators)
    except EvidenceError:
        return
    table = found.coefficients
    for array in (table.estimate, table.se, table.p_value, table.ci_low, table.vcov, effects.se):
        assert np.all(np.isfinite(array))
    assert found.tau2 >= 0.0
    assert isfinite(found.fit.aicc)
    assert found.r2 is None or 0.0 <= found.r2 <= 1.0
    assert str(found)
