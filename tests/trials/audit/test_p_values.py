import pytest

from tests.trials.audit.audit_rows import reported

VALUES, WORDS = "p-values-of-one-comparison", "words-against-p"
LEGEND, COUNTS = "legend-of-significance-marks", "p-value-against-counts"


def compared(p, statistic="relative_reduction", value="42", **more):
    whole = {"against": "control", "months": 24, "p": p, **more}
    return reported("relapse", statistic, "drug", value, **whole)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([compared("0.0084"), compared("<0.001")], ["contradiction"]),
        ([compared("0.012"), compared("0.0012", source="page")], ["contradiction"]),
        (
            [compared("0.04"), compared("0.06", source="page")],
            ["contradiction"],
        ),  # the level between
        (
            [compared("0.012"), compared("0.018", source="page")],
            ["tension"],
        ),  # perhaps another test
        ([compared("0.0084"), compared("<0.001", months=None, source="page")], ["tension"]),
        ([compared("0.011"), compared("0.01", source="page")], []),  # rounding
        ([compared("<0.001"), compared("<0.01", source="page")], []),  # both hold
        ([compared("0.0008"), compared("<0.001", source="page")], []),
        ([compared("0.0084"), compared("<0.001", months=12)], []),  # another time
        ([compared("0.02", "odds_ratio", "2"), compared("<0.001", "hazard_ratio", "2")], []),
    ],
)
def test_p_values_of_one_comparison(severities, rows, expected):
    assert severities(VALUES, *rows) == expected


@pytest.mark.parametrize(
    ("word", "p", "expected"),
    [
        ("not-significant", "0.003", ["contradiction"]),
        ("not-significant", "<0.05", ["contradiction"]),
        ("not-significant", "0.22", []),
        ("significant-reduction", "0.22", ["contradiction"]),
        ("significant-reduction", "<0.001", []),
        ("reported", "0.22", []),
        ("significant-reduction", "<0.1", []),  # a bound above the level says nothing
    ],
)
def test_words_against_the_p_value(severities, word, p, expected):
    worded = reported("relapse", "finding", finding=word, against="control", months=24)
    assert severities(WORDS, worded, compared(p)) == expected


def marked(outcome, p, **more):
    whole = {"against": "control", "months": 24, "p": p, **more}
    return reported(outcome, "relative_reduction", "drug", "42", **whole)


def test_marks_that_fit_only_if_exchanged_are_found(severities, audited):
    table, prose = {"locator": "Table 1, row A"}, {"locator": "Results"}
    rows = [
        marked("relapse", "<0.01", **table),
        marked("disability-worsening", "<0.001", **table),
        marked("relapse", "<0.0001", **prose),
        marked("disability-worsening", "0.0084", **prose),
    ]
    assert severities(LEGEND, *rows) == ["contradiction"]
    (finding,) = audited(*rows).by(LEGEND)
    assert "with the marks exchanged 2 of 2 p values fit, as printed 1" in finding.arithmetic


@pytest.mark.parametrize(
    "others",
    [
        [marked("relapse", "<0.0001"), marked("disability-worsening", "0.0004")],  # fit as printed
        [marked("relapse", "0.006"), marked("disability-worsening", "0.0084")],  # fit neither way
        [marked("relapse", "<0.0001")],  # nothing contradicts
    ],
)
def test_marks_that_fit_or_are_not_mended_by_exchange_are_no_legend(severities, others):
    table = {"locator": "Table 1, row A"}
    rows = [marked("relapse", "<0.01", **table), marked("disability-worsening", "<0.001", **table)]
    rows += [{**row, "locator": "Results"} for row in others]
    assert severities(LEGEND, *rows) == []


def arms(treated, control, n=100):
    numbers = {"drug": treated, "control": control}
    events = [reported("relapse", "events", arm, str(k), months=24) for arm, k in numbers.items()]
    sizes = [reported("participants", "n", arm, str(n)) for arm in numbers]
    return [*events, *sizes]


@pytest.mark.parametrize(
    ("treated", "control", "p", "expected"),
    [
        (30, 31, "<0.0001", ["tension"]),  # nothing apart
        (10, 50, "0.62", ["tension"]),  # far apart
        (10, 50, "<0.0001", []),
        (30, 31, "0.88", []),
        (30, 44, "0.08", []),  # 0.04 by one test, 0.08 by another
    ],
)
def test_p_values_against_the_counts_of_both_arms(severities, treated, control, p, expected):
    rows = [compared(p, "hazard_ratio", "0.9"), *arms(treated, control)]
    assert severities(COUNTS, *rows) == expected


@pytest.mark.parametrize(
    ("ratio", "ci", "expected"),
    [("0.25", ("0.13", "0.48"), ["tension"]), ("0.43", ("0.24", "0.79"), [])],
)
def test_odds_ratios_against_the_counts_of_both_arms(severities, ratio, ci, expected):
    row = reported("relapse", "odds_ratio", "drug", ratio, ci=ci, against="control", months=24)
    assert severities("odds-ratio-against-counts", row, *arms(36, 50)) == expected
    extreme = [row, *arms(100, 50)]  # all patients: no odds ratio, and nothing to say
    assert severities("odds-ratio-against-counts", *extreme) == []
