import pytest

from evidence.errors import UnknownName
from evidence.synthesis.policies import (
    POLICIES,
    cochrane_test,
    find_policy,
    make_plan,
    prediction_sentence,
    summary_test_name,
)


@pytest.mark.parametrize(
    ("k", "tau2", "wald", "knapp_hartung", "method", "test", "reason"),
    [
        (3, 0.1, 1.0, 1.5, "REML", "knha", "3 studies are more than 2"),
        (3, 0.1, 1.0, 1.0, "REML", "knha", "not narrower"),
        (3, 0.1, 1.0, 0.9, "REML", "z", "would be narrower (half-width 0.9 against 1 of Wald)"),
        (3, 0.0, 1.0, 1.5, "REML", "z", "tau2 is 0"),
        (2, 0.1, 1.0, 1.5, "REML", "z", "2 studies, and Knapp-Hartung needs more than 2"),
        (9, 0.0, 1.0, 1.5, "CE", "z", "common-effect"),
    ],
)
def test_each_branch_of_the_cochrane_rule_names_its_reason(
    k, tau2, wald, knapp_hartung, method, test, reason
):
    chosen, sentence = cochrane_test(k, tau2, wald, knapp_hartung, method)
    assert chosen == test
    assert reason in sentence


def test_the_policies_are_these():
    choices = {name: (p.method, p.test, p.prediction) for name, p in POLICIES.items()}
    assert choices == {
        "cochrane-2025": ("REML", "cochrane", "t-k-2"),
        "metafor": ("REML", "z", "metafor-default"),
        "hksj-floor": ("REML", "adhoc", "t-k-2"),
        "revman5": ("DL", "z", "none"),
        "common": ("CE", "z", "none"),
    }


def test_a_plan_records_only_what_differs():
    plan = make_plan("metafor", method="reml", test="hksj")
    assert plan.overridden == ("method", "test")
    assert plan.sentences == ("Test knha was asked for in place of z of policy metafor.",)


def test_a_prediction_interval_that_is_asked_for_needs_no_minimum_of_studies():
    assert prediction_sentence(make_plan("cochrane-2025"), 4) is not None
    assert prediction_sentence(make_plan("cochrane-2025"), 5) is None
    assert prediction_sentence(make_plan("cochrane-2025", prediction="normal"), 2) is None


def test_aliases_of_tests():
    names = ("HKSJ", "knapp-hartung", "hksj-floor", "Wald", "t")
    assert [summary_test_name(name) for name in names] == ["knha", "knha", "adhoc", "z", "t"]


def test_an_unknown_policy_names_the_near_ones():
    with pytest.raises(UnknownName, match="cochrane-2025"):
        find_policy("cochrane-2024")
