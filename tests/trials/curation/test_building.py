import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from evidence import load_trials
from evidence.errors import CurationError, DatasetError
from evidence.trials.curation.building import build, read_curated


@pytest.fixture
def two(curated):
    """Two valid studies, with a number from a text and one from a page among them."""
    made = curated
    alpha = made.study(
        "alpha",
        made.result("participants", "n", "drug", 426, analysis_set="ITT"),
        made.result("participants", "n", "control", 202, analysis_set="ITT"),
        made.result("relapse", "events", "drug", 147, timepoint_months=24),
        made.result(
            "disability-worsening",
            "hazard_ratio",
            "drug",
            0.58,
            comparator_arm="control",
            ci=[0.38, 0.87],
            p=0.0084,
            printed=["0·58", "0·38", "0·87", "0.0084"],
        ),
    )
    reduction = {"value": 54.9, "ci": [40.1, 66.0], "printed": ["54·9", "40.1", "66.0"]}
    review = {"source": "review", "lines": [2, 3], "locator": "abstract", "unit": "%"}
    beta = made.study(
        "beta",
        made.result("relapse", "relative_reduction", "drug", **reduction, **review),
        made.result("pml", "finding", "drug", finding="none-reported"),
    )
    made.write(alpha, beta)
    made.alpha, made.beta = alpha, beta
    return made


def refused(made) -> str:
    """Return the message with which the dataset is refused."""
    with pytest.raises(CurationError) as caught:
        made.build()
    assert not made.parquet.exists()
    return str(caught.value)


def test_a_small_dataset_builds_with_a_row_for_each_reported_number(two):
    two.build()
    trials = load_trials(two.parquet)
    assert len(trials) == 6
    row = trials.row("alpha/disability-worsening/any/drug-vs-control/hazard_ratio@paper-1")
    assert (row["value"], row["ci_low"], row["ci_high"], row["p_value"]) == (
        0.58,
        0.38,
        0.87,
        8.4e-3,
    )
    assert (row["ci_level"], row["p_operator"], row["value_operator"]) == (95.0, "=", "=")
    assert (row["therapy"], row["comparator"]) == ("alemtuzumab", "interferon-beta-1a")
    assert row["printed"] == ["0·58", "0·38", "0·87", "0.0084"]


def test_rows_know_their_document_and_its_rank(two):
    two.build()
    trials = load_trials(two.parquet)
    row = trials.row("beta/relapse/any/drug/relative_reduction@review-1")
    assert (row["source_file"], row["line_start"], row["line_end"]) == ("review.txt", 2, 3)
    assert row["origin"] == "review"
    assert trials.row("beta/pml/any/drug/finding@paper-1")["origin"] == "primary"
    assert trials.row("beta/pml/any/drug/finding@paper-1")["line_start"] is None


def test_rows_are_sorted_by_their_name(two):
    two.build()
    names = load_trials(two.parquet)["result_id"].tolist()
    assert names == sorted(names)


def test_the_build_says_how_many_rows_it_wrote(two):
    assert build(two.data, two.parquet, version="1") == 6


def test_the_same_files_give_the_same_bytes(two):
    first = two.build()
    assert two.build() == first


def test_the_order_of_entries_and_keys_does_not_change_the_bytes(two):
    first = two.build()
    backwards = [dict(reversed(entry.items())) for entry in reversed(two.alpha["results"])]
    two.write({**two.alpha, "results": backwards})
    assert two.build() == first


def test_another_number_gives_other_bytes(two):
    first = two.build()
    two.alpha["results"][2] |= {"value": 148, "printed": ["148"]}
    two.write(two.alpha)
    assert two.build() != first


def test_the_file_carries_version_licence_vocabulary_sources_and_studies(two):
    two.build()
    metadata = pq.read_schema(two.parquet).metadata
    assert metadata[b"dataset_version"].decode() == two.version
    assert metadata[b"licence"].decode() == "CC BY 4.0"
    assert json.loads(metadata[b"sources"])["review"]["origin"] == "review"
    assert json.loads(metadata[b"studies"])["alpha"]["arms"]["drug"]["therapy"] == "alemtuzumab"
    assert "relapse" in json.loads(metadata[b"vocabulary"])["outcomes"]


