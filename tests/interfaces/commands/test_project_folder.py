import shutil

import pytest

from evidence import load_trials
from evidence.analysis.declared import all_slugs, analyses_folder
from evidence.errors import DatasetError
from evidence.project import declared_version, project_folder
from evidence.trials.dataset import dataset_path

PYPROJECT = '[project]\nname = "ms-evidence"\nversion = "7.0.1"\n'


@pytest.fixture
def own_project(in_empty_folder):
    (in_empty_folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    for name in ("data", "analyses"):
        (in_empty_folder / name).mkdir()
    return in_empty_folder


def test_a_folder_of_the_project_goes_before_the_package(own_project, project):
    shutil.copy(project / "data" / "trials.parquet", own_project / "data")
    shutil.copy(project / "analyses" / "pulsed-efficacy.yaml", own_project / "analyses")
    assert project_folder() == own_project
    assert dataset_path() == own_project / "data" / "trials.parquet"
    assert analyses_folder() == own_project / "analyses"
    assert all_slugs() == ("pulsed-efficacy",)
    assert declared_version(own_project) == "7.0.1"


def test_a_project_without_a_built_dataset_never_takes_another_one(own_project):
    with pytest.raises(DatasetError, match=r"is not there. Run `evidence data build`"):
        load_trials()


@pytest.mark.parametrize(
    "pyproject", ['[project]\nname = "another"\nversion = "1"\n', "[project", "", None]
)
def test_a_folder_of_another_project_is_not_taken_for_it(own_project, project, pyproject):
    file = own_project / "pyproject.toml"
    file.unlink() if pyproject is None else file.write_text(pyproject, encoding="utf-8")
    assert project_folder() is None
    assert declared_version(own_project) is None
    assert dataset_path() == project / "data" / "trials.parquet"


def test_folders_without_data_or_analyses_are_no_project(own_project):
    (own_project / "analyses").rmdir()
    assert project_folder() is None
