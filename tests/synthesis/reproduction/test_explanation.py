"""The settings behind a published result are found from its printed digits."""

import math
import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence import effect_size, pool, pool_mantel_haenszel, pool_peto, pool_proportions
from evidence.errors import BadInput, NotEstimable, UnknownName
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.pairwise import SUMMARY_TESTS
from evidence.synthesis.reproduction.explanation import explain

#: The stacked fits and the single ones differ in the order of sums.
SAME = 1e-9

# Trials of a vaccine against tuberculosis, events and participants as Colditz (1994) prints them.
TABLES = {
    "ai": [4, 6, 3, 62, 33, 180],
    "n1i": [123, 306, 231, 13598, 5069, 1541],
    "ci": [11, 29, 11, 248, 47, 372],
    "n2i": [139, 303, 220, 12867, 5808, 1451],
}
DEATHS = {"xi": [0, 2, 1, 3, 0, 1], "ni": [32, 74, 110, 145, 24, 5]}
NAMES = tuple("ABCDEF")


def printed(values, decimals):
    names = ("estimate", "ci_low", "ci_high")
    return {name: round(float(v), decimals) for name, v in zip(names, values, strict=True)}


def summary(fit):
    return [math.exp(v) for v in (fit.estimate, fit.ci_low, fit.ci_high)]


def settings_of(found):
    """Measure, method, test of every kept setting that reproduces the numbers."""
    return {
        (one.measure, method, test)
        for one in found.settings
        if one.reproduces
        for method, test in [(one.method, one.test), *(_named(n, one.test) for n in one.same)]
    }


def _named(name, test):
    method, _, other = name.partition(" ")
    return method, other or test


@pytest.mark.parametrize("measure", ["RR", "OR"])
@pytest.mark.parametrize(("method", "test"), [("DL", "z"), ("REML", "knha"), ("SJ", "t")])
def test_scale_estimator_and_interval_are_found(measure, method, test):
    fit = pool(effect_size(measure, **TABLES), method=method, test=test)
    found = explain(**TABLES, **printed(summary(fit), 4), decimals=4, subsets="none")
    assert (measure, method, test) in settings_of(found)
    assert not found.settings[0].left_out
    assert_allclose(found.settings[0].estimate, math.exp(fit.estimate), rtol=1e-4)


@pytest.mark.parametrize(("add", "to"), [(0.5, "all"), (0.5, "only0"), (0.0, "none")])
def test_the_rule_for_empty_cells_is_found(add, to):
    tables = {**TABLES, "ai": [0, *TABLES["ai"][1:]]}
    effects = effect_size("RR", **tables, add=add, to=to)
    kept = np.isfinite(effects.vi)
    fit = pool(effects.yi[kept], effects.vi[kept], method="DL", test="z")
    found = explain(**tables, **printed(summary(fit), 4), decimals=4, measure="RR")
    assert found.reproduced
    same = {"all, add=0.5": "if0all, add=0.5"}.get(effects.zero_cell_rule)
    assert found.settings[0].zero_cells in (effects.zero_cell_rule, same)


def test_methods_without_effects_of_single_studies_are_found():
    for name, fit in (
        ("MH", pool_mantel_haenszel(**TABLES, measure="OR")),
        ("Peto", pool_peto(**TABLES)),
    ):
        found = explain(**TABLES, **printed(summary(fit), 4), decimals=4, subsets="none")
        assert ("OR", name, "z") in settings_of(found)


@pytest.mark.parametrize("transform", ["PLO", "PFT", "PAS", "PR", "PLN"])
def test_the_scale_of_a_proportion_is_found(transform):
    fit = pool_proportions(**DEATHS, transform=transform, method="REML", test="z")
    values = (100 * fit.estimate, 100 * fit.ci_low, 100 * fit.ci_high)
    found = explain(**DEATHS, **printed(values, 3), decimals=3, percent=True, subsets="none")
    assert (transform, "REML", "z") in settings_of(found)