#: What is done to the third result of study alpha (147 relapsed patients), and what must be said.
FAULTS = {
    "unknown outcome": ({"outcome": "relaps"}, ["outcome", "'relaps'", "Did you mean relapse"]),
    "unknown statistic": ({"statistic": "event"}, ["statistic", "Did you mean events"]),
    "unknown unit": ({"unit": "patient"}, ["unit", "Did you mean patients"]),
    "undefined arm": ({"arm": "drugs"}, ["arm", "'drugs'", "drug, control"]),
    "undefined comparator": ({"comparator_arm": "x"}, ["comparator_arm", "'x'", "drug, control"]),
    "missing source": ({"source": "papers"}, ["source", "'papers'", "sources.yaml"]),
    "negative count": ({"value": -3, "printed": ["-3"]}, ["value", "-3", "negative"]),
    "more events than patients": (
        {"value": 427, "printed": ["427"]},
        ["427 events", "426 patients"],
    ),
    "interval without its estimate": (
        {"ci": [10, 20], "printed": ["147", "10", "20"]},
        ["ci", "[10.0, 20.0]", "147", "excludes"],
    ),
    "reversed interval": (
        {"ci": [200, 100], "printed": ["147", "100", "200"]},
        ["ci", "[200.0, 100.0]", "reversed"],
    ),
    "reversed range": (
        {"range": [200, 100], "printed": ["147", "100", "200"]},
        ["range", "reversed"],
    ),
    "value that is not printed": ({"printed": ["148"]}, ["147", "['148']", "printed"]),
    "bound that is not printed": (
        {"ci": [100, 200], "printed": ["147", "100"]},
        ["200", "not among the printed tokens"],
    ),
    "p value that is not printed": ({"p": 0.03}, ["0.03", "not among the printed tokens"]),
    "unquoted token": ({"printed": [147]}, ["printed", "quotes"]),
    "misspelt key": ({"timepoint_month": 24}, ["timepoint_month", "not permitted"]),
    "no number and no finding": ({"value": None}, ["neither", "value"]),
    "finding with another statistic": ({"finding": "reported"}, ["finding"]),
    "unknown finding": (
        {"statistic": "finding", "finding": "reportd", "value": None},
        ["finding", "Did you mean", "reported"],
    ),
    "comparator without arm": ({"arm": None, "comparator_arm": "drug"}, ["comparator_arm", "arm"]),
    "p value without its p": (
        {"statistic": "p_value", "unit": "p", "value": 0.03, "printed": ["0.03"]},
        ["`p_value` needs `p`"],
    ),
    "p value with another p": (
        {
            "statistic": "p_value",
            "unit": "p",
            "value": 0.03,
            "p": 0.04,
            "printed": ["0.03", "0.04"],
        },
        ["`p_value` needs `p`"],
    ),
    "p value with another operator": (
        {
            "statistic": "p_value",
            "unit": "p",
            "value": 0.03,
            "p": 0.03,
            "p_operator": "<",
            "printed": ["0.03"],
        },
        ["`p_operator`"],
    ),
    "level without interval": ({"ci_level": 95}, ["ci_level", "no `ci`"]),
    "operator without p value": ({"p_operator": "<"}, ["p_operator", "no `p`"]),
    "lines of a document without text": ({"lines": [1, 2]}, ["lines", "text"]),
    "lines that run backwards": ({"lines": [3, 2]}, ["lines", "[3, 2]"]),
    "lines missing for a document with a text": ({"source": "review"}, ["lines", "text"]),
    "value that is no number": ({"value": "many"}, ["value", "number"]),
    "infinite value": ({"value": float("inf")}, ["value", "finite"]),
    "p value above one": ({"p": 1.5, "printed": ["147", "1.5"]}, ["p:", "less than or equal to 1"]),
    "unknown operator": ({"operator": "=="}, ["operator"]),
    "no place in the document": ({"locator": ""}, ["locator"]),
    "no printed token": ({"printed": []}, ["printed"]),
    "percentage above 100": (
        {"statistic": "proportion", "unit": "%"},
        ["value", "147", "not a proportion"],
    ),
    "ratio of nought": (
        {"statistic": "risk_ratio", "unit": "ratio", "value": 0, "printed": ["0"]},
        ["value", "ratio of 0"],
    ),
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_faulty_entry_is_refused_with_its_file_and_field(two, fault):
    change, said = FAULTS[fault]
    entry = {**two.alpha["results"][2], **change}
    two.alpha["results"][2] = {name: given for name, given in entry.items() if given is not None}
    two.write(two.alpha)
    message = refused(two)
    assert "alpha.yaml: results.2" in message
    for words in said:
        assert words in message


def test_a_result_that_stands_twice_is_refused_with_its_name_and_the_way_out(two):
    two.alpha["results"].append(two.alpha["results"][2])
    two.write(two.alpha)
    message = refused(two)
    assert "alpha/relapse/24m/drug/events@paper-1" in message
    assert "results.4" in message
    assert "results.2" in message
    assert "n: 2" in message
    two.alpha["results"][4] = {**two.alpha["results"][4], "n": 2}
    two.write(two.alpha)
    assert two.build()


def test_a_study_must_be_called_like_its_file(two):
    two.study_file("alpha").rename(two.study_file("gamma"))
    message = refused(two)
    assert "gamma.yaml: study_id: 'alpha'" in message


def test_unknown_words_of_a_study_are_refused(two):
    two.alpha |= {"design": "rct2", "population": "RRM"}
    two.alpha["arms"]["drug"]["therapy"] = "alemtuzumb"
    two.write(two.alpha)
    message = refused(two)
    for words in ("design: There is no design 'rct2'", "RRMS", "arms.drug.therapy", "alemtuzumab"):
        assert words in message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": None}, "sha256"),
        ({"file": None, "sha256": None}, "address"),
        ({"kind": "book"}, "kind"),
        ({"acessed": "2026-01-01"}, "acessed"),
        ({"accessed": "1 January"}, "accessed"),
        ({"citation": "x"}, "citation"),
    ],
)
def test_a_faulty_document_is_refused_by_its_key(two, change, said):
    entry = {**two.sources["review"], **change}
    two.sources["review"] = {name: given for name, given in entry.items() if given is not None}
    two.write_sources()
    message = refused(two)
    assert "sources.yaml: review" in message
    assert said in message


