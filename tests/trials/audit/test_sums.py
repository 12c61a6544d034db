import pytest

from tests.trials.audit.audit_rows import reported

NUMBERED, COURSES, ARMS = (
    "numbered-parts-of-a-whole",
    "disease-courses-of-a-cohort",
    "arms-of-a-study",
)
FREE = "free-of-event-against-event"


def cycles(whole, *parts, **more):
    names = ("one additional cycle", "two additional cycles", "three additional cycles")
    return [
        reported("retreatment", "proportion", "drug", value, definition=name, months=60, **more)
        for name, value in zip(("any additional cycle", *names), (whole, *parts), strict=False)
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (cycles("42.0", "30.1", "10.4", "1.6"), ["within rounding"]),
        (cycles("31.5", "22.1", "8.0", "1.4"), []),
        (cycles("43.0", "30.1", "10.4", "1.6"), ["contradiction"]),
        (cycles("42", "30.1"), []),  # one part makes no sum
        ([*cycles("42.0"), *cycles("9", "30.1", "10.4", source="page")[1:]], []),
    ],
)
def test_numbered_parts_make_the_share_with_any(severities, rows, expected):
    assert severities(NUMBERED, *rows) == expected


def test_the_sum_is_shown_with_its_rounding(audited):
    (finding,) = audited(*cycles("42.0", "30.1", "10.4", "1.6")).by(NUMBERED)
    assert finding.arithmetic == (
        "30.1 + 10.4 + 1.6 = 42.1 (41.95 to 42.25 with rounding); the whole is 42.0"
    )


def course(name, value, statistic="proportion"):
    return reported(name, statistic, "cells", value)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([course("relapsing-remitting", "57"), course("secondary-progressive", "43")], []),
        (
            [course("relapsing-remitting", "57"), course("secondary-progressive", "63")],
            ["contradiction"],
        ),
        (
            [course("relapsing-remitting", "20"), course("secondary-progressive", "43")],
            [],
        ),  # others
        (
            [
                course("relapsing-remitting", "20"),
                course("secondary-progressive", "43"),
                course("primary-progressive", "10"),
            ],
            ["contradiction"],
        ),
        (
            [
                course("relapsing-remitting", "60", "n"),
                course("secondary-progressive", "50", "n"),
                reported("participants", "n", "cells", "109"),
            ],
            ["contradiction"],
        ),
        (
            [course("relapsing-remitting", "50.5"), course("secondary-progressive", "49.6")],
            ["within rounding"],
        ),
    ],
)
def test_disease_courses_make_the_cohort(severities, rows, expected):
    assert severities(COURSES, *rows) == expected


def size(arm, value, **more):
    return reported("participants", "n", arm, value, **more)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([size("all", "334"), size("drug", "223"), size("control", "111")], []),
        ([size("all", "333"), size("drug", "223"), size("control", "111")], ["contradiction"]),
        (
            [size("all", "333", source="page"), size("drug", "223"), size("control", "111")],
            ["tension"],
        ),
        (  # of the patients assessed
            [
                size("all", "188"),
                size("all", "194", patients="randomised"),
                size("drug", "129", patients="randomised"),
                size("control", "65", patients="randomised"),
            ],
            [],
        ),
        ([size("all", "333"), size("drug", "223")], []),  # an arm is missing
        (  # the arm without dose is both doses together
            [
                size("drug", "223"),
                size("drug-12mg", "112"),
                size("drug-24mg", "110"),
                size("control", "111"),
                size("all", "334"),
            ],
            ["contradiction", "contradiction"],
        ),
    ],
)
def test_arms_make_the_study(severities, rows, expected):
    assert severities(ARMS, *rows) == expected


def share(outcome, value, statistic="proportion", **more):
    return reported(outcome, statistic, "drug", value, **{"months": 24, **more})


LONG = "long-term EDSS worsening, after 5 years; confirmation not stated"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [
                share("disability-worsening-free", "80", definition="6-month confirmed EDSS"),
                share("disability-worsening", "18", definition=LONG),
            ],
            ["contradiction"],
        ),
        ([share("relapse-free", "78"), share("relapse", "22")], []),
        ([share("relapse-free", "77.6"), share("relapse", "22")], []),  # rounding
        ([share("relapse-free", "78"), share("relapse", "30", source="page")], ["tension"]),
        (  # an estimate for patients still followed beside a crude share
            [share("relapse-free", "58.7", ci=("51.1", "65.5")), share("relapse", "40")],
            ["different estimand"],
        ),
        ([share("relapse-free", "78"), share("relapse", "30", months=36)], []),
        ([share("relapse-free", "78"), share("relapse", "30", definition="severe")], []),
        (
            [
                share("relapse-free", "78"),
                reported("relapse", "proportion", "control", "30", months=24),
            ],
            [],
        ),
    ],
)
def test_free_of_an_event_and_with_it_make_all_patients(severities, rows, expected):
    assert severities(FREE, *rows) == expected


def test_any_and_none_of_something_make_all_patients(severities):
    none = reported(
        "retreatment", "proportion", "drug", "68.5", definition="no additional cycle", months=60
    )
    assert severities(FREE, none, *cycles("31.5")) == []
    assert severities(FREE, none, *cycles("35.5")) == ["contradiction"]


def test_a_crude_share_beside_the_estimate_of_its_document_is_another_estimand(severities):
    rows = [
        share("disability-worsening-free", "71", source="page"),
        share("disability-worsening", "27"),
        share("disability-worsening", "29", "km_proportion"),
    ]
    assert severities(FREE, *rows) == ["different estimand"]
