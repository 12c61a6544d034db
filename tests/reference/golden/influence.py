"""Influence of single studies: the expected quantities tell which analysis a case is."""

import re
from collections.abc import Sequence

import numpy as np

from evidence import baujat, cumulative, gosh, influence, leave_one_out, predict_studies
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.sensitivity import Gosh
from tests.reference.golden._search import SEARCHED, WITHOUT_SEARCH, cause, excused
from tests.reference.golden.compare import (
    CLOSED_FORM,
    EXACT,
    ITERATIVE,
    P_VALUE,
    TAU2,
    Check,
    NotSupported,
    Tolerance,
    check,
    complete,
    require_offered,
)

INPUTS = ("yi", "vi", "measure", "method", "test", "order", "formula", "mods", "X")
SERIES = {
    "permutation": "position",
    "estimate": "estimate",
    "se": "se",
    "stat": "statistic",
    "pval": "p_value",
    "ci_lb": "ci_low",
    "ci_ub": "ci_high",
    "Q": "q",
    "Qp": "q_p",
    "tau2": "tau2",
    "I2": "i2",
    "H2": "h2",
}
DIAGNOSTICS = {
    "rstudent": "rstudent",
    "rstudent_resid": "rstudent_residual",
    "rstudent_se": "rstudent_se",
    "rstandard": "rstandard",
    "rstandard_se": "rstandard_se",
    "dffits": "dffits",
    "cook_d": "cook_distance",
    "cov_r": "cov_ratio",
    "tau2_del": "tau2_deleted",
    "QE_del": "q_deleted",
    "hat": "hat",
    "dfbetas": "dfbetas",
    "is_influential": "is_influential",
    "weight_percent": "weight",
}
BAUJAT = {"x": "heterogeneity", "y": "influence"}
BLUP = {"pred": "prediction", "se": "se", "pi_lb": "low", "pi_ub": "high"}
BESIDES = {
    **{f"baujat_{name}": ("baujat", part) for name, part in BAUJAT.items()},
    **{f"blup_{name}": ("blup", part) for name, part in BLUP.items()},
}
GOSH = (
    *("n_subsets", "min_k", "quantile_probs", "quantiles_type7", "means"),
    *("mean_estimate_by_k", "subsets_1based"),
)
GOSH_NAMES = {"QE": "q", "I2": "i2", "H2": "h2", "tau2": "tau2", "estimate": "estimate"}


def checks(case: dict) -> list[Check]:
    """Compare the analysis that the case expects."""
    inputs, expected = complete(case["inputs"]), case["expected"]
    require_offered(inputs, INPUTS)
    if inputs["method"] not in (*ESTIMATORS, "FE", "EE"):
        raise NotSupported(f"estimator {inputs['method']}")
    direct = inputs["method"] in WITHOUT_SEARCH and "X" not in inputs
    tolerance = CLOSED_FORM if direct else ITERATIVE
    if "n_subsets" in expected:
        return _gosh(inputs, expected, tolerance)
    if "rstudent" in expected:
        return _influence(inputs, expected, tolerance)
    if "pred" in expected:
        require_offered(expected, BLUP)
        return _compare(predict_studies(**_model(inputs)), expected, BLUP, tolerance)
    if "x" in expected:
        require_offered(expected, BAUJAT)
        return _compare(baujat(**_model(inputs)), expected, BAUJAT, tolerance)
    return _series(inputs, expected, tolerance)


def _model(inputs: dict) -> dict:
    names = ("yi", "vi", "method", "test")
    return {**{name: inputs[name] for name in names}, "design": inputs.get("X")}


def _compare(
    found: object, expected: dict, names: dict[str, str], tolerance: Tolerance
) -> list[Check]:
    """Every expected array against the attribute of that meaning."""
    result = []
    for name, reference in expected.items():
        got = np.array(getattr(found, names[name]))
        result += check(name, _scaled(name, got), reference, _tolerance(name, tolerance))
    return result


def _scaled(name: str, got: np.ndarray) -> np.ndarray:
    """Units of the files: percentages, indices from 1, one column of dfbetas as a list."""
    if name in ("I2", "weight_percent"):
        return 100 * got
    if name == "permutation":
        return got + 1
    return got[:, 0] if name == "dfbetas" and got.shape[1] == 1 else got


def _tolerance(name: str, tolerance: Tolerance) -> Tolerance:
    if name in ("pval", "Qp"):
        return P_VALUE
    if name in ("is_influential", "permutation", "coefnames"):
        return EXACT
    if name in ("tau2", "tau2_del") and tolerance is ITERATIVE:
        return TAU2
    return tolerance


