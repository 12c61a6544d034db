"""All subsets: each is the fit of its members, and the sample is one of all of them."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from evidence import pool
from evidence.errors import BadInput, EmptySelection, UnknownName
from evidence.synthesis.sensitivity.subset_summaries import gosh

SAME = 1e-9
Y = np.array([-0.9, -1.6, -0.2, 0.4, 0.1, -0.5])
V = np.array([0.32, 0.19, 0.02, 0.41, 0.006, 0.05])


@pytest.mark.parametrize("method", ["CE", "DL", "PM", "REML"])
def test_every_subset_is_the_fit_of_its_members(method):
    found = gosh(Y, V, method=method)
    assert found.k.size == 2**6 - 1
    for size in range(2, 7):
        for members in combinations(range(6), size):
            place = sum(1 << i for i in members) - 1
            one = pool(Y[list(members)], V[list(members)], method=method, policy="metafor")
            got = [found.estimate[place], found.tau2[place], found.q[place], found.i2[place]]
            assert_allclose(got, [one.estimate, one.tau2, one.q, one.i2], rtol=SAME, atol=1e-14)
            h2 = one.q / (size - 1) if method in ("CE", "DL") else one.h2
            assert_allclose(found.h2[place], h2, rtol=SAME)


def test_single_studies_are_themselves():
    found = gosh(Y, V)
    for i, y in enumerate(Y):
        place = (1 << i) - 1
        assert found.estimate[place] == y
        assert (found.k[place], found.tau2[place], found.h2[place]) == (1, 0.0, 1.0)


def test_small_subsets_can_be_left_out():
    found = gosh(Y, V, min_k=3)
    assert found.k.min() == 3
    assert found.k.size == 2**6 - 1 - 6 - 15
    whole = gosh(Y, V)
    assert_allclose(found.estimate, whole.estimate[whole.k >= 3], rtol=SAME)


def test_a_study_is_in_half_of_the_subsets():
    found = gosh(Y, V, labels="abcdef")
    assert found.has("c").sum() == 2**5
    assert_array_equal(found.has("a"), found.subset % 2 == 1)
    with pytest.raises(BadInput, match="no study 'z'"):
        found.has("z")


def test_a_sample_repeats_and_stays_within_the_subsets():
    options = {"min_k": 2, "sample": 400}
    found = gosh(Y, V, rng=np.random.default_rng(1), **options)
    again = gosh(Y, V, rng=np.random.default_rng(1), **options)
    assert_array_equal(found.subset, again.subset)
    assert_array_equal(found.estimate, again.estimate)
    assert not found.complete
    assert (found.k.size, found.k.min()) == (400, 2)
    whole = gosh(Y, V)
    assert_allclose(found.estimate, whole.estimate[found.subset - 1], rtol=SAME)
    # all subsets of 2 or more are equally likely: a third of them has 3 members
    assert_allclose(np.mean(found.k == 3), 20 / 57, atol=0.08)


def test_many_studies_need_a_sample():
    k = 40
    yi, vi = np.linspace(-1, 1, k), np.full(k, 0.1)
    with pytest.raises(BadInput, match="1,099,511,627,775 subsets"):
        gosh(yi, vi)
    found = gosh(yi, vi, sample=50, rng=np.random.default_rng(2))
    assert found.has(found.labels[39]).any()


def test_summaries_of_the_subsets():
    found = gosh(Y, V)
    assert_allclose(found.quantiles([0.0, 1.0])["q"][1], found.q.max())
    assert_allclose(found.means()["estimate"], found.estimate.mean())
    by_k = found.mean_estimate_by_k()
    assert list(by_k) == [1, 2, 3, 4, 5, 6]
    assert_allclose(by_k[1], Y.mean())
    assert found.to_frame().shape == (63, 7)
    assert not found.subset.flags.writeable


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_k": 0}, "min_k from 1 to 6"),
        ({"min_k": 7}, "min_k from 1 to 6"),
        ({"sample": 0, "rng": np.random.default_rng(1)}, "Give 1 or more"),
        ({"sample": 9}, "Give rng"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(BadInput, match=message):
        gosh(Y, V, **options)


def test_other_refusals_are_those_of_pool():
    with pytest.raises(EmptySelection):
        gosh([], [])
    with pytest.raises(UnknownName):
        gosh(Y, V, method="X")
    with pytest.raises(BadInput, match="most is 62"):
        gosh(np.zeros(70), np.ones(70), sample=3, rng=np.random.default_rng(1))


def test_counts_may_be_whole_floats_and_nothing_else():
    drawn = gosh(Y, V, sample=4.0, min_k=2.0, rng=np.random.default_rng(1), workers=1.0)
    assert drawn.k.size == 4
    for options in ({"sample": True}, {"sample": 1e300}, {"workers": 0}, {"min_k": "2"}):
        with pytest.raises(BadInput, match="Give"):
            gosh(Y, V, rng=np.random.default_rng(1), **options)
