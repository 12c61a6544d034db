import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from evidence.errors import NotEstimable
from evidence.synthesis.inputs.event_counts import read_counts
from evidence.synthesis.numerics.hypergeometric import NoncentralHypergeometric
from evidence.synthesis.numerics.newton import Total, maximise
from evidence.synthesis.numerics.quadrature import adaptive_nodes, normal_mode, trapezoidal_nodes
from evidence.synthesis.rare_events.count_likelihood import conditional_exact, unconditional
from evidence.synthesis.rare_events.gauss_hermite_likelihood import (
    gauss_hermite_effect,
    gauss_hermite_level_and_effect,
)
from evidence.synthesis.rare_events.marginal_likelihood import (
    random_effect,
    random_level_and_effect,
)

#: The rule stops where the integrand is 1e-12 of its top, and its step leaves about as much.
CONVERGED = 1e-9
TABLES = {"ai": [0, 3, 7], "n1i": [30, 41, 25], "ci": [3, 5, 2], "n2i": [28, 40, 30]}


def counts():
    return read_counts("x", "OR", TABLES, None, measures=("OR",))


def poisson(x, scale):
    """Log likelihood of a count by its scaled standard normal effect, with derivatives."""

    def loglik(u):
        mean = np.exp(np.minimum(scale * u, 300.0))
        return x * scale * u - mean, scale * (x - mean), -(scale**2) * mean

    return loglik


@pytest.mark.parametrize("scale", [0.0, 0.1, 1.0, 5.0])
@pytest.mark.parametrize("x", [0, 3, 2000])
def test_the_integral_over_a_count_does_not_depend_on_the_step(x, scale):
    loglik = poisson(x, scale)
    grid = np.linspace(-12, 90, 400_001)
    logs = loglik(grid)[0] + stats.norm.logpdf(grid)
    fine = logs.max() + math.log(np.exp(logs - logs.max()).sum() * (grid[1] - grid[0]))
    u, weights = trapezoidal_nodes(loglik, (1,), scale)
    logs = loglik(u)[0] + weights
    assert_allclose(np.logaddexp.reduce(logs, axis=-1), fine, rtol=CONVERGED, atol=CONVERGED)


def test_the_mode_of_a_steep_likelihood_is_found():
    for x, scale in ((0, 9.0), (10**7, 3.0), (5, 1e-6)):
        u, precision = normal_mode(poisson(x, scale), (1,))
        _, slope, bend = poisson(x, scale)(u)
        assert_allclose(slope, u, rtol=1e-6, atol=1e-9)
        assert_allclose(precision, 1 - bend)


def test_gauss_hermite_is_exact_for_a_normal_likelihood():
    def loglik(u):
        return -((u - 1) ** 2) / 0.5, -(u - 1) / 0.25, np.full_like(u, -4.0)

    for count in (1, 5):
        u, weights = adaptive_nodes(loglik, (1,), count)
        total = np.exp(loglik(u)[0] + weights).sum()
        expected = math.sqrt(2 * math.pi * 0.25) * stats.norm.pdf(1, 0, math.sqrt(1.25))
        assert_allclose(total, expected, rtol=1e-12)


def test_an_integral_that_needs_too_many_nodes_is_refused():
    with pytest.raises(NotEstimable, match="nodes"):
        trapezoidal_nodes(lambda u: (0 * u, 0 * u, 0 * u), (1,), 1e4)


@pytest.mark.parametrize(
    ("likelihood", "points"),
    [
        (random_effect(unconditional(counts())), [-1.0, 0.3, 0.8]),
        (random_effect(conditional_exact(counts())), [0.0, 0.3, 0.8]),
        (random_level_and_effect(unconditional(counts())), [-1.0, 0.3, 0.8, 0.5]),
    ],
)
def test_analytic_derivatives_are_those_of_differences(likelihood, points):
    k, step = 3, 1e-4
    at = np.tile(points, (k, 1))
    found = likelihood(at)
    for place in range(len(points)):
        move = step * (np.arange(len(points)) == place)
        up, down = likelihood(at + move), likelihood(at - move)
        assert_allclose(
            found.gradient[:, place], (up.value - down.value) / (2 * step), rtol=1e-6, atol=1e-8
        )
        assert_allclose(
            found.hessian[:, place],
            (up.gradient - down.gradient) / (2 * step),
            rtol=1e-5,
            atol=1e-7,
        )


