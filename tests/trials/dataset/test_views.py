import pandas as pd
import pytest

from evidence.trials.dataset.views import ARM_KEYS, CONTRAST_KEYS, arm_view, contrast_view


@pytest.fixture
def small(curated):
    made = curated
    whole = {"timepoint_months": 24}
    return made.trials(
        made.study(
            "alpha",
            made.result("participants", "n", "drug", 100, analysis_set="ITT"),
            made.result("participants", "n", "drug", 98, analysis_set="safety", n=2),
            made.result("participants", "n", "control", 50),
            made.result("relapse", "events", "drug", 22, analysis_set="ITT", **whole),
            made.result("relapse", "proportion", "drug", 22, analysis_set="ITT", **whole),
            made.result("relapse", "events", "control", 20, analysis_set="ITT", **whole),
            made.result("relapse", "events", "drug", 11, n=2, **whole),
            made.result("relapse", "n", "drug", 97, **whole),
            made.result("annualised-relapse-rate", "rate", "drug", 0.18, ci=[0.13, 0.23]),
            made.result("age", "range", "drug", range=[18, 50], unit="years"),
            made.result("pml", "finding", "drug", finding="not-reported", unit="text"),
            made.result(
                "relapse",
                "rate_ratio",
                "drug",
                0.45,
                comparator_arm="control",
                ci=[0.32, 0.63],
                p=0.001,
                p_operator="<",
            ),
            made.result("relapse", "p_value", "drug", 0.03, p=0.03, comparator_arm="control"),
        )
    )


def row(view, **wanted):
    for name, value in wanted.items():
        column = view[name]
        view = view[column.isna() if value is None else column == value]
    assert len(view) == 1
    return view.iloc[0]


def ids(view: pd.DataFrame) -> list[str]:
    """All result_ids of a view but those of the numbers of patients, which many rows share."""
    columns = [name for name in view if name.endswith("result_id") and name != "n_result_id"]
    return [name for column in columns for name in view[column].dropna()]


def test_statistics_of_one_arm_and_time_stand_in_one_row(small):
    found = row(arm_view(small), arm="drug", outcome="relapse", analysis_set="ITT")
    assert (found["n"], found["events"], found["proportion"]) == (100, 22, 22)
    assert (found["events_unit"], found["proportion_unit"]) == ("patients", "%")
    assert found["events_result_id"] == "alpha/relapse/24m/drug/events@paper-1"


def test_an_interval_stands_beside_its_number(small):
    found = row(arm_view(small), outcome="annualised-relapse-rate")
    assert (found["rate"], found["rate_ci_low"], found["rate_ci_high"]) == (0.18, 0.13, 0.23)


def test_patients_are_those_of_the_same_set(small):
    found = row(arm_view(small), arm="drug", outcome="participants", analysis_set="safety")
    assert (found["n"], found["n_analysis_set"]) == (98, "safety")


def test_an_outcome_keeps_the_patients_it_prints_itself(small):
    found = row(arm_view(small), arm="drug", outcome="relapse", analysis_set=None)
    assert (found["n"], found["events"]) == (97, 11)
    assert found["n_result_id"] == "alpha/relapse/24m/drug/n@paper-1"


def test_the_only_size_of_an_arm_serves_any_set_and_says_so(small):
    found = row(arm_view(small), arm="control", outcome="relapse")
    assert (found["n"], found["events"]) == (50, 20)
    assert pd.isna(found["n_analysis_set"])
    assert found["n_result_id"] == "alpha/participants/any/control/n@paper-1"


def test_several_sizes_without_the_set_are_not_guessed(small):
    found = row(arm_view(small), outcome="annualised-relapse-rate")
    assert pd.isna(found["n"])
    assert pd.isna(found["n_result_id"])


def test_words_and_ranges_have_columns_of_their_own(small):
    view = arm_view(small)
    assert row(view, outcome="pml")["finding"] == "not-reported"
    ages = row(view, outcome="age")
    assert (ages["range_low"], ages["range_high"]) == (18, 50)
    assert "range" not in view.columns


def test_a_contrast_has_ratio_interval_and_p_value_in_one_row(small):
    found = row(contrast_view(small), outcome="relapse")
    assert (found["arm"], found["comparator_arm"]) == ("drug", "control")
    assert (found["rate_ratio"], found["rate_ratio_ci_high"]) == (0.45, 0.63)
    assert (found["rate_ratio_p_operator"], found["rate_ratio_p_value"]) == ("<", 0.001)
    assert found["p_value"] == 0.03


def test_statistics_without_a_number_have_no_columns(small):
    assert not [name for name in contrast_view(small) if name.startswith(("events", "hazard"))]


def test_a_quantity_in_two_units_takes_two_rows(curated):
    found = arm_view(
        curated.trials(
            curated.study(
                "alpha",
                curated.result("follow-up", "median", "drug", 24, unit="months"),
                curated.result("follow-up", "median", "drug", 2, unit="years", n=2),
            )
        )
    )
    assert found[["median", "median_unit"]].values.tolist() == [  # noqa: PD011
        [24, "months"],
        [2, "years"],
    ]


def test_of_several_documents_the_preferred_number_is_shown(curated):
    made = curated
    view = arm_view(
        made.trials(
            made.study(
                "alpha",
                made.result("relapse", "events", "drug", 22),
                made.result(
                    "relapse",
                    "events",
                    "drug",
                    23,
                    source="page",
                    preferred=True,
                    preference_reason="corrected later",
                ),
            )
        )
    )
    assert view["events"].tolist() == [23]


def test_every_preferred_number_of_the_dataset_stands_in_one_cell(trials):
    arms, contrasts = arm_view(trials), contrast_view(trials)
    chosen = trials.frame[trials.frame["preferred"]]
    sizes = chosen[(chosen["statistic"] == "n") & chosen["comparator_arm"].isna()]
    shown = [*ids(arms), *ids(contrasts), *contrasts["n_result_id"].dropna()]
    assert len(shown) == len(set(shown))
    assert set(shown) == set(chosen["result_id"]) - set(sizes["result_id"])
    assert set(sizes["result_id"]) <= set(arms["n_result_id"])


def test_a_number_is_that_of_the_row_it_leads_to(trials):
    view = arm_view(trials)
    for statistic in ("n", "events", "proportion", "rate", "mean"):
        found = view.dropna(subset=[statistic])
        rows = trials.frame.set_index("result_id").loc[found[f"{statistic}_result_id"]]
        assert rows["value"].tolist() == found[statistic].tolist()
        assert rows["unit"].tolist() == found[f"{statistic}_unit"].tolist()
        assert rows["arm"].fillna("").tolist() == found["arm"].fillna("").tolist()


def test_keys_come_first_and_the_order_does_not_depend_on_chance(trials):
    for view, keys in ((arm_view, ARM_KEYS), (contrast_view, CONTRAST_KEYS)):
        found = view(trials)
        assert tuple(found.columns[: len(keys)]) == keys
        pd.testing.assert_frame_equal(found, view(trials))


def test_a_selection_without_contrasts_gives_an_empty_view(small):
    assert contrast_view(small.where(comparator_arm=None)).empty
