import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence import pool
from evidence.errors import NotEstimable, TooFewStudies, UnknownName
from evidence.synthesis.engines import engine_value
from evidence.synthesis.heterogeneity.estimators import ESTIMATORS, estimator_name
from evidence.synthesis.heterogeneity.measures import cochran_q, i2_from_tau2, q_profile_interval
from evidence.synthesis.heterogeneity.tau2_estimates import estimate_tau2
from evidence.synthesis.heterogeneity.tau2_solutions import (
    TauModel,
    log_likelihood,
    solve_generalised_q,
)
from evidence.synthesis.numerics.distributions import chi_squared_quantile

#: Closed form in both programs; the data went through 15 printed digits.
CLOSED_FORM = 1e-10
#: metafor's search stops at a change of 1e-12 in tau2, about 1e-9 relative.
ITERATIVE = 1e-7
#: PyMARE's bounded search stops at 1e-6 on its own scale.
ENGINE_SEARCH = 1e-5

BCG = json.loads((Path(__file__).parent / "reference" / "bcg_moderator.json").read_text("utf-8"))
Y, V = np.array(BCG["yi"]), np.array(BCG["vi"])
X = np.column_stack([np.ones(Y.size), BCG["ablat"]])
RANDOM = [name for name in ESTIMATORS if name != "CE"]
#: Estimators that neither engine has.
OWN_CODE = [one.name for one in ESTIMATORS.values() if not one.engines]


@pytest.mark.parametrize("method", BCG["with_moderator"])
def test_residual_heterogeneity_matches_metafor(method):
    ref = BCG["with_moderator"][method]
    found = estimate_tau2(Y, V, method, design=X)
    assert_allclose(found.tau2, ref["tau2"], rtol=ITERATIVE)
    assert_allclose(found.se, ref["se_tau2"], rtol=ITERATIVE)
    q = cochran_q(Y, V, X)
    assert_allclose([q.q, q.p], [ref["QE"], ref["QEp"]], rtol=CLOSED_FORM)
    assert_allclose(100 * i2_from_tau2(found.tau2, q.typical_variance), ref["I2"], rtol=ITERATIVE)
    value = log_likelihood(TauModel(Y, V, X), found.tau2, restricted=method == "REML")
    assert_allclose(value, ref["ll"], rtol=ITERATIVE)


def test_q_profile_with_a_moderator_matches_metafor():
    bounds = q_profile_interval(Y, V, 0.95, X)
    assert_allclose([bounds.low, bounds.high], BCG["with_moderator"]["DL"]["tau2_ci"], rtol=1e-9)


@pytest.mark.parametrize("method", RANDOM)
def test_an_intercept_as_design_changes_nothing(method):
    ones = np.ones((Y.size, 1))
    plain, designed = estimate_tau2(Y, V, method), estimate_tau2(Y, V, method, design=ones)
    assert_allclose([plain.tau2, plain.se], [designed.tau2, designed.se], rtol=CLOSED_FORM)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_the_score_is_zero_at_the_estimate(method):
    tau2 = estimate_tau2(Y, V, method).tau2
    model, restricted = TauModel(Y, V), method == "REML"
    step = 1e-4 * tau2
    low, at, high = log_likelihood(
        model, np.array([tau2 - step, tau2, tau2 + step]), restricted=restricted
    )
    assert at > low
    assert at > high
    fit = model.at(tau2)
    expected = fit.trace_p if restricted else fit.weights.sum()
    assert_allclose(np.sum((fit.weights * fit.residuals) ** 2), expected, rtol=1e-13)


def test_paule_mandel_makes_generalised_q_its_expectation():
    tau2 = estimate_tau2(Y, V, "PM").tau2
    assert_allclose(TauModel(Y, V).at(tau2).rss, Y.size - 1, rtol=1e-13)
    assert estimate_tau2(Y, V, "EB").tau2 == tau2


