import pytest

from tests.trials.audit.audit_rows import reported


def size(value, arm="drug", **more):
    return reported("participants", "n", arm, value, **more)


def events(value, outcome="infection", **more):
    return reported(outcome, "events", "drug", value, **more)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([events("18"), size("17")], ["contradiction"]),
        ([events("17"), size("17")], []),
        ([events("18"), size("17"), size("19", patients="safety")], []),  # another n allows it
        ([events("18", subgroup="women"), size("17")], []),  # n of the subgroup is not printed
        ([events("18", unit="events"), size("17")], []),  # not patients
    ],
)
def test_patients_with_an_event_are_not_more_than_patients(severities, rows, expected):
    assert severities("more-events-than-patients", *rows) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([size("442", patients="safety"), size("433", patients="ITT")], ["tension"]),
        ([size("390", patients="analysed"), size("386", patients="randomised")], ["contradiction"]),
        ([size("376", patients="analysed"), size("386", patients="randomised")], []),
        ([size("50", subgroup="women"), size("49")], ["contradiction"]),
        ([size("50", subgroup="women", source="page"), size("49")], ["tension"]),
        ([size("40", subgroup="women"), size("49")], []),
        ([size("50", "control", subgroup="women"), size("49")], []),
    ],
)
def test_a_set_is_not_larger_than_the_set_that_holds_it(severities, rows, expected):
    assert severities("subset-larger-than-its-whole", *rows) == expected


def counted(value, **more):
    return reported("benign-neoplasm", "count", "drug", value, **more)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([counted("0"), events("1", "benign-neoplasm", definition="leiomyoma")], ["contradiction"]),
        ([counted("5", source="page"), events("9", "benign-neoplasm")], ["tension"]),
        ([counted("9"), events("5", "benign-neoplasm")], []),
        (
            [
                counted("0", definition="leiomyoma"),
                events("1", "benign-neoplasm", definition="polyp"),
            ],
            [],
        ),
        ([counted("0", months=12), events("1", "benign-neoplasm", months=24)], []),
    ],
)
def test_events_are_not_fewer_than_patients_with_one(severities, rows, expected):
    assert severities("fewer-events-than-patients-with-one", *rows) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (reported("relapse", "proportion", "drug", "104"), ["contradiction"]),
        (reported("relapse", "proportion", "drug", "100"), []),
        (reported("relapse", "proportion", "drug", "69", ci=("50", "108")), ["contradiction"]),
        (reported("relapse", "km_proportion", "drug", "1.2", unit="proportion"), ["contradiction"]),
        (reported("baseline-edss", "median", "cells", "12", unit="points"), ["contradiction"]),
        (reported("edss", "mean", "drug", "6.5"), []),
        (reported("t2-lesion-volume", "change", "drug", "-120", unit="%"), []),
    ],
)
def test_values_lie_on_their_scale(severities, row, expected):
    assert severities("value-off-its-scale", row) == expected


def parts(whole, *groups):
    rows = [reported("neda-3", "proportion", "cells", whole, months=60)]
    return rows + [
        reported("neda-3", "proportion", "cells", value, months=60, subgroup=name)
        for name, value in groups
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (parts("80", ("relapsing-remitting", "83.3"), ("progressive", "75.5")), []),
        (parts("90", ("relapsing-remitting", "83.3"), ("progressive", "75.5")), ["contradiction"]),
        (parts("90", ("relapsing-remitting", "83.3"), ("women", "75.5")), []),  # not all patients
        (
            parts("90", ("Gd lesions before", "79"), ("no Gd lesions before", "46")),
            ["contradiction"],
        ),
        (parts("68", ("Gd lesions before", "79"), ("no Gd lesions before", "46")), []),
        (parts("90", ("EDSS 3.0 or less", "79"), ("EDSS 3.5 or more", "46")), ["contradiction"]),
        (parts("83.7", ("relapsing-remitting", "83.3"), ("progressive", "84")), []),
    ],
)
def test_a_whole_lies_between_its_parts(severities, rows, expected):
    assert severities("whole-outside-its-subgroups", *rows) == expected


@pytest.mark.parametrize(
    ("pooled", "values", "expected"),
    [
        ("2.1", ("0.5", "1.4", "5.3"), []),
        ("7.9", ("0.5", "1.4", "5.3"), ["tension"]),
        ("7.9", ("0.5", "1.4"), []),  # too few of the studies pooled are at hand
    ],
)
def test_a_pooled_value_lies_between_those_of_its_studies(severities, pooled, values, expected):
    outcome = "treatment-related-mortality"
    rows = [
        reported(outcome, "proportion", "cells", value, study=f"s{i}", design="cohort")
        for i, value in enumerate(values)
    ]
    rows.append(reported(outcome, "proportion", "cells", pooled, study="m", design="meta-analysis"))
    overlaps = {"m": [f"s{i}" for i in range(len(values))]}
    found = severities("pooled-value-outside-its-studies", *rows, overlaps=overlaps)
    assert found == expected
    assert severities("pooled-value-outside-its-studies", *rows) == []


