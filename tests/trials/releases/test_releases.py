import json

import pytest

from evidence.errors import DatasetError
from evidence.trials.releases.differences import BOOKKEEPING
from evidence.trials.releases.releases import diff_releases


@pytest.fixture
def release(curated):
    """Return the dataset that study files give, as a release of its own."""

    def make(*studies):
        for file in (curated.data / "studies").glob("*.yaml"):
            file.unlink()
        return curated.trials(*studies)

    return make


@pytest.fixture
def alpha(curated):
    """Return the study alpha: two arms with a count each, the treated one as given."""

    def make(value=82, **more):
        study = {name: more.pop(name) for name in ("name", "arms", "year") if name in more}
        return curated.study(
            "alpha",
            curated.result("relapse", "events", "drug", value, **{"timepoint_months": 24, **more}),
            curated.result("relapse", "events", "control", 119, timepoint_months=24),
            **study,
        )

    return make


def changes(diff, kind="number"):
    return {
        one.name: {change.field: (change.old, change.new) for change in one.fields}
        for one in diff.select(kind, "changed")
    }


def test_a_release_does_not_differ_from_itself(trials):
    diff = diff_releases(trials, trials)
    assert diff.differences == ()
    assert diff.to_frame().empty
    assert "the same studies, numbers, documents and words" in str(diff)


def test_a_corrected_number_is_shown_field_by_field_with_its_source(release, alpha):
    diff = diff_releases(release(alpha(82)), release(alpha(83)))
    assert changes(diff) == {
        "alpha/relapse/24m/drug/events@paper-1": {
            "value": (82.0, 83.0),
            "printed": (["82"], ["83"]),
        }
    }
    (found,) = diff.differences
    assert (found.study_id, found.source, found.label) == ("alpha", "paper: Table 1", "83 patients")


def test_a_member_that_was_added_is_shown(release, alpha, curated):
    def pooled(*members):
        effect = {"comparator_arm": "control", "unit": "ratio"}
        result = curated.result("relapse", "risk_ratio", "drug", 0.6, **effect)
        return curated.study("pooled", result, design="meta-analysis", members=list(members))

    place = {"source": "paper", "locator": "table 1"}
    one, other = {"name": "GLANCE", **place}, {"name": "Alpha", "study_id": "alpha", **place}
    diff = diff_releases(release(alpha(), pooled(one)), release(alpha(), pooled(one, other)))
    assert changes(diff, "study") == {
        "pooled": {"members": (["GLANCE"], ["GLANCE", "Alpha"]), "overlaps": (None, ["alpha"])}
    }


def test_an_added_study_comes_with_its_numbers(release, alpha, curated):
    beta = curated.study("beta", curated.result("relapse", "events", "drug", 7))
    diff = diff_releases(release(alpha()), release(alpha(), beta))
    assert [one.name for one in diff.select("study", "added")] == ["beta"]
    assert diff.select("study", "added")[0].label == "BETA, 1 number"
    assert [one.name for one in diff.select("number", "added")] == [
        "beta/relapse/any/drug/events@paper-1"
    ]
    assert len(diff.differences) == 2


def test_what_one_direction_adds_the_other_removes(release, alpha, curated):
    beta = curated.study("beta", curated.result("relapse", "events", "drug", 7))
    old, new = release(alpha(82)), release(alpha(83), beta)
    there, back = diff_releases(old, new), diff_releases(new, old)
    swapped = {"added": "removed", "removed": "added", "changed": "changed"}
    assert [(one.kind, one.name, swapped[one.change]) for one in there.differences] == [
        (one.kind, one.name, one.change) for one in back.differences
    ]
    (forth,), (again,) = changes(there).values(), changes(back).values()
    assert forth == {field: pair[::-1] for field, pair in again.items()}


def test_a_corrected_time_changes_a_number_and_removes_none(release, alpha):
    diff = diff_releases(release(alpha()), release(alpha(timepoint_months=36)))
    assert changes(diff) == {
        "alpha/relapse/36m/drug/events@paper-1": {
            "result_id": (
                "alpha/relapse/24m/drug/events@paper-1",
                "alpha/relapse/36m/drug/events@paper-1",
            ),
            "timepoint_months": (24.0, 36.0),
        }
    }
    assert len(diff.differences) == 1


