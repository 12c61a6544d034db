import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, stats

from evidence.errors import EvidenceError, NotEstimable, TooFewStudies, UnknownName
from evidence.synthesis.rare_events.beta_binomial import pool_beta_binomial

TABLES = {
    "ai": [0, 1, 12, 0, 5, 1, 3, 0],
    "n1i": [116, 44, 208, 130, 151, 98, 174, 60],
    "ci": [3, 3, 19, 7, 6, 4, 3, 0],
    "n2i": [117, 35, 195, 136, 157, 139, 177, 70],
}


def minus_log_likelihood(point):
    """By scipy's beta-binomial probabilities; two logits and the log overdispersion."""
    value, g = 0.0, math.exp(point[2])
    for logit, events, sizes in zip(point, ("ai", "ci"), ("n1i", "n2i"), strict=False):
        p = 1 / (1 + math.exp(-logit))
        terms = stats.betabinom.logpmf(TABLES[events], TABLES[sizes], p / g, (1 - p) / g)
        value -= float(np.sum(terms))
    return value


def test_maximum_is_that_of_scipys_densities():
    found = pool_beta_binomial(**TABLES)
    best = optimize.minimize(
        minus_log_likelihood, [-4, -3, -4], method="BFGS", options={"gtol": 1e-7}
    )
    assert_allclose(found.log_likelihood, -best.fun, rtol=1e-9)
    assert_allclose(found.estimate, best.x[0] - best.x[1], rtol=1e-5)
    assert_allclose(found.correlation, 1 / (1 + math.exp(-best.x[2])), rtol=1e-4)


def test_standard_error_is_from_the_curvature():
    found = pool_beta_binomial(**TABLES)
    g = found.correlation / (1 - found.correlation)
    logits = [math.log(p / (1 - p)) for p in (found.risk1, found.risk2)]
    point, step = np.array([*logits, math.log(g)]), 1e-3
    hessian = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            moves = [
                si
                * sj
                * minus_log_likelihood(point + step * (si * np.eye(3)[i] + sj * np.eye(3)[j]))
                for si in (1, -1)
                for sj in (1, -1)
            ]
            hessian[i, j] = sum(moves) / (4 * step**2)
    covariance = np.linalg.inv(hessian)
    slope = np.array([1, -1, 0])
    assert_allclose(found.se, math.sqrt(slope @ covariance @ slope), rtol=1e-4)


def test_all_measures_are_of_the_same_risks():
    found = {m: pool_beta_binomial(**TABLES, measure=m) for m in ("OR", "RR", "RD")}
    p1, p2 = found["OR"].risk1, found["OR"].risk2
    assert_allclose(found["RR"].estimate, math.log(p1 / p2), rtol=1e-12)
    assert_allclose(found["RD"].estimate, p1 - p2, rtol=1e-12)
    assert len({round(f.log_likelihood, 12) for f in found.values()}) == 1


def test_arms_without_overdispersion_are_pooled_binomials():
    found = pool_beta_binomial(ai=[4] * 5, n1i=[40] * 5, ci=[8] * 5, n2i=[40] * 5)
    assert found.correlation == 0.0
    assert_allclose(found.estimate, math.log(4 / 36 / (8 / 32)), rtol=1e-12)
    variance = (1 / 4 + 1 / 36 + 1 / 8 + 1 / 32) / 5
    assert_allclose(found.se, math.sqrt(variance), rtol=1e-9)


def test_swapping_the_arms_turns_the_sign():
    other = pool_beta_binomial(
        ai=TABLES["ci"], n1i=TABLES["n2i"], ci=TABLES["ai"], n2i=TABLES["n1i"]
    )
    assert_allclose(other.estimate, -pool_beta_binomial(**TABLES).estimate, rtol=1e-8)


def test_nonsense_is_refused():
    with pytest.raises(NotEstimable, match="arm 1 has 0 events"):
        pool_beta_binomial(ai=[0, 0], n1i=[9, 9], ci=[1, 2], n2i=[9, 9])
    with pytest.raises(TooFewStudies):
        pool_beta_binomial(ai=[1], n1i=[9], ci=[1], n2i=[9])
    with pytest.raises(UnknownName):
        pool_beta_binomial(**TABLES, measure="IRR")


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 9), st.integers(0, 90), st.integers(0, 9), st.integers(0, 90)
        ).filter(lambda row: row[0] + row[1] > 0 and row[2] + row[3] > 0),
        min_size=2,
        max_size=5,
    ),
    measure=st.sampled_from(["OR", "RR", "RD"]),
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_any_counts_give_finite_numbers_or_advice(rows, measure):
    a, b, c, d = np.array(rows).T
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = pool_beta_binomial(ai=a, bi=b, ci=c, di=d, measure=measure)
        except EvidenceError:
            return
    assert all(math.isfinite(x) for x in (found.estimate, found.ci_low, found.ci_high))
    assert found.se > 0
    assert 0 <= found.correlation <= 1


def test_more_ranks_than_memory_holds_are_refused():
    with pytest.raises(NotEstimable, match="5,000,000 at most"):
        pool_beta_binomial(ai=[3e8, 2e8], n1i=[1e9, 1e9], ci=[2e8, 1e8], n2i=[1e9, 1e9])
