"""A fit in place of effects: the same numbers as from its effects with its settings."""

import inspect
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

import evidence
from evidence.synthesis import publication_bias
from evidence.synthesis.multilevel import pool_robust

YI = [-0.9, -1.6, -1.3, -1.4, -0.2, -0.8, -1.6, 0.1, -0.5, -1.4]
VI = [0.3, 0.2, 0.4, 0.02, 0.05, 0.01, 0.2, 0.1, 0.06, 0.07]
YEARS = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
SIZES = [100.0, 120.0, 90.0, 400.0, 300.0, 500.0, 110.0, 200.0, 150.0, 160.0]
LABELS = list("ABCDEFGHIJ")
EFFECTS = evidence.effect_size("GEN", yi=YI, vi=VI, labels=LABELS)
#: Functions of effects, and what else they need.
FUNCTIONS = {
    evidence.baujat: {},
    evidence.cumulative: {},
    evidence.excess_significance: {},
    evidence.fail_safe_n: {},
    evidence.generalised_q: {},
    evidence.generalised_q_interval: {},
    evidence.gosh: {},
    evidence.henmi_copas: {},
    evidence.influence: {},
    evidence.leave_one_out: {},
    evidence.meta_regression: {"moderators": {"year": YEARS}},
    evidence.multiverse: {"all_from": 10},
    evidence.pet_peese: {},
    evidence.pool: {},
    evidence.pool_bayesian: {"prior": evidence.half_normal(0.5)},
    evidence.pool_multilevel: {"random": {"row": LABELS}},
    evidence.pool_subgroups: {"groups": list("aaaaabbbbb")},
    evidence.predict_studies: {},
    evidence.rank_test: {},
    evidence.regression_test: {"model": "rma"},
    evidence.selection_model: {"alternative": "less"},
    evidence.sensitivity: {},
    evidence.trial_sequential: {"order": YEARS, "anticipated": -0.5},
    evidence.trim_and_fill: {},
    pool_robust: {"cluster": list("aabbccddee")},
    publication_bias.debray_test: {"d1i": SIZES, "d2i": SIZES},
    publication_bias.deeks_test: {"n1i": SIZES, "n2i": SIZES},
    publication_bias.peters_test: {"events": SIZES, "ni": [2 * size for size in SIZES]},
    publication_bias.pustejovsky_test: {"n1i": SIZES, "n2i": SIZES[::-1]},
}
#: Settings of a fit that a function has in another meaning or does not take from it.
NOT_TAKEN = {
    evidence.excess_significance: {"test"},
    evidence.generalised_q_interval: {"level"},
    evidence.multiverse: {"level"},
    evidence.pool: {"method", "test", "policy", "level"},
    evidence.pool_bayesian: {"level"},
    evidence.pool_multilevel: {"method", "test", "level"},
    pool_robust: {"level"},
}
IDS = [function.__name__ for function in FUNCTIONS]


def plain(value):
    """A result as nested tuples of numbers and texts, without the sentences about choices."""
    if is_dataclass(value):
        names = (field.name for field in fields(value) if field.name != "decisions")
        return tuple((name, plain(getattr(value, name))) for name in names)
    if isinstance(value, np.ndarray):
        return tuple(np.ravel(value).tolist()), value.shape
    if isinstance(value, (tuple, list)):
        return tuple(map(plain, value))
    if isinstance(value, dict):
        return tuple((name, plain(part)) for name, part in value.items())
    return value if isinstance(value, (int, float, str, bool, type(None))) else type(value).__name__


def same(found, expected):
    assert repr(plain(found)) == repr(plain(expected))


def test_every_function_that_takes_effects_is_tried():
    from tests.test_wrong_objects import public_functions

    takers = {
        function
        for function in public_functions().values()
        if "StudyInput" in str(inspect.signature(function))
    }
    assert takers == set(FUNCTIONS)


@pytest.mark.parametrize(("function", "needed"), FUNCTIONS.items(), ids=IDS)
def test_a_fit_by_its_policy_gives_what_its_effects_give(function, needed):
    fit = evidence.pool(EFFECTS)
    settings = set(inspect.signature(function).parameters) - NOT_TAKEN.get(function, set())
    given = {name: getattr(fit, name) for name in ("method", "test") if name in settings}
    if "policy" in settings:
        given = {}
    same(function(fit, **needed), function(EFFECTS, **needed, **given))


@pytest.mark.parametrize(("function", "needed"), FUNCTIONS.items(), ids=IDS)
def test_settings_of_a_fit_hold_where_none_are_given(function, needed):
    fit = evidence.pool(EFFECTS, method="DL", test="z", policy="metafor", level=0.9)
    settings = set(inspect.signature(function).parameters) - NOT_TAKEN.get(function, set())
    names = {"method", "test", "policy", "level"} & settings
    given = {name: getattr(fit, name) for name in names}
    same(function(fit, **needed), function(EFFECTS, **needed, **given))


def test_what_is_given_goes_before_the_fit():
    fit = evidence.pool(EFFECTS, method="DL", test="z", level=0.9)
    same(evidence.influence(fit, method="PM"), evidence.influence(EFFECTS, method="PM", test="z"))
    same(
        evidence.leave_one_out(fit, policy="revman5"),
        evidence.leave_one_out(EFFECTS, policy="revman5", level=0.9),
    )


def test_a_model_with_moderators_keeps_them_or_is_refused():
    model = evidence.meta_regression(EFFECTS, None, {"year": YEARS}, test="knha")
    design = model.design.matrix
    found = evidence.influence(model)
    same(found, evidence.influence(EFFECTS, design=design, test="knha"))
    with pytest.raises(evidence.BadInput, match="without its moderators"):
        evidence.leave_one_out(model)


def test_a_proportion_gives_its_transformed_effects():
    summary = evidence.pool_proportions([3, 9, 12, 30], [40, 55, 60, 90])
    same(evidence.influence(summary), evidence.influence(summary.fit))
    assert evidence.leave_one_out(summary).measure == summary.transform


def test_one_study_is_refused_as_its_effect_is():
    single = evidence.pool(YI[:1], VI[:1])
    with pytest.raises(evidence.TooFewStudies):
        evidence.leave_one_out(single)
    with pytest.raises(evidence.BadInput, match="which they already hold"):
        evidence.influence(single, VI[:1])
