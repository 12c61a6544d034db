"""Cluster-robust tests and robust variance estimation: R's numbers, identities, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence import effect_size, meta_regression, pool
from evidence.errors import BadInput, EvidenceError, NotEstimable, TooFewStudies, UnknownName
from evidence.synthesis.inputs import nested
from evidence.synthesis.multilevel.cluster_robust import joint_robust_test, robust
from evidence.synthesis.multilevel.fit import pool_multilevel
from evidence.synthesis.multilevel.robust_variance import pool_robust
from evidence.synthesis.multilevel.sandwich import ADJUSTMENTS

SETS = json.loads((Path(__file__).parents[1] / "reference" / "dependent_effects.json").read_text())[
    "sets"
]
#: rma.mv stops where its log likelihood no longer changes, so what follows has half its digits.
OPTIMISER = 1e-5
#: Closed form, so only the order of the sums differs.
CLOSED_FORM = 1e-9

FIRST = SETS[0]["data"]
Y, V, STUDY = np.array(FIRST["yi"]), np.array(FIRST["vi"]), FIRST["study"]


# --- references (the golden cases are in tests/reference) ----------------------------------------


@pytest.mark.parametrize("reference", SETS, ids=["within", "no within"])
def test_robust_tests_of_a_multilevel_model_equal_club_sandwich(reference):
    data, ref = reference["data"], reference["nested"]["robust"]
    model = pool_multilevel(
        data["yi"],
        reference["V"],
        nested({"study": data["study"], "esid": data["esid"]}),
        moderators={"x": data["x"], "group": data["group"]},
    )
    found = robust(model, data["study"])
    assert_allclose(found.coefficients.se, ref["se"], rtol=OPTIMISER)
    assert_allclose(found.coefficients.df, ref["df"], rtol=OPTIMISER)
    joint = joint_robust_test(found, model.coefficients.names[2:4])
    assert_allclose([joint.statistic, joint.residual_df, joint.p_value], ref["htz"], rtol=1e-4)
    cr1 = robust(model, data["study"], adjust="CR1")
    assert_allclose(cr1.coefficients.se, ref["cr1_se"], rtol=OPTIMISER)
    assert_allclose(cr1.moderator_test.statistic, ref["cr1_QM"], rtol=OPTIMISER)


@pytest.mark.parametrize("reference", SETS, ids=["omega2 above 0", "omega2 truncated"])
@pytest.mark.parametrize(
    ("name", "working", "adjust"),
    [("CORR", "CORR", "CR2"), ("HIER", "HIER", "CR2"), ("HIER_large", "HIER", "CR1")],
)
def test_robust_variance_estimation_equals_robumeta(reference, name, working, adjust):
    data, ref = reference["data"], reference["rve"][name]
    found = pool_robust(
        data["yi"],
        data["vi"],
        data["study"],
        {"x": data["x"]},
        working=working,
        rho=0.5,
        adjust=adjust,
    )
    table = found.coefficients
    assert_allclose(table.estimate, ref["beta"], rtol=CLOSED_FORM)
    assert_allclose(table.se, ref["se"], rtol=CLOSED_FORM)
    assert_allclose(table.df, ref["df"], rtol=CLOSED_FORM)
    assert_allclose(found.tau2, ref["tau2"], rtol=CLOSED_FORM)
    if working == "HIER":
        assert_allclose(found.omega2, ref["omega2"], rtol=CLOSED_FORM, atol=1e-12)
        assert found.i2 is None
    else:
        assert_allclose(100 * found.i2, ref["I2"], rtol=CLOSED_FORM)


# --- identities ----------------------------------------------------------------------------------


@pytest.mark.parametrize("adjust", ADJUSTMENTS)
def test_a_summary_and_a_regression_without_moderators_are_the_same(adjust):
    summary = robust(pool(Y, V, policy="metafor"), STUDY, adjust=adjust)
    line = robust(meta_regression(Y, V), STUDY, adjust=adjust)
    assert_allclose(summary.coefficients.se, line.coefficients.se, rtol=1e-9)
    assert_allclose(summary.coefficients.p_value, line.coefficients.p_value, rtol=1e-8)
    assert summary.moderator_test is None


def test_the_knapp_hartung_factor_does_not_enter():
    x = {"x": FIRST["x"]}
    wald = robust(meta_regression(Y, V, x, test="z"), STUDY)
    other = robust(meta_regression(Y, V, x, test="knha"), STUDY)
    assert_allclose(other.coefficients.se, wald.coefficients.se, rtol=1e-12)


def test_clusters_of_one_with_equal_variances_give_the_sample_variance_of_the_mean():
    yi = np.array([0.1, 0.5, 0.2, 0.9, 0.4])
    found = robust(pool(yi, np.full(5, 0.1), policy="common"), np.arange(5))
    assert_allclose(found.coefficients.se, yi.std(ddof=1) / 5**0.5, rtol=1e-12)
    assert_allclose(found.coefficients.df, 4.0, rtol=1e-9)


def test_cr1_is_cr0_times_its_factor():
    model = meta_regression(Y, V, {"x": FIRST["x"]})
    plain = robust(model, STUDY, adjust="CR0").coefficients
    factor = robust(model, STUDY, adjust="CR1").coefficients
    m = len(set(STUDY))
    assert_allclose(factor.vcov, plain.vcov * m / (m - 2), rtol=1e-12)


def test_a_joint_test_of_one_coefficient_is_its_t_test_squared():
    found = robust(meta_regression(Y, V, {"x": FIRST["x"]}), STUDY)
    joint, table = found.moderator_test, found.coefficients
    assert_allclose(joint.statistic, table.statistic[1] ** 2, rtol=1e-9)
    assert_allclose(joint.residual_df, table.df[1], rtol=1e-9)
    assert_allclose(joint.p_value, table.p_value[1], rtol=1e-8)


@pytest.mark.parametrize("adjust", ADJUSTMENTS)
def test_order_of_rows_and_names_of_clusters_do_not_matter(adjust):
    order = np.random.default_rng(5).permutation(Y.size)
    x = np.array(FIRST["x"])
    plain = robust(meta_regression(Y, V, {"x": x}), STUDY, adjust=adjust)
    turned = robust(
        meta_regression(Y[order], V[order], {"x": x[order]}),
        [f"trial {STUDY[i]}" for i in order],
        adjust=adjust,
    )
    assert_allclose(turned.coefficients.se, plain.coefficients.se, rtol=1e-9)
    assert_allclose(turned.coefficients.df, plain.coefficients.df, rtol=1e-8)


def test_one_effect_in_each_study_makes_rho_irrelevant():
    options = {"moderators": {"x": FIRST["x"]}, "cluster": np.arange(Y.size)}
    one, other = (pool_robust(Y, V, rho=rho, **options) for rho in (0.0, 1.0))
    assert_allclose(one.tau2, other.tau2, rtol=1e-12)
    model = meta_regression(Y, V, {"x": FIRST["x"]}, method="DL")
    assert_allclose(one.tau2, model.tau2, rtol=1e-9)
    assert_allclose(one.coefficients.estimate, model.coefficients.estimate, rtol=1e-9)


# --- edges and results ---------------------------------------------------------------------------


def test_few_degrees_of_freedom_are_said():
    found = robust(meta_regression(Y, V), [0] * 5 + [1] * (Y.size - 5))
    assert any("Fewer than 4 degrees of freedom" in decision for decision in found.decisions)


def test_a_joint_test_that_the_clusters_do_not_carry_is_left_out_and_said():
    factor = {"g": FIRST["group"], "x": FIRST["x"]}
    found = robust(meta_regression(Y, V, factor), np.arange(Y.size) % 3)
    assert found.moderator_test is None
    assert any("No joint test" in decision for decision in found.decisions)


def test_another_level_widens_the_interval():
    model = meta_regression(Y, V)
    narrow, wide = (robust(model, STUDY, level=level).coefficients for level in (0.8, 0.99))
    assert wide.ci_low[0] < narrow.ci_low[0]


def test_results_print_and_have_frames():
    found = robust(meta_regression(Y, V, {"x": FIRST["x"]}), STUDY)
    assert "CR2 (bias-reduced linearisation" in str(found)
    assert list(found.to_frame()["coefficient"]) == ["intercept", "x"]
    rve = pool_robust(Y, V, STUDY, working="HIER")
    assert "omega2" in str(rve)
    assert rve.to_frame().shape[0] == 1
    assert not rve.weights.flags.writeable


def test_effect_sizes_leave_with_their_cluster():
    effects = effect_size(
        "OR",
        ai=[3, 0, 4, 6, 9],
        n1i=[20, 30, 25, 30, 40],
        ci=[6, 0, 9, 8, 7],
        n2i=[20, 30, 25, 30, 40],
        drop00=True,
    )
    found = pool_robust(effects, None, ["a", "b", "c", "d", "d"])
    assert (found.robust.k, found.robust.clusters) == (4, 3)


# --- refusals ------------------------------------------------------------------------------------


def test_clusters_that_the_model_correlates_are_refused():
    model = pool_multilevel(Y, V, {"study": STUDY})
    with pytest.raises(BadInput, match="correlates effects of different clusters"):
        robust(model, np.arange(Y.size))


@pytest.mark.parametrize(
    ("cluster", "message"),
    [([1, 2], "2 labels"), ([None] + [1] * (Y.size - 1), "missing in row 1")],
)
def test_clusters_that_do_not_fit_are_refused(cluster, message):
    with pytest.raises(BadInput, match=message):
        robust(meta_regression(Y, V), cluster)


@pytest.mark.parametrize(("adjust", "clusters"), [("CR2", 1), ("CR1", 2)])
def test_too_few_clusters_are_refused(adjust, clusters):
    model = meta_regression(Y, V, {"x": FIRST["x"]})
    with pytest.raises(TooFewStudies, match=f"clusters and found {clusters}"):
        robust(model, np.arange(Y.size) % clusters, adjust=adjust)


def test_residuals_that_cancel_out_are_refused():
    with pytest.raises(NotEstimable, match="robust standard error"):
        robust(pool([0.3, 0.3, 0.3], [0.1, 0.2, 0.3]), [1, 2, 3])


def test_unknown_choices_are_refused():
    model = meta_regression(Y, V)
    with pytest.raises(UnknownName, match="adjustment"):
        robust(model, STUDY, adjust="CR9")
    with pytest.raises(UnknownName, match="working model"):
        pool_robust(Y, V, STUDY, working="FIXED")
    with pytest.raises(UnknownName, match="adjustment"):
        pool_robust(Y, V, STUDY, adjust="CR0")
    with pytest.raises(BadInput, match="rho is 2"):
        pool_robust(Y, V, STUDY, rho=2)
    with pytest.raises(UnknownName, match="coefficient"):
        joint_robust_test(robust(model, STUDY), ["x"])
    with pytest.raises(BadInput, match="no coefficient"):
        joint_robust_test(robust(model, STUDY), [])


def test_robust_variance_needs_studies_and_for_hierarchies_several_effects():
    with pytest.raises(TooFewStudies, match="found 2"):
        pool_robust(Y, V, np.arange(Y.size) % 2, {"x": FIRST["x"]})
    with pytest.raises(NotEstimable, match="cannot be told apart"):
        pool_robust(Y, V, np.arange(Y.size), working="HIER")


ANY = st.floats() | st.floats(-10, 10) | st.sampled_from([0.0, 1e-300, 1e300])
ROW = st.tuples(ANY, ANY | st.floats(1e-3, 10), st.integers(0, 4), ANY)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    rows=st.lists(ROW, max_size=9),
    tame=st.booleans(),
    adjust=st.sampled_from(list(ADJUSTMENTS)),
    working=st.sampled_from(["CORR", "HIER", None]),
    moderator=st.booleans(),
)
def test_any_input_gives_finite_numbers_or_a_refusal(rows, tame, adjust, working, moderator):
    yi, vi, x = (np.array([row[i] for row in rows], dtype=float) for i in (0, 1, 3))
    if tame:
        yi, x = (np.clip(np.nan_to_num(part), -1e3, 1e3) for part in (yi, x))
        vi = np.clip(np.abs(np.nan_to_num(vi)), 1e-3, 1e3)
    cluster, moderators = [row[2] for row in rows], {"x": x} if moderator else None
    try:
        if working is None:
            found = robust(meta_regression(yi, vi, moderators), cluster, adjust=adjust)
        else:
            found = pool_robust(
                yi, vi, cluster, moderators, working=working, adjust=adjust.replace("0", "2")
            )
    except EvidenceError:
        return
    table = found.coefficients
    for array in (table.estimate, table.se, table.df, table.p_value, table.ci_low, table.vcov):
        assert np.all(np.isfinite(array))
    assert np.all(table.df > 0.0)
    assert str(found)
