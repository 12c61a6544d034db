"""Every world is the single fit that it stands for; shares and reversals are those of a count."""

import math
from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from evidence import ZeroCellRule, effect_size, pool
from evidence.errors import BadInput, NotEstimable, UnknownName
from evidence.synthesis.multiverse.decision_rules import DecisionRule
from evidence.synthesis.multiverse.records import DIMENSIONS, REASONS
from evidence.synthesis.multiverse.worlds import METHODS, multiverse

SAME = 1e-8
A = np.array([4, 0, 3, 12, 33, 18, 0])
N1 = np.array([123, 80, 231, 140, 506, 154, 60])
C = np.array([11, 5, 11, 24, 47, 37, 0])
N2 = np.array([139, 83, 220, 128, 580, 145, 62])
TABLE = {"ai": A, "n1i": N1, "ci": C, "n2i": N2}
ONLY0 = ZeroCellRule(add=0.5, to="only0")
DROP = ZeroCellRule(add=0.5, to="only0", drop00=True)
NONE = ZeroCellRule(add=0.0, to="none")
Y = np.array([-0.9, -1.6, -0.2, 0.4, 0.1, -0.5])
V = np.array([0.32, 0.19, 0.02, 0.41, 0.006, 0.05])


def _single(rule, measure, method, test, inside):
    """Fit one world with ``pool``; None where it has fewer than 2 studies."""
    effects = effect_size(measure, **TABLE, add=rule.add, to=rule.to, drop00=rule.drop00)
    kept = effects.estimable & (effects.vi > 0) & inside
    if kept.sum() < 2:
        return None
    return pool(
        effects.yi[kept], effects.vi[kept], method=method, test=test, policy="metafor",
        prediction="none",
    )  # fmt: skip


# --- worlds --------------------------------------------------------------------------------------


def test_every_world_is_the_single_fit():
    rules = (ONLY0, DROP, ZeroCellRule(add=0.5, to="all"), NONE)
    found = multiverse(
        **TABLE,
        measures=("RR", "OR", "RD", "AS"),
        zero_cells=rules,
        tests=("knha", "adhoc", "z", "t"),
        subsets={"large": ["study 1", "study 3", "study 5"]},
    )
    by_name = {rule.name: rule for rule in rules}
    frame = found.to_frame()
    picked = np.random.default_rng(3).choice(len(frame), 400, replace=False)
    for row in frame.loc[picked].itertuples():
        inside = found.sets.members[:, found.codes["studies"][row.world]]
        one = _single(by_name[row.zero_cells], row.measure, row.method, row.test, inside)
        got = [row.estimate, row.se, row.ci_low, row.ci_high, row.k]
        expected = [one.estimate, one.se, one.ci_low, one.ci_high, one.k]
        assert_allclose(got, expected, rtol=SAME, atol=1e-12)
        assert_allclose(row.tau2, one.tau2 or 0.0, rtol=1e-6, atol=1e-10)


def test_every_subset_is_there_once():
    found = multiverse(Y, V, methods=["DL"], tests=["z"], all_from=3, labels="abcdef")
    sets = {tuple(column) for column in found.sets.members.T}
    expected = {
        tuple(i in chosen for i in range(6))
        for size in range(3, 7)
        for chosen in combinations(range(6), size)
    }
    assert sets == expected
    assert found.k.size == len(expected) == found.sets.members.shape[1]
    assert found.sets.name(0) == "all"
    assert {"without f", "without e, f", "without d, e, f"} <= set(found.sets.names())
    assert "only a, b" in multiverse(Y, V, all_from=2, labels="abcdef").sets.names()


def test_a_declared_set_keeps_its_name_when_it_is_one_of_the_others():
    found = multiverse(
        Y,
        V,
        labels="abcdef",
        methods=["DL"],
        tests=["z"],
        subsets={"blinded": list("abcde"), "large": ["c", "e"], "same": ["e", "c"]},
    )
    assert found.sets.names() == [
        "all", "without a", "without b", "without c", "without d", "without e", "blinded",
        "large = same",
    ]  # fmt: skip


def test_rules_for_empty_cells_that_agree_are_one_world():
    whole = {name: values[[0, 2, 3, 4, 5]] for name, values in TABLE.items()}
    found = multiverse(**whole, measures=["OR"], zero_cells=(ONLY0, DROP, NONE), methods=["DL"])
    assert set(found.to_frame()["zero_cells"]) == {ONLY0.name}
    assert any("one world" in words for words in found.decisions)
    # asked for by another of their names, the reference is the same world
    other = multiverse(
        **whole,
        measures=["OR"],
        zero_cells=(ONLY0, DROP, NONE),
        methods=["DL"],
        reference={"zero_cells": NONE.name},
    )
    assert other.reference == found.reference
    assert set(other.to_frame()["zero_cells"]) == {NONE.name}
    assert_array_equal(other.changes, found.changes)


