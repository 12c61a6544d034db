import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from evidence.errors import NotEstimable
from evidence.synthesis.numerics.quadrature import adaptive_nodes, normal_mode, trapezoidal_nodes

#: The rule stops where the integrand is 1e-12 of its top, and its step leaves about as much.
CONVERGED = 1e-9


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
