"""Trim and fill, selection models, fail-safe N and excess significance."""

import json
from dataclasses import FrozenInstanceError
from math import isfinite
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import integrate, stats

from evidence import henmi_copas, pool
from evidence.errors import (
    BadInput,
    EmptySelection,
    EvidenceError,
    NotEstimable,
    TooFewStudies,
    UnknownName,
)
from evidence.synthesis.publication_bias.fail_safe import fail_safe_n
from evidence.synthesis.publication_bias.filled_studies import trim_and_fill
from evidence.synthesis.publication_bias.selection_likelihood import SelectionLikelihood
from evidence.synthesis.publication_bias.selection_models import selection_model
from evidence.synthesis.publication_bias.selection_weights import BetaFunction, StepFunction
from evidence.synthesis.publication_bias.significant_counts import excess_significance
from tests.synthesis.any_studies import any_studies

ITERATIVE, SAME = 1e-7, 1e-9
#: R's optimiser, which ends near the maximum of the likelihood and not at it.
OPTIMISER = 1e-4
BCG = json.loads(
    (Path(__file__).parents[1] / "reference" / "bcg_sensitivity.json").read_text("utf-8")
)
Y, V = np.array(BCG["yi"]), np.array(BCG["vi"])
RNG = np.random.default_rng(11)
SMALL_V = RNG.uniform(0.02, 0.3, 30)
SMALL_Y = RNG.normal(0.3, np.sqrt(SMALL_V + 0.03))

# --- trim and fill -------------------------------------------------------------------------------


def test_a_symmetric_funnel_lacks_nothing():
    yi, vi = np.array([-2, -1, 0, 1, 2.0]) / 10, np.array([4, 2, 1, 2, 4.0]) / 100
    for estimator in ("L0", "R0", "Q0"):
        found = trim_and_fill(yi, vi, estimator=estimator, side="left")
        assert found.missing == 0
        assert found.filled.estimate == found.observed.estimate


def test_what_was_cut_off_is_filled_in_on_its_side():
    vi = np.concatenate([np.linspace(0.01, 0.4, 15)] * 2)
    yi = np.concatenate([2 * np.sqrt(vi[:15]), -2 * np.sqrt(vi[15:])]) + 0.3
    kept = ~((yi < 0) & (vi > 0.2))
    found = trim_and_fill(yi[kept], vi[kept], method="CE")
    assert found.side == "left"
    assert abs(found.missing - (~kept).sum()) <= 2
    assert found.filled.k == kept.sum() + found.missing
    assert np.all(found.filled_yi < found.filled.estimate)
    assert abs(found.filled.estimate - 0.3) < abs(found.observed.estimate - 0.3)


@pytest.mark.parametrize("estimator", ["L0", "R0", "Q0"])
def test_mirrored_studies_lack_their_mirror_images(estimator):
    found = trim_and_fill(Y, V, method="CE", estimator=estimator)
    mirrored = trim_and_fill(-Y, V, method="CE", estimator=estimator)
    assert (mirrored.missing, mirrored.missing_se) == (found.missing, found.missing_se)
    assert {found.side, mirrored.side} == {"left", "right"}
    assert_allclose(np.sort(mirrored.filled_yi), np.sort(-found.filled_yi), rtol=SAME)
    assert_allclose(mirrored.filled.estimate, -found.filled.estimate, rtol=SAME)


def test_the_number_of_missing_studies_has_no_standard_error_where_its_variance_is_negative():
    """metafor 3.8.1: ``trimfill(rma(yi, vi, method="FE"), side=)`` has NaN and 1.866667."""
    yi, vi = [0.1, 0.12, 0.09, 0.5, 0.7, 0.9, 0.4, 1.2], [0.01, 0.01, 0.01, 0.1, 0.2, 0.3, 0.2, 0.4]
    right = trim_and_fill(yi, vi, method="CE", side="right")
    left = trim_and_fill(yi, vi, method="CE", side="left")
    assert (right.missing, left.missing) == (0, 3)
    assert right.missing_se is None
    assert_allclose(left.missing_se, 1.86666666666667, rtol=1e-12)


def test_filled_studies_carry_the_variances_of_their_images():
    found = trim_and_fill(Y, V, method="CE", estimator="R0", labels=[f"T{i}" for i in range(13)])
    assert found.missing > 0
    assert set(found.filled_vi) <= set(V)
    assert found.filled.labels[-1] == f"filled {found.missing}"
    assert_allclose(found.p_missing, 0.5 ** (found.missing + 1))
    assert found.to_frame().index.tolist() == ["observed", "filled"]


