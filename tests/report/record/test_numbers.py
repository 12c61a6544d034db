import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evidence.errors import BadInput, UnknownName
from evidence.report.record.numbers import FORMATS, MINUS, SMALLEST_P, format_number

PROPERTY = settings(max_examples=50, deadline=None, derandomize=True)

TABLE = [
    ("fixed:0", 375.5, "376"),
    ("fixed:2", 0.456, "0.46"),
    ("fixed:2", 0.454, "0.45"),
    ("fixed:1", 12, "12.0"),
    ("fixed", 12.4, "12"),
    ("fixed:1", -1.25, f"{MINUS}1.2"),
    ("fixed:1", -1.26, f"{MINUS}1.3"),
    ("fixed:2", 0.0, "0.00"),
    ("fixed:2", -0.0, "0.00"),
    ("fixed:2", -0.004, "0.00"),
    ("fixed:2", -0.006, f"{MINUS}0.01"),
    ("fixed:0", -0.4, "0"),
    ("plain:1", 54.9, "54.9"),
    ("plain:2", 0.1, "0.10"),
    ("plain:0", 1184, "1184"),
    ("plain:1", -0.5, f"{MINUS}0.5"),
    ("significant:3", 95, "95"),
    ("significant:3", 97.5, "97.5"),
    ("significant:3", 0.012345, "0.0123"),
    ("significant:3", 0, "0"),
    ("significant:2", 0.000001234, "0.0000012"),
    ("significant:3", -1.2e-7, f"{MINUS}0.00000012"),
    ("significant:3", 1234567, "1230000"),
    ("p:2", 0.5, "0.50"),
    ("p:2", 0.0512, "0.05"),
    ("p:2", 0.0084, "0.008"),
    ("p:2", 0.00084, "0.0008"),
    ("p:2", 0.0004, "0.0004"),
    ("p:2", 0.0001, "0.0001"),
    ("p:2", 0.00009, "<0.0001"),
    ("p:2", 1e-300, "<0.0001"),
    ("p:2", 0.0, "<0.0001"),
    ("p:3", 0.0512, "0.051"),
    ("p:2", 1.0, "1.00"),
    ("ratio:2", 0.0, "1.00"),
    ("ratio:2", math.log(0.45), "0.45"),
    ("ratio:2", -0.598, "0.55"),
    ("ratio:2", -20.0, "0.00"),
    ("percent:0", 0.95, "95"),
    ("percent:1", 0.12345, "12.3"),
    ("percent:1", 0.0, "0.0"),
    ("percent:0", 1.0, "100"),
    ("reduction:0", math.log(0.45), "55"),
    ("reduction:0", math.log(1.25), f"{MINUS}25"),
    ("reduction:0", 0.0, "0"),
    ("logit:1", 0.0, "50.0"),
    ("logit:1", math.log(0.012 / 0.988), "1.2"),
    ("logit:1", -800.0, "0.0"),
    ("arcsine:1", math.asin(math.sqrt(0.3)), "30.0"),
    ("arcsine:1", 0.0, "0.0"),
]


@pytest.mark.parametrize(("spec", "value", "text"), TABLE)
def test_a_value_is_shown_in_its_format(spec, value, text):
    assert format_number(value, spec) == text


def test_every_format_has_a_line_in_the_table():
    assert {spec.partition(":")[0] for spec, _, _ in TABLE} == set(FORMATS)


@pytest.mark.parametrize("kind", list(FORMATS))
@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_absent_needs_words_in_every_format(kind, value):
    with pytest.raises(BadInput, match="Say in words why it is absent"):
        format_number(value, f"{kind}:2")


def test_an_unknown_format_is_refused_with_the_nearest_one():
    with pytest.raises(UnknownName, match="Did you mean fixed"):
        format_number(1, "fixd:2")


@PROPERTY
@given(st.sampled_from(sorted(FORMATS)), st.floats(-50, 50), st.integers(0, 4))
def test_no_number_is_shown_with_a_hyphen_or_a_signed_nought(kind, value, digits):
    text = format_number(value if kind != "p" else abs(value) / 50, f"{kind}:{digits}")
    assert "-" not in text
    assert "e" not in text
    if kind not in ("plain", "significant"):
        assert not (text.startswith(MINUS) and not text.strip(f"{MINUS}0."))


@PROPERTY
@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_the_text_is_within_half_a_digit_of_the_value(value, digits):
    shown = float(format_number(value, f"fixed:{digits}").replace(MINUS, "-"))
    assert abs(shown - value) <= 0.5 * 10**-digits * (1 + 1e-6)


@PROPERTY
@given(st.floats(-10, 10), st.integers(0, 5))
def test_formats_of_transformed_values_are_their_formulas(value, digits):
    def fixed(number: float) -> str:
        return format_number(number, f"fixed:{digits}")

    assert format_number(value, f"ratio:{digits}") == fixed(math.exp(value))
    assert format_number(value, f"percent:{digits}") == fixed(100 * value)
    assert format_number(value, f"reduction:{digits}") == fixed(-100 * math.expm1(value))


@PROPERTY
@given(st.floats(0.001, 0.999), st.integers(0, 4))
def test_a_transformed_proportion_is_shown_as_its_percentage(p, digits):
    shown = {
        "logit": format_number(math.log(p / (1 - p)), f"logit:{digits}"),
        "arcsine": format_number(math.asin(math.sqrt(p)), f"arcsine:{digits}"),
    }
    for text in shown.values():
        assert abs(float(text) - 100 * p) <= 0.5 * 10**-digits * (1 + 1e-6)


@PROPERTY
@given(st.floats(SMALLEST_P, 1), st.floats(SMALLEST_P, 1))
def test_of_two_p_values_the_smaller_is_not_shown_as_the_larger(one, other):
    assume(one < other)
    low, high = (float(format_number(p, "p:2")) for p in (one, other))
    assert low <= high


@PROPERTY
@given(st.floats(0, 1, exclude_max=True))
def test_no_p_value_is_shown_as_nought(p):
    text = format_number(p, "p:2")
    assert text == "<0.0001" if p < SMALLEST_P else float(text) > 0


@pytest.mark.parametrize("value", [-1e-9, 1.01, 5])
def test_what_is_no_probability_is_not_shown_as_a_p_value(value):
    with pytest.raises(BadInput, match="between 0 and 1"):
        format_number(value, "p:2")
