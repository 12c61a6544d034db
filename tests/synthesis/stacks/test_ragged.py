"""Meta-analyses end to end: the numbers of pool() for each, and a reason wherever there is none."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from evidence import pool
from evidence.errors import BadInput, EvidenceError, NotEstimable, UnknownName
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.pairwise import POLICIES
from evidence.synthesis.stacks.ragged import pool_ragged
from evidence.synthesis.stacks.ragged_result import NO_WIDTH, NUMBERS, ONE_STUDY, OUT_OF_RANGE

#: Both searches for tau2 end at machine precision.
SAME = 1e-8


def registry(d=40, seed=2):
    """Meta-analyses of 1 to 30 studies with and without heterogeneity, end to end."""
    rng = np.random.default_rng(seed)
    sizes = np.concatenate([[1, 2, 30], rng.integers(1, 12, d - 3)])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    tau2 = np.repeat(rng.choice([0.0, 0.05, 0.5], d), sizes)
    vi = np.exp(rng.uniform(-4.0, 0.0, starts[-1]))
    return rng.normal(0.2, np.sqrt(vi + tau2)), vi, starts


Y, V, STARTS = registry()


def assert_is_pooled(found, i, yi, vi, **options):
    """Compare a row with the single fit; what is not estimable is NaN."""
    one = pool(yi, vi, **options)
    for name in NUMBERS:
        value = getattr(one, name)
        want = np.nan if value is None else value
        assert_allclose(getattr(found, name)[i], want, rtol=SAME, atol=1e-13, err_msg=name)
    assert (found.k[i], found.tests[i], found.methods[i]) == (one.k, one.test, one.method)


@pytest.mark.parametrize("policy", POLICIES)
def test_each_meta_analysis_has_the_numbers_of_its_own_fit(policy):
    found = pool_ragged(Y, V, STARTS, policy=policy)
    for i, (begin, end) in enumerate(pairwise(STARTS)):
        assert_is_pooled(found, i, Y[begin:end], V[begin:end], policy=policy)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_every_estimator_and_level_is_passed_on(method):
    options = {"method": method, "test": "adhoc", "level": 0.9}
    found = pool_ragged(Y, V, STARTS, **options)
    for i in (1, 2, 7):
        rows = slice(STARTS[i], STARTS[i + 1])
        assert_is_pooled(found, i, Y[rows], V[rows], **options)


def test_what_a_meta_analysis_gets_does_not_depend_on_its_neighbours():
    whole = pool_ragged(Y, V, STARTS)
    alone = pool_ragged(Y[: STARTS[20]], V[: STARTS[20]], STARTS[:21])
    for name in NUMBERS:
        assert_allclose(getattr(alone, name), getattr(whole, name)[:20], rtol=1e-13)


def test_one_study_keeps_its_own_effect_and_has_no_heterogeneity():
    found = pool_ragged([0.4], [0.04], [0, 1])
    assert_allclose([found.estimate[0], found.se[0]], [0.4, 0.2])
    assert (found.methods[0], found.notes, found.reasons) == (
        "single-study",
        (ONE_STUDY,),
        (None,),
    )
    assert np.isnan([found.tau2[0], found.q[0], found.i2[0]]).all()


# --- rows that cannot be used ---------------------------------------------------------------------

BAD_Y = [0.1, 0.3, np.nan, 0.2, 0.5, 0.4, np.inf, 0.7]
BAD_V = [0.1, 0.1, 0.1, 0.1, 0.1, 0.0, -1.0, np.inf]
BAD_AT = [0, 2, 5, 8]


def test_refusing_names_every_row_and_its_faults():
    with pytest.raises(BadInput, match="4 of 8 rows cannot be used") as refused:
        pool_ragged(BAD_Y, BAD_V, BAD_AT)
    assert refused.value.problems == (
        "row 3 (meta-analysis 2): yi is missing",
        "row 6 (meta-analysis 3): vi is not above 0",
        "row 7 (meta-analysis 3): yi is infinite, vi is not above 0",
        "row 8 (meta-analysis 3): vi is infinite",
    )


def test_marking_leaves_the_meta_analysis_without_numbers_and_the_others_as_they_are():
    found = pool_ragged(BAD_Y, BAD_V, BAD_AT, bad_rows="mark")
    assert found.reasons == (
        None,
        "1 of 3 rows cannot be used: yi is missing (1)",
        "3 of 3 rows cannot be used: yi is infinite (1), vi is infinite (1), vi is not above 0 (2)",
    )
    assert_array_equal(found.k, [2, 0, 0])
    assert_array_equal(found.rows, [2, 3, 3])
    assert np.isnan([getattr(found, name)[1:] for name in NUMBERS]).all()
    assert_is_pooled(found, 0, BAD_Y[:2], BAD_V[:2])


def test_leaving_out_pools_the_other_rows_and_says_so():
    found = pool_ragged(BAD_Y, BAD_V, BAD_AT, bad_rows="leave-out")
    assert_is_pooled(found, 1, [0.2, 0.5], [0.1, 0.1])
    assert found.notes[:2] == (None, "1 of 3 rows cannot be used: yi is missing (1)")
    assert found.reasons[:2] == (None, None)
    assert found.reasons[2].startswith("3 of 3 rows cannot be used")
    assert found.notes[2] is None


def test_leaving_out_all_but_one_gives_both_notes():
    found = pool_ragged([0.1, np.nan], [0.1, 0.1], [0, 2], bad_rows="leave-out")
    assert found.notes == (f"1 of 2 rows cannot be used: yi is missing (1); {ONE_STUDY}",)


@pytest.mark.parametrize("rule", ["mark", "leave-out"])
def test_many_bad_rows_are_counted_in_one_pass(rule):
    yi = np.where(np.arange(60_000) % 3 == 0, np.nan, 0.1)
    starts = np.arange(0, 60_001, 6)
    found = pool_ragged(yi, np.full(60_000, 0.1), starts, bad_rows=rule)
    words = found.reasons if rule == "mark" else found.notes
    assert set(words) == {"2 of 6 rows cannot be used: yi is missing (2)"}


# --- meta-analyses that cannot be estimated -------------------------------------------------------


def test_numbers_beyond_double_precision_are_the_reason_of_that_one_alone():
    yi = [*Y[:30], 1.0, 2.0, 3.0, *Y[30:60]]
    vi = [*V[:30], 1e-300, 1e-300, 1e-320, *V[30:60]]
    found = pool_ragged(yi, vi, np.arange(0, 64, 3))
    with pytest.raises(NotEstimable):
        pool([1.0, 2.0, 3.0], [1e-300, 1e-300, 1e-320])
    assert [i for i, reason in enumerate(found.reasons) if reason == OUT_OF_RANGE] == [10]
    assert_is_pooled(found, 9, Y[27:30], V[27:30])
    assert_is_pooled(found, 11, Y[30:33], V[30:33])


def test_equal_effects_have_no_knapp_hartung_interval():
    found = pool_ragged([0.5] * 3 + [0.1, 0.9], [0.1] * 5, [0, 3, 5], test="knha")
    assert found.reasons == (NO_WIDTH, None)
    assert (found.tests[0], found.methods[0], found.k[0]) == ("", "", 0)
    assert np.isnan(found.estimate[0])


VALUES = st.floats() | st.floats(-5, 5) | st.sampled_from([1e-300, 1e300])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    rows=st.lists(st.tuples(VALUES, VALUES | st.floats(1e-6, 1e6)), min_size=1, max_size=14),
    length=st.integers(1, 5),
    method=st.sampled_from(list(ESTIMATORS)),
    rule=st.sampled_from(["mark", "leave-out"]),
    test=st.sampled_from([None, "knha", "z"]),
)
def test_each_one_has_finite_numbers_or_a_reason(rows, length, method, rule, test):
    yi, vi = np.array(rows).T
    starts = [*range(0, len(rows), length), len(rows)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pool_ragged(yi, vi, starts, method=method, bad_rows=rule, test=test)
    numbers = np.stack([found.estimate, found.se, found.ci_low, found.ci_high, found.p_value])
    for i, reason in enumerate(found.reasons):
        assert np.isfinite(numbers[:, i]).all() == (reason is None)
        assert (found.k[i] > 0) == (reason is None)


def test_no_meta_analysis_gives_no_results():
    found = pool_ragged([], [], [0])
    assert found.to_frame().empty


# --- results and refusals -------------------------------------------------------------------------


def test_the_result_is_read_only_and_a_frame():
    found = pool_ragged(Y, V, STARTS)
    assert not found.estimate.flags.writeable
    frame = found.to_frame()
    assert frame.shape == (STARTS.size - 1, 2 + len(NUMBERS) + 4)
    assert frame["k"].sum() == Y.size


def test_a_rule_for_rows_that_is_no_name_is_refused():
    with pytest.raises(UnknownName, match="rows that cannot be used"):
        pool_ragged([0.1], [0.1], [0, 1], bad_rows=["mark"])


@pytest.mark.parametrize(
    "starts", [[0, 3], [1, 4], [0, 2, 2, 4], [0, 3, 2, 4], [], [[0, 4]], [0, 1.5, 4], [0, np.nan]]
)
def test_starts_that_do_not_cover_the_rows_are_refused(starts):
    with pytest.raises(BadInput, match="rising list of rows"):
        pool_ragged([0.1] * 4, [0.1] * 4, starts)


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        (([0.1], [0.1, 0.2], [0, 1]), {}, BadInput),
        ((["a"], [0.1], [0, 1]), {}, BadInput),
        (([0.1], [0.1], [0, 1]), {"bad_rows": "drop"}, UnknownName),
        (([0.1], [0.1], [0, 1]), {"method": "?"}, UnknownName),
        (([0.1], [0.1], [0, 1]), {"level": 95}, BadInput),
    ],
)
def test_what_cannot_be_right_is_refused(arguments, options, error):
    with pytest.raises(error):
        pool_ragged(*arguments, **options)
    assert issubclass(error, EvidenceError)
