"""Rules of policies that choose the interval of a summary from the data, each with its reason."""

from __future__ import annotations


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
