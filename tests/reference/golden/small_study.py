"""Small-study effects: inputs and expected quantities tell which test a case is."""

import math
from collections.abc import Callable

import numpy as np

from evidence.effects.effect_sizes import effect_size
from evidence.synthesis.estimators import ESTIMATORS, estimate_tau2
from evidence.synthesis.excess_significance import excess_significance
from evidence.synthesis.fail_safe_n import fail_safe_n
from evidence.synthesis.henmi_copas import henmi_copas
from evidence.synthesis.selection_models import selection_model
from evidence.synthesis.small_study_counts import (
    deeks_test,
    harbord_test,
    peters_test,
    schwarzer_test,
)
from evidence.synthesis.small_study_effects import pustejovsky_test, rank_test, regression_test
from evidence.synthesis.trim_and_fill import trim_and_fill
from tests.reference.golden.compare import (
    CLOSED_FORM,
    EXACT,
    ITERATIVE,
    LOG_LIKELIHOOD,
    P_VALUE,
    TAU2,
    Check,
    NotSupported,
    Tolerance,
    check,
    require_offered,
)

#: Estimators that need no search, and metafor's other names for the common effect.
WITHOUT_SEARCH = ("FE", "EE", "CE", "DL", "HE", "HS", "SJ")
#: Maximum of a likelihood in several parameters, polished by whoever made the files.
SELECTION = Tolerance(1e-7, 1e-5)
#: What R's optimiser printed before it was polished, and for the flat likelihood of the beta model.
OPTIMISER, OPTIMISER_BETA = Tolerance(1e-6, 1e-4), Tolerance(1e-4, 1e-2)
#: R's quadrature of the Henmi-Copas integral.
R_QUADRATURE = Tolerance(0.0, 1e-6)
#: metafor's default: the search for tau2 stops when it moves by less than this.
DEFAULT_THRESHOLD = 1e-5
#: metafor averages the power over this many standard deviations of the true effects.
METAFOR_REACH = 5.0
PREDICTORS = ("sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv")
FEWEST = 3

COMMON = ("yi", "vi", "ni", "measure")
REGRESSION = {
    "stat": "statistic",
    "pval": "p_value",
    "slope": "slope",
    "slope_se": "slope_se",
    "intercept": "intercept",
    "intercept_se": "intercept_se",
    "df": "df",
    "tau2": "tau2",
    "sigma": "sigma",
    "limit_est": "limit",
}
SELECTION_NAMES = {
    "beta": "estimate",
    "se": "se",
    "tau2": "tau2",
    "se_tau2": "se_tau2",
    "delta": "delta",
    "se_delta": "delta_se",
    "ll": "log_likelihood",
    "ll0": "log_likelihood_unselected",
    "LRT": "lrt",
    "LRTdf": "lrt_df",
    "LRTp": "lrt_p",
}


def checks(case: dict) -> list[Check]:
    """Compare the test that the case is about."""
    inputs, expected = case["inputs"], case["expected"]
    return _kind(inputs, expected)(inputs, expected)


def _kind(inputs: dict, expected: dict) -> Callable[[dict, dict], list[Check]]:
    if "method_bias" in inputs:
        return _metabias
    if "estimator" in inputs:
        return _trim_and_fill
    if "type" in inputs:
        return _selection if "alternative" in inputs else _fail_safe
    if "metafor_ci" in expected:
        return _henmi_copas
    if "ties" in expected:
        return _rank_test
    if "power" in expected:
        return _excess
    if set(expected) <= set(PREDICTORS):
        return _regression
    raise NotSupported(f"a test with {', '.join(expected)}")


def _tolerance(inputs: dict) -> Tolerance:
    method = inputs.get("method", "CE")
    if method not in (*ESTIMATORS, "FE", "EE"):
        raise NotSupported(f"estimator {method}")
    return CLOSED_FORM if method in WITHOUT_SEARCH else ITERATIVE


def _of(name: str, tolerance: Tolerance) -> Tolerance:
    """Tolerance of a quantity, given that of the estimates."""
    if name in ("pval", "QEp", "LRTp", "p_k0"):
        return P_VALUE
    if name in ("df", "k", "k0", "side", "LRTdf"):
        return EXACT
    return TAU2 if name == "tau2" and tolerance is ITERATIVE else tolerance


def _regression(inputs: dict, expected: dict) -> list[Check]:
    require_offered(inputs, (*COMMON, "method", "test"))
    tolerance = _tolerance(inputs)
    options = {"model": "rma" if "method" in inputs else "lm", "min_studies": FEWEST}
    options |= {name: inputs[name] for name in ("method", "test") if name in inputs}
    result = []
    for predictor, numbers in expected.items():
        require_offered(numbers, (*REGRESSION, "limit_ci"))
        found = regression_test(
            inputs["yi"], inputs["vi"], ni=inputs.get("ni"), predictor=predictor, **options
        )
        limits = None if found.limit is None else [found.limit_low, found.limit_high]
        for name, reference in numbers.items():
            got = limits if name == "limit_ci" else getattr(found, REGRESSION[name])
            result += check(f"{predictor} {name}", got, reference, _of(name, tolerance))
    return result


def _rank_test(inputs: dict, expected: dict) -> list[Check]:
    require_offered(inputs, COMMON)
    require_offered(expected, ("tau", "pval", "ties"))
    found = rank_test(inputs["yi"], inputs["vi"], min_studies=FEWEST)
    return [
        *check("tau", found.tau, expected["tau"], CLOSED_FORM),
        *check("pval", found.p_value, expected["pval"], P_VALUE),
        *check("ties", found.ties, expected["ties"], EXACT),
    ]


