import pytest

from evidence.errors import CurationError


def reduction(made, value, source="paper", *, printed=None, ci=None, statistic="rate", **more):
    """Return one document's report of the same quantity."""
    tokens = printed or [f"{value:g}"]
    if ci is not None:
        more["ci"], tokens = ci, [*tokens, *(f"{bound:g}" for bound in ci)]
    if source == "review":
        more["lines"] = [1, 2]
    outcome = "annualised-relapse-rate"
    return made.result(outcome, statistic, "drug", value, source=source, printed=tokens, **more)


def preferred(trials) -> dict[str, str | None]:
    """Return the preferred rows: their document and the reason."""
    return {row["source"]: row["preference_reason"] for row in trials.rows() if row["preferred"]}


def build(made, *results):
    return made.trials(made.study("alpha", *results))


def refused(made, *results) -> str:
    with pytest.raises(CurationError) as caught:
        build(made, *results)
    assert not made.parquet.exists()
    return str(caught.value)


def test_a_number_of_one_document_is_used_without_a_reason(curated):
    assert preferred(build(curated, reduction(curated, 0.26))) == {"paper": None}


def test_of_agreeing_documents_the_trial_s_own_publication_is_used(curated):
    rows = [reduction(curated, 0.26, source) for source in ("page", "review", "paper")]
    (source, reason), *rest = preferred(build(curated, *rows)).items()
    assert (source, rest) == ("paper", [])
    assert "3 reports agree" in reason
    for name in ("page", "review", "paper"):
        assert name in reason


def test_a_page_goes_before_a_review(curated):
    rows = [reduction(curated, 0.26, source) for source in ("review", "page")]
    assert list(preferred(build(curated, *rows))) == ["page"]


def test_a_report_with_an_interval_goes_before_the_publication_without_one(curated):
    rows = [reduction(curated, 0.26), reduction(curated, 0.26, "page", ci=[0.21, 0.31])]
    assert list(preferred(build(curated, *rows))) == ["page"]


def test_of_two_equal_documents_the_one_with_more_decimals_is_used(curated):
    rows = [
        reduction(curated, 0.3, printed=["0.3"]),
        reduction(curated, 0.26, printed=["0.26"], n=2),
    ]
    trials = build(curated, *rows)
    assert trials.where(preferred=True)["value"].tolist() == [0.26]


@pytest.mark.parametrize(
    ("one", "other"),
    [("54.9", "55"), ("55", "54.5"), ("0.18", "0.2"), ("54.9", "54.90"), ("21", "Twenty-one")],
)
def test_two_roundings_of_one_number_are_no_contradiction(curated, one, other):
    values = {token: 21.0 if token == "Twenty-one" else float(token) for token in (one, other)}
    rows = [
        reduction(curated, values[one], printed=[one]),
        reduction(curated, values[other], "page", printed=[other]),
    ]
    assert list(preferred(build(curated, *rows))) == ["paper"]


@pytest.mark.parametrize(("one", "other"), [("54.9", "54"), ("54.9", "55.0"), ("0.18", "0.19")])
def test_documents_that_contradict_each_other_are_refused_with_their_values(curated, one, other):
    rows = [
        reduction(curated, float(one), printed=[one]),
        reduction(curated, float(other), "page", printed=[other]),
    ]
    message = refused(curated, *rows)
    assert "documents differ" in message
    assert f"paper: ={float(one):g}" in message
    assert f"page: ={float(other):g}" in message
    assert "alpha/annualised-relapse-rate/any/drug/rate@page-1" in message


def test_bounds_that_contradict_each_other_are_refused(curated):
    rows = [
        reduction(curated, 0.26, ci=[0.21, 0.31]),
        reduction(curated, 0.26, "page", ci=[0.2, 0.35]),
    ]
    assert "[0.2, 0.35]" in refused(curated, *rows)


def test_findings_that_contradict_each_other_are_refused(curated):
    rows = [
        curated.result("relapse", "finding", "drug", finding="not-significant"),
        curated.result("relapse", "finding", "drug", finding="reported", source="page"),
    ]
    assert "not-significant" in refused(curated, *rows)


def test_a_contradiction_is_settled_by_a_preference_with_a_reason(curated):
    reason = "the page mistook the arm"
    rows = [
        reduction(curated, 0.26, preferred=True, preference_reason=reason),
        reduction(curated, 0.52, "page"),
    ]
    assert preferred(build(curated, *rows)) == {"paper": reason}


def test_a_preference_without_a_reason_is_refused(curated):
    rows = [reduction(curated, 0.26, preferred=True), reduction(curated, 0.52, "page")]
    assert "needs a preference_reason" in refused(curated, *rows)


def test_two_preferences_for_one_quantity_are_refused(curated):
    marked = {"preferred": True, "preference_reason": "because"}
    rows = [reduction(curated, 0.26, **marked), reduction(curated, 0.52, "page", **marked)]
    assert "2 rows are marked as preferred" in refused(curated, *rows)


def test_all_undecided_quantities_are_named_at_once(curated):
    rows = [
        reduction(curated, value, source, timepoint_months=months)
        for months in (12, 24)
        for value, source in ((0.26, "paper"), (0.52, "page"))
    ]
    message = refused(curated, *rows)
    assert "2 quantities need a decision" in message
    assert "/12m/" in message
    assert "/24m/" in message


@pytest.mark.parametrize(
    "column",
    ["timepoint_months", "subgroup", "analysis_set", "definition", "unit"],
)
def test_numbers_of_different_quantities_do_not_contradict_each_other(curated, column):
    other = {
        "timepoint_months": 24,
        "subgroup": "women",
        "analysis_set": "ITT",
        "definition": "sustained",
        "unit": "per-100-patient-years",
    }[column]
    rows = [reduction(curated, 0.26), reduction(curated, 0.52, "page", **{column: other})]
    assert len(preferred(build(curated, *rows))) == 2


def test_two_upper_bounds_of_a_p_value_can_both_be_true(curated):
    rows = [
        curated.result(
            "relapse",
            "p_value",
            "drug",
            value,
            p=value,
            operator="<",
            p_operator="<",
            source=source,
        )
        for value, source in ((0.05, "page"), (0.001, "paper"))
    ]
    assert list(preferred(build(curated, *rows))) == ["paper"]


def test_two_exact_p_values_cannot_both_be_true(curated):
    rows = [
        curated.result("relapse", "p_value", "drug", value, p=value, source=source)
        for value, source in ((0.05, "page"), (0.001, "paper"))
    ]
    assert "documents differ" in refused(curated, *rows)


def test_an_estimate_and_a_bound_of_the_same_size_contradict_each_other(curated):
    rows = [reduction(curated, 0.26), reduction(curated, 0.26, "page", operator="<")]
    assert "documents differ" in refused(curated, *rows)


def test_each_quantity_of_the_project_s_dataset_has_exactly_one_row_that_is_used(trials):
    from evidence.trials.curation.preference import QUANTITY

    used = trials.frame.groupby(list(QUANTITY), dropna=False)["preferred"].sum()
    assert set(used) == {1}
