"""Single-arm proportions and rates: metafor's ``escalc`` and ``rma``, and per-study intervals."""

import math

from evidence import pool_glmm, pool_proportions, pool_rates, proportion_interval, rate_interval
from evidence.effects import back_transform
from evidence.errors import NotEstimable
from evidence.synthesis.pairwise import PROPORTION_TRANSFORMS, RATE_TRANSFORMS, SingleArmSummary
from evidence.synthesis.rare_events import MODELS
from tests.reference.golden._search import cause, excused
from tests.reference.golden.compare import (
    CLOSED_FORM,
    ITERATIVE,
    P_VALUE,
    QUADRATURE,
    QUADRATURE_CURVATURE,
    TAU2,
    Check,
    NotSupported,
    Tolerance,
    check,
    refused,
    require_offered,
)

#: ``meta_package_variant`` shows another package's rule for empty cells beside the expected one.
EXPECTED = (
    *("yi", "vi", "tau2", "QE", "QEp", "I2", "H2", "z", "knha"),
    *("harmonic_mean_n", "harmonic_mean_t", "meta_package_variant"),
)
#: The last is metafor with fewer nodes, shown beside the expected numbers.
OF_A_MIXED_MODEL = (
    *("beta", "se", "tau2", "ll", "ci", "est_back", "ci_back", "pi", "ci_t"),
    "metafor_nAGQ7",
)
STUDY_INTERVALS = {"CP": "exact", "WS": "wilson", "AC": "agresti-coull", "wald": "wald"}
FOLDED = (
    "a limit outside the range of the transformation was squared on; metafor's own "
    "transf.iarcsin and transf.isqrt give the end of the range"
)


def checks(case: dict) -> list[Check]:
    """Compare a synthesis, or the intervals of the studies."""
    inputs, expected = case["inputs"], case["expected"]
    require_offered(inputs, ("xi", "ni", "ti", "measure", "method"))
    if "measure" not in inputs:
        return _study_intervals(inputs, expected)
    if "ll" in expected:
        return _mixed_model(inputs, expected)
    if inputs["measure"] not in (*PROPORTION_TRANSFORMS, *RATE_TRANSFORMS):
        raise NotSupported(f"measure {inputs['measure']}")
    require_offered(expected, EXPECTED)
    tolerance = CLOSED_FORM if inputs["method"] in ("FE", "EE", "CE", "DL") else ITERATIVE
    first = _pool(inputs, "z")
    found = _common(first, expected, tolerance)
    for test in ("z", "knha"):
        if test in expected:
            found += _test(inputs, test, expected[test], tolerance)
    fit = first.fit
    tau2 = (fit.tau2, expected["tau2"])
    why = cause(fit.yi, fit.vi, None, inputs["method"], tau2)
    return excused(found, why, fit.vi, tau2)


def _pool(inputs: dict, test: str) -> SingleArmSummary:
    options = {"method": inputs["method"], "test": test, "policy": "metafor"}
    if "ni" in inputs:
        return pool_proportions(inputs["xi"], inputs["ni"], transform=inputs["measure"], **options)
    return pool_rates(inputs["xi"], inputs["ti"], transform=inputs["measure"], **options)


def _common(summary: SingleArmSummary, expected: dict, tolerance: Tolerance) -> list[Check]:
    fit = summary.fit
    found = [
        *check("yi", fit.yi, expected["yi"], CLOSED_FORM),
        *check("vi", fit.vi, expected["vi"], CLOSED_FORM),
        *check("tau2", fit.tau2, expected["tau2"], TAU2 if tolerance is ITERATIVE else tolerance),
        *check("QE", fit.q, expected["QE"], CLOSED_FORM),
        *check("QEp", fit.q_p, expected["QEp"], P_VALUE),
        *check("I2", 100 * fit.i2, expected["I2"], tolerance),
        *check("H2", fit.h2, expected["H2"], tolerance),
    ]
    for name in ("harmonic_mean_n", "harmonic_mean_t"):
        if name in expected:
            found += check(name, summary.back_transform_n, expected[name], CLOSED_FORM)
    return found


