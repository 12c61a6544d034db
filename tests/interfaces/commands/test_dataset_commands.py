import csv
import io
import json
from pathlib import Path

import pytest

from evidence.trials.curation import build

SQL = "select study_id, value, printed from trials where value is not null order by result_id"


@pytest.fixture
def releases(curated, tmp_path):
    """Return the files of two releases: in the second one number is corrected, one study added."""
    paths = [tmp_path / "old.parquet", tmp_path / "new.parquet"]
    for path, value in zip(paths, (82, 83), strict=True):
        curated.write(curated.study("alpha", curated.result("relapse", "events", "drug", value)))
        build(curated.data, path, version="1.0.0")
        curated.write(curated.study("beta", curated.result("relapse", "events", "drug", 7)))
    return [str(path) for path in paths]


# --- query ----------------------------------------------------------------------------------------


def test_rows_are_printed_as_a_table_json_or_csv(evidence, releases):
    asked = ("data", "query", SQL, "--dataset", releases[1])
    assert evidence(*asked).stdout.split() == [
        *("study_id", "value", "printed", "alpha", "83.0", "[83]", "beta", "7.0", "[7]")
    ]
    assert json.loads(evidence(*asked, "--json").stdout) == {
        "columns": ["study_id", "value", "printed"],
        "rows": [
            {"study_id": "alpha", "value": 83.0, "printed": ["83"]},
            {"study_id": "beta", "value": 7.0, "printed": ["7"]},
        ],
    }
    rows = list(csv.DictReader(io.StringIO(evidence(*asked, "--csv").stdout)))
    assert [row["value"] for row in rows] == ["83.0", "7.0"]


def test_absent_values_are_null_in_json_and_nothing_in_a_table(evidence, releases):
    asked = ("data", "query", "select ci_low, dose from trials", "--dataset", releases[0])
    assert json.loads(evidence(*asked, "--json").stdout)["rows"] == [{"ci_low": None, "dose": None}]
    assert evidence(*asked).stdout.split() == ["ci_low", "dose"]


def test_an_empty_answer_says_so(evidence):
    assert evidence("data", "query", "select * from trials where false").stdout == "No row.\n"


def test_a_faulty_query_is_refused_without_a_traceback(evidence):
    result = evidence("data", "query", "select outcom from trials")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no column 'outcom'. Did you mean outcome" in result.stderr


# --- diff -----------------------------------------------------------------------------------------


def test_two_releases_are_compared_in_words(evidence, releases):
    text = evidence("data", "diff", *releases, "--no-analyses").stdout
    assert "Studies added: 1\n  beta: BETA, 1 number" in text
    assert "      value: 82 -> 83" in text
    assert "analyses" not in text


def test_what_moved_in_the_analyses_is_said_as_well(evidence, releases):
    text = evidence("data", "diff", *releases).stdout
    assert "alemtuzumab-vs-interferon: 1 change that a reader sees." in text
    told = json.loads(evidence("data", "diff", *releases, "--json").stdout)
    assert told["dataset"]["differences"][0]["name"] == "beta"
    assert told["analyses"]["matters"] is True


def test_a_release_and_itself_do_not_differ(evidence, project):
    file = str(project / "data" / "trials.parquet")
    text = evidence("data", "diff", file, file, "--no-analyses").stdout
    assert "hold the same studies, numbers, documents and words" in text


def test_every_field_that_differs_is_a_line_of_csv(evidence, releases):
    text = evidence("data", "diff", *releases, "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["change"], row["kind"], row["field"]) for row in rows] == [
        ("added", "study", ""),
        ("changed", "number", "value"),
        ("changed", "number", "printed"),
        ("added", "number", ""),
    ]


@pytest.mark.parametrize("threshold", ["relapses", "toy/relapses=low", "toy/relapses=0.8"])
def test_a_threshold_must_be_a_number_of_a_section(evidence, releases, threshold):
    result = evidence("data", "diff", *releases, "--threshold", threshold)
    assert result.exit_code == 2
    assert "threshold" in result.stderr or "no pooled section" in result.stderr


def test_a_release_that_is_not_there_is_refused(evidence, releases):
    result = evidence("data", "diff", releases[0], "none.parquet")
    assert result.exit_code == 2
    assert "is not there" in result.stderr


# --- codebook -------------------------------------------------------------------------------------


@pytest.fixture
def folder(curated) -> Path:
    """Return the folder of a small dataset, with a README beside it."""
    curated.parquet = curated.data / "trials.parquet"
    curated.trials(curated.study("alpha", curated.result("relapse", "events", "drug", 82)))
    readme = curated.data.parent / "README.md"
    readme.write_text("# Title\n<!-- counts -->\n<!-- /counts -->\n")
    return curated.data


def test_the_codebook_and_the_counts_are_written_once(evidence, folder):
    asked = ("data", "codebook", "--data", str(folder))
    stale = evidence(*asked, "--check")
    assert stale.exit_code == 1
    assert "Run `evidence data codebook`" in stale.stdout
    assert not (folder / "CODEBOOK.md").exists()
    assert evidence(*asked).stdout.count("Wrote ") == 2
    assert "**1 reported numbers**" in (folder.parent / "README.md").read_text()
    assert evidence(*asked, "--check").exit_code == 0
    assert "up to date" in evidence(*asked).stdout


def test_a_readme_without_marks_is_left_alone(evidence, folder):
    readme = folder.parent / "README.md"
    readme.write_text("# Title\n")
    evidence("data", "codebook", "--data", str(folder))
    assert readme.read_text() == "# Title\n"
    assert (folder / "CODEBOOK.md").is_file()
