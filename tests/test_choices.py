"""Each choice is one table, and every function that takes one of its names knows all of them.

The functions are found from the signatures of the faces, so that neither a new entry of a table nor
a new function that takes a name can be forgotten here.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import evidence
from evidence.analysis.sections.pooled.declared import Model
from evidence.effects import ZERO_CELL_RULES
from evidence.effects.arm_estimates import TRANSFORMS
from evidence.effects.measures import CORRELATION, MEASURES, PROPORTION, RATE
from evidence.errors import UnknownName
from evidence.interfaces.choices import NamedOption
from evidence.interfaces.cli import main
from evidence.outcomes import study_table
from evidence.report.figures.kinds import FIGURES
from evidence.synthesis.inputs.study_order import TIES
from evidence.synthesis.inputs.study_sets import SUBSETS
from evidence.synthesis.multiverse.specifications import ONE_ARM, TWO_ARMS
from evidence.synthesis.multiverse.worlds import TESTS as MULTIVERSE_TESTS
from evidence.synthesis.pairwise import (
    INTERVAL_RULES,
    POLICIES,
    PREDICTION_INTERVALS,
    SUMMARY_TESTS,
)
from evidence.synthesis.pairwise.single_arm import PROPORTION_TRANSFORMS, RATE_TRANSFORMS
from evidence.synthesis.pairwise.summary_tests import summary_test_name
from evidence.synthesis.publication_bias.selection_weights import WEIGHTS
from evidence.synthesis.rare_events.choice import EventFacts
from evidence.synthesis.regression.common_subgroups import _TEST_OF_GROUPS
from evidence.synthesis.sequential.information import ADJUSTMENTS, INFORMATION
from evidence.synthesis.sequential.spending import SPENDING
from evidence.synthesis.stacks.pooled_stack import pool_stack
from tests.fuzz.answers import answer
from tests.fuzz.draws import Call, Draw
from tests.fuzz.effect_calls import EFFECT_CALLS
from tests.fuzz.fit_calls import FIT_CALLS
from tests.fuzz.series_calls import SERIES_CALLS
from tests.fuzz.synthesis_calls import SYNTHESIS_CALLS

#: The names that a parameter can take, wherever it is called so; a function may refuse some.
TABLES: dict[str, tuple[str, ...]] = {
    "policy": tuple(POLICIES),
    "test": tuple(SUMMARY_TESTS),
    "prediction": (*PREDICTION_INTERVALS, "none"),
    "definition": tuple(PREDICTION_INTERVALS),
    "measure": tuple(MEASURES),
    "transform": (*PROPORTION_TRANSFORMS, *RATE_TRANSFORMS),
    "to": tuple(ZERO_CELL_RULES),
    "spending": tuple(SPENDING),
    "futility": tuple(SPENDING),
    "information": tuple(INFORMATION),
    "heterogeneity": tuple(ADJUSTMENTS),
    "weights": tuple(WEIGHTS),
    "ties": tuple(TIES),
    "subsets": tuple(SUBSETS),
}
#: Parameters of functions that take a file or a result of their own, whose tests stand elsewhere.
ELSEWHERE = {"evidence.interfaces", "evidence.report", "evidence.analysis", "evidence.trials"}
#: A test of excess significance is no test of a summary.
OTHER_TABLES = {("excess_significance", "test")}
DRAWS = 60
CALLS = {**EFFECT_CALLS, **SYNTHESIS_CALLS, **FIT_CALLS, **SERIES_CALLS}


def _effects() -> dict[str, Any]:
    return {"yi": np.array([0.1, 0.5, 0.4, 0.2]), "vi": np.array([0.02, 0.03, 0.02, 0.05])}


def _half_width() -> Call:
    pooled = pool_stack(*(column[:, None] for column in _effects().values()), workers=1)
    function = evidence.synthesis.multiverse.half_width
    return Call(function, {"found": pooled, "test": "z", "level": 0.95})


def _sequential() -> dict[str, Call]:
    room = evidence.synthesis.sequential
    looks = {**_effects(), "order": [1, 2, 3, 4], "anticipated": 0.3}
    efficacy = room.efficacy_boundaries([0.4, 0.8, 1.0], alpha=0.025, sides=1)
    planned = {"anticipated": evidence.anticipated_risk_reduction(0.2, 0.1)}
    return {
        "trial_sequential": Call(evidence.trial_sequential, looks),
        "required_information": Call(room.required_information, planned),
        "error_spent": Call(room.error_spent, {"times": [0.4, 0.8, 1.0], "error": 0.05}),
        "efficacy_boundaries": Call(room.efficacy_boundaries, {"times": [0.4, 0.8, 1.0]}),
        "futility_boundaries": Call(
            room.futility_boundaries, {"efficacy": efficacy, "beta": 0.2, "drift": 3.0}
        ),
    }


def _multilevel() -> Call:
    cluster = {"study": ["a", "a", "b", "c"]}
    return Call(evidence.pool_multilevel, {**_effects(), "random": cluster})


def _predicted() -> Call:
    model = evidence.meta_regression(**_effects(), moderators={"x": [1.0, 2.0, 5.0, 3.0]})
    return Call(evidence.predict_effects, {"model": model, "moderators": {"x": [2.0]}})


def _chosen() -> Call:
    room = evidence.synthesis.rare_events
    facts = {
        **{"k": 3, "with_empty_cell": 1, "without_contrast": 0, "events1": 2.0, "events2": 5.0},
        **{"risk1": 0.01, "risk2": 0.02, "imbalance": 1.1, "ratio": 0.4, "person_time": False},
    }
    given = {"measure": "OR", "facts": EventFacts(**facts), "estimable": ("Peto",), "usual": "IV"}
    return Call(room.choose_method, given)


def _from_a_file() -> Call:
    table = study_table("own.csv", b"study,yi,vi\nA,0.1,0.02\nB,0.5,0.03\n")
    return Call(evidence.effects.own_numbers, {"table": table, "measure": "GEN", "chosen": {}})


def _counts() -> Call:
    given = {"ai": [3, 4], "n1i": [30, 40], "ci": [5, 2], "n2i": [30, 40]}
    asked = {"asked": "Counts", "measure": "OR", "labels": None, "measures": ("OR", "RR", "RD")}
    return Call(evidence.synthesis.inputs.read_counts, {**asked, "given": given})


#: Functions that the fuzzed calls do not hold by themselves.
MORE: dict[str, Callable[[], Call]] = {
    "certify_effects": lambda: Call(
        evidence.synthesis.certificates.certify_effects, {**_effects(), "policy": "metafor"}
    ),
    "describe_prediction": lambda: Call(
        evidence.synthesis.pairwise.describe_prediction, {"definition": "normal"}
    ),
    "half_width": _half_width,
    "make_plan": lambda: Call(
        evidence.synthesis.pairwise.make_plan,
        {"policy": "metafor", "method": None, "test": None, "prediction": None},
    ),
    "own_numbers": _from_a_file,
    "read_counts": _counts,
    "pool_multilevel": _multilevel,
    "predict_effects": _predicted,
    "choose_method": _chosen,
    **{
        name: lambda name=name: _sequential()[name]
        for name in (
            "trial_sequential",
            "required_information",
            "error_spent",
            "efficacy_boundaries",
            "futility_boundaries",
        )
    },
    "mean_interval": lambda: Call(
        evidence.synthesis.pairwise.mean_interval,
        {"test": "z", "wald_se": 0.2, "knapp_hartung": 1.3, "df": 4, "level": 0.95},
    ),
    "predict_interval": lambda: Call(
        evidence.synthesis.pairwise.predict_interval,
        {
            **{"estimate": 0.3, "se": 0.1, "tau2": 0.04, "definition": "normal"},
            **{"residual_df": 4, "test_df": None, "level": 0.95},
        },
    ),
}


def _functions() -> dict[str, Callable[..., Any]]:
    """Every function of the faces of effects and synthesis, by name."""
    rooms = pkgutil.iter_modules(evidence.synthesis.__path__)
    faces = ["evidence", "evidence.effects", "evidence.synthesis"]
    faces += [f"evidence.synthesis.{room.name}" for room in rooms if room.ispkg]
    found = {}
    for face in map(importlib.import_module, faces):
        for name in face.__all__:
            function = getattr(face, name)
            outside = tuple(f"{room}." for room in ELSEWHERE)
            if inspect.isfunction(function) and not function.__module__.startswith(outside):
                found[name] = function
    return found


def _cases() -> Iterator[tuple[str, str]]:
    for name, function in _functions().items():
        for parameter in inspect.signature(function).parameters.values():
            texts = str(parameter.annotation).split(" | ")
            named = "str" in texts and parameter.name in TABLES
            if named and (name, parameter.name) not in OTHER_TABLES:
                yield name, parameter.name


CASES = sorted(_cases())


@pytest.fixture(scope="module")
def drawn() -> dict[str, Call]:
    """A call that gives a result, for each function."""
    return {}


def _call(name: str, drawn: dict[str, Call]) -> Call:
    if name not in drawn:
        drawn[name] = MORE[name]() if name in MORE else _first_result(_functions()[name])
    return drawn[name]


def _first_result(function: Callable[..., Any]) -> Call:
    """The first drawn call of a function that gives a result."""
    makers = [maker for name, (maker, _) in CALLS.items() if function.__name__ in name]
    for number in range(DRAWS):
        for maker in makers:
            call = maker(Draw(np.random.default_rng([20261130, number])))
            if call.function is function and answer(call).kind == "result":
                return call
    raise AssertionError(f"no call of {function.__name__} gives a result; add one to MORE")


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_every_name_of_a_table_gives_a_number_or_one_of_our_refusals(name, parameter, drawn):
    call = _call(name, drawn)
    for choice in TABLES[parameter]:
        found = answer(Call(call.function, {**call.kwargs, parameter: choice}))
        assert found.kind != "defect", (choice, found.text)


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_a_name_of_no_table_is_refused_with_those_that_could_be_meant(name, parameter, drawn):
    call = _call(name, drawn)
    with pytest.raises(UnknownName, match=r"Did you mean|Known:"):
        call.function(**{**call.kwargs, parameter: "no-such-name"})


def test_the_signatures_are_searched():
    functions = {parameter: set() for parameter in TABLES}
    for name, parameter in CASES:
        functions[parameter].add(name)
    assert all(functions.values())
    assert {"pool", "meta_regression", "influence", "mean_interval"} <= functions["test"]


# what one table says of another


def test_a_policy_names_a_test_or_a_rule_and_a_prediction_interval_that_exist():
    for policy in POLICIES.values():
        assert policy.test in {*SUMMARY_TESTS, *INTERVAL_RULES}
        assert policy.prediction in {*PREDICTION_INTERVALS, "none"}
    assert not set(SUMMARY_TESTS) & set(INTERVAL_RULES)


def test_groups_that_share_tau2_have_every_rule():
    assert set(_TEST_OF_GROUPS) == set(INTERVAL_RULES)


def test_no_alias_hides_a_name():
    for table in (SUMMARY_TESTS, PREDICTION_INTERVALS):
        aliases = [alias for record in table.values() for alias in record.aliases]
        assert not set(aliases) & set(table)
        assert len(aliases) == len(set(aliases))
        assert all(alias == alias.lower() for alias in (*aliases, *table))
    assert [summary_test_name(name.upper()) for name in SUMMARY_TESTS] == list(SUMMARY_TESTS)


@pytest.mark.parametrize(
    "table", [SUMMARY_TESTS, INTERVAL_RULES, POLICIES, PREDICTION_INTERVALS, MEASURES, FIGURES]
)
def test_a_record_has_the_name_under_which_it_is_found(table):
    assert {name: record.name for name, record in table.items()} == {name: name for name in table}


def test_every_transformation_of_a_single_arm_is_offered():
    of_data = {
        needs: {name for name, measure in MEASURES.items() if measure.needs is needs}
        for needs in (PROPORTION, RATE)
    }
    assert set(PROPORTION_TRANSFORMS) == set(ONE_ARM) == of_data[PROPORTION]
    assert set(RATE_TRANSFORMS) == of_data[RATE]
    assert set(TRANSFORMS) == {m for m in of_data[PROPORTION] if not MEASURES[m].inverted_at}
    assert set(TWO_ARMS) <= set(MEASURES)
    assert set(MULTIVERSE_TESTS) <= set(SUMMARY_TESTS)


def test_no_effect_is_a_value_of_comparisons_and_correlations_alone():
    with_null = {name for name, measure in MEASURES.items() if measure.null is not None}
    comparing = {
        name
        for name, measure in MEASURES.items()
        if measure.contrast or measure.needs is CORRELATION
    }
    assert with_null == comparing
    assert {MEASURES[name].null for name in with_null} == {0.0}


# where names stand for people to read


def test_the_default_policy_is_the_same_everywhere():
    defaults = {
        inspect.signature(function).parameters["policy"].default
        for function in _functions().values()
        if "policy" in inspect.signature(function).parameters
    } - {inspect.Parameter.empty}
    options = {option.default for _, option in _options("policy")}
    assert defaults == options == {Model().policy}


def _options(name: str) -> Iterator[tuple[str, Any]]:
    for command in main.commands.values():
        for option in command.params:
            if option.name == name:
                yield command.name, option


@pytest.mark.parametrize("name", ["policy", "test", "prediction", "measure"])
def test_help_lists_the_names_of_the_table(name):
    listed = [option for _, option in _options(name) if isinstance(option, NamedOption)]
    assert listed
    for option in listed:
        assert tuple(option.names()) == TABLES[name]


def test_an_option_draws_each_kind_of_figure():
    pool = main.commands["pool"]
    assert set(FIGURES) <= {option.name for option in pool.params}
    assert all(callable(getattr(evidence, kind.function)) for kind in FIGURES.values())
