"""Named policies: which estimator, interval and prediction interval a synthesis uses, and why.

A policy fixes the choices before the data are seen; where it depends on the data, the branch
that was taken is written down with its numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from evidence.errors import known_name
from evidence.synthesis.heterogeneity.estimators import ESTIMATORS, estimator_name
from evidence.synthesis.pairwise.prediction import PREDICTION_INTERVALS, prediction_definition
from evidence.synthesis.pairwise.summary_tests import summary_test_name

_PARTS = {"method": "Estimator", "test": "Test", "prediction": "Prediction interval"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Choices for one synthesis.

    Attributes
    ----------
    name : str
        How it is asked for.
    method : str
        Estimator of tau2.
    test : str
        One of ``SUMMARY_TESTS``, or one of ``INTERVAL_RULES``, which choose one by the studies.
    prediction : str
        One of ``PREDICTION_INTERVALS``, or "none".
    prediction_min_k : int
        Fewest studies for which it is reported.
    i2_definition : str
        "tau2" or "Q".
    source : str
        Where the policy comes from.
    """

    name: str
    method: str
    test: str
    prediction: str
    prediction_min_k: int
    i2_definition: str
    source: str


# RevMan offers t or normal prediction intervals; cochrane-2025 takes the one of Higgins, Thompson &
# Spiegelhalter, t with k - 2 df, with the standard error of the interval that is reported.
POLICIES = {
    policy.name: policy
    for policy in (
        Policy(
            name="cochrane-2025",
            method="REML",
            test="cochrane",
            prediction="t-k-2",
            prediction_min_k=5,
            i2_definition="tau2",
            source="Cochrane Handbook chapter 10 and the random-effects methods of RevMan, 2025",
        ),
        Policy(
            name="metafor",
            method="REML",
            test="z",
            prediction="metafor-default",
            prediction_min_k=2,
            i2_definition="tau2",
            source="defaults of metafor's rma()",
        ),
        Policy(
            name="hksj-floor",
            method="REML",
            test="adhoc",
            prediction="t-k-2",
            prediction_min_k=3,
            i2_definition="tau2",
            source="Knapp & Hartung (2003) ad hoc; Röver, Knapp & Friede (2015)",
        ),
        Policy(
            name="revman5",
            method="DL",
            test="z",
            prediction="none",
            prediction_min_k=2,
            i2_definition="Q",
            source="Review Manager 5, inverse variance random effects",
        ),
        Policy(
            name="iqwig",
            method="PM",
            test="iqwig",
            prediction="t-k-1",
            prediction_min_k=3,
            i2_definition="tau2",
            source="settings IQWiG6 of R package meta 8, after IQWiG's General Methods 6",
        ),
        Policy(
            name="stata",
            method="REML",
            test="z",
            prediction="none",
            prediction_min_k=3,
            i2_definition="tau2",
            source="defaults of Stata's meta summarize",
        ),
        Policy(
            name="common",
            method="CE",
            test="z",
            prediction="none",
            prediction_min_k=2,
            i2_definition="Q",
            source="common-effect inverse variance",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A policy with what was explicitly asked for in its place.

    Attributes
    ----------
    policy : Policy
        The policy underneath.
    method, test, prediction : str
        What will be used.
    overridden : tuple of str
        Which of the three were explicitly asked for.
    """

    policy: Policy
    method: str
    test: str
    prediction: str
    overridden: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The choices that replace those of the policy, one sentence each."""
        return tuple(
            f"{words} {getattr(self, part)} was asked for in place of "
            f"{getattr(self.policy, part)} of policy {self.policy.name}."
            for part, words in _PARTS.items()
            if part in self.overridden and getattr(self, part) != getattr(self.policy, part)
        )


def find_policy(name: str) -> Policy:
    """Find a policy by name.

    Parameters
    ----------
    name : str
        One of ``POLICIES``.

    Raises
    ------
    UnknownName
        If there is no such policy.
    """
    known_name("policy", name, POLICIES)
    return POLICIES[name]


def make_plan(
    policy: str,
    *,
    method: str | None = None,
    test: str | None = None,
    prediction: str | None = None,
) -> Plan:
    """Combine a policy with the explicit choices that go before it.

    Parameters
    ----------
    policy : str
        Name of the policy.
    method, test, prediction : str or None
        Explicit choices; None leaves the one of the policy.

    Raises
    ------
    UnknownName
        If a name is not known.
    """
    base = find_policy(policy)
    given = {"method": method, "test": test, "prediction": prediction}
    return Plan(
        policy=base,
        method=base.method if method is None else estimator_name(method),
        test=base.test if test is None else summary_test_name(test),
        prediction=base.prediction if prediction is None else prediction_definition(prediction),
        overridden=tuple(part for part, value in given.items() if value is not None),
    )


def prediction_sentence(plan: Plan, k: int) -> str | None:
    """Why no prediction interval is reported, or None if one is.

    Parameters
    ----------
    plan : Plan
        The choices.
    k : int
        Number of studies.
    """
    if plan.method == "CE":
        return "The common-effect model has no distribution of effects to predict from."
    asked = "prediction" in plan.overridden
    if plan.prediction == "none" and asked:
        return "A prediction interval was not asked for (prediction='none')."
    if plan.prediction == "none":
        return f"A prediction interval is not part of policy {plan.policy.name}."
    fewest = plan.policy.prediction_min_k
    if not asked and k < fewest:
        return (
            f"Policy {plan.policy.name} reports a prediction interval from {fewest} studies, "
            f"and there are {k}."
        )
    return None


def describe_method(method: str) -> str:
    """Estimator in words with its short name."""
    return f"{ESTIMATORS[method].words} ({method})"


def describe_prediction(definition: str) -> str:
    """Definition of a prediction interval in words."""
    known_name("prediction interval", definition, PREDICTION_INTERVALS)
    return PREDICTION_INTERVALS[definition].words
