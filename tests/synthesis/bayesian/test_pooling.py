import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from evidence import pool
from evidence.errors import BadInput, EmptySelection, NotEstimable, UnknownName
from evidence.synthesis.bayesian.pooling import pool_bayesian
from evidence.synthesis.bayesian.priors import half_cauchy, half_normal, half_t, log_normal
from evidence.synthesis.bayesian.probabilities import posterior_probability

#: Two quadratures in double precision, one of them two-dimensional.
QUADRATURE = 1e-9
#: The reference finds shortest intervals by minimising their width, which is flat there.
MINIMISER = 2e-6
#: Rounding after a change of origin or unit.
ROUNDING = 1e-9

YI = np.array([0.10, 0.50, -0.20, 0.90, 0.30])
VI = np.array([0.04, 0.05, 0.02, 0.10, 0.03])
PRIORS = {
    "half-normal": (half_normal(0.5), stats.halfnorm(scale=0.5).pdf),
    "half-cauchy": (half_cauchy(0.3), stats.halfcauchy(scale=0.3).pdf),
    "half-t": (half_t(0.4, 4), lambda tau: 2 * stats.t(4, scale=0.4).pdf(tau)),
    # log tau2 normal with mean -3.95 and sd 1.34: tau is log-normal with halves of both
    "log-normal": (log_normal(-3.95, 1.34), stats.lognorm(0.67, scale=math.exp(-1.975)).pdf),
}
MU = {"flat": (None, None), "normal": (0.2, 0.7)}
NODES, WEIGHTS = np.polynomial.legendre.leggauss(240)
GRID = [(prior, mu) for prior in PRIORS for mu in MU]


def brute_force(function, prior, mu, *, tau_to=math.inf, mu_to=None):
    """Two-dimensional integral of likelihood, priors and ``function(mu, tau)`` over mu and tau."""
    to = 1.0 if math.isinf(tau_to) else tau_to / (1 + tau_to)
    x = (NODES + 1) / 2 * to
    # the fourth power puts nodes near 0, for the log-normal density
    x, weight = x**4 / to**3, WEIGHTS / 2 * to * 4 * (x / to) ** 3
    tau = x / (1 - x)
    weight = weight / (1 - x) ** 2 * prior(tau)
    # a normal prior keeps mu where it is when tau is large
    scale = 0.35 + 1.2 * (tau if mu[0] is None else np.minimum(tau, 1.0))[:, None]
    if mu_to is None:
        effect, width = 0.25 + 9 * scale * NODES, 9 * scale * WEIGHTS
    else:
        effect, width = mu_to - 10 * scale * (NODES + 1) / 2, 5 * scale * WEIGHTS
    misfit, variances = np.zeros_like(effect), VI + (tau**2)[:, None]
    for study, y in enumerate(YI):
        misfit += (y - effect) ** 2 / variances[:, [study]]
    density = np.exp(-misfit / 2) / np.sqrt(2 * np.pi * variances).prod(axis=1)[:, None]
    if mu[0] is not None:
        density *= stats.norm.pdf(effect, *mu)
    return float((density * width * weight[:, None] * function(effect, tau[:, None])).sum())


def new_below(bound, tau, mu):
    """Probability of a new effect below ``bound`` given tau; over mu it is a normal integral."""
    weights = 1 / (VI + tau**2)
    own = 0.0 if mu[0] is None else mu[1] ** -2
    total = weights.sum(axis=1, keepdims=True) + own
    mean = ((weights @ YI)[:, None] + own * (mu[0] or 0.0)) / total
    return stats.norm.cdf(bound, mean, np.sqrt(1 / total + tau**2))


@pytest.fixture(scope="module")
def fits():
    return {
        (name, mu): pool_bayesian(YI, VI, prior=PRIORS[name][0], mu_mean=MU[mu][0], mu_sd=MU[mu][1])
        for name, mu in GRID
    }


