"""Boundaries of repeated looks: references, what they spend, and what cannot be."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from evidence.errors import BadInput, UnknownName
from evidence.synthesis.numerics import exit_probabilities
from evidence.synthesis.sequential.spending import (
    CODES,
    SPENDING,
    efficacy_boundaries,
    error_spent,
    futility_boundaries,
)

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "group_sequential.json").read_text("utf-8")
)
#: rpact integrates on a fixed grid and stops its search at 1e-10 of the error.
RPACT = {2: 1e-7, 1: 1e-5}
#: Its futility boundaries follow from a search for the shift that stops at 1e-6.
RPACT_FUTILITY = 2e-6
#: Miwa's algorithm with 4096 steps.
MIWA = 1e-10
#: Our own integrals, held to themselves and to adaptive quadrature.
INTEGRAL = 1e-12
NAMES = {"asOF": "obrien-fleming", "asP": "pocock"}
UNEVEN = [0.17, 0.31, 0.36, 0.74, 1.0]


@pytest.mark.parametrize("case", REFERENCE["alpha"], ids=str)
def test_efficacy_boundaries_match_rpact(case):
    found = efficacy_boundaries(
        case["times"], alpha=case["alpha"], sides=case["sides"], spending=NAMES[case["spending"]]
    )
    assert_allclose(found.z, case["z"], atol=RPACT[case["sides"]])
    assert set(found.codes) == {"spending"}


@pytest.mark.parametrize(
    "printed",
    [
        [2.963, 1.969],
        [3.710, 2.511, 1.993],
        [4.333, 2.963, 2.359, 2.014],
        [4.877, 3.357, 2.680, 2.290, 2.031],
    ],
    ids=len,
)
def test_two_sided_boundaries_match_printed_tables(printed):
    """Tables of the Lan-DeMets O'Brien-Fleming type as ldbounds and gsDesign print them."""
    looks = len(printed)
    found = efficacy_boundaries([(i + 1) / looks for i in range(looks)])
    assert_allclose(found.z, printed, atol=6e-4)


@pytest.mark.parametrize("case", REFERENCE["futility"], ids=lambda case: len(case["times"]))
def test_futility_boundaries_match_rpact(case):
    efficacy = efficacy_boundaries(case["times"], alpha=case["alpha"])
    found = futility_boundaries(efficacy, beta=case["beta"], drift=case["drift"])
    expected = [None if z == "NA" else z for z in case["futility"]]
    assert [z is None for z in found.z[:-1]] == [z is None for z in expected]
    pairs = [(z, e) for z, e in zip(found.z[:-1], expected, strict=True) if e is not None]
    assert_allclose(*zip(*pairs, strict=True), atol=RPACT_FUTILITY)
    # with the drift that has the power for these looks, the two boundaries meet at the last one
    assert_allclose(found.z[-1], efficacy.z[-1], atol=RPACT_FUTILITY)


@pytest.mark.parametrize("case", REFERENCE["crossing"], ids=lambda case: case["drift"])
def test_exit_probabilities_match_the_multivariate_normal_distribution(case):
    found = exit_probabilities(case["times"], case["bounds"], drift=case["drift"])
    assert_allclose(1 - np.cumsum(found.sum(axis=1)), case["going"], atol=MIWA)


def test_two_looks_agree_with_adaptive_quadrature():
    first, second = efficacy_boundaries([0.4, 1.0], alpha=0.05).z

    def crossing(z):
        gap = (second - z * np.sqrt(0.4)) / np.sqrt(0.6)
        return stats.norm.pdf(z) * stats.norm.sf(gap)

    late, _ = integrate.quad(crossing, -first, first, epsabs=1e-14)
    assert_allclose(stats.norm.sf(first) + late, 0.025, atol=INTEGRAL)


