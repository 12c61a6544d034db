import pytest

from evidence.errors import BadInput, EmptySelection
from evidence.outcomes.arms import ARM_ROUTES, find_cohorts
from evidence.outcomes.selection import Question


def question(**more) -> Question:
    """Return a question about relapses after transplantation."""
    return Question(**{"outcome": "relapse", "therapy": "ahsct", **more})


def complete(made):
    """Return everything from which a proportion can be computed, by any route."""
    return [
        made.result("participants", "n", "cells", 151),
        made.result("relapse", "events", "cells", 12, timepoint_months=24),
        made.result("relapse", "km_proportion", "cells", 8.5, timepoint_months=60),
        made.result("relapse", "proportion", "cells", 8, ci=[4, 13], timepoint_months=24),
    ]


def cohort_of(trials, routes=ARM_ROUTES, **more):
    (found,) = find_cohorts(trials, question(**more), routes=routes).cohorts
    return found


def values(trials, addresses) -> dict[str, float]:
    found = {}
    for name, address in addresses.items():
        result_id, _, column = address.partition("#")
        found[name] = trials.row(result_id)[column]
    return found


INPUTS = {
    "events-of-patients": {"xi": 12, "ni": 151},
    "proportion-with-ci": {"percent": 8, "ci_low": 4, "ci_high": 13},
    "percentage-of-patients": {"percent": 8.5, "ni": 151},
}


@pytest.mark.parametrize("route", ARM_ROUTES)
def test_each_route_names_the_printed_numbers_it_needs(curated, route):
    trials = curated.trials(curated.cohort("alpha", *complete(curated)))
    found = cohort_of(trials, [route])
    assert found.route == route
    assert values(trials, found.inputs) == INPUTS[route]
    assert values(trials, {"size": found.size}) == {"size": 151}


@pytest.mark.parametrize("first", ARM_ROUTES)
def test_routes_are_tried_in_the_declared_order(curated, first):
    trials = curated.trials(curated.cohort("alpha", *complete(curated)))
    order = [first, *(route for route in ARM_ROUTES if route != first)]
    assert cohort_of(trials, order).route == first


def test_a_kaplan_meier_proportion_goes_before_a_plain_one(curated):
    trials = curated.trials(curated.cohort("alpha", *complete(curated)))
    assert cohort_of(trials, ["percentage-of-patients"]).months == 60


def test_a_cohort_without_events_is_kept(curated):
    made = curated
    entries = [
        made.result("participants", "n", "cells", 20),
        made.result("relapse", "events", "cells", 0),
    ]
    trials = made.trials(made.cohort("alpha", *entries))
    found = cohort_of(trials)
    assert found.route == "events-of-patients"
    assert values(trials, found.inputs) == {"xi": 0, "ni": 20}


def test_a_percentage_without_patients_or_interval_is_left_out_with_the_reason(curated):
    made = curated
    trials = made.trials(
        made.cohort("alpha", *complete(made)),
        made.cohort("beta", made.result("relapse", "proportion", "cells", 5)),
        made.cohort("gamma", made.result("relapse", "events", "cells", 5)),
        made.cohort("delta", *complete(made)),
    )
    found = find_cohorts(trials, question(exclude={"delta": "the same patients"}))
    assert [one.study_id for one in found.cohorts] == ["alpha"]
    assert found.left_out["delta"] == "the same patients"
    for name in ("beta", "gamma"):
        assert "events-of-patients" in found.left_out[name]


def test_a_percentage_that_is_a_bound_is_not_taken_as_exact(curated):
    made = curated
    entries = [
        made.result("participants", "n", "cells", 20),
        made.result("relapse", "proportion", "cells", 5, operator="<"),
    ]
    trials = made.trials(made.cohort("alpha", *entries))
    with pytest.raises(EmptySelection, match="Add a route, or data"):
        find_cohorts(trials, question())