@pytest.mark.parametrize(("name", "mu"), GRID)
def test_moments_and_marginal_likelihood_are_those_of_a_two_dimensional_integral(fits, name, mu):
    fit, arguments = fits[name, mu], (PRIORS[name][1], MU[mu])
    total = brute_force(lambda m, t: 1.0, *arguments)
    assert_allclose(fit.log_marginal_likelihood, math.log(total), rtol=QUADRATURE)
    for summary, value in ((fit.mu, lambda m, t: m), (fit.tau, lambda m, t: t)):
        mean = brute_force(value, *arguments) / total
        square = brute_force(lambda m, t, f=value: f(m, t) ** 2, *arguments) / total
        assert_allclose(summary.mean, mean, rtol=10 * QUADRATURE)
        assert_allclose(summary.sd, math.sqrt(square - mean**2), rtol=10 * QUADRATURE)
        last = square if summary is fit.tau else 0.0
    variance = fit.mu.sd**2 + last
    assert_allclose(fit.predictive.mean, fit.mu.mean, rtol=ROUNDING)
    assert_allclose(fit.predictive.sd, math.sqrt(variance), rtol=10 * QUADRATURE)


@pytest.mark.parametrize(("name", "mu"), GRID)
def test_bounds_have_their_probability_in_a_two_dimensional_integral(fits, name, mu):
    fit, arguments = fits[name, mu], (PRIORS[name][1], MU[mu])

    def one(m, t):
        return 1.0

    total = brute_force(one, *arguments)
    parts = [("ci_low", 0.025), ("median", 0.5), ("ci_high", 0.975)]
    for part, probability in parts:
        below = brute_force(one, *arguments, mu_to=getattr(fit.mu, part)) / total
        assert_allclose(below, probability, atol=QUADRATURE)
        below = brute_force(one, *arguments, tau_to=getattr(fit.tau, part)) / total
        assert_allclose(below, probability, atol=QUADRATURE)
        bound = getattr(fit.predictive, part)
        below = brute_force(lambda m, t, b=bound: new_below(b, t, MU[mu]), *arguments) / total
        assert_allclose(below, probability, atol=QUADRATURE)


@pytest.mark.parametrize(("name", "mu"), GRID)
def test_shortest_interval_holds_the_level_and_is_no_longer(fits, name, mu):
    fit, arguments = fits[name, mu], (PRIORS[name][1], MU[mu])
    total = brute_force(lambda m, t: 1.0, *arguments)
    low, high = (
        brute_force(lambda m, t: 1.0, *arguments, tau_to=bound) / total if bound else 0.0
        for bound in (fit.tau.shortest_low, fit.tau.shortest_high)
    )
    assert_allclose(high - low, 0.95, atol=QUADRATURE)
    for summary in (fit.mu, fit.tau, fit.predictive, *fit.shrunken):
        shortest = summary.shortest_high - summary.shortest_low
        assert shortest <= (summary.ci_high - summary.ci_low) * (1 + ROUNDING)


def test_shrunken_effects_are_those_of_a_two_dimensional_integral(fits):
    fit, arguments = fits["half-normal", "flat"], (PRIORS["half-normal"][1], MU["flat"])
    total = brute_force(lambda m, t: 1.0, *arguments)
    for y, v, summary in zip(YI, VI, fit.shrunken, strict=True):

        def mean(m, t, y=y, v=v):
            return (y * t**2 + m * v) / (t**2 + v)

        def square(m, t, y=y, v=v):
            return mean(m, t, y, v) ** 2 + t**2 * v / (t**2 + v)

        first = brute_force(mean, *arguments) / total
        second = brute_force(square, *arguments) / total
        assert_allclose(summary.mean, first, rtol=1e-8)
        assert_allclose(summary.sd, math.sqrt(second - first**2), rtol=1e-8)


@pytest.mark.parametrize("prior", [half_normal(1e-9), half_t(1e-9, 3), log_normal(-42.0, 0.5)])
def test_a_prior_at_zero_gives_the_common_effect(prior):
    fit, common = pool_bayesian(YI, VI, prior=prior), pool(YI, VI, policy="common")
    found = [fit.mu.mean, fit.mu.sd, fit.mu.ci_low, fit.mu.ci_high]
    assert_allclose(found, [common.estimate, common.se, common.ci_low, common.ci_high], rtol=1e-7)
    for summary in (fit.predictive, *fit.shrunken):
        assert_allclose([summary.mean, summary.sd], found[:2], rtol=1e-7)


def test_a_narrow_prior_elsewhere_gives_the_mean_at_that_tau():
    fit = pool_bayesian(YI, VI, prior=log_normal(math.log(0.09), 1e-5))
    weights = 1 / (VI + 0.09)
    assert_allclose(fit.tau.mean, 0.3, rtol=1e-5)
    assert_allclose(fit.mu.mean, weights @ YI / weights.sum(), rtol=1e-5)
    assert_allclose(fit.mu.sd, weights.sum() ** -0.5, rtol=1e-5)