@pytest.mark.parametrize("spending", SPENDING)
@pytest.mark.parametrize("sides", [1, 2])
def test_boundaries_spend_what_the_spending_function_says(spending, sides):
    times = [0.2, 0.201, 0.5, 0.9, 1.0]
    found = efficacy_boundaries(times, alpha=0.03 * sides, sides=sides, spending=spending)
    assert_allclose(found.spent, sides * error_spent(times, 0.03, spending), rtol=INTEGRAL)
    if sides == 2:
        left = exit_probabilities(times, found.z)
        assert_allclose(np.cumsum(left[:, 0]), error_spent(times, 0.03, spending), atol=INTEGRAL)
        assert_allclose(left[:, 0], left[:, 1], atol=INTEGRAL)


def test_futility_spends_beta_and_leaves_efficacy_alone():
    efficacy = efficacy_boundaries(UNEVEN)
    found = futility_boundaries(efficacy, beta=0.2, drift=2.8)
    left = exit_probabilities(UNEVEN, efficacy.z, found.z, drift=2.8)
    opened = [i for i, z in enumerate(found.z) if z is not None]
    assert found.codes[0] == "below-zero"
    assert_allclose(np.cumsum(left[:, 2])[opened], error_spent(UNEVEN, 0.2)[opened], atol=INTEGRAL)
    without = exit_probabilities(UNEVEN, efficacy.z)
    assert_allclose(without[:, :2].sum(), 0.05, atol=INTEGRAL)


def test_one_look_is_the_ordinary_test():
    found = efficacy_boundaries([1.0])
    assert_allclose(found.z, [stats.norm.isf(0.025)], rtol=1e-12)
    region = futility_boundaries(found, beta=0.2, drift=stats.norm.isf(0.025) + stats.norm.isf(0.2))
    assert region.z[0] == pytest.approx(found.z[0], abs=1e-4)
    assert region.z[0] <= found.z[0]


def test_looks_with_hardly_any_information_have_no_boundary():
    found = efficacy_boundaries([1e-6, 0.05, 0.5, 0.5 + 1e-7, 1.0])
    assert found.z[:2] == (None, None)
    assert found.codes == ("infinite", "infinite", "spending", "no-step", "spending")
    assert_allclose([found.z[2], found.z[4]], efficacy_boundaries([0.5, 1.0]).z, rtol=1e-12)
    assert set(found.codes) <= set(CODES)


def test_the_first_look_beyond_the_required_information_spends_the_rest():
    found = efficacy_boundaries([0.5, 1.4, 2.0])
    assert found.z[2] is None
    assert found.codes[2] == "spent"
    assert found.spent[1] == pytest.approx(0.05)
    # more information at the last look makes it less correlated with the first one
    assert found.z[1] > efficacy_boundaries([0.5, 1.0]).z[1]
    assert_allclose(exit_probabilities([0.5, 1.4], found.z[:2]).sum(), 0.05, atol=INTEGRAL)


def test_one_more_look_raises_the_last_boundary():
    few = efficacy_boundaries([0.5, 1.0]).z[-1]
    many = efficacy_boundaries([0.3, 0.5, 0.8, 1.0]).z[-1]
    assert stats.norm.isf(0.025) < few < many


@pytest.mark.parametrize(
    ("times", "options", "words"),
    [
        ([], {}, "no look"),
        ([0.5, 0.3], {}, "fall"),
        ([0.0, 1.0], {}, "above 0"),
        ([0.5, float("nan")], {}, "above 0"),
        ([0.5, 1.0], {"alpha": 0.0}, "alpha is 0"),
        ([0.5, 1.0], {"alpha": 5.0}, "such as 0.05"),
        ([0.5, 1.0], {"sides": 3}, "1 or 2"),
    ],
)
def test_nonsense_is_refused(times, options, words):
    with pytest.raises(BadInput, match=words):
        efficacy_boundaries(times, **options)


def test_unknown_spending_function_and_drift_are_refused():
    with pytest.raises(UnknownName, match="obrien-fleming"):
        efficacy_boundaries([0.5, 1.0], spending="obrien")
    efficacy = efficacy_boundaries([0.5, 1.0])
    with pytest.raises(BadInput, match="above 0"):
        futility_boundaries(efficacy, beta=0.2, drift=0.0)
