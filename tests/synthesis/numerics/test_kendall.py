from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from evidence.synthesis.numerics.kendall import kendall_test

#: The same formulas; powers and square roots differ in their last bits.
SAME = 1e-9


def test_the_exact_distribution_of_kendall_is_that_of_all_permutations():
    x = np.arange(5.0)
    scores = [kendall_test("k", x, np.array(p), exact=True, decisions=()) for p in permutations(x)]
    for one in scores[::17]:
        share = np.mean([abs(other.score) >= abs(one.score) for other in scores])
        assert_allclose(one.p_value, share, rtol=SAME)


@pytest.mark.parametrize("ties", [False, True])
def test_kendall_equals_scipy(ties):
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(2, 14))
    y = y + x
    if ties:
        x, y = np.round(x), np.round(y, 0)
    found = kendall_test("k", x, y, exact=None, decisions=())
    kind = "asymptotic" if ties else "exact"
    expected = stats.kendalltau(x, y, method=kind)
    assert (found.ties, found.exact) == (ties, not ties)
    assert_allclose([found.tau, found.p_value], [expected.statistic, expected.pvalue], rtol=SAME)
