"""Dependent effects: ``rma.mv`` and ``vcalc`` of metafor, ``robust``, and ``robu`` of robumeta.

The kind of a case is told by its inputs: ``levels`` or ``inner`` of a multilevel model,
``modelweights`` of robust variance estimation, arms or outcomes of a covariance matrix, and
otherwise a cluster for robust tests of a model with independent effects.
"""

import re
from dataclasses import replace

from evidence import meta_regression, pool_multilevel, robust, sampling_covariance
from evidence.synthesis.inputs import STRUCTURES, RandomStructure, arm_overlap, outcome_correlation
from evidence.synthesis.multilevel import PooledMultilevel, pool_robust, profile_interval
from tests.reference.golden.compare import (
    CLOSED_FORM,
    EXACT,
    ITERATIVE,
    P_VALUE,
    TAU2,
    VARIANCE_COMPONENT,
    Check,
    NotSupported,
    Tolerance,
    check,
    require_offered,
)
from tests.reference.golden.meta_regression import coefficients, fit_statistics

COEFFICIENTS = ("coefnames", "beta", "se", "stat", "pval", "ci_lb", "ci_ub", "df", "vcov")
ADJUSTMENTS = {"CR0": "CR0", "CR1": "CR1", "CR2_satterthwaite": "CR2"}
MULTILEVEL_INPUTS = (
    *("yi", "vi", "V", "random", "levels", "inner", "outer", "struct", "method", "mods", "X"),
    "cluster",
)
MULTILEVEL = (
    *("k", "p", "sigma2", "s_nlevels", "inner_levels", "tau2", "rho", *COEFFICIENTS, "t_test"),
    *("QE", "QEp", "QE_df", "fit_stats", "I2_total", "I2_by_level", "QM", "QMp", "QM_df"),
    *("profile_ci_sigma2", "robust"),
)
ROBUST = (*COEFFICIENTS, "n_clusters", "QM", "QMp", "QM_df")
ROUNDED = "robumeta takes a p-value as 1 minus its complement, which leaves multiples of 2e-16"
#: Several such roundings.
OF_ONE = Tolerance(1e-15, 0.0)
NO_BOUND = "metafor's search for this interval failed, and has no bound"
RVE = {"beta": "estimate", "se": "se", "t": "statistic", "ci_lb": "ci_low", "ci_ub": "ci_high"}


def checks(case: dict) -> list[Check]:
    """Compare the case with the function that its inputs ask for."""
    inputs, expected = case["inputs"], case["expected"]
    if "levels" in inputs or "inner" in inputs:
        return _multilevel(inputs, expected)
    if "modelweights" in inputs:
        return _robust_variance(inputs, expected)
    if "trt" in inputs or "comp" in inputs:
        return _covariance(inputs, expected, case.get("call", ""))
    if "cluster" in inputs:
        return _robust_regression(inputs, expected, case.get("call", ""))
    raise NotSupported(f"inputs {', '.join(sorted(inputs))}")


def _columns(inputs: dict, names: list[str]) -> dict | None:
    if "X" not in inputs:
        return None
    return dict(zip(names, zip(*inputs["X"], strict=True), strict=True))


# --- multilevel and multivariate models ----------------------------------------------------------


def _multilevel(inputs: dict, expected: dict) -> list[Check]:
    require_offered(inputs, MULTILEVEL_INPUTS)
    require_offered(expected, MULTILEVEL)
    fit = _fit(inputs, expected, "z")
    found = [
        *check("k", fit.k, expected["k"], EXACT),
        *check("p", len(fit.coefficients.names), expected["p"], EXACT),
        *coefficients(fit.coefficients, "z", expected),
        *check("df", fit.test_df, expected["df"], EXACT),
        *check("QE", fit.q, expected["QE"], ITERATIVE),
        *check("QEp", fit.q_p, expected["QEp"], P_VALUE),
        *fit_statistics(fit, expected["fit_stats"]),
        *_components(fit, expected),
    ]
    if "QE_df" in expected:
        found += check("QE_df", fit.q_df, expected["QE_df"], EXACT)
    if "QM" in expected:
        moderators = fit.moderator_test
        found += check("QM", moderators.statistic, expected["QM"], ITERATIVE)
        found += check("QMp", moderators.p_value, expected["QMp"], P_VALUE)
        found += check("QM_df", moderators.df, expected["QM_df"], EXACT)
    if "t_test" in expected:
        require_offered(expected["t_test"], COEFFICIENTS)
        table = _fit(inputs, expected, "t").coefficients
        found += coefficients(table, "t", expected["t_test"])
        found += _degrees("t df", table.df, expected["t_test"]["df"], EXACT)
    if "robust" in expected:
        found += _adjustments(fit, inputs["cluster"], expected["robust"])
    return found


