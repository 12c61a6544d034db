"""Mantel-Haenszel, Peto and mixed models: metafor's ``rma.mh``, ``rma.peto`` and ``rma.glmm``.

The blocks of a mixed model say how the likelihood was integrated. ``exact`` is compared with
quadrature to convergence. Where it was made with too few nodes (it says how many), the same number
of nodes is compared instead, and the difference to convergence is shown as an excuse.
"""

import math

import numpy as np

from evidence import pool_glmm, pool_mantel_haenszel, pool_peto
from evidence.synthesis.rare_events import ESTIMATES, MODELS, CommonEffectHeterogeneity, PooledGlmm
from tests.reference.golden.compare import (
    CLOSED_FORM,
    EXACT,
    LME4,
    P_VALUE,
    QUADRATURE,
    QUADRATURE_CURVATURE,
    Check,
    NotSupported,
    check,
    require_offered,
)

COMMON_EFFECT = (
    *("k", "beta", "se", "stat", "pval", "ci", "QE", "QEp", "I2", "H2", "k_yi", "k_pos"),
    *("MH", "MHp", "CO", "COp", "BD", "BDp", "TA", "TAp"),
)
BLOCKS = ("exact", "agq7", "laplace", "metafor", "metafor_note")
OF_A_BLOCK = ("beta", "se", "tau2", "sigma2", "ll", "ci", "pval", "quad_nodes", "max_abs_gradient")
#: What metafor computes without its optimiser; the other numbers of its block are in the others.
OF_METAFOR = ("k", "QE_LRT", "QEp_LRT", "QE_df")
OPTIONS = ("measure", "model", "method", "nAGQ", "coding", "add", "to", "drop00", "correct")
MOST_NODES = 101
OVERFLOW = "R's integers overflowed: it has an estimate or a standard error, and not the other"
#: R's largest integer; the product of two counts of a study exceeds it in large trials.
LARGEST_INTEGER = 2**31 - 1
ONE_EFFECT = "metafor prints I2 = 0 and H2 = 1 for a single effect"
FEW_NODES = "the reference has too few nodes, and is reproduced by the same number of nodes"


def checks(case: dict) -> list[Check]:
    """Compare a call of ``rma.mh``, ``rma.peto`` or ``rma.glmm``."""
    inputs, expected = case["inputs"], case["expected"]
    columns = _complete({k: v for k, v in inputs.items() if k not in OPTIONS})
    measure = inputs["measure"]
    if "exact" in expected or "metafor" in expected:
        return _mixed_model(columns, inputs, expected)
    require_offered(expected, COMMON_EFFECT)
    if measure == "PETO":
        # the pair of an option is for the studies and for the estimate, and Peto's Q is from the
        # tables of the estimate
        options = {k: inputs[k][1] for k in ("add", "to", "drop00") if k in inputs}
        return _peto(pool_peto(**columns, **options), expected, _overflows(columns))
    if measure not in ESTIMATES:
        raise NotSupported(f"measure {measure}")
    names = ("add", "to", "drop00", "correct")
    options = {name: inputs[name] for name in names if name in inputs}
    result = pool_mantel_haenszel(**columns, measure=measure, **options)
    return _mantel_haenszel(result, expected, _overflows(columns))


def _overflows(columns: dict) -> bool:
    """Whether the product of the two largest numbers of a study is more than R's integers hold."""
    ordered = np.sort(np.array(list(columns.values())), axis=0)
    return bool(np.any(ordered[-1] * ordered[-2] > LARGEST_INTEGER))


def _complete(columns: dict) -> dict:
    """Columns without the studies that miss a number."""
    strange = [name for name, value in columns.items() if not isinstance(value, list)]
    if strange:
        raise NotSupported(f"inputs {', '.join(sorted(strange))}")
    table = {name: np.array(values, dtype=float) for name, values in columns.items()}
    kept = ~np.any([np.isnan(values) for values in table.values()], axis=0)
    return {name: values[kept] for name, values in table.items()}


def _mantel_haenszel(result: object, expected: dict, overflows: bool) -> list[Check]:
    got = {"k_pos": result.k_informative}
    tests = {"MH": result.cmh, "CO": result.cochran, "BD": result.breslow_day, "TA": result.tarone}
    for name, test in tests.items():
        got[name] = None if test is None else test.statistic
        got[f"{name}p"] = None if test is None or test.df == 0 else test.p_value
    return _common_effect(result, got, expected, overflows)


def _peto(result: object, expected: dict, overflows: bool) -> list[Check]:
    return _common_effect(result, {"k_pos": result.k_informative}, expected, overflows)