@pytest.mark.parametrize("text", ["a: [1\n", "- a\n- b\n", "", "a: b: c\n"])
def test_a_broken_study_file_is_refused_by_its_name(two, text):
    two.study_file("alpha").write_text(text, encoding="utf-8")
    assert "alpha.yaml" in refused(two)


@pytest.mark.parametrize("name", ["sources.yaml", "vocabulary.yaml"])
def test_a_broken_list_of_documents_or_words_is_refused_by_its_name(two, name):
    (two.data / name).write_text("a: [1\n", encoding="utf-8")
    assert name in refused(two)


def test_all_problems_of_all_files_are_reported_at_once(two):
    two.alpha["results"][2] |= {"outcome": "relaps"}
    two.alpha["results"][0] |= {"value": -1, "printed": ["-1"]}
    two.beta["results"][0] |= {"printed": ["54.8"], "colour": "red"}
    two.sources["page"]["kind"] = "blog"
    two.write(two.alpha, two.beta)
    two.write_sources()
    two.study_file("gamma").write_text("a: [1\n", encoding="utf-8")
    with pytest.raises(CurationError) as caught:
        two.build()
    problems = caught.value.problems
    for words in ("relaps", "-1 is negative", "colour", "sources.yaml: page: kind", "gamma.yaml"):
        assert sum(words in problem for problem in problems) == 1, words
    assert "nothing was written" in str(caught.value)
    assert f"{len(problems)} problems" in str(caught.value)


