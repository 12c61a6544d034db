import pytest

from evidence.errors import BadInput, EmptySelection
from evidence.outcomes.contrasts import ROUTES, find_contrasts, substituted
from evidence.outcomes.selection import Question


def question(**more) -> Question:
    """Return a question about relapses under alemtuzumab against interferon."""
    given = {"outcome": "relapse", "therapy": "alemtuzumab", "comparator": "interferon-beta-1a"}
    return Question(**{**given, **more})


def ratio(made, statistic="rate_ratio", value=0.45, ci=(0.32, 0.63), **more):
    return made.result(
        "relapse", statistic, "drug", value, comparator_arm="control", ci=list(ci), **more
    )


def arms(made, statistic, drug, control, **more):
    """Return the same statistic of both arms."""
    return [
        made.result("relapse", statistic, "drug", drug, **more),
        made.result("relapse", statistic, "control", control, **more),
    ]


def sizes(made, drug=376, control=187):
    return [
        made.result("participants", "n", "drug", drug),
        made.result("participants", "n", "control", control),
    ]


def complete(made):
    """Return everything from which a contrast can be computed, by any route."""
    return [
        *sizes(made),
        ratio(made),
        *arms(made, "events", 82, 75),
        *arms(made, "proportion", 21.8, 40.1),
        *arms(made, "count", 119, 122),
        *arms(made, "person_years", 740.5, 350.1),
        made.result("relapse", "rate", "drug", 0.18, ci=[0.13, 0.23], timepoint_months=24),
        made.result("relapse", "rate", "control", 0.39, ci=[0.29, 0.53], timepoint_months=24),
    ]


INPUTS = {
    "published-ratio": {"estimate": 0.45, "ci_low": 0.32, "ci_high": 0.63},
    "events-per-person-years": {"x1i": 119, "t1i": 740.5, "x2i": 122, "t2i": 350.1},
    "rates-with-ci": {
        "rate1": 0.18, "low1": 0.13, "high1": 0.23, "rate2": 0.39, "low2": 0.29, "high2": 0.53,
    },
    "rates-of-patients": {
        "rate1": 0.18, "n1": 376, "months1": 24, "rate2": 0.39, "n2": 187, "months2": 24,
    },
    "events-of-patients": {"ai": 82, "n1i": 376, "ci": 75, "n2i": 187},
    "percentages-of-patients": {"percent1": 21.8, "n1i": 376, "percent2": 40.1, "n2i": 187},
}  # fmt: skip


def values(trials, contrast) -> dict[str, float]:
    """Return the numbers at the addresses of a contrast's inputs."""
    found = {}
    for name, address in contrast.inputs.items():
        result_id, _, column = address.partition("#")
        found[name] = trials.row(result_id)[column]
    return found


def contrast_of(trials, routes, measure="IRR", **more):
    (found,) = find_contrasts(trials, question(**more), measure=measure, routes=routes).contrasts
    return found


@pytest.mark.parametrize("route", ROUTES)
def test_each_route_names_the_printed_numbers_it_needs(curated, route):
    trials = curated.trials(curated.study("alpha", *complete(curated)))
    found = contrast_of(trials, [route])
    assert found.route == route
    assert values(trials, found) == INPUTS[route]
    assert (found.study, found.arm, found.comparator_arm) == ("ALPHA", "drug", "control")


def test_the_grid_of_routes_is_complete():
    assert set(INPUTS) == set(ROUTES)


@pytest.mark.parametrize("first", ROUTES)
def test_routes_are_tried_in_the_declared_order(curated, first):
    trials = curated.trials(curated.study("alpha", *complete(curated)))
    order = [first, *(route for route in ROUTES if route != first)]
    assert contrast_of(trials, order).route == first


def test_the_next_route_is_used_where_a_number_is_missing(curated):
    entries = [e for e in complete(curated) if e["statistic"] not in ("rate_ratio", "count")]
    trials = curated.trials(curated.study("alpha", *entries))
    assert contrast_of(trials, ROUTES).route == "rates-with-ci"


