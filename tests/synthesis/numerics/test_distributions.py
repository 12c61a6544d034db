import pytest
from numpy.testing import assert_allclose

from evidence.errors import BadInput
from evidence.synthesis.numerics.distributions import (
    check_level,
    chi_squared_quantile,
    critical_value,
    two_sided_p,
)

#: Quantiles of R 4.2.2 and scipy differ in their last bits.
QUANTILE = 1e-12


def test_quantiles_and_tails_equal_those_of_r():
    assert_allclose(critical_value(0.95, None), 1.9599639845400536, rtol=QUANTILE)
    assert_allclose(critical_value(0.95, 12), 2.1788128296672284, rtol=QUANTILE)
    assert_allclose(critical_value(0.99, 2), 9.9248432009182892, rtol=QUANTILE)
    assert_allclose(chi_squared_quantile(0.025, 12), 23.336664158645334, rtol=QUANTILE)
    assert_allclose(two_sided_p(40, 12), 3.8512295808720369e-14, rtol=1e-10, atol=0)
    assert_allclose(two_sided_p(-1e4, 50), 3.3460198705662692e-159, rtol=1e-10, atol=0)
    assert_allclose(two_sided_p(37, None), 1.1451142445049154e-299, rtol=1e-9, atol=0)


@pytest.mark.parametrize("level", [95, 0, 1, -0.5, "high", None, float("nan")])
def test_a_level_that_is_no_proportion_is_refused(level):
    with pytest.raises(BadInput, match=r"such as 0\.95"):
        check_level(level)
