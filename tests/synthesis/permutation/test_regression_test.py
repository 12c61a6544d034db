import itertools
import json
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence import meta_regression, pool
from evidence.errors import BadInput, NotEstimable, TooFewStudies, UnknownName
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.permutation.interval import permutation_interval
from evidence.synthesis.permutation.patterns import count_orders, study_orders
from evidence.synthesis.permutation.regression_test import permutation_regression_test
from evidence.synthesis.permutation.sign_test import permutation_test

#: A share of whole patterns.
SHARE = 1e-12
#: metafor's tau2 stops at 1e-14; its bounds at 1e-11 in units of the effects.
FITTED = 1e-7
BOUND = 1e-8

REFERENCE = json.loads((Path(__file__).parents[1] / "reference/permutation.json").read_text())
YI, VI = np.array(REFERENCE["yi"]), np.array(REFERENCE["vi"])


def fitted(case):
    rows, options = case["rows"], {"test": case["test"], "level": case["level"]}
    yi, vi = YI[rows], VI[rows]
    if not case["mods"]:
        return pool(yi, vi, policy="metafor", method=case["method"], **options)
    moderators = {name: np.array(REFERENCE[name])[rows] for name in case["mods"]}
    return meta_regression(yi, vi, moderators, method=case["method"], **options)


def named(case):
    return f"{'+'.join(case['mods']) or 'mean'}-{case['method']}-{case['test']}-{len(case['rows'])}"


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=named)
def test_exact_p_values_are_those_of_metafor(case):
    fit = fitted(case)
    if not case["mods"]:
        found = permutation_test(fit)
        assert_allclose(found.p_value, case["pval"][0], rtol=SHARE)
        assert_allclose(found.statistic, case["zval"][0], rtol=FITTED)
        assert (found.exact, found.patterns) == (True, case["patterns"])
        return
    found = permutation_regression_test(fit)
    assert_allclose(found.p_value, case["pval"], rtol=SHARE)
    assert_allclose(found.omnibus_p, case["QMp"], rtol=SHARE)
    assert_allclose(found.statistic, case["zval"], rtol=FITTED)
    assert_allclose(found.omnibus_statistic, case["QM"], rtol=FITTED)
    assert (found.exact, found.patterns) == (True, case["patterns"])


INTERVALS = [case for case in REFERENCE["cases"] if case["interval"]]


@pytest.mark.parametrize("case", INTERVALS, ids=named)
def test_exact_intervals_are_those_of_metafor(case):
    fit = fitted(case)
    names = fit.design.names if case["mods"] else (None,)
    for i, name in enumerate(names):
        wanted = [case["low"][i], case["high"][i]]
        if name == "intercept":  # orders of moderators say little about it
            continue
        found = permutation_interval(fit, name)
        if wanted == ["NA", "NA"]:  # metafor looks no farther than twice the ordinary interval
            half = fit.ci_high - fit.estimate
            assert found.ci_low < fit.estimate - 2 * half
            assert found.ci_high > fit.estimate + 2 * half
        else:
            assert_allclose([found.ci_low, found.ci_high], wanted, rtol=BOUND, atol=BOUND)


@pytest.mark.parametrize("method", ESTIMATORS)
@pytest.mark.parametrize("test", ["z", "knha", "adhoc"])
def test_statistics_of_all_orders_are_those_of_single_fits(method, test):
    dose, yi, vi = np.array([1.0, 2.0, 3.0, 5.0]), YI[:4], VI[:4]
    found = permutation_regression_test(
        meta_regression(yi, vi, {"dose": dose}, method=method, test=test)
    )
    single = [
        meta_regression(yi, vi, {"dose": dose[list(order)]}, method=method, test=test)
        for order in itertools.permutations(range(4))
    ]
    sizes = np.abs([fit.coefficients.statistic for fit in single])
    assert_allclose(found.statistic, single[0].coefficients.statistic, rtol=1e-7)
    assert_allclose(found.p_value, np.mean(sizes >= sizes[0] - 1e-7, axis=0), rtol=SHARE)
    joint = np.array([fit.moderator_test.statistic for fit in single])
    assert_allclose(found.omnibus_p, np.mean(joint >= joint[0] - 1e-7), rtol=SHARE)


def test_orders_that_give_the_same_design_are_taken_once():
    design = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    rows, orders, exact = study_orders(design, None, None)
    assert count_orders(design) == orders.shape[1] == 10
    assert exact
    assert_allclose(orders[:, 0], rows)
    distinct = {tuple(design[np.argsort(order)].ravel()) for order in orders.T}
    assert len({frozenset(order[:2].tolist()) for order in orders.T}) == 10
    assert len(distinct) <= 10


def test_a_joint_test_of_one_moderator_is_its_own_test():
    fit = meta_regression(YI, VI, {"group": REFERENCE["group"]}, test="knha")
    found = permutation_regression_test(fit)
    assert found.omnibus_p == found.p_value[1]
    assert_allclose(found.omnibus_statistic, found.statistic[1] ** 2, rtol=1e-9)


