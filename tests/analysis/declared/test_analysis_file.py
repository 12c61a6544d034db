import copy

import pytest
import yaml

from evidence.analysis.declared.analysis_file import read_analysis
from evidence.analysis.sections.pooled import Model, Variant
from evidence.errors import AnalysisFileError

SELECT = {"outcome": "relapse", "therapy": "alemtuzumab", "comparator": "interferon-beta-1a"}
ANALYSIS = {
    "slug": "small",
    "title": "A small analysis",
    "subtitle": "In words",
    "question": {"population": "Adults"},
    "sections": [
        {
            "kind": "comparison",
            "id": "relapses",
            "title": "Relapses",
            "measure": "IRR",
            "select": SELECT,
            "routes": ["published-ratio"],
            "favours": ["one", "other"],
            "sensitivity": [{"label": "DL", "method": "DL"}],
        },
        {
            "kind": "proportion",
            "id": "deaths",
            "title": "Deaths",
            "select": {"outcome": "relapse", "therapy": "ahsct"},
            "transform": "PLO",
        },
        {
            "kind": "review-table",
            "id": "table",
            "title": "A table",
            "source": "review",
            "table": "Table 1",
            "rows": [{"id": "drug", "label": "Drug"}],
            "columns": [{"id": "arr", "label": "ARR"}, {"id": "pml", "label": "PML"}],
            "cells": [
                {
                    "row": "drug",
                    "column": "arr",
                    "printed": ["a", "b"],
                    "updates": [{"by": "reported", "inputs": ["c"]}],
                },
                {"row": "drug", "column": "pml", "printed": ["d"]},
            ],
        },
    ],
}


@pytest.fixture
def content():
    """A valid analysis; a test spoils it at one place."""
    return copy.deepcopy(ANALYSIS)


