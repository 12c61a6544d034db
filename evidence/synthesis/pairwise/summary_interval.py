"""Test and confidence interval of a summary: Wald, or with the Knapp-Hartung variance."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.errors import NotEstimable
from evidence.synthesis.numerics.distributions import critical_value
from evidence.synthesis.pairwise.policies import Plan


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


def cochrane_test(
    k: int, tau2: float, wald_half: float, knapp_hartung_half: float, method: str
) -> tuple[str, str]:
    """Test of the summary under ``cochrane-2025``, and the reason in a sentence.

    Knapp-Hartung when there are more than 2 studies, tau2 is above 0, and its interval is at
    least as wide as the Wald one; Wald otherwise. With homogeneous effects the Knapp-Hartung
    interval can collapse.

    Parameters
    ----------
    k : int
        Number of studies.
    tau2 : float
        Between-study variance.
    wald_half, knapp_hartung_half : float
        Half-widths of the two intervals.
    method : str
        Estimator of tau2.

    References
    ----------
    Cochrane Handbook chapter 10.10.4. Jackson et al. (2017), Stat Med 36:3923-3934.
    """
    widths = f"half-width {knapp_hartung_half:.4g} against {wald_half:.4g} of Wald"
    if method == "CE":
        return "z", "Wald interval (normal): the common-effect model estimates no tau2."
    if k <= 2:
        return "z", f"Wald interval (normal): {k} studies, and Knapp-Hartung needs more than 2."
    if tau2 <= 0.0:
        return "z", (
            f"Wald interval (normal): tau2 is 0 with {k} studies, where the Knapp-Hartung interval "
            f"is not used ({widths})."
        )
    if knapp_hartung_half < wald_half:
        return "z", (
            f"Wald interval (normal): with {k} studies and tau2 {tau2:.4g} the Knapp-Hartung "
            f"interval would be narrower ({widths})."
        )
    return "knha", (
        f"Knapp-Hartung interval (t with {k - 1} df): {k} studies are more than 2, tau2 {tau2:.4g} "
        f"is above 0, and the interval is not narrower ({widths})."
    )


def iqwig_test(
    k: int, classic_half: float, knapp_hartung_half: float, method: str
) -> tuple[str, str]:
    """Test of the summary under ``iqwig``, and the reason in a sentence.

    Knapp-Hartung, with its variance not below the Wald one where its interval would be narrower
    than the classical one (DerSimonian-Laird, normal).

    Parameters
    ----------
    k : int
        Number of studies.
    classic_half : float
        Half-width of the DerSimonian-Laird interval with normal quantiles.
    knapp_hartung_half : float
        Half-width of the Knapp-Hartung interval.
    method : str
        Estimator of tau2.

    References
    ----------
    R package meta 8: ``metagen(method.random.ci = "HK", adhoc.hakn.ci = "IQWiG6")``.
    """
    if method == "CE":
        return "z", "Wald interval (normal): the common-effect model estimates no tau2."
    widths = (
        f"half-width {knapp_hartung_half:.4g} against {classic_half:.4g} of DerSimonian-Laird with "
        "normal quantiles"
    )
    if knapp_hartung_half < classic_half:
        return "adhoc", (
            f"Knapp-Hartung interval (t with {k - 1} df) with its variance not below the Wald one, "
            f"because it would be narrower than the classical interval ({widths})."
        )
    return "knha", (
        f"Knapp-Hartung interval (t with {k - 1} df): it is not narrower than the classical one "
        f"({widths})."
    )
