import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import BadInput
from evidence.outcomes.summary_statistics import (
    complement,
    mean_of,
    percentage,
    relative_reduction,
    relative_reduction_from_arms,
    total,
)

PROPERTY = settings(max_examples=50, deadline=None, derandomize=True)
#: One rounding of a double in each of two orders of the same arithmetic.
CLOSED_FORM = 1e-12
PATIENTS = st.integers(1, 10_000)
SHARES = st.floats(0, 1)
NAN, INF = math.nan, math.inf


@PROPERTY
@given(PATIENTS, SHARES)
def test_events_and_their_complement_make_all_patients(n, share):
    events = int(share * n)
    whole = percentage(events, n) + percentage(n - events, n)
    assert whole == pytest.approx(100, rel=CLOSED_FORM)
    assert complement(percentage(events, n)) == pytest.approx(
        percentage(n - events, n), rel=CLOSED_FORM, abs=1e-10
    )


@PROPERTY
@given(st.floats(0.001, 1000), st.floats(0.001, 1000))
def test_the_reduction_between_arms_is_that_of_their_ratio(treated, control):
    expected = relative_reduction(treated / control)
    assert relative_reduction_from_arms(treated, control) == pytest.approx(
        expected, rel=CLOSED_FORM, abs=1e-10
    )


@PROPERTY
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_the_mean_times_the_number_is_the_total_in_any_order(values):
    assert mean_of(values) * len(values) == pytest.approx(total(values), rel=CLOSED_FORM)
    assert total(values) == total(values[::-1])


def test_printed_examples_come_out():
    assert percentage(82, 376) == pytest.approx(21.808510638297872, rel=CLOSED_FORM)
    assert relative_reduction(0.451) == pytest.approx(54.9, rel=CLOSED_FORM)
    assert relative_reduction(1) == 0
    assert relative_reduction(1.25) == -25
    assert relative_reduction_from_arms(0, 0.39) == 100
    assert complement(12.5) == 87.5
    assert mean_of([0.12, 0.16]) == pytest.approx(0.14, rel=CLOSED_FORM)
    assert total([]) == 0


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (percentage, (5, 0)),
        (percentage, (-1, 10)),
        (percentage, (11, 10)),
        (percentage, (NAN, 10)),
        (percentage, (1, NAN)),
        (complement, (-0.1,)),
        (complement, (100.1,)),
        (complement, (NAN,)),
        (relative_reduction, (0,)),
        (relative_reduction, (-0.5,)),
        (relative_reduction, (NAN,)),
        (relative_reduction, (INF,)),
        (relative_reduction_from_arms, (0.2, 0)),
        (relative_reduction_from_arms, (-0.1, 0.2)),
        (relative_reduction_from_arms, (0.2, NAN)),
        (relative_reduction_from_arms, (NAN, 0.2)),
        (relative_reduction_from_arms, (INF, 0.2)),
        (relative_reduction_from_arms, (0.2, INF)),
        (mean_of, ([],)),
        (percentage, (1, INF)),
    ],
)
def test_nonsense_is_refused(function, given):
    with pytest.raises(BadInput):
        function(*given)


@pytest.mark.parametrize("function", [mean_of, total])
@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_sum_of_what_is_not_known_is_refused_with_its_place(function, value):
    with pytest.raises(BadInput, match=r"values\.1"):
        function([0.1, value])
