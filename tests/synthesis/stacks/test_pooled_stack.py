"""A stack of meta-analyses: the numbers of one fit at a time, for every estimator."""

import os
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from evidence import pool
from evidence.errors import BadInput, EmptySelection, EvidenceError, NotEstimable, UnknownName
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.stacks.pooled_stack import pool_stack

#: The order of the sums differs, and both searches end at machine precision.
SAME = 1e-9
#: Roots of the score found from different starts.
ROOT = 1e-8
PARTS = ("estimate", "se", "tau2", "se_tau2", "s2w", "q", "i2", "h2", "q_p")
ARRAYS = PARTS[:-1]


def stack(k=9, d=24, seed=3, spread=5.0):
    """Columns with and without heterogeneity, and variances that differ by a factor exp(spread)."""
    rng = np.random.default_rng(seed)
    vi = np.exp(rng.uniform(-spread, 0.0, (k, d)))
    return rng.normal(0.2, np.sqrt(vi + np.resize([0.0, 0.02, 0.5], d))), vi


Y, V = stack()


def singles(yi, vi, method):
    """One fit at a time; what is not defined is NaN."""
    test = {"test": "knha"} if yi.size > 1 and np.ptp(yi) > 0 else {"test": "z"}
    found = pool(yi, vi, method=method, policy="metafor", **test)
    wald = pool(yi, vi, method=method, policy="metafor")
    got = {name: getattr(found, name) for name in PARTS} | {"se": wald.se}
    return {name: np.nan if value is None else value for name, value in got.items()}


# --- the same as one at a time -------------------------------------------------------------------


@pytest.mark.parametrize("method", ESTIMATORS)
def test_every_column_equals_the_single_fit(method):
    found = pool_stack(Y, V, method=method)
    for column in range(Y.shape[1]):
        one = singles(Y[:, column], V[:, column], method)
        for name in PARTS:
            assert_allclose(getattr(found, name)[column], one[name], rtol=SAME, err_msg=name)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_columns_may_have_different_lengths(method):
    rng = np.random.default_rng(5)
    mask = rng.random(Y.shape) < 0.4
    mask[rng.integers(0, Y.shape[0], Y.shape[1]), np.arange(Y.shape[1])] = True
    found = pool_stack(np.where(mask, Y, np.nan), np.where(mask, V, -1.0), method=method, mask=mask)
    assert_array_equal(found.k, mask.sum(axis=0))
    for column in np.flatnonzero(found.k > 1):
        one = singles(Y[mask[:, column], column], V[mask[:, column], column], method)
        for name in PARTS:
            assert_allclose(getattr(found, name)[column], one[name], rtol=SAME, err_msg=name)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_no_tau2_has_a_higher_likelihood(method):
    yi, vi = stack(k=4, d=150, seed=8, spread=9.0)
    tau2 = pool_stack(yi, vi, method=method).tau2
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 100.0, 400)])
    weights = 1.0 / (vi[..., None] + grid)

    def height(w):
        mean = np.sum(w * yi[..., None], axis=0) / w.sum(axis=0)
        rss = np.sum(w * (yi[..., None] - mean) ** 2, axis=0)
        value = 0.5 * (np.log(w).sum(axis=0) - rss)
        return value - 0.5 * np.log(w.sum(axis=0)) if method == "REML" else value

    found = height(1.0 / (vi + tau2)[..., None])[:, 0]
    assert np.all(found >= height(weights).max(axis=1) - 1e-9)


@pytest.mark.parametrize(
    ("yi", "vi", "highest"),
    [
        # ML; two maxima each, at 0 and inside (checked on a grid of 2000 values)
        ([-0.4, -1.1, -1.3, 0.6], [0.375, 0.062, 0.077, 0.455], 0.0),
        ([-0.3, 1.6, -0.4, -0.7], [0.004, 0.308, 1.211, 1.603], 0.501283),
    ],
)
def test_the_higher_of_two_maxima_is_taken(yi, vi, highest):
    found = pool_stack(np.array([yi]).T, np.array([vi]).T, method="ML")
    assert_allclose(found.tau2, [highest], rtol=1e-5)
    assert_allclose(found.tau2, pool(yi, vi, method="ML").tau2, rtol=ROOT)


def test_one_study_has_no_heterogeneity_by_convention():
    found = pool_stack([[0.4, 0.1], [9.0, 0.3]], [[0.04, 0.1], [9.0, 0.1]], mask=[[1, 1], [0, 1]])
    assert_allclose([found.estimate[0], found.se[0]], [0.4, 0.2], rtol=SAME)
    assert (found.tau2[0], found.q[0], found.i2[0], found.h2[0], found.q_p[0]) == (0, 0, 0, 1, 1)
    assert np.isnan(found.se_tau2[0])


def test_identical_effects_have_tau2_zero():
    for method in ESTIMATORS:
        found = pool_stack(np.full((3, 2), 0.7), np.full((3, 2), 0.1), method=method)
        assert_allclose(found.estimate, 0.7, rtol=SAME)
        assert_array_equal(found.tau2, 0.0)


def test_a_dominating_study_keeps_the_digits():
    yi, vi = np.array([[0.5], [3.0], [-2.0]]), np.array([[1e-14], [4.0], [5.0]])
    for method in ("DL", "PM", "REML", "ML"):
        one = pool(yi[:, 0], vi[:, 0], method=method, policy="metafor")
        found = pool_stack(yi, vi, method=method)
        assert_allclose([found.tau2[0], found.q[0]], [one.tau2, one.q], rtol=ROOT)


