"""Which whole numbers of patients a printed percentage allows."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.effects.printed_percentages import events_behind, events_from_percentages
from evidence.errors import BadInput


def test_one_decimal_of_few_patients_tells_the_count():
    found = events_from_percentages([66.7, 14.3], [21, 21], decimals=1)
    assert found.events.tolist() == [14, 3]
    assert found.certain.all()


def test_a_whole_percentage_of_many_patients_leaves_a_range():
    found = events_from_percentages(8, 376)
    assert (found.low[0], found.high[0], found.events[0]) == (29, 31, 30)
    assert found.possible.all()
    assert not found.certain.any()


def test_a_percentage_that_no_count_gives_is_told():
    found = events_from_percentages(8.4, 48, decimals=1)
    assert not found.possible[0]
    assert found.events[0] == found.low[0] == found.high[0] == 4


@pytest.mark.parametrize(("percent", "low", "high"), [(0, 0, 1), (100, 199, 200), (1, 1, 3)])
def test_the_ends_of_the_range_are_no_exception(percent, low, high):
    found = events_from_percentages(percent, 200)
    assert (found.low[0], found.high[0]) == (low, high)
    assert not str(found.low[0]).startswith("-")


@given(st.integers(1, 2000), st.data(), st.integers(0, 3))
def test_the_true_count_is_always_allowed_and_bounds_round_to_what_is_printed(n, data, decimals):
    events = data.draw(st.integers(0, n))
    exact = Fraction(100 * events, n)
    printed = float(round(exact, decimals))
    found = events_from_percentages(printed, n, decimals=decimals)
    assert found.possible[0]
    assert found.low[0] <= events <= found.high[0]
    half = Fraction(1, 2 * 10**decimals)
    for bound in (found.low[0], found.high[0]):
        gap = abs(Fraction(100 * int(bound), n) - round(exact, decimals))
        assert gap <= half


@pytest.mark.parametrize(
    ("percent", "n", "decimals"),
    [
        (101, 20, 0),
        (-1, 20, 0),
        (5, 0, 0),
        (5, 20.5, 0),
        (5, 20, 1.5),
        (5, 20, -1),
        ([[5], [6]], 20, 0),
    ],
)
def test_nonsense_is_refused(percent, n, decimals):
    with pytest.raises(BadInput, match="Events from percentages"):
        events_from_percentages(percent, n, decimals=decimals)


def test_all_faults_are_told_at_once():
    with pytest.raises(BadInput) as caught:
        events_from_percentages([101, 5], [20, 0])
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("percent", "n", "decimals", "events"),
    [(54.9, 51, 1, 28.0), (22, 376, 0, 83.0), (0, 20, 0, 0.0), (100, 20, 0, 20.0), (50, 5, 0, 2.5)],
)
def test_whole_patients_stand_for_a_percentage_only_where_they_give_it(
    percent, n, decimals, events
):
    assert events_behind(percent, n, decimals=decimals) == events


@given(st.integers(1, 500), st.data(), st.integers(0, 2))
def test_the_events_behind_a_percentage_have_that_percentage(n, data, decimals):
    printed = round(data.draw(st.floats(0, 100)), decimals)
    share = 100 * events_behind(printed, n, decimals=decimals) / n
    assert abs(share - printed) <= 0.5 * 10.0**-decimals + 1e-9
