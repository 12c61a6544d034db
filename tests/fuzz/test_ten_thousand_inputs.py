"""Ten thousand random inputs: each gives a finite result or one of the package's errors.

A longer run, or one with other chance: ``FUZZ_INPUTS=200000 FUZZ_SEED=7 pytest tests/fuzz``. An
input that fails is named by its seed and number, from which ``drawn_call`` makes it again.
"""

from __future__ import annotations

import ast
import inspect
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import evidence
from evidence import number_needed_to_treat, pool
from evidence.errors import EmptySelection
from tests.fuzz.answers import Answer, answer, impossible, undocumented
from tests.fuzz.draws import Call, Draw
from tests.fuzz.effect_calls import EFFECT_CALLS
from tests.fuzz.fit_calls import FIT_CALLS
from tests.fuzz.series_calls import SERIES_CALLS
from tests.fuzz.synthesis_calls import SYNTHESIS_CALLS

CALLS = {**EFFECT_CALLS, **SYNTHESIS_CALLS, **FIT_CALLS, **SERIES_CALLS}
SEED = int(os.environ.get("FUZZ_SEED", "20260401"))
INPUTS = int(os.environ.get("FUZZ_INPUTS", "10000"))
#: Parts of the inputs; each is a test of its own, and the first few are enough for a quick run.
PARTS = 10
QUICK = 3
NAMES = list(CALLS)
WEIGHTS = np.array([weight for _, weight in CALLS.values()])


def drawn_call(seed: int, number: int) -> tuple[str, Call]:
    """The call of a seed and a number, the same on every machine."""
    draw = Draw(np.random.default_rng([seed, number]))
    name = NAMES[int(draw.rng.choice(len(NAMES), p=WEIGHTS / WEIGHTS.sum()))]
    return name, CALLS[name][0](draw).disturbed(draw)


@pytest.fixture(scope="module")
def outcomes() -> Counter[str]:
    return Counter()


@pytest.mark.parametrize(
    "part",
    [pytest.param(part, marks=[] if part < QUICK else [pytest.mark.slow]) for part in range(PARTS)],
)
def test_every_input_gives_a_finite_result_or_one_of_our_errors(part, outcomes):
    size = INPUTS // PARTS
    defects = []
    for number in range(part * size, (part + 1) * size):
        name, call = drawn_call(SEED, number)
        found = answer(call)
        outcomes[found.kind] += 1
        if found.kind == "defect":
            defects.append(f"{name}, drawn_call({SEED}, {number}): {found.text:.300}")
    assert not defects, "\n".join(defects)


def test_about_half_of_the_inputs_are_valid(outcomes):
    total = sum(outcomes.values())
    if total < QUICK * (INPUTS // PARTS):
        pytest.skip("too few inputs were drawn in this run")
    assert 0.4 < outcomes["result"] / total < 0.7


def test_every_function_that_takes_studies_is_among_them():
    called = {part for name in CALLS for part in name.split(", ")}
    package = Path(evidence.__file__).parent
    missing = []
    for layer in ("effects", "synthesis"):
        for path in sorted((package / layer).rglob("*.py")):
            missing += [
                f"{path.stem}.{name}" for name in _taking_arrays(path) if name not in called
            ]
    assert not missing


def test_every_public_function_of_both_layers_is_among_them():
    called = {part for name in CALLS for part in name.split(", ")}
    public = [
        name
        for name in evidence.__all__
        if inspect.isfunction(value := getattr(evidence, name))
        and value.__module__.startswith(("evidence.effects.", "evidence.synthesis."))
    ]
    assert len(public) > 50
    assert not set(public) - called


#: Modules and functions that take arrays and are called by other functions of the package only.
ELSEWHERE = {
    "effects.arguments": "parts of effect_size",
    "synthesis.inputs.design_columns": "parts of meta_regression",
    "synthesis.inputs.design_matrix": "parts of meta_regression",
    "synthesis.regression.deletions": "parts of influence",
    "synthesis.inputs.event_counts": "parts of the methods for counts",
    "synthesis.reproduction.search": "parts of explain",
    "synthesis.inputs.correlated_studies": "parts of pool_multilevel",
    "synthesis.inputs.grouping": "parts of pool_multilevel",
    "synthesis.inputs.studies": "parts of pool",
    "synthesis.publication_bias.regression_tests.sizes": "a part of its tests",
    "synthesis.inputs.sampling_covariances.outcome_correlation": "within sampling_covariance",
    "synthesis.inputs.sampling_covariances.time_correlation": "within sampling_covariance",
    "synthesis.multilevel.cluster_robust.cluster_codes": "a part of robust",
    "synthesis.multiverse.inputs": "parts of multiverse",
}


def _taking_arrays(path: Path) -> list[str]:
    """Public functions of a module that take what may be turned into arrays."""
    module = ".".join(path.relative_to(Path(evidence.__file__).parent).with_suffix("").parts)
    if module in ELSEWHERE:
        return []
    functions = [
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    return [
        node.name
        for node in functions
        if f"{module}.{node.name}" not in ELSEWHERE
        and any(
            "ArrayLike" in ast.unparse(argument.annotation)
            for argument in (*node.args.args, *node.args.kwonlyargs)
            if argument.annotation is not None
        )
    ]


def test_a_seed_and_a_number_make_the_same_call_again():
    first, second = drawn_call(1, 5), drawn_call(1, 5)
    assert first[0] == second[0]
    assert repr(first[1].kwargs) == repr(second[1].kwargs)


# --- the judge itself: what it must not let pass ------------------------------------------------


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda: float("nan"), "defect"),
        (lambda: np.array([1.0, np.inf]), "defect"),
        (lambda: np.array([1.0, 2.0]), "result"),
        (lambda: np.log(np.array([0.0])), "defect"),
        (lambda: [][0], "defect"),
        (lambda: int("one"), "defect"),
        (lambda: pool([], []), "refusal"),
        (lambda: pool([0.1, 0.2], [0.1, 0.1]), "result"),
    ],
)
def test_a_silent_nan_a_warning_and_a_library_error_are_defects(function, kind):
    assert answer(Call(function, {})).kind == kind


def test_a_refusal_without_advice_is_a_defect():
    def refuse() -> None:
        raise EmptySelection("none")

    assert answer(Call(refuse, {})) == Answer("defect", "none")


def test_infinity_passes_only_where_the_record_documents_it():
    found = number_needed_to_treat(0.0, -0.1, 0.1)
    assert found.nnt == float("inf")
    assert not list(undocumented(found, ""))


def test_numbers_that_contradict_each_other_are_found():
    fit = pool([0.1, 0.5, 0.9], [0.1, 0.1, 0.1])
    assert not list(impossible(fit))
    object.__setattr__(fit, "p_value", 1.5)
    object.__setattr__(fit, "ci_low", 2.0)
    assert len(list(impossible(fit))) == 3