def test_all_faults_of_one_entry_are_reported_at_once(two):
    two.alpha["results"][2] |= {"ci": [200, 100], "ci_level": 95, "p_operator": "<"}
    two.write(two.alpha)
    message = refused(two)
    for words in ("reversed", "excludes", "no `p`", "200 is not among"):
        assert words in message


def test_a_failed_build_leaves_the_dataset_of_before(two):
    before = two.build()
    two.alpha["results"][2] |= {"outcome": "relaps"}
    two.write(two.alpha)
    with pytest.raises(CurationError):
        two.build()
    assert two.parquet.read_bytes() == before
    assert [path.name for path in two.parquet.parent.iterdir()] == ["trials.parquet"]


def test_an_interrupted_build_leaves_the_dataset_of_before(two, monkeypatch):
    before = two.build()
    two.alpha["results"][2] |= {"value": 148, "printed": ["148"]}
    two.write(two.alpha)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        two.build()
    assert two.parquet.read_bytes() == before
    assert [path.name for path in two.parquet.parent.iterdir()] == ["trials.parquet"]


def test_a_folder_that_is_no_dataset_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(DatasetError, match=r"vocabulary\.yaml, sources\.yaml, studies") as caught:
        read_curated(tmp_path)
    assert "--data" in str(caught.value)


def test_events_may_be_as_many_as_patients_and_none(two):
    for events in (0, 426):
        two.alpha["results"][2] |= {"value": events, "printed": [str(events)]}
        two.write(two.alpha)
        assert two.build()


def test_the_project_s_own_files_pass(project):
    assert len(read_curated(project / "data").studies) > 100


def test_a_study_cannot_share_patients_with_one_that_is_not_there(two):
    two.write({**two.alpha, "overlaps": ["betta"]})
    assert "betta" in refused(two)


@pytest.fixture
def pooled(two):
    """A meta-analysis of alpha and of a study that the dataset does not have."""
    place = {"source": "page", "locator": "table 1"}
    two.pooled = two.study(
        "pooled",
        two.result("relapse", "risk_ratio", "drug", 0.6, comparator_arm="control", unit="ratio"),
        design="meta-analysis",
        members=[{"name": "Alpha 2012", "study_id": "alpha", **place}, {"name": "GLANCE", **place}],
    )
    return two


def test_a_meta_analysis_names_its_members_and_shares_their_patients(pooled):
    trials = pooled.trials(pooled.pooled)
    members = trials.studies["pooled"]["members"]
    assert [member["name"] for member in members] == ["Alpha 2012", "GLANCE"]
    assert [member.get("study_id") for member in members] == ["alpha", None]
    assert {(member["source"], member["locator"]) for member in members} == {("page", "table 1")}
    assert trials.studies["pooled"]["overlaps"] == ["alpha"]
    assert trials.studies["alpha"]["members"] == []


def test_a_member_that_shares_patients_is_told_once(pooled):
    trials = pooled.trials({**pooled.pooled, "overlaps": ["beta", "alpha"]})
    assert trials.studies["pooled"]["overlaps"] == ["beta", "alpha"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"study_id": "alfa"}, "alpha"),
        ({"study_id": "pooled"}, "the meta-analysis itself"),
        ({"source": "nowhere"}, "'nowhere' is not in sources.yaml"),
        ({"name": "GLANCE"}, "'GLANCE' stands 2 times"),
        ({"name": None}, "members.0.name"),
        ({"locator": ""}, "members.0.locator"),
        ({"arm": "drug"}, "members.0.arm"),
    ],
)
def test_a_member_that_cannot_be_is_refused(pooled, change, words):
    pooled.pooled["members"][0] |= change
    pooled.write(pooled.pooled)
    (problem,) = problems_of(pooled)
    assert "members" in problem
    assert words in problem


def test_only_a_meta_analysis_has_members(pooled):
    pooled.write({**pooled.pooled, "design": "rct"})
    (problem,) = problems_of(pooled)
    assert "only a meta-analysis pools studies" in problem


