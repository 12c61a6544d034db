import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.analysis.sections.review.updates import agrees, overall

PROPERTY = settings(max_examples=50, deadline=None, derandomize=True)


def printed(*tokens, operator="=", low=None, high=None):
    """Return a row that prints one value, or a range."""
    return {
        "value": float(tokens[0].replace("·", ".")) if low is None else None,
        "range_low": low,
        "range_high": high,
        "printed": list(tokens),
        "value_operator": operator,
    }


@pytest.mark.parametrize(
    ("token", "value", "expected"),
    [
        ("55", 54.5, True),
        ("55", 55.4999, True),
        ("55", 55.5, True),
        ("55", 54.49, False),
        ("55", 55.51, False),
        ("54.9", 54.94, True),
        ("54·9", 54.94, True),
        ("54.9", 54.96, False),
        ("54.90", 54.91, False),
        ("0", 0.4, True),
        ("0", -0.4, True),
        ("100", 99.4, False),
    ],
)
def test_an_update_agrees_if_it_rounds_to_what_is_printed(token, value, expected):
    assert agrees(printed(token), value) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (">", 90.1, True),
        (">", 90, False),
        ("<", 89.9, True),
        ("<", 90, False),
        (">=", 90, True),
        (">=", 89.9, False),
        ("<=", 90, True),
        ("<=", 90.1, False),
        ("~", 81, True),
        ("~", 99, True),
        ("~", 80.9, False),
        ("~", 99.1, False),
    ],
)
def test_an_update_agrees_with_a_relation_if_it_holds(operator, value, expected):
    assert agrees(printed("90", operator=operator), value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, True), (2, True), (3, True), (0.5, True), (3.5, True), (0.4, False), (3.6, False)],
)
def test_an_update_agrees_with_a_range_if_it_rounds_into_it(value, expected):
    assert agrees(printed("1", "3", low=1.0, high=3.0), value) is expected


@PROPERTY
@given(st.floats(0, 1000), st.integers(0, 3))
def test_a_value_agrees_with_its_own_rounding_and_not_with_the_next_but_one(value, digits):
    token = f"{value:.{digits}f}"
    assert agrees(printed(token), value)
    assert not agrees(printed(f"{float(token) + 2 * 10**-digits:.{digits}f}"), value)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], None),
        (["agrees"], "agrees"),
        (["words"], "words"),
        (["agrees", "words"], "agrees"),
        (["words", "differs"], "differs"),
        (["agrees", "differs", "agrees"], "differs"),
    ],
)
def test_one_difference_makes_the_cell_differ(verdicts, expected):
    assert overall(verdicts) == expected


def test_each_end_of_a_range_is_rounded_as_it_is_printed():
    assert not agrees(printed("1", "2.5", low=1.0, high=2.5), 2.9)
    assert agrees(printed("1", "2.5", low=1.0, high=2.5), 2.54)
    assert agrees(printed("1.5", "3", low=1.5, high=3.0), 3.4)
    assert not agrees(printed("1.5", "3", low=1.5, high=3.0), 1.2)
