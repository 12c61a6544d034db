"""2x2 tables: identities of the measures, and the rule for empty cells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from evidence.effects.effect_sizes import effect_size
from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import BadInput

#: Closed form in both places, so only the order of the sums differs.
CLOSED_FORM = 1e-10
MEASURES = ("RR", "OR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "OR2DN", "OR2DL")
cells = st.tuples(*[st.integers(1, 400)] * 4)
quick = settings(max_examples=50, deadline=None, derandomize=True)


def effect(measure, a, b, c, d, **options):
    effects = effect_size(measure, ai=a, bi=b, ci=c, di=d, **options)
    return effects.yi[0], effects.vi[0]


@pytest.mark.parametrize("measure", MEASURES)
@quick
@given(cells)
def test_swapping_the_arms_flips_the_sign(measure, table):
    a, b, c, d = table
    y, v = effect(measure, a, b, c, d)
    flipped, same = effect(measure, c, d, a, b)
    assert_allclose(flipped, -y, rtol=CLOSED_FORM, atol=1e-12)
    assert_allclose(same, v, rtol=CLOSED_FORM)


@pytest.mark.parametrize("measure", [m for m in MEASURES if m != "RR"])
@quick
@given(cells)
def test_counting_non_events_flips_the_sign_of_all_but_the_risk_ratio(measure, table):
    a, b, c, d = table
    y, v = effect(measure, a, b, c, d)
    flipped, same = effect(measure, b, a, d, c)
    assert_allclose(flipped, -y, rtol=CLOSED_FORM, atol=1e-12)
    assert_allclose(same, v, rtol=CLOSED_FORM)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD", "AS", "PHI", "YUQ", "YUY"])
@quick
@given(cells, st.integers(2, 9))
def test_a_larger_trial_with_the_same_risks_has_the_same_effect_more_precisely(
    measure, table, times
):
    y, v = effect(measure, *table)
    same, smaller = effect(measure, *(times * cell for cell in table))
    assert_allclose(same, y, rtol=CLOSED_FORM, atol=1e-12)
    assert_allclose(smaller, v / times, rtol=CLOSED_FORM)


@quick
@given(cells)
def test_the_measures_agree_on_the_direction(table):
    a, b, c, d = table
    sign = np.sign(a * d - b * c)
    for measure in MEASURES:
        y, _ = effect(measure, a, b, c, d)
        assert np.sign(np.round(y, 12)) == sign


def test_phi_is_the_correlation_of_two_indicators():
    a, b, c, d = 12, 5, 7, 20
    arm = np.repeat([1, 1, 0, 0], [a, b, c, d])
    event = np.repeat([1, 0, 1, 0], [a, b, c, d])
    assert_allclose(effect("PHI", a, b, c, d)[0], np.corrcoef(arm, event)[0, 1], rtol=CLOSED_FORM)


def test_peto_is_observed_minus_expected_over_its_hypergeometric_variance():
    a, b, c, d = 3, 17, 8, 14
    n1, n2, events = a + b, c + d, a + c
    total = n1 + n2
    v = n1 * n2 * events * (total - events) / (total**2 * (total - 1))
    assert_allclose(effect("PETO", a, b, c, d), [(a - n1 * events / total) / v, 1 / v])


TABLES = {"ai": [0, 3, 0, 12, 5], "n1i": [12, 14, 20, 12, 30], "ci": [4, 0, 0, 12, 9]}
TABLES["n2i"] = [13, 15, 22, 12, 28]


@pytest.mark.parametrize(
    ("options", "corrected", "name"),
    [
        ({}, [1, 1, 1, 1, 0], "only0, add=0.5"),
        ({"to": "all"}, [1, 1, 1, 1, 1], "all, add=0.5"),
        ({"to": "if0all"}, [1, 1, 1, 1, 1], "if0all, add=0.5"),
        ({"to": "none"}, [0, 0, 0, 0, 0], "none"),
        ({"add": 0}, [0, 0, 0, 0, 0], "none"),
        ({"add": 0.1, "drop00": True}, [1, 1, 0, 0, 0], "only0, add=0.1, drop00"),
        ({"to": "all", "drop00": True}, [1, 1, 0, 0, 1], "all, add=0.5, drop00"),
    ],
)
def test_the_result_names_the_rule_and_the_studies_it_changed(options, corrected, name):
    effects = effect_size("OR", **TABLES, **options)
    assert_array_equal(effects.corrected, np.array(corrected, dtype=bool))
    assert effects.zero_cell_rule == name


def test_a_corrected_study_is_the_table_with_the_number_added():
    corrected = effect_size("RR", ai=0, bi=12, ci=4, di=9)
    by_hand = effect_size("RR", ai=0.5, bi=12.5, ci=4.5, di=9.5, to="none")
    assert_array_equal(corrected.yi, by_hand.yi)
    assert_array_equal(corrected.vi, by_hand.vi)


def test_a_dropped_comparison_does_not_make_if0all_correct_the_others():
    table = {"ai": [0, 3], "n1i": [10, 10], "ci": [0, 4], "n2i": [10, 10]}
    effects = effect_size("RR", **table, to="if0all", drop00=True)
    assert_array_equal(effects.corrected, [False, False])


@pytest.mark.parametrize("add", [-0.5, np.nan, np.inf])
def test_an_impossible_correction_is_refused(add):
    with pytest.raises(BadInput, match="0 or a positive number"):
        ZeroCellRule(add=add, to="only0")