def test_studies_may_take_different_routes_and_the_rest_is_left_out_with_the_reason(curated):
    made = curated
    trials = made.trials(
        made.study("alpha", ratio(made)),
        made.study("beta", *sizes(made), *arms(made, "events", 3, 5)),
        made.study("gamma", *arms(made, "events", 3, 5)),
        made.study("delta", ratio(made)),
    )
    found = find_contrasts(
        trials,
        question(exclude={"delta": "an extension"}),
        measure="IRR",
        routes=["published-ratio", "events-of-patients"],
    )
    assert {one.study_id: one.route for one in found.contrasts} == {
        "alpha": "published-ratio",
        "beta": "events-of-patients",
    }
    assert found.left_out["delta"] == "an extension"
    assert "published-ratio, events-of-patients" in found.left_out["gamma"]


@pytest.mark.parametrize(
    ("measure", "statistic"),
    [("IRR", "rate_ratio"), ("HR", "hazard_ratio"), ("RR", "risk_ratio"), ("OR", "odds_ratio")],
)
def test_only_the_published_ratio_of_the_measure_is_used(curated, measure, statistic):
    statistics = ("rate_ratio", "hazard_ratio", "risk_ratio", "odds_ratio")
    entries = [ratio(curated, s, 0.4 + i / 100) for i, s in enumerate(statistics)]
    trials = curated.trials(curated.study("alpha", *entries))
    found = contrast_of(trials, ["published-ratio"], measure)
    assert trials.row(found.inputs["estimate"].partition("#")[0])["statistic"] == statistic


def test_a_ratio_without_an_interval_gives_no_contrast(curated):
    entry = curated.result("relapse", "rate_ratio", "drug", 0.45, comparator_arm="control")
    trials = curated.trials(curated.study("alpha", entry))
    with pytest.raises(EmptySelection, match=r"alpha.*published-ratio.*Add a route"):
        contrast_of(trials, ["published-ratio"])


def test_the_level_of_the_published_interval_is_kept(curated):
    trials = curated.trials(curated.study("alpha", ratio(curated, ci_level=90)))
    assert contrast_of(trials, ["published-ratio"]).level == 0.9


def test_zero_events_in_an_arm_are_kept(curated):
    trials = curated.trials(curated.study("alpha", *sizes(curated), *arms(curated, "events", 0, 5)))
    assert values(trials, contrast_of(trials, ["events-of-patients"]))["ai"] == 0


def test_the_patients_of_each_arm_are_shown_whatever_the_route(curated):
    trials = curated.trials(curated.study("alpha", *complete(curated)))
    shown = contrast_of(trials, ["published-ratio"]).shown
    at = {name: trials.row(shown[name].partition("#")[0])["value"] for name in ("n1", "n2")}
    assert at == {"n1": 376, "n2": 187}
    assert shown["events1"] == "alpha/relapse/any/drug/events@paper-1#value"


@pytest.mark.parametrize("months", [(12, 12), (24, 24)])
def test_two_times_that_both_fit_are_refused_with_their_names_until_one_is_chosen(curated, months):
    made = curated
    entries = [ratio(made, timepoint_months=m, value=v) for m, v in ((12, 0.5), (24, 0.45))]
    trials = made.trials(made.study("alpha", *entries))
    with pytest.raises(BadInput) as caught:
        find_contrasts(trials, question(), measure="IRR", routes=["published-ratio"])
    for m in (12, 24):
        assert f"alpha/relapse/{m}m/drug-vs-control/rate_ratio@paper-1" in str(caught.value)
    assert "choose" in str(caught.value)
    found = contrast_of(trials, ["published-ratio"], months=months)
    assert f"/{months[0]}m/" in found.inputs["estimate"]
    chosen = {"alpha": {"timepoint_months": months[0]}}
    assert contrast_of(trials, ["published-ratio"], choose=chosen) == found


