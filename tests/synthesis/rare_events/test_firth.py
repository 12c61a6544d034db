import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, stats

from evidence.errors import BadInput, NotEstimable, UnknownName
from evidence.synthesis.rare_events.firth import MOST_TERMS, pool_firth

#: A general optimiser of the same penalised likelihood.
OPTIMUM = 1e-5
TABLES = {
    "ai": [0, 1, 2, 0],
    "n1i": [116, 44, 208, 118],
    "ci": [3, 3, 9, 0],
    "n2i": [117, 35, 195, 105],
}


def penalised(point, x, n, rates=False):
    """Minus the penalised log likelihood, with the information written out."""
    codes = np.array([0.5, -0.5])
    eta = point[1:, None] + point[0] * codes
    if rates:
        weight = n * np.exp(eta)
        value = np.sum(x * eta - weight)
    else:
        p = 1 / (1 + np.exp(-eta))
        weight = n * p * (1 - p)
        value = np.sum(x * eta - n * np.logaddexp(0, eta))
    information = np.diag(np.concatenate([[np.sum(weight) / 4], weight.sum(axis=1)]))
    information[0, 1:] = information[1:, 0] = weight @ codes
    return -(value + 0.5 * np.linalg.slogdet(information)[1])


def arrays(columns):
    first, second, third, fourth = (np.asarray(v, dtype=float) for v in columns.values())
    return np.stack([first, third], axis=1), np.stack([second, fourth], axis=1)


@pytest.mark.parametrize("measure", ["OR", "IRR"])
def test_estimate_and_limits_are_those_of_the_penalised_likelihood(measure):
    rates = measure == "IRR"
    names = ("x1i", "t1i", "x2i", "t2i")
    columns = dict(zip(names, TABLES.values(), strict=True)) if rates else TABLES
    found = pool_firth(**columns, measure=measure)
    x, n = arrays(columns)
    start = np.concatenate([[0.0], np.full(len(x), -3.0)])
    best = optimize.minimize(penalised, start, (x, n, rates), method="BFGS", options={"gtol": 1e-8})
    assert_allclose(found.estimate, best.x[0], rtol=OPTIMUM)
    assert_allclose(found.log_likelihood, -best.fun, rtol=1e-9)
    for theta, drop in (
        (found.ci_low, stats.chi2.isf(0.05, 1)),
        (found.ci_high, stats.chi2.isf(0.05, 1)),
        (0.0, found.statistic),
    ):
        fixed = optimize.minimize(
            lambda levels, theta=theta: penalised(np.concatenate([[theta], levels]), x, n, rates),
            best.x[1:],
            method="BFGS",
            options={"gtol": 1e-8},
        )
        assert_allclose(2 * (fixed.fun - best.fun), drop, rtol=OPTIMUM)


def test_a_single_arm_pair_is_half_an_event_in_each_cell():
    # Jeffreys' prior adds 1/2 to every cell of a saturated 2x2 table
    found = pool_firth(ai=[0], n1i=[20], ci=[4], n2i=[25])
    assert_allclose(found.estimate, math.log(0.5 / 20.5 / (4.5 / 21.5)), rtol=1e-8)


def test_swapping_the_arms_turns_the_sign():
    one = pool_firth(**TABLES)
    other = pool_firth(
        ai=TABLES["ci"], n1i=TABLES["n2i"], ci=TABLES["ai"], n2i=TABLES["n1i"], measure="OR"
    )
    assert_allclose(other.estimate, -one.estimate, rtol=1e-7)
    assert_allclose([other.ci_low, other.ci_high], [-one.ci_high, -one.ci_low], rtol=1e-7)


def test_an_arm_without_events_has_a_finite_estimate():
    found = pool_firth(ai=[0, 0, 0], n1i=[100, 120, 90], ci=[1, 2, 0], n2i=[100, 120, 90])
    assert found.ci_low < found.estimate < 0 < found.ci_high
    assert found.k == 3


def test_nonsense_is_refused():
    with pytest.raises(UnknownName):
        pool_firth(**TABLES, measure="RR")
    with pytest.raises(BadInput, match="whole number"):
        pool_firth(ai=[0.5], n1i=[9], ci=[1], n2i=[9])


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 9), st.integers(0, 90), st.integers(0, 9), st.integers(0, 90)
        ).filter(lambda row: row[0] + row[1] > 0 and row[2] + row[3] > 0),
        min_size=1,
        max_size=5,
    ),
    measure=st.sampled_from(["OR", "IRR"]),
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_any_counts_have_a_finite_estimate_inside_its_interval(rows, measure):
    a, b, c, d = np.array(rows).T
    columns = {"ai": a, "bi": b, "ci": c, "di": d}
    if measure == "IRR":
        columns = {"x1i": a, "t1i": a + b + 0.5, "x2i": c, "t2i": c + d + 0.5}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pool_firth(**columns, measure=measure)
    assert found.ci_low < found.estimate < found.ci_high
    assert math.isfinite(found.ci_high - found.ci_low)
    assert 0 <= found.p_value <= 1


def test_the_number_of_events_decides_whether_rounding_hides_the_limits():
    def found(events):
        rates = {"x1i": [events, 3], "t1i": [1000, 40], "x2i": [events, 4], "t2i": [2000, 50]}
        return pool_firth(**rates, measure="IRR")

    def terms(events):  # of two arms; those of the small study are no more than a trifle
        return 2 * (events * math.log(events + 0.5) + events)

    largest = math.floor(optimize.brentq(lambda x: terms(x) - MOST_TERMS, 1e6, 1e9))
    fit = found(largest - 100)
    half = stats.norm.isf(0.025) * math.sqrt(2 / largest)
    assert_allclose(fit.estimate, math.log(2), rtol=1e-6)
    assert_allclose(
        [fit.ci_low, fit.ci_high], [fit.estimate - half, fit.estimate + half], rtol=1e-6
    )
    with pytest.raises(NotEstimable, match="too many events"):
        found(largest + 1)
