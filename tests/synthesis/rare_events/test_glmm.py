import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import integrate, optimize, stats

from evidence import effect_size
from evidence.errors import BadInput, EvidenceError, NotEstimable, TooFewStudies, UnknownName
from evidence.synthesis.pairwise import pool
from evidence.synthesis.rare_events.glmm import MODELS, pool_glmm
from evidence.synthesis.rare_events.glmm_fit import MOST_TERMS

#: Maxima that are found by two different ways.
OPTIMUM = 1e-6
#: The package's own quadrature, done twice.
QUADRATURE = 1e-8
TABLES = {
    "ai": [0, 1, 2, 0, 5, 1, 3],
    "n1i": [116, 44, 208, 130, 151, 98, 174],
    "ci": [3, 3, 9, 7, 6, 4, 3],
    "n2i": [117, 35, 195, 136, 157, 139, 177],
}
RATES = {
    "x1i": [0, 4, 0, 7, 2, 15],
    "t1i": [40.5, 61.2, 33, 120.75, 18.4, 210],
    "x2i": [3, 1, 2, 9, 5, 11],
    "t2i": [38, 60.1, 35.5, 118, 20.2, 190.5],
}
PROPORTIONS = {"xi": [2, 1, 3, 0, 12, 2, 5], "ni": [15, 40, 22, 60, 19, 31, 80]}
SINGLE_RATES = {"xi": [7, 8, 3, 6, 1, 0, 17], "ti": [1.344, 1.6, 12.012, 1.536, 0.37, 0.729, 6.76]}
COLUMNS = {"OR": TABLES, "IRR": RATES, "PLO": PROPORTIONS, "IRLN": SINGLE_RATES}
CASES = [(measure, model) for measure, models in MODELS.items() for model in models]
TWO_ARMED = [case for case in CASES if case[1] is not None]


def fit(measure, model, **options):
    return pool_glmm(**COLUMNS[measure], measure=measure, model=model, **options)


def swapped(columns):
    pairs = {"ai": "ci", "ci": "ai", "n1i": "n2i", "n2i": "n1i"}
    pairs |= {"x1i": "x2i", "x2i": "x1i", "t1i": "t2i", "t2i": "t1i"}
    return {pairs[name]: values for name, values in columns.items()}


def by_brute_force(density, effects=1):
    """Minus log likelihood of (theta, tau) by scipy's quadrature and densities."""

    def minus_log_likelihood(point):
        theta, tau = point
        return -sum(
            math.log(
                integrate.quad(
                    lambda u, i=i: density(i, theta + tau * u) * stats.norm.pdf(u), -9, 9, limit=200
                )[0]
            )
            for i in range(effects)
        )

    return minus_log_likelihood


@pytest.mark.parametrize(
    ("measure", "model", "density"),
    [
        (
            "PLO",
            None,
            lambda d, i, t: stats.binom.pmf(d["xi"][i], d["ni"][i], 1 / (1 + np.exp(-t))),
        ),
        ("IRLN", None, lambda d, i, t: stats.poisson.pmf(d["xi"][i], d["ti"][i] * np.exp(t))),
        (
            "OR",
            "CM.EL",
            lambda d, i, t: stats.nchypergeom_fisher.pmf(
                d["ai"][i],
                d["n1i"][i] + d["n2i"][i],
                d["n1i"][i],
                d["ai"][i] + d["ci"][i],
                math.exp(t),
            ),
        ),
        (
            "IRR",
            "CM.EL",
            lambda d, i, t: stats.binom.pmf(
                d["x1i"][i],
                d["x1i"][i] + d["x2i"][i],
                1 / (1 + d["t2i"][i] / d["t1i"][i] * np.exp(-t)),
            ),
        ),
    ],
)
def test_likelihood_is_that_of_scipys_densities(measure, model, density):
    columns = COLUMNS[measure]
    found = fit(measure, model)
    k = len(next(iter(columns.values())))
    objective = by_brute_force(lambda i, t: density(columns, i, t), k)
    assert_allclose(found.log_likelihood, -objective([found.estimate, found.tau]), rtol=1e-9)
    for theta, tau in ((0.02, 0.0), (-0.02, 0.0), (0.0, 0.02), (0.0, -0.02)):
        near = -objective([found.estimate + theta, found.tau + tau])
        assert near < found.log_likelihood


