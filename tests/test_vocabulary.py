import copy

import pytest
import yaml

from evidence.errors import BadInput, UnknownName
from evidence.vocabulary import DIRECTIONS, KINDS, vocabulary_from


@pytest.fixture(scope="module")
def content(project):
    return yaml.safe_load((project / "data" / "vocabulary.yaml").read_text(encoding="utf-8"))


def test_the_vocabulary_survives_the_way_into_the_dataset_and_back(content):
    vocabulary = vocabulary_from(content)
    again = vocabulary_from(vocabulary.to_dict())
    assert again == vocabulary
    assert again.names("outcomes") == tuple(content["outcomes"])


def test_a_term_without_a_short_form_is_called_by_its_label(content):
    term = vocabulary_from(content).term("outcomes", "relapse")
    assert term.short == term.label == "Patients with a relapse"


def test_a_term_says_which_direction_is_good_and_what_kind_it_is(content):
    vocabulary = vocabulary_from(content)
    assert vocabulary.term("outcomes", "relapse").better == "lower"
    assert vocabulary.term("outcomes", "relapse-free").better == "higher"
    assert vocabulary.term("designs", "rct").better == "none"
    assert vocabulary.term("statistics", "hazard_ratio").kind == "ratio"
    assert vocabulary.term("units", "%").kind == ""
    assert vocabulary.label("therapies", "ahsct").startswith("autologous")


def test_every_outcome_has_a_domain_and_a_direction(content):
    for name in (vocabulary := vocabulary_from(content)).names("outcomes"):
        term = vocabulary.term("outcomes", name)
        assert term.attributes["domain"], name
        assert term.better in DIRECTIONS, name


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_unknown_word_is_refused_with_the_nearest_ones_and_where_to_add_it(content, kind):
    vocabulary = vocabulary_from(content)
    known = vocabulary.names(kind)[0]
    with pytest.raises(UnknownName, match="Did you mean") as caught:
        vocabulary.term(kind, known + "x")
    assert known in str(caught.value)
    assert KINDS[kind] in str(caught.value)
    assert "data/vocabulary.yaml" in str(caught.value)


def test_all_faults_of_the_file_are_named_together(content):
    broken = copy.deepcopy(content)
    del broken["designs"]
    broken["colours"] = {"red": {"label": "red"}}
    broken["outcomes"]["relapse"] = {"better": "lower"}
    broken["outcomes"]["relapse-free"]["better"] = "up"
    broken["units"]["%"] = "per cent"
    with pytest.raises(BadInput) as caught:
        vocabulary_from(broken)
    problems = "\n".join(caught.value.problems)
    for place in ("designs:", "colours:", "outcomes.relapse:", "outcomes.relapse-free.better:"):
        assert place in problems
    assert "units.%:" in problems
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("empty", [None, []])
def test_an_empty_kind_is_refused_by_its_name(content, empty):
    with pytest.raises(BadInput, match="designs"):
        vocabulary_from({**content, "designs": empty})