def _trim_and_fill(inputs: dict, expected: dict) -> list[Check]:
    require_offered(inputs, (*COMMON, "method", "estimator", "side"))
    tolerance = _tolerance(inputs)
    found = trim_and_fill(
        inputs["yi"],
        inputs["vi"],
        estimator=inputs["estimator"],
        side=inputs["side"],
        method=inputs["method"],
        test="z",
        policy="metafor",
    )
    pooled = found.filled
    got = {
        "k0": found.missing,
        "se_k0": found.missing_se,
        "side": found.side,
        "p_k0": found.p_missing,
        "k": pooled.k,
        "beta": pooled.estimate,
        "se": pooled.se,
        "ci": [pooled.ci_low, pooled.ci_high],
        "pval": pooled.p_value,
        "tau2": pooled.tau2,
        "I2": 100 * pooled.i2,
        "QE": pooled.q,
        "QEp": pooled.q_p,
        "filled_yi": found.filled_yi,
        "filled_vi": found.filled_vi,
    }
    return _all(got, expected, tolerance)


def _fail_safe(inputs: dict, expected: dict) -> list[Check]:
    require_offered(inputs, (*COMMON, "type", "alpha", "target", "weighted"))
    found = fail_safe_n(
        inputs["yi"],
        inputs["vi"],
        kind=inputs["type"],
        alpha=inputs.get("alpha", 0.05),
        target=inputs.get("target"),
        weighted=inputs.get("weighted", False),  # metafor 3 averages without weights
    )
    require_offered(expected, ("fsnum", "pval", "meanes", "target"))
    return [
        *check("fsnum", found.number, expected["fsnum"], EXACT),
        *check("pval", found.p_value, expected.get("pval"), P_VALUE),
        *check("meanes", found.average, expected["meanes"], CLOSED_FORM),
        *check("target", found.target, expected["target"], CLOSED_FORM),
    ]


def _henmi_copas(inputs: dict, expected: dict) -> list[Check]:
    require_offered(inputs, COMMON)
    found = henmi_copas(inputs["yi"], inputs["vi"])
    interval = [found.ci_low, found.ci_high]
    require_offered(expected, ("beta", "se", "tau2", "ci", "metafor_ci"))
    return [
        *check("beta", found.estimate, expected["beta"], CLOSED_FORM),
        *check("se", found.se, expected["se"], CLOSED_FORM),
        *check("tau2", found.tau2, expected["tau2"], CLOSED_FORM),
        *check("ci", interval, expected["ci"], ITERATIVE),
        *check("metafor_ci", interval, expected["metafor_ci"], R_QUADRATURE),
    ]


def _excess(inputs: dict, expected: dict) -> list[Check]:
    require_offered(inputs, (*COMMON, "test", "alpha"))
    found = excess_significance(
        inputs["yi"],
        inputs["vi"],
        test=inputs["test"],
        alpha=inputs["alpha"],
        reach=METAFOR_REACH,
    )
    got = {
        "O": found.observed,
        "E": found.expected,
        "OEratio": found.ratio,
        "X2": found.statistic,
        "pval": found.p_value,
        "theta": found.estimate,
        "power": found.power,
    }
    return _all(got, expected, ITERATIVE)


def _selection(inputs: dict, expected: dict) -> list[Check]:
    require_offered(inputs, (*COMMON, "type", "steps", "alternative", "pval_min"))
    if inputs["type"] not in ("stepfun", "beta"):
        raise NotSupported(f"selection model {inputs['type']}")
    options = {"steps": inputs["steps"]} if inputs["type"] == "stepfun" else {}
    if inputs["type"] == "beta":
        options["smallest_p"] = inputs["pval_min"]
    found = selection_model(
        inputs["yi"],
        inputs["vi"],
        weights={"stepfun": "step", "beta": "beta"}[inputs["type"]],
        alternative=inputs["alternative"].replace(".", "-"),
        **options,
    )
    got = {name: getattr(found, part) for name, part in SELECTION_NAMES.items()}
    main = {name: value for name, value in expected.items() if name not in ("polished", "metafor")}
    require_offered(main, got)
    tolerances = {"ll": LOG_LIKELIHOOD, "ll0": LOG_LIKELIHOOD, "LRTdf": EXACT}
    raw = OPTIMISER if inputs["type"] == "stepfun" else OPTIMISER_BETA
    result = []
    for name, reference in main.items():
        result += check(name, got[name], reference, tolerances.get(name, SELECTION))
    for name, reference in expected.get("metafor", {}).items():
        result += check(f"metafor {name}", got[name], reference, raw)
    return result


def _all(got: dict, expected: dict, tolerance: Tolerance) -> list[Check]:
    require_offered(expected, got)
    return [
        one
        for name, reference in expected.items()
        for one in check(name, got[name], reference, _of(name, tolerance))
    ]


# --- metabias of R's package meta ----------------------------------------------------------------


def _metabias(inputs: dict, expected: dict) -> list[Check]:
    test = METABIAS.get(inputs["method_bias"])
    if test is None:
        raise NotSupported(f"metabias method {inputs['method_bias']}")
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
    names = ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")
    if "m1i" in inputs:
        effects = effect_size(measure, vtype="UB", **{name: inputs[name] for name in names})
        return effects.yi, effects.vi, np.ones(effects.yi.size, dtype=bool)
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