def _test(inputs: dict, test: str, expected: dict, tolerance: Tolerance) -> list[Check]:
    require_offered(expected, ("beta", "se", "ci", "est_back", "ci_back", "pi", "pi_back"))
    try:
        summary = _pool(inputs, test)
    except NotEstimable as refusal:
        return refused(f"{test} se", expected["se"], refusal)
    fit, prediction = summary.fit, summary.fit.prediction
    ends = None if prediction is None else [prediction.low, prediction.high]
    found = [
        *check(f"{test} beta", fit.estimate, expected["beta"], tolerance),
        *check(f"{test} se", fit.se, expected["se"], tolerance),
        *check(f"{test} ci", [fit.ci_low, fit.ci_high], expected["ci"], tolerance),
        *check(f"{test} est_back", summary.estimate, expected["est_back"], tolerance),
    ]
    back = {
        "ci_back": ([fit.ci_low, fit.ci_high], [summary.ci_low, summary.ci_high]),
        "pi_back": (ends, [summary.prediction_low, summary.prediction_high]),
    }
    if "pi" in expected:
        found += check(f"{test} pi", ends, expected["pi"], tolerance)
    for name, (scaled, natural) in back.items():
        for i, reference in enumerate(expected.get(name) or []):
            excuse = _folded(summary.transform, scaled[i], reference)
            found += check(f"{test} {name}[{i + 1}]", natural[i], reference, tolerance, excuse)
    return found


def _folded(transform: str, limit: float, expected: float) -> str:
    """Say why the expected limit is wrong, if it is the inverse taken outside its range."""
    if transform == "PAS" and not 0 <= limit <= math.pi / 2:
        wrong = math.sin(limit) ** 2
    elif transform == "IRS" and limit < 0:
        wrong = limit**2
    else:
        return ""
    return FOLDED if math.isclose(wrong, expected, rel_tol=1e-6) else ""


def _mixed_model(inputs: dict, expected: dict) -> list[Check]:
    require_offered(expected, OF_A_MIXED_MODEL)
    measure = inputs["measure"]
    if measure not in MODELS or MODELS[measure] != (None,) or inputs["method"] != "ML":
        raise NotSupported(f"mixed model {measure} by {inputs['method']}")
    columns = {name: inputs[name] for name in ("xi", "ni", "ti") if name in inputs}
    fit = pool_glmm(**columns, measure=measure)
    by_t = pool_glmm(**columns, measure=measure, test="t")
    ends = [fit.ci_low, fit.ci_high]
    got = {
        "beta": (fit.estimate, QUADRATURE),
        "ll": (fit.log_likelihood, QUADRATURE),
        "se": (fit.se, QUADRATURE_CURVATURE),
        "tau2": (fit.tau2, QUADRATURE_CURVATURE),
        "ci": (ends, QUADRATURE_CURVATURE),
        "est_back": (float(back_transform(fit.estimate, measure)), QUADRATURE),
        "ci_back": (back_transform(ends, measure), QUADRATURE_CURVATURE),
        "pi": ([fit.prediction.low, fit.prediction.high], QUADRATURE_CURVATURE),
        "ci_t": ([by_t.ci_low, by_t.ci_high], QUADRATURE_CURVATURE),
    }
    return [
        one
        for name, (value, tolerance) in got.items()
        if name in expected
        for one in check(name, value, expected[name], tolerance)
    ]


def _study_intervals(inputs: dict, expected: dict) -> list[Check]:
    if "ti" in inputs:
        require_offered(expected, ("exact_poisson",))
        limits = rate_interval(inputs["xi"], inputs["ti"])
        return _limits("exact_poisson", limits, expected["exact_poisson"])
    require_offered(expected, STUDY_INTERVALS)
    return [
        one
        for name, reference in expected.items()
        for one in _limits(
            name,
            proportion_interval(inputs["xi"], inputs["ni"], method=STUDY_INTERVALS[name]),
            reference,
        )
    ]


def _limits(name: str, got: tuple, expected: dict) -> list[Check]:
    return [
        *check(f"{name} lower", got[0], expected["lower"], CLOSED_FORM),
        *check(f"{name} upper", got[1], expected["upper"], CLOSED_FORM),
    ]
