"""Tests of the funnel: regressions, rank correlations, and the tests from counts."""

import json
from dataclasses import FrozenInstanceError
from math import isfinite
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence import effect_size
from evidence.errors import (
    BadInput,
    EmptySelection,
    EvidenceError,
    NotEstimable,
    TooFewStudies,
    UnknownName,
)
from evidence.synthesis.publication_bias.count_tests import harbord_test, schwarzer_test
from evidence.synthesis.publication_bias.precision_effect import pet_peese
from evidence.synthesis.publication_bias.regression_tests import (
    PREDICTORS,
    pustejovsky_test,
    rank_test,
    regression_test,
)
from evidence.synthesis.publication_bias.size_tests import debray_test, deeks_test, peters_test
from tests.synthesis.any_studies import any_studies

ITERATIVE, SAME = 1e-7, 1e-9
BCG = json.loads(
    (Path(__file__).parents[1] / "reference" / "bcg_sensitivity.json").read_text("utf-8")
)
Y, V = np.array(BCG["yi"]), np.array(BCG["vi"])
N = np.array([262, 609, 451, 26465, 10877, 2992, 3174, 176782, 14776, 2992, 3381, 77972, 34767])
TABLES = {
    "ai": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
    "n1i": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913],
    "ci": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
    "n2i": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854],
}


def line(x, y, w):
    """Weighted least squares by the normal equations: slope, its standard error, intercept."""
    mean_x, mean_y = np.average(x, weights=w), np.average(y, weights=w)
    sxx = np.sum(w * (x - mean_x) ** 2)
    slope = np.sum(w * (x - mean_x) * (y - mean_y)) / sxx
    intercept = mean_y - slope * mean_x
    sigma2 = np.sum(w * (y - intercept - slope * x) ** 2) / (x.size - 2)
    return slope, np.sqrt(sigma2 / sxx), intercept


# --- reference -----------------------------------------------------------------------------------


def test_regression_with_paule_mandel_and_the_floor_equals_metafor():
    reference = BCG["asymmetry"]
    found = regression_test(Y, V, predictor="vi", model="rma", method="PM", test="adhoc")
    assert_allclose(found.statistic, reference["stat"], rtol=ITERATIVE)
    assert_allclose(found.p_value, reference["pval"], rtol=1e-6)
    assert_allclose(found.tau2, reference["tau2"], rtol=ITERATIVE)
    limits = [found.limit, found.limit_low, found.limit_high]
    assert_allclose(limits, [reference["limit"], *reference["limit_ci"]], rtol=ITERATIVE)


# --- identities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("predictor", "x"),
    [
        ("sei", np.sqrt(V)),
        ("vi", V),
        ("ni", N),
        ("ninv", 1 / N),
        ("sqrtni", N**0.5),
        ("sqrtninv", N**-0.5),
    ],
)
def test_the_multiplicative_model_is_a_weighted_line(predictor, x):
    found = regression_test(Y, V, predictor=predictor, ni=N)
    slope, se, intercept = line(x, Y, 1 / V)
    assert_allclose(
        [found.slope, found.slope_se, found.intercept], [slope, se, intercept], rtol=1e-8
    )
    assert found.df == 11
    assert (found.limit is None) == (predictor in ("ni", "sqrtni"))


def test_egger_is_the_regression_of_precision_on_standardised_effects():
    precision, standardised = V**-0.5, Y * V**-0.5
    slope, _, intercept = line(precision, standardised, np.ones(13))
    found = regression_test(Y, V)
    assert_allclose([found.slope, found.intercept], [intercept, slope], rtol=SAME)


def test_the_additive_model_without_tau2_has_the_lines_coefficients():
    plain, common = regression_test(Y, V), regression_test(Y, V, model="rma", method="CE")
    assert_allclose(common.slope, plain.slope, rtol=SAME)
    assert_allclose(common.slope_se * plain.sigma, plain.slope_se, rtol=SAME)
    assert (common.tau2, common.df, common.sigma, plain.tau2) == (0.0, None, None, None)


def test_a_known_tau2_replaces_the_estimate():
    free = regression_test(Y, V, model="rma")
    same = regression_test(Y, V, model="rma", tau2=free.tau2)
    assert same == free
    assert regression_test(Y, V, model="rma", tau2=0.0).tau2 == 0.0


