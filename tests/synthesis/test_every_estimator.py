"""Every estimator of tau2 works in every public function that takes a ``method``.

Both are enumerated: the estimators from their table, the functions from the signatures of the
faces, so that neither a new estimator nor a new function is forgotten. Right numbers are those of
the single-dataset solution: refits with ``estimate_tau2`` and weighted means written out here.
"""

import inspect
import pkgutil
from importlib import import_module
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import evidence
from evidence import effect_size, meta_regression, pool
from evidence.errors import BadInput, UnknownName
from evidence.synthesis.certificates import certify, certify_effects
from evidence.synthesis.heterogeneity import ESTIMATORS, estimate_tau2
from evidence.synthesis.pairwise import cochrane_test, describe_method, iqwig_test
from evidence.synthesis.permutation import permutation_regression_test, permutation_test
from evidence.synthesis.publication_bias import excess_significance, regression_test, trim_and_fill
from evidence.synthesis.regression import pool_subgroups, predict_studies
from evidence.synthesis.reproduction import explain
from evidence.synthesis.sensitivity import baujat, cumulative, gosh, influence, leave_one_out
from evidence.synthesis.sequential import trial_sequential
from evidence.synthesis.stacks import pool_ragged, pool_stack
from evidence.synthesis.stacks.regression import RegressionStack, stacked_tau2
from evidence.synthesis.stacks.stack import build_stack
from evidence.synthesis.stacks.tau2 import stacked_estimate

#: Two searches for the same root or maximum, in double precision.
SAME = 1e-7
ROUNDING = 1e-11
Y = np.array([-0.889, -1.585, -1.348, -1.442, -0.218, -0.786, 0.105])
V = np.array([0.326, 0.195, 0.415, 0.020, 0.051, 0.007, 0.063])
X = np.array([44.0, 55.0, 42.0, 52.0, 13.0, 44.0, 19.0])
EVENTS, SIZES = np.array([4, 11, 7, 30, 3]), np.array([40, 50, 61, 90, 44])
PLAIN = {"test": "z", "policy": "metafor"}
#: Functions whose ``method`` is none of tau2, and those that know two estimators only.
OTHERS = {
    *("heterogeneity_interval", "log_or_from_smd", "smd_from_log_or"),
    *("mean_from_quantiles", "sd_from_quantiles", "proportion_interval", "rate_interval"),
    *("pool_glmm", "pool_multilevel"),
    "make_plan",  # names the estimator, and computes nothing
}


def _mean(yi, vi, method):
    """Mean, standard error and tau2 of some studies."""
    tau2 = 0.0 if len(yi) == 1 else estimate_tau2(np.array(yi), np.array(vi), method).tau2
    weights = 1.0 / (np.array(vi) + tau2)
    return np.array([np.average(yi, weights=weights), weights.sum() ** -0.5, tau2])


def _line(x, method, yi=Y, vi=V):
    """Coefficients, their standard errors and tau2 of a line on ``x``."""
    design = np.column_stack([np.ones_like(yi), x])
    tau2 = estimate_tau2(yi, vi, method, design=design).tau2
    weights = 1.0 / (vi + tau2)
    covariance = np.linalg.inv((design.T * weights) @ design)
    return covariance @ design.T @ (weights * yi), np.diag(covariance) ** 0.5, tau2


def _three(found):
    return [found.estimate, found.se, found.tau2]


def _columns(found):
    return np.array(_three(found)).T


def _without_each(method):
    return [_mean(np.delete(Y, i), np.delete(V, i), method) for i in range(Y.size)]


def _growing(method):
    return [_mean(Y[: i + 1], V[: i + 1], method) for i in range(Y.size)]


def _estimate_tau2(method):
    """The solution itself: its stacked twin finds the same with another algebra."""
    column = (Y[:, None], V[:, None], np.ones((Y.size, 1), dtype=bool))
    tau2, se = stacked_estimate(build_stack(*column), method)
    found = estimate_tau2(Y, V, method)
    return [found.tau2, np.nan if found.se is None else found.se], [tau2[0], se[0]]


