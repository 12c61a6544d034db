"""Small-study effects: inputs and expected quantities tell which test a case is."""

from collections.abc import Callable

from evidence import (
    excess_significance,
    fail_safe_n,
    henmi_copas,
    rank_test,
    regression_test,
    selection_model,
    trim_and_fill,
)
from evidence.synthesis.heterogeneity import ESTIMATORS
from tests.reference.golden._metabias import FEWEST, metabias
from tests.reference.golden._search import WITHOUT_SEARCH, cause, excused
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
    complete,
    require_offered,
)

#: Maximum of a likelihood in several parameters, polished by whoever made the files.
SELECTION = Tolerance(1e-8, 1e-5)
#: What R's optimiser printed before it was polished, and for the flat likelihood of the beta model.
OPTIMISER, OPTIMISER_BETA = Tolerance(1e-8, 1e-4), Tolerance(1e-8, 1e-2)
#: R's quadrature of the Henmi-Copas integral.
R_QUADRATURE = Tolerance(0.0, 1e-6)
#: metafor averages the power over this many standard deviations of the true effects.
METAFOR_REACH = 5.0
PREDICTORS = ("sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv")

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
    inputs = inputs if "method_bias" in inputs else complete(inputs)
    return _kind(inputs, expected)(inputs, expected)


def _kind(inputs: dict, expected: dict) -> Callable[[dict, dict], list[Check]]:
    if "method_bias" in inputs:
        return metabias
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
        compared = []
        for name, reference in numbers.items():
            got = limits if name == "limit_ci" else getattr(found, REGRESSION[name])
            compared += check(f"{predictor} {name}", got, reference, _of(name, tolerance))
        if "method" in inputs and "tau2" in numbers:
            tau2 = (found.tau2, numbers["tau2"])
            line = [(1.0, value) for value in _predictor(predictor, inputs)]
            why = cause(inputs["yi"], inputs["vi"], line, inputs["method"], tau2)
            compared = excused(compared, why, inputs["vi"], tau2)
        result += compared
    return result


def _predictor(name: str, inputs: dict) -> list[float]:
    """Values that the effects are regressed on."""
    form = {"sei": 0.5, "vi": 1.0, "ni": 1.0, "ninv": -1.0, "sqrtni": 0.5, "sqrtninv": -0.5}[name]
    column = inputs["vi" if name in ("sei", "vi") else "ni"]
    return [float(value) ** form for value in column]


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
    yi, vi = ([*inputs[name], *got[f"filled_{name}"]] for name in ("yi", "vi"))
    tau2 = (pooled.tau2, expected["tau2"])
    why = cause(yi, vi, None, inputs["method"], tau2) if got["k0"] == expected["k0"] else ""
    return excused(_all(got, expected, tolerance), why, vi, tau2)


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
