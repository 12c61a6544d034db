import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence import generalised_q_interval, pool
from evidence.errors import BadInput, NotEstimable, TooFewStudies, UnknownName
from evidence.synthesis.pairwise import profile_likelihood_interval
from evidence.synthesis.regression.fit import meta_regression
from evidence.synthesis.regression.heterogeneity_intervals import INTERVALS, heterogeneity_interval

#: The profile likelihood is flat where metafor's root finder and its fit stop.
PROFILE = 1e-6
CLOSED = 1e-12
FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "heterogeneity_intervals.json").read_text())
GENERALISED = json.loads((FOLDER / "generalised_q.json").read_text())
YI, VI = np.array(REFERENCE["yi"]), np.array(REFERENCE["vi"])
NAMES = {"QP": "Q-profile", "PL": "profile-likelihood"}


def fitted(moderated, method="REML"):
    if moderated:
        return meta_regression(YI, VI, {"dose": REFERENCE["dose"]}, method=method)
    return pool(YI, VI, policy="metafor", method=method)


@pytest.mark.parametrize(
    "case", REFERENCE["cases"], ids=lambda c: f"{c['method']}-{c['type']}-{c['moderated']}"
)
def test_bounds_on_every_scale_are_those_of_metafor(case):
    fit = fitted(case["moderated"], case["method"])
    frame = heterogeneity_interval(fit, NAMES[case["type"]], level=case["level"]).to_frame()
    percent = np.array([1, 1, 100, 1])
    assert list(frame["quantity"]) == ["tau2", "tau", "i2", "h2"]
    assert_allclose(frame["ci_low"] * percent, case["low"], rtol=PROFILE, atol=1e-9)
    assert_allclose(frame["ci_high"] * percent, case["high"], rtol=PROFILE)


@pytest.mark.parametrize("case", GENERALISED["cases"][::2], ids=lambda c: c["weights"])
def test_generalised_q_bounds_of_i2_and_h2_are_near_those_of_metafor(case):
    weights = GENERALISED["given"] if case["weights"] == "given" else case["weights"]
    found = heterogeneity_interval(
        fitted(case["moderated"]), "generalised-Q", weights=weights, level=case["level"]
    )
    assert_allclose([found.i2_low * 100, found.i2_high * 100], case["I2_ci"], rtol=4e-3, atol=1e-6)
    assert_allclose([found.h2_low, found.h2_high], case["H2_ci"], rtol=1e-3)


@pytest.mark.parametrize("method", INTERVALS)
@pytest.mark.parametrize("moderated", [False, True])
def test_all_scales_are_one_interval_and_its_definition_is_named(method, moderated):
    found = heterogeneity_interval(fitted(moderated), method)
    typical = found.typical_variance
    for end in ("low", "high"):
        tau2, tau, i2, h2 = (
            getattr(found, f"{part}_{end}") for part in ("tau2", "tau", "i2", "h2")
        )
        assert_allclose([tau**2, i2 * (tau2 + typical), (h2 - 1) * typical], tau2, rtol=1e-10)
    assert found.tau2_low <= fitted(moderated).tau2 <= found.tau2_high
    assert found.definition.startswith(f"{method} interval of tau2")
    assert found.definition.endswith("typical sampling variance.")


def test_defaults_are_those_of_the_functions_that_give_tau2_alone():
    fit = fitted(False)
    profile = heterogeneity_interval(fit)
    bounds = [fit.tau2_ci_low, fit.tau2_ci_high, fit.i2_ci_low, fit.h2_ci_high]
    assert_allclose(
        [profile.tau2_low, profile.tau2_high, profile.i2_low, profile.h2_high], bounds, rtol=CLOSED
    )
    generalised = heterogeneity_interval(fit, "generalised-Q")
    assert generalised.tau2_high == generalised_q_interval(YI, VI).high
    assert "DerSimonian-Laird" in generalised.definition
    likelihood = heterogeneity_interval(fit, "profile-likelihood", level=0.8)
    assert likelihood.tau2_low == profile_likelihood_interval(fit, 0.8).low


def test_an_empty_interval_is_said_on_every_scale():
    fit = pool([0.3, 0.30001, 0.29999, 0.3], [0.1] * 4, policy="metafor")
    for method in ("Q-profile", "generalised-Q"):
        found = heterogeneity_interval(fit, method)
        assert found.empty
        assert (found.tau2_high, found.i2_high, found.h2_high) == (0.0, 0.0, 1.0)


def test_nonsense_is_refused():
    with pytest.raises(UnknownName, match="interval of heterogeneity"):
        heterogeneity_interval(pool(YI, VI), ["Q-profile"])
    fit = fitted(False)
    with pytest.raises(UnknownName, match="Q-profile"):
        heterogeneity_interval(fit, "Q-profil")
    with pytest.raises(BadInput, match="only the generalised-Q"):
        heterogeneity_interval(fit, weights="equal")
    with pytest.raises(BadInput, match="pool"):
        heterogeneity_interval(YI)
    with pytest.raises(BadInput, match="95"):
        heterogeneity_interval(fit, level=95)
    with pytest.raises(TooFewStudies):
        heterogeneity_interval(pool([0.1], [0.1]))
    with pytest.raises(NotEstimable, match="common-effect"):
        heterogeneity_interval(fitted(False, "CE"))
    with pytest.raises(NotEstimable, match="by DL"):
        heterogeneity_interval(fitted(True, "DL"), "profile-likelihood")
