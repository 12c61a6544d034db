"""Pairwise random-effects models: the cases are calls of metafor's ``rma`` without moderators."""

from evidence import PooledEffect, pool
from evidence.errors import NotEstimable
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.pairwise import fit_statistics, profile_likelihood_interval
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
    refused,
    require_offered,
)

INPUTS = ("yi", "vi", "measure", "method")
EXPECTED = (
    *("k", "tau2", "se_tau2", "QE", "QEp", "QE_df", "I2", "H2", "fit_stats", "tests"),
    *("confint_QP", "confint_PL", "weights_percent", "ci_by_level"),
)
OF_A_TEST = ("beta", "se", "stat", "pval", "ci", "df", "s2w", "pi", "pi_riley")
TESTS = ("z", "t", "knha", "adhoc")


def checks(case: dict) -> list[Check]:
    """Compare every test of the case, and what does not depend on the test."""
    inputs, expected = complete(case["inputs"]), case["expected"]
    require_offered(inputs, INPUTS)
    require_offered(expected, EXPECTED)
    require_offered(expected["tests"], TESTS)
    method = inputs["method"]
    if method not in (*ESTIMATORS, "FE", "EE"):
        raise NotSupported(f"estimator {method}")
    tolerance = CLOSED_FORM if method in WITHOUT_SEARCH else ITERATIVE
    first = _pool(inputs, "z")
    found = _heterogeneity(first, expected, tolerance)
    for test, numbers in expected["tests"].items():
        found += _test(inputs, test, numbers, tolerance)
    for percent, bounds in expected.get("ci_by_level", {}).items():
        fit = _pool(inputs, "z", level=float(percent) / 100)
        found += check(f"{percent}% ci", [fit.ci_low, fit.ci_high], bounds, tolerance)
    tau2 = (first.tau2, expected["tau2"])
    why = cause(inputs["yi"], inputs["vi"], None, method, tau2)
    return excused(found, why, inputs["vi"], tau2)


def _pool(inputs: dict, test: str, **options: object) -> PooledEffect:
    method = inputs["method"]
    return pool(inputs["yi"], inputs["vi"], method=method, test=test, policy="metafor", **options)


def _test(inputs: dict, test: str, expected: dict, tolerance: Tolerance) -> list[Check]:
    require_offered(expected, OF_A_TEST)
    try:
        fit = _pool(inputs, test)
    except NotEstimable as refusal:
        return refused(f"{test} se", expected["se"], refusal)
    got = {"beta": fit.estimate, "se": fit.se, "stat": fit.statistic, "s2w": fit.s2w}
    found = [
        *check(f"{test} pval", fit.p_value, expected["pval"], P_VALUE),
        *check(f"{test} ci", [fit.ci_low, fit.ci_high], expected["ci"], tolerance),
        *check(f"{test} df", fit.df, expected["df"], EXACT),
    ]
    for name, value in got.items():
        if name in expected:
            found += check(f"{test} {name}", value, expected[name], tolerance)
    for name, definition in (("pi", "metafor-default"), ("pi_riley", "riley")):
        if name in expected:
            interval = _pool(inputs, test, prediction=definition).prediction
            bounds = None if interval is None else [interval.low, interval.high]
            found += check(f"{test} {name}", bounds, expected[name], tolerance)
    return found


def _heterogeneity(fit: PooledEffect, expected: dict, tolerance: Tolerance) -> list[Check]:
    found = [
        *check("k", fit.k, expected["k"], EXACT),
        *check("tau2", fit.tau2, expected["tau2"], TAU2 if tolerance is ITERATIVE else tolerance),
        *check("se_tau2", fit.se_tau2, expected["se_tau2"], tolerance),
        *check("QE", fit.q, expected["QE"], CLOSED_FORM),
        *check("QEp", fit.q_p, expected["QEp"], P_VALUE),
        *check("QE_df", fit.q_df, expected["QE_df"], EXACT),
        *check("I2", 100 * fit.i2, expected["I2"], tolerance),
        *check("H2", fit.h2, expected["H2"], tolerance),
        *_fit_statistics(fit, expected["fit_stats"]),
    ]
    if "confint_QP" in expected:
        found += _q_profile(fit, expected["confint_QP"])
    if "confint_PL" in expected:
        require_offered(expected["confint_PL"], ("tau2",))
        bounds = profile_likelihood_interval(fit)
        reference = expected["confint_PL"]["tau2"]
        found += check("PL tau2", [bounds.low, bounds.high], reference, TAU2)
    if "weights_percent" in expected:
        found += check("weights", 100 * fit.weights, expected["weights_percent"], tolerance)
    return found


def _q_profile(fit: PooledEffect, expected: dict) -> list[Check]:
    require_offered(expected, ("tau2", "tau", "I2", "H2"))
    tau2 = [fit.tau2_ci_low, fit.tau2_ci_high]
    i2 = [100 * fit.i2_ci_low, 100 * fit.i2_ci_high]
    return [
        *check("QP tau2", tau2, expected["tau2"], TAU2),
        *check("QP tau", [bound**0.5 for bound in tau2], expected["tau"], ITERATIVE),
        *check("QP I2", i2, expected["I2"], ITERATIVE),
        *check("QP H2", [fit.h2_ci_low, fit.h2_ci_high], expected["H2"], ITERATIVE),
    ]


def _fit_statistics(fit: PooledEffect, expected: dict) -> list[Check]:
    require_offered(expected, ("ll", "deviance", "AIC", "BIC", "AICc"))
    found = fit_statistics(fit)
    got = {
        "ll": found.log_likelihood,
        "deviance": found.deviance,
        "AIC": found.aic,
        "BIC": found.bic,
        "AICc": found.aicc,
    }
    return [
        one
        for name, reference in expected.items()
        for one in check(name, got[name], reference, LOG_LIKELIHOOD)
    ]