def _common_effect(result: object, more: dict, expected: dict, overflows: bool) -> list[Check]:
    scatter: CommonEffectHeterogeneity = result.heterogeneity
    got = {
        "k": result.k,
        "beta": result.estimate,
        "se": result.se,
        "stat": result.statistic,
        "pval": result.p_value,
        "ci": [result.ci_low, result.ci_high],
        "QE": scatter.q,
        "QEp": scatter.q_p,
        "I2": None if scatter.i2 is None else 100 * scatter.i2,
        "H2": scatter.h2,
        "k_yi": scatter.k_effects,
        **more,
    }
    found = []
    for name, reference in expected.items():
        counts = name in ("k", "k_yi", "k_pos")
        tolerance = P_VALUE if name in P_VALUES else EXACT if counts else CLOSED_FORM
        if overflows and name in _lost(expected):
            excuse = OVERFLOW
        else:
            excuse = ONE_EFFECT if name in ("I2", "H2") and scatter.k_effects < 2 else ""
        found += check(name, got[name], reference, tolerance, excuse)
    return found


P_VALUES = ("pval", "QEp", "MHp", "COp", "BDp", "TAp")


def _lost(expected: dict) -> tuple[str, ...]:
    """Quantities that R lost with the estimate, or with its standard error alone."""
    estimate, se = expected.get("beta"), expected.get("se")
    if estimate is None and se is not None:
        return ("beta", "stat", "pval", "ci", "QE", "QEp", "I2", "H2")
    return ("se", "stat", "pval", "ci") if estimate is not None and se is None else ()


def _mixed_model(columns: dict, inputs: dict, expected: dict) -> list[Check]:
    require_offered(expected, BLOCKS)
    measure, model = inputs["measure"], inputs.get("model")
    if measure not in MODELS or (model or MODELS[measure][0]) not in MODELS[measure]:
        raise NotSupported(f"model {model} of {measure}")
    if inputs.get("coding") not in (None, 0.5):
        raise NotSupported(f"coding {inputs['coding']}")
    call = {**columns, "measure": measure, "model": model, "method": inputs.get("method", "ML")}
    fit = pool_glmm(**call)
    found = _metafor(fit, expected["metafor"]) if "metafor" in expected else []
    for name, nodes in (("agq7", 7), ("laplace", 1)):
        if name in expected:
            found += _block(name, pool_glmm(**call, nodes=nodes), expected[name])
    if "exact" in expected:
        found += _exact(call, fit, expected["exact"])
    return found


def _exact(call: dict, fit: PooledGlmm, expected: dict) -> list[Check]:
    found = _block("exact", fit, expected)
    nodes = expected.get("quad_nodes", 0)
    if all(one.passed for one in found) or not 1 < nodes <= MOST_NODES:
        return found
    same = _block(f"{nodes} nodes", pool_glmm(**call, nodes=nodes), expected)
    if not all(one.passed for one in same):
        return found
    return same + _block("exact", fit, expected, FEW_NODES)


def _block(name: str, fit: PooledGlmm, expected: dict, excuse: str = "") -> list[Check]:
    require_offered(expected, OF_A_BLOCK)
    got = {
        "beta": (fit.estimate, QUADRATURE),
        "ll": (fit.log_likelihood, QUADRATURE),
        "se": (fit.se, QUADRATURE_CURVATURE),
        "tau2": (fit.tau2, QUADRATURE_CURVATURE),
        "sigma2": (fit.sigma2, QUADRATURE_CURVATURE),
        "ci": ([fit.ci_low, fit.ci_high], QUADRATURE_CURVATURE),
    }
    found = [
        one
        for quantity, (value, tolerance) in got.items()
        if quantity in expected
        for one in check(f"{name} {quantity}", value, expected[quantity], tolerance, excuse)
    ]
    # far in the tail a p-value multiplies the error of its statistic, and its logarithm does not
    if expected.get("pval", 0) > 0:
        logs = math.log(fit.p_value), math.log(expected["pval"])
        found += check(f"{name} log pval", *logs, QUADRATURE_CURVATURE, excuse)
    return found


def _metafor(fit: PooledGlmm, expected: dict) -> list[Check]:
    got = {
        "k": (fit.k, EXACT),
        "QE_df": (fit.k - 1, EXACT),
        "QE_LRT": (fit.q, LME4),
        "QEp_LRT": (fit.q_p, LME4),
    }
    # with random levels the saturated model is one of lme4's that is not offered
    offered = ("k", "QE_df") if fit.q is None else OF_METAFOR
    return [
        one
        for name in offered
        if expected.get(name) is not None
        for one in check(f"metafor {name}", got[name][0], expected[name], got[name][1])
    ]
