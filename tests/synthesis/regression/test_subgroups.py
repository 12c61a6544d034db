"""Subgroup analysis: metafor's numbers, what must hold, and what is refused."""

import json
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence import effect_size, pool
from evidence.errors import BadInput, Caution, EvidenceError, TooFewStudies, UnknownName
from evidence.synthesis.heterogeneity import ESTIMATORS, cochran_q
from evidence.synthesis.regression.subgroups import TAU2_MODES, pool_subgroups

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "subgroups.json").read_text())
#: R stops its search for tau2 at about this distance.
SEARCH = 1e-7
#: Closed form, so only the order of the sums differs.
CLOSED_FORM = 1e-12

Y, V, ALLOC = np.array(REFERENCE["yi"]), np.array(REFERENCE["vi"]), REFERENCE["alloc"]


def test_separate_groups_equal_metafor():
    found = pool_subgroups(Y, V, ALLOC, policy="metafor")
    assert [effect.name for effect in found.effects] == sorted(REFERENCE["separate"])
    for effect in found.effects:
        ref = REFERENCE["separate"][effect.name]
        assert_allclose(
            [effect.estimate, effect.se, effect.tau2, effect.q, 100 * effect.i2],
            [ref["estimate"], ref["se"], ref["tau2"], ref["QE"], ref["I2"]],
            rtol=SEARCH,
        )
    assert_allclose(found.interaction.statistic, REFERENCE["between"], rtol=SEARCH)
    assert (found.interaction.df, found.interaction.residual_df) == (2, None)


@pytest.mark.parametrize("test", ["z", "knha"])
def test_a_common_tau2_equals_metafor(test):
    ref = REFERENCE["common"][test]
    found = pool_subgroups(Y, V, ALLOC, tau2="common", test=test, policy="metafor")
    assert_allclose([effect.estimate for effect in found.effects], ref["beta"], rtol=SEARCH)
    assert_allclose([effect.se for effect in found.effects], ref["se"], rtol=SEARCH)
    assert_allclose([effect.tau2 for effect in found.effects], [ref["tau2"]] * 3, rtol=SEARCH)
    assert_allclose(found.interaction.statistic, ref["QM"], rtol=SEARCH)
    assert_allclose(found.interaction.p_value, ref["QMp"], rtol=1e-6)
    assert_allclose(100 * found.r2, ref["R2"], atol=1e-6)


def test_with_a_common_effect_q_splits_into_within_and_between():
    for mode in TAU2_MODES:
        found = pool_subgroups(Y, V, ALLOC, tau2=mode, policy="common")
        within = sum(effect.q for effect in found.effects)
        total = cochran_q(Y, V).q
        assert_allclose(within + found.interaction.statistic, total, rtol=CLOSED_FORM)


def test_each_separate_group_is_pooled_as_alone():
    found = pool_subgroups(Y, V, ALLOC)
    rows = [i for i, name in enumerate(ALLOC) if name == "random"]
    alone = pool(Y[rows], V[rows])
    (effect,) = [effect for effect in found.effects if effect.name == "random"]
    assert (effect.estimate, effect.ci_low, effect.df) == (alone.estimate, alone.ci_low, alone.df)
    assert effect.prediction_low == alone.prediction.low
    assert found.overall.estimate == pool(Y, V).estimate


@pytest.mark.parametrize("mode", TAU2_MODES)
def test_order_of_studies_does_not_matter(mode):
    order = np.random.default_rng(2).permutation(Y.size)
    plain = pool_subgroups(Y, V, ALLOC, tau2=mode)
    turned = pool_subgroups(Y[order], V[order], [ALLOC[i] for i in order], tau2=mode)
    for one, other in zip(plain.effects, turned.effects, strict=True):
        assert_allclose([other.estimate, other.se], [one.estimate, one.se], rtol=1e-9)
    assert_allclose(turned.interaction.p_value, plain.interaction.p_value, rtol=1e-7)


def test_groups_without_difference_have_p_1():
    found = pool_subgroups([0.1, 0.3, 0.1, 0.3], [0.1] * 4, list("aabb"))
    assert_allclose(found.interaction.p_value, 1.0, atol=1e-12)


def test_numbers_are_sorted_and_a_categorical_has_its_own_order():
    found = pool_subgroups([1, 2, 3, 4], [0.1] * 4, [10, 9, 10, 9])
    assert [effect.name for effect in found.effects] == ["9", "10"]
    ordered = pd.Categorical(list("baba"), categories=["b", "a"])
    found = pool_subgroups([1, 2, 3, 4], [0.1] * 4, ordered)
    assert [effect.name for effect in found.effects] == ["b", "a"]
    assert found.interaction.names == ("b", "a")


def test_a_group_of_one_study_is_reported_as_it_is_or_shares_tau2():
    groups = ["a", "a", "a", "b"]
    yi, vi = [0.1, 0.9, 0.4, 0.3], [0.01, 0.01, 0.01, 0.04]
    separate = pool_subgroups(yi, vi, groups)
    assert (separate.effects[1].se, separate.effects[1].tau2) == (0.2, None)
    assert any("One study only" in decision for decision in separate.decisions)
    common = pool_subgroups(yi, vi, groups, tau2="common", test="z")
    assert common.effects[1].se > 0.2
    assert common.effects[1].q is None