def test_summed_patients_with_a_wilson_interval_give_the_mortality_of_sormani_2017():
    # 2.1 per cent (1.3 to 3.4) of 764 patients; sixteen is the only whole number of deaths.
    found = explain(
        xi=[16], ni=[764], estimate=2.1, ci_low=1.3, ci_high=3.4, percent=True, decimals=1
    )
    assert ("PR", "sum of all patients", "wilson") in settings_of(found)
    for deaths in (15, 17):
        other = explain(
            xi=[deaths], ni=[764], estimate=2.1, ci_low=1.3, ci_high=3.4, percent=True, decimals=1
        )
        assert not other.reproduced


@pytest.mark.parametrize("out", range(6))
def test_the_study_that_was_left_out_is_named(out):
    kept = {name: [v for i, v in enumerate(column) if i != out] for name, column in TABLES.items()}
    fit = pool(effect_size("RR", **kept), method="REML", test="z")
    published = printed(summary(fit), 5)
    found = explain(**TABLES, **published, decimals=5, measure="RR", labels=NAMES)
    assert found.reproduced
    assert found.settings[0].left_out == (NAMES[out],)
    assert "No setting with all studies does" in found.sentence
    assert found.nearest_with_all is not None
    assert not found.nearest_with_all.reproduces


def test_all_subsets_find_two_studies_that_were_left_out():
    kept = {name: column[:4] for name, column in TABLES.items()}
    fit = pool(effect_size("RR", **kept), method="DL", test="z")
    published = printed(summary(fit), 5)
    found = explain(**TABLES, **published, decimals=5, measure="RR", labels=NAMES, subsets="all")
    assert found.settings[0].left_out == ("E", "F")


@pytest.mark.parametrize("definition", ["normal", "t-k-1", "t-k-2"])
@pytest.mark.parametrize("policy", ["metafor", "revman5"])
def test_definitions_of_i2_and_prediction_interval_are_found(definition, policy):
    fit = pool(effect_size("RR", **TABLES), policy=policy, method="DL", prediction=definition)
    limits = tuple(round(math.exp(v), 4) for v in (fit.prediction.low, fit.prediction.high))
    found = explain(
        **TABLES,
        **printed(summary(fit), 4),
        decimals=4,
        measure="RR",
        i2=round(100 * fit.i2, 3),
        prediction=limits,
        subsets="none",
    )
    best = found.settings[0]
    assert best.reproduces
    assert best.prediction == definition
    assert_allclose([best.i2, best.prediction_low], [100 * fit.i2, limits[0]], atol=1e-3)


def test_a_result_that_no_setting_gives_has_its_nearest_and_the_distance():
    found = explain(**TABLES, estimate=0.9, ci_low=0.8, ci_high=1.0, decimals=2, measure="RR")
    assert not found.reproduced
    assert found.settings[0].distance == min(one.distance for one in found.settings)
    worst = max(
        abs(getattr(found.settings[0], name) - getattr(found, name)) * 100
        for name in ("estimate", "ci_low", "ci_high")
    )
    assert_allclose(found.settings[0].distance, worst, rtol=SAME)
    assert found.sentence.startswith(f"None of {found.tried} settings gives 0.90 (0.80 to 1.00)")


def test_the_decimals_of_the_numbers_are_used_unless_they_are_given():
    assert explain(yi=[0.1], vi=[0.04], estimate=0.1, ci_low=-0.292, ci_high=0.5).decimals == 3
    assert explain(yi=[0.1], vi=[0.04], estimate=0.1, decimals=5).decimals == 5


