"""Rules of policies that choose the test of a summary by what the studies show.

A rule is one record: what it does with one summary, and what it does with a stack of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from evidence.arrays import BoolArray, FloatArray, IntArray

TextArray = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """What a rule looks at in one summary.

    Attributes
    ----------
    k : int
        Number of studies.
    tau2 : float
        Between-study variance.
    method : str
        Estimator of tau2.
    wald, knapp_hartung : float
        Half-widths of the two intervals.
    classic : float
        Half-width of the DerSimonian-Laird interval with normal quantiles, where ``needs_classic``.
    """

    k: int
    tau2: float
    method: str
    wald: float
    knapp_hartung: float
    classic: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StackedWidths:
    """What a rule looks at in d summaries; the numbers of ``Widths``, shape (d,)."""

    k: IntArray
    tau2: FloatArray
    wald: FloatArray
    knapp_hartung: FloatArray
    classic: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRule:
    """A rule that chooses a test of the summary.

    Attributes
    ----------
    name : str
        How a policy asks for it.
    words : str
        What it chooses, and when.
    needs_classic : bool
        Whether it compares with the DerSimonian-Laird interval.
    single : callable
        Name of the test of one summary, and the reason in a sentence.
    stacked : callable
        Names of the tests of d summaries with random effects, of 1 study or more.
    """

    name: str
    words: str
    needs_classic: bool
    single: Callable[[Widths], tuple[str, str]]
    stacked: Callable[[StackedWidths], TextArray]


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


def _wide(widths: StackedWidths, compared: FloatArray) -> BoolArray:
    return np.asarray(widths.knapp_hartung >= compared)


def _cochrane_tests(widths: StackedWidths) -> TextArray:
    chosen = (widths.k > 2) & (widths.tau2 > 0.0) & _wide(widths, widths.wald)
    return np.where(chosen, "knha", "z")


def _iqwig_tests(widths: StackedWidths) -> TextArray:
    several = np.where(_wide(widths, widths.classic), "knha", "adhoc")
    return np.where(widths.k > 1, several, "z")


#: Every rule by name.
INTERVAL_RULES: Final[Mapping[str, IntervalRule]] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            IntervalRule(
                name="cochrane",
                words="Knapp-Hartung with more than 2 studies, tau2 above 0 and an interval that "
                "is not narrower than the Wald one; otherwise Wald (normal)",
                needs_classic=False,
                single=lambda it: cochrane_test(
                    it.k, it.tau2, it.wald, it.knapp_hartung, it.method
                ),
                stacked=_cochrane_tests,
            ),
            IntervalRule(
                name="iqwig",
                words="Knapp-Hartung, with its variance not below the Wald one where it would be "
                "narrower than DerSimonian-Laird with normal quantiles",
                needs_classic=True,
                single=lambda it: iqwig_test(it.k, it.classic, it.knapp_hartung, it.method),
                stacked=_iqwig_tests,
            ),
        )
    }
)
