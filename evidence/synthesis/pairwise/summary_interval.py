"""Test and confidence interval of a summary: Wald, or with the Knapp-Hartung variance."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.errors import NotEstimable
from evidence.input_checks import require_kind
from evidence.synthesis.numerics.distributions import critical_value
from evidence.synthesis.pairwise.interval_rules import INTERVAL_RULES, Widths
from evidence.synthesis.pairwise.policies import Plan
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS, summary_test_name, wald_factor


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanInterval:
    """Standard error, reference distribution and half-width of one interval.

    Attributes
    ----------
    test : str
        One of ``SUMMARY_TESTS``.
    se : float
        Standard error by that test.
    s2w : float
        Factor on the Wald variance: 1, the Knapp-Hartung one, or that one not below 1.
    df : int or None
        Degrees of freedom of t, None for the normal distribution.
    half : float
        Half-width of the interval.
    """

    test: str
    se: float
    s2w: float
    df: int | None
    half: float


def mean_interval(
    test: str, wald_se: float, knapp_hartung: float, df: int, level: float
) -> MeanInterval:
    """Interval of one test.

    Parameters
    ----------
    test : str
        One of ``SUMMARY_TESTS``.
    wald_se : float
        Standard error from the weights.
    knapp_hartung : float
        Weighted residual sum of squares over ``df``, weights ``1 / (vi + tau2)``.
    df : int
        Studies minus coefficients.
    level : float
        Coverage.

    Raises
    ------
    UnknownName
        If there is no such test.

    References
    ----------
    Hartung & Knapp (2001), Stat Med 20:3875-3889. Knapp & Hartung (2003), Stat Med 22:2693-2710.
    metafor: ``rma(yi, vi, test=)``, ``$s2w``.
    """
    test = summary_test_name(test)
    s2w = wald_factor(test, knapp_hartung)
    se = wald_se * s2w**0.5
    reference_df = SUMMARY_TESTS[test].df(df)
    half = critical_value(level, reference_df) * se
    return MeanInterval(test=test, se=se, s2w=s2w, df=reference_df, half=half)


def needs_classic(plan: Plan) -> bool:
    """Whether the plan's rule compares with the DerSimonian-Laird interval."""
    return plan.test in INTERVAL_RULES and INTERVAL_RULES[plan.test].needs_classic


def choose_interval(
    plan: Plan,
    tau2: float,
    wald_se: float,
    knapp_hartung: float,
    df: int,
    level: float,
    *,
    classic_se: float | None = None,
) -> tuple[MeanInterval, list[str]]:
    """Interval by the plan, and the sentences that say why.

    Parameters
    ----------
    plan : Plan
        Policy and explicit choices.
    tau2 : float
        Between-study variance.
    wald_se, knapp_hartung, df, level
        As for ``mean_interval``.
    classic_se : float or None
        Wald standard error with the DerSimonian-Laird tau2, where ``needs_classic(plan)``.

    Raises
    ------
    NotEstimable
        If Knapp-Hartung was asked for and all effects are equal, so that it has no width.
    """
    require_kind("An interval by plan", plan, Plan, "Give what make_plan() returned.")
    wald = mean_interval("z", wald_se, knapp_hartung, df, level)
    if plan.test in INTERVAL_RULES:
        widths = Widths(
            k=df + 1,
            tau2=tau2,
            method=plan.method,
            wald=wald.half,
            knapp_hartung=mean_interval("knha", wald_se, knapp_hartung, df, level).half,
            classic=critical_value(level, None) * (wald_se if classic_se is None else classic_se),
        )
        test, sentence = INTERVAL_RULES[plan.test].single(widths)
        return mean_interval(test, wald_se, knapp_hartung, df, level), [sentence]
    chosen = mean_interval(plan.test, wald_se, knapp_hartung, df, level)
    if chosen.se == 0.0:
        raise NotEstimable(
            f"The Knapp-Hartung interval of {df + 1} studies has no width, because their effects "
            "are equal. Use test='z' or test='adhoc'."
        )
    return chosen, _cautions(plan, chosen, wald)


def _cautions(plan: Plan, chosen: MeanInterval, wald: MeanInterval) -> list[str]:
    cautions = []
    if chosen.half < wald.half:
        cautions.append(
            f"The Knapp-Hartung interval that was asked for is narrower than the Wald one "
            f"(half-width {chosen.half:.4g} against {wald.half:.4g}); test adhoc prevents this."
        )
    if SUMMARY_TESTS[chosen.test].rescaled and plan.method == "CE":
        cautions.append(
            "Knapp-Hartung was asked for with a common effect, for which it is not meant."
        )
    return cautions