@settings(max_examples=50, deadline=None, derandomize=True)
@given(shift=st.floats(-5, 5), predictor=st.sampled_from(sorted(PREDICTORS)))
def test_a_shift_moves_the_intercept_alone_and_a_flip_the_signs(shift, predictor):
    plain = regression_test(Y, V, predictor=predictor, ni=N)
    moved = regression_test(Y + shift, V, predictor=predictor, ni=N)
    flipped = regression_test(-Y, V, predictor=predictor, ni=N)
    assert_allclose(moved.statistic, plain.statistic, rtol=1e-7)
    assert_allclose(moved.intercept, plain.intercept + shift, rtol=1e-7, atol=1e-9)
    assert_allclose([flipped.slope, flipped.p_value], [-plain.slope, plain.p_value], rtol=SAME)


def test_ranks_do_not_see_a_monotone_change_of_the_variances():
    plain = rank_test(Y, V, exact=True)
    assert_allclose(plain.tau, rank_test(-Y, V).tau * -1, rtol=SAME)
    assert rank_test(Y, V, exact=False).statistic == plain.statistic
    assert plain.statistic == plain.score / plain.score_se


def test_tests_from_counts_are_weighted_lines():
    a, n1, c, n2 = (np.array(TABLES[name], float) for name in TABLES)
    n, events = n1 + n2, a + c
    odds = effect_size("OR", **TABLES)
    v = n1 * n2 * events * (n - events) / (n**2 * (n - 1))
    expected = line(v**-0.5, (a - events * n1 / n) / v, v)
    found = harbord_test(**TABLES)
    assert_allclose([found.slope, found.slope_se, found.intercept], expected, rtol=1e-8)
    found = peters_test(odds.yi, events=events, ni=n)
    expected = line(1 / n, odds.yi, events * (n - events) / n)
    assert_allclose([found.slope, found.slope_se, found.intercept], expected, rtol=1e-8)
    effective = 4 * n1 * n2 / n
    found = deeks_test(odds, n1i=n1, n2i=n2)
    expected = line(effective**-0.5, odds.yi, effective)
    assert_allclose([found.slope, found.slope_se, found.intercept], expected, rtol=1e-8)
    for variance, weights in (("inverse", 1 / odds.vi), ("approximate", a * c / events)):
        found = debray_test(odds, d1i=a, d2i=c, variance=variance)
        expected = line(1 / events, odds.yi, weights)
        assert_allclose([found.slope, found.slope_se, found.intercept], expected, rtol=1e-8)
    found = pustejovsky_test(odds, n1i=n1, n2i=n2)
    expected = line(np.sqrt(1 / n1 + 1 / n2), odds.yi, 1 / odds.vi)
    assert_allclose([found.slope, found.slope_se, found.intercept], expected, rtol=1e-8)


def test_harbord_of_risk_ratios_with_equal_arms_is_the_same_both_ways():
    arms = {**TABLES, "n1i": [100 + i for i in range(13)], "n2i": [100 + i for i in range(13)]}
    arms["ai"], arms["ci"] = list(range(2, 15)), [5, 9, 1, 4, 8, 3, 6, 2, 7, 5, 3, 9, 4]
    plain = harbord_test(**arms, measure="RR")
    balanced = harbord_test(**arms, measure="RR", equal_arms=True)
    assert_allclose(balanced.statistic, plain.statistic, rtol=SAME)


def test_swapping_the_arms_flips_the_tests_from_counts():
    swapped = {"ai": TABLES["ci"], "n1i": TABLES["n2i"], "ci": TABLES["ai"], "n2i": TABLES["n1i"]}
    for test in (harbord_test, schwarzer_test):
        assert_allclose(test(**swapped).statistic, -test(**TABLES).statistic, rtol=1e-8)


def test_pet_peese_takes_the_parabola_when_the_line_shows_an_effect():
    sei = np.linspace(0.05, 0.5, 15)
    clear = pet_peese(0.5 + 0.1 * np.cos(np.arange(15)) * sei, sei**2)
    assert clear.chosen == "PEESE"
    assert clear.estimate == clear.peese.intercept
    none = pet_peese(1.5 * sei + 0.1 * np.cos(np.arange(15)) * sei, sei**2)
    assert none.chosen == "PET"
    assert (none.estimate, none.ci_low) == (none.pet.limit, none.pet.limit_low)
    assert "not below 0.1" in none.decisions[-1]
    assert none.to_frame()["chosen"].tolist() == [True, False]
    with pytest.raises(BadInput, match="alpha"):
        pet_peese(Y, V, alpha=0)


# --- edges and refusals --------------------------------------------------------------------------