def dose(value, definition=None, **more):
    whole = {"definition": definition, "unit": "mg/m2", **more}
    return reported("dose", "amount", "drug", value, **whole)


def courses(value, definition, **more):
    return reported(
        "treatment-courses",
        "amount",
        value=value,
        definition=definition,
        unit="courses",
        **{"arm": None, **more},
    )


@pytest.mark.parametrize(
    ("rule", "rows", "expected"),
    [
        ("dose-against-its-arm", [dose("3.25", unit="mg/kg", dose="3.5 mg/kg")], ["contradiction"]),
        ("dose-against-its-arm", [dose("3.5", unit="mg/kg", dose="3.5 mg/kg cumulative")], []),
        ("dose-against-its-arm", [dose("1.75", "each year", unit="mg/kg", dose="3.5 mg/kg")], []),
        ("dose-against-its-arm", [dose("12", unit="mg", dose="12 mg/m2")], []),  # another unit
        ("yearly-dose-against-total", [dose("1.75", "each year"), dose("3.5", "over 2 years")], []),
        (
            "yearly-dose-against-total",
            [dose("1.5", "each year"), dose("3.5", "over 2 years")],
            ["contradiction"],
        ),
        (
            "yearly-dose-against-total",
            [dose("1.5", "each year"), dose("3.5", "over 2 years", unit="mg")],
            [],
        ),
        (
            "cumulative-dose-over-maximum",
            [
                dose("12"),
                courses("13", "infusions in each arm"),
                dose("140", "lifetime maximum", study="guidance"),
            ],
            ["tension"],
        ),
        (
            "cumulative-dose-over-maximum",
            [
                dose("8"),
                courses("13", "infusions in each arm"),
                dose("140", "lifetime maximum", study="guidance"),
            ],
            [],
        ),
        (  # not all infusions
            "cumulative-dose-over-maximum",
            [
                dose("12"),
                courses("13", "additional infusions"),
                dose("140", "lifetime maximum", study="guidance"),
            ],
            [],
        ),
    ],
)
def test_doses_that_cannot_be(severities, rule, rows, expected):
    assert severities(rule, *rows) == expected


def spread(value, statistic="sd", **more):
    return reported("baseline-edss", statistic, "drug", value, unit="points", **more)


@pytest.mark.parametrize(
    ("rule", "rows", "expected"),
    [
        (
            "standard-deviation-against-range",
            [spread("6.2"), spread("4", "median", range=("0", "7"))],
            ["contradiction"],
        ),
        (
            "standard-deviation-against-range",
            [spread("1.2"), spread("4", "median", range=("0", "7"))],
            [],
        ),
        (  # a half-width of 0.24 at n = 100 is an SD of 1.2
            "standard-deviation-against-limits",
            [spread("0.12"), spread("4.0", "mean", ci=("3.76", "4.24")), size("100")],
            ["contradiction"],
        ),
        (
            "standard-deviation-against-limits",
            [spread("1.2"), spread("4.0", "mean", ci=("3.76", "4.24")), size("100")],
            [],
        ),
        (
            "two-spreads-of-one-quantity",
            [spread("1.2"), spread("0.12", source="page"), size("100")],
            ["contradiction"],
        ),
        (
            "two-spreads-of-one-quantity",
            [spread("1.2"), spread("0.9", source="page"), size("100")],
            [],
        ),
    ],
)
def test_standard_errors_given_as_standard_deviations(severities, rule, rows, expected):
    assert severities(rule, *rows) == expected


@pytest.mark.parametrize(("error", "expected"), [("4.9", []), ("37.7", ["tension"])])
def test_standard_errors_of_percentages(severities, error, expected):
    rows = [
        reported("neda-3", "km_proportion", "cells", "82.8"),
        reported("neda-3", "se", "cells", error),
        size("109", "cells"),
    ]
    assert severities("standard-error-of-a-proportion", *rows) == expected


def cohort(study, n="24", values=("92", "39")):
    groups = ("secondary progressive", "primary progressive MS")
    return [
        size(n, "cells", study=study),
        *(
            reported(
                "progression-free-survival",
                "km_proportion",
                "cells",
                value,
                months=36,
                subgroup=group,
                study=study,
            )
            for group, value in zip(groups, values, strict=True)
        ),
    ]


@pytest.mark.parametrize(
    ("other", "overlaps", "expected"),
    [
        (cohort("beta"), {}, ["tension"]),
        (cohort("beta"), {"beta": ["alpha"]}, []),  # the dataset knows
        (cohort("beta", n="25"), {}, []),
        (cohort("beta", values=("92", "40")), {}, []),  # one result in common may be chance
    ],
)
def test_one_cohort_under_two_names(severities, other, overlaps, expected):
    rows = [*cohort("alpha"), *other]
    assert severities("one-cohort-under-two-names", *rows, overlaps=overlaps) == expected
