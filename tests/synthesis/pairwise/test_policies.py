import pytest

from evidence.errors import UnknownName
from evidence.synthesis.pairwise.interval_rules import cochrane_test, iqwig_test
from evidence.synthesis.pairwise.policies import (
    POLICIES,
    find_policy,
    make_plan,
    prediction_sentence,
)
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.pairwise.summary_tests import summary_test_name


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


@pytest.mark.parametrize(
    ("classic", "knapp_hartung", "method", "test", "reason"),
    [
        (1.0, 1.2, "PM", "knha", "not narrower than the classical one"),
        (1.0, 1.0, "PM", "knha", "half-width 1 against 1 of DerSimonian-Laird"),
        (1.0, 0.9, "PM", "adhoc", "would be narrower than the classical interval"),
        (1.0, 0.9, "CE", "z", "common-effect"),
    ],
)
def test_each_branch_of_the_iqwig_rule_names_its_reason(
    classic, knapp_hartung, method, test, reason
):
    chosen, sentence = iqwig_test(4, classic, knapp_hartung, method)
    assert chosen == test
    assert reason in sentence


def test_under_iqwig_homogeneous_studies_do_not_get_a_collapsed_interval():
    yi, vi = [0.10, 0.11, 0.09, 0.10], [0.1, 0.1, 0.2, 0.1]
    plain = pool(yi, vi, policy="iqwig", test="knha")
    guarded = pool(yi, vi, policy="iqwig")
    classic = pool(yi, vi, method="DL", test="z", policy="metafor")
    assert plain.ci_high - plain.ci_low < classic.ci_high - classic.ci_low
    assert guarded.test == "adhoc"
    assert guarded.se == pytest.approx(classic.se, rel=1e-12)
    assert guarded.ci_high - guarded.ci_low > classic.ci_high - classic.ci_low


def test_under_iqwig_heterogeneous_studies_get_paule_mandel_and_knapp_hartung():
    yi, vi = [-0.8, 0.1, 0.9, 0.3, -0.2], [0.04, 0.05, 0.03, 0.06, 0.02]
    found = pool(yi, vi, policy="iqwig")
    same = pool(yi, vi, method="PM", test="knha", prediction="t-k-1", policy="metafor")
    assert (found.ci_low, found.ci_high) == (same.ci_low, same.ci_high)
    assert found.prediction == same.prediction


def test_stata_differs_from_metafor_only_in_the_prediction_interval():
    yi, vi = [-0.8, 0.1, 0.9, 0.3, -0.2], [0.04, 0.05, 0.03, 0.06, 0.02]
    found, other = (pool(yi, vi, policy=name) for name in ("stata", "metafor"))
    assert (found.ci_low, found.ci_high, found.i2) == (other.ci_low, other.ci_high, other.i2)
    assert found.prediction is None
    assert pool(yi, vi, policy="stata", prediction="t-k-2").prediction.df == 3


def test_the_policies_are_these():
    choices = {name: (p.method, p.test, p.prediction) for name, p in POLICIES.items()}
    assert choices == {
        "cochrane-2025": ("REML", "cochrane", "t-k-2"),
        "metafor": ("REML", "z", "metafor-default"),
        "hksj-floor": ("REML", "adhoc", "t-k-2"),
        "revman5": ("DL", "z", "none"),
        "iqwig": ("PM", "iqwig", "t-k-1"),
        "stata": ("REML", "z", "none"),
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