SIX = slice(0, 6)
ARMS = {name: column[SIX] for name, column in TABLES.items()}
TESTS = [
    lambda **more: regression_test(Y[SIX], V[SIX], **more),
    lambda **more: rank_test(Y[SIX], V[SIX], **more),
    lambda **more: pet_peese(Y[SIX], V[SIX], **more),
    lambda **more: pustejovsky_test(Y[SIX], V[SIX], n1i=N[SIX], n2i=N[SIX], **more),
    lambda **more: harbord_test(**ARMS, **more),
    lambda **more: schwarzer_test(**ARMS, **more),
    lambda **more: peters_test(Y[SIX], events=[9] * 6, ni=N[SIX], **more),
    lambda **more: deeks_test(Y[SIX], n1i=N[SIX], n2i=N[SIX], **more),
    lambda **more: debray_test(Y[SIX], V[SIX], d1i=N[SIX], d2i=N[SIX], **more),
]


@pytest.mark.parametrize("test", TESTS)
def test_fewer_than_ten_studies_are_refused_unless_asked_for(test):
    with pytest.raises(TooFewStudies, match=r"asked of 6 studies and needs 10.*min_studies=6"):
        test()
    found = test(min_studies=5)
    assert any("10 are advised" in decision for decision in found.decisions)
    assert found.to_frame().shape[0] in (1, 2)


def test_two_studies_are_refused_even_when_asked_for():
    with pytest.raises(TooFewStudies, match="needs 3"):
        regression_test(Y[:2], V[:2], min_studies=1)


def test_studies_of_one_precision_are_refused():
    with pytest.raises(NotEstimable, match="no slope"):
        regression_test(Y, np.full(13, 0.1))
    with pytest.raises(NotEstimable, match="no rank correlation"):
        rank_test(Y, np.full(13, 0.1))
    with pytest.raises(NotEstimable, match="no slope"):
        regression_test(Y, np.full(13, 0.1), model="rma")


def test_studies_on_a_line_are_refused():
    with pytest.raises(NotEstimable, match="on a line exactly"):
        regression_test(np.zeros(13), V)


def test_an_exact_p_value_with_ties_is_refused():
    with pytest.raises(NotEstimable, match="exact=False"):
        rank_test(Y, np.round(V, 1) + 0.1, exact=True)
    assert rank_test(Y, np.round(V, 1) + 0.1).ties


def test_studies_without_events_are_left_out_and_named():
    tables = {name: [*column, 0 if name in ("ai", "ci") else 50] for name, column in TABLES.items()}
    for test in (harbord_test, schwarzer_test):
        found, plain = test(**tables, labels="ABCDEFGHIJKLMN"), test(**TABLES)
        assert found.statistic == plain.statistic
        assert found.decisions == (
            "N was left out: no event, or nothing but events, in both arms.",
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ai": [*TABLES["ai"][:12], 1e9]}, "more events than participants"),
        ({"ai": [*TABLES["ai"][:12], -1]}, "row 13: events of arm 1 are -1"),
        ({"ci": [*TABLES["ci"][:12], 2.5]}, "not a whole number"),
        ({"n2i": TABLES["n2i"][:12]}, "length"),
        ({"labels": ["A"]}, "1 labels for 13 studies"),
    ],
)
def test_tables_that_cannot_be_are_refused(change, message):
    for test in (harbord_test, schwarzer_test):
        with pytest.raises(BadInput, match=message):
            test(**{**TABLES, **change})


@pytest.mark.parametrize(
    "call",
    [
        lambda: regression_test(Y, V, predictor="moon"),
        lambda: regression_test(Y, V, model="glm"),
        lambda: regression_test(Y, V, model="rma", method="X"),
        lambda: regression_test(Y, V, model="rma", test="X"),
        lambda: harbord_test(**TABLES, measure="RD"),
        lambda: debray_test(Y, V, d1i=N, d2i=N, variance="none"),
    ],
)
def test_unknown_choices_are_refused(call):
    with pytest.raises(UnknownName, match="There is no"):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: regression_test(Y, V, predictor="ni"), "needs ni"),
        (lambda: regression_test(Y, V, predictor="ni", ni=[1, 2]), "for 13 studies"),
        (lambda: regression_test(Y, V, predictor="ni", ni=-N), "above 0"),
        (lambda: regression_test(Y, V, model="rma", tau2=-1), "tau2=-1"),
        (lambda: regression_test(Y, V, level=95), "0.95"),
        (lambda: peters_test(Y, events=N, ni=N), "everyone has the event"),
        (lambda: peters_test("x", events=N, ni=N), "not a number"),
    ],
)
def test_numbers_that_cannot_be_are_refused(call, message):
    with pytest.raises(BadInput, match=message):
        call()


