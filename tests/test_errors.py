import re

import pytest

from evidence import errors
from evidence.errors import BadInput, CurationError, UnknownName, known_name, refuse

FAMILY = {
    name: item
    for name, item in vars(errors).items()
    if isinstance(item, type) and issubclass(item, Exception)
}


def test_the_drawn_tree_names_every_error_and_warning_and_no_other():
    drawing = (errors.__doc__ or "").partition("::")[2].partition("A message says")[0]
    drawn = set(re.findall(r"^\W*([A-Z]\w+)", drawing, flags=re.MULTILINE))
    assert drawn == set(FAMILY)


@pytest.mark.parametrize("name", sorted(FAMILY))
def test_every_error_belongs_to_the_one_family(name):
    assert issubclass(FAMILY[name], (errors.EvidenceError, errors.EvidenceWarning))


@pytest.mark.parametrize(
    ("ours", "builtin"),
    [
        (errors.BadInput, ValueError),
        (errors.UnknownName, KeyError),
        (errors.MissingLibrary, ImportError),
        (errors.Caution, UserWarning),
    ],
)
def test_who_catches_the_builtin_error_catches_ours(ours, builtin):
    assert issubclass(ours, builtin)


def test_all_problems_stand_in_the_message_and_can_be_read_one_by_one():
    error = CurationError("Two faults.", ["a.yaml: x", "b.yaml: y"])
    assert error.problems == ("a.yaml: x", "b.yaml: y")
    assert str(error).splitlines() == ["Two faults.", "  - a.yaml: x", "  - b.yaml: y"]


def test_an_unknown_name_is_answered_with_the_nearest_ones():
    error = UnknownName("outcome", "relaps", ["relapse", "relapse-free", "death"], "Add it.")
    assert "'relaps'" in str(error)
    assert "Did you mean relapse" in str(error)
    assert "death" not in str(error)
    assert str(error).endswith("Add it.")


def test_an_unknown_name_like_no_other_is_answered_with_what_is_known():
    assert "Known: death, relapse." in str(UnknownName("outcome", "xyzzy", ["relapse", "death"]))


def test_the_message_of_an_unknown_name_is_not_quoted_as_that_of_a_key_error_is():
    assert str(UnknownName("outcome", "x", ["y"])).startswith("There is no outcome 'x'.")


def test_a_refusal_without_problems_is_none():
    refuse(BadInput, "nothing is wrong", [])


def test_a_refusal_with_problems_raises_the_error_it_was_given():
    with pytest.raises(CurationError, match="two faults") as caught:
        refuse(CurationError, "two faults", ["one", "two"])
    assert caught.value.problems == ("one", "two")


@pytest.mark.parametrize("given", ["RE", None, 3, ["REML"], float("nan")])
def test_only_a_known_text_is_a_known_name(given):
    with pytest.raises(UnknownName, match="There is no estimator"):
        known_name("estimator", given, ("REML", "DL"))
    assert known_name("estimator", "DL", ("REML", "DL")) == "DL"
