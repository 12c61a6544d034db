import pytest

from evidence.errors import BadInput, EmptySelection
from evidence.outcomes.selection import Question, one_row, participants, select_outcome

SETS = ("safety", "treated", "ITT", "randomised", "analysed")


def question(**more) -> Question:
    """Return a question about relapses under alemtuzumab against interferon."""
    given = {"outcome": "relapse", "therapy": "alemtuzumab", "comparator": "interferon-beta-1a"}
    return Question(**{**given, **more})


def ids(rows) -> list[str]:
    return [row["result_id"] for row in rows]


@pytest.fixture
def three(curated):
    """Events of two trials at several times, of other arms, subgroups and definitions."""
    made = curated
    r = made.result
    other = {"placebo": {"label": "Placebo", "therapy": "placebo"}}
    alpha = made.study(
        "alpha",
        r("relapse", "events", "drug", 82, timepoint_months=24),
        r("relapse", "events", "control", 119, timepoint_months=24),
        r("relapse", "events", "drug", 90, timepoint_months=36),
        r("relapse", "events", "drug", 40, timepoint_months=24, subgroup="women", n=2),
        r("relapse", "events", "drug", 41, timepoint_months=24, definition="severe", n=3),
        r("relapse-free", "events", "drug", 300, timepoint_months=24),
    )
    beta = made.study("beta", r("relapse", "events", "drug", 12), r("relapse", "n", "placebo", 9))
    beta["arms"] |= other
    gamma = made.cohort("gamma", r("relapse", "events", "cells", 3, timepoint_months=24))
    return made.trials(alpha, beta, gamma)


def test_rows_of_the_therapy_and_its_comparator_are_selected(three):
    rows = select_outcome(three, question(months=(24, 24)))
    assert {(row["study_id"], row["arm"], row["value"]) for row in rows} == {
        ("alpha", "drug", 82),
        ("alpha", "control", 119),
        ("alpha", "drug", 41),
    }


def test_without_months_any_time_counts_and_subgroups_never(three):
    rows = select_outcome(three, question())
    assert {row["value"] for row in rows} == {82, 119, 90, 41, 12}


@pytest.mark.parametrize(
    ("more", "values"),
    [
        ({"definitions": ("severe",)}, {41}),
        ({"months": (30, 48)}, {90}),
        ({"studies": ("beta",)}, {12}),
        ({"exclude": {"alpha": "extension"}}, {12}),
        ({"designs": ("cohort",), "therapy": "ahsct"}, {3}),
        ({"comparator": None, "arms": ("drug",), "months": (36, 36)}, {90}),
        ({"choose": {"alpha": {"timepoint_months": 36}}}, {90, 12}),
        ({"choose": {"alpha": {"outcome_definition": None}}}, {82, 119, 90, 12}),
    ],
)
def test_each_part_of_a_question_narrows_the_selection(three, more, values):
    assert {row["value"] for row in select_outcome(three, question(**more))} == values


def test_rows_that_analyses_do_not_use_are_not_selected(curated):
    r = curated.result
    trials = curated.trials(
        curated.study(
            "alpha",
            r("relapse", "events", "drug", 82, preferred=True, preference_reason="recounted"),
            r("relapse", "events", "drug", 80, source="page"),
        )
    )
    assert [row["value"] for row in select_outcome(trials, question())] == [82]


@pytest.mark.parametrize("part", ["studies", "exclude", "choose"])
def test_an_unknown_study_is_refused_with_the_nearest_name(three, part):
    given = {"studies": ("alpa",), "exclude": {"alpa": "why"}, "choose": {"alpa": {}}}[part]
    with pytest.raises(BadInput, match=r"'alpa'. Did you mean .*alpha"):
        select_outcome(three, question(**{part: given}))


def test_an_unknown_outcome_is_refused_with_the_nearest_word(three):
    with pytest.raises(BadInput, match="Did you mean relapse"):
        select_outcome(three, question(outcome="relapses"))


@pytest.mark.parametrize(
    ("part", "known"),
    [
        ({"therapy": "alemtuzumb"}, "alemtuzumab"),
        ({"comparator": "interferon-beta-1"}, "interferon-beta-1a"),
        ({"arms": ("drugg",)}, "drug"),
    ],
)
def test_an_unknown_therapy_or_arm_is_refused_with_the_nearest_one(three, part, known):
    with pytest.raises(BadInput, match=f"Did you mean .*{known}"):
        select_outcome(three, question(**part))


