import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence import pool
from evidence.errors import BadInput, NotEstimable, TooFewStudies
from evidence.synthesis.permutation.sign_test import permutation_test

YI = np.array([0.10, 0.50, -0.20, 0.90, 0.30])
VI = np.array([0.04, 0.05, 0.02, 0.10, 0.03])
#: The same closed forms or solved equations, in another order of operations.
ROUNDING = 1e-8
CASES = [("CE", "z"), ("DL", "z"), ("REML", "knha"), ("PM", "t"), ("ML", "adhoc")]


def fitted(yi=YI, vi=VI, method="REML", test="z"):
    return pool(yi, vi, policy="metafor", method=method, test=test)


@pytest.mark.parametrize(("method", "test"), CASES)
def test_exact_p_is_the_share_of_all_refitted_sign_patterns(method, test):
    fit = fitted(method=method, test=test)
    sizes = [
        abs(fitted(np.array(signs) * YI, method=method, test=test).statistic)
        for signs in itertools.product([1.0, -1.0], repeat=5)
    ]
    found = permutation_test(fit)
    share = np.mean(np.array(sizes) >= abs(fit.statistic) * (1 - ROUNDING))
    assert_allclose(found.p_value, share, rtol=1e-12)
    assert_allclose(found.statistic, fit.statistic, rtol=ROUNDING)
    assert (found.exact, found.patterns, found.smallest_p) == (True, 32, 1 / 16)


def test_effects_on_one_side_with_equal_variances_give_the_smallest_p():
    for k in (2, 5, 9):
        found = permutation_test(fitted(0.2 + 0.1 * np.arange(k), np.full(k, 0.05), "CE"))
        assert found.p_value == found.smallest_p == 2.0 ** (1 - k)


def test_p_does_not_depend_on_sign_order_or_unit():
    found = permutation_test(fitted(method="DL"))
    for yi, vi in ((-YI, VI), (YI[::-1], VI[::-1]), (7 * YI, 49 * VI)):
        assert permutation_test(fitted(yi, vi, "DL")).p_value == found.p_value


def test_draws_come_near_the_exact_p_and_follow_the_seed():
    yi, vi = np.tile(YI, 2) + 0.01 * np.arange(10), np.tile(VI, 2)
    fit = fitted(yi, vi, "DL")
    exact = permutation_test(fit)
    drawn = permutation_test(fit, draws=1000, rng=np.random.default_rng(7))
    again = permutation_test(fit, draws=1000, rng=np.random.default_rng(7))
    assert not drawn.exact
    assert drawn == again
    assert drawn.patterns == 1001
    # four binomial standard errors
    tolerance = 4 * math.sqrt(exact.p_value * (1 - exact.p_value) / 1000) + 1 / 1001
    assert abs(drawn.p_value - exact.p_value) < tolerance


def test_the_observed_pattern_is_one_of_the_draws():
    fit = fitted(1.0 + 0.01 * np.arange(30), np.full(30, 0.01), "CE")
    drawn = permutation_test(fit, draws=199, rng=np.random.default_rng(1))
    assert drawn.p_value == drawn.smallest_p == 1 / 200


def test_enough_draws_mean_all_patterns():
    assert permutation_test(fitted(), draws=32) == permutation_test(fitted())


def test_equal_effects_behind_a_flip_count_as_far_without_a_warning():
    fit = fitted([0.3, -0.3, 0.3], [0.1, 0.1, 0.1], "DL", "knha")
    assert permutation_test(fit).p_value == 1.0


def test_nonsense_is_refused():
    with pytest.raises(TooFewStudies, match="found 1"):
        permutation_test(pool([0.1], [0.1]))
    with pytest.raises(NotEstimable, match="all effects are 0"):
        permutation_test(fitted([0.0, 0.0], [0.1, 0.2]))
    with pytest.raises(BadInput, match="pool"):
        permutation_test(YI)
    many = fitted(np.arange(1.0, 18.0), np.ones(17))
    with pytest.raises(BadInput, match="draws="):
        permutation_test(many)
    with pytest.raises(BadInput, match="rng"):
        permutation_test(many, draws=99)
    for draws in (0, 1.5, True):
        with pytest.raises(BadInput, match="1 or more"):
            permutation_test(many, draws=draws, rng=np.random.default_rng(1))
