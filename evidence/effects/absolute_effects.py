"""Relative effects at a baseline risk: risks, risk differences, and numbers needed to treat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray
from evidence.double_precision import in_double_precision
from evidence.effects.measures import MEASURES
from evidence.effects.proportions import proportion_interval
from evidence.errors import known_name
from evidence.input_checks import InputCheck
from evidence.results import Result, with_bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtRisk:
    """A measure of risk at a baseline risk p, on its natural scale.

    Attributes
    ----------
    treated : callable
        Risk with treatment, from p and the effect.
    effect : callable
        Effect, from p and the risk with treatment.
    """

    treated: Callable[[FloatArray, FloatArray], FloatArray]
    effect: Callable[[FloatArray, FloatArray], FloatArray]


#: The measures that a baseline risk turns into risks.
RISK_MEASURES: Final[Mapping[str, _AtRisk]] = MappingProxyType(
    {
        "RR": _AtRisk(treated=lambda p, rr: p * rr, effect=lambda p, q: q / p),
        "OR": _AtRisk(
            treated=lambda p, odds_ratio: odds_ratio * p / (1 - p + odds_ratio * p),
            effect=lambda p, q: q * (1 - p) / (p * (1 - q)),
        ),
        "HR": _AtRisk(
            treated=lambda p, hr: -np.expm1(hr * np.log1p(-p)),
            effect=lambda p, q: np.log1p(-q) / np.log1p(-p),
        ),
        "RD": _AtRisk(treated=lambda p, rd: p + rd, effect=lambda p, q: q - p),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsoluteEffect(Result):
    """What a relative effect means at one baseline.

    Attributes
    ----------
    measure : str
        The relative measure: RR, OR, HR or RD for risks, IRR for rates.
    baseline, treated : float
        Risk (a proportion) or rate without and with treatment.
    treated_ci : tuple of float
        Limits of ``treated``, from the limits of the relative effect at this fixed baseline.
    difference : float
        ``treated - baseline``; below 0 means fewer events.
    difference_ci : tuple of float
        Its limits, at the fixed baseline.
    capped : bool
        Whether a risk or one of its limits left 0 to 1 and was put at the border.
    """

    measure: str
    baseline: float
    treated: float
    treated_ci: tuple[float, float]
    difference: float
    difference_ci: tuple[float, float]
    capped: bool = False

    def _row(self) -> dict[str, Any]:
        return with_bounds(Result._row(self), treated_ci="treated", difference_ci="difference")


@in_double_precision("An effect at a baseline")
def absolute_effect(
    measure: str, estimate: float, ci_low: float, ci_high: float, *, baseline: float
) -> AbsoluteEffect:
    """Risk (or rate) with treatment and its difference from the baseline.

    Parameters
    ----------
    measure : {"RR", "OR", "HR", "RD", "IRR"}
        For HR the risk is that of the event, 1 - (1 - p)^HR. For IRR ``baseline`` is a rate.
    estimate, ci_low, ci_high : float
        Effect and limits on the natural scale.
    baseline : float
        Risk (between 0 and 1) or rate in the comparator, unrounded.

    References
    ----------
    Cochrane Handbook 14.1.5 and 15.4.4; GRADE guidelines 27 (2020), J Clin
    Epidemiol 118:124-131, for the HR.
    """
    known_name("measure of a relative effect", measure, (*RISK_MEASURES, "IRR"))
    check = InputCheck("An absolute effect")
    numbers = check.numbers(estimate=estimate, ci_low=ci_low, ci_high=ci_high, baseline=baseline)
    if any(number.ndim for number in numbers):
        check.problems.append("give one effect with its limits, and one baseline")
    check.refuse()
    *effect, baseline = map(float, numbers)
    values = (effect[0], effect[1], effect[2])
    if measure == "IRR":
        treated = _rates(values, baseline)
    else:
        treated = np.atleast_1d(
            risk_with_treatment(values, measure=measure, baseline_risk=baseline)
        )
    bounded = treated if measure == "IRR" else np.clip(treated, 0.0, 1.0)
    middle, low, high = (float(value) for value in bounded)
    return AbsoluteEffect(
        measure=measure,
        baseline=baseline,
        treated=middle,
        treated_ci=(low, high),
        difference=middle - baseline,
        difference_ci=(low - baseline, high - baseline),
        capped=bool(np.any(bounded != treated)),
    )


def _rates(ratios: tuple[float, float, float], baseline: float) -> FloatArray:
    check = InputCheck("A rate with treatment")
    irr, rate = check.numbers(irr=np.array(ratios), baseline=baseline)
    check.where(irr <= 0, "a rate ratio must be positive, and is {}", irr)
    check.where(rate <= 0, "baseline must be a rate above 0, not {}", rate)
    check.refuse()
    return irr * rate


@in_double_precision("A risk with treatment")
def risk_with_treatment(effect: ArrayLike, *, measure: str, baseline_risk: ArrayLike) -> FloatArray:
    """Risk with treatment, from a relative effect and the risk without; not cut at 0 and 1.

    Parameters
    ----------
    effect : array_like
        RR, OR, HR or RD on the natural scale.
    measure : {"RR", "OR", "HR", "RD"}
        What ``effect`` is.
    baseline_risk : array_like
        Risk without treatment, strictly between 0 and 1.
    """
    known_name("measure of a risk", measure, RISK_MEASURES)
    check = InputCheck(f"The risk with treatment from the {measure}")
    value, p = check.numbers(effect=effect, baseline_risk=baseline_risk)
    check.where((p <= 0) | (p >= 1), "baseline_risk must lie between 0 and 1, not {}", p)
    if MEASURES[measure].transform == "log":
        check.where(value <= 0, f"{measure} must be positive, and is {{}}", value)
    check.refuse("A percentage is to be divided by 100, a log ratio exponentiated.")
    return np.asarray(RISK_MEASURES[measure].treated(p, value))[()]


@in_double_precision("Another measure of an effect")
def convert_effect(
    effect: ArrayLike, *, source: str, target: str, baseline_risk: ArrayLike
) -> FloatArray:
    """One measure of risk from another, at a baseline risk.

    Parameters
    ----------
    effect : array_like
        On the natural scale of ``source``.
    source, target : {"RR", "OR", "HR", "RD"}
        From what to what.
    baseline_risk : array_like
        Risk without treatment, strictly between 0 and 1.

    Raises
    ------
    BadInput
        Where the effect takes the risk with treatment out of the interval from 0 to 1.

    References
    ----------
    Zhang & Yu (1998), JAMA 280:1690-1691; Cochrane Handbook 15.4.4.
    """
    known_name("measure of a risk", target, RISK_MEASURES)
    treated = risk_with_treatment(effect, measure=source, baseline_risk=baseline_risk)
    check = InputCheck(f"{source} to {target} at a baseline risk")
    (p,) = check.numbers(baseline_risk=baseline_risk)
    check.where(
        (treated <= 0) | (treated >= 1), "the risk with treatment would be {}", np.asarray(treated)
    )
    check.refuse("The effect and the baseline risk cannot both hold; use another baseline.")
    return np.asarray(RISK_MEASURES[target].effect(p, treated))[()]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberNeededToTreat(Result):
    """Number needed to treat for one event fewer (or more).

    Attributes
    ----------
    nnt : float
        1 / |RD|, unrounded (a reader is shown the next whole number); infinite when RD is 0.
    direction : str
        ``fewer`` or ``more`` events with treatment, or ``none``.
    ci : tuple of float or None
        Limits of ``nnt`` in that direction; None when the interval passes through infinity.
    fewer_limit, more_limit : float or None
        For an interval through infinity: it runs from ``fewer_limit`` (one event fewer) over
        infinity to ``more_limit`` (one event more).
    """

    nnt: float
    direction: str
    ci: tuple[float, float] | None
    fewer_limit: float | None
    more_limit: float | None

    def _row(self) -> dict[str, Any]:
        return with_bounds(Result._row(self), ci="ci")

    @property
    def through_infinity(self) -> bool:
        """Whether the interval of the risk difference holds 0."""
        return self.ci is None


@in_double_precision("A number needed to treat")
def number_needed_to_treat(rd: float, ci_low: float, ci_high: float) -> NumberNeededToTreat:
    """NNT from a risk difference with its interval.

    Parameters
    ----------
    rd, ci_low, ci_high : float
        Risk difference (below 0 means fewer events with treatment) and its limits.

    References
    ----------
    Altman (1998), BMJ 317:1309-1312.
    """
    check = InputCheck("A number needed to treat")
    numbers = check.numbers(rd=rd, ci_low=ci_low, ci_high=ci_high)
    if any(number.ndim for number in numbers):
        check.problems.append("give one risk difference with its limits")
    check.refuse()
    rd, ci_low, ci_high = map(float, numbers)
    check.where(not ci_low <= rd <= ci_high, "{} to {} does not hold {}", ci_low, ci_high, rd)
    check.where(max(abs(ci_low), abs(ci_high), abs(rd)) > 1, "a risk difference exceeds 1")
    check.refuse()
    through = ci_low <= 0 <= ci_high
    nearest, farthest = sorted((_reciprocal(ci_low), _reciprocal(ci_high)))
    return NumberNeededToTreat(
        nnt=_reciprocal(rd),
        direction="fewer" if rd < 0 else "more" if rd > 0 else "none",
        ci=None if through else (nearest, farthest),
        fewer_limit=_reciprocal(ci_low) if through else None,
        more_limit=_reciprocal(ci_high) if through else None,
    )


def _reciprocal(difference: float) -> float:
    return 1 / abs(difference) if difference else float("inf")


@in_double_precision("The interval of a risk difference")
def newcombe_interval(
    ai: ArrayLike, n1i: ArrayLike, ci: ArrayLike, n2i: ArrayLike, *, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Hybrid score limits of a risk difference, from the Wilson limits of both arms.

    Parameters
    ----------
    ai, n1i, ci, n2i : array_like
        Events and size of arms 1 and 2.
    level : float
        Coverage.

    References
    ----------
    Newcombe (1998), Stat Med 17:873-890, method 10.
    """
    low1, high1 = proportion_interval(ai, n1i, level=level, method="wilson")
    low2, high2 = proportion_interval(ci, n2i, level=level, method="wilson")
    counts = InputCheck("The interval of a risk difference").numbers(ai=ai, n1i=n1i, ci=ci, n2i=n2i)
    p1, p2 = counts[0] / counts[1], counts[2] / counts[3]
    difference = p1 - p2
    low = difference - np.hypot(p1 - low1, high2 - p2)
    return np.asarray(low)[()], np.asarray(difference + np.hypot(high1 - p1, p2 - low2))[()]
