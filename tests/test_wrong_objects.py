"""Every public function that takes a result, effects or a choice, given something else."""

import contextlib
import importlib
import inspect
import pkgutil
import re

import pandas as pd
import pytest

import evidence
from evidence import EvidenceError

YI = [-0.9, -1.6, -1.3, -1.4, -0.2, -0.8, -1.6, 0.1]
VI = [0.3, 0.2, 0.4, 0.02, 0.05, 0.01, 0.2, 0.1]
YEARS = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
CLUSTERS = [1, 1, 2, 2, 3, 3, 4, 5]
SIZES = [100.0, 120.0, 90.0, 400.0, 300.0, 500.0, 110.0, 200.0]
#: Words of an annotation that are not classes of this package.
FOREIGN = set(
    [
        "Any",
        "ArrayLike",
        "Callable",
        "Client",
        "Container",
        "FloatArray",
        "Generator",
        "IntArray",
        "Interactions",
        "Iterable",
        "Literal",
        "Mapping",
        "Moderators",
        "NDArray",
        "None",
        "Path",
        "PathLike",
        "Sequence",
        "Transform",
        "Weights",
    ]
)
FIT = evidence.pool(YI, VI)
REGRESSION = evidence.meta_regression(YI, VI, {"year": YEARS}, method="ML")
WRONG = {
    "None": None,
    "number": 3,
    "text": "text",
    "dictionary": {"yi": YI, "vi": VI},
    "frame": pd.DataFrame({"yi": YI, "vi": VI}),
    "effect sizes": evidence.effect_size("GEN", yi=YI, vi=VI),
    "fit": FIT,
    "regression": REGRESSION,
    "subgroups": evidence.pool_subgroups(YI, VI, groups=list("aaaabbbb")),
    "gosh": evidence.gosh(YI, VI),
    "list of fits": [FIT, FIT],
    "object": object(),
}
#: What else each function needs, by the last part of its address.
BESIDE = {
    "build_report": {"folder": "reports"},
    "choose_interval": {"plan": None, "tau2": 0.1, "wald_se": 0.2, "knapp_hartung": 1.0}
    | {"df": 4, "level": 0.95},
    "own_numbers": {"measure": "GEN", "chosen": {}},
    "pool_own": {"numbers": None, "how": None},
    "certify": {"fit": FIT},
    "compare_models": {"full": REGRESSION, "reduced": REGRESSION},
    "debray_test": {"d1i": SIZES, "d2i": SIZES},
    "deeks_test": {"n1i": SIZES, "n2i": SIZES},
    "explain_difference": {"first": FIT, "second": FIT},
    "fit_common": {"studies": None, "members": {}, "plan": None, "level": 0.95},
    "fitted_new_study_probability": {"threshold": 0.0},
    "futility_boundaries": {"beta": 0.2, "drift": 3.0},
    "half_width": {"test": "z", "level": 0.95},
    "hotelling_test": {"names": ("a",), "which": (0,)},
    "joint_robust_test": {"names": ("a",)},
    "joint_test": {"names": ("year",)},
    "multiverse": {"yi": YI, "vi": VI},
    "peters_test": {"events": SIZES, "ni": SIZES},
    "pool_bayesian": {"yi": YI, "vi": VI, "prior": evidence.half_normal(0.5)},
    "pool_multilevel": {"yi": YI, "vi": VI, "random": {"study": CLUSTERS}},
    "pool_robust": {"cluster": CLUSTERS},
    "pool_subgroups": {"groups": list("aaaabbbb")},
    "posterior_probability": {"threshold": 0.0},
    "profile_interval": {"component": "study"},
    "pustejovsky_test": {"n1i": SIZES, "n2i": SIZES},
    "query": {"sql": "select 1"},
    "robust": {"cluster": CLUSTERS},
    "run_analysis": {"name": "alemtuzumab-vs-interferon"},
    "scatter_around": {"estimate": 0.0},
    "stack_intervals": {"pooled": None, "plan": None, "level": 0.95},
    "trial_sequential": {"yi": YI, "vi": VI, "order": YEARS, "anticipated": -0.5},
    "verify_report": {"folder": "reports/alemtuzumab-vs-interferon"},
    "wald_test": {"which": (0,), "residual_df": None},
    "choose_method": {"measure": "OR", "estimable": (), "usual": "Peto"},
}


def public_functions():
    rooms = pkgutil.iter_modules(evidence.synthesis.__path__, "evidence.synthesis.")
    faces = ["evidence", "evidence.effects", *(room.name for room in rooms if room.ispkg)]
    found = {}
    for face in faces:
        module = importlib.import_module(face)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isfunction(value):
                found.setdefault(value, f"{face}.{name}")
    return {address: function for function, address in found.items()}


def arguments_of_own_kinds():
    """Address, and argument that takes an object of a class of this package."""
    for address, function in public_functions().items():
        for name, parameter in inspect.signature(function).parameters.items():
            classes = set(re.findall(r"\b[A-Z]\w+", str(parameter.annotation))) - FOREIGN
            if classes:
                yield address, name


CASES = sorted(arguments_of_own_kinds())


def beside(address, argument):
    """The other arguments of a call."""
    known = dict(BESIDE.get(address.rpartition(".")[2], {}))
    if argument == "yi":
        known.pop("vi", None)
    return {name: value for name, value in known.items() if name != argument}


@pytest.mark.parametrize(("address", "argument"), CASES, ids=[".".join(case) for case in CASES])
def test_anything_else_is_answered_or_refused_with_advice(address, argument, project, monkeypatch):
    monkeypatch.chdir(project)
    function, others = public_functions()[address], beside(address, argument)
    for wrong in WRONG.values():
        with contextlib.suppress(EvidenceError):
            function(**others, **{argument: wrong})


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (evidence.pool_many, {"output": "out.parquet"}),
        (
            evidence.absolute_effect,
            {"estimate": 0.8, "ci_low": 0.6, "ci_high": 0.9, "baseline": 0.1},
        ),
        (evidence.number_needed_to_treat, {"ci_low": -0.2, "ci_high": 0.1}),
        (evidence.convert_effect, {"source": "OR", "target": "RR", "baseline_risk": 0.1}),
    ],
)
def test_a_function_of_numbers_or_files_refuses_results(function, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = next(iter(inspect.signature(function).parameters))
    for name, wrong in WRONG.items():
        if name != "number":
            with pytest.raises(EvidenceError):
                function(**arguments, **{first: wrong})


def test_the_refusal_says_what_was_given_and_what_to_give():
    with pytest.raises(evidence.BadInput, match=r"the str 'text'\. Give the result of pool\(\)"):
        evidence.certify("text")
    with pytest.raises(evidence.BadInput, match=r"asked for Subgroups\(effects=.*Give the result"):
        evidence.predict_effects(WRONG["subgroups"])
    with pytest.raises(evidence.BadInput, match=r"asked for None\. Give two results"):
        evidence.compare_models(REGRESSION, None)
