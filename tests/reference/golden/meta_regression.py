"""Meta-regression: the cases are calls of metafor's ``rma`` with moderators.

The design matrix of the case goes in as it is, one named column for each coefficient.
"""

import math
import re
from dataclasses import replace
from itertools import combinations

import numpy as np

from evidence import MetaRegression, compare_models, meta_regression, predict_effects
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.regression import joint_test
from tests.reference.golden._search import cause, excused
from tests.reference.golden.compare import (
    EXACT,
    ITERATIVE,
    LOG_LIKELIHOOD,
    P_VALUE,
    TAU2,
    Check,
    NotSupported,
    check,
    complete,
    require_offered,
)

INPUTS = ("yi", "vi", "measure", "method", "formula", "mods", "X", "X_new")
EXPECTED = (
    *("k", "p", "coefnames", "tau2", "se_tau2", "I2", "H2", "R2", "QE", "QEp", "QE_df"),
    *("fit_stats", "confint_QP", "LRT", "tests"),
)
OF_A_TEST = (
    *("beta", "se", "stat", "pval", "ci_lb", "ci_ub", "df", "QM", "QMp", "QM_df", "vcov", "s2w"),
    *("predict", "anova_btt"),
)
PREDICTED = {
    "pred": "estimate",
    "se": "se",
    "ci_lb": "ci_low",
    "ci_ub": "ci_high",
    "pi_lb": "prediction_low",
    "pi_ub": "prediction_high",
}
TESTS = ("z", "t", "knha", "adhoc")
#: How a formula says that it has no intercept.
NO_INTERCEPT = re.compile(r"-\s*1\b|(?<=~)\s*0\s*\+|\+\s*0\b")
NO_R2 = "metafor before 5.0 gives no R2 without an intercept"
SHARE_OF_NOTHING = "tau2 without the moderators is 0 in rounding, and R2 is a share of it"
CENTRED = (
    "metafor 3.8 centres the effects for Q and tau2, which is wrong where the columns of the model "
    "do not add up to a constant"
)


def checks(case: dict) -> list[Check]:
    """Compare every test of the case, and what does not depend on the test."""
    inputs = complete(case["inputs"])
    # without intercept, metafor 3.8 has no R2 where later versions and this package have one
    expected = {**case["expected"], **case.get("expected_metafor5", {})}
    require_offered(inputs, INPUTS)
    require_offered(expected, EXPECTED)
    require_offered(expected["tests"], TESTS)
    if inputs["method"] not in (*ESTIMATORS, "FE", "EE"):
        raise NotSupported(f"estimator {inputs['method']}")
    columns = dict(zip(expected["coefnames"], zip(*inputs["X"], strict=True), strict=True))
    first = _fit(inputs, columns, "z")
    found = _model(first, expected)
    for test, numbers in expected["tests"].items():
        found += _test(_fit(inputs, columns, test), test, numbers, inputs.get("X_new"))
    if "LRT" in expected:
        found += _likelihood_ratio(inputs, columns, expected["LRT"])
    tau2 = (first.heterogeneity.tau2, expected["tau2"])
    why = cause(inputs["yi"], inputs["vi"], inputs["X"], inputs["method"], tau2)
    if _centred(inputs, columns, expected):
        return [one if one.passed else replace(one, excuse=CENTRED) for one in found]
    return excused(found, why, inputs["vi"], tau2)


def _centred(inputs: dict, columns: dict, expected: dict) -> bool:
    """Whether Q and tau2 of the reference are those of the effects minus their mean."""
    wrong = _fit({**inputs, "yi": np.array(inputs["yi"]) - np.mean(inputs["yi"])}, columns, "z")
    right = _fit(inputs, columns, "z")
    pairs = [
        (wrong.heterogeneity.q, right.heterogeneity.q, expected["QE"]),
        (wrong.heterogeneity.tau2, right.heterogeneity.tau2, expected["tau2"]),
    ]
    matches = [
        all(one.passed for one in check("", got, reference, ITERATIVE))
        for got, _, reference in pairs
    ]
    return all(matches) and not math.isclose(pairs[0][0], pairs[0][1], rel_tol=1e-6)


def _fit(inputs: dict, columns: dict, test: str) -> MetaRegression:
    return meta_regression(
        inputs["yi"],
        inputs["vi"],
        columns,
        method=inputs["method"],
        test=test,
        intercept=False,
    )


def _model(fit: MetaRegression, expected: dict) -> list[Check]:
    rest = fit.heterogeneity
    found = [
        *check("k", fit.k, expected["k"], EXACT),
        *check("p", len(fit.coefficients.names), expected["p"], EXACT),
        *check("tau2", rest.tau2, expected["tau2"], TAU2),
        *check("se_tau2", rest.se_tau2, expected["se_tau2"], ITERATIVE),
        *check("I2", 100 * rest.i2, expected["I2"], ITERATIVE),
        *check("H2", rest.h2, expected["H2"], ITERATIVE),
        *_explained(fit, expected),
        *check("QE", rest.q, expected["QE"], ITERATIVE),
        *check("QEp", rest.q_p, expected["QEp"], P_VALUE),
        *check("QE_df", rest.q_df, expected["QE_df"], EXACT),
        *fit_statistics(fit, expected["fit_stats"]),
    ]
    if "confint_QP" in expected:
        bounds = expected["confint_QP"]
        require_offered(bounds, ("tau2", "I2", "H2"))
        found += check("QP tau2", [rest.tau2_ci_low, rest.tau2_ci_high], bounds["tau2"], TAU2)
        i2 = [100 * rest.i2_ci_low, 100 * rest.i2_ci_high]
        found += check("QP I2", i2, bounds["I2"], ITERATIVE)
        if "H2" in bounds:
            found += check("QP H2", [rest.h2_ci_low, rest.h2_ci_high], bounds["H2"], ITERATIVE)
    return found