def test_two_numbers_that_cannot_be_told_apart_are_removed_and_added(release, curated):
    def twins(months):
        results = [
            curated.result("relapse", "events", arm, 5, timepoint_months=months)
            for arm in ("drug", "control")
        ]
        return curated.study("alpha", *results)

    diff = diff_releases(release(twins(24)), release(twins(36)))
    assert [one.change for one in diff.differences] == ["added", "added", "removed", "removed"]


def test_what_is_said_of_a_study_is_compared_once_and_not_in_each_number(release, alpha):
    arms = {
        "drug": {"label": "Alemtuzumab 12 mg", "therapy": "alemtuzumab", "dose": "12 mg"},
        "control": {"label": "Interferon", "therapy": "interferon-beta-1a"},
    }
    diff = diff_releases(release(alpha()), release(alpha(name="Alpha trial", year=2012, arms=arms)))
    assert changes(diff, "study") == {
        "alpha": {
            "study": ("ALPHA", "Alpha trial"),
            "year": (None, 2012),
            "arms.drug.dose": (None, "12 mg"),
        }
    }
    assert diff.select("number") == ()


def test_documents_and_words_are_compared(release, alpha, curated):
    old = release(alpha())
    curated.sources["page"]["citation"] = "Another page of the trial"
    curated.write_sources()
    file = curated.data / "vocabulary.yaml"
    file.write_text(file.read_text().replace("label: Severe relapse", "label: Very severe relapse"))
    diff = diff_releases(old, release(alpha()))
    assert changes(diff, "document")["page"]["citation"][1] == "Another page of the trial"
    assert "label" in changes(diff, "word")["outcomes/severe-relapse"]


def test_words_about_the_reading_are_counted_and_not_listed(release, alpha):
    diff = diff_releases(release(alpha()), release(alpha(extraction="double", note="checked")))
    assert set(*changes(diff).values()) <= set(BOOKKEEPING)
    text = diff.text()
    assert "Numbers the same, with other words about their reading: 1" in text
    assert "extraction: 1" in text
    assert "single -> double" not in text


def test_the_text_names_releases_and_changes(release, alpha, curated):
    beta = curated.study(
        "beta", curated.result("relapse", "events", "drug", 7, source="review", lines=[2, 3])
    )
    text = str(diff_releases(release(alpha(82), beta), release(alpha(83))))
    assert "3 numbers of 2 studies) to version" in text
    assert "Studies removed: 1\n  beta: BETA, 1 number" in text
    assert "      value: 82 -> 83" in text
    assert "7 patients [review: Table 1, line 2]" in text


def test_a_long_text_says_what_it_leaves_out(release, alpha, curated):
    many = [curated.result("relapse", "events", "drug", i, timepoint_months=i) for i in range(30)]
    diff = diff_releases(release(alpha()), release(alpha(), curated.study("beta", *many)))
    assert "  ... and 25 more" in diff.text(limit=5)
    assert "more" not in diff.text(limit=None)


def test_frame_and_json_hold_every_field(release, alpha):
    diff = diff_releases(release(alpha(82)), release(alpha(83, timepoint_months=36)))
    frame = diff.to_frame()
    assert set(frame["change"]) == {"added", "removed"}
    diff = diff_releases(release(alpha(82)), release(alpha(83)))
    frame = diff.to_frame().set_index("field")
    assert frame.loc["value", ["old", "new"]].tolist() == [82.0, 83.0]
    plain = json.loads(json.dumps(diff.to_dict(), allow_nan=False))
    assert plain["differences"][0]["fields"][0] == {"field": "value", "old": 82.0, "new": 83.0}
    assert plain["old"]["numbers"] == 2


def test_files_can_be_compared(project, trials):
    file = project / "data" / "trials.parquet"
    assert diff_releases(file, str(file)).new.sha256 == trials.sha256


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="is not there"):
        diff_releases(tmp_path / "old.parquet", tmp_path / "new.parquet")
