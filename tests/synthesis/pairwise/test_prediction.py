import pytest
from numpy.testing import assert_allclose

from evidence.errors import UnknownName
from evidence.synthesis.pairwise.prediction import predict_interval, prediction_definition

#: Quantiles of R 4.2.2 and scipy differ in their last bits.
QUANTILE = 1e-12


def interval(definition, *, k=13, test_df=None):
    return predict_interval(
        0.5, 0.3, 0.16, definition=definition, residual_df=k - 1, test_df=test_df, level=0.95
    )


def test_half_width_is_the_quantile_times_the_root_of_both_variances():
    # R 4.2.2: qnorm(.975), qt(.975, 12), qt(.975, 11)
    quantiles = {
        "normal": 1.9599639845400536,
        "t-k-1": 2.1788128296672284,
        "t-k-2": 2.2009851600916388,
    }
    for definition, quantile in quantiles.items():
        found = interval(definition)
        assert_allclose((found.high - found.low) / 2, quantile * 0.5, rtol=QUANTILE)
        assert_allclose((found.high + found.low) / 2, 0.5, rtol=QUANTILE)
        assert found.definition == definition


def test_metafor_default_follows_the_test():
    assert interval("metafor-default").df is None
    assert interval("metafor-default", test_df=12).df == 12


def test_two_studies_leave_no_degree_of_freedom_for_k_minus_2():
    assert interval("t-k-2", k=2) is None
    assert interval("t-k-1", k=2).df == 1


def test_aliases_and_unknown_names():
    assert [prediction_definition(name) for name in ("HTS", "riley", "V", "none")] == [
        "t-k-2",
        "t-k-2",
        "t-k-1",
        "none",
    ]
    with pytest.raises(UnknownName, match="no prediction interval 'bootstrap'"):
        prediction_definition("bootstrap")