def test_a_funnel_of_one_precision_needs_a_side():
    with pytest.raises(NotEstimable, match="no slope"):
        trim_and_fill([0.1, 0.4, 0.2], [0.1] * 3)
    assert trim_and_fill([0.1, 0.4, 0.2], [0.1] * 3, side="left").side == "left"


def test_trim_and_fill_refuses_what_it_cannot_use():
    with pytest.raises(TooFewStudies, match="needs 3"):
        trim_and_fill([0.1, 0.2], [0.1, 0.2])
    with pytest.raises(UnknownName):
        trim_and_fill(Y, V, estimator="S0")
    with pytest.raises(UnknownName):
        trim_and_fill(Y, V, side="top")


# --- selection models ----------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "name"), [("two-sided", "two_sided"), ("less", "less")])
def test_a_step_at_one_twentieth_equals_metafor(side, name):
    reference = BCG["selection"][name]
    found = selection_model(Y, V, steps=[0.05], alternative=side)
    got = [found.estimate, found.se, found.tau2, found.delta[0]]
    expected = [reference[part] for part in ("beta", "se", "tau2", "delta")]
    assert_allclose(got, expected, rtol=OPTIMISER)
    assert_allclose(found.log_likelihood, reference["ll"], atol=1e-7)
    assert_allclose(found.lrt, reference["LRT"], atol=2e-7)


@pytest.mark.parametrize("two_sided", [False, True])
def test_probabilities_of_the_intervals_are_those_of_normal_effects(two_sided):
    steps, vi, mean, tau2 = np.array([0.05, 0.3]), np.array([0.1, 0.4]), 0.2, 0.15
    function = StepFunction(np.array([0.01]), steps, two_sided=two_sided)
    parts = function.parts(mean, vi + tau2, np.sqrt(vi))
    draws = mean + np.sqrt(vi + tau2)[:, None] * stats.norm.isf((np.arange(40000) + 0.5) / 40000)
    z = draws / np.sqrt(vi)[:, None]
    p = 2 * stats.norm.sf(np.abs(z)) if two_sided else stats.norm.sf(z)
    share = [np.mean(p <= 0.05, axis=1), np.mean((p > 0.05) & (p <= 0.3), axis=1)]
    assert_allclose(parts[0, :, :2].T, share, atol=1e-4)
    assert_allclose(parts[0].sum(axis=1), 1.0, rtol=SAME)


def test_the_beta_constant_equals_numerical_integration():
    function, delta = BetaFunction(np.array([0.3]), 1e-5), np.array([0.6, 1.4])
    vi, mean, tau2 = 0.2, 0.3, 0.1
    parts = function.parts(mean, np.array([vi + tau2]), np.sqrt([vi]))
    got = parts[0, 0] @ function.weights(delta).value

    def integrand(y):
        p = np.clip(stats.norm.sf(y / vi**0.5), 1e-5, 1 - 1e-5)
        return (
            p ** (delta[0] - 1)
            * (1 - p) ** (delta[1] - 1)
            * stats.norm.pdf(y, mean, (vi + tau2) ** 0.5)
        )

    edge = -stats.norm.ppf(1e-5) * vi**0.5
    expected = sum(
        integrate.quad(integrand, *pair, epsabs=1e-13)[0]
        for pair in ((-6, -edge), (-edge, edge), (edge, 6))
    )
    assert_allclose(got, expected, rtol=1e-10)


@pytest.mark.parametrize("kind", ["one-sided", "two-sided", "beta"])
def test_derivatives_are_those_of_differences(kind):
    z = SMALL_Y / np.sqrt(SMALL_V)
    if kind == "beta":
        function = BetaFunction(stats.norm.sf(z), 1e-5)
    else:
        p = stats.norm.sf(z) if kind == "one-sided" else 2 * stats.norm.sf(np.abs(z))
        function = StepFunction(p, np.array([0.05, 0.4]), two_sided=kind == "two-sided")
    likelihood = SelectionLikelihood(SMALL_Y, SMALL_V, function)
    place, step = np.array([0.2, 0.05, 0.7, 1.3]), 1e-5
    height = likelihood.at(place)
    for i, unit in enumerate(np.eye(4) * step):
        ahead, behind = likelihood.at(place + unit), likelihood.at(place - unit)
        slope = (ahead.value - behind.value) / (2 * step)
        assert_allclose(height.gradient[i], slope, rtol=1e-6, atol=1e-6)
        bend = (ahead.gradient - behind.gradient) / (2 * step)
        assert_allclose(height.hessian[i], bend, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"steps": (0.025, 0.5)}, {"weights": "beta"}])