@pytest.mark.parametrize("name", PRIORS)
def test_one_study_and_a_flat_mean_leave_the_prior_of_tau(name):
    fit = pool_bayesian([0.4], [0.1], prior=PRIORS[name][0])
    prior = {
        "half-normal": stats.halfnorm(scale=0.5),
        "half-cauchy": stats.halfcauchy(scale=0.3),
        "log-normal": stats.lognorm(0.67, scale=math.exp(-1.975)),
    }.get(name)
    wanted = (
        stats.t(4, scale=0.4).ppf([0.5125, 0.75, 0.9875])
        if prior is None
        else prior.ppf([0.025, 0.5, 0.975])
    )
    assert_allclose([fit.tau.ci_low, fit.tau.median, fit.tau.ci_high], wanted, rtol=1e-9)
    assert_allclose(fit.log_marginal_likelihood, 0.0, atol=1e-12)
    assert_allclose(fit.mu.median, 0.4, rtol=1e-12)
    if name == "half-normal":
        assert fit.tau.shortest_low == 0.0
        assert_allclose(fit.tau.shortest_high, prior.ppf(0.95), rtol=1e-9)
        assert_allclose(fit.mu.sd, math.sqrt(0.1 + 0.25), rtol=1e-9)


def test_moments_that_are_infinite_are_left_out_and_said():
    one, two, three = (pool_bayesian(YI[:k], VI[:k], prior=half_cauchy(0.5)) for k in (1, 2, 3))
    assert (one.tau.mean, one.mu.mean, one.predictive.sd) == (None, None, None)
    assert one.shrunken[0].sd is not None
    assert "mean and variance" in one.decisions[-1]
    assert two.tau.mean is not None
    assert (two.tau.sd, two.mu.sd) == (None, None)
    assert None not in (three.tau.sd, three.mu.sd, three.predictive.sd)
    informed = pool_bayesian(YI[:1], VI[:1], prior=half_cauchy(0.5), mu_mean=0.0, mu_sd=1.0)
    assert informed.mu.sd is not None
    assert informed.tau.mean is not None
    assert informed.tau.sd is None


def everything(fit):
    summaries = [fit.mu, fit.tau, fit.predictive, *fit.shrunken]
    parts = ("mean", "sd", "median", "ci_low", "ci_high")
    return np.array([[getattr(summary, part) for part in parts] for summary in summaries])


PLACES = np.array([1.0, 0.0, 1.0, 1.0, 1.0])
LOCATED = np.array([1.0, 0.0, *np.ones(6)])


@settings(max_examples=2, deadline=None, derandomize=True)
@given(shift=st.floats(-5, 5), scale=st.floats(0.05, 20))
def test_a_change_of_origin_and_unit_moves_the_posterior_with_it(shift, scale):
    before = pool_bayesian(YI, VI, prior=half_t(0.4, 3), mu_mean=0.1, mu_sd=0.8)
    after = pool_bayesian(
        shift + scale * YI,
        scale**2 * VI,
        prior=half_t(0.4 * scale, 3),
        mu_mean=shift + scale * 0.1,
        mu_sd=0.8 * scale,
    )
    moved = scale * everything(before) + shift * LOCATED[:, None] * PLACES
    assert_allclose(everything(after), moved, atol=ROUNDING * (scale + abs(shift)))
    density = before.log_marginal_likelihood - YI.size * math.log(scale)
    assert_allclose(after.log_marginal_likelihood, density, rtol=ROUNDING)


def test_opposite_effects_give_the_opposite_posterior_in_any_order():
    fit = pool_bayesian(YI, VI, prior=half_normal(0.5))
    other = pool_bayesian(-YI[::-1], VI[::-1], prior=half_normal(0.5))
    for one, two in zip((fit.mu, *fit.shrunken), (other.mu, *other.shrunken[::-1]), strict=True):
        assert_allclose([one.mean, one.ci_low], [-two.mean, -two.ci_high], rtol=ROUNDING)
        bounds = [one.shortest_low, one.shortest_high]
        assert_allclose(bounds, [-two.shortest_high, -two.shortest_low], rtol=ROUNDING)
    assert_allclose(fit.tau.mean, other.tau.mean, rtol=ROUNDING)