def test_p_values_do_not_depend_on_unit_origin_or_order():
    dose = np.array(REFERENCE["dose"])[:6]
    found = permutation_regression_test(meta_regression(YI[:6], VI[:6], {"dose": dose}))
    changed = [
        (3 * YI[:6], 9 * VI[:6], dose),
        (YI[:6], VI[:6], 1000 * dose),
        (YI[5::-1], VI[5::-1], dose[::-1]),
        (-YI[:6], VI[:6], dose),
    ]
    for yi, vi, other in changed:
        again = permutation_regression_test(meta_regression(yi, vi, {"dose": other}))
        assert_allclose(again.p_value, found.p_value, rtol=SHARE)


def test_draws_come_near_the_exact_p_and_follow_the_seed():
    fit = meta_regression(YI, VI, {"dose": REFERENCE["dose"]}, method="DL")
    exact = permutation_regression_test(fit)
    one, two = (
        permutation_regression_test(fit, draws=4000, rng=np.random.default_rng(5)) for _ in "ab"
    )
    assert (one.exact, one.patterns) == (False, 4001)
    assert_allclose(one.p_value, two.p_value)
    error = 4 * np.sqrt(exact.p_value * (1 - exact.p_value) / 4000)
    assert np.all(np.abs(one.p_value - exact.p_value) < error + 1 / 4000)
    assert permutation_regression_test(fit, draws=5040, rng=None).exact


def test_an_interval_holds_the_values_that_the_test_keeps():
    fit = pool(YI, VI, policy="metafor", level=0.9)
    found = permutation_interval(fit)
    assert found.ci_low < found.estimate < found.ci_high
    step = 1e-6
    inside = permutation_test(pool(YI - found.ci_low - step, VI, policy="metafor")).p_value
    outside = permutation_test(pool(YI - found.ci_low + step, VI, policy="metafor")).p_value
    # two-sided p-values are twice the one-sided ones, as signs are symmetric
    assert outside <= 0.1 < inside
    shifted = permutation_interval(pool(2 * YI + 5, 4 * VI, policy="metafor", level=0.9))
    expected = [2 * found.ci_low + 5, 2 * found.ci_high + 5]
    assert_allclose([shifted.ci_low, shifted.ci_high], expected, rtol=1e-7)


def test_an_interval_from_draws_is_near_the_exact_one():
    fit = pool(np.tile(YI, 2) + 0.02 * np.arange(14), np.tile(VI, 2), policy="metafor", method="DL")
    exact = permutation_interval(fit)
    drawn = permutation_interval(fit, draws=3000, rng=np.random.default_rng(2))
    assert (drawn.exact, drawn.patterns) == (False, 3001)
    width = exact.ci_high - exact.ci_low
    gaps = np.abs([drawn.ci_low - exact.ci_low, drawn.ci_high - exact.ci_high])
    assert np.all(gaps < 0.1 * width)


def test_a_thousand_orders_take_a_fraction_of_a_second():
    rng = np.random.default_rng(1)
    yi, vi = rng.normal(0, 1, 20), rng.uniform(0.1, 0.5, 20)
    fit = meta_regression(yi, vi, {"x": rng.normal(size=20)})
    permutation_regression_test(fit, draws=10, rng=rng)
    started = time.process_time()
    permutation_regression_test(fit, draws=1000, rng=rng)
    # metafor takes 4 s; this takes 0.02 s
    assert time.process_time() - started < 0.5


def test_nonsense_is_refused():
    dose = meta_regression(YI, VI, {"dose": REFERENCE["dose"]})
    many = meta_regression(np.tile(YI, 2), np.tile(VI, 2), {"x": np.arange(14.0)})
    with pytest.raises(BadInput, match="draws=9_999"):
        permutation_regression_test(many)
    with pytest.raises(BadInput, match="default_rng"):
        permutation_regression_test(many, draws=10)
    with pytest.raises(BadInput, match="1 or more"):
        permutation_regression_test(dose, draws=0)
    with pytest.raises(BadInput, match="without moderators"):
        permutation_regression_test(meta_regression(YI, VI))
    with pytest.raises(BadInput, match="meta_regression"):
        permutation_regression_test(pool(YI, VI))
    with pytest.raises(UnknownName, match="dose"):
        permutation_interval(dose, "doses")
    with pytest.raises(UnknownName):
        permutation_interval(pool(YI, VI), "dose")
    with pytest.raises(BadInput, match="95"):
        permutation_interval(pool(YI, VI), level=95)
    with pytest.raises(BadInput, match="pool"):
        permutation_interval(YI)
    with pytest.raises(TooFewStudies):
        permutation_interval(pool([0.1], [0.1]))
    with pytest.raises(NotEstimable, match="smallest one-sided"):
        permutation_interval(pool(YI[:4], VI[:4]))


def test_records_show_as_frames():
    fit = meta_regression(YI[:5], VI[:5], {"dose": REFERENCE["dose"][:5]}, level=0.9)
    frame = permutation_regression_test(fit).to_frame()
    assert list(frame["test"]) == ["intercept", "dose", "moderators"]
    assert permutation_interval(fit, "dose").to_frame()["name"][0] == "dose"
    assert permutation_test(pool(YI, VI)).to_frame()["patterns"][0] == 128