def _fit(inputs: dict, expected: dict, test: str) -> PooledMultilevel:
    structures = []
    if "inner" in inputs:
        kind = inputs.get("struct", "CS")
        if kind not in STRUCTURES:
            raise NotSupported(f"structure {kind}")
        structures = [RandomStructure(inner=inputs["inner"], outer=inputs["outer"], kind=kind)]
    return pool_multilevel(
        inputs["yi"],
        inputs["V"] if "V" in inputs else inputs["vi"],
        inputs.get("levels"),
        structures=structures,
        moderators=_columns(inputs, expected["coefnames"]),
        method=inputs["method"],
        test=test,
        intercept="X" not in inputs,
    )


def _components(fit: PooledMultilevel, expected: dict) -> list[Check]:
    plain = [effect for effect in fit.random_effects if effect.levels == ("",)]
    found = []
    if "sigma2" in expected:
        sigma2 = [effect.variances[0] for effect in plain]
        found += check("sigma2", sigma2, expected["sigma2"], VARIANCE_COMPONENT)
    if "s_nlevels" in expected:
        groups = [effect.groups for effect in plain]
        found += check("s_nlevels", groups, expected["s_nlevels"], EXACT)
    if "I2_total" in expected:
        shares = [100 * effect.i2 for effect in plain]
        found += check("I2_total", 100 * fit.i2, expected["I2_total"], VARIANCE_COMPONENT)
        found += check("I2_by_level", shares, expected["I2_by_level"], VARIANCE_COMPONENT)
    for i, bounds in enumerate(expected.get("profile_ci_sigma2") or ()):
        interval = profile_interval(fit, plain[i].name)
        got = [interval.low, interval.high]
        found += check(
            f"profile sigma2[{i + 1}]",
            got,
            bounds,
            VARIANCE_COMPONENT,
            NO_BOUND if None in bounds else "",
        )
    if "tau2" in expected:
        (effect,) = [effect for effect in fit.random_effects if effect.levels != ("",)]
        levels = [str(level) for level in expected["inner_levels"]]
        found += check("inner_levels", sorted(effect.levels), sorted(levels), EXACT)
        order = [effect.levels.index(level) for level in levels]
        several = isinstance(expected["tau2"], list)
        tau2 = effect.variances[order] if several else effect.variances[0]
        found += check("tau2", tau2, expected["tau2"], VARIANCE_COMPONENT)
        if "rho" in expected:
            # R fills the upper triangle column by column
            rho = [effect.correlations[i, j] for n, j in enumerate(order) for i in order[:n]]
            got = rho if isinstance(expected["rho"], list) else rho[0]
            found += check("rho", got, expected["rho"], VARIANCE_COMPONENT)
    return found


# --- cluster-robust tests ------------------------------------------------------------------------


def _robust_regression(inputs: dict, expected: dict, call: str) -> list[Check]:
    require_offered(inputs, ("yi", "vi", "cluster", "mods", "X", "method"))
    require_offered(expected, ("tau2", "model", *ADJUSTMENTS))
    method = inputs.get("method") or _option(call, "method", "REML")
    model = expected["model"]
    moderators = _columns(inputs, model["coefnames"])
    fit = meta_regression(
        inputs["yi"], inputs["vi"], moderators, method=method, intercept=moderators is None
    )
    return [
        *check("tau2", fit.tau2, expected["tau2"], TAU2),
        *coefficients(fit.coefficients, "model", model),
        *check("model df", fit.test_df, model["df"], EXACT),
        *_adjustments(fit, inputs["cluster"], expected),
    ]