def test_mirrored_effects_with_the_other_alternative_are_the_same(options):
    found = selection_model(SMALL_Y, SMALL_V, **options)
    mirrored = selection_model(-SMALL_Y, SMALL_V, alternative="less", **options)
    assert_allclose(mirrored.estimate, -found.estimate, rtol=ITERATIVE)
    assert_allclose(mirrored.delta, found.delta, rtol=ITERATIVE)
    scaled = selection_model(100 * SMALL_Y, 1e4 * SMALL_V, **options)
    assert_allclose(scaled.estimate, 100 * found.estimate, rtol=ITERATIVE)
    assert_allclose(scaled.lrt, found.lrt, rtol=1e-6, atol=1e-9)


def test_selection_pulls_the_estimate_back_towards_nothing():
    rng = np.random.default_rng(3)
    vi = rng.uniform(0.02, 0.2, 400)
    yi = rng.normal(0.1, np.sqrt(vi + 0.01))
    seen = (stats.norm.sf(yi / np.sqrt(vi)) < 0.025) | (rng.random(400) < 0.15)
    found = selection_model(yi[seen], vi[seen])
    naive = pool(yi[seen], vi[seen]).estimate
    assert abs(found.estimate - 0.1) < abs(naive - 0.1)
    assert found.lrt_p < 0.001
    assert_allclose(found.delta[0], 0.15, atol=0.12)
    assert found.counts[0] + found.counts[1] == found.k


def test_without_heterogeneity_tau2_is_zero_and_has_no_standard_error():
    vi = np.linspace(0.01, 0.3, 20)
    yi = np.where(np.arange(20) % 2, 2.2, 0.3) * np.sqrt(vi)
    found = selection_model(yi, vi)
    assert found.tau2 == 0.0
    assert found.se_tau2 is None
    assert found.to_frame().index.tolist() == ["mu", "tau2", "delta1"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"weights": "normal"}, UnknownName, "weight function"),
        ({"alternative": "up"}, UnknownName, "alternative"),
        ({"steps": ()}, BadInput, "between 0 and 1"),
        ({"steps": (0.0, 0.5)}, BadInput, "between 0 and 1"),
        ({"steps": ("x",)}, BadInput, "between 0 and 1"),
        ({"weights": "beta", "alternative": "two-sided"}, BadInput, "two-sided"),
        ({"weights": "beta", "smallest_p": 0.7}, BadInput, "smallest_p"),
        ({"steps": (1e-12,)}, NotEstimable, "No study has a p-value in 0 to 1e-12"),
    ],
)
def test_selection_models_that_cannot_be_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        selection_model(SMALL_Y, SMALL_V, **options)


def test_a_selection_model_needs_more_studies_than_parameters():
    with pytest.raises(TooFewStudies, match="needs 4"):
        selection_model([0.1, 0.9, 0.2], [0.1, 0.1, 0.2])


# --- fail-safe N ---------------------------------------------------------------------------------


def test_adding_that_many_null_results_just_loses_significance():
    z = SMALL_Y / np.sqrt(SMALL_V)
    found = fail_safe_n(SMALL_Y, SMALL_V)
    critical = stats.norm.isf(0.05)
    assert z.sum() / (30 + found.number) ** 0.5 <= critical
    assert z.sum() / (30 + found.number - 1) ** 0.5 > critical


def test_rosenberg_makes_the_mean_no_longer_significant_in_a_two_sided_test():
    found, k = fail_safe_n(Y, V, kind="rosenberg", alpha=0.01), Y.size
    z = np.sum(Y / V) / np.sqrt(np.sum(1 / V))
    # null results of the average weight make the weights (k + n) / k times as large
    p_with = [
        2 * stats.norm.sf(abs(z) / np.sqrt((k + n) / k)) for n in (found.number - 1, found.number)
    ]
    assert p_with[0] < 0.01 <= p_with[1]
    assert_allclose(found.p_value, 2 * stats.norm.sf(abs(z)), rtol=SAME)


def test_orwin_brings_the_average_to_the_target():
    found = fail_safe_n(Y, V, kind="Orwin", target=0.1, weighted=False)
    assert found.target == -0.1
    assert abs(Y.sum() / (13 + found.number)) <= 0.1 < abs(Y.sum() / (13 + found.number - 1))
    assert fail_safe_n(Y, V, kind="orwin").number == 13


def test_results_that_are_not_significant_need_none():
    assert fail_safe_n([0.1, -0.1], [1.0, 1.0]).number == 0
    assert fail_safe_n([0.1, -0.1], [1.0, 1.0], kind="rosenberg").number == 0
    assert fail_safe_n([0.1, 0.1], [1.0, 1.0], kind="orwin", target=0.5).number == 0


