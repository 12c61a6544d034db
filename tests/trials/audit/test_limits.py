import pytest

from tests.trials.audit.audit_rows import reported

OUTSIDE, LOPSIDED = "estimate-outside-its-limits", "lopsided-limits"
P_VALUE, BACK = "p-value-against-limits", "estimate-that-goes-back-in-time"


def ratio(value, ci, statistic="hazard_ratio", **more):
    return reported("relapse", statistic, "drug", value, ci=ci, against="control", **more)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([ratio("0.92", ("0.43", "0.77"))], ["contradiction"]),
        ([ratio("0.58", ("0.43", "0.77"))], []),
        ([ratio("0.8", ("0.43", "0.77"))], []),  # 0.75 to 0.85
        ([reported("follow-up", "median", "cells", "45", range=("9", "39"))], ["contradiction"]),
        ([reported("follow-up", "median", "cells", "30", range=("9", "39"))], []),
        (  # the range of another document, in another unit
            [
                reported("follow-up", "median", "cells", "24", range=("3", "36")),
                reported("follow-up", "amount", "cells", "12", unit="years", source="page"),
            ],
            ["contradiction"],
        ),
        (
            [
                reported("follow-up", "median", "cells", "24", range=("3", "36")),
                reported("follow-up", "amount", "cells", "2", unit="years", source="page"),
            ],
            [],
        ),
        (  # quartiles do not hold every average
            [
                reported("follow-up", "median", "cells", "24", range=("12", "30"), note="IQR"),
                reported("follow-up", "mean", "cells", "34", unit="months", source="page"),
            ],
            [],
        ),
    ],
)
def test_estimates_lie_inside_their_limits(severities, rows, expected):
    assert severities(OUTSIDE, *rows) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (ratio("0.55", ("0.37", "0.91")), ["tension"]),  # 0.33 would be symmetric
        (ratio("0.55", ("0.33", "0.91")), []),
        (ratio("0.58", ("0.43", "0.77")), []),
        (ratio("4.46", ("3.13", "6.26"), "odds_ratio"), []),  # off by less than a tenth of an error
        (reported("edss-change", "mean", "drug", "-0.14", ci=("-0.29", "0.01")), []),
        (reported("edss-change", "mean", "drug", "-0.14", ci=("-0.49", "0.01")), ["tension"]),
        (reported("annualised-relapse-rate", "rate", "drug", "0.39", ci=("0.29", "0.53")), []),
        (reported("annualised-relapse-rate", "rate", "drug", "0.18", ci=("0.13", "0.23")), []),
        (reported("neda-3", "proportion", "drug", "69", ci=("50", "82")), []),  # no fixed scale
        (reported("baseline-edss", "median", "drug", "3.0", ci=("2.5", "4.5")), []),
    ],
)
def test_limits_are_symmetric_on_the_scale_of_their_statistic(severities, row, expected):
    assert severities(LOPSIDED, row) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([ratio("0.58", ("0.43", "0.77"), p="<0.001")], []),
        ([ratio("0.70", ("0.40", "1.23"), p="0.22")], []),  # 0.21 by the limits
        ([ratio("0.70", ("0.40", "1.23"), p="0.002")], ["contradiction"]),
        ([ratio("0.58", ("0.43", "0.77"), p="0.22")], ["contradiction"]),
        ([ratio("0.85", ("0.75", "0.97"), p="<0.0001")], ["tension"]),  # 0.013, and the same side
        ([ratio("0.48", ("0.22", "1.02"), p="0.0566")], []),
        (  # a p value of its own row
            [
                ratio("0.70", ("0.40", "1.23")),
                reported("relapse", "p_value", "drug", p="0.002", against="control"),
            ],
            ["contradiction"],
        ),
        (
            [
                ratio("0.70", ("0.40", "1.23")),
                reported("relapse", "p_value", "drug", p="0.002", against="control", source="page"),
            ],
            [],
        ),
        (
            [
                reported(
                    "edss-change",
                    "mean_difference",
                    "drug",
                    "-0.36",
                    ci=("-0.70", "-0.02"),
                    p="0.04",
                    against="control",
                )
            ],
            [],
        ),
    ],
)
def test_p_values_against_their_limits(severities, rows, expected):
    assert severities(P_VALUE, *rows) == expected


def curve(months, value, outcome="progression-free-survival", **more):
    return reported(outcome, "km_proportion", "cells", value, months=months, **more)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([curve(36, "81"), curve(60, "72"), curve(120, "44")], []),
        ([curve(36, "72"), curve(60, "81")], ["contradiction"]),
        ([curve(36, "72"), curve(60, "72.4")], []),  # rounding
        ([curve(36, "72"), curve(60, "81", subgroup="women")], []),
        ([curve(24, "17", "disability-worsening"), curve(36, "27", "disability-worsening")], []),
        (
            [curve(24, "27", "disability-worsening"), curve(36, "17", "disability-worsening")],
            ["contradiction"],
        ),
        (  # of each year by itself
            [
                curve(36, "53", "neda-3", definition="year 3"),
                curve(48, "58", "neda-3", definition="year 4"),
            ],
            [],
        ),
    ],
)
def test_cumulative_estimates_do_not_go_back(severities, rows, expected):
    assert severities(BACK, *rows) == expected
