"""The golden cases of influence and small-study effects: all are offered, none is excused."""

import json
from pathlib import Path

import pytest

from tests.reference.golden import TopicResult, find_adapter

DATA = Path(__file__).parents[2] / "reference" / "data"
#: So that the grid of cases cannot shrink.
SIZES = {"influence": 88, "small_study": 165}


@pytest.mark.parametrize("topic", SIZES)
def test_every_case_equals_the_reference(topic):
    result = TopicResult(topic)
    for case in json.loads((DATA / f"{topic}.json").read_text(encoding="utf-8"))["cases"]:
        result.add(case, find_adapter(topic))
    assert result.failures == []
    assert (result.cases, result.passed) == (SIZES[topic], SIZES[topic])
    assert result.excused == []


@pytest.mark.parametrize("topic", SIZES)
def test_ids_and_datasets_do_not_matter(topic):
    result = TopicResult(topic)
    cases = json.loads((DATA / f"{topic}.json").read_text(encoding="utf-8"))["cases"][::9]
    for i, case in enumerate(cases):
        result.add(
            {**case, "id": f"case {i}", "dataset": "unseen", "call": ""}, find_adapter(topic)
        )
    assert result.passed == len(cases)


def test_an_unknown_kind_of_case_is_not_supported():
    result = TopicResult("small_study")
    inputs = {"yi": [0.1, 0.2, 0.3], "vi": [0.1, 0.2, 0.3], "measure": "GEN"}
    for more in ({}, {"method_bias": "Horoscope"}, {"type": "halfnorm", "alternative": "less"}):
        case = {"id": "x", "inputs": {**inputs, **more}, "expected": {"luck": 7}}
        result.add(case, find_adapter("small_study"))
    assert (result.not_supported, result.passed, result.failed) == (3, 0, 0)