def _pool_many(method):
    rows = {"meta_analysis": np.repeat(["a", "b"], [3, 4]), "yi": Y, "vi": V}
    pd.DataFrame(rows).to_csv("rows.csv", index=False)
    evidence.pool_many("rows.csv", "pooled.parquet", method=method, **PLAIN)
    found = pd.read_parquet("pooled.parquet")[["estimate", "se", "tau2"]].to_numpy()
    return found, [_mean(Y[:3], V[:3], method), _mean(Y[3:], V[3:], method)]


def _subgroups(method):
    found = pool_subgroups(Y, V, list("aaabbbb"), method=method, **PLAIN)
    wanted = [_mean(Y[:3], V[:3], method), _mean(Y[3:], V[3:], method)]
    return [_three(one) for one in found.effects], wanted


def _single_arms(method, measure, call, **given):
    effects = effect_size(measure, **given)
    found = call(*given.values(), transform=measure, method=method, **PLAIN).fit
    return _three(found), _mean(effects.yi, effects.vi, method)


def _gosh(method):
    found = gosh(Y, V, method=method)
    members = [[i for i in range(Y.size) if subset >> i & 1] for subset in found.subset.tolist()]
    wanted = [_mean(Y[rows], V[rows], method) for rows in members]
    return np.array([found.estimate, found.tau2]).T, np.array(wanted)[:, [0, 2]]


def _influence(method):
    found = influence(Y, V, design=np.column_stack([np.ones_like(X), X]), method=method)
    tau2 = [
        _line(np.delete(X, i), method, np.delete(Y, i), np.delete(V, i))[2] for i in range(Y.size)
    ]
    plain = influence(Y, V, method=method).tau2_deleted
    return [*found.tau2_deleted, *plain], [*tau2, *np.array(_without_each(method))[:, 2]]


def _baujat(method):
    without = np.array(_without_each(method))
    change = _mean(Y, V, method)[0] - without[:, 0]
    return baujat(Y, V, method=method).influence, (change / without[:, 1]) ** 2


def _predict_studies(method):
    mean, _, tau2 = _mean(Y, V, method)
    return predict_studies(Y, V, method=method).prediction, (tau2 * Y + V * mean) / (tau2 + V)


def _multiverse(method):
    found = evidence.multiverse(Y, V, methods=[method], tests=["z"])
    return _columns(found), [_mean(Y, V, method), *_without_each(method)]


def _trim_and_fill(method):
    found = trim_and_fill(Y, V, method=method, **PLAIN)
    yi, vi = np.append(Y, found.filled_yi), np.append(V, found.filled_vi)
    return _three(found.filled), _mean(yi, vi, method)


def _trial_sequential(method):
    options = {"order": np.arange(Y.size), "anticipated": -0.5, "method": method}
    found = trial_sequential(Y, V, **options, **PLAIN)
    return [[one.estimate, one.se] for one in found.looks], np.array(_growing(method))[:, :2]


def _sensitivity(method):
    found = evidence.sensitivity(Y, V, method=method, **PLAIN)
    return _three(found.pooled), _mean(Y, V, method)


def _meta_regression(method):
    found = meta_regression(Y, V, {"x": X}, method=method)
    coefficients, se, tau2 = _line(X, method)
    table = found.coefficients
    return [*table.estimate, *table.se, found.tau2], [*coefficients, *se, tau2]


def _regression_test(method):
    found = regression_test(Y, V, model="rma", method=method, min_studies=3)
    coefficients, se, tau2 = _line(V**0.5, method)
    return [found.slope, found.slope_se, found.tau2], [coefficients[1], se[1], tau2]


def _excess_significance(method):
    found = excess_significance(Y, V, method=method)
    return [found.estimate, found.tau2], _mean(Y, V, method)[[0, 2]]


def _pool_ragged(method):
    found = pool_ragged(Y, V, [0, 3, 7], method=method, **PLAIN)
    return _columns(found), [_mean(Y[:3], V[:3], method), _mean(Y[3:], V[3:], method)]


def _certify_effects(method):
    found = certify_effects(Y, V, method=method, **PLAIN)
    assert found.agreed
    return _three(found), _mean(Y, V, method)


def _rule(chosen, method):
    """A rule that reads the estimator chooses some interval."""
    assert chosen[0] in ("z", "knha", "adhoc")
    return [1.0], [1.0]


def _words(method):
    assert describe_method(method) == f"{ESTIMATORS[method].words} ({method})"
    return [1.0], [1.0]


