import pytest

from tests.trials.audit.audit_rows import reported

ARMS, REDUCTION = "relative-effect-against-arms", "reduction-against-ratio"
RATE, DIFFERENCE = "rate-against-events-and-time", "difference-against-arms"
RELAPSES, WORSENING = "annualised-relapse-rate", "disability-worsening"


def effect(outcome, statistic, value, **more):
    return reported(
        outcome, statistic, "drug", value, **{"against": "control", "months": 24, **more}
    )


def both(outcome, statistic, treated, control, **more):
    whole = {"months": 24, **more}
    return [
        reported(outcome, statistic, "drug", treated, **whole),
        reported(outcome, statistic, "control", control, **whole),
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # 1 - 0.18 / 0.39 is 53.8, and 51.9 to 55.7 with rounding
        (
            [effect(RELAPSES, "relative_reduction", "55"), *both(RELAPSES, "rate", "0.18", "0.39")],
            ["within rounding"],
        ),
        (
            [effect(RELAPSES, "relative_reduction", "54"), *both(RELAPSES, "rate", "0.18", "0.39")],
            [],
        ),
        (
            [effect(RELAPSES, "relative_reduction", "60"), *both(RELAPSES, "rate", "0.18", "0.39")],
            ["tension"],
        ),
        (
            [effect(RELAPSES, "relative_reduction", "74"), *both(RELAPSES, "rate", "0.18", "0.39")],
            ["contradiction"],
        ),
        (
            [
                effect(RELAPSES, "relative_reduction", "74"),
                *both(RELAPSES, "rate", "0.18", "0.39", source="page"),
            ],
            ["tension"],
        ),
        # 8 against 11 per cent: 27 by risks, 28 by hazards, 19 to 36 with rounding
        (
            [
                effect(WORSENING, "relative_reduction", "30"),
                *both(WORSENING, "proportion", "8", "11"),
            ],
            ["within rounding"],
        ),
        (
            [effect(WORSENING, "hazard_ratio", "0.58"), *both(WORSENING, "proportion", "17", "29")],
            ["within rounding"],
        ),
        (
            [effect(WORSENING, "hazard_ratio", "0.40"), *both(WORSENING, "proportion", "17", "29")],
            ["contradiction"],
        ),
        ([effect(RELAPSES, "rate_ratio", "0.46"), *both(RELAPSES, "rate", "0.18", "0.39")], []),
        # nothing to compare with
        (
            [
                effect(RELAPSES, "relative_reduction", "74"),
                *both(RELAPSES, "rate", "0.18", "0.39", months=36),
            ],
            [],
        ),
        (
            [
                effect(RELAPSES, "relative_reduction", "74"),
                both(RELAPSES, "rate", "0.18", "0.39")[0],
            ],
            [],
        ),
        (
            [
                effect(RELAPSES, "relative_reduction", "74"),
                *both(RELAPSES, "rate", "0.18", "0.39", subgroup="women"),
            ],
            [],
        ),
    ],
)
def test_relative_effects_against_their_arms(severities, rows, expected):
    assert severities(ARMS, *rows) == expected


def test_the_arithmetic_holds_the_rounding_interval(audited):
    rows = [effect(RELAPSES, "relative_reduction", "55"), *both(RELAPSES, "rate", "0.18", "0.39")]
    (finding,) = audited(*rows).by(ARMS)
    assert finding.arithmetic == (
        "1 − 0.18 / 0.39 = 53.8% (51.9 to 55.7% with rounding); printed 55%"
    )


@pytest.mark.parametrize(
    ("reduction", "ratio", "source", "expected"),
    [
        ("30", "0.70", "paper", []),
        ("54.9", "0.45", "paper", []),  # 54.5 to 55.5
        ("35", "0.70", "paper", ["contradiction"]),
        ("35", "0.70", "page", ["tension"]),
    ],
)
def test_reductions_against_the_ratio_of_the_comparison(
    severities, reduction, ratio, source, expected
):
    rows = [
        effect(WORSENING, "relative_reduction", reduction),
        effect(WORSENING, "hazard_ratio", ratio, source=source),
    ]
    assert severities(REDUCTION, *rows) == expected


@pytest.mark.parametrize(
    ("rate", "more", "expected"),
    [
        ("0.241", {}, []),  # 157 / 652.6
        ("0.261", {}, ["contradiction"]),
        ("0.261", {"ci": ("0.211", "0.323")}, ["tension"]),  # a model
        ("0.261", {"months": 24}, []),  # of another time
    ],
)
def test_rates_against_events_and_person_years(severities, rate, more, expected):
    rows = [
        reported(RELAPSES, "rate", "drug", rate, **{"months": 12, **more}),
        reported("relapse-count", "count", "drug", "157", months=12),
        reported("person-time", "person_years", "drug", "652.6", months=12),
    ]
    assert severities(RATE, *rows) == expected


@pytest.mark.parametrize(
    ("difference", "expected"), [("-0.77", []), ("0.77", []), ("-0.70", ["tension"])]
)
def test_mean_differences_against_the_means_of_the_arms(severities, difference, expected):
    rows = [
        effect("edss-change", "mean_difference", difference),
        *both("edss-change", "mean", "-0.39", "0.38"),
    ]
    assert severities(DIFFERENCE, *rows) == expected