@pytest.mark.parametrize(("measure", "model"), CASES)
def test_many_gauss_hermite_nodes_give_the_same(measure, model):
    exact = fit(measure, model)
    nodes = fit(measure, model, nodes=15 if model == "UM.RS" else 41)
    assert_allclose(nodes.log_likelihood, exact.log_likelihood, rtol=QUADRATURE)
    assert_allclose(nodes.estimate, exact.estimate, rtol=OPTIMUM)
    assert_allclose([nodes.se, nodes.tau2], [exact.se, exact.tau2], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("measure", "model"), CASES)
def test_the_order_of_the_studies_does_not_matter(measure, model):
    one = fit(measure, model)
    reverse = {name: values[::-1] for name, values in COLUMNS[measure].items()}
    other = pool_glmm(**reverse, measure=measure, model=model)
    assert_allclose(
        [other.estimate, other.se, other.log_likelihood],
        [one.estimate, one.se, one.log_likelihood],
        rtol=QUADRATURE,
    )


@pytest.mark.parametrize(("measure", "model"), TWO_ARMED)
def test_swapping_the_arms_turns_the_sign(measure, model):
    one = fit(measure, model)
    other = pool_glmm(**swapped(COLUMNS[measure]), measure=measure, model=model)
    assert_allclose(other.estimate, -one.estimate, rtol=OPTIMUM)
    assert_allclose([other.se, other.tau2], [one.se, one.tau2], rtol=OPTIMUM, atol=1e-9)


@pytest.mark.parametrize("nodes", [None, 1, 7])
@pytest.mark.parametrize(("measure", "model"), CASES)
def test_identical_studies_have_no_variation(measure, model, nodes):
    columns = {name: [values[4]] * 5 for name, values in COLUMNS[measure].items()}
    random = pool_glmm(**columns, measure=measure, model=model, nodes=nodes)
    common = pool_glmm(**columns, measure=measure, model=model, method="CE", nodes=nodes)
    assert random.tau2 == common.tau2 == 0.0
    assert random.se_tau2 is None
    assert_allclose([random.estimate, random.se], [common.estimate, common.se], rtol=QUADRATURE)
    assert common.prediction is None
    assert random.prediction is not None
    assert "boundary" in random.decisions[-1]


def test_a_common_effect_with_levels_is_logistic_regression():
    found = fit("OR", "UM.FS", method="CE")
    x = np.array([TABLES["ai"], TABLES["ci"]]).T
    n = np.array([TABLES["n1i"], TABLES["n2i"]]).T

    def minus_log_likelihood(point):
        eta = point[1:, None] + point[0] * np.array([0.5, -0.5])
        return -np.sum(x * eta - n * np.logaddexp(0, eta))

    start = np.concatenate([[0.0], np.full(len(x), -3.0)])
    best = optimize.minimize(minus_log_likelihood, start, method="BFGS", options={"gtol": 1e-9})
    assert_allclose(found.estimate, best.x[0], rtol=OPTIMUM)


def test_both_ways_of_a_binomial_given_the_sum_agree():
    rates = {"x1i": TABLES["ai"], "t1i": TABLES["n1i"], "x2i": TABLES["ci"], "t2i": TABLES["n2i"]}
    exact = pool_glmm(**rates, measure="IRR", model="CM.EL")
    approximate = fit("OR", "CM.AL")
    assert_allclose(approximate.estimate, exact.estimate, rtol=QUADRATURE)
    assert_allclose(approximate.se, exact.se, rtol=QUADRATURE)


def test_a_study_without_events_in_both_arms_is_left_out_and_named():
    silent = {"ai": 0, "n1i": 30, "ci": 0, "n2i": 20}
    more = {name: [*values, silent[name]] for name, values in TABLES.items()}
    labels = list("ABCDEFGH")
    found = pool_glmm(**more, labels=labels)
    assert found.left_out == ("H",)
    assert found.labels == tuple("ABCDEFG")
    assert_allclose(found.estimate, fit("OR", "UM.FS").estimate, rtol=QUADRATURE)
    assert "H" in found.decisions[0]


