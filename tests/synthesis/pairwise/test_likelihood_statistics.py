import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from evidence.errors import BadInput, NotEstimable, TooFewStudies
from evidence.synthesis.pairwise.likelihood_statistics import (
    fit_statistics,
    profile_likelihood_interval,
)
from evidence.synthesis.pairwise.pooling import pool

Y = np.array([0.1, 0.7, -0.3, 0.9, 0.4, 0.2])
V = np.array([0.04, 0.03, 0.05, 0.06, 0.02, 0.10])


def height(yi, vi, tau2, *, restricted):
    """Log likelihood of tau2 at its best mean; restricted, with the mean integrated out."""
    weights = 1 / (vi + tau2)
    mean = np.average(yi, weights=weights)
    found = stats.norm.logpdf(yi, mean, weights**-0.5).sum()
    return found - np.log(weights.sum()) / 2 if restricted else found


def test_the_ordinary_likelihood_is_a_product_of_normal_densities():
    fit = pool(Y, V, method="ML")
    expected = stats.norm.logpdf(Y, fit.estimate, np.sqrt(V + fit.tau2)).sum()
    found = fit_statistics(fit)
    assert_allclose(found.log_likelihood, expected, rtol=1e-12)
    assert_allclose([found.aic, found.bic], [4 - 2 * expected, 2 * np.log(6) - 2 * expected])
    assert (found.parameters, found.restricted) == (2, False)


def test_the_restricted_likelihood_integrates_the_mean_out():
    fit = pool(Y, V, method="REML")
    grid = np.linspace(-6, 6, 20001)
    densities = stats.norm.pdf(Y[:, None], grid, np.sqrt(V + fit.tau2)[:, None]).prod(axis=0)
    integral = np.sum(densities) * (grid[1] - grid[0])
    # metafor adds log|X'X| / 2, here log(k) / 2
    expected = np.log(integral) + 0.5 * np.log(6)
    assert_allclose(fit_statistics(fit).log_likelihood, expected, rtol=1e-9)


def test_a_common_effect_has_one_parameter_and_deviance_q():
    fit = pool(Y, V, policy="common")
    found = fit_statistics(fit)
    assert found.parameters == 1
    assert_allclose(found.deviance, fit.q, rtol=1e-10)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_the_bounds_lie_half_a_quantile_below_the_peak(method):
    fit = pool(10 * Y, V, method=method)
    found = profile_likelihood_interval(fit)
    low, peak, high = (
        height(fit.yi, fit.vi, tau2, restricted=method == "REML")
        for tau2 in (found.low, fit.tau2, found.high)
    )
    drop = stats.chi2.ppf(0.95, 1) / 2
    assert_allclose([low, high], peak - drop, rtol=1e-12)
    assert found.low < fit.tau2 < found.high
    wider = profile_likelihood_interval(fit, 0.99)
    assert wider.low < found.low
    assert wider.high > found.high


def test_a_lower_bound_at_zero():
    fit = pool([0.1, 0.11, 0.3], [0.1, 0.1, 0.1])
    assert profile_likelihood_interval(fit).low == 0.0


def test_other_estimators_have_no_peak():
    with pytest.raises(NotEstimable, match="REML or ML"):
        profile_likelihood_interval(pool(Y, V, method="DL"))


def test_one_study_has_no_likelihood_of_tau2():
    one = pool([0.1], [0.1])
    with pytest.raises(TooFewStudies, match="found 1"):
        fit_statistics(one)
    with pytest.raises(TooFewStudies, match="found 1"):
        profile_likelihood_interval(one)


def test_a_level_above_one_is_refused():
    with pytest.raises(BadInput, match=r"0\.95"):
        profile_likelihood_interval(pool(Y, V), 95)
