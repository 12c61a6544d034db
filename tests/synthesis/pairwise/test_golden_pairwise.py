"""The golden cases of pairwise and single-arm synthesis, through the public functions."""

import json
from pathlib import Path

import pytest

from tests.reference.golden import TopicResult, find_adapter

DATA = Path(__file__).parents[2] / "reference" / "data"
#: So that the grid of cases cannot shrink: cases, and those that are not offered.
SIZES = {"rma_uni": (144, 0), "proportions_rates": (62, 0)}


@pytest.mark.parametrize("topic", SIZES)
def test_every_offered_case_equals_metafor(topic):
    result = TopicResult(topic)
    for case in json.loads((DATA / f"{topic}.json").read_text(encoding="utf-8"))["cases"]:
        result.add(case, find_adapter(topic))
    assert result.failures == []
    assert (result.cases, result.not_supported) == SIZES[topic]


def test_only_folded_limits_are_excused():
    result = TopicResult("proportions_rates")
    path = DATA / "proportions_rates.json"
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        result.add(case, find_adapter("proportions_rates"))
    assert len(result.excused) == 11
    assert {check.got for _, check in result.excused} == {0.0, 1.0}