def test_an_empty_selection_says_what_was_asked_and_what_to_widen(three):
    with pytest.raises(EmptySelection, match=r"relapse with alemtuzumab .* 60 to 72 months.*Widen"):
        select_outcome(three, question(months=(60, 72)))


def test_several_rows_for_one_place_are_refused_with_their_names(three):
    rows = select_outcome(three, question(arms=("drug",), comparator=None, studies=("alpha",)))
    with pytest.raises(BadInput, match="choose") as caught:
        one_row(rows, "alpha, events")
    assert set(caught.value.problems) == set(ids(rows))
    assert one_row(rows[:1], "x") is rows[0]
    assert one_row([], "x") is None


def sized(made, outcome, *sets, own=None):
    """Return a dataset with an arm of several analysis sets, and the row of its outcome."""
    entries = [
        made.result(
            "participants", "n", "drug", 100 + i, n=i + 1, **({"analysis_set": s} if s else {})
        )
        for i, s in enumerate(sets)
    ]
    more = {"analysis_set": own} if own else {}
    trials = made.trials(
        made.study("alpha", *entries, made.result(outcome, "events", "drug", 5, **more))
    )
    return trials, trials.row(f"alpha/{outcome}/any/drug/events@paper-1")


@pytest.mark.parametrize(
    ("outcome", "sets", "chosen"),
    [
        ("serious-adverse-event", SETS, "safety"),
        ("serious-adverse-event", ("randomised", "ITT", None), None),
        ("serious-adverse-event", ("randomised", "ITT"), "ITT"),
        ("serious-adverse-event", ("analysed", "treated"), "treated"),
        ("relapse", SETS, "analysed"),
        ("relapse", ("safety", "ITT"), "ITT"),
        ("relapse", ("randomised", None), None),
        ("relapse", ("randomised", "safety"), "safety"),
        ("relapse", ("neurological follow-up",), "neurological follow-up"),
    ],
)
def test_a_harm_counts_all_who_were_treated_and_a_benefit_all_who_were_analysed(
    curated, outcome, sets, chosen
):
    trials, row = sized(curated, outcome, *sets)
    assert trials.row(participants(trials, row))["analysis_set"] == chosen


def test_the_row_s_own_analysis_set_goes_first(curated):
    trials, row = sized(curated, "relapse", *SETS, own="randomised")
    assert trials.row(participants(trials, row))["analysis_set"] == "randomised"


def test_patients_of_subgroups_and_of_special_definitions_are_no_denominator(curated):
    made = curated
    trials = made.trials(
        made.study(
            "alpha",
            made.result("participants", "n", "drug", 30, subgroup="women"),
            made.result("participants", "n", "drug", 20, definition="with MRI", n=2),
            made.result("female", "n", "drug", 30),
            made.result("relapse", "events", "drug", 5),
        )
    )
    assert participants(trials, trials.row("alpha/relapse/any/drug/events@paper-1")) is None


def test_patients_of_the_other_arm_are_found_by_its_name(curated):
    made = curated
    trials = made.trials(
        made.study(
            "alpha",
            made.result("participants", "n", "drug", 426),
            made.result("participants", "n", "control", 202),
            made.result("relapse", "events", "drug", 5),
        )
    )
    row = trials.row("alpha/relapse/any/drug/events@paper-1")
    assert trials.row(participants(trials, row))["value"] == 426
    assert trials.row(participants(trials, row, "control"))["value"] == 202


@pytest.mark.parametrize("last", ["serious-adverse-event", "treatment-failure"])
def test_the_domain_is_that_of_the_row_and_not_of_the_last_row_of_its_study(curated, last):
    made = curated
    sizes = [
        made.result("participants", "n", "drug", size, n=n, analysis_set=name)
        for n, (name, size) in enumerate({"safety": 94, "analysed": 90}.items(), start=1)
    ]
    entries = [made.result(name, "events", "drug", 5) for name in ("relapse", "infection", last)]
    trials = made.trials(made.study("alpha", *sizes, *entries))
    assert list(trials.rows())[-1]["outcome"] == last
    for outcome, chosen in (("relapse", "analysed"), ("infection", "safety")):
        size = participants(trials, trials.row(f"alpha/{outcome}/any/drug/events@paper-1"))
        assert trials.row(size)["analysis_set"] == chosen


def test_unknown_arms_of_the_comparator_and_studies_are_named_together(three):
    with pytest.raises(BadInput) as caught:
        select_outcome(three, question(comparator_arms=("controls",), studies=("alpa",)))
    assert len(caught.value.problems) == 2
    assert "interferon-beta-1a arm 'controls'. Did you mean control" in str(caught.value)
