"""Who agrees with a meta-regression, and that a disagreement is not hidden."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import meta_regression, pool
from evidence.errors import BadInput
from evidence.synthesis.certificates import regression_certificate as module
from evidence.synthesis.certificates.records import AGREES, DISAGREES, DIVERGES
from evidence.synthesis.certificates.regression_certificate import certify_regression
from evidence.synthesis.engines import EngineRegression
from evidence.synthesis.heterogeneity import ESTIMATORS

YI = [0.1, 0.45, 0.2, 0.8, 0.3, 0.9, 0.65]
VI = [0.03, 0.02, 0.05, 0.04, 0.01, 0.06, 0.03]
MODERATORS = {
    "dose": [1.0, 2.0, 1.0, 4.0, 2.0, 5.0, 3.0],
    "open": ["a", "a", "b", "b", "a", "b", "a"],
}


def fitted(method="REML", test="knha"):
    return meta_regression(YI, VI, MODERATORS, method=method, test=test)


@pytest.mark.parametrize("test", ["z", "knha", "adhoc"])
@pytest.mark.parametrize("method", ESTIMATORS)
def test_every_estimator_has_a_witness_that_agrees(method, test):
    found = certify_regression(fitted(method, test))
    engines = {one.engine.split()[0] for one in found.witnesses}
    pymare = {"PyMARE"} if method in ("CE", "DL", "ML", "REML") else set()
    assert engines == {"statsmodels"} | pymare
    assert found.agreed
    assert {one.verdict for one in found.witnesses} == {AGREES}
    assert bool(found.silent) is not bool(pymare)


def an_engine_that_gives(monkeypatch, **changes):
    fit = fitted("REML", "z")
    values = {
        "engine": "other 1.0",
        "tau2": fit.tau2,
        "coefficients": fit.coefficients.estimate,
        "se": fit.coefficients.se,
    } | changes
    monkeypatch.setattr(module, "engine_regression", lambda *_: EngineRegression(**values))
    return certify_regression(fit)


def test_another_coefficient_is_a_disagreement_with_its_name(monkeypatch):
    shifted = fitted("REML", "z").coefficients.estimate + np.array([0.0, 0.01, 0.0])
    found = an_engine_that_gives(monkeypatch, coefficients=shifted)
    assert found.witnesses[0].verdict == DISAGREES
    assert found.witnesses[0].quantity == "dose"
    assert not found.agreed
    assert "other 1.0: disagrees" in str(found)


def test_a_search_that_stopped_below_the_maximum_is_a_known_divergence(monkeypatch):
    found = an_engine_that_gives(monkeypatch, tau2=0.5)
    assert found.witnesses[0].verdict == DIVERGES
    assert "other 1.0 stopped at tau2 0.5" in found.witnesses[0].divergence
    assert found.agreed


def test_without_an_answer_nobody_agrees(monkeypatch):
    for name in ("engine_regression", "weighted_regression"):
        monkeypatch.setattr(module, name, lambda *_: None)
    found = certify_regression(fitted())
    assert not found.agreed
    assert len(found.silent) == 2
    assert found.to_frame().empty


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(5, 15),
    st.integers(0, 10**6),
    st.sampled_from(["CE", "DL", "REML", "ML", "PM", "SJ"]),
)
def test_random_meta_regressions_are_agreed_upon(k, seed, method):
    generator = np.random.default_rng(seed)
    vi = 10.0 ** generator.uniform(-3, 1, k)
    yi = generator.normal(0.0, np.sqrt(vi + 0.1))
    fit = meta_regression(yi, vi, {"x": generator.normal(size=k)}, method=method)
    assert certify_regression(fit).agreed


def test_a_summary_without_moderators_is_sent_to_its_own_certificate():
    with pytest.raises(BadInput, match="certify\\(\\)"):
        certify_regression(pool([0.1, 0.2], [0.1, 0.1]))


def test_a_negative_variance_of_an_engine_is_no_witness_and_no_warning():
    yi, vi = [0.22, 1e20, 1.29, 0.32], [0.1, 0.2, 0.1, 0.3]
    fit = meta_regression(yi, vi, {"x": [-1.0e9, 2.0e9, 0.5e9, 1.0e9]})
    assert all(np.isfinite(one.se).all() for one in certify_regression(fit).witnesses)