def _series(inputs: dict, expected: dict, tolerance: Tolerance) -> list[Check]:
    require_offered(expected, SERIES)
    options = {name: inputs[name] for name in ("yi", "vi", "method", "test")}
    if "permutation" in expected:
        found = cumulative(**options, order=inputs.get("order"), policy="metafor")
    else:
        found = leave_one_out(**options, policy="metafor")
    # R has no tau2 for a common effect, where ours is 0 by assumption, and names the statistic
    # otherwise when it is t, which leaves the list of the file empty.
    reference = {name: value for name, value in expected.items() if value}
    studies = np.arange(len(inputs["yi"]))
    subsets = (
        [np.array(found.position[: i + 1], dtype=int) for i in studies]
        if "permutation" in expected
        else [np.delete(studies, i) for i in studies]
    )
    result = _compare(found, reference, SERIES, tolerance)
    result = _searched(result, inputs, subsets, found.tau2, expected.get("tau2"))
    if expected.get("tau2", []) is None:
        result += check("tau2", float(np.max(found.tau2)), 0.0, EXACT)
    return result


def _influence(inputs: dict, expected: dict, tolerance: Tolerance) -> list[Check]:
    require_offered(expected, (*DIAGNOSTICS, *BESIDES, "coefnames"))
    model = _model(inputs)
    main = {name: value for name, value in expected.items() if name in DIAGNOSTICS}
    found = influence(**model)
    result = _compare(found, main, DIAGNOSTICS, tolerance)
    studies = np.arange(len(inputs["yi"]))
    without = [np.delete(studies, i) for i in studies]
    others = {"baujat": baujat(**model), "blup": predict_studies(**model)}
    for name, (kind, part) in BESIDES.items():
        if name in expected:
            result += check(name, getattr(others[kind], part), expected[name], tolerance)
    return _searched(result, inputs, without, found.tau2_deleted, expected.get("tau2_del"))


def _searched(
    found: list[Check],
    inputs: dict,
    subsets: Sequence[np.ndarray],
    got: np.ndarray,
    expected: Sequence[float | None] | None,
) -> list[Check]:
    """Checks, those that fail with the cause if R's search for tau2 of their subset is to blame."""
    if inputs["method"] not in SEARCHED or not expected or len(expected) != len(subsets):
        return found
    yi, vi = np.array(inputs["yi"], dtype=float), np.array(inputs["vi"], dtype=float)
    design = np.array(inputs["X"], dtype=float) if "X" in inputs else np.ones((yi.size, 1))
    by_place: dict[int, list[Check]] = {}
    for one in found:
        place = re.search(r"\[(\d+)\]", one.quantity)
        by_place.setdefault(int(place.group(1)) - 1 if place else -1, []).append(one)
    result = by_place.pop(-1, [])
    for place, checks_of_it in by_place.items():
        subset, tau2 = subsets[place], (float(got[place]), expected[place])
        why = cause(yi[subset], vi[subset], design[subset], inputs["method"], tau2)
        result += excused(checks_of_it, why, vi[subset], tau2)
    return result


def _gosh(inputs: dict, expected: dict, tolerance: Tolerance) -> list[Check]:
    require_offered(expected, GOSH)
    found = gosh(inputs["yi"], inputs["vi"], method=inputs["method"], min_k=expected["min_k"])
    result = check("n_subsets", found.k.size, expected["n_subsets"], EXACT)
    probabilities, means = found.quantiles(expected["quantile_probs"]), found.means()
    for name, reference in expected["quantiles_type7"].items():
        result += _gosh_check(
            "quantile", name, probabilities[GOSH_NAMES[name]], reference, tolerance
        )
    for name, reference in expected["means"].items():
        result += _gosh_check("mean", name, np.array(means[GOSH_NAMES[name]]), reference, tolerance)
    by_k, reference = found.mean_estimate_by_k(), expected["mean_estimate_by_k"]
    result += check("k", list(by_k), reference["k"], EXACT)
    result += check("mean by k", list(by_k.values()), reference["estimate"], tolerance)
    for subset in expected["subsets_1based"]:
        result += _subset(found, subset, tolerance)
    return result


def _subset(found: Gosh, expected: dict, tolerance: Tolerance) -> list[Check]:
    require_offered(expected, ("studies", "k", *GOSH_NAMES))
    code = sum(1 << (study - 1) for study in expected["studies"])
    (place,) = np.flatnonzero(found.subset == code)
    result = check("k of a subset", found.k[place], expected["k"], EXACT)
    for name, part in GOSH_NAMES.items():
        if name in expected:
            got = np.array(getattr(found, part)[place])
            result += _gosh_check("subset", name, got, expected[name], tolerance)
    return result


def _gosh_check(
    kind: str, name: str, got: np.ndarray, expected: object, tolerance: Tolerance
) -> list[Check]:
    scaled = _scaled(name, got)
    return check(f"{kind} {name}", scaled, expected, _tolerance(name, tolerance))