def test_many_studies_agree_with_restricted_likelihood():
    # the posterior is close to normal around the maximum, but for terms of order 1 / k
    yi, vi = np.tile([0.1, 0.9, 0.5, -0.3, 0.6], 6), np.full(30, 0.05)
    fit = pool_bayesian(yi, vi, prior=half_normal(10.0))
    reml = pool(yi, vi, policy="metafor")
    assert_allclose(fit.mu.mean, reml.estimate, rtol=1e-9)  # equal variances: equal weights
    assert_allclose([fit.mu.sd, fit.tau.mean], [reml.se, reml.tau], rtol=3 / 30)
    assert_allclose(fit.tau.sd, reml.se_tau2 / (2 * reml.tau), rtol=6 / 30)


def test_record_is_frozen_and_its_frame_names_every_quantity():
    fit = pool_bayesian(YI[:2], VI[:2], prior=half_normal(0.5), labels=["A", "B"], level=0.9)
    frame = fit.to_frame()
    assert list(frame["quantity"]) == ["mu", "tau", "new study", "A", "B"]
    assert set(frame["level"]) == {0.9}
    with pytest.raises(ValueError, match="read-only"):
        fit.yi[0] = 1.0


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: half_normal(0.0), "scale 0.0"),
        (lambda: half_cauchy(math.nan), "scale nan"),
        (lambda: half_t(1.0, 0), "df 0"),
        (lambda: half_t(1.0, 1.5), "df 1.5"),
        (lambda: log_normal(math.inf, 1.0), "meanlog inf"),
        (lambda: log_normal(-2.0, -1.0), "sdlog -1.0"),
    ],
)
def test_unusable_priors_are_refused(make, found):
    with pytest.raises(BadInput, match=found):
        make()


@pytest.mark.parametrize("given", [("x", 1.0), (0.0, "1"), (0.0, [1.0]), (1j, 1.0), (0.0, 0.0)])
def test_a_prior_of_the_mean_is_two_numbers(given):
    mean, sd = given
    with pytest.raises(BadInput, match="mu_"):
        pool_bayesian([0.1, 0.2], [0.1, 0.1], prior=half_normal(1.0), mu_mean=mean, mu_sd=sd)


def test_a_prior_that_the_effects_contradict_beyond_all_digits_is_refused():
    with pytest.raises(NotEstimable, match="contradict the effects"):
        pool_bayesian([0.2, 1e20, 1.3], [0.1, 0.2, 0.1], prior=half_normal(0.5))


def test_nonsense_is_refused_with_every_problem():
    with pytest.raises(BadInput) as caught:
        pool_bayesian(YI, VI, prior="half-normal", mu_mean=math.nan)
    assert len(caught.value.problems) == 3
    for wrong in ({"mu_mean": 0.0, "mu_sd": 0.0}, {"mu_sd": 1.0}, {"level": 95}):
        with pytest.raises(BadInput):
            pool_bayesian(YI, VI, prior=half_normal(1.0), **wrong)
    with pytest.raises(BadInput, match="NaN"):
        pool_bayesian([0.1, math.nan], [0.1, 0.1], prior=half_normal(1.0))
    with pytest.raises(EmptySelection):
        pool_bayesian([], [], prior=half_normal(1.0))
    with pytest.raises(NotEstimable, match="double precision"):
        pool_bayesian([1e200, 0.0], [1.0, 1.0], prior=half_normal(1.0))


REFERENCE = json.loads((Path(__file__).parents[1] / "reference/bayesian.json").read_text())
#: R's root finder and sums over a grid; the reference stops its quantiles at 1e-14.
GRID_SUM = 1e-8
MAKE = {
    "half_normal": half_normal,
    "half_cauchy": half_cauchy,
    "half_t4": lambda scale: half_t(scale, 4),
    "log_normal": lambda scale: log_normal(2 * math.log(scale), 1.4),
}


def reference_fit(case):
    data, scale = REFERENCE["data"][case["data"]], REFERENCE["scales"][case["data"]]
    mu = (None, None) if case["mu"] == "flat" else (0.2, 0.7)
    return pool_bayesian(
        data["y"], data["v"], prior=MAKE[case["prior"]](scale), mu_mean=mu[0], mu_sd=mu[1]
    )