def test_a_faulty_member_does_not_hide_the_faults_of_others(pooled):
    pooled.pooled["members"][0] |= {"locator": 3, "study_id": "alfa"}
    pooled.pooled["members"] += ["words", {"name": "Beta", "study_id": "betta"}]
    pooled.write(pooled.pooled)
    problems = problems_of(pooled)
    for words in ("members.0.locator", "alfa", "members.2", "members.3.source", "betta"):
        assert any(words in problem for problem in problems), words


def test_a_key_that_stands_twice_in_an_entry_is_refused(two):
    path = two.study_file("alpha")
    text = path.read_text(encoding="utf-8")
    line = "  timepoint_months: 24\n"
    assert text.count(line) == 1
    path.write_text(text.replace(line, "  timepoint_months: 36\n" + line), encoding="utf-8")
    assert "timepoint_months" in refused(two)


def test_a_misspelt_key_does_not_hide_a_misspelt_word(two):
    two.alpha["results"][2] |= {"outcome": "relaps", "timepoint_month": 24}
    two.write(two.alpha)
    message = refused(two)
    assert "timepoint_month" in message
    assert "relaps'" in message


def problems_of(made) -> tuple[str, ...]:
    """Return the problems for which the dataset is refused."""
    with pytest.raises(CurationError) as caught:
        made.build()
    return caught.value.problems


def test_broken_words_and_documents_do_not_hide_the_faults_of_studies(two):
    for name in ("vocabulary.yaml", "sources.yaml"):
        (two.data / name).write_text("a: [1\n", encoding="utf-8")
    two.alpha["results"][0] |= {"value": -1, "printed": ["-1"], "outcome": "relaps"}
    two.write(two.alpha)
    problems = problems_of(two)
    assert [problem.partition(":")[0] for problem in problems] == [
        "vocabulary.yaml",
        "sources.yaml",
        "alpha.yaml",
    ]
    assert "-1 is negative" in problems[2]


def test_a_faulty_document_does_not_make_its_numbers_faulty(two):
    two.sources["paper"]["kind"] = "blog"
    two.write_sources()
    (problem,) = problems_of(two)
    assert problem.startswith("sources.yaml: paper: kind")


def test_a_misspelt_key_does_not_hide_what_holds_for_several_keys(two):
    two.alpha["results"][2] |= {"timepoint_month": 24, "ci": [200, 100], "value": "147"}
    two.alpha["arms"]["drug"] |= {"therapy": "alemtuzumb", "doses": "12 mg"}
    two.alpha |= {"colour": "red", "overlaps": ["betta"]}
    two.write(two.alpha)
    problems = problems_of(two)
    for words in ("timepoint_month", "reversed", "alemtuzumb", "doses", "colour", "betta"):
        assert sum(words in problem for problem in problems) == 1, words


def test_faulty_entries_have_no_name_and_are_not_called_repeated(two):
    for value in (147, 148):
        entry = {**two.alpha["results"][2], "timepoint_months": "late", "value": value}
        two.alpha["results"].append({**entry, "printed": [str(value)]})
    two.write(two.alpha)
    problems = problems_of(two)
    assert len(problems) == 2
    assert all("timepoint_months" in problem for problem in problems)


def test_results_that_are_no_entries_are_refused_one_by_one(two):
    two.alpha["results"] += ["words", None, [1]]
    two.write(two.alpha)
    assert sum("results." in problem for problem in problems_of(two)) == 3


def test_a_repeated_key_is_named_with_its_lines(two):
    path = two.study_file("alpha")
    path.write_text("{study_id: alpha, study_id: beta,\n study_id: gamma}\n", encoding="utf-8")
    message = refused(two)
    assert "study_id: stands on line 1 and again on line 1" in message
    assert "study_id: stands on line 1 and again on line 2" in message


def test_events_are_compared_with_patients_and_not_with_other_counts(two):
    scans = {"value": 800, "printed": ["800"], "unit": "patients"}
    two.alpha["results"] += [
        two.result("relapse", "n", "drug", **scans),
        two.result("relapse", "events", "drug", **{**scans, "value": 700, "printed": ["700"]}),
    ]
    two.write(two.alpha)
    assert "700 events in an arm of 426 patients" in refused(two)