CALLS = {
    "baujat": _baujat,
    "certify_effects": _certify_effects,
    "cochrane_test": lambda m: _rule(cochrane_test(5, 0.1, 1.0, 1.5, m), m),
    "cumulative": lambda m: (_columns(cumulative(Y, V, method=m, **PLAIN)), _growing(m)),
    "describe_method": _words,
    "estimate_tau2": _estimate_tau2,
    "excess_significance": _excess_significance,
    "gosh": _gosh,
    "influence": _influence,
    "iqwig_test": lambda m: _rule(iqwig_test(5, 1.0, 1.5, m), m),
    "leave_one_out": lambda m: (_columns(leave_one_out(Y, V, method=m, **PLAIN)), _without_each(m)),
    "meta_regression": _meta_regression,
    "multiverse": _multiverse,
    "pool": lambda m: (_three(pool(Y, V, method=m, **PLAIN)), _mean(Y, V, m)),
    "pool_many": _pool_many,
    "pool_proportions": lambda m: _single_arms(
        m, "PLO", evidence.pool_proportions, xi=EVENTS, ni=SIZES
    ),
    "pool_ragged": _pool_ragged,
    "pool_rates": lambda m: _single_arms(m, "IRLN", evidence.pool_rates, xi=EVENTS, ti=SIZES),
    "pool_stack": lambda m: (
        _columns(pool_stack(Y[:, None], V[:, None], method=m)),
        [_mean(Y, V, m)],
    ),
    "pool_subgroups": _subgroups,
    "predict_studies": _predict_studies,
    "regression_test": _regression_test,
    "sensitivity": _sensitivity,
    "trial_sequential": _trial_sequential,
    "trim_and_fill": _trim_and_fill,
}


def _faces():
    rooms = import_module("evidence.synthesis").__path__
    return ["evidence", *(f"evidence.synthesis.{one.name}" for one in pkgutil.iter_modules(rooms))]


def _functions_with_a_method():
    for face in map(import_module, _faces()):
        for name in getattr(face, "__all__", ()):
            value = getattr(face, name)
            if inspect.isfunction(value) and {"method", "methods"} & set(
                inspect.signature(value).parameters
            ):
                yield name


def test_every_function_that_takes_a_method_is_called_here():
    assert set(_functions_with_a_method()) == {*CALLS, *OTHERS}


