"""Multilevel and multivariate synthesis: metafor's numbers, identities, edges, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence import (
    compare_models,
    effect_size,
    meta_regression,
    predict_effects,
    sampling_covariance,
)
from evidence.errors import BadInput, EvidenceError, NotEstimable, TooFewStudies, UnknownName
from evidence.synthesis.inputs import (
    RandomStructure,
    RandomTerm,
    arm_overlap,
    nested,
    outcome_correlation,
    time_correlation,
)
from evidence.synthesis.multilevel.fit import pool_multilevel
from evidence.synthesis.multilevel.mixed_model import MixedModel
from evidence.synthesis.multilevel.profile_intervals import profile_interval
from evidence.synthesis.regression import joint_test

HERE = Path(__file__).parents[1]
SETS = json.loads((HERE / "reference" / "dependent_effects.json").read_text())["sets"]
#: rma.mv stops where its log likelihood no longer changes, so variances have half its digits.
OPTIMISER = 1e-5
LOG_LIKELIHOOD = 1e-8
#: rma.mv looks for the ends of a profile by uniroot with a tolerance of about 1e-4.
PROFILE = 3e-3
#: Closed form, so only the order of the sums differs.
CLOSED_FORM = 1e-12

FIRST = SETS[0]["data"]
Y, V = np.array(FIRST["yi"]), np.array(SETS[0]["V"])
THREE_LEVEL = nested({"study": FIRST["study"], "esid": FIRST["esid"]})


def by_outcome(kind, data=FIRST):
    return [RandomStructure(inner=data["outcome"], outer=data["study"], kind=kind)]


def sigma2(found):
    return [float(effect.variances[0]) for effect in found.random_effects]


# --- references (the golden cases are in tests/reference) ----------------------------------------


@pytest.mark.parametrize("reference", SETS, ids=["within", "no within"])
def test_three_levels_with_moderators_and_known_covariances(reference):
    data, ref = reference["data"], reference["nested"]
    found = pool_multilevel(
        data["yi"],
        reference["V"],
        nested({"study": data["study"], "esid": data["esid"]}),
        moderators={"x": data["x"], "group": data["group"]},
    )
    assert_allclose(sigma2(found), ref["sigma2"], rtol=OPTIMISER, atol=OPTIMISER)
    assert_allclose(found.coefficients.estimate, ref["beta"], rtol=OPTIMISER)
    assert_allclose(found.coefficients.se, ref["se"], rtol=OPTIMISER)
    assert_allclose(found.fit.log_likelihood, ref["ll"], rtol=LOG_LIKELIHOOD)
    assert_allclose(found.q, ref["QE"], rtol=1e-9)
    assert_allclose(found.moderator_test.statistic, ref["QM"], rtol=OPTIMISER)
    for name, bounds in zip(("study", "study/esid"), ref["profile"].values(), strict=True):
        interval = profile_interval(found, name)
        for end, bound in zip((interval.low, interval.high), bounds, strict=True):
            if bound != "NA":  # rma.mv often finds no end
                assert_allclose(end, bound, rtol=PROFILE, atol=1e-6)


@pytest.mark.parametrize("reference", SETS, ids=["within", "no within"])
def test_crossed_groups(reference):
    data, ref = reference["data"], reference["crossed"]
    groups = {"study": data["study"], "outcome": data["outcome"]}
    found = pool_multilevel(data["yi"], reference["V"], groups, method="ML")
    assert_allclose(sigma2(found), ref["sigma2"], rtol=OPTIMISER, atol=OPTIMISER)
    assert_allclose(found.fit.log_likelihood, ref["ll"], rtol=LOG_LIKELIHOOD)


@pytest.mark.parametrize("reference", SETS, ids=["within", "no within"])
@pytest.mark.parametrize("kind", ["CS", "DIAG", "UN"])
def test_structures_of_outcomes_within_studies(reference, kind):
    data, ref = reference["data"], reference[kind]
    found = pool_multilevel(
        data["yi"],
        reference["V"],
        structures=by_outcome(kind, data),
        moderators={"x": data["x"]},
    )
    (effect,) = found.random_effects
    tau2 = effect.variances[:1] if kind == "CS" else effect.variances
    assert_allclose(tau2, ref["tau2"], rtol=1e-4, atol=1e-6)
    assert_allclose(found.coefficients.se, ref["se"], rtol=1e-4)
    assert_allclose(found.fit.log_likelihood, ref["ll"], atol=1e-7)
    if kind != "DIAG":
        upper = effect.correlations[[0, 0, 1], [1, 2, 2]]
        assert_allclose(upper, ref["rho"] if kind == "UN" else [ref["rho"]] * 3, atol=1e-4)


def test_profile_intervals_of_a_structure():
    found = pool_multilevel(Y, V, structures=by_outcome("CS"), moderators={"x": FIRST["x"]})
    bounds = SETS[0]["CS"]["profile"]
    for component, expected in zip(("tau2", "rho"), bounds.values(), strict=True):
        interval = profile_interval(found, f"inner | outer {component}")
        assert_allclose([interval.low, interval.high], expected, rtol=PROFILE)


@pytest.mark.parametrize("reference", SETS, ids=["within", "no within"])
def test_covariances_of_shared_arms_outcomes_and_times(reference):
    data = reference["data"]
    outcomes = outcome_correlation(data["esid"], 0.6)
    arms = arm_overlap(data["trt"], data["ctl"], data["n1"], data["n2"])
    built = sampling_covariance(data["vi"], data["study"], outcomes, arms)
    assert_allclose(built, reference["arms"], atol=CLOSED_FORM)
    times = time_correlation(data["time"], 0.8)
    built = sampling_covariance(data["vi"], data["study"], outcomes, times)
    assert_allclose(built, reference["times"], atol=CLOSED_FORM)


# --- identities ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_one_random_effect_for_each_row_is_a_meta_regression(method):
    x, vi = {"x": FIRST["x"]}, np.diagonal(V)
    rows = {"row": np.arange(Y.size)}
    found = pool_multilevel(Y, vi, rows, moderators=x, method=method, test="t")
    plain = meta_regression(Y, vi, x, method=method, test="t")
    assert_allclose(sigma2(found), [plain.tau2], rtol=1e-8)
    assert_allclose(found.coefficients.p_value, plain.coefficients.p_value, rtol=1e-8)
    assert_allclose(found.fit.aicc, plain.fit.aicc, rtol=1e-10)
    assert_allclose(found.fit.deviance, plain.fit.deviance, rtol=1e-10)
    assert_allclose(found.i2, plain.heterogeneity.i2, rtol=1e-8)
    assert_allclose(
        predict_effects(found, {"x": 0.5}).prediction_low,
        predict_effects(plain, {"x": 0.5}).prediction_low,
        rtol=1e-8,
    )


def test_without_random_effects_it_is_the_common_effect():
    found = pool_multilevel(Y, np.diagonal(V))
    plain = meta_regression(Y, np.diagonal(V), method="CE")
    assert_allclose(found.coefficients.estimate, plain.coefficients.estimate, rtol=1e-10)
    assert_allclose([found.q, found.i2], [plain.heterogeneity.q, 0.0], rtol=1e-10)
    assert "There is no random effect" in found.decisions[0]


def test_order_of_rows_and_names_of_groups_do_not_matter():
    order = np.random.default_rng(3).permutation(Y.size)
    renamed = [f"trial {FIRST['study'][i]}" for i in order]
    plain = pool_multilevel(Y, V, THREE_LEVEL)
    levels = {"study": renamed, "effect": [THREE_LEVEL["study/esid"][i] for i in order]}
    turned = pool_multilevel(Y[order], V[np.ix_(order, order)], levels)
    assert_allclose(sigma2(turned), sigma2(plain), rtol=1e-8)
    assert_allclose(turned.coefficients.se, plain.coefficients.se, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1e5])
def test_a_change_of_unit_scales_the_result(scale):
    plain = pool_multilevel(Y, V, structures=by_outcome("UN"))
    scaled = pool_multilevel(scale * Y, scale**2 * V, structures=by_outcome("UN"))
    assert_allclose(
        scaled.random_effects[0].covariance,
        scale**2 * plain.random_effects[0].covariance,
        rtol=1e-7,
        atol=1e-9 * scale**2,
    )
    assert_allclose(scaled.coefficients.p_value, plain.coefficients.p_value, rtol=1e-7)


def test_structures_are_nested_in_each_other():
    heights = {
        kind: pool_multilevel(Y, V, structures=by_outcome(kind)).fit.log_likelihood
        for kind in ("ID", "DIAG", "CS", "UN")
    }
    assert heights["ID"] <= min(heights["DIAG"], heights["CS"]) <= heights["UN"]


def test_a_likelihood_ratio_compares_random_effects():
    full = pool_multilevel(Y, V, THREE_LEVEL)
    ratio = compare_models(full, pool_multilevel(Y, V, {"study": FIRST["study"]}))
    assert ratio.df == 1
    assert ratio.statistic > 0
    assert ratio.r2 is None


def term(kind, levels):
    inner = np.arange(6) % len(levels)
    return RandomTerm(name="t", kind=kind, levels=levels, inner=inner, outer=np.arange(6) // 3)


@pytest.mark.parametrize(
    ("kind", "levels"),
    [
        ("ID", ("",)),
        ("DIAG", ("a", "b")),
        ("CS", ("a", "b", "c")),
        ("UN", ("a", "b")),
        ("UN", ("a", "b", "c")),
    ],
)
@pytest.mark.parametrize("restricted", [True, False])
def test_gradient_and_hessian_are_the_derivatives_of_the_likelihood(kind, levels, restricted):
    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(6), rng.normal(size=6)])
    model = MixedModel(
        rng.normal(size=6),
        np.diag(np.full(6, 0.3)),
        design,
        [term(kind, levels)],
        restricted=restricted,
    )
    point, h = rng.normal(size=len(model.names)), 1e-5
    _, gradient, hessian = model.derivatives(point)
    for i, step in enumerate(h * np.eye(point.size)):
        above, below = model.derivatives(point + step), model.derivatives(point - step)
        assert_allclose(gradient[i], (above[0] - below[0]) / (2 * h), atol=1e-7)
        assert_allclose(hessian[i], (above[1] - below[1]) / (2 * h), atol=1e-6)


# --- edges ---------------------------------------------------------------------------------------


def test_homogeneous_effects_have_variances_of_exactly_0():
    found = pool_multilevel(
        [0.1, 0.11, 0.09, 0.1], [0.1] * 4, nested({"study": [1, 1, 2, 2], "effect": [1, 2, 1, 2]})
    )
    assert sigma2(found) == [0.0, 0.0]
    assert "The variance of study is estimated as 0." in found.decisions
    interval = profile_interval(found, "study")
    assert interval.low == 0.0 < interval.high


def test_a_correlation_at_its_limit_is_said_and_zero_variances_have_none():
    full = pool_multilevel(Y, V, structures=by_outcome("UN"), moderators={"x": FIRST["x"]})
    assert any("at its limit (-1)" in decision for decision in full.decisions)
    separate = pool_multilevel(Y, V, structures=by_outcome("DIAG"), moderators={"x": FIRST["x"]})
    (effect,) = separate.random_effects
    assert effect.variances[2] == 0.0
    assert np.isnan(effect.correlations[0, 2])


def test_profiles_of_unstructured_variances():
    found = pool_multilevel(Y, V, structures=by_outcome("UN"))
    interval = profile_interval(found, "inner | outer tau2[o2]")
    assert_allclose(interval.estimate, found.random_effects[0].variances[1], rtol=1e-12)
    assert interval.low < interval.estimate < interval.high


def test_profiles_of_two_outcomes_have_their_ends_at_the_cut():
    pair = ["o1" if name == "o3" else name for name in FIRST["outcome"]]
    structure = [RandomStructure(inner=pair, outer=FIRST["study"])]
    found = pool_multilevel(Y, V, structures=structure)
    rho = profile_interval(found, "inner | outer rho")
    assert -1.0 <= rho.low <= rho.estimate <= rho.high <= 1.0
    wider = profile_interval(found, "inner | outer rho", level=0.99)
    assert wider.low <= rho.low
    tau2 = profile_interval(found, "inner | outer tau2[o1]")
    assert tau2.low < tau2.estimate < tau2.high


def test_whole_numbers_and_their_text_are_the_same_group():
    assert nested({"a": [1, 2.0], "b": ["x", "y"]}) == {"a": ["1", "2"], "a/b": ["1/x", "2/y"]}


def test_effect_sizes_leave_with_their_group():
    effects = effect_size(
        "OR",
        ai=[3, 0, 4, 6, 9],
        n1i=[20, 30, 25, 30, 40],
        ci=[6, 0, 9, 8, 7],
        n2i=[20, 30, 25, 30, 40],
        drop00=True,
    )
    found = pool_multilevel(effects, random={"trial": [1, 7, 2, 3, 3]})
    assert found.random_effects[0].groups == 3


def test_the_result_prints_and_has_frames():
    found = pool_multilevel(Y, V, THREE_LEVEL, moderators={"x": FIRST["x"]}, test="t")
    text = str(found)
    for part in ("Multilevel model", "variance of study (9 groups)", "I2", "QE"):
        assert part in text
    assert list(found.to_frame()["coefficient"]) == ["intercept", "x"]
    assert list(found.variance_frame()["term"]) == ["study", "study/esid"]
    assert_allclose(sum(found.variance_frame()["i2"]), found.i2, rtol=CLOSED_FORM)
    assert joint_test(found, ["x"]).residual_df == Y.size - 2
    for array in (found.vi, found.marginal, found.random_effects[0].covariance):
        assert not array.flags.writeable


def test_a_structure_has_no_single_prediction_interval():
    found = pool_multilevel(Y, V, structures=by_outcome("UN"))
    effects = predict_effects(found)
    assert effects.prediction_low is None
    assert "no single variance" in effects.decisions[0]


# --- covariance matrices -------------------------------------------------------------------------


def test_a_shared_control_of_equal_arms_correlates_by_half():
    overlap = arm_overlap(["A", "B", "B"], ["P", "P", "A"])
    assert_allclose(overlap, [[1, 0.5, -0.5], [0.5, 1, 0.5], [-0.5, 0.5, 1]], rtol=CLOSED_FORM)


def test_pairs_of_outcomes_may_have_their_own_correlation():
    rho = {("relapse", "edss"): 0.4}
    found = outcome_correlation(["relapse", "edss", "relapse"], rho)
    assert_allclose(found, [[1, 0.4, 1], [0.4, 1, 0.4], [1, 0.4, 1]], rtol=CLOSED_FORM)
    with pytest.raises(BadInput, match="correlation of relapse and mri is None"):
        outcome_correlation(["relapse", "mri"], rho)


def test_different_clusters_are_independent():
    found = sampling_covariance([0.1, 0.2, 0.3], [1, 1, 2], outcome_correlation([1, 2, 1], 0.5))
    assert_allclose(found[0, 1], 0.5 * np.sqrt(0.02), rtol=CLOSED_FORM)
    assert found[0, 2] == 0.0
    assert not found.flags.writeable


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sampling_covariance([0.1, 0.2], [1, 1]), r"cluster 1 \(rows 1, 2\)"),
        (lambda: sampling_covariance([0.1, -0.2], [1, 1]), "above 0"),
        (lambda: sampling_covariance([0.1, 0.2], [1]), "1 labels for 2 rows"),
        (lambda: sampling_covariance([0.1, 0.2], [1, 1], np.eye(3)), r"shape \(3, 3\)"),
        (lambda: sampling_covariance([], []), "no list of one or more"),
        (
            lambda: sampling_covariance([0.1] * 3, [1] * 3, outcome_correlation([1, 2, 3], -0.9)),
            "no positive definite matrix",
        ),
        (lambda: outcome_correlation([1, 2], 1.5), "is 1.5"),
        (lambda: time_correlation([1, 2], 0.0), "phi is 0"),
        (lambda: time_correlation([[1, 2]], 0.5), "no list of numbers"),
        (lambda: arm_overlap(["A", "B"], ["P", "B"]), "row 2: B is compared with itself"),
        (lambda: arm_overlap(["A", "B"], ["P"]), "1 labels for 2 rows"),
        (lambda: arm_overlap(["A", "B"], ["P", "P"], [10, 0], [5, 5]), "row 2: n_treatment is 0"),
        (lambda: arm_overlap(["A", "B"], ["P", "P"], [10, 1], [5, 5, 3]), "lengths differ"),
    ],
)
def test_covariances_that_cannot_be_are_refused(make, message):
    with pytest.raises(BadInput, match=message):
        make()


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("v", "message"),
    [
        ([[0.1, 0.2], [0.0, 0.1]], "not symmetric"),
        ([[0.1, 0.2], [0.2, 0.1]], "correlation beyond 1"),
        ([[0.1, 0.1], [0.1, 0.1]], "not positive definite"),
        ([[0.1, 0.0, 0.0], [0.0, 0.1, 0.0]], "2x3, not square"),
        ([[0.1, 0.0], [0.0, -0.1]], "vi is -0.1"),
        ([[0.1, np.nan], [np.nan, 0.1]], "missing"),
        ([0.1], "lengths differ"),
    ],
)
def test_matrices_that_are_no_covariances_are_refused(v, message):
    with pytest.raises(BadInput, match=message):
        pool_multilevel([0.1, 0.4], v, {"study": [1, 2]})


@pytest.mark.parametrize(
    ("random", "structures", "message"),
    [
        ({"a": [1, 2, 1, 2], "b": [5, 6, 5, 6]}, [], "do not determine a and b"),
        ({"a": [1, 1, 1, 1]}, [], "do not determine a"),
        (None, [RandomStructure(inner=list("xyxy"), outer=[1, 2, 3, 4])], "rho"),
    ],
)
def test_random_effects_that_the_data_cannot_tell_are_refused(random, structures, message):
    with pytest.raises(NotEstimable, match=message):
        pool_multilevel([0.1, 0.4, 0.3, 0.9], [0.1] * 4, random, structures=structures)


def test_faults_of_groups_are_refused_together():
    with pytest.raises(BadInput) as refused:
        pool_multilevel([0.1, 0.4], [0.1, 0.1], {"a": [1], "b": [None, 2], "c": [[1, 2], [3, 4]]})
    assert len(refused.value.problems) == 3
    same_name = [RandomStructure(inner=["x", "y"], outer=[1, 2], name="a")]
    with pytest.raises(BadInput, match="given twice"):
        pool_multilevel([0.1, 0.4], [0.1, 0.1], {"a": [1, 2]}, structures=same_name)
    with pytest.raises(BadInput, match="lengths differ"):
        nested({"a": [1, 2], "b": [1]})


@pytest.mark.parametrize("option", [{"method": "DL"}, {"test": "knha"}])
def test_unknown_choices_are_refused(option):
    with pytest.raises(UnknownName, match="of a multilevel model"):
        pool_multilevel(Y, V, THREE_LEVEL, **option)
    with pytest.raises(UnknownName, match="structure"):
        pool_multilevel(Y, V, structures=by_outcome("AR"))


def test_unknown_components_of_a_profile_are_refused():
    with pytest.raises(UnknownName, match="variance component 'studies'"):
        profile_interval(pool_multilevel(Y, V, THREE_LEVEL), "studies")


def test_one_effect_is_too_few():
    with pytest.raises(TooFewStudies):
        pool_multilevel([0.1], [0.1], {"study": [1]})


@pytest.mark.parametrize("unit", [1e-9, 1e-4, 1.0, 1e4])
def test_one_group_has_no_variance_between_groups_however_small_the_sampling_variances(unit):
    variances = unit * np.array([1.3, 18, 16, 14, 13, 10, 96, 53])
    effects = [-1.2, -1.6, -1.0, 0.9, -0.4, 0.6, -1.0, -0.6]
    for order in (slice(None), slice(None, None, -1)):
        with pytest.raises(NotEstimable, match="do not determine study"):
            pool_multilevel(effects[order], variances[order], {"study": [1] * 8})


def apart(distance, order=slice(None)):
    """Six effects, two of them this many times 1 away from the others."""
    yi = np.array([0.45 * distance, -0.2, 1.8, 0.95, -0.1, distance])[order]
    vi = np.array([0.09, 5.9, 0.1, 1.9, 0.13, 0.8])[order]
    levels = RandomStructure(inner=list("zxzzxz")[order], outer=[0, 1, 1, 2, 1, 1][order])
    return pool_multilevel(yi, vi, structures=[levels])


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
@pytest.mark.parametrize("distance", [2e3, 2e4, 2e5, 2e6])
def test_effects_that_drown_in_rounding_are_refused(distance, order):
    with pytest.raises(NotEstimable, match="lost in rounding errors"):
        apart(distance, order)


@pytest.mark.parametrize("distance", [2, 20, 60])
def test_effects_that_rounding_spares_are_the_same_in_any_order(distance):
    one, other = apart(distance), apart(distance, slice(None, None, -1))
    for name in ("estimate", "se"):
        ours, theirs = (getattr(found.coefficients, name) for found in (one, other))
        assert_allclose(ours, theirs, rtol=1e-6)  # of a bound of 1e-6


ANY = st.floats() | st.floats(-10, 10) | st.sampled_from([0.0, 1e-300, 1e300])
ROW = st.tuples(
    ANY, ANY | st.floats(1e-3, 10), st.integers(0, 4), st.sampled_from("xy"), st.booleans()
)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    rows=st.lists(ROW, max_size=9),
    tame=st.booleans(),
    kind=st.sampled_from(["nested", "crossed", "UN", "CS", "DIAG", "ID"]),
    method=st.sampled_from(["ML", "REML"]),
    moderator=st.booleans(),
)
def test_any_input_gives_finite_numbers_or_a_refusal(rows, tame, kind, method, moderator):
    yi, vi = (np.array([row[i] for row in rows], dtype=float) for i in (0, 1))
    if tame:
        yi = np.clip(np.nan_to_num(yi), -1e3, 1e3)
        vi = np.clip(np.abs(np.nan_to_num(vi)), 1e-3, 1e3)
    study, outcome, blind = ([row[i] for row in rows] for i in (2, 3, 4))
    options = {"method": method, "moderators": {"blind": blind} if moderator else None}
    if kind == "nested":
        options["random"] = {"study": study, "row": list(range(len(rows)))}
    elif kind == "crossed":
        options["random"] = {"study": study, "outcome": outcome}
    else:
        options["structures"] = [RandomStructure(inner=outcome, outer=study, kind=kind)]
    try:
        found = pool_multilevel(yi, vi, **options)
    except EvidenceError:
        return
    table = found.coefficients
    for array in (table.estimate, table.se, table.p_value, table.ci_low, table.vcov):
        assert np.all(np.isfinite(array))
    for effect in found.random_effects:
        assert np.all(np.isfinite(effect.covariance))
        assert np.all(effect.variances >= 0.0)
    assert np.isfinite(found.fit.aicc)
    assert str(found)
