"""Which synthesis goes with which numbers of a file; what a user sees is a test of the command."""

import numpy as np
import pytest

import evidence
from evidence.effects import own_numbers
from evidence.outcomes import study_table
from evidence.synthesis.pairwise.natural_scale import fit_of, natural_summary
from evidence.synthesis.pairwise.own_studies import pool_own
from evidence.synthesis.pairwise.single_arm_summary import PooledProportion, PooledRate

HOW = {"method": "DL", "test": "z", "prediction": "none", "policy": "common", "level": 0.9}


def pooled(text, measure):
    return pool_own(own_numbers(study_table("s.csv", text), measure, chosen={}), HOW)


def test_counts_of_single_arms_become_proportions_and_rates():
    proportion, rate = pooled(b"xi,mi\n1,9\n2,18\n", "PLO"), pooled(b"xi,ti\n1,9\n2,9\n", "IRLN")
    assert isinstance(proportion.result, PooledProportion)
    assert isinstance(rate.result, PooledRate)
    assert proportion.result.sizes.tolist() == [10, 20]
    assert (proportion.name, proportion.columns) == ("s.csv", ("xi", "mi"))
    assert proportion.result.estimate == natural_summary(proportion.result)["estimate"]


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_all_else_becomes_effect_sizes_that_are_pooled(measure):
    found = pooled(b"ai,n1i,ci,n2i\n4,123,11,139\n6,306,29,303\n", measure)
    counts = {"ai": [4, 6], "n1i": [123, 306], "ci": [11, 29], "n2i": [139, 303]}
    expected = evidence.pool(evidence.effect_size(measure, **counts), **HOW)
    fit = fit_of(found.result)
    assert np.array_equal(fit.yi, expected.yi)
    assert (fit.estimate, fit.level, fit.measure) == (expected.estimate, 0.9, measure)
    assert found.basis == "2x2 tables"