@pytest.mark.parametrize("method", ESTIMATORS)
@pytest.mark.parametrize("name", CALLS)
def test_every_estimator_gives_the_number_of_the_single_solution(
    name, method, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    found, wanted = CALLS[name](method)
    assert_allclose(found, wanted, rtol=SAME, atol=ROUNDING)


#: Functions of numbers and words that take the name of a fit as it is.
_OF_A_FIT = {"cochrane_test", "iqwig_test", "describe_method"}


@pytest.mark.parametrize("name", sorted(CALLS.keys() - _OF_A_FIT))
def test_an_unknown_estimator_is_refused_with_names_that_could_be_meant(
    name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownName, match=r"Known: .*DL.*REML|Did you mean") as refusal:
        CALLS[name]("no such method")
    assert "no such method" in str(refusal.value)
    with pytest.raises(UnknownName, match=r"Did you mean .*REML"):
        CALLS[name]("RELM")


@pytest.mark.parametrize("method", ESTIMATORS)
def test_functions_that_know_two_estimators_work_or_refuse(method):
    tables = {"ai": EVENTS, "n1i": SIZES, "ci": EVENTS[::-1], "n2i": SIZES[::-1]}
    study = {"study": list("abcdefg")}
    for known, call in (
        (("ML", "REML"), lambda: evidence.pool_multilevel(Y, V, random=study, method=method)),
        (("ML", "CE"), lambda: evidence.pool_glmm(**tables, method=method)),
    ):
        if method in known:
            assert call().method == method
        else:
            with pytest.raises(BadInput, match=f"(?i)'{method}'"):
                call()


@pytest.mark.parametrize("method", ESTIMATORS)
def test_signs_are_permuted_with_every_estimator(method):
    yi, vi = Y[:5], V[:5]
    found = permutation_test(pool(yi, vi, method=method, **PLAIN))
    z = [
        mean / se
        for signs in product([1, -1], repeat=5)
        for mean, se, _ in [_mean(yi * signs, vi, method)]
    ]
    assert_allclose(found.statistic, z[0], rtol=SAME)
    assert found.p_value == pytest.approx(np.mean(np.abs(z) >= abs(z[0]) - 1e-9))


@pytest.mark.parametrize("method", ESTIMATORS)
def test_moderators_are_permuted_with_every_estimator(method):
    yi, vi, x = Y[:5], V[:5], X[:5]
    found = permutation_regression_test(meta_regression(yi, vi, {"x": x}, method=method))
    z = [
        coefficients[1] / se[1]
        for order in permutations(range(5))
        for coefficients, se, _ in [_line(x[list(order)], method, yi, vi)]
    ]
    assert_allclose(found.statistic[1], z[0], rtol=SAME)
    assert found.p_value[1] == pytest.approx(np.mean(np.abs(z) >= abs(z[0]) - 1e-9))


@pytest.mark.parametrize("method", ESTIMATORS)
def test_a_stack_of_regressions_has_the_tau2_of_each(method):
    orders = np.array([[0, 1, 2, 3, 4, 5, 6], [6, 2, 1, 0, 3, 5, 4], [1, 0, 6, 5, 4, 2, 3]]).T
    design = np.column_stack([np.ones_like(X), X])
    stack = RegressionStack(Y[orders], V[orders], np.linalg.qr(design)[0])
    wanted = [_line(X, method, Y[order], V[order])[2] for order in orders.T]
    assert_allclose(stacked_tau2(stack, method), wanted, rtol=SAME, atol=ROUNDING)
    with pytest.raises(UnknownName):
        stacked_tau2(stack, "no such method")


@pytest.mark.parametrize(
    "method", [name for name, one in ESTIMATORS.items() if one.rarity is not None]
)
def test_a_published_summary_is_found_with_every_estimator_that_reviews_use(method):
    fit = pool(Y, V, method=method, **PLAIN)
    printed = {name: round(getattr(fit, name), 6) for name in ("estimate", "ci_low", "ci_high")}
    found = explain(**printed, yi=Y, vi=V, subsets="none")
    same = [name for one in found.settings if one.reproduces for name in (one.method, *one.same)]
    assert method in same


@pytest.mark.parametrize("method", ESTIMATORS)
def test_a_certificate_has_the_engines_of_the_table_or_says_that_there_are_none(method):
    found = certify(pool(Y, V, method=method, **PLAIN))
    assert found.agreed
    engines = [one.engine for one in found.witnesses if "at this tau2" not in one.engine]
    assert "own code, stacked solution" in engines
    named = [name for name in ("PyMARE", "statsmodels") if any(name in one for one in engines)]
    assert sorted(named) == sorted(ESTIMATORS[method].engines)
    assert bool(found.silent) == (not ESTIMATORS[method].engines)
    if found.silent:
        assert f"do not have {method}" in found.silent[0]


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=list(ESTIMATORS))
def test_an_estimator_is_found_by_every_spelling(estimator):
    for name in (estimator.name, estimator.name.lower(), *estimator.aliases):
        assert pool(Y, V, method=name).method == estimator.name


def test_no_two_estimators_share_a_spelling():
    spellings = [
        spelling.upper() for one in ESTIMATORS.values() for spelling in (one.name, *one.aliases)
    ]
    assert len(set(spellings)) == len(spellings)


@pytest.mark.parametrize("command", ["pool_command", "pool_many_command"])
def test_the_help_of_a_command_names_every_estimator(command):
    module = import_module(f"evidence.interfaces.commands.{command}")
    (found,) = (value for value in vars(module).values() if hasattr(value, "params"))
    (option,) = (one for one in found.params if one.name == "method")
    assert list(option.names()) == list(ESTIMATORS)


def test_no_module_types_the_estimators_out():
    """A list of four or more short names is a copy of the table."""
    package = Path(evidence.__file__).parent
    copies = []
    for path in package.rglob("*.py"):
        text = path.read_text("utf-8")
        quoted = [f'"{name}", "{other}"' for name in ESTIMATORS for other in ESTIMATORS]
        listed = [f"{name}, {other}" for name in ("HE", "HS", "SJ", "EB") for other in ESTIMATORS]
        if path.stem != "estimators" and sum(text.count(one) for one in (*quoted, *listed)) > 2:
            copies.append(path.relative_to(package).as_posix())
    assert not copies
