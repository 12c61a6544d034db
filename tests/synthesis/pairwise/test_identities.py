"""What must hold for any studies: identities of the estimators, and their limits.

The studies are drawn by hypothesis: equal effects, ties, and variances that differ a thousandfold
are among them.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence import (
    effect_size,
    gosh,
    leave_one_out,
    log_hazard_ratio_from_logrank,
    meta_regression,
    pool_beta_binomial,
    pool_exact,
    pool_firth,
    pool_glmm,
    pool_mantel_haenszel,
    pool_multilevel,
    pool_peto,
    pool_stack,
    pool_subgroups,
    rank_test,
    trim_and_fill,
)
from evidence.effects import ZERO_CELL_RULES
from evidence.errors import NotEstimable
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.pairwise import SUMMARY_TESTS
from evidence.synthesis.pairwise.henmi_copas_interval import henmi_copas
from evidence.synthesis.pairwise.pooling import pool

#: Closed form: only the order of the sums differs.
CLOSED = 1e-10
#: An iterated tau2 of data that were moved, scaled or put in another order.
ROOT = 1e-6
#: What counts as 0 beside effects of about 1.
NOTHING = 1e-9

#: Estimators that are 0 for homogeneous effects; Sidik-Jonkman never is.
TRUNCATED = [name for name in ESTIMATORS if name not in ("CE", "SJ")]
EFFECT = st.integers(-300, 300).map(lambda x: x / 100)
VARIANCE = st.integers(0, 300).map(lambda x: 10.0 ** (x / 100 - 2))
STUDIES = st.lists(st.tuples(EFFECT, VARIANCE), min_size=2, max_size=8)
MANY = st.lists(st.tuples(EFFECT, VARIANCE), min_size=4, max_size=8)
#: Events and non-events of both arms, with an event and a non-event in each arm.
FULL_TABLE = st.tuples(*[st.integers(1, 60)] * 4)
ANY_TABLE = st.tuples(*[st.integers(0, 12)] * 4).filter(lambda t: t[0] + t[1] and t[2] + t[3])
few = settings(max_examples=80, deadline=None, derandomize=True)
fewer = settings(max_examples=25, deadline=None, derandomize=True)


def columns(rows):
    """Columns of a list of rows, as arrays of floats."""
    return (np.array(column, dtype=float) for column in zip(*rows, strict=True))


def numbers(fit):
    """Numbers of a summary that have the unit of the effects, then those with another."""
    same = [fit.estimate, fit.se, fit.ci_low, fit.ci_high]
    return np.array(same), np.array([fit.tau2, fit.q, fit.i2, fit.p_value])


# --- pairwise synthesis --------------------------------------------------------------------------


@few
@given(
    rows=STUDIES,
    method=st.sampled_from(list(ESTIMATORS)),
    test=st.sampled_from(list(SUMMARY_TESTS)),
)
def test_order_does_not_matter_and_a_flip_mirrors(rows, method, test):
    yi, vi = columns(rows)
    assume(test != "knha" or np.ptp(yi) > 0)
    fit = pool(yi, vi, method=method, test=test, policy="metafor")
    turned = pool(yi[::-1], vi[::-1], method=method, test=test, policy="metafor")
    mirrored = pool(-yi, vi, method=method, test=test, policy="metafor")
    for ours, other in zip(numbers(fit), numbers(turned), strict=True):
        assert_allclose(other, ours, rtol=ROOT, atol=NOTHING)
    assert_allclose(
        [mirrored.estimate, mirrored.ci_low, mirrored.ci_high],
        [-fit.estimate, -fit.ci_high, -fit.ci_low],
        rtol=ROOT,
        atol=NOTHING,
    )
    assert_allclose(numbers(mirrored)[1], numbers(fit)[1], rtol=ROOT, atol=NOTHING)
    assert_allclose(turned.weights[::-1], fit.weights, rtol=ROOT)


@few
@given(
    rows=STUDIES,
    method=st.sampled_from(list(ESTIMATORS)),
    unit=st.sampled_from([1e-6, 0.01, 3.0, 1e6]),
    shift=st.sampled_from([-4.0, 0.5, 30.0]),
)
def test_a_unit_scales_everything_and_a_shift_moves_the_mean_alone(rows, method, unit, shift):
    yi, vi = columns(rows)
    fit = pool(yi, vi, method=method, policy="metafor")
    scaled = pool(unit * yi, unit**2 * vi, method=method, policy="metafor")
    assert_allclose(numbers(scaled)[0], unit * numbers(fit)[0], rtol=ROOT, atol=unit * NOTHING)
    assert_allclose(scaled.tau2, unit**2 * fit.tau2, rtol=ROOT, atol=unit**2 * NOTHING)
    assert_allclose([scaled.q, scaled.i2], [fit.q, fit.i2], rtol=ROOT, atol=NOTHING)
    moved = pool(yi + shift, vi, method=method, policy="metafor")
    assert_allclose(moved.estimate, fit.estimate + shift, rtol=ROOT)
    assert_allclose([moved.se, moved.tau2], [fit.se, fit.tau2], rtol=ROOT, atol=NOTHING)


@few
@given(rows=STUDIES, copies=st.integers(2, 4))
def test_copies_of_all_studies_leave_the_common_effect_and_divide_its_variance(rows, copies):
    yi, vi = columns(rows)
    fit = pool(yi, vi, policy="common")
    copied = pool(np.tile(yi, copies), np.tile(vi, copies), policy="common")
    assert_allclose(copied.estimate, fit.estimate, rtol=CLOSED, atol=NOTHING)
    assert_allclose([copied.se**2 * copies, copied.q / copies], [fit.se**2, fit.q], atol=NOTHING)


@few
@given(rows=STUDIES, method=st.sampled_from(TRUNCATED))
def test_without_heterogeneity_every_estimator_is_the_common_effect(rows, method):
    yi, vi = columns(rows)
    yi = yi * 0.1 * np.sqrt(vi.min())
    fit = pool(yi, vi, method=method, policy="metafor")
    assert fit.tau2 == 0.0
    common = pool(yi, vi, policy="common")
    found, expected = (part[:4] for part in (numbers(fit)[0], numbers(common)[0]))
    assert_allclose(found, expected, rtol=CLOSED, atol=NOTHING)
    assert_allclose(fit.weights, common.weights, rtol=CLOSED)


@few
@given(effect=EFFECT, variance=VARIANCE, method=st.sampled_from(list(ESTIMATORS)))
def test_one_study_is_its_own_summary_by_every_estimator(effect, variance, method):
    fit = pool([effect], [variance], method=method)
    assert (fit.estimate, fit.k, fit.tau2, fit.q) == (effect, 1, None, None)
    assert_allclose(
        [fit.se, fit.ci_high - fit.estimate], np.sqrt(variance) * np.array([1, 1.96]), rtol=1e-4
    )


@few
@given(first=EFFECT, second=EFFECT, variance=VARIANCE)
def test_two_studies_of_one_precision_have_the_closed_form(first, second, variance):
    gap = (first - second) ** 2 / 2
    expected = max(0.0, gap - variance)
    for method in ("DL", "HE", "REML", "PM", "EB"):
        fit = pool([first, second], [variance] * 2, method=method, policy="metafor")
        assert_allclose(fit.tau2, expected, rtol=ROOT, atol=NOTHING)
        assert_allclose(fit.estimate, (first + second) / 2, rtol=CLOSED, atol=NOTHING)
    maximum = pool([first, second], [variance] * 2, method="ML", policy="metafor")
    assert_allclose(maximum.tau2, max(0.0, gap / 2 - variance), rtol=ROOT, atol=NOTHING)


@few
@given(rows=STUDIES, effect=EFFECT)
def test_a_study_that_knows_nothing_does_not_count_and_one_that_knows_all_decides(rows, effect):
    yi, vi = columns(rows)
    alone = pool(yi, vi, policy="common")
    vague = pool([*yi, effect], [*vi, 1e14], policy="common")
    assert_allclose([vague.estimate, vague.se], [alone.estimate, alone.se], rtol=1e-9, atol=1e-9)
    sharp = pool([*yi, effect], [*vi, 1e-18], policy="common")
    assert_allclose([sharp.estimate, sharp.se], [effect, 1e-9], rtol=1e-9, atol=1e-12)
    assert_allclose(sharp.weights[-1], 1.0)


@few
@given(rows=STUDIES, method=st.sampled_from(list(ESTIMATORS)))
def test_a_stack_of_one_and_the_full_subset_are_the_single_fit(rows, method):
    yi, vi = columns(rows)
    fit = pool(yi, vi, method=method, policy="metafor")
    stacked = pool_stack(yi[:, None], vi[:, None], method=method, workers=1)
    subsets = gosh(yi, vi, method=method, workers=1)
    full = subsets.k == yi.size
    assert full.sum() == 1
    for found in (
        [stacked.estimate[0], stacked.tau2[0], stacked.q[0]],
        [subsets.estimate[full][0], subsets.tau2[full][0], subsets.q[full][0]],
    ):
        assert_allclose(found, [fit.estimate, fit.tau2, fit.q], rtol=1e-8, atol=1e-8)


@fewer
@given(rows=MANY, method=st.sampled_from(list(ESTIMATORS)))
def test_leaving_out_is_fitting_the_others(rows, method):
    yi, vi = columns(rows)
    series = leave_one_out(yi, vi, method=method, policy="metafor")
    for i in range(yi.size):
        kept = np.arange(yi.size) != i
        fit = pool(yi[kept], vi[kept], method=method, policy="metafor")
        found = [series.estimate[i], series.se[i], series.tau2[i], series.q[i]]
        assert_allclose(found, [fit.estimate, fit.se, fit.tau2, fit.q], rtol=ROOT, atol=1e-8)


# --- models that contain the pairwise synthesis ---------------------------------------------------


@few
@given(
    rows=STUDIES,
    method=st.sampled_from(list(ESTIMATORS)),
    test=st.sampled_from(["z", "t", "adhoc"]),
)
def test_a_regression_on_nothing_and_each_subgroup_are_a_summary(rows, method, test):
    yi, vi = columns(rows)
    fit = pool(yi, vi, method=method, test=test, policy="metafor")
    table = meta_regression(yi, vi, method=method, test=test).coefficients
    found = [table.estimate[0], table.se[0], table.ci_low[0], table.ci_high[0]]
    assert_allclose(found, numbers(fit)[0], rtol=ROOT, atol=NOTHING)
    first = np.arange(yi.size) % 2 == 0
    groups = np.where(first, "a", "b")
    grouped = pool_subgroups(yi, vi, groups, method=method, test=test, policy="metafor")
    for group, members in zip(grouped.effects, (first, ~first), strict=True):
        alone = pool(yi[members], vi[members], method=method, test=test, policy="metafor")
        found = [group.estimate, group.se, group.ci_low, group.ci_high]
        assert_allclose(found, numbers(alone)[0], rtol=ROOT, atol=NOTHING)


@fewer
@given(rows=MANY, method=st.sampled_from(["REML", "ML"]))
def test_a_multilevel_model_of_single_effects_is_the_summary(rows, method):
    yi, vi = columns(rows)
    fit = pool(yi, vi, method=method, policy="metafor")
    model = pool_multilevel(yi, vi, {"study": list(range(yi.size))}, method=method)
    found = [model.coefficients.estimate[0], model.coefficients.se[0]]
    assert_allclose(found, [fit.estimate, fit.se], rtol=1e-5, atol=1e-6)


# --- small-study methods --------------------------------------------------------------------------


@fewer
@given(rows=MANY, estimator=st.sampled_from(["L0", "R0", "Q0"]))
def test_trim_and_fill_of_the_mirror_image_is_the_mirror_image(rows, estimator):
    yi, vi = columns(rows)
    try:
        left = trim_and_fill(yi, vi, side="left", estimator=estimator, method="CE")
    except NotEstimable:
        return
    right = trim_and_fill(-yi, vi, side="right", estimator=estimator, method="CE")
    assert left.missing == right.missing
    assert_allclose(
        [right.filled.estimate, right.filled.ci_low],
        [-left.filled.estimate, -left.filled.ci_high],
        rtol=CLOSED,
        atol=NOTHING,
    )


@fewer
@given(rows=MANY, unit=st.sampled_from([1e-3, 7.0]))
def test_rank_test_and_henmi_copas_follow_flip_and_unit(rows, unit):
    yi, vi = columns(rows)
    assume(np.unique(vi).size > 1 and np.ptp(yi) > 0)
    fit, scaled = henmi_copas(yi, vi), henmi_copas(-unit * yi, unit**2 * vi)
    assert_allclose(
        [scaled.estimate, scaled.ci_low, scaled.ci_high],
        [-unit * fit.estimate, -unit * fit.ci_high, -unit * fit.ci_low],
        rtol=1e-5,
        atol=unit * 1e-7,
    )
    plain, flipped = (rank_test(y, vi, min_studies=3) for y in (yi, -yi))
    assert_allclose([flipped.tau, flipped.p_value], [-plain.tau, plain.p_value], atol=NOTHING)


# --- events ---------------------------------------------------------------------------------------


@few
@given(table=FULL_TABLE)
def test_mantel_haenszel_of_one_table_is_the_crude_effect(table):
    a, b, c, d = table
    n1, n2 = a + b, c + d
    crude = {"OR": math.log(a * d / (b * c)), "RR": math.log(a * n2 / (c * n1))}
    crude |= {"RD": a / n1 - c / n2}
    for measure, effect in crude.items():
        fit = pool_mantel_haenszel(ai=[a], bi=[b], ci=[c], di=[d], measure=measure)
        own = effect_size(measure, ai=[a], bi=[b], ci=[c], di=[d])
        assert_allclose(fit.estimate, effect, rtol=CLOSED, atol=NOTHING)
        assert_allclose(fit.se, own.sei[0], rtol=CLOSED)
    rates = {"x1i": [a], "t1i": [n1], "x2i": [c], "t2i": [n2]}
    for measure, effect in {"IRR": crude["RR"], "IRD": crude["RD"]}.items():
        fit = pool_mantel_haenszel(**rates, measure=measure)
        own = effect_size(measure, **rates)
        assert_allclose([fit.estimate, fit.se], [effect, own.sei[0]], rtol=CLOSED, atol=NOTHING)


@few
@given(tables=st.lists(FULL_TABLE, min_size=1, max_size=5))
def test_peto_is_the_log_rank_form_of_its_tables(tables):
    a, b, c, d = columns(tables)
    n1, n2, m, total = a + b, c + d, a + c, a + b + c + d
    excess = float(np.sum(a - m * n1 / total))
    variance = float(np.sum(m * (b + d) * n1 * n2 / (total**2 * (total - 1))))
    fit = pool_peto(ai=a, bi=b, ci=c, di=d)
    expected, expected_variance = log_hazard_ratio_from_logrank(excess, variance)
    assert_allclose(
        [fit.estimate, fit.se**2], [expected, expected_variance], rtol=CLOSED, atol=1e-9
    )


@fewer
@given(tables=st.lists(FULL_TABLE, min_size=2, max_size=4))
def test_swapping_the_arms_inverts_every_ratio(tables):
    a, b, c, d = columns(tables)
    here, there = {"ai": a, "bi": b, "ci": c, "di": d}, {"ai": c, "bi": d, "ci": a, "di": b}
    for method in (pool_mantel_haenszel, pool_peto, pool_firth, pool_exact, pool_beta_binomial):
        fit, swapped = method(**here), method(**there)
        assert_allclose(
            [swapped.estimate, swapped.ci_low, swapped.ci_high],
            [-fit.estimate, -fit.ci_high, -fit.ci_low],
            rtol=ROOT,
            atol=1e-6,
        )
        assert_allclose(swapped.p_value, fit.p_value, rtol=1e-5, atol=1e-9)
    for model in ("UM.FS", "CM.AL", "CM.EL"):
        # the approximation for rare events takes arm 1 and arm 2 alike as well
        fit, swapped = (pool_glmm(**arms, model=model, method="CE") for arms in (here, there))
        assert_allclose(
            [swapped.estimate, swapped.se], [-fit.estimate, fit.se], rtol=ROOT, atol=1e-7
        )


@few
@given(
    tables=st.lists(ANY_TABLE, min_size=1, max_size=5),
    rule=st.sampled_from(sorted(ZERO_CELL_RULES)),
)
@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_each_rule_for_empty_cells_is_the_same_as_adding_by_hand(measure, tables, rule):
    a, b, c, d = cells = np.array(tables, dtype=float).T
    found = effect_size(measure, ai=a, bi=b, ci=c, di=d, add=0.5, to=rule)
    empty = (cells == 0).any(axis=0)
    chosen = {"only0": empty, "all": np.ones_like(empty), "none": np.zeros_like(empty)}
    chosen["if0all"] = np.full_like(empty, empty.any())
    a, b, c, d = cells + 0.5 * chosen[rule]
    assert_allclose(found.corrected, chosen[rule])
    with np.errstate(divide="ignore", invalid="ignore"):
        p1, p2 = a / (a + b), c / (c + d)
        by_hand = {
            "OR": (np.log(a * d) - np.log(b * c), 1 / a + 1 / b + 1 / c + 1 / d),
            "RR": (np.log(p1 / p2), (1 - p1) / a + (1 - p2) / c),
            "RD": (p1 - p2, p1 * (1 - p1) / (a + b) + p2 * (1 - p2) / (c + d)),
        }[measure]
    estimable = np.isfinite(by_hand[0]) & np.isfinite(by_hand[1])
    assert list(found.estimable) == list(estimable)
    assert_allclose(found.yi[estimable], by_hand[0][estimable], rtol=CLOSED, atol=NOTHING)
    assert_allclose(found.vi[estimable], by_hand[1][estimable], rtol=1e-8, atol=NOTHING)


@few
@given(tables=st.lists(ANY_TABLE, min_size=1, max_size=5))
def test_a_table_without_events_in_both_arms_has_no_say_in_a_ratio(tables):
    informative = [t for t in tables if t[0] + t[2] and t[1] + t[3]]
    assume(informative)
    padded = [*informative, (0, 7, 0, 9)]
    for method in (pool_peto, pool_mantel_haenszel):
        fits = []
        for rows in (informative, padded):
            a, b, c, d = columns(rows)
            fits.append(method(ai=a, bi=b, ci=c, di=d))
        plain, with_empty = fits
        assume(plain.se is not None)
        assert_allclose(
            [with_empty.estimate, with_empty.se],
            [plain.estimate, plain.se],
            rtol=CLOSED,
            atol=1e-12,
        )
