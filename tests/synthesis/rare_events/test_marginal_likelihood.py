import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence.synthesis.inputs import read_counts
from evidence.synthesis.rare_events.count_likelihood import conditional_exact, unconditional
from evidence.synthesis.rare_events.gauss_hermite_likelihood import (
    gauss_hermite_effect,
    gauss_hermite_level_and_effect,
)
from evidence.synthesis.rare_events.marginal_likelihood import (
    random_effect,
    random_level_and_effect,
)

TABLES = {"ai": [0, 3, 7], "n1i": [30, 41, 25], "ci": [3, 5, 2], "n2i": [28, 40, 30]}


def counts():
    return read_counts("x", "OR", TABLES, None, measures=("OR",))


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
