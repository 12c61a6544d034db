import numpy as np
from numpy.testing import assert_allclose

from evidence.synthesis.numerics.weighted_least_squares import fit_weighted, sum_of_others

#: Closed forms; only the order of the sums differs.
CLOSED_FORM = 1e-12

Y = np.array([0.3, -0.2, 0.5, 0.1, 0.9])
W = np.array([2.0, 5.0, 1.0, 4.0, 3.0])
X = np.column_stack([np.ones(5), [1.0, 4.0, 2.0, 8.0, 5.0]])


def projection(weights, design):
    w = np.diag(weights)
    return w - w @ design @ np.linalg.inv(design.T @ w @ design) @ design.T @ w


def test_traces_are_those_of_the_projection_matrix():
    a, b = np.arange(1.0, 6.0), np.array([0.5, 0.1, 2.0, 1.0, 3.0])
    for design in (None, X):
        p = projection(W, np.ones((5, 1)) if design is None else design)
        fit = fit_weighted(Y, W, design)
        assert_allclose(fit.trace_p, np.trace(p), rtol=CLOSED_FORM)
        assert_allclose(fit.trace_pp(), np.trace(p @ p), rtol=CLOSED_FORM)
        expected = np.trace(p @ np.diag(a) @ p @ np.diag(b))
        assert_allclose(fit.trace_pp(a, b), expected, rtol=CLOSED_FORM)
        assert_allclose(fit.rss, Y @ p @ Y, rtol=CLOSED_FORM)


def test_a_constant_design_is_the_weighted_mean():
    mean, ones = fit_weighted(Y, W, None), fit_weighted(Y, W, np.ones((5, 1)))
    assert_allclose(mean.coefficients, ones.coefficients, rtol=CLOSED_FORM)
    assert_allclose(mean.residuals, ones.residuals, atol=CLOSED_FORM)
    assert_allclose(mean.remainder, ones.remainder, rtol=CLOSED_FORM)


def test_a_stack_of_weights_is_a_loop():
    stack = np.stack([W, 1 / W, W**2])
    for design in (None, X):
        fits = fit_weighted(Y, stack, design)
        for row, weights in enumerate(stack):
            one = fit_weighted(Y, weights, design)
            assert_allclose(fits.rss[row], one.rss, rtol=CLOSED_FORM)
            assert_allclose(fits.trace_p[row], one.trace_p, rtol=CLOSED_FORM)
            assert_allclose(fits.coefficients[row], one.coefficients, rtol=CLOSED_FORM)


def test_a_dominating_study_keeps_the_digits_of_the_others():
    fit = fit_weighted(np.array([1.0, 2.0, 4.0]), np.array([1e30, 1.0, 1.0]), None)
    assert_allclose(fit.rss, 10.0, rtol=CLOSED_FORM)
    assert_allclose(fit.trace_p, 4.0, rtol=CLOSED_FORM)
    assert_allclose(fit.trace_pp(), 10.0, rtol=CLOSED_FORM)


def test_sum_of_others_is_not_a_difference_for_the_largest():
    assert_allclose(sum_of_others(np.array([1e20, 1.0, 2.0])), [3.0, 1e20, 1e20])
