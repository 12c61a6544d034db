import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence.errors import TooFewStudies
from evidence.synthesis.pairwise.henmi_copas_interval import TauModel, _moments, henmi_copas
from evidence.synthesis.pairwise.pooling import pool

#: Closed form; only the order of the sums differs.
SAME = 1e-9
BCG = json.loads(
    (Path(__file__).parents[1] / "reference" / "bcg_sensitivity.json").read_text("utf-8")
)
Y, V = np.array(BCG["yi"]), np.array(BCG["vi"])


def test_without_heterogeneity_the_interval_is_wider_than_walds():
    yi, vi = [0.1, 0.11, 0.09, 0.1], [0.1, 0.1, 0.2, 0.1]
    found, common = henmi_copas(yi, vi), pool(yi, vi, policy="common")
    assert found.tau2 == 0.0
    assert_allclose([found.estimate, found.se], [common.estimate, common.se], rtol=SAME)
    assert 1.0 < found.critical < 1.96


def test_the_interval_has_the_coverage_of_its_own_approximation():
    found = henmi_copas(Y, V)
    assert found.estimate == pool(Y, V, policy="common").estimate
    assert_allclose(found.tau2, pool(Y, V, method="DL").tau2, rtol=SAME)
    wide = henmi_copas(Y, V, level=0.99)
    assert wide.ci_low < found.ci_low < found.ci_high < wide.ci_high
    assert_allclose(found.ci_high - found.estimate, found.critical * found.se, rtol=SAME)


def test_the_moments_of_q_are_those_of_simulated_effects():
    rng, vi, tau2 = np.random.default_rng(9), np.array([0.1, 0.4, 0.2, 1.0]), 0.3
    w = 1 / vi
    effects = rng.normal(0.0, np.sqrt(vi + tau2), (400_000, 4))
    mean = effects @ w / w.sum()
    q, r = ((effects - mean[:, None]) ** 2) @ w, mean * w.sum() ** 0.5
    near = np.abs(np.abs(r) - 1.5) < 0.05
    moments = _moments(TauModel(np.zeros(4), vi).at(0.0), tau2)
    expected = moments.mean + moments.mean_slope * np.mean(r[near] ** 2)
    assert_allclose(q[near].mean(), expected, rtol=0.02)
    spread = moments.variance + moments.variance_slope * np.mean(r[near] ** 2)
    assert_allclose(q[near].var(), spread, rtol=0.06)
    assert_allclose(r.std(), moments.sd, rtol=0.01)


def test_henmi_copas_needs_two_studies():
    with pytest.raises(TooFewStudies, match="study 1"):
        henmi_copas([0.1], [0.1])