def test_worlds_without_a_number_are_counted_and_named():
    table = {"ai": [0, 3, 0], "n1i": [50, 60, 40], "ci": [0, 6, 0], "n2i": [52, 61, 41]}
    found = multiverse(
        **table, measures=["RR"], zero_cells=(ONLY0, DROP), methods=["DL", "REML"], tests=["z"]
    )
    frame = found.to_frame()
    dropped = frame[frame["zero_cells"] == DROP.name]
    assert set(dropped["not_estimable"]) == {REASONS[1]}
    assert dropped[["estimate", "se", "ci_low", "ci_high"]].isna().all(axis=None)
    assert dropped["conclusion"].isna().all()
    assert any("no world has study 1, study 3" in words for words in found.decisions)
    counts = found.counts()
    assert counts[f"not estimable: {REASONS[1]}"] == len(dropped) == 8
    assert sum(counts.values()) == len(frame)
    assert sum(found.shares().values()) == pytest.approx(1.0)
    assert REASONS[1] in str(found)
    assert "no probabilities" in str(found)


def test_equal_effects_have_no_knapp_hartung_interval():
    found = multiverse([0.3, 0.3, 0.3], [0.1, 0.2, 0.1], methods=["DL"], tests=["adhoc", "knha"])
    frame = found.to_frame()
    assert set(frame[frame["test"] == "knha"]["not_estimable"]) == {REASONS[3]}
    assert frame[frame["test"] == "adhoc"]["estimate"].notna().all()
    with pytest.raises(NotEstimable, match="no width"):
        multiverse([0.3, 0.3, 0.3], [0.1, 0.2, 0.1], methods=["DL"], tests=["knha"])


def test_one_world_out_of_range_does_not_take_the_others_with_it():
    yi, vi = [0.1, 0.3, 0.2, 1e200], [0.1, 0.1, 0.1, 0.1]
    found = multiverse(
        yi, vi, methods=["DL", "CE"], tests=["z"], reference={"studies": "without study 4"}
    )
    frame = found.to_frame()
    lost = frame["not_estimable"] == REASONS[2]
    assert set(frame.loc[~lost, "studies"]) == {"without study 4"}
    one = pool(yi[:3], vi[:3], method="DL", test="z", policy="metafor")
    assert_allclose(frame.loc[found.reference, "estimate"], one.estimate, rtol=SAME)


def test_threads_and_order_of_studies_do_not_matter():
    one = multiverse(Y, V, workers=1, all_from=2)
    two = multiverse(Y, V, workers=2, all_from=2)
    assert_array_equal(one.estimate, two.estimate)
    turned = multiverse(Y[::-1], V[::-1], all_from=2)
    assert_allclose(np.sort(one.estimate), np.sort(turned.estimate), rtol=1e-9)
    assert one.counts() == turned.counts()


def test_turning_the_effects_around_swaps_the_sides():
    counts, turned = multiverse(Y, V).counts(), multiverse(-Y, V).counts()
    assert (counts["below"], counts["above"]) == (turned["above"], turned["below"])


def test_effect_sizes_keep_their_measure_and_say_what_was_left_out():
    effects = effect_size("OR", **TABLE, add=0.5, drop00=True)
    found = multiverse(effects, methods=["DL"], tests=["z"])
    assert found.values["measure"] == ("OR",)
    assert found.k.max() == 6
    assert any("7 was left out" in words for words in found.decisions)


# --- rules ---------------------------------------------------------------------------------------


def test_the_interval_excludes_0():
    found = multiverse(Y, V)
    expected = np.where(found.ci_high < 0, 0, np.where(found.ci_low > 0, 2, 1))
    assert_array_equal(found.side, expected)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_estimate_beyond_a_threshold(sign):
    rule = DecisionRule(kind="estimate-beyond", thresholds=sign * -0.2)
    found = multiverse(sign * Y, V, rule=rule)
    assert_array_equal(found.side == 0, sign * found.estimate < -0.2)
    whole = multiverse(sign * Y, V, rule=DecisionRule(kind="ci-beyond", thresholds=sign * -0.2))
    inner = whole.ci_high if sign > 0 else -whole.ci_low
    assert_array_equal(whole.side == 0, inner < -0.2)
    assert "-0.2" in rule.words or "0.2" in rule.words