def test_the_policy_chooses_between_wald_and_knapp_hartung():
    wide = pool_subgroups(Y, V, ALLOC, tau2="common")
    assert wide.effects[0].df == 10
    assert any("Knapp-Hartung intervals (t with 10 df)" in d for d in wide.decisions)
    same = pool_subgroups([0.1, 0.11, 0.1, 0.12, 0.1], [0.1] * 5, list("aabbb"), tau2="common")
    assert same.effects[0].df is None
    assert any("tau2 is 0" in decision for decision in same.decisions)
    equal = pool_subgroups([0.1] * 5, [0.1] * 5, list("aabbb"), tau2="common")
    assert equal.effects[0].df is None


def test_prediction_intervals_with_a_common_tau2_are_those_of_the_plan():
    found = pool_subgroups(Y, V, ALLOC, tau2="common")
    assert found.effects[0].prediction_low < found.effects[0].ci_low
    without = pool_subgroups(Y, V, ALLOC, tau2="common", prediction="none")
    assert without.effects[0].prediction_low is None
    few = pool_subgroups([0.1, 0.5, 0.2], [0.1] * 3, list("aab"), tau2="common", prediction="hts")
    assert few.effects[0].prediction_low is None


def test_effect_sizes_leave_with_their_group():
    effects = effect_size(
        "OR",
        ai=[3, 0, 4, 6],
        n1i=[20, 30, 25, 30],
        ci=[6, 0, 9, 8],
        n2i=[20, 30, 25, 30],
        labels=list("ABCD"),
        drop00=True,
    )
    found = pool_subgroups(effects, None, ["x", "x", "y", "y"])
    assert [effect.labels for effect in found.effects] == [("A",), ("C", "D")]
    assert found.decisions[0].startswith("B was left out")


def test_the_result_prints_and_has_a_frame():
    found = pool_subgroups(Y, V, ALLOC)
    text = str(found)
    for part in ("3 subgroups with separate tau2", "random", "difference: chi-squared(2)"):
        assert part in text
    frame = found.to_frame()
    assert list(frame["name"]) == ["alternate", "random", "systematic"]
    assert {"estimate", "ci_low", "prediction_high", "i2"} <= set(frame.columns)


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        (["a"] * 13, TooFewStudies, "at least 2 groups and found 1"),
        (["a", None] + ["b"] * 11, BadInput, "missing in row 2"),
        (["a", "b"], BadInput, "2 labels for 13 rows"),
    ],
)
def test_groups_that_are_none_are_refused(groups, error, message):
    with pytest.raises(error, match=message):
        pool_subgroups(Y, V, groups)


def test_a_common_tau2_needs_more_studies_than_groups():
    with pytest.raises(TooFewStudies, match="at least 3"):
        pool_subgroups([0.1, 0.4], [0.1, 0.1], ["a", "b"], tau2="common")


def test_unknown_modes_are_refused():
    with pytest.raises(UnknownName, match="mode of tau2"):
        pool_subgroups(Y, V, ALLOC, tau2="pooled")


ANY = st.floats() | st.floats(-10, 10) | st.sampled_from([0.0, 1e-300, 1e300])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    studies=st.lists(st.tuples(ANY, ANY | st.floats(1e-3, 10), st.sampled_from("abc")), max_size=9),
    tame=st.booleans(),
    mode=st.sampled_from(TAU2_MODES),
    method=st.sampled_from([*ESTIMATORS, None]),
    test=st.sampled_from(["z", "knha", "adhoc", None]),
)
def test_any_input_gives_finite_numbers_or_a_refusal(studies, tame, mode, method, test):
    yi, vi = (np.array([row[i] for row in studies], dtype=float) for i in (0, 1))
    if tame:
        yi = np.clip(np.nan_to_num(yi), -1e6, 1e6)
        vi = np.clip(np.abs(np.nan_to_num(vi)), 1e-6, 1e6)
    groups = [row[2] for row in studies]
    try:
        found = pool_subgroups(yi, vi, groups, tau2=mode, method=method, test=test)
    except EvidenceError:
        return
    assert isfinite(found.interaction.statistic)
    assert 0.0 <= found.interaction.p_value <= 1.0
    for effect in found.effects:
        assert effect.ci_low <= effect.estimate <= effect.ci_high
        assert isfinite(effect.ci_high - effect.ci_low)
    assert str(found)


@pytest.mark.parametrize("tau2", ["separate", "common"])
def test_groups_that_differ_in_capitals_or_spaces_are_one_with_a_caution(tau2):
    yi, vi = [0.1, 0.4, 0.2, 0.6, 0.3], [0.04, 0.05, 0.03, 0.06, 0.05]
    with pytest.warns(Caution, match="'high ' as 'High'") as warned:
        found = pool_subgroups(yi, vi, groups=["High", "high ", "Low", "low", "Low"], tau2=tau2)
    assert warned[0].filename == __file__
    assert [effect.name for effect in found.effects] == ["High", "Low"]
    assert [effect.rows for effect in found.effects] == [(0, 1), (2, 3, 4)]
    assert found.interaction.df == 1
    assert any("'low' as 'Low'" in sentence for sentence in found.decisions)


def test_summaries_of_groups_keep_their_measure():
    effects = effect_size("RR", ai=[4, 6, 3], n1i=[50, 60, 70], ci=[9, 8, 7], n2i=[50, 60, 70])
    found = pool_subgroups(effects, groups=["a", "a", "b"])
    assert {one.measure for one in (found.overall, *found.pooled)} == {"RR"}


def test_groups_must_be_given():
    with pytest.raises(BadInput, match="Give the group of each study"):
        pool_subgroups([0.1, 0.4], [0.04, 0.05])
