import pytest

from tests.trials.audit.audit_rows import reported

PERCENTAGE, COUNT = "percentage-without-numerator", "count-against-percentage"
STABLE = "disability-stable-or-improved"


def size(value, arm="cells", **more):
    return reported("participants", "n", arm, value, **more)


def share(value, outcome=STABLE, **more):
    return reported(outcome, "proportion", "cells", value, **more)


def events(value, outcome=STABLE, **more):
    return reported(outcome, "events", "cells", value, **more)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([share("69", months=24, line=129), size("17", line=125)], ["contradiction"]),
        ([share("78.6"), size("362")], ["contradiction"]),
        ([share("69", line=129), size("17", line=300)], ["tension"]),  # far apart in the text
        ([share("69"), size("17", source="page")], []),  # another document's patients
        ([share("71"), size("17")], []),  # 12 of 17
        ([share("70.6"), size("17")], []),
        ([share("69"), size("17"), size("16", patients="analysed")], []),  # 11 of 16
        ([share("69"), size("17"), size("13", subgroup="women")], ["contradiction"]),
        ([share("66"), size("21")], ["tension"]),  # 66.7 cut off
        ([share("35"), size("24"), events("1", "treatment-related-mortality")], ["tension"]),
        ([share("69", "progression-free-survival", months=24), size("17")], ["tension"]),
        ([share("69", "relapse", months=24), size("17")], ["tension"]),
        ([share("69", "gd-enhancing-lesions"), size("17")], ["tension"]),  # not all had a scan
        ([share("69", ci=("44", "86")), size("17")], ["different estimand"]),
        (
            [
                share("69", months=24),
                size("17"),
                reported(STABLE, "km_proportion", "cells", "69", months=24),
            ],
            ["different estimand"],
        ),
        ([share("69", value_operator="~"), size("17")], []),  # about 69
        ([share("69", design="meta-analysis"), size("17", design="meta-analysis")], []),
        ([share("69"), events("11"), size("17")], []),  # a count stands with it: the other rule
    ],
)
def test_percentages_that_no_number_of_patients_gives(severities, rows, expected):
    assert severities(PERCENTAGE, *rows) == expected


def test_several_impossible_percentages_of_the_same_patients_may_be_of_fewer(severities):
    rows = [share("21.3"), share("53.9", "disability-improvement"), size("98")]
    assert severities(PERCENTAGE, *rows) == ["tension", "tension"]  # both are of 89


def test_the_arithmetic_names_the_nearest_counts(audited):
    (finding,) = audited(share("69"), size("17")).by(PERCENTAGE)
    assert finding.arithmetic == "69% of 17 would be 11.73: 11 is 64.7%, 12 is 70.6%"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([share("72.0"), events("18"), size("24")], ["contradiction"]),  # would need 25
        ([share("81.8"), events("18"), size("24")], ["tension"]),  # two may not be assessed
        ([share("75.0"), events("18"), size("24")], []),
        ([share("66.6"), events("16"), size("24")], []),  # 66.7 cut off
        ([share("50"), events("18"), size("24")], ["contradiction"]),  # would need 36 patients
        (  # the n of the very outcome
            [share("47"), events("178"), reported(STABLE, "n", "cells", "402")],
            ["contradiction"],
        ),
        (  # every patient counts for deaths
            [
                share("7.5", "treatment-related-mortality"),
                events("3", "treatment-related-mortality"),
                size("41"),
            ],
            ["contradiction"],
        ),
        (  # a Kaplan-Meier estimate beside a count
            [share("76.7", "relapse-free"), events("132", "relapse-free"), size("186")],
            ["tension"],
        ),
        (  # other counts of the table are of all patients
            [
                share("81.8"),
                events("18"),
                size("24"),
                share("50.0", "infection"),
                events("12", "infection"),
            ],
            ["contradiction"],
        ),
        ([share("81.8"), events("18", months=12), size("22")], []),  # a count at another time
        (  # what a cohort is made of is printed as an n
            [
                share("83", "relapsing-remitting"),
                reported("relapsing-remitting", "n", "cells", "34"),
                size("41"),
            ],
            [],
        ),
    ],
)
def test_counts_against_their_percentages(severities, rows, expected):
    assert severities(COUNT, *rows) == expected


def test_counts_that_need_one_smaller_n_may_leave_patients_out(severities, audited):
    rows = [
        share("50.0", "infection", locator="Table 2"),
        events("253", "infection", locator="Table 2"),
        share("3.5", "thyroid-disorder", definition="hypothyroidism", locator="Table 2"),
        events("16", "thyroid-disorder", definition="hypothyroidism", locator="Table 2"),
        share("3.3", "thyroid-disorder", definition="hyperthyroidism", locator="Table 2"),
        events("15", "thyroid-disorder", definition="hyperthyroidism", locator="Table 2"),
        size("506"),
    ]
    assert severities(COUNT, *rows) == ["tension"]
    (finding,) = audited(*rows).by(COUNT)
    assert "16 of 506 is 3.16%, printed 3.5%, which needs n = 451 to 463" in finding.arithmetic


def test_a_subgroup_is_a_share_of_the_whole_arm(severities):
    rows = [
        reported("participants", "proportion", "cells", "20.8", subgroup="highly active"),
        size("42", subgroup="highly active"),
        size("202"),
    ]
    assert severities(PERCENTAGE, *rows) == []
    assert severities(COUNT, *rows) == []
    rows[0] = reported("participants", "proportion", "cells", "30.8", subgroup="highly active")
    assert severities(COUNT, *rows) == ["tension"]