def test_studies_that_share_patients_are_refused_until_one_is_left_out(curated):
    made = curated
    trials = made.trials(
        made.cohort("alpha", *complete(made), overlaps=["beta"]),
        made.cohort("beta", *complete(made), overlaps=["alpha"]),
        made.cohort("gamma", *complete(made), overlaps=["delta"]),
        made.cohort("delta", *complete(made)),
        made.cohort("epsilon", *complete(made)),
    )
    with pytest.raises(BadInput) as caught:
        find_cohorts(trials, question())
    assert [problem.partition(";")[0] for problem in caught.value.problems] == [
        "alpha and beta share patients",
        "delta and gamma share patients",
    ]
    assert "exclude" in str(caught.value)
    kept = find_cohorts(trials, question(exclude={"beta": "in alpha", "delta": "in gamma"}))
    assert {one.study_id for one in kept.cohorts} == {"alpha", "gamma", "epsilon"}


def test_a_study_that_could_share_patients_but_has_no_number_does_no_harm(curated):
    made = curated
    trials = made.trials(
        made.cohort("alpha", *complete(made), overlaps=["beta"]),
        made.cohort("beta", made.result("relapse", "proportion", "cells", 5)),
    )
    assert cohort_of(trials).study_id == "alpha"


def test_two_rows_that_both_fit_are_refused_with_their_names(curated):
    made = curated
    entries = [
        made.result("participants", "n", "cells", 151),
        made.result("relapse", "events", "cells", 12, timepoint_months=24),
        made.result("relapse", "events", "cells", 15, timepoint_months=36),
    ]
    trials = made.trials(made.cohort("alpha", *entries))
    with pytest.raises(BadInput, match="1 choices are open") as caught:
        find_cohorts(trials, question())
    for months in (24, 36):
        assert f"alpha/relapse/{months}m/cells/events@paper-1" in str(caught.value)
    assert cohort_of(trials, months=(36, 36)).months == 36


def test_an_unknown_route_is_refused_with_the_known_ones(trials):
    with pytest.raises(BadInput, match=r"events-of-patients, proportion-with-ci.*\n.*by-eye"):
        find_cohorts(trials, question(), routes=["by-eye"])


def test_the_project_s_deaths_are_counted_with_cohorts_without_any(trials, project):
    from evidence.analysis.declared import read_analysis

    declared = read_analysis(project / "analyses" / "ahsct-outcomes.yaml").declared
    section = next(s for s in declared.sections if s.id == "treatment-related-mortality")
    found = find_cohorts(trials, section.select.question(), routes=section.routes)
    events = [trials.row(one.reported)["value"] for one in found.cohorts]
    assert events.count(0) >= 1
    assert len(found.cohorts) == len({one.study_id for one in found.cohorts}) >= 5


def two_arms(made):
    """Return a study with two transplanted arms, each with its own events."""
    arms = {
        name: {"label": name, "therapy": "ahsct"} for name in ("high-intensity", "low-intensity")
    }
    entries = [
        made.result(outcome, statistic, arm, value)
        for arm, events, size in (("high-intensity", 1, 20), ("low-intensity", 9, 90))
        for outcome, statistic, value in (
            ("relapse", "events", events),
            ("participants", "n", size),
        )
    ]
    return made.cohort("alpha", *entries, arms=arms)


def test_two_arms_of_one_study_are_not_two_cohorts_of_the_same_name(curated):
    trials = curated.trials(two_arms(curated))
    with pytest.raises(BadInput, match="high-intensity, low-intensity"):
        find_cohorts(trials, question())


def test_an_arm_can_be_named(curated):
    trials = curated.trials(two_arms(curated))
    assert cohort_of(trials, arms=("low-intensity",)).arm == "low-intensity"


def test_a_proportion_is_not_taken_for_a_percentage(curated):
    made = curated
    entries = [
        made.result("participants", "n", "cells", 100),
        made.result("relapse", "proportion", "cells", 0.17, unit="proportion"),
    ]
    trials = made.trials(made.cohort("alpha", *entries))
    with pytest.raises(EmptySelection):
        find_cohorts(trials, question())