def test_nothing_is_refused():
    with pytest.raises(EmptySelection):
        regression_test([], [])


def test_results_are_frozen():
    for found in (regression_test(Y, V), rank_test(Y, V), pet_peese(Y, V)):
        with pytest.raises(FrozenInstanceError):
            found.p_value = 0.0


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    studies=any_studies(7),
    which=st.integers(0, 5),
)
def test_any_input_gives_finite_numbers_or_a_refusal(studies, which):
    yi, vi = studies
    calls = [
        lambda: regression_test(yi, vi, min_studies=3),
        lambda: regression_test(yi, vi, model="rma", test="knha", min_studies=3),
        lambda: regression_test(yi, vi, predictor="ninv", ni=vi, min_studies=3),
        lambda: rank_test(yi, vi, min_studies=3),
        lambda: pet_peese(yi, vi, min_studies=3),
        lambda: harbord_test(yi, vi, vi, yi, min_studies=3),
    ]
    try:
        found = calls[which]()
    except EvidenceError:
        return
    values = [getattr(found, name) for name in found.__slots__]
    assert all(isfinite(value) for value in values if isinstance(value, float))


def test_options_that_are_no_numbers_are_refused():
    with pytest.raises(BadInput, match="Give min_studies as a whole number"):
        regression_test([0.1, 0.2, 0.4], [0.1, 0.2, 0.3], min_studies="all")
    with pytest.raises(BadInput, match="exact=nan"):
        rank_test([0.1, 0.2, 0.4], [0.1, 0.2, 0.3], min_studies=3, exact=float("nan"))
    with pytest.raises(NotEstimable, match="5,000,000 at most"):
        schwarzer_test([3e8] * 3, [9e8] * 3, [2e8] * 3, [9e8, 8e8, 7e8], min_studies=3)


def test_a_line_beyond_double_precision_is_refused():
    yi = [-1.6e-75, 2.9e-75, -1.0e-75, 1.9e-75, 1.6e-75]
    vi = [8.1e-287, 1.4e17, 3.3e139, 1.4e-45, 5.9e-91]
    with pytest.raises(NotEstimable, match="double precision"):
        regression_test(yi, vi, predictor="vi", min_studies=3)


#: Variances of studies whose effects are equal, with sizes of their arms.
EQUAL_V = [0.135, 0.183, 0.047, 0.31, 0.03]
SIZES = {"n1i": [220, 668, 681, 84, 90], "n2i": [125, 412, 486, 93, 77]}


#: Tests of a line, of equal effects in an order of the studies.
LINES = {
    "regression": lambda yi, v, n1, n2: regression_test(yi, v, model="lm", min_studies=3),
    "deeks": lambda yi, v, n1, n2: deeks_test(yi, n1i=n1, n2i=n2, min_studies=3),
    "debray": lambda yi, v, n1, n2: debray_test(yi, v, d1i=n1, d2i=n2, min_studies=3),
}


@pytest.mark.parametrize("effect", [-1.36, 0.1, 0.7, 1e-3, 12345.678])
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
@pytest.mark.parametrize("name", LINES)
def test_equal_effects_lie_on_a_line_whatever_rounding_makes_of_them(name, order, effect):
    columns = (column[order] for column in (EQUAL_V, *SIZES.values()))
    with pytest.raises(NotEstimable, match="on a line exactly"):
        LINES[name](np.full(5, effect), *columns)


def test_effects_that_scatter_by_a_millionth_do_not_lie_on_a_line():
    yi = 0.1 + 1e-6 * np.array([1, -2, 3, 0, -1])
    found = regression_test(yi, EQUAL_V, model="lm", min_studies=3)
    line = np.polynomial.Polynomial.fit(np.sqrt(EQUAL_V), yi * 1e6 - 1e5, 1, w=1 / np.sqrt(EQUAL_V))
    assert_allclose(found.slope, line.convert().coef[1] * 1e-6, rtol=1e-6)


def test_equal_studies_are_tied_wherever_they_stand():
    rng = np.random.default_rng(4)
    yi, vi = rng.normal(size=9), np.exp(rng.normal(size=9))
    rows = np.concatenate([np.arange(9), [2, 2, 5, 7, 7, 7, 0]])
    found = {
        (one.tau, one.score_se, one.ties)
        for one in (rank_test(yi[order], vi[order]) for order in map(rng.permutation, [rows] * 20))
    }
    assert len(found) == 1
    assert found.pop()[2]