def test_thresholds_by_scale():
    rule = DecisionRule(kind="estimate-beyond", thresholds={"RR": math.log(0.6), "RD": -0.05})
    found = multiverse(**TABLE, measures=("RR", "RD"), rule=rule)
    frame = found.to_frame()
    for measure, threshold in (("RR", math.log(0.6)), ("RD", -0.05)):
        part = frame[frame["measure"] == measure]
        assert_array_equal(part["conclusion"] == "beyond", part["estimate"] < threshold)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"kind": "p-value"}, UnknownName, "decision rule"),
        ({"kind": "estimate-beyond"}, BadInput, "they need them"),
        ({"thresholds": 0.3}, BadInput, "Only"),
        ({"kind": "ci-beyond", "thresholds": 0.0}, BadInput, "not 0"),
        ({"kind": "ci-beyond", "thresholds": {"RR": math.nan}}, BadInput, "threshold RR"),
    ],
)
def test_rules_that_cannot_be(options, error, words):
    with pytest.raises(error, match=words):
        DecisionRule(**options)


@pytest.mark.parametrize("thresholds", [{"RR": None}, "0.5", {"RR": "0.5"}, [0.5], math.nan, 0.0])
def test_thresholds_that_are_no_numbers_are_refused(thresholds):
    with pytest.raises(BadInput, match="Give a number that is not 0"):
        DecisionRule(kind="ci-beyond", thresholds=thresholds)


def test_scales_without_a_threshold_are_refused():
    with pytest.raises(BadInput, match="do not compare"):
        multiverse(**TABLE, rule=DecisionRule(kind="ci-beyond", thresholds=-0.1))
    one = DecisionRule(kind="ci-beyond", thresholds={"RR": -0.1})
    with pytest.raises(BadInput, match="is asked about OR"):
        multiverse(**TABLE, measures=["RR", "OR"], rule=one)


# --- shares and reversals ------------------------------------------------------------------------


def test_shares_are_counts():
    found = multiverse(**TABLE)
    frame = found.to_frame()
    known = frame[frame["conclusion"].notna()]
    expected = known["conclusion"].value_counts(normalize=True)
    assert found.shares() == pytest.approx(expected.to_dict())
    for dimension in DIMENSIONS:
        table = known.groupby(dimension, observed=True)["conclusion"].value_counts(normalize=True)
        means = table.unstack(fill_value=0.0).mean()
        assert found.balanced_shares(dimension) == pytest.approx(means.to_dict())
    rows = found.share_frame()
    assert rows.groupby("dimension")["worlds"].sum().eq(len(frame)).all()
    assert_allclose(rows[list(found.rule.sides)].sum(axis=1), 1.0)


def test_reversals_are_the_nearest_worlds():
    found = multiverse(**TABLE, measures=["RR", "OR"], methods=["REML", "DL", "CE"])
    frame = found.to_frame()
    start = frame.loc[found.reference]
    differs = sum((frame[name] != start[name]).astype(int) for name in DIMENSIONS)
    assert_array_equal(found.changes, differs)
    other = frame[frame["conclusion"].notna() & (frame["conclusion"] != found.conclusion)]
    assert found.fewest_changes == differs[other.index].min()
    expected = other.index[differs[other.index] == found.fewest_changes]
    assert set(found.reversals.tolist()) == set(expected)
    exchanged = found.studies_changed[found.reversals]
    assert (np.diff(exchanged) >= 0).all()
    named = found.reversal_frame()
    assert (named["changed"].str.count("in place of") == found.fewest_changes).all()
    assert found.describe_change(found.reference) == "nothing"


def test_no_world_concludes_otherwise():
    found = multiverse([1.0, 1.1, 0.9, 1.05], [0.01, 0.01, 0.01, 0.01], tests=["z"])
    assert found.fewest_changes is None
    assert found.reversals.size == 0
    assert len(found.reversal_frame()) == 0
    assert "No world concludes otherwise" in str(found)
    assert found.shares()["above"] == 1.0


def test_another_reference():
    found = multiverse(
        Y, V, labels="abcdef", reference={"method": "CE", "test": "z", "studies": "without b"}
    )
    row = found.to_frame().loc[found.reference]
    assert (row["method"], row["test"], row["studies"]) == ("CE", "z", "without b")
    assert (row["changes"], found.changes.max()) == (0, 3)
    assert found.studies_changed.max() == 2