#: Likelihoods with one maximum at 0 and another far from it.
TWO_MAXIMA = ([0.0, 0.01, -0.01, 0.0, 6.0, -7.0], [1e-4, 1e-4, 1e-4, 1e-4, 4.0, 4.0])
FAR_ONE_HIGHER = (
    [-1.43, 0.49, -3.88, -1.42, 4.13, 0.41],
    [1.064, 0.009, 0.399, 0.514, 21.425, 0.003],
)


@pytest.mark.parametrize(
    ("method", "studies", "at_zero"),
    [("ML", TWO_MAXIMA, True), ("REML", TWO_MAXIMA, True), ("ML", FAR_ONE_HIGHER, False)],
)
def test_the_higher_of_two_maxima_is_found(method, studies, at_zero):
    y, v = map(np.array, studies)
    model, restricted = TauModel(y, v), method == "REML"
    grid = np.concatenate([[0.0], np.geomspace(1e-9, 1e3, 20001)])
    heights = log_likelihood(model, grid, restricted=restricted)
    rising = np.diff(heights) > 0
    assert not rising[0]
    assert rising.any()  # so there is another maximum beyond
    tau2 = estimate_tau2(y, v, method).tau2
    assert log_likelihood(model, tau2, restricted=restricted) >= heights.max() - 1e-12
    assert (tau2 == 0.0) == at_zero


@pytest.mark.parametrize("method", RANDOM)
def test_homogeneous_effects_have_no_negative_tau2(method):
    # statsmodels gives DL -0.117 for these
    y, v = np.array([0.10, 0.11, 0.09, 0.10]), np.array([0.1, 0.1, 0.2, 0.1])
    found = estimate_tau2(y, v, method)
    assert found.tau2 >= 0.0
    assert method == "SJ" or found.tau2 == 0.0
    assert found.se is not None
    assert found.se > 0.0


@pytest.mark.parametrize("method", [name for name in RANDOM if name not in OWN_CODE])
def test_the_engine_agrees(method):
    engine = engine_value(Y, V, method)
    assert engine is not None
    assert_allclose(engine.tau2, estimate_tau2(Y, V, method).tau2, rtol=ENGINE_SEARCH)
    assert_allclose(engine.estimate, pool(Y, V, method=method).estimate, rtol=ENGINE_SEARCH)


def test_engines_name_themselves_and_own_code_has_none():
    assert engine_value(Y, V, "REML").engine.startswith("PyMARE ")
    assert engine_value(Y, V, "PM").engine.startswith("statsmodels ")
    assert engine_value(Y, V, "CE").tau2 is None
    assert all(engine_value(Y, V, method) is None for method in OWN_CODE)


def test_the_common_effect_has_no_tau2_to_estimate():
    found = estimate_tau2(Y, V, "FE")
    assert (found.method, found.tau2, found.se) == ("CE", 0.0, None)


def test_effects_whose_squares_are_no_doubles_end_in_a_refusal():
    yi, vi = np.array([-1e-192, -8e-192, -5e-192]), np.array([1e-300, 1e-31, 1e-31])
    design = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    with pytest.raises(NotEstimable, match="no root in double precision"):
        estimate_tau2(yi, vi, "REML", design=design)


def test_unknown_estimator_is_refused_with_the_near_ones():
    with pytest.raises(UnknownName, match="REML"):
        estimator_name("REMLL")


def test_as_many_coefficients_as_studies_are_refused():
    with pytest.raises(TooFewStudies, match="at least 3 studies and found 2"):
        estimate_tau2(Y[:2], V[:2], "REML", design=X[:2])


def test_generalised_q_meets_its_target():
    target = chi_squared_quantile(0.025, Y.size - 1)
    tau2 = solve_generalised_q(TauModel(Y, V), target)
    assert_allclose(TauModel(Y, V).at(tau2).rss, target, rtol=1e-13)
    assert solve_generalised_q(TauModel(Y, V), 1e6) == 0.0