def test_fail_safe_n_refuses_what_it_cannot_use():
    with pytest.raises(UnknownName):
        fail_safe_n(Y, V, kind="Fisher")
    with pytest.raises(BadInput, match="alpha"):
        fail_safe_n(Y, V, alpha=5)
    with pytest.raises(BadInput, match="target"):
        fail_safe_n(Y, V, kind="orwin", target=0)
    with pytest.raises(NotEstimable):
        fail_safe_n(Y, V, kind="orwin", target=1e-320)


# --- excess significance -------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["greater", "less"])
def test_one_sided_excess_equals_metafor(side):
    reference = BCG["excess"][side]
    found = excess_significance(Y, V, test="binom", alternative=side, alpha=0.10, reach=5.0)
    assert found.observed == reference["O"]
    assert_allclose([found.expected, found.p_value], [reference["E"], reference["pval"]], rtol=1e-6)


def test_power_is_the_share_of_significant_effects():
    found = excess_significance(Y, V)
    effects = found.estimate + np.sqrt(V + found.tau2) * stats.norm.isf(
        (np.arange(20000)[:, None] + 0.5) / 20000
    )
    share = np.mean(2 * stats.norm.sf(np.abs(effects) / np.sqrt(V)) <= 0.05, axis=0)
    assert_allclose(found.power, share, atol=1e-4)
    near = excess_significance(Y, V, reach=9.0)
    assert_allclose(near.power, found.power, rtol=1e-12)


def test_the_exact_test_equals_the_binomial_one_when_the_powers_are_equal():
    vi = np.full(8, 0.04)
    yi = [0.1, 0.5, 0.6, 0.2, 0.3, 0.9, 0.0, 0.45]
    exact, binom = (excess_significance(yi, vi, test=test) for test in ("exact", "binom"))
    assert_allclose(exact.p_value, binom.p_value, rtol=SAME)
    assert_allclose(binom.p_value, stats.binom.sf(binom.observed - 1, 8, binom.power[0]), rtol=SAME)
    assert not exact.power.flags.writeable


def test_excess_significance_refuses_what_it_cannot_use():
    for options in ({"test": "t"}, {"alternative": "both"}, {"method": "X"}):
        with pytest.raises(UnknownName):
            excess_significance(Y, V, **options)
    for options in ({"alpha": 5}, {"reach": 0}):
        with pytest.raises(BadInput):
            excess_significance(Y, V, **options)
    with pytest.raises(TooFewStudies):
        excess_significance(Y[:1], V[:1])
    with pytest.raises(NotEstimable, match="nothing to test"):
        excess_significance([5.0, 5.0, 5.0], [1e-4] * 3)


# --- all of them ---------------------------------------------------------------------------------

ANALYSES = {
    "trim": lambda y, v: trim_and_fill(y, v, side="left"),
    "fill": lambda y, v: trim_and_fill(y, v, estimator="Q0", method="DL"),
    "step": lambda y, v: selection_model(y, v, steps=(0.2,)),
    "beta": lambda y, v: selection_model(y, v, weights="beta"),
    "rosenthal": fail_safe_n,
    "orwin": lambda y, v: fail_safe_n(y, v, kind="orwin"),
    "henmi": henmi_copas,
    "excess": excess_significance,
}


@pytest.mark.parametrize("name", ANALYSES)
def test_nonsense_is_refused_and_results_are_frozen_frames(name):
    with pytest.raises(EmptySelection):
        ANALYSES[name]([], [])
    with pytest.raises(BadInput, match="2 faults"):
        ANALYSES[name]([0.1, np.nan, 0.3], [0.1, -0.1, 0.3])
    found = ANALYSES[name](SMALL_Y, SMALL_V)
    assert len(found.to_frame())
    with pytest.raises(FrozenInstanceError):
        setattr(found, found.__slots__[0], None)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    studies=any_studies(8),
    name=st.sampled_from(sorted(ANALYSES)),
)
def test_any_input_gives_finite_numbers_or_a_refusal(studies, name):
    yi, vi = studies
    try:
        found = ANALYSES[name](yi, vi)
    except EvidenceError:
        return
    for part in found.__slots__:
        value = getattr(found, part)
        if isinstance(value, float):
            assert isfinite(value), part
        if isinstance(value, np.ndarray):
            assert np.isfinite(value).all(), part


@pytest.mark.parametrize("effect", [-0.7, 0.1, 0.44, 0.57, 12345.678])
def test_a_funnel_without_a_slope_has_its_gap_on_the_left(effect):
    vi = np.array([0.289, 0.0326, 0.168, 0.4767, 0.2136, 0.0828])
    for order in (slice(None), slice(None, None, -1)):
        assert trim_and_fill(np.full(6, effect), vi[order]).side == "left"
    assert trim_and_fill(effect - 1e-6 * np.sqrt(vi), vi).side == "right"
