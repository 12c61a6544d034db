import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from evidence.synthesis.numerics.hypergeometric import NoncentralHypergeometric, expected_events


def test_expected_events_give_the_odds_ratio_of_the_margins():
    n1, n2, m = np.array([12.0, 5.0, 30.0]), np.array([13.0, 8.0, 2.0]), np.array([6.0, 11.0, 9.0])
    for odds_ratio in (1e-6, 0.3, 1.0, 4.0, 1e6):
        x = expected_events(n1, n2, m, odds_ratio)
        assert_allclose(x * (n2 - m + x), odds_ratio * (n1 - x) * (m - x), rtol=1e-7)
        low, high = np.maximum(0, m - n2), np.minimum(n1, m)
        assert np.all((x >= low) & (x <= high))


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
