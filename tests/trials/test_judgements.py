import pytest
import yaml
from pydantic import ValidationError

from evidence.errors import CurationError
from evidence.trials.judgements import OVERALL, TOOLS, Judgement, read_judgements


def judged(study_id, tool, group, judgement, **by_domain):
    """Return the entries of a study, one for each domain, with the same judgement but for some."""
    return [
        {
            "study_id": study_id,
            "tool": tool,
            "outcome_group": group,
            "domain": domain,
            "judgement": by_domain.get(domain.replace("-", "_"), judgement),
            "reason": "raters did not know the arm",
            "source": "paper",
            "locator": "Methods",
            "status": "proposed",
        }
        for domain in TOOLS[tool].domains
    ]


@pytest.fixture
def small(curated):
    return curated.trials(
        curated.study("alpha", curated.result("relapse", "events", "drug", 82)),
        curated.cohort("beta", curated.result("relapse", "events", "cells", 7)),
    )


@pytest.fixture
def read(tmp_path, small):
    """Return a function that writes entries to a file and reads them."""

    def written(entries):
        path = tmp_path / "risk_of_bias.yaml"
        path.write_text(yaml.safe_dump(entries), encoding="utf-8")
        return read_judgements(path, small)

    return written


@pytest.fixture
def problems(read):
    """Return a function that gives what is wrong with entries."""

    def found(entries):
        with pytest.raises(CurationError) as refusal:
            read(entries)
        return refusal.value.problems

    return found


@pytest.fixture(scope="module")
def ours(project, trials):
    return read_judgements(project / "data" / "risk_of_bias.yaml", trials)


def test_entries_are_read_in_the_order_of_the_file(read):
    entries = judged("alpha", "rob-2", "relapse", "low")
    found = read(entries + judged("beta", "case-series", "all", "unclear"))
    assert all(isinstance(one, Judgement) for one in found)
    assert [one.model_dump() for one in found[: len(entries)]] == entries
    assert {one.study_id for one in found[len(entries) :]} == {"beta"}


def test_a_key_that_stands_twice_in_an_entry_is_refused(tmp_path, small):
    path = tmp_path / "risk_of_bias.yaml"
    path.write_text("- study_id: alpha\n  study_id: beta\n", encoding="utf-8")
    with pytest.raises(CurationError, match="study_id: stands on line 1 and again on line 2"):
        read_judgements(path, small)


@pytest.mark.parametrize("content", ["", "[]", "# nothing yet\n"])
def test_a_file_without_entries_has_no_judgements(tmp_path, small, content):
    path = tmp_path / "empty.yaml"
    path.write_text(content, encoding="utf-8")
    assert read_judgements(path, small) == ()


@pytest.mark.parametrize("content", ["a: 1\n", "just words\n", "- [a, b\n", "- {a: 1}: }\n"])
def test_a_file_that_is_no_list_is_refused_by_its_name(tmp_path, small, content):
    path = tmp_path / "strange.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CurationError, match=r"strange\.yaml"):
        read_judgements(path, small)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("study_id", "alpa", "no study 'alpa'. Did you mean alpha"),
        ("source", "papper", "no source 'papper'. Did you mean paper"),
        ("tool", "rob-3", "no tool 'rob-3'. Did you mean rob-2"),
        ("outcome_group", "harm", "no rob-2 outcome group 'harm'. Did you mean harms"),
        ("domain", "randomisation", "no rob-2 domain 'randomisation'"),
        ("judgement", "some concerns", "Did you mean some-concerns"),
        ("judgement", "serious", "no rob-2 judgement 'serious'"),
        ("status", "guessed", "status: Input should be 'proposed' or 'confirmed'"),
        ("reason", "", "reason: String should have at least"),
        ("verdict", "low", "verdict: Extra inputs are not permitted"),
    ],
)
def test_a_word_that_is_not_known_is_named_with_its_entry(problems, field, value, told):
    entries = judged("alpha", "rob-2", "harms", "low")
    entries[2][field] = value
    assert [fault for fault in problems(entries) if fault.startswith("entry 2:") and told in fault]


def test_all_problems_are_told_at_once(problems):
    entries = judged("alpha", "rob-2", "harms", "low")
    entries[0]["source"] = "nowhere"
    entries[1]["judgement"] = "grave"
    del entries[2]["locator"]
    found = " ".join(problems([*entries, "words"]))
    for told in ("'nowhere'", "'grave'", "locator: Field required", "entry 6:", "not judged"):
        assert told in found


def test_a_domain_that_is_missing_or_repeated_is_named(problems):
    entries = judged("alpha", "rob-2", "relapse", "low")
    assert problems(entries[1:]) == ("alpha, rob-2, relapse: not judged: randomisation-process",)
    assert problems([*entries, entries[-1]]) == (
        "alpha, rob-2, relapse: overall is judged 2 times; keep one",
    )


def test_each_outcome_group_has_its_own_domains(read, problems):
    relapse, harms = (judged("alpha", "rob-2", group, "low") for group in ("relapse", "harms"))
    assert len(read(relapse + harms)) == 2 * len(TOOLS["rob-2"].domains)
    assert "alpha, rob-2, harms" in problems(relapse + harms[:-1])[0]


@pytest.mark.parametrize(
    ("study_id", "tool", "group"),
    [
        ("beta", "rob-2", "relapse"),
        ("alpha", "robins-i", "relapse"),
        ("alpha", "case-series", "all"),
    ],
)
def test_a_tool_for_another_design_is_refused(problems, study_id, tool, group):
    told = problems(judged(study_id, tool, group, TOOLS[tool].words[0]))
    assert all("the study's design is" in fault for fault in told)


def test_overall_is_not_milder_than_a_domain(read, problems):
    milder = judged("alpha", "rob-2", "relapse", "high", overall="some-concerns")
    assert "overall is some-concerns, and randomisation-process is high" in problems(milder)[0]
    graver = judged("alpha", "rob-2", "relapse", "some-concerns", overall="high")
    unknown = judged("alpha", "rob-2", "harms", "low", overall="no-information")
    assert len(read(graver + unknown)) == len(graver + unknown)


def test_a_judgement_cannot_be_changed():
    one = Judgement(**judged("alpha", "rob-2", "relapse", "low")[0])
    with pytest.raises(ValidationError, match="frozen"):
        one.judgement = "high"


def test_every_randomised_trial_of_the_dataset_is_judged(trials, ours):
    rows = zip(
        trials.table["study_id"].to_pylist(), trials.table["design"].to_pylist(), strict=True
    )
    randomised = {study_id for study_id, design in rows if design == "rct"}
    assert {one.study_id for one in ours if one.tool == "rob-2"} == randomised


def test_what_is_not_known_says_that_no_document_told_it(ours):
    unknown = [one for one in ours if one.judgement in ("no-information", "unclear")]
    assert unknown
    assert all("not stated in the documents at hand" in one.reason for one in unknown)
    assert not [one for one in ours if len(one.reason) > 200]


def test_the_tools_of_the_literature_have_an_overall_judgement():
    assert [name for name, tool in TOOLS.items() if OVERALL in tool.domains] == [
        "rob-2",
        "robins-i",
    ]