def test_threads_change_nothing_and_chunks_the_last_bits_at_most(monkeypatch):
    whole = pool_stack(Y, V)
    monkeypatch.setattr("evidence.synthesis.stacks.pooled_stack._CHUNK", 30)
    plain = pool_stack(Y, V, workers=1)
    for name in ARRAYS:
        assert_allclose(getattr(plain, name), getattr(whole, name), rtol=SAME)
    for workers in (3, None):
        found = pool_stack(Y, V, workers=workers)
        for name in ARRAYS:
            assert_array_equal(getattr(found, name), getattr(plain, name))


# --- identities ----------------------------------------------------------------------------------

PLACES = st.floats(-5, 5)
COLUMN = st.lists(st.tuples(PLACES, st.floats(1e-4, 1e3)), min_size=2, max_size=7)
METHODS = st.sampled_from([name for name in ESTIMATORS if name != "CE"])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(column=COLUMN, method=METHODS, shift=PLACES, scale=st.floats(1e-3, 1e3))
def test_order_shift_and_unit_change_what_they_should(column, method, shift, scale):
    yi, vi = np.array(column).T[:, :, None]
    plain = pool_stack(yi, vi, method=method)
    size = np.max(np.abs(yi)) + 1.0
    turned = pool_stack(yi[::-1], vi[::-1], method=method)
    assert_allclose(turned.estimate, plain.estimate, rtol=ROOT, atol=1e-9 * size)
    moved = pool_stack(scale * (yi + shift), scale**2 * vi, method=method)
    spread = np.ptp(yi) ** 2 + vi.min()
    assert_allclose(moved.tau2 / scale**2, plain.tau2, rtol=1e-6, atol=1e-9 * spread)
    assert_allclose(moved.q, plain.q, rtol=1e-6, atol=1e-9)
    assert_allclose(moved.se / scale, plain.se, rtol=1e-6)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    columns=st.lists(
        st.lists(
            st.tuples(
                st.floats() | PLACES,
                st.floats() | st.floats(1e-6, 1e6) | st.sampled_from([0.0, 1e-300, 1e300]),
            ),
            min_size=3,
            max_size=3,
        ),
        max_size=4,
    ),
    method=st.sampled_from([*ESTIMATORS, "?"]),
    clean=st.booleans(),
)
def test_any_input_gives_finite_numbers_or_a_refusal(columns, method, clean):
    data = np.array(columns, dtype=float).reshape(-1, 3, 2)
    yi, vi = data[..., 0].T, data[..., 1].T
    mask = None
    if clean:
        mask = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    try:
        found = pool_stack(yi, vi, method=method, mask=mask)
    except EvidenceError:
        return
    for name in ARRAYS:
        if name != "se_tau2":
            assert np.isfinite(getattr(found, name)).all()
    assert np.all(found.tau2 >= 0.0)


# --- results and refusals ------------------------------------------------------------------------


def test_the_result_is_frozen_read_only_and_a_frame():
    found = pool_stack(Y, V)
    with pytest.raises(FrozenInstanceError):
        found.k = 0
    assert not found.tau2.flags.writeable
    frame = found.to_frame()
    assert frame.shape == (Y.shape[1], 11)
    assert (frame["method"] == "REML").all()


def test_all_faults_are_named_with_study_and_meta_analysis():
    yi, vi = Y.copy(), V.copy()
    yi[2, 4], vi[1, 0], vi[3, 3] = np.nan, -1.0, np.inf
    with pytest.raises(BadInput) as refused:
        pool_stack(yi, vi)
    assert refused.value.problems == (
        "study 3 of meta-analysis 5: yi is nan, not finite",
        "study 4 of meta-analysis 4: vi is inf, not finite",
        "study 2 of meta-analysis 1: vi is -1, not above 0",
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0.1, 0.2], [0.1, 0.1]), BadInput, "use pool"),
        (([[0.1]], [[0.1, 0.2]]), BadInput, "lengths differ"),
        (([[0.1], ["x"]], [[0.1], [0.1]]), BadInput, "not a number"),
        ((np.empty((3, 0)), np.empty((3, 0))), EmptySelection, "found nothing"),
    ],
)
def test_what_is_no_stack_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        pool_stack(*arguments)


@pytest.mark.parametrize("mask", [[[1, 0]], [[1], [2]], [["a"], ["b"]], [[np.nan], [1]]])
def test_a_mask_that_is_none_is_refused(mask):
    with pytest.raises(BadInput):
        pool_stack([[0.1], [0.2]], [[0.1], [0.1]], mask=mask)


def test_an_empty_column_is_refused_and_named():
    with pytest.raises(EmptySelection, match="the first is column 2"):
        pool_stack([[0.1, 0.2]], [[0.1, 0.1]], mask=[[True, False]])


def test_numbers_beyond_double_precision_are_refused():
    with pytest.raises(NotEstimable, match="double precision"):
        pool_stack([[1.0], [2.0], [3.0]], [[1e-300], [1e-300], [1e-320]])


def test_an_unknown_estimator_is_refused():
    with pytest.raises(UnknownName, match="estimator"):
        pool_stack(Y, V, method="DLL")


def test_more_processors_than_chunks_are_fine(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert pool_stack(Y, V).k.size == Y.shape[1]
