import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evidence.errors import BadInput, EmptySelection, EvidenceError, NotEstimable, UnknownName
from evidence.synthesis.engines import engine_odds_ratio
from evidence.synthesis.rare_events.mantel_haenszel import pool_mantel_haenszel

#: Closed form; only the order of the sums differs.
CLOSED_FORM = 1e-12
RATIOS, DIFFERENCES = ("OR", "RR", "IRR"), ("RD", "IRD")
#: A study with an empty cell, one without events and one with nothing but events.
TABLES = {
    "ai": [0, 3, 0, 12, 5, 10, 1, 7],
    "n1i": [12, 14, 20, 12, 30, 10, 150, 25],
    "ci": [4, 0, 0, 12, 9, 6, 0, 11],
    "n2i": [13, 15, 22, 12, 28, 10, 148, 24],
}
RATES = {
    "x1i": [0, 4, 0, 7, 2, 15],
    "t1i": [40.5, 61.2, 33, 120.75, 18.4, 210],
    "x2i": [3, 0, 0, 9, 5, 11],
    "t2i": [38, 60.1, 35.5, 118, 20.2, 190.5],
}
CORRECTED = {"add": (0.5, 0.5), "to": ("only0", "only0"), "drop00": (True, True)}


def data(measure):
    return RATES if measure.startswith("IR") else TABLES


def swapped(columns):
    pairs = {"ai": "ci", "ci": "ai", "n1i": "n2i", "n2i": "n1i"}
    pairs |= {"x1i": "x2i", "x2i": "x1i", "t1i": "t2i", "t2i": "t1i"}
    return {pairs[name]: values for name, values in columns.items()}


@pytest.mark.parametrize(
    ("measure", "options", "estimate", "se"),
    [
        ("OR", {}, -0.2657899644919846, 0.3407760912710296),
        ("OR", CORRECTED, -0.24190979035732826, 0.32657903840525526),
        ("RR", {}, -0.11473599992191036, 0.14695969575630957),
        ("RD", {}, -0.016864831826291535, 0.021624207893193602),
        ("IRR", {}, -0.04505350007267953, 0.26834162656443117),
        ("IRD", CORRECTED, -0.0029584106296344026, 0.017314561626910675),
    ],
)
def test_estimates_are_those_of_metafor(measure, options, estimate, se):
    # rma.mh(measure=, add=, to=, drop00=), metafor 3.8.1
    found = pool_mantel_haenszel(**data(measure), measure=measure, **options)
    assert_allclose([found.estimate, found.se], [estimate, se], rtol=CLOSED_FORM)


def test_tests_are_those_of_metafor():
    # the continuity correction is taken off even when it is larger than the difference
    table = {"ai": [3, 2], "n1i": [10, 10], "ci": [2, 3], "n2i": [10, 11]}
    found = pool_mantel_haenszel(**table)
    assert_allclose(found.cmh.statistic, 0.07312636247462977, rtol=CLOSED_FORM)
    assert_allclose(found.cochran.statistic, 0.07687825107698906, rtol=CLOSED_FORM)
    assert_allclose(found.breslow_day.statistic, 0.41179105716975184, rtol=CLOSED_FORM)
    assert_allclose(found.tarone.statistic, 0.41179067493676336, rtol=CLOSED_FORM)
    assert (found.tarone.df, found.k_informative) == (1, 2)


def test_the_engine_gives_the_same_odds_ratio():
    found = pool_mantel_haenszel(**TABLES)
    engine = engine_odds_ratio(found.events, found.sizes)
    assert engine.engine.startswith("statsmodels")
    assert_allclose([found.estimate, found.se], [engine.estimate, engine.se], rtol=1e-10)


@pytest.mark.parametrize("measure", [*RATIOS, *DIFFERENCES])
def test_swapping_the_arms_turns_the_sign(measure):
    one = pool_mantel_haenszel(**data(measure), measure=measure)
    other = pool_mantel_haenszel(**swapped(data(measure)), measure=measure)
    assert_allclose(other.estimate, -one.estimate, rtol=CLOSED_FORM)
    assert_allclose(other.se, one.se, rtol=1e-11)


@pytest.mark.parametrize("measure", [*RATIOS, *DIFFERENCES])
def test_one_study_gives_its_own_effect(measure):
    study = {name: values[4:5] for name, values in data(measure).items()}
    found = pool_mantel_haenszel(**study, measure=measure)
    assert_allclose(found.estimate, found.effects.yi[0], rtol=CLOSED_FORM)
    assert_allclose(found.weights, [1.0])
    assert found.heterogeneity.q_df == 0
    assert found.heterogeneity.i2 is None


@pytest.mark.parametrize("measure", ["RD", "IRD"])
def test_a_difference_is_the_weighted_mean_of_the_studies(measure):
    found = pool_mantel_haenszel(**data(measure), measure=measure, to=("none", "none"))
    columns = list(data(measure).values())
    own = np.divide(columns[0], columns[1]) - np.divide(columns[2], columns[3])
    assert_allclose(found.weights.sum(), 1.0)
    assert_allclose(np.sum(found.weights * own), found.estimate, rtol=1e-11)