def test_large_counts_keep_their_digits():
    scale = np.array([300, 500, 200, 400, 600, 100])
    columns = {name: scale * (np.array(values) + 1) for name, values in RATES.items()}
    for model in MODELS["IRR"]:
        exact = pool_glmm(**columns, measure="IRR", model=model)
        nodes = pool_glmm(**columns, measure="IRR", model=model, nodes=11)
        assert_allclose(nodes.estimate, exact.estimate, rtol=OPTIMUM)
        assert_allclose(nodes.tau2, exact.tau2, rtol=OPTIMUM)
        # second differences of a log likelihood lose digits as it grows
        assert_allclose(nodes.se, exact.se, rtol=1e-5)


def test_test_t_and_heterogeneity():
    z, t = fit("OR", "UM.FS"), fit("OR", "UM.FS", test="t")
    half = stats.t.isf(0.025, z.k - 1) * z.se
    assert_allclose([t.ci_low, t.ci_high], [z.estimate - half, z.estimate + half], rtol=1e-12)
    assert t.prediction.df == z.k - 1
    assert z.prediction.df is None
    assert_allclose(z.h2, 1 / (1 - z.i2), rtol=1e-12)
    assert_allclose(z.q_p, stats.chi2.sf(z.q, z.k - 1), rtol=1e-10)
    assert fit("OR", "UM.RS").q is None
    varied = pool_glmm(
        ai=[1, 30, 9, 55],
        n1i=[90, 80, 95, 99],
        ci=[3, 41, 8, 61],
        n2i=[91, 80, 96, 98],
        model="UM.RS",
    )
    assert varied.sigma2 > 1


def test_a_frame_has_one_row_with_everything():
    frame = fit("OR", "CM.EL").to_frame()
    assert len(frame) == 1
    assert {"estimate", "ci_low", "p_value", "tau2", "prediction_low", "quadrature"} <= {*frame}


@pytest.mark.parametrize("model", MODELS["OR"])
def test_an_arm_without_events_is_refused_with_advice(model):
    with pytest.raises(NotEstimable, match="Firth"):
        pool_glmm(ai=[0, 0], n1i=[50, 60], ci=[2, 3], n2i=[50, 60], model=model)


def test_a_variance_that_grows_without_bound_is_refused():
    # three studies with one event each, in different arms: the conditional likelihood rises to a
    # limit as tau2 grows
    with pytest.raises(NotEstimable, match="without bound"):
        pool_glmm(ai=[1, 0, 0], n1i=[18, 21, 27], ci=[0, 1, 1], n2i=[14, 14, 12], model="CM.EL")


