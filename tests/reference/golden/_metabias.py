"""Tests of the funnel as R's package meta makes them (``metabias``), called by ``small_study``."""

import math

import numpy as np

from evidence import effect_size, rank_test, regression_test
from evidence.synthesis.heterogeneity import estimate_tau2
from evidence.synthesis.publication_bias import (
    deeks_test,
    harbord_test,
    peters_test,
    pustejovsky_test,
    schwarzer_test,
)
from tests.reference.golden.compare import (
    CLOSED_FORM,
    EXACT,
    ITERATIVE,
    P_VALUE,
    Check,
    NotSupported,
    Tolerance,
    check,
    require_offered,
)

#: Fewest studies that a line needs; the files test whatever there is.
FEWEST = 3
#: metafor's default: the search for tau2 stops when it moves by less than this.
DEFAULT_THRESHOLD = 1e-5
INPUTS = (*("ai", "n1i", "ci", "n2i", "m1i", "sd1i", "m2i", "sd2i", "measure", "method_bias"),)
#: How meta makes the effects of studies with means.
OPTIONS = {"SMD": {"vtype": "UB"}, "MD": {}, "ROM": {"correct": False}}


def metabias(inputs: dict, expected: dict) -> list[Check]:
    test = METABIAS.get(inputs["method_bias"])
    if test is None:
        raise NotSupported(f"metabias method {inputs['method_bias']}")
    require_offered(inputs, INPUTS)
    require_offered(expected, ("stat", "df", "pval", "estimate", "intercept"))
    yi, vi, kept = _effects_of_meta(inputs)
    return test({name: _kept(value, kept) for name, value in inputs.items()}, yi, vi, expected)


def _kept(value: object, kept: np.ndarray) -> object:
    return np.array(value, dtype=float)[kept] if isinstance(value, list) else value