@pytest.mark.parametrize("tau", [0.3, 1.2])
def test_differences_of_a_rule_with_many_nodes_are_the_analytic_derivatives(tau):
    for rule, exact, point in (
        (
            gauss_hermite_effect(unconditional(counts()), 41),
            random_effect(unconditional(counts())),
            [-1.0, 0.3, tau],
        ),
        (
            gauss_hermite_level_and_effect(unconditional(counts()), 25),
            random_level_and_effect(unconditional(counts())),
            [-1.0, 0.3, tau, 0.5],
        ),
    ):
        at = np.tile(point, (3, 1))
        one, other = rule(at), exact(at)
        assert_allclose(one.value, other.value, rtol=1e-8)
        assert_allclose(one.gradient, other.gradient, rtol=1e-5, atol=1e-7)
        assert_allclose(one.hessian, other.hessian, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("make", [unconditional, conditional_exact])
def test_the_gradient_of_a_rule_follows_its_moving_nodes(make, count):
    likelihood = gauss_hermite_effect(make(counts()), count)
    at, step = np.tile([-1.0, 0.3, 1.5], (3, 1)), 1e-4
    found = likelihood(at)
    for place in range(3):
        move = step * (np.arange(3) == place)
        up, down = likelihood(at + move), likelihood(at - move)
        slope = (up.value - down.value) / (2 * step)
        assert_allclose(found.gradient[:, place], slope, rtol=1e-6, atol=1e-8)
        bend = (up.gradient - down.gradient) / (2 * step)
        assert_allclose(found.hessian[:, place], bend, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("t", [-30.0, -2.0, 0.0, 0.7, 40.0])
def test_cumulants_are_those_of_scipys_noncentral_hypergeometric(t):
    n1, n2, m = np.array([12.0, 400.0]), np.array([9.0, 300.0]), np.array([15.0, 60.0])
    distribution = NoncentralHypergeometric(n1, n2, m)
    _, mean, variance = distribution.cumulants(np.full(2, t))
    third = distribution.third_cumulant(np.full(2, t))
    for i in range(2):
        x = np.arange(max(0, m[i] - n2[i]), min(n1[i], m[i]) + 1)
        logs = stats.hypergeom.logpmf(x, n1[i] + n2[i], n1[i], m[i]) + t * x
        p = np.exp(logs - logs.max())
        p /= p.sum()
        assert_allclose(mean[i], p @ x, rtol=1e-11)
        assert_allclose(variance[i], p @ (x - p @ x) ** 2, rtol=1e-9)
        assert_allclose(third[i], p @ (x - p @ x) ** 3, rtol=1e-8, atol=1e-14)


def test_the_search_leaves_a_saddle_point():
    def objective(point):
        x, y = point
        gradient = np.array([-2 * x, y - y**3])
        hessian = np.array([[-2.0, 0.0], [0.0, 1 - 3 * y**2]])
        return Total(float(-(x**2) + y**2 / 2 - y**4 / 4), gradient, hessian)

    found = maximise(objective, np.array([1.0, 0.0]), np.array([True, True]), rounding=1e-12)
    assert_allclose(np.abs(found.point), [0.0, 1.0], atol=1e-8)


def test_a_search_without_a_maximum_is_refused():
    def objective(point):
        rise = math.atan(point[0])
        slope = 1 / (1 + point[0] ** 2)
        return Total(rise, np.array([slope]), np.array([[-2 * point[0] * slope**2]]))

    with pytest.raises(NotEstimable, match="without bound"):
        maximise(objective, np.array([1.0]), np.array([True]), rounding=1e-12)