def _explained(fit: MetaRegression, expected: dict) -> list[Check]:
    excuse = ""
    if expected["R2"] is None and "intrcpt" not in fit.coefficients.names:
        excuse = NO_R2
    elif fit.tau2_without is not None and fit.tau2_without <= TAU2.absolute:
        excuse = SHARE_OF_NOTHING
    got = None if fit.r2 is None else 100 * fit.r2
    return check("R2", got, expected["R2"], ITERATIVE, excuse)


def fit_statistics(fit: object, expected: dict) -> list[Check]:
    """Compare log likelihood and information criteria of a fitted model."""
    got = {
        "ll": fit.fit.log_likelihood,
        "deviance": fit.fit.deviance,
        "AIC": fit.fit.aic,
        "BIC": fit.fit.bic,
        "AICc": fit.fit.aicc,
    }
    require_offered(expected, tuple(got))
    return [
        one
        for name, reference in expected.items()
        for one in check(name, got[name], reference, LOG_LIKELIHOOD)
    ]


def coefficients(table: object, prefix: str, expected: dict) -> list[Check]:
    """Compare a table of coefficients."""
    found = check(f"{prefix} pval", table.p_value, expected["pval"], P_VALUE)
    names = {"beta": "estimate", "se": "se", "stat": "statistic"}
    names |= {"ci_lb": "ci_low", "ci_ub": "ci_high", "vcov": "vcov"}
    for name, attribute in names.items():
        if name in expected:
            got = getattr(table, attribute)
            found += check(f"{prefix} {name}", got, expected[name], ITERATIVE)
    return found


def _test(fit: MetaRegression, test: str, expected: dict, new: list | None) -> list[Check]:
    require_offered(expected, OF_A_TEST)
    moderators = fit.moderator_test
    found = [
        *coefficients(fit.coefficients, test, expected),
        *check(f"{test} df", fit.test_df, expected["df"], EXACT),
        *check(f"{test} QM", moderators.statistic, expected["QM"], ITERATIVE),
        *check(f"{test} QMp", moderators.p_value, expected["QMp"], P_VALUE),
        *check(f"{test} QM_df", [moderators.df, moderators.residual_df], expected["QM_df"], EXACT),
    ]
    if "s2w" in expected:
        found += check(f"{test} s2w", fit.s2w, expected["s2w"], ITERATIVE)
    if "predict" in expected:
        require_offered(expected["predict"], tuple(PREDICTED))
        effects = predict_effects(fit, new)
        for name, reference in expected["predict"].items():
            got = getattr(effects, PREDICTED[name])
            found += check(f"{test} predict {name}", got, reference, ITERATIVE)
    if "anova_btt" in expected:
        joint = expected["anova_btt"]
        require_offered(joint, ("btt", "QM", "QMp"))
        found_test = joint_test(fit, [position - 1 for position in joint["btt"]])
        found += check(f"{test} anova QM", found_test.statistic, joint["QM"], ITERATIVE)
        found += check(f"{test} anova QMp", found_test.p_value, joint["QMp"], P_VALUE)
    return found


def _likelihood_ratio(inputs: dict, columns: dict, expected: dict) -> list[Check]:
    require_offered(expected, ("reduced", "LRT", "df", "pval", "ll_full", "ll_reduced", "R2"))
    kept = {name: columns[name] for name in _columns_of(expected["reduced"], columns, inputs)}
    reduced = _fit(inputs, kept, "z")
    found = compare_models(_fit(inputs, columns, "z"), reduced)
    nothing = SHARE_OF_NOTHING if reduced.heterogeneity.tau2 <= TAU2.absolute else ""
    return [
        *check("LRT", found.statistic, expected["LRT"], ITERATIVE),
        *check("LRT df", found.df, expected["df"], EXACT),
        *check("LRT pval", found.p_value, expected["pval"], P_VALUE),
        *check("LRT ll_full", found.log_likelihood, expected["ll_full"], LOG_LIKELIHOOD),
        *check(
            "LRT ll_reduced", found.log_likelihood_reduced, expected["ll_reduced"], LOG_LIKELIHOOD
        ),
        *check("LRT R2", 100 * found.r2, expected["R2"], ITERATIVE, nothing),
    ]


def _columns_of(formula: str, columns: dict, inputs: dict) -> list[str]:
    """Names of the columns that belong to a formula of sums and products."""
    names = {*inputs["mods"], *(part for term in _terms(inputs["formula"]) for part in term)}
    wanted = _terms(formula)
    if not NO_INTERCEPT.search(formula):
        wanted.add(frozenset({"intrcpt"}))
    return [name for name in columns if _term_of(name, names) in wanted]


def _terms(formula: str) -> set[frozenset[str]]:
    """Terms of a formula; a product with * stands for its factors too."""
    terms = set()
    for text in NO_INTERCEPT.sub("", formula).strip().lstrip("~").split("+"):
        factors = [frozenset(part.strip() for part in one.split(":")) for one in text.split("*")]
        for size in range(1, len(factors) + 1):
            terms |= {frozenset().union(*some) for some in combinations(factors, size)}
    return terms


def _term_of(column: str, names: set[str]) -> frozenset[str]:
    """Term that a column named by R belongs to: factors have their level appended."""

    def moderator(part: str) -> str:
        return max((name for name in names if part.startswith(name)), key=len, default=part)

    return frozenset(moderator(part) for part in column.split(":"))
