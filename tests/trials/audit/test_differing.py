import pytest

from tests.trials.audit.audit_rows import reported

RULE = "one-quantity-two-values"
SIX = "6-month confirmed EDSS"
UNSAID = "sustained accumulation; confirmation time not stated"


def neda(value, **more):
    return reported("neda-3", "proportion", "drug", value, **{"months": 24, **more})


def worsened(value, **more):
    whole = {"months": 24, "definition": SIX}
    return reported("disability-worsening", "proportion", "drug", value, **{**whole, **more})


def infected(value, **more):
    return reported("infection", "proportion", "drug", value, **more)


def rate(value, **more):
    return reported("annualised-relapse-rate", "rate", "drug", value, **{"months": 24, **more})


def size(value, **more):
    return reported("participants", "n", "drug", value, **more)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # text against table of one document
        ([neda("39", line=244), neda("30", line=297)], ["contradiction"]),
        # a definition that only one of two places gives
        (
            [neda("39", definition="no relapse, no 3-month EDSS worsening"), neda("30")],
            ["contradiction"],
        ),
        # two documents with the same definition
        ([worsened("20"), worsened("26", source="page")], ["contradiction"]),
        ([worsened("20"), worsened("21", source="page")], ["tension"]),  # perhaps Kaplan-Meier
        ([infected("20"), infected("21", source="page")], ["contradiction"]),
        (
            [size("433", patients="ITT"), size("456", patients="ITT", source="page")],
            ["contradiction"],
        ),
        # one document leaves the definition open, or both leave open whom they count
        ([size("433"), size("456", source="page")], ["tension"]),
        ([worsened("24", definition=UNSAID), worsened("26", source="page")], ["tension"]),
        # a rate that an adjustment may have moved, and one too far for that
        ([rate("0.22"), rate("0.23", source="page")], ["tension"]),
        ([rate("0.22"), rate("0.39", source="page")], ["contradiction"]),
        ([rate("0.22"), rate("0.39", source="page", ci=("0.30", "0.45"))], ["contradiction"]),
        ([rate("0.22", ci=("0.18", "0.41")), rate("0.39", source="page")], ["tension"]),
        # rounding
        ([worsened("12.7"), worsened("13", source="page")], ["within rounding"]),
        ([worsened("13"), worsened("13", source="page")], []),
        # different confirmation, different method, interim report
        (
            [worsened("13"), worsened("15", definition="3-month confirmed EDSS")],
            ["different estimand"],
        ),
        (
            [
                worsened("27"),
                worsened("29", source="page"),
                reported(
                    "disability-worsening", "km_proportion", "drug", "29", months=24, definition=SIX
                ),
            ],
            ["different estimand"],
        ),
        (
            [
                size("144", patients="matched"),
                size("120", patients="matched", source="page", note="conference version"),
            ],
            ["different estimand"],
        ),
    ],
)
def test_two_values_of_one_quantity(severities, rows, expected):
    assert severities(RULE, *rows) == expected


@pytest.mark.parametrize(
    "rows",
    [
        [neda("39"), neda("30", months=12)],  # another time
        [neda("39"), neda("30", subgroup="highly active disease")],  # another group
        [worsened("39"), worsened("30", definition="EDSS of 6.0 or more")],  # another event
        [size("426", patients="randomised"), size("420", patients="safety")],  # another set
        [size("426"), size("420", patients="safety", source="page")],  # perhaps another set
        [rate("0.39"), rate("0.18", value_operator="<")],  # a bound
        [neda("39", design="guidance"), neda("30", design="guidance", source="page")],  # no study
        [  # a number without a time, where a study has several times
            neda("39"),
            neda("50", months=12),
            neda("30", months=None, source="page"),
        ],
    ],
)
def test_numbers_that_need_not_agree(severities, rows):
    assert severities(RULE, *rows) == []


def test_an_open_definition_is_a_contradiction_if_both_documents_print_one_contrast(severities):
    def reduction(definition, source):
        contrast = {"against": "control", "p": "0.0005", "source": source}
        return reported(
            "disability-worsening",
            "relative_reduction",
            "drug",
            "69",
            months=24,
            definition=definition,
            **contrast,
        )

    rows = [worsened("13", definition=UNSAID), worsened("16", source="page")]
    assert severities(RULE, *rows) == ["tension"]
    rows += [reduction(UNSAID, "paper"), reduction(SIX, "page")]
    assert severities(RULE, *rows) == ["contradiction"]


def test_one_finding_names_all_rows_of_a_conflict_and_their_arithmetic(audited):
    report = audited(neda("39"), neda("30"), neda("30", source="page"))
    (finding,) = report.of("contradiction")
    assert set(finding.rows) == {"r0", "r1", "r2"}
    assert finding.arithmetic == "39 and 30 differ by 9"
    assert finding.gap == pytest.approx(9 / 39)


def test_an_arm_without_dose_is_another_arm_until_its_numbers_say_otherwise(severities):
    dosed = {"arm": "drug-12mg", "dose": "12 mg", "source": "page"}

    def both(outcome, value):
        whole = {"months": 24}
        return [
            reported(outcome, "proportion", value=value, **whole),
            reported(outcome, "proportion", value=value, **whole, **dosed),
        ]

    conflict = [neda("39"), {**neda("30", source="page"), "arm": "drug-12mg", "dose": "12 mg"}]
    assert severities(RULE, *conflict) == []
    agreeing = [*both("relapse", "22"), *both("infection", "67"), *both("relapse-free", "78")]
    assert severities(RULE, *conflict, *agreeing) == ["tension"]


def test_years_and_months_are_compared_in_one_unit(severities):
    def followed(value, unit, source):
        return reported("follow-up", "median", "cells", value, unit=unit, source=source)

    rows = [followed("5.2", "years", "paper"), followed("62", "months", "page")]
    assert severities(RULE, *rows) == ["within rounding"]
    rows = [followed("12", "years", "paper"), followed("24", "months", "page")]
    assert severities(RULE, *rows) == ["contradiction"]