def test_a_curve_is_sorted_small_and_has_the_reference():
    found = multiverse(**TABLE)
    curve = found.specification_curve("RD", most=30)
    assert len(curve) <= 30
    assert curve["estimate"].is_monotonic_increasing
    assert curve["rank"].iloc[0] == 1
    assert not curve["reference"].any()
    own = found.specification_curve("RR", most=7)
    assert own["reference"].sum() == 1
    assert set(own["measure"]) == {"RR"}
    everything = found.specification_curve("RR", most=100_000)
    assert len(everything) == (found.estimable & (found.codes["measure"] == 0)).sum()
    with pytest.raises(BadInput, match="Name the measure"):
        found.specification_curve()
    with pytest.raises(UnknownName, match="measure of the multiverse"):
        found.specification_curve("HR")
    with pytest.raises(BadInput, match="3 or more"):
        found.specification_curve("RR", most=2)
    with pytest.raises(UnknownName, match="dimension"):
        found.balanced_shares("scale")


def test_result_is_frozen():
    found = multiverse(Y, V)
    with pytest.raises(ValueError, match="read-only"):
        found.estimate[0] = 0.0
    with pytest.raises(AttributeError):
        found.level = 0.9
    assert found.values["method"] == METHODS


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, BadInput, "either yi and vi or"),
        ({"yi": Y, "vi": V, "ai": A}, BadInput, "also yi"),
        ({"yi": Y}, BadInput, "without sampling variances"),
        ({"yi": Y, "vi": -V}, BadInput, "above 0"),
        ({**TABLE, "n1i": N1[:3]}, BadInput, "one length|lengths"),
        ({**TABLE, "ai": N1 + 1}, BadInput, "Effect sizes"),
        ({**TABLE, "labels": "ab"}, BadInput, "2 labels for 7"),
        ({**TABLE, "labels": ["x"] * 7}, BadInput, "same label"),
        ({**TABLE, "measures": ["XX"]}, UnknownName, "measure"),
        ({**TABLE, "measures": ["PLO"]}, BadInput, "PLO"),
        ({**TABLE, "measures": []}, BadInput, "measures="),
        ({**TABLE, "zero_cells": ()}, BadInput, "rule for empty cells"),
        ({"yi": Y, "vi": V, "methods": ["XX"]}, UnknownName, "estimator"),
        ({"yi": Y, "vi": V, "methods": "DL"}, BadInput, "list of names"),
        ({"yi": Y, "vi": V, "tests": ["w"]}, UnknownName, "test"),
        ({"yi": Y, "vi": V, "level": 95}, BadInput, "level"),
        ({"yi": Y, "vi": V, "subsets": {"a": []}}, BadInput, "at least"),
        ({"yi": Y, "vi": V, "subsets": {"a": ["z"]}}, UnknownName, "study of the set 'a'"),
        ({"yi": Y, "vi": V, "all_from": 9}, BadInput, "Give 1 to 6"),
        ({"yi": Y, "vi": V, "all_from": -1}, BadInput, "Give 1 to 6"),
        ({"yi": Y, "vi": V, "all_from": 2.5}, BadInput, "all_from is 2.5"),
        ({"yi": Y, "vi": V, "leave_one_out": "yes"}, BadInput, "True or False"),
        ({"yi": Y, "vi": V, "subsets": ["a"]}, BadInput, "list of labels for each name"),
        ({"yi": Y, "vi": V, "subsets": {"a": 3}}, BadInput, "list of labels"),
        ({"yi": Y, "vi": V, "methods": None}, BadInput, "methods=None"),
        ({"yi": Y, "vi": V, "rule": "ci-beyond"}, BadInput, "DecisionRule"),
        ({"yi": Y, "vi": V, "reference": "DL"}, BadInput, "value by dimension"),
        ({**TABLE, "zero_cells": 0.5}, BadInput, "rule for empty cells"),
        ({**TABLE, "zero_cells": ["only0"]}, BadInput, "rule for empty cells"),
        ({**TABLE, "labels": 7}, BadInput, "Names of the studies"),
        ({"yi": Y, "vi": V, "reference": {"scale": "RR"}}, UnknownName, "dimension"),
        ({"yi": Y, "vi": V, "reference": {"method": "dl"}}, UnknownName, "reference method"),
        ({"yi": [0.1], "vi": [0.1]}, NotEstimable, "fewer than 2"),
    ],
)
def test_nonsense_is_refused(options, error, words):
    with pytest.raises(error, match=words):
        multiverse(**options)


def test_too_many_worlds_are_refused():
    with pytest.raises(BadInput, match="the most is 5,000,000"):
        multiverse(np.linspace(-1, 1, 20), np.full(20, 0.1), all_from=2)
    with pytest.raises(BadInput, match="the most is 22"):
        multiverse(np.linspace(-1, 1, 30), np.full(30, 0.1), methods=["DL"], all_from=28)
