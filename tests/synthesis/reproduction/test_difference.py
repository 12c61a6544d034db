"""What makes two pooled results differ: the steps, and that they add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import pool
from evidence.errors import BadInput
from evidence.synthesis.reproduction.difference import explain_difference

YI = np.array([0.10, 0.30, 0.35, 0.65, -0.05])
VI = np.array([0.03, 0.03, 0.05, 0.01, 0.05])
NAMES = list("abcde")


def pooled(keep=slice(None), yi=YI, **options):
    options = {"method": "REML", "test": "z", "policy": "metafor"} | options
    return pool(yi[keep], VI[keep], labels=NAMES[keep], **options)


def whats(first, second):
    return [step.what for step in explain_difference(first, second).steps]


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"keep": slice(1, None)}, "studies"),
        ({"yi": YI + np.array([0, 0, 0, 0, 0.2])}, "numbers"),
        ({"method": "DL"}, "estimator"),
        ({"test": "knha"}, "interval"),
        ({"level": 0.9}, "level"),
        ({"policy": "revman5", "prediction": "metafor-default"}, "I2"),
        ({"prediction": "t-k-2"}, "prediction interval"),
    ],
)
def test_a_single_difference_is_named_and_explains_all(other, what):
    first, second = pooled(), pooled(**other)
    found = explain_difference(first, second)
    assert [step.what for step in found.steps] == [what]
    last = found.steps[-1]
    assert (last.estimate, last.ci_low, last.ci_high) == pytest.approx(
        (second.estimate, second.ci_low, second.ci_high), rel=1e-12
    )
    assert last.change == pytest.approx(last.alone, abs=1e-15)
    assert found.unexplained == 0.0
    assert f"Most of it is due to {what}." in found.sentence


def test_the_same_result_has_no_steps():
    found = explain_difference(pooled(), pooled())
    assert found.steps == ()
    assert "the same studies in the same way" in found.sentence
    assert found.to_frame().empty


def test_studies_that_left_and_came_are_named_with_the_estimator():
    first, second = pooled(slice(0, 4)), pooled(slice(1, None), method="PM")
    found = explain_difference(first, second)
    assert [step.words for step in found.steps] == [
        "without a and with e",
        "Paule-Mandel (PM) instead of restricted maximum likelihood (REML)",
    ]
    assert "studies: without a and with e; estimate" in str(found)


def test_a_single_study_can_be_compared_with_several():
    for pair in ((pooled(slice(0, 1)), pooled()), (pooled(), pooled(slice(0, 1)))):
        found = explain_difference(*pair)
        assert [step.what for step in found.steps] == ["studies"]
        assert found.unexplained == 0.0
    single, other = pooled(slice(0, 1)), pooled(slice(1, 2))
    assert whats(single, other) == ["studies"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["DL", "REML", "CE", "PM"]),
    st.sampled_from(["DL", "REML", "CE", "PM"]),
    st.sampled_from(["z", "adhoc"]),
)
def test_the_steps_add_up_to_the_whole_difference(seed, method, other, test):
    generator = np.random.default_rng(seed)
    yi, vi = generator.normal(size=7), generator.uniform(0.01, 0.3, 7)
    first = pool(yi[:5], vi[:5], labels=list("abcde"), method=method, test="z")
    changed = yi + generator.normal(0, 0.1, 7) * (generator.random(7) < 0.3)
    second = pool(changed[2:], vi[2:], labels=list("cdefg"), method=other, test=test)
    found = explain_difference(first, second)
    total = sum(step.change for step in found.steps)
    assert total == pytest.approx(second.estimate - first.estimate, abs=1e-12)
    assert found.unexplained == 0.0
    back = explain_difference(second, first)
    assert {step.what for step in back.steps} == {step.what for step in found.steps}


def test_what_is_no_summary_is_refused():
    with pytest.raises(BadInput, match=r"the float 0\.3\. Give two"):
        explain_difference(pool([0.1, 0.2], [0.1, 0.1]), 0.3)


def test_different_scales_and_repeated_names_are_refused_together():
    from evidence import effect_size

    counts = {"ai": [4, 6], "n1i": [123, 306], "ci": [11, 29], "n2i": [139, 303]}
    one = pool(effect_size("RR", **counts, labels=["a", "a"]), policy="common")
    other = pool(effect_size("OR", **counts), policy="common")
    with pytest.raises(BadInput) as caught:
        explain_difference(one, other)
    assert len(caught.value.problems) == 2