def _adjustments(fit: object, cluster: list, expected: dict) -> list[Check]:
    found = []
    for name, adjust in ADJUSTMENTS.items():
        if name not in expected:
            continue
        reference = expected[name]
        require_offered(reference, ROBUST)
        got = robust(fit, cluster, adjust=adjust)
        exact = EXACT if adjust != "CR2" else ITERATIVE
        found += coefficients(got.coefficients, name, reference)
        found += _degrees(f"{name} df", got.coefficients.df, reference["df"], exact)
        found += check(f"{name} n_clusters", got.clusters, reference["n_clusters"], EXACT)
        found += _joint(got.moderator_test, name, reference, exact)
    return found


def _degrees(quantity: str, got: object, expected: list, exact: Tolerance) -> list[Check]:
    """Degrees of freedom of each coefficient; R prints one number if they are all the same."""
    return check(quantity, got, expected * len(got) if len(expected) == 1 else expected, exact)


def _joint(joint: object, name: str, reference: dict, exact: Tolerance) -> list[Check]:
    if joint is None or reference["QM"] is None:
        got = None if joint is None else joint.statistic
        return check(f"{name} QM", got, reference["QM"], EXACT)
    df = [joint.df, joint.residual_df]
    return [
        *check(f"{name} QM", joint.statistic, reference["QM"], ITERATIVE),
        *check(f"{name} QMp", joint.p_value, reference["QMp"], P_VALUE),
        *check(f"{name} QM_df", df, reference["QM_df"], exact),
    ]


def _robust_variance(inputs: dict, expected: dict) -> list[Check]:
    require_offered(inputs, ("yi", "vi", "cluster", "formula", "modelweights", "rho", "small", "X"))
    require_offered(expected, ("coefnames", *RVE, "df", "pval", "tau2", "omega2", "I2"))
    moderators = _columns(inputs, expected["coefnames"])
    fit = pool_robust(
        inputs["yi"],
        inputs["vi"],
        inputs["cluster"],
        moderators,
        working=inputs["modelweights"],
        adjust="CR2" if inputs["small"] else "CR1",
        intercept=moderators is None,
        **({} if inputs.get("rho") is None else {"rho": inputs["rho"]}),
    )
    table = fit.coefficients
    return [
        *(
            one
            for name, attribute in RVE.items()
            for one in check(name, getattr(table, attribute), expected[name], ITERATIVE)
        ),
        *check("df", table.df, expected["df"], ITERATIVE),
        *_rounded_p(table.p_value, expected["pval"]),
        *check("tau2", fit.tau2, expected["tau2"], ITERATIVE),
        *check("omega2", fit.omega2, expected["omega2"], ITERATIVE),
        *check("I2", None if fit.i2 is None else 100 * fit.i2, expected["I2"], ITERATIVE),
    ]


def _rounded_p(got: object, expected: list) -> list[Check]:
    """P-values, those that differ by rounding near 1 with the cause."""
    return [
        replace(one, excuse=ROUNDED)
        if not one.passed and replace(one, tolerance=OF_ONE).passed
        else one
        for one in check("pval", got, expected, P_VALUE)
    ]


# --- covariance matrices -------------------------------------------------------------------------


def _covariance(inputs: dict, expected: dict, call: str) -> list[Check]:
    require_offered(
        inputs, ("study", "yi", "vi", "n1", "n2", "trt", "ctl", "comp", "rho", "weights")
    )
    require_offered(expected, ("V",))
    correlations = []
    if "trt" in inputs:
        sizes = [inputs.get("n1"), inputs.get("n2")]
        correlations.append(arm_overlap(inputs["trt"], inputs["ctl"], *sizes))
    if "comp" in inputs:
        rho = inputs.get("rho") or _option(call, "rho", None)
        if rho is None:
            raise NotSupported("outcomes without their correlation")
        correlations.append(outcome_correlation(inputs["comp"], float(rho)))
    got = sampling_covariance(inputs["vi"], inputs["study"], *correlations)
    return check("V", got, expected["V"], CLOSED_FORM)


def _option(call: str, name: str, otherwise: str | None) -> str | None:
    """Value of a named argument in the text of an R call."""
    found = re.search(rf"\b{name}\s*=\s*\"?([\w.]+)", call)
    return found.group(1) if found else otherwise