@pytest.mark.parametrize(
    "case", REFERENCE["cases"], ids=lambda c: f"{c['data']}-{c['prior']}-{c['mu']}"
)
def test_every_posterior_is_that_of_sums_over_a_fine_grid_in_r(case):
    fit = reference_fit(case)
    assert_allclose(fit.log_marginal_likelihood, case["log_marginal"], rtol=1e-10, atol=1e-10)
    names = ["mu", "new study", "tau", *fit.labels]
    summaries = [fit.mu, fit.predictive, fit.tau, *fit.shrunken]
    expected = [case["mean"], case["predictive"], case["tau"], *case["shrunken"]]
    for name, found, wanted in zip(names, summaries, expected, strict=True):
        width = wanted["ci"][1] - wanted["ci"][0]
        bounds = [found.median, found.ci_low, found.ci_high]
        assert_allclose(bounds, [wanted["median"], *wanted["ci"]], rtol=0, atol=GRID_SUM * width)
        shortest = [found.shortest_low, found.shortest_high]
        assert_allclose(shortest, wanted["shortest"], rtol=0, atol=MINIMISER * width)
        above = posterior_probability(fit, 0.25, quantity=name).probability
        assert_allclose(above, wanted["above"], rtol=0, atol=1e-9)
        if found.mean is not None:
            assert_allclose(found.mean, wanted["mean"], rtol=0, atol=GRID_SUM * width)
        if found.sd is not None:
            assert_allclose(found.sd, wanted["sd"], rtol=GRID_SUM)


def test_eight_schools_are_those_printed_in_the_vignette_of_bayesmeta():
    # "An introduction to meta-analysis using the bayesmeta package", version 3.4: half-Cauchy(25)
    # on tau, normal(0, 50) on mu; printed to 6 decimals, shortest intervals
    yi = [28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16]
    sei = np.array([14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6])
    fit = pool_bayesian(yi, sei**2, prior=half_cauchy(25), mu_mean=0.0, mu_sd=50.0)
    printed = {
        "mu": (7.962961, 7.985729, 4.995762, -1.823353, 17.824562),
        "tau": (4.758539, 5.884511, 4.869904, 0.0, 15.165894),
        "predictive": (7.926819, 7.985729, 9.126767, -10.623526, 26.827377),
        0: (10.093581, 11.095255, 7.901084, -3.209562, 28.169723),
        6: (9.786985, 10.336032, 6.631039, -2.138807, 24.230908),
        7: (8.266594, 8.474644, 7.456906, -6.528854, 24.110315),
    }
    # bayesmeta integrates tau to full accuracy, and puts a coarse grid of tau behind the effects; a
    # finer one (delta=1e-4) moves its numbers towards these
    for name, values in printed.items():
        found = getattr(fit, name) if isinstance(name, str) else fit.shrunken[name]
        near = 1e-7 if name == "tau" else 1e-3 * (values[4] - values[3])
        summary = [found.median, found.mean, found.sd, found.shortest_low, found.shortest_high]
        assert_allclose(summary, values, rtol=1e-7, atol=near)


def test_probabilities_beyond_a_threshold_fit_the_intervals_and_add_up():
    fit = pool_bayesian(YI, VI, prior=half_t(0.4, 4), labels=list("abcde"))
    parts = {"mu": fit.mu, "tau": fit.tau, "new study": fit.predictive, "c": fit.shrunken[2]}
    for quantity, summary in parts.items():
        low = posterior_probability(fit, summary.ci_low, quantity=quantity, direction="below")
        high = posterior_probability(fit, summary.ci_high, quantity=quantity)
        assert_allclose([low.probability, high.probability], 0.025, rtol=1e-8)
        rest = posterior_probability(fit, summary.ci_high, quantity=quantity, direction="below")
        assert_allclose(high.probability + rest.probability, 1.0, rtol=1e-12)
    certain = posterior_probability(fit, -1.0, quantity="tau")
    assert certain.to_frame()["probability"][0] == 1.0
    assert posterior_probability(fit, 1e9, quantity="tau").probability == 0.0


def test_a_small_tail_of_mu_keeps_its_digits():
    # tau is 0 all but surely: a single normal distribution
    fit = pool_bayesian(YI, VI, prior=half_normal(1e-12))
    common = pool(YI, VI, policy="common")
    found = posterior_probability(fit, common.estimate - 8 * common.se, direction="below")
    assert_allclose(found.probability, stats.norm.sf(8.0), rtol=1e-8)


