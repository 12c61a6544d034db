import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.trials.audit.basis.definitions import Match, same_definition, same_months
from evidence.trials.audit.basis.rounding import Interval, rounded, text, unexplained

WORSENING = "disability-worsening"


@pytest.mark.parametrize(
    ("one", "other", "outcome", "expected"),
    [
        ("6-month confirmed EDSS", "6-month confirmed EDSS", WORSENING, Match.SAME),
        ("12-week confirmed EDSS", "3-month confirmed EDSS", WORSENING, Match.SAME),
        (
            "6-month confirmed EDSS",
            "sustained accumulation; confirmation time not stated",
            WORSENING,
            Match.OPEN,
        ),
        ("6-month confirmed EDSS", "3-month confirmed EDSS", WORSENING, Match.DIFFERENT),
        ("6-month confirmed EDSS", "EDSS of 6.0 or more", WORSENING, Match.DIFFERENT),
        ("NEDA, pooled", "pooled", "neda-3", Match.SAME),
        (None, "no relapse, no 3-month EDSS worsening, no new MRI lesions", "neda-3", Match.OPEN),
        ("within year 3", "year 3", "neda-3", Match.SAME),
        ("year 4", "years 3 to 4", "annualised-relapse-rate", Match.DIFFERENT),
        (None, "treatment-related", "any-adverse-event", Match.DIFFERENT),
        (None, "overall transplant-related mortality", "treatment-related-mortality", Match.SAME),
        ("uterine leiomyoma", "uterine leiomyomas", "benign-neoplasm", Match.SAME),
    ],
)
def test_definitions_that_mean_the_same(one, other, outcome, expected):
    assert same_definition(one, other, outcome) == expected
    assert same_definition(other, one, outcome) == expected


def test_a_period_up_to_the_time_of_the_rows_narrows_nothing():
    names = ("6-month confirmed EDSS, years 0-4", "6-month confirmed EDSS", WORSENING)
    assert same_definition(*names, months=48) == Match.SAME
    assert same_definition(*names, months=60) == Match.OPEN


def test_times_within_a_tenth_are_one_time():
    assert same_months(22.1, 24) == Match.SAME
    assert same_months(24, None) == Match.OPEN
    assert same_months(24, 36) == Match.DIFFERENT


@pytest.mark.parametrize(
    ("values", "decimals", "left"),
    [
        ((54.9, 55), (1, 0), 0),  # 54.9 rounds to 55
        ((67, 68), (0, 0), 1),  # no number rounds to both
        ((42.1, 42.0), (1, 1), 0.1),
        ((23.3, 23), (1, 0), 0),
        ((386, 376), (None, None), 10),  # counted
        ((26, 42.9), (0, 1), 16.4),
    ],
)
def test_rounding_explains_what_it_can(values, decimals, left):
    assert unexplained(values, decimals) == pytest.approx(left, abs=1e-9)


def test_numbers_in_two_units_are_rounded_each_by_itself():
    assert unexplained((5.2, 62), (1, 0), (12, 1)) == 0  # 5.15 to 5.25 years hold 62 months
    assert unexplained((12, 24), (0, 0), (12, 1)) == pytest.approx(144 - 24 - 6.5)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(-500, 500), st.integers(0, 4), st.integers(0, 4))
def test_two_roundings_of_one_number_are_never_called_different(value, coarse, fine):
    coarse, fine = min(coarse, fine), max(coarse, fine)
    finer = round(value, fine)
    assert unexplained((round(finer, coarse), finer), (coarse, fine)) == 0
    assert rounded(round(value, fine), fine).holds(value)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(*[st.floats(-100, 100)] * 4)
def test_distance_of_intervals_is_symmetric_and_zero_if_they_meet(a, b, c, d):
    one, other = Interval(*sorted((a, b))), Interval(*sorted((c, d)))
    assert one.distance(other) == other.distance(one) >= 0
    assert (one.distance(other) > 1e-6) <= (not one.meets(other))


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [(42.0, 1, "42.0"), (3.0, None, "3"), (0.5384, None, "0.538"), (288.27, None, "288.3")],
)
def test_numbers_of_the_arithmetic_are_shown_as_printed_or_short(value, decimals, shown):
    assert text(value, decimals) == shown