def _effects_of_meta(inputs: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Effects as R's meta makes them, and which studies have one.

    Its risk ratios add 1/2 to the arm sizes of tables with an empty cell, where others add 1; the
    variance of its standardised mean differences is the unbiased one.
    """
    measure = inputs["measure"]
    if "m1i" in inputs:
        if measure not in OPTIONS:
            raise NotSupported(f"metabias of {measure}")
        columns = {name: inputs[name] for name in ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")}
        effects = effect_size(measure, **columns, **OPTIONS[measure])
        return effects.yi, effects.vi, np.ones(effects.yi.size, dtype=bool)
    if measure not in ("OR", "RR"):
        raise NotSupported(f"metabias of {measure}")
    a, n1, c, n2 = (np.array(inputs[name], dtype=float) for name in ("ai", "n1i", "ci", "n2i"))
    kept = (a + c > 0) & (a + c < n1 + n2)
    a, n1, c, n2 = a[kept], n1[kept], c[kept], n2[kept]
    empty = (a == 0) | (c == 0) | (a == n1) | (c == n2)
    half, size = 0.5 * empty, (0.5 if measure == "RR" else 1.0) * empty
    effects = effect_size(
        measure, ai=a + half, n1i=n1 + size, ci=c + half, n2i=n2 + size, add=0, to="none"
    )
    return effects.yi, effects.vi, kept


def _line(found: object, expected: dict, tolerance: Tolerance = CLOSED_FORM) -> list[Check]:
    require_offered(expected["estimate"], ("bias", "se.bias"))
    return [
        *check("stat", found.statistic, expected["stat"], tolerance),
        *check("df", found.df, expected["df"], EXACT),
        *check("pval", found.p_value, expected["pval"], P_VALUE),
        *check("bias", found.slope, expected["estimate"]["bias"], tolerance),
        *check("se.bias", found.slope_se, expected["estimate"]["se.bias"], tolerance),
        *check("intercept", found.intercept, expected["intercept"], tolerance),
    ]


def _ranks(found: object, expected: dict) -> list[Check]:
    require_offered(expected["estimate"], ("ks", "se.ks"))
    return [
        *check("stat", found.statistic, expected["stat"], CLOSED_FORM),
        *check("df", None, expected["df"], EXACT),
        *check("pval", found.p_value, expected["pval"], P_VALUE),
        *check("ks", found.score, expected["estimate"]["ks"], CLOSED_FORM),
        *check("se.ks", found.score_se, expected["estimate"]["se.ks"], CLOSED_FORM),
        *check("intercept", None, expected["intercept"], EXACT),
    ]


def _egger(inputs: dict, yi: np.ndarray, vi: np.ndarray, expected: dict) -> list[Check]:
    return _line(regression_test(yi, vi, min_studies=FEWEST), expected)


def _macaskill(inputs: dict, yi: np.ndarray, vi: np.ndarray, expected: dict) -> list[Check]:
    ni = inputs["n1i"] + inputs["n2i"]
    return _line(regression_test(yi, vi, predictor="ni", ni=ni, min_studies=FEWEST), expected)


def _thompson(inputs: dict, yi: np.ndarray, vi: np.ndarray, expected: dict) -> list[Check]:
    """Meta stops the search for tau2 early; with that tau2 all else agrees, and ours is near."""
    own = regression_test(yi, vi, model="rma", test="t", min_studies=FEWEST)
    stopped = _stopped_search(yi, vi)
    found = regression_test(yi, vi, model="rma", test="t", tau2=stopped, min_studies=FEWEST)
    near = check("tau2", own.tau2, stopped, Tolerance(10 * DEFAULT_THRESHOLD, 0.0))
    return [*_line(found, expected, ITERATIVE), *near]


def _stopped_search(yi: np.ndarray, vi: np.ndarray) -> float:
    """Residual tau2 by Fisher scoring of the restricted likelihood with metafor's defaults."""
    design = np.column_stack([np.ones_like(yi), np.sqrt(vi)])
    tau2, change = estimate_tau2(yi, vi, "HE", design=design).tau2, math.inf
    while change > DEFAULT_THRESHOLD:
        weights = np.diag(1.0 / (vi + tau2))
        inner = np.linalg.solve(design.T @ weights @ design, design.T @ weights)
        p = weights - weights @ design @ inner
        step = (yi @ p @ p @ yi - np.trace(p)) / np.trace(p @ p)
        while tau2 + step < 0.0:
            step /= 2.0
        tau2, change = tau2 + step, abs(step)
    return float(tau2)


def _harbord(inputs: dict, yi: np.ndarray, vi: np.ndarray, expected: dict) -> list[Check]:
    found = harbord_test(
        *(inputs[name] for name in ("ai", "n1i", "ci", "n2i")),
        measure=inputs["measure"] if inputs["measure"] == "RR" else "OR",
        equal_arms=True,
        min_studies=FEWEST,
    )
    return _line(found, expected)


def _peters(inputs: dict, yi: np.ndarray, vi: np.ndarray, expected: dict) -> list[Check]:
    events, ni = inputs["ai"] + inputs["ci"], inputs["n1i"] + inputs["n2i"]
    return _line(peters_test(yi, events=events, ni=ni, min_studies=FEWEST), expected)


def _deeks(inputs: dict, yi: np.ndarray, vi: np.ndarray, expected: dict) -> list[Check]:
    arms = {name: inputs[name] for name in ("n1i", "n2i")}
    return _line(deeks_test(yi, **arms, min_studies=FEWEST), expected)


def _pustejovsky(inputs: dict, yi: np.ndarray, vi: np.ndarray, expected: dict) -> list[Check]:
    arms = {name: inputs[name] for name in ("n1i", "n2i")}
    return _line(pustejovsky_test(yi, vi, **arms, min_studies=FEWEST), expected)


def _begg(inputs: dict, yi: np.ndarray, vi: np.ndarray, expected: dict) -> list[Check]:
    return _ranks(rank_test(yi, vi, exact=False, min_studies=FEWEST), expected)


def _schwarzer(inputs: dict, yi: np.ndarray, vi: np.ndarray, expected: dict) -> list[Check]:
    counts = (inputs[name] for name in ("ai", "n1i", "ci", "n2i"))
    return _ranks(schwarzer_test(*counts, exact=False, min_studies=FEWEST), expected)


METABIAS = {
    "Egger": _egger,
    "Thompson": _thompson,
    "Macaskill": _macaskill,
    "Harbord": _harbord,
    "Peters": _peters,
    "Deeks": _deeks,
    "Pustejovsky": _pustejovsky,
    "Begg": _begg,
    "Schwarzer": _schwarzer,
}
