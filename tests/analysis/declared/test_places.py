from pathlib import Path

import pytest

from evidence.analysis.declared.places import all_slugs, analyses_folder, analysis_path
from evidence.errors import UnknownName


@pytest.fixture
def folder(tmp_path):
    for name in ("pulsed.yaml", "another.yaml", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


def test_slugs_are_the_names_of_the_analysis_files_in_order(folder):
    assert all_slugs(folder) == ("another", "pulsed")


def test_a_slug_leads_to_its_file(folder):
    assert analysis_path("pulsed", folder) == folder / "pulsed.yaml"


def test_a_path_is_taken_as_it_is(folder):
    assert analysis_path("elsewhere/x.yaml", folder) == Path("elsewhere/x.yaml")


def test_an_unknown_slug_is_refused_with_the_nearest_one(folder):
    with pytest.raises(UnknownName, match=r"'pulse'. Did you mean pulsed"):
        analysis_path("pulse", folder)


def test_the_project_has_its_analyses_in_a_folder(project):
    assert analyses_folder().samefile(project / "analyses")
    assert "alemtuzumab-vs-interferon" in all_slugs()