def test_the_record_is_frozen_and_has_a_row_for_each_setting():
    found = explain(**TABLES, estimate=0.5, ci_low=0.3, ci_high=0.9, labels=NAMES)
    with pytest.raises(FrozenInstanceError):
        found.tried = 0
    frame = found.to_frame()
    assert len(frame) == len(found.settings)
    assert frame["distance"].iloc[0] == found.settings[0].distance
    assert str(found) == found.sentence


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Given were none of them"),
        ({"yi": [0.1]}, "exactly one way"),
        ({**DEATHS, "yi": [0.1], "vi": [0.1]}, "exactly one way"),
        ({"yi": [0.1, 0.2], "vi": [0.1]}, "one length"),
        ({"yi": [0.1], "vi": [0.0]}, "above 0"),
        ({"yi": [np.nan], "vi": [0.1]}, "NaN"),
        ({"xi": [3], "ni": [2]}, "exceed"),
        ({"yi": [0.1], "vi": [0.1], "ci_low": 0.3, "ci_high": 0.5}, "outside"),
        ({"yi": [0.1], "vi": [0.1], "ci_low": 0.3}, "two bounds"),
        ({"yi": [0.1], "vi": [0.1], "estimate": math.inf}, "estimate is inf"),
        ({"yi": [0.1], "vi": [0.1], "level": 95}, "not 95"),
        ({"yi": [0.1], "vi": [0.1], "decimals": -1}, "decimals is -1"),
        ({"yi": [0.1], "vi": [0.1], "labels": ["a", "b"]}, "2 labels"),
    ],
)
def test_nonsense_is_refused_with_advice(given, words):
    with pytest.raises(BadInput, match=words):
        explain(**{"estimate": 0.1, **given})


def test_unknown_names_are_refused():
    for unknown in ({"measure": "XYZ"}, {"subsets": "some"}):
        with pytest.raises(UnknownName):
            explain(estimate=0.1, yi=[0.1], vi=[0.1], **unknown)


def test_studies_that_give_no_number_are_refused():
    with pytest.raises(NotEstimable, match="none of"):
        explain(estimate=1.0, yi=[800.0], vi=[1.0], measure="RR")


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1.0)), min_size=2, max_size=6),
    st.sampled_from(["DL", "CE", "REML", "PM", "HS"]),
    st.sampled_from(["z", "adhoc"]),
)
def test_a_result_is_always_explained_by_its_own_setting(pairs, method, test):
    yi, vi = zip(*pairs, strict=True)
    fit = pool(yi, vi, method=method, test=test)
    values = printed((fit.estimate, fit.ci_low, fit.ci_high), 6)
    found = explain(yi=yi, vi=vi, **values, decimals=6, subsets="none")
    assert found.reproduced
    assert found.settings[0].distance <= 0.5 + 1e-6


def test_of_equal_settings_the_one_that_adds_nothing_to_full_tables_comes_first():
    counts = {"ai": [104, 111], "n1i": [359, 410], "ci": [149, 188], "n2i": [363, 408]}
    found = explain(estimate=0.64, ci_low=0.54, ci_high=0.77, measure="RR", **counts)
    best = found.settings[0]
    assert best.reproduces
    assert (best.method, best.test, best.zero_cells) == ("DL", "z", "none")


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"estimate": None}, "there is no estimate"),
        ({"estimate": 1 + 2j}, "estimate is"),
        ({"decimals": 2.5}, "decimals is 2.5"),
        ({"prediction": 3}, "prediction_low is nan"),
        ({"i2": "high"}, "i2 is 'high'"),
    ],
)
def test_published_numbers_that_are_none_are_named(given, fault):
    with pytest.raises(BadInput, match=re.escape(fault)):
        explain(**{"estimate": 0.2, "yi": [0.1, 0.3], "vi": [0.02, 0.03], **given})


def test_a_bound_at_the_edge_of_double_precision_is_only_far_away():
    far = {"estimate": 0.2, "ci_low": -1e300, "ci_high": 0.5, "yi": [0.1, 0.3], "vi": [0.02, 0.03]}
    assert not explain(**far, decimals=2).reproduced
    used = [name for name, one in ESTIMATORS.items() if one.rarity is not None]
    tried = len(used) * len(SUMMARY_TESTS) * 3  # all studies, and each of two left out
    with pytest.raises(NotEstimable, match=f"none of {tried} settings"):
        explain(**far, decimals=12)
