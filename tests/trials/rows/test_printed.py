import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evidence.trials.rows.printed import decimals_printed, numbers_of, prints, stands_in

PROPERTY = settings(max_examples=50, deadline=None, derandomize=True)
MARKS = "·∙⋅•"
#: Decimals as documents print them: digits, and perhaps a mark with further digits.
DECIMALS = st.from_regex(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?", fullmatch=True)
WORDS = st.text(alphabet="abcdefghij ,;:()=%", max_size=20)

TOKENS = {
    "54.9": 54.9,
    " 54.9 ": 54.9,
    "0.10": 0.1,
    ".05": 0.05,
    "78·6": 78.6,
    "78∙6": 78.6,
    "3,6": 3.6,
    "0,52": 0.52,
    "0,001": 0.001,
    "1,184": 1184,
    "1 184": 1184,
    "12,345,678": 12345678,
    "-0.5": -0.5,
    "−0.5": -0.5,
    "–0.5": -0.5,
    "‑0·5": -0.5,
    "- 0.5": -0.5,
    "− 0·5": -0.5,
    "Four": 4,
    "none": 0,
    "NO": 0,
    "both": 2,
    "twice": 2,
    "nineteen": 19,
    "Twenty": 20,
    "Twenty-one": 21,
    "twenty one": 21,
    "twenty-\nfour": 24,
    "ninety-nine": 99,
    "two hundred": 200,
    "one hundred and five": 105,
    "three hundred twenty-two": 322,
    "twelve hundred": 1200,
    "one and a half": 1.5,
    "annual": 1,
}


@pytest.mark.parametrize("token", list(TOKENS))
def test_a_printed_token_stands_for_its_number(token):
    assert numbers_of(token) == (TOKENS[token],)


@pytest.mark.parametrize(
    ("token", "share", "percent"),
    [("half", 0.5, 50), ("one-third", 1 / 3, 33.3), ("two thirds", 2 / 3, 66.7)],
)
def test_a_fraction_in_words_is_a_proportion_or_a_percentage(token, share, percent):
    assert numbers_of(token) == (share, percent)
    assert prints([token], share)
    assert prints([token], percent)
    assert not prints([token], 1)


@pytest.mark.parametrize(
    "token",
    [
        "reduced",
        "",
        "  ",
        "54.9%",
        "<0.001",
        "1.2.3",
        "1,18,4",
        "1-3",
        "9a",
        "hundred",
        "twenty thirty",
        "one one",
        "twenty ten",
        "two hundred and",
        "a hundred five",
        "and five",
    ],
)
def test_what_is_no_single_number_stands_for_none(token):
    assert numbers_of(token) == ()


def test_a_value_must_equal_one_of_the_tokens():
    assert prints(["54·9", "40.1"], 54.9)
    assert not prints(["54·9", "40.1"], 54.90001)
    assert not prints([], 0)


def test_a_decrease_may_be_printed_without_its_sign_but_an_increase_not_with_one():
    assert prints(["13.2"], -13.2)
    assert not prints(["-13.2"], 13.2)


@pytest.mark.parametrize(
    ("tokens", "value", "digits"),
    [
        (["54·9"], 54.9, 1),
        (["0.10"], 0.1, 2),
        (["3,60"], 3.6, 2),
        (["1,184"], 1184, 0),
        (["0,001"], 0.001, 3),
        (["Four"], 4, 0),
        (["0.1", "0.100"], 0.1, 3),
        (["0.25", "7"], 7, 0),
        (["7"], 8, 0),
    ],
)
def test_decimals_are_those_of_the_token_that_prints_the_value(tokens, value, digits):
    assert decimals_printed(tokens, value) == digits


FOUND = [
    ("54.9", ["fell by 54.9%"]),
    ("54.9", ["fell by 54·9%"]),
    ("54·9", ["fell by 54.9%"]),
    ("0.5", ["a change of −0.5."]),
    ("-0.5", ["a change of −0.5"]),
    ("12", ["(12)"]),
    ("12", ["12"]),
    ("12", ["in 12, 13 and 14"]),
    ("13", ["in 12,13,14"]),
    ("184", ["in 183, 184, 185"]),
    ("12", ["it was 12."]),
    ("3", ["1–3%"]),
    ("1", ["1–3%"]),
    ("1,184", ["all 1,184 patients"]),
    ("3,6", ["lag bei 3,6 Jahren"]),
    ("12 months", ["after 12", "months"]),
    ("five", ["fi ve years"]),
    ("twenty-four", ["twenty-", "four patients"]),
    ("Twenty-one", ["twenty-one patients"]),
    ("no difference", ["There was no dif-", "ference"]),
]
ABSENT = [
    ("54.9", ["fell by 154.9%"]),
    ("54.9", ["fell by 54.95%"]),
    ("4.9", ["fell by 54.9%"]),
    ("54", ["fell by 54.9%"]),
    ("9", ["fell by 54.9%"]),
    ("9", ["fell by 54·9%"]),
    ("5", ["in 2005"]),
    ("200", ["in 2005"]),
    ("-3", ["1–3%"]),
    ("54.9", ["fell by", "54"]),
    ("five", ["six years"]),
    ("1,5", ["1,55"]),
    ("184", ["all 1,184 patients"]),
    ("1", ["all 1,184 patients"]),
    ("1,184", ["all 1,184,000 patients"]),
    ("four", ["fourteen patients"]),
    ("one", ["none died"]),
    ("ten", ["it of-", "ten failed"]),
]


@pytest.mark.parametrize(("token", "lines"), FOUND)
def test_a_token_is_found_through_ligatures_line_ends_and_decimal_marks(token, lines):
    assert stands_in(token, lines)


@pytest.mark.parametrize(("token", "lines"), ABSENT)
def test_a_token_is_not_found_in_another_number(token, lines):
    assert not stands_in(token, lines)


@PROPERTY
@given(DECIMALS, WORDS, WORDS, st.sampled_from([".", *MARKS]))
def test_any_decimal_printed_in_a_line_is_found_and_is_its_value(number, before, after, mark):
    token = number.replace(".", mark)
    assert stands_in(token, [f"{before} {token} {after}"])
    assert stands_in(number, [before, token, after])
    assert prints([token], float(number))


@PROPERTY
@given(DECIMALS, st.sampled_from("0123456789"), st.sampled_from(["front", "end", "decimals"]))
def test_a_decimal_is_not_found_inside_a_longer_number(number, digit, place):
    assume(not (place == "decimals" and "." in number))
    longer = {"front": digit + number, "end": number + digit, "decimals": f"{number}.{digit}"}
    assert not stands_in(number, [f"it was {longer[place]} in all"])


@PROPERTY
@given(DECIMALS, DECIMALS)
def test_two_tokens_stand_in_for_each_other_only_if_they_are_the_same(one, other):
    assert stands_in(one, [f"({other})"]) == (one == other)


@PROPERTY
@given(st.integers(0, 9999), st.integers(0, 5))
def test_the_decimals_of_a_number_are_counted_as_printed(whole, digits):
    token = f"{whole}.{'3' * digits}" if digits else str(whole)
    assert decimals_printed([token], float(token)) == digits