@pytest.mark.parametrize("measure", RATIOS)
def test_a_study_without_events_does_not_touch_a_ratio(measure):
    with_it = pool_mantel_haenszel(**data(measure), measure=measure)
    without = {name: np.delete(values, 2) for name, values in data(measure).items()}
    alone = pool_mantel_haenszel(**without, measure=measure)
    assert_allclose([alone.estimate, alone.se], [with_it.estimate, with_it.se], rtol=CLOSED_FORM)
    assert (with_it.k, alone.k) == (with_it.weights.size, with_it.k - 1)


@pytest.mark.parametrize("measure", ["OR", "RR", "IRR"])
def test_without_events_in_an_arm_there_is_a_reason_instead_of_a_ratio(measure):
    columns = dict(data(measure))
    columns["x2i" if measure == "IRR" else "ci"] = [0] * len(columns[next(iter(columns))])
    found = pool_mantel_haenszel(**columns, measure=measure)
    assert found.estimate is None
    assert found.ci_low is None
    assert "not estimable" in found.reason
    assert found.cmh.statistic > 0
    assert found.to_frame().loc[0, "reason"] == found.reason


def test_bad_tables_are_refused_together():
    with pytest.raises(BadInput) as refusal:
        pool_mantel_haenszel(ai=[-1, 4], n1i=[10, 3], ci=[1, 1], n2i=[10, 0], labels=["A", "B"])
    assert len(refusal.value.problems) == 4
    assert "row 2 (B)" in str(refusal.value)


def test_what_does_not_exist_is_refused():
    with pytest.raises(UnknownName, match="IRR"):
        pool_mantel_haenszel(**RATES, measure="IRRR")
    with pytest.raises(BadInput, match="x1i is missing"):
        pool_mantel_haenszel(**TABLES, measure="IRR")
    with pytest.raises(BadInput, match="given twice"):
        pool_mantel_haenszel(**TABLES, add=0.5)
    with pytest.raises(BadInput, match="not a stack"):
        pool_mantel_haenszel(**{name: np.tile(v, (2, 1)).T for name, v in TABLES.items()})
    with pytest.raises(EmptySelection, match="drop00"):
        pool_mantel_haenszel(ai=[0], n1i=[9], ci=[0], n2i=[9], drop00=(True, True))


@given(
    rows=st.lists(
        st.tuples(*[st.integers(0, 40), st.integers(0, 40)] * 2).filter(
            lambda row: row[0] + row[1] > 0 and row[2] + row[3] > 0
        ),
        min_size=1,
        max_size=6,
    ),
    measure=st.sampled_from(["OR", "RR", "RD", "IRR", "IRD"]),
    corrected=st.booleans(),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_counts_give_finite_numbers_or_advice(rows, measure, corrected):
    a, b, c, d = np.array(rows).T
    columns = {"ai": a, "bi": b, "ci": c, "di": d}
    if measure.startswith("IR"):
        columns = {"x1i": a, "t1i": a + b + 0.5, "x2i": c, "t2i": c + d + 0.5}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = pool_mantel_haenszel(
                **columns, measure=measure, **(CORRECTED if corrected else {})
            )
        except EvidenceError:
            return
    numbers = [found.estimate, found.se, found.ci_low, found.ci_high, found.p_value]
    numbers += [found.heterogeneity.q, found.heterogeneity.q_p]
    assert all(number is None or math.isfinite(number) for number in numbers)
    assert (found.se is None) == (found.reason is not None)


def test_options_that_are_no_options_are_refused():
    tables = {"ai": [5], "n1i": [20], "ci": [7], "n2i": [20]}
    with pytest.raises(BadInput, match="correct='yes'"):
        pool_mantel_haenszel(**tables, correct="yes")
    with pytest.raises(BadInput, match="drop00 must be True or False"):
        pool_mantel_haenszel(**tables, drop00=(float("nan"), False))


def test_counts_beyond_double_precision_are_refused():
    with pytest.raises(NotEstimable, match="double precision"):
        pool_mantel_haenszel(x1i=[5], t1i=[1e300], x2i=[7], t2i=[1e-300], measure="IRD")


def test_an_estimate_that_overflows_is_refused():
    with pytest.raises(NotEstimable, match="double precision"):
        pool_mantel_haenszel(x1i=[5], t1i=[1e-300], x2i=[7], t2i=[1e300], measure="IRD")


def test_it_prints_the_ratio_first_and_the_log_beside_it():
    found = pool_mantel_haenszel(ai=[4, 6], n1i=[50, 60], ci=[9, 8], n2i=[50, 60], measure="RR")
    first, second, third = str(found).splitlines()[:3]
    assert first == "Mantel-Haenszel, common effect, RR of 2 studies"
    assert second.startswith(f"  RR {math.exp(found.estimate):.4g} (95% CI ")
    assert third.startswith(f"  on the log scale {found.estimate:.4g} (95% CI {found.ci_low:.4g} ")
    assert str(found).splitlines()[-1] == found.decisions[-1]


def test_it_prints_why_there_is_no_ratio():
    found = pool_mantel_haenszel(ai=[0, 0], n1i=[9, 9], ci=[0, 0], n2i=[9, 9])
    assert "  OR not estimable" in str(found).splitlines()
    assert str(found).count(found.reason) == 1


def test_a_difference_prints_once():
    found = pool_mantel_haenszel(ai=[4, 6], n1i=[50, 60], ci=[9, 8], n2i=[50, 60], measure="RD")
    assert "scale" not in str(found)
    assert f"  RD {found.estimate:.4g} (95% CI " in str(found)
