"""The table of kinds holds every kind once, by the name that its schema gives it."""

from typing import get_args

import pytest
from pydantic import ValidationError

from evidence.analysis.declared import Declared
from evidence.analysis.sections.kinds import KINDS
from evidence.analysis.sections.pooled.comparison import Comparison
from evidence.analysis.sections.pooled.proportion import Proportion

POOLED = {
    "id": "one",
    "title": "One",
    "select": {"outcome": "relapse", "therapy": "ahsct", "comparator": "placebo"},
}
COMPARISON = {
    **POOLED,
    "kind": "comparison",
    "measure": "RR",
    "routes": ["events-of-patients"],
    "favours": ["one", "other"],
}
PROPORTION = {**POOLED, "kind": "proportion", "transform": "PLO"}


def test_a_kind_is_found_by_the_name_that_its_schema_gives():
    for name, kind in KINDS.items():
        assert kind.name == name
        assert get_args(kind.schema.model_fields["kind"].annotation) == (name,)
    assert len({kind.schema for kind in KINDS.values()}) == len(KINDS)


def test_an_analysis_may_declare_each_kind_of_the_table_and_no_other():
    found = Declared.model_json_schema()["properties"]["sections"]["items"]["discriminator"]
    assert set(found["mapping"]) == set(KINDS)


def test_the_pooled_kinds_are_those_that_have_a_summary(runs):
    for run in runs.values():
        for section in run.results["sections"].values():
            assert KINDS[section["kind"]].pools == ("summary" in section)


@pytest.mark.parametrize(
    ("schema", "content", "variant"),
    [
        (Comparison, COMPARISON, {"transform": "PLO"}),
        (Proportion, PROPORTION, {"substitute": {"a": "b"}}),
    ],
)
def test_a_variant_that_its_kind_cannot_make_is_refused(schema, content, variant):
    variants = [{"label": "Another", "policy": "common"}]
    assert schema(**content, sensitivity=variants).sensitivity[0].policy == "common"
    (field,) = variant
    with pytest.raises(
        ValidationError, match=f"'Another' has {field}, which a {schema.__name__.lower()} cannot"
    ):
        schema(**content, sensitivity=[{**variants[0], **variant}])
