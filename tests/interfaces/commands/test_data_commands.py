import json

import pytest
import yaml

from evidence import load_trials


@pytest.fixture
def study(curated, monkeypatch):
    """A small curated dataset with one study, its folder as current directory."""
    entry = curated.result(
        "relapse-free", "proportion", "drug", 54.9, source="review", lines=[2, 2], printed=["54·9"]
    )
    curated.write(curated.study("trial-1", entry))
    monkeypatch.chdir(curated.data.parent)
    return curated.study_file("trial-1")


def break_study(path):
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["results"][0]["outcome"] = "relapse-fre"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def test_the_dataset_is_built_where_the_files_are(evidence, study):
    result = evidence("data", "build")
    assert result.stdout.startswith("Wrote data/trials.parquet: 1 reported numbers, version ")
    assert len(load_trials("data/trials.parquet")) == 1


def test_a_draft_goes_where_it_is_told(evidence, study, curated, tmp_path):
    result = evidence("data", "build", "--data", curated.data, "--output", tmp_path / "d.parquet")
    assert result.exit_code == 0
    assert (tmp_path / "d.parquet").is_file()
    assert not (curated.data / "trials.parquet").exists()


def test_the_version_is_that_of_the_project_around_the_files(evidence, study, tmp_path):
    pyproject = '[project]\nname = "ms-evidence"\nversion = "12.3"\n'
    (tmp_path / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    assert "version 12.3." in evidence("data", "build").stdout
    assert load_trials("data/trials.parquet").version == "12.3"


def test_nothing_is_built_from_files_with_problems(evidence, study, files_below, tmp_path):
    break_study(study)
    before = files_below(tmp_path)
    result = evidence("data", "build")
    assert result.exit_code == 2
    assert "trial-1.yaml" in result.stderr
    assert "Did you mean relapse-free" in result.stderr
    assert files_below(tmp_path) == before


def test_a_folder_that_is_no_dataset_is_refused(evidence, in_empty_folder):
    result = evidence("data", "build")
    assert result.exit_code == 2
    assert "lacks vocabulary.yaml, sources.yaml, studies" in result.stderr
    assert list(in_empty_folder.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused(evidence, study, tmp_path):
    (tmp_path / "file").write_text("")
    result = evidence("data", "build", "--output", "file/trials.parquet")
    assert result.exit_code == 2
    assert "file/trials.parquet was to be written, and cannot be" in result.stderr


def test_a_dataset_passes_its_check_until_its_files_change(evidence, study):
    evidence("data", "build")
    assert evidence("data", "check").stdout.startswith("data/trials.parquet is valid, and is what")
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("TRIAL-1", "The first trial"), encoding="utf-8")
    stale = evidence("data", "check")
    assert stale.exit_code == 1
    assert "is stale" in stale.stdout
    break_study(study)
    assert evidence("data", "check").exit_code == 1


def test_a_check_of_what_is_not_there_is_refused(evidence, study, in_empty_folder):
    result = evidence("data", "check")
    assert result.exit_code == 2
    assert "data/trials.parquet is not there" in result.stderr


def test_every_number_is_looked_up_in_its_text(evidence, study):
    evidence("data", "build")
    command = ("data", "verify", "--sources", "texts", "--dataset", "data/trials.parquet")
    assert "1 reported numbers were looked up in their texts" in evidence(*command).stdout
    assert json.loads(evidence(*command, "--json").stdout) == {
        "checked": 1,
        "without_text": 0,
        "problems": [],
    }


def test_a_number_that_is_not_in_its_text_is_a_problem(evidence, study):
    study.write_text(study.read_text(encoding="utf-8").replace("54", "77"), encoding="utf-8")
    evidence("data", "build")
    command = ("data", "verify", "--sources", "texts", "--dataset", "data/trials.parquet")
    result = evidence(*command)
    assert result.exit_code == 1
    assert "1 problem." in result.stdout
    assert "  - trial-1/relapse-free" in result.stdout
    assert len(json.loads(evidence(*command, "--json").stdout)["problems"]) == 1


def test_texts_that_are_not_there_are_refused(evidence, study):
    evidence("data", "build")
    command = ("data", "verify", "--dataset", "data/trials.parquet", "--sources")
    for folder, message in (("nowhere", "is no folder"), ("data", "review.txt is missing")):
        result = evidence(*command, folder)
        assert result.exit_code == 2
        assert message in result.stderr