def test_all_studies_that_need_a_choice_are_named_at_once(curated):
    made = curated
    trials = made.trials(
        *(
            made.study(name, ratio(made, timepoint_months=12), ratio(made, timepoint_months=24))
            for name in ("alpha", "beta")
        )
    )
    with pytest.raises(BadInput, match="2 studies need a choice") as caught:
        find_contrasts(trials, question(), measure="IRR", routes=["published-ratio"])
    assert "alpha/" in str(caught.value)
    assert "beta/" in str(caught.value)


def test_two_arms_of_the_therapy_are_refused_until_one_is_named(curated):
    made = curated
    content = made.study(
        "alpha",
        *sizes(made),
        *arms(made, "events", 3, 5),
        made.result("relapse", "events", "high", 2),
    )
    content["arms"]["high"] = {"label": "Alemtuzumab 24 mg", "therapy": "alemtuzumab"}
    trials = made.trials(content)
    with pytest.raises(BadInput, match=r"alpha: arms drug, high all fit.*`arms`"):
        contrast_of(trials, ["events-of-patients"])
    assert contrast_of(trials, ["events-of-patients"], arms=("drug",)).arm == "drug"


@pytest.mark.parametrize(
    ("measure", "routes", "said"),
    [("SMD", ["published-ratio"], "IRR, HR, RR, OR"), ("HR", ["by-eye"], "by-eye")],
)
def test_an_unknown_measure_or_route_is_refused_with_the_known_ones(trials, measure, routes, said):
    with pytest.raises(BadInput, match="published-ratio") as caught:
        find_contrasts(trials, question(), measure=measure, routes=routes)
    assert said in str(caught.value)


# another published ratio in place of the main one


@pytest.fixture
def replaceable(curated):
    made = curated
    trials = made.trials(
        made.study(
            "alpha",
            *sizes(made),
            *arms(made, "events", 82, 75),
            *arms(made, "proportion", 21.8, 40.1),
            ratio(made, "hazard_ratio", 0.5, (0.4, 0.6), ci_level=90),
            ratio(made, "odds_ratio", 0.5, (0.4, 0.6)),
            made.result("relapse", "risk_ratio", "drug", 0.5, comparator_arm="control"),
        ),
        made.study("beta", ratio(made, "hazard_ratio")),
    )
    return trials, contrast_of(trials, ["events-of-patients"], studies=("alpha",))