@pytest.fixture
def read(tmp_path):
    """Write content to a file and read it as an analysis."""

    def write_and_read(content, name="small"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return read_analysis(path)

    return write_and_read


def at(content, path):
    for part in path:
        content = content[part]
    return content


def test_a_valid_file_is_read_with_its_plain_content(read, content):
    file = read(content)
    assert [section.id for section in file.declared.sections] == ["relapses", "deaths", "table"]
    assert file.content == content


def test_each_analysis_of_the_project_is_read(project):
    paths = sorted((project / "analyses").glob("*.yaml"))
    assert [read_analysis(path).declared.slug for path in paths] == [path.stem for path in paths]
    assert len(paths) >= 4


PLACES = [
    (),
    ("sections", 0),
    ("sections", 0, "select"),
    ("sections", 0, "sensitivity", 0),
    ("sections", 1),
    ("sections", 2),
    ("sections", 2, "rows", 0),
    ("sections", 2, "cells", 0),
    ("sections", 2, "cells", 0, "updates", 0),
]


@pytest.mark.parametrize("place", PLACES)
def test_a_misspelt_key_is_refused_wherever_it_stands(read, content, place):
    at(content, place)["titel"] = "x"
    with pytest.raises(AnalysisFileError, match=r"titel.*not permitted"):
        read(content)


def test_an_unknown_part_of_the_question_is_refused(read, content):
    content["question"]["setting"] = "hospital"
    with pytest.raises(AnalysisFileError, match="question"):
        read(content)


FAULTS = [
    ((), {"slug": "other"}, "the slug is the file's name"),
    ((), {"slug": "Small Analysis"}, "slug"),
    ((), {"sections": []}, "sections"),
    (("sections", 0), {"kind": "network"}, "sections.0"),
    (("sections", 0), {"routes": ["published-ratio", "by-eye"]}, "routes: by-eye unknown"),
    (("sections", 0), {"routes": []}, "routes"),
    (("sections", 0), {"measure": "SMD"}, "measure"),
    (("sections", 0), {"favours": ["one"]}, "favours"),
    (("sections", 0), {"id": "Relapses 1"}, "id"),
    (("sections", 0, "select"), {"comparator": None}, "needs select.comparator"),
    (("sections", 0, "select"), {"months": [24]}, "months"),
    (("sections", 1), {"routes": ["published-ratio"]}, "routes: published-ratio unknown"),
    (("sections", 1), {"transform": "log"}, "transform"),
    (("sections", 1), {"id": "relapses"}, "relapses given twice"),
    (("sections", 2, "cells", 1), {"column": "arr"}, "'pml') is missing"),
    (("sections", 2, "cells", 1), {"column": "arr"}, "is given twice"),
    (("sections", 2, "cells", 1), {"row": "nobody"}, "no row 'nobody'"),
    (("sections", 2, "cells", 1), {"printed": []}, "printed"),
    (("sections", 2, "cells", 0), {"labels": ["one"]}, "1 labels for 2 printed numbers"),
    (("sections", 2, "cells", 0, "updates", 0), {"against": 2}, "against [2]"),
    (("sections", 2, "cells", 0, "updates", 0), {"against": -1}, "against"),
    (("sections", 2, "cells", 0, "updates", 0), {"by": "magic"}, "by"),
    (("sections", 2, "cells", 0, "updates", 0), {"inputs": []}, "inputs"),
]


@pytest.mark.parametrize(("place", "change", "said"), FAULTS)
def test_a_fault_is_refused_with_its_field(read, content, place, change, said):
    at(content, place).update(change)
    with pytest.raises(AnalysisFileError) as caught:
        read(content)
    assert "small.yaml" in str(caught.value)
    assert said in str(caught.value)


def test_a_review_table_with_a_missing_cell_is_refused_with_its_place(read, content):
    del content["sections"][2]["cells"][1]
    with pytest.raises(AnalysisFileError, match=r"cells: \('drug', 'pml'\) is missing"):
        read(content)


def test_all_problems_of_a_file_are_reported_at_once(read, content):
    content["colour"] = "red"
    content["sections"][0]["measure"] = "SMD"
    content["sections"][1]["select"]["outcom"] = "x"
    content["sections"][2]["cells"][0]["labels"] = ["one"]
    del content["title"]
    with pytest.raises(AnalysisFileError, match="5 problems; nothing was run") as caught:
        read(content)
    for words in ("colour", "measure", "outcom", "1 labels for 2", "title"):
        assert sum(words in problem for problem in caught.value.problems) >= 1, words


@pytest.mark.parametrize("text", ["a: [1\n", "a: b: c\n"])
def test_what_is_no_yaml_is_refused_by_its_name(tmp_path, text):
    path = tmp_path / "small.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AnalysisFileError, match=r"small\.yaml is not valid YAML"):
        read_analysis(path)


@pytest.mark.parametrize("text", ["", "- a\n", "words\n"])
def test_what_is_no_mapping_is_refused_by_its_name(tmp_path, text):
    path = tmp_path / "small.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AnalysisFileError, match=r"small\.yaml"):
        read_analysis(path)


def test_a_repeated_key_is_refused_with_both_lines(tmp_path, content):
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(content) + "title: Another\n", encoding="utf-8")
    with pytest.raises(AnalysisFileError, match=r"title: stands on line \d+ and again on line \d+"):
        read_analysis(path)


def test_a_missing_file_is_refused_with_advice(tmp_path):
    with pytest.raises(AnalysisFileError, match=r"not there.*evidence run --help"):
        read_analysis(tmp_path / "nowhere.yaml")


def test_a_question_has_what_was_selected(read, content):
    content["sections"][0]["select"] |= {
        "months": [12, 24],
        "studies": ["a"],
        "exclude": {"b": "c"},
    }
    question = read(content).declared.sections[0].select.question()
    assert (question.outcome, question.comparator) == ("relapse", "interferon-beta-1a")
    assert (question.months, question.studies) == ((12, 24), ("a",))
    assert question.exclude == {"b": "c"}
    assert question.arms == ()


def test_a_variant_changes_only_what_it_names():
    main = Model(policy="hksj-floor", method="PM")
    variant = Variant(label="DL", method="DL", exclude={"a": "b"}, transform="PAS")
    assert variant.changed(main) == {"policy": "hksj-floor", "method": "DL"}
    assert Variant(label="same").changed(main) == main.options()
    assert Variant(label="x", policy="common").changed(main)["policy"] == "common"
    assert Model().options() == {"policy": "cochrane-2025"}
