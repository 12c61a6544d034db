"""Test and confidence interval of a summary: Wald, or with the Knapp-Hartung variance."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.errors import NotEstimable
from evidence.synthesis.distributions import critical_value
from evidence.synthesis.interval_rules import cochrane_test, iqwig_test
from evidence.synthesis.policies import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanInterval:
    """Standard error, reference distribution and half-width of one interval.

    Attributes
    ----------
    test : str
        z, t, knha or adhoc.
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
        z, t, knha or adhoc.
    wald_se : float
        Standard error from the weights.
    knapp_hartung : float
        Weighted residual sum of squares over ``df``, weights ``1 / (vi + tau2)``.
    df : int
        Studies minus coefficients.
    level : float
        Coverage.

    References
    ----------
    Hartung & Knapp (2001), Stat Med 20:3875-3889. Knapp & Hartung (2003), Stat Med 22:2693-2710.
    metafor: ``rma(yi, vi, test=)``, ``$s2w``.
    """
    s2w = {"knha": knapp_hartung, "adhoc": max(1.0, knapp_hartung)}.get(test, 1.0)
    se = wald_se * s2w**0.5
    reference_df = None if test == "z" else df
    half = critical_value(level, reference_df) * se
    return MeanInterval(test=test, se=se, s2w=s2w, df=reference_df, half=half)


def needs_classic(plan: Plan) -> bool:
    """Whether the plan's rule compares with the DerSimonian-Laird interval."""
    return plan.test == "iqwig"


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
    wald = mean_interval("z", wald_se, knapp_hartung, df, level)
    if plan.test == "cochrane":
        other = mean_interval("knha", wald_se, knapp_hartung, df, level)
        test, sentence = cochrane_test(df + 1, tau2, wald.half, other.half, plan.method)
        return (wald if test == "z" else other), [sentence]
    if plan.test == "iqwig":
        other = mean_interval("knha", wald_se, knapp_hartung, df, level)
        classic = critical_value(level, None) * (wald_se if classic_se is None else classic_se)
        test, sentence = iqwig_test(df + 1, classic, other.half, plan.method)
        return mean_interval(test, wald_se, knapp_hartung, df, level), [sentence]
    chosen = (
        wald if plan.test == "z" else mean_interval(plan.test, wald_se, knapp_hartung, df, level)
    )
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
    if chosen.test in ("knha", "adhoc") and plan.method == "CE":
        cautions.append(
            "Knapp-Hartung was asked for with a common effect, for which it is not meant."
        )
    return cautions