def test_nonsense_is_refused():
    with pytest.raises(TooFewStudies, match="found 1 of 2"):
        pool_glmm(ai=[1, 0], n1i=[9, 9], ci=[2, 0], n2i=[9, 9])
    with pytest.raises(BadInput, match="whole number"):
        pool_glmm(ai=[1.5, 2], n1i=[9, 9], ci=[2, 1], n2i=[9, 9])
    with pytest.raises(BadInput, match="Leave model out"):
        fit("PLO", "UM.FS")
    with pytest.raises(BadInput, match="nodes=0"):
        fit("OR", "UM.FS", nodes=0)
    with pytest.raises(UnknownName, match=r"CM\.EL"):
        fit("IRR", "CM.AL")
    with pytest.raises(UnknownName):
        fit("OR", "UM.FS", test="knha")
    with pytest.raises(UnknownName):
        fit("OR", "UM.FS", method="REML")
    with pytest.raises(UnknownName):
        pool_glmm(**TABLES, measure="RD")


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 12), st.integers(0, 60), st.integers(0, 12), st.integers(0, 60)
        ).filter(lambda row: row[0] + row[1] > 0 and row[2] + row[3] > 0),
        min_size=2,
        max_size=5,
    ),
    case=st.sampled_from(CASES),
    nodes=st.sampled_from([None, None, 1, 7]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_counts_give_finite_numbers_or_advice(rows, case, nodes):
    measure, model = case
    a, b, c, d = np.array(rows).T
    columns = {
        "OR": {"ai": a, "bi": b, "ci": c, "di": d},
        "IRR": {"x1i": a, "t1i": a + b + 0.5, "x2i": c, "t2i": c + d + 0.5},
        "PLO": {"xi": a, "ni": a + b},
        "IRLN": {"xi": a, "ti": a + b + 0.5},
    }[measure]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = pool_glmm(**columns, measure=measure, model=model, nodes=nodes)
        except EvidenceError:
            return
    numbers = [found.estimate, found.se, found.ci_low, found.ci_high, found.tau2, found.h2]
    assert all(math.isfinite(number) for number in [*numbers, found.log_likelihood, found.p_value])
    assert found.se > 0


#: Six studies whose effects differ by far more than their counts leave open.
VARIED = {
    "a": [1, 3, 4, 2, 6, 5],
    "m": [9, 12, 20, 8, 30, 22],
    "c": [3, 4, 4, 6, 9, 5],
    "n": [10, 11, 18, 9, 28, 24],
}


def varied(measure, scale):
    """The counts of VARIED times a number, as columns of a measure."""
    a, m, c, n = (scale * np.array(column) for column in VARIED.values())
    return {
        "OR": {"ai": a, "n1i": m, "ci": c, "n2i": n},
        "IRR": {"x1i": a, "t1i": m, "x2i": c, "t2i": n},
        "PLO": {"xi": a, "ni": m},
        "IRLN": {"xi": a, "ti": m},
    }[measure]


LARGE = [case for case in CASES if case != ("OR", "CM.EL")]  # which has a limit of its own


@pytest.mark.parametrize(("measure", "model"), LARGE)
def test_large_counts_give_what_exact_effects_give(measure, model):
    columns = varied(measure, 30_000)
    found = pool_glmm(**columns, measure=measure, model=model)
    if model == "CM.AL":  # events given their sum are those of rates
        columns, measure = varied("IRR", 30_000), "IRR"
    effects = effect_size(measure, **columns)
    limit = pool(effects, method="ML", test="z", policy="metafor")
    # the sampling variances are 1e-4 of those between studies, and the model's own are as much off
    assert_allclose(found.estimate, limit.estimate, rtol=1e-3)
    assert_allclose([found.se, found.tau2], [limit.se, limit.tau2], rtol=1e-3)
    reverse = {name: values[::-1] for name, values in varied(found.measure, 30_000).items()}
    other = pool_glmm(**reverse, measure=found.measure, model=model)
    assert_allclose([other.estimate, other.se], [found.estimate, found.se], rtol=OPTIMUM)


@pytest.mark.parametrize(("measure", "model"), LARGE)
def test_too_many_events_for_double_precision_are_refused(measure, model):
    with pytest.raises(NotEstimable, match="rounding hides its maximum"):
        pool_glmm(**varied(measure, 2_000_000), measure=measure, model=model)


def test_the_size_of_the_counts_decides_about_the_refusal_and_names_the_study():
    events = optimize.brentq(lambda x: x * math.log(x + 0.5) + x - MOST_TERMS, 1e5, 1e6)
    within, beyond = math.floor(events), math.ceil(events)
    found = pool_glmm(xi=[within, 4, 9], ti=[900_000, 5, 8], measure="IRLN")
    assert found.k == 3
    with pytest.raises(NotEstimable, match="too many events in Large"):
        pool_glmm(
            xi=[4, beyond, 9],
            ti=[5, 900_000, 8],
            measure="IRLN",
            labels=["Small", "Large", "Other"],
        )


def test_tables_with_too_many_outcomes_for_the_exact_likelihood_are_refused():
    with pytest.raises(NotEstimable, match="5,000,000 at most"):
        pool_glmm(**varied("OR", 2_000_000), model="CM.EL")