@pytest.mark.parametrize("unit", [1e-150, 1e-20, 1e20, 1e150])
def test_extreme_units_lose_no_digits(unit):
    before = pool_bayesian(YI, VI, prior=half_t(0.4, 3))
    after = pool_bayesian(unit * YI, unit * unit * VI, prior=half_t(0.4 * unit, 3))
    assert_allclose(everything(after) / unit, everything(before), rtol=1e-10)


def test_two_precise_studies_that_contradict_each_other_are_still_integrated():
    # the log density is 1e6 large, so that its rounding is far above that of an ordinary one
    fit = pool_bayesian([0.0, 1e6, 3.0], [1e-12, 1.0, 1e8], prior=half_normal(0.5))
    assert_allclose(fit.shrunken[0].mean, 0.0, atol=1e-5)
    assert_allclose(fit.tau.sd, 0.25, rtol=1e-4)


def test_two_thousand_studies_take_a_second_and_agree_with_one_at_a_time():
    rng = np.random.default_rng(3)
    vi = rng.uniform(0.02, 1.0, 2000) ** 2
    yi = rng.normal(0.2, np.sqrt(vi + 0.04))
    started = time.process_time()
    fit = pool_bayesian(yi, vi, prior=half_normal(0.5))
    assert time.process_time() - started < 3.0  # about 0.3 s; a loaded machine is slower
    reml = pool(yi, vi, policy="metafor")
    assert_allclose([fit.mu.mean, fit.tau.mean], [reml.estimate, reml.tau], rtol=5e-3)
    for place in (0, 777, 1999):
        summary, label = fit.shrunken[place], fit.labels[place]
        found = posterior_probability(fit, summary.ci_low, quantity=label, direction="below")
        assert_allclose(found.probability, 0.025, rtol=1e-9)
        held = [
            posterior_probability(fit, end, quantity=label, direction="below").probability
            for end in (summary.shortest_low, summary.shortest_high)
        ]
        assert_allclose(held[1] - held[0], 0.95, rtol=1e-10)


def test_an_interval_between_two_modes_is_the_shortest_of_all():
    # the outlier's effect is near its own value or near the others', with little between
    yi, vi = [0.0, 0.05, -0.03, 0.02, 4.0], [0.01, 0.02, 0.01, 0.015, 0.5]
    fit = pool_bayesian(yi, vi, prior=half_cauchy(0.02), level=0.5)
    summary = fit.shrunken[4]
    width = summary.shortest_high - summary.shortest_low
    for start in np.linspace(-0.3, 4.5, 60):
        end = start + width * (1 - 1e-6)
        held = [
            posterior_probability(fit, bound, quantity="study 5", direction="below").probability
            for bound in (start, end)
        ]
        assert held[1] - held[0] < 0.5


def test_unusable_questions_of_probability_are_refused():
    fit = pool_bayesian(YI, VI, prior=half_normal(0.5))
    with pytest.raises(UnknownName, match="study 1"):
        posterior_probability(fit, quantity="study1")
    with pytest.raises(UnknownName, match="above"):
        posterior_probability(fit, direction="over")
    for wrong in (math.nan, "much", [0.1, 0.2]):
        with pytest.raises(BadInput):
            posterior_probability(fit, wrong)
    with pytest.raises(BadInput, match="pool_bayesian"):
        posterior_probability(pool(YI, VI))


@pytest.mark.parametrize("scale", [2e5, 1e-5])
@pytest.mark.parametrize("level", [0.01, 0.5, 0.9999])
def test_quantiles_far_out_in_a_heavy_tail_are_found(scale, level):
    fit = pool_bayesian([0.3], [2.0], prior=half_cauchy(scale), level=level)
    for quantity, summary in (("mu", fit.mu), ("new study", fit.predictive)):
        above = posterior_probability(fit, summary.ci_high, quantity=quantity).probability
        assert_allclose(above, (1 - level) / 2, rtol=1e-7)
        held = [
            posterior_probability(fit, end, quantity=quantity).probability
            for end in (summary.shortest_low, summary.shortest_high)
        ]
        assert_allclose(held[0] - held[1], level, rtol=1e-8)