def test_a_contrast_can_take_its_effect_from_another_ratio_of_the_study(replaceable):
    trials, contrast = replaceable
    name = "alpha/relapse/any/drug-vs-control/hazard_ratio@paper-1"
    other = substituted(trials, contrast, name)
    assert other.route == "published-ratio"
    assert other.level == 0.9
    assert values(trials, other) == {"estimate": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    assert other.shown == contrast.shown


@pytest.mark.parametrize(
    "name",
    [
        "beta/relapse/any/drug-vs-control/hazard_ratio@paper-1",
        "alpha/relapse/any/drug-vs-control/risk_ratio@paper-1",
        "alpha/relapse/any/drug/events@paper-1",
    ],
)
def test_what_is_no_ratio_of_the_study_with_an_interval_cannot_stand_for_it(replaceable, name):
    with pytest.raises(BadInput, match=name):
        substituted(*replaceable, name)


# numbers that do not belong together


def test_arms_measured_at_different_times_are_not_compared(curated):
    made = curated
    trials = made.trials(
        made.study(
            "alpha",
            *sizes(made),
            made.result("relapse", "events", "drug", 3, timepoint_months=12),
            made.result("relapse", "events", "control", 9, timepoint_months=24),
        )
    )
    with pytest.raises((BadInput, EmptySelection)):
        contrast_of(trials, ["events-of-patients"], measure="RR")


def test_arms_measured_by_different_definitions_are_not_compared(curated):
    made = curated
    trials = made.trials(
        made.study(
            "alpha",
            *sizes(made),
            made.result("relapse", "events", "drug", 3, definition="severe"),
            made.result("relapse", "events", "control", 9, definition="any"),
        )
    )
    with pytest.raises((BadInput, EmptySelection)):
        contrast_of(trials, ["events-of-patients"], measure="RR")


def test_two_arms_of_the_comparator_are_refused_until_one_is_named(curated):
    made = curated
    content = made.study(
        "alpha",
        *sizes(made),
        made.result("participants", "n", "low", 50),
        made.result("relapse", "events", "drug", 3),
        made.result("relapse", "events", "low", 40),
        made.result("relapse", "proportion", "control", 10),
    )
    content["arms"]["low"] = {"label": "Interferon 22 µg", "therapy": "interferon-beta-1a"}
    trials = made.trials(content)
    with pytest.raises((BadInput, EmptySelection)):
        contrast_of(trials, ["events-of-patients"], measure="RR")


def test_a_number_that_is_a_bound_is_not_taken_as_exact(curated):
    made = curated
    trials = made.trials(
        made.study("alpha", *sizes(made), *arms(made, "events", 3, 5, operator="<"))
    )
    with pytest.raises(EmptySelection):
        contrast_of(trials, ["events-of-patients"], measure="RR")


def test_a_ratio_that_is_a_bound_is_not_taken_as_exact(curated):
    trials = curated.trials(curated.study("alpha", ratio(curated, operator="<")))
    with pytest.raises(EmptySelection):
        contrast_of(trials, ["published-ratio"])


def test_the_level_of_the_rates_own_intervals_is_kept(curated):
    made = curated
    rates = [
        made.result("relapse", "rate", arm, rate, ci=[rate / 2, rate * 2], ci_level=90)
        for arm, rate in (("drug", 0.2), ("control", 0.4))
    ]
    trials = made.trials(made.study("alpha", *arms(made, "events", 3, 5), *rates))
    assert contrast_of(trials, ["rates-with-ci"]).level == 0.9


def test_rates_of_patients_are_per_patient_year(curated):
    made = curated
    rates = arms(made, "rate", 18, 39, unit="per-100-patient-years", timepoint_months=24)
    trials = made.trials(made.study("alpha", *sizes(made), *rates))
    with pytest.raises(EmptySelection):
        contrast_of(trials, ["rates-of-patients"])


def test_rates_with_intervals_of_two_levels_are_not_compared(curated):
    made = curated
    rates = [
        made.result("relapse", "rate", arm, rate, ci=[rate / 2, rate * 2], ci_level=level)
        for arm, rate, level in (("drug", 0.2, 90), ("control", 0.4, 95))
    ]
    with pytest.raises(BadInput, match="ci_level"):
        contrast_of(made.trials(made.study("alpha", *rates)), ["rates-with-ci"])


def test_arms_of_the_comparator_that_both_fit_are_named_with_the_way_out(curated):
    made = curated
    content = made.study("alpha", *sizes(made), *arms(made, "events", 3, 5))
    content["arms"]["low"] = {"label": "Interferon 22 µg", "therapy": "interferon-beta-1a"}
    content["results"].append(made.result("relapse", "events", "low", 40))
    trials = made.trials(content)
    with pytest.raises(BadInput, match="control, low all fit; name one with `comparator_arms`"):
        contrast_of(trials, ["events-of-patients"], measure="RR")
    found = contrast_of(trials, ["events-of-patients"], measure="RR", comparator_arms=("control",))
    assert found.comparator_arm == "control"


def test_an_interval_without_an_estimate_is_no_published_ratio(curated):
    trials = curated.trials(curated.study("alpha", ratio(curated, value=None)))
    with pytest.raises(EmptySelection):
        contrast_of(trials, ["published-ratio"])
