"""How much information a meta-analysis needs to tell an anticipated effect from none.

The formulas are those of one trial, divided by 1 minus the share of the variance that comes from
differences between the studies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from evidence.arrays import FloatArray
from evidence.double_precision import in_double_precision, require_finite
from evidence.errors import BadInput, known_name, refuse
from evidence.input_checks import real_number, require_kind

#: What information is counted in.
INFORMATION: Final = {
    "variance": "statistical information, the sum of 1 / vi",
    "participants": "participants of both arms",
    "events": "events of both arms",
}
#: Where the share of the variance between studies comes from.
ADJUSTMENTS: Final = {
    "diversity": "D2, 1 minus the variance of the common-effect mean over that of the "
    "random-effects mean",
    "i2": "I2 from Q",
    "none": "no adjustment",
}
#: Effect of the risks with and without treatment, on the scale of analysis.
_EFFECTS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "RR": lambda treated, control: math.log(treated / control),
    "OR": lambda treated, control: float(special.logit(treated) - special.logit(control)),
    "RD": lambda treated, control: treated - control,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnticipatedEffect:
    """The effect that a meta-analysis shall be able to detect.

    Attributes
    ----------
    delta : float
        Its size on the scale of the effects (log for ratios), not 0.
    words : str
        What it was derived from.
    participants_factor : float or None
        Participants of both arms over the squared drift, ``4 sigma2 / difference^2``; None if
        neither risks nor a standard deviation are known.
    risk : float or None
        Mean risk of the two arms; None if it is no matter of events.
    measure : str or None
        Scale of ``delta``, if it is known; effects on another scale are refused.
    """

    delta: float
    words: str
    participants_factor: float | None = None
    risk: float | None = None
    measure: str | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.delta) or self.delta == 0.0:
            raise BadInput(
                f"The anticipated effect is {self.delta} ({self.words}). Give one that is not 0: "
                "no amount of information tells an effect of 0 from none."
            )


@in_double_precision("An anticipated effect")
def anticipated_risk_reduction(
    reduction: float, control_risk: float, *, measure: str = "RR"
) -> AnticipatedEffect:
    """Anticipated effect from a relative risk reduction and the risk without treatment.

    Parameters
    ----------
    reduction : float
        Share of the control risk that the treatment takes away, such as 0.2; below 0 for an
        increase.
    control_risk : float
        Risk without treatment, between 0 and 1.
    measure : str
        Scale of the effects: RR, OR (both log) or RD.

    Raises
    ------
    BadInput
        If a risk is not between 0 and 1, or there is no effect.
    UnknownName
        If the measure is none of these.
    NotEstimable
        If the numbers leave the range of double precision.

    References
    ----------
    Wetterslev, Jakobsen & Gluud (2017), BMC Med Res Methodol 17:39. RTSA: ``ris(outcome, mc, pC)``.

    Examples
    --------
    >>> round(anticipated_risk_reduction(0.2, 0.1).delta, 4)
    -0.2231
    """
    known_name("measure for a relative risk reduction", measure, _EFFECTS)
    share, control = real_number(reduction), real_number(control_risk)
    treated = control * (1.0 - share)
    problems = [
        f"the risk {words} is {risk:.6g}; it is between 0 and 1"
        for words, risk in (("without treatment", control), ("with treatment", treated))
        if not 0.0 < risk < 1.0
    ]
    asked = f"A relative risk reduction of {reduction!r:.80} from {control_risk!r:.80}"
    refuse(BadInput, f"{asked} was anticipated. Give both as proportions, such as 0.2.", problems)
    words = f"relative risk reduction of {100 * share:g}% from a risk of {100 * control:g}%"
    mean, difference = (treated + control) / 2.0, treated - control
    delta = _EFFECTS[measure](treated, control)
    # without a reduction there is no difference to divide by; the record refuses a delta of 0
    spread = 4.0 * mean * (1.0 - mean)
    factor = spread / difference**2 if difference else None
    require_finite(factor or 0.0)
    return AnticipatedEffect(
        delta=delta,
        words=f"{words}, on the scale of {measure}",
        participants_factor=factor,
        risk=mean,
        measure=measure,
    )


@in_double_precision("An anticipated effect")
def anticipated_difference(difference: float, *, sd: float | None = None) -> AnticipatedEffect:
    """Anticipated effect from a mean difference, or from a number on the scale of the effects.

    Parameters
    ----------
    difference : float
        On the scale of the effects, not 0; for ratios its logarithm.
    sd : float, optional
        Standard deviation within an arm, needed to count participants.

    Raises
    ------
    BadInput
        If the difference is 0 or not finite, or the standard deviation is not above 0.
    NotEstimable
        If the numbers leave the range of double precision.

    References
    ----------
    Wetterslev, Jakobsen & Gluud (2017), BMC Med Res Methodol 17:39. RTSA: ``ris("MD", mc, sd_mc)``.
    """
    delta = real_number(difference)
    if not math.isfinite(delta):
        raise BadInput(
            f"A difference of {difference!r:.80} was anticipated. Give a number on the scale of "
            "the effects, not 0."
        )
    if sd is None:
        return AnticipatedEffect(delta=delta, words=f"given value {delta:g}")
    spread = real_number(sd)
    if not 0.0 < spread < math.inf:
        raise BadInput(
            f"A mean difference was anticipated with a standard deviation of {sd!r:.80}. Give a "
            "number above 0, or leave it out and count information in variances."
        )
    words = f"mean difference of {delta:g} with a standard deviation of {spread:g}"
    factor = 4.0 * (spread / delta) ** 2 if delta else None
    require_finite(factor or 0.0)
    return AnticipatedEffect(delta=delta, words=words, participants_factor=factor)


def required_drift(alpha: float, power: float) -> float:
    """Mean of Z at the required information: z(1 - alpha / 2) + z(power).

    Parameters
    ----------
    alpha : float
        Two-sided type I error.
    power : float
        Probability of detecting the anticipated effect in a single test, above ``alpha / 2``.

    Raises
    ------
    BadInput
        If a probability cannot be right.
    """
    error, detected = real_number(alpha), real_number(power)
    problems = []
    # below 1e-16 the coverage 1 - alpha is 1, and no interval has bounds
    if not 0.0 < 1.0 - error < 1.0:
        problems.append(f"alpha is {alpha!r:.80}; it is a probability such as 0.05")
    if not 0.0 < detected < 1.0:
        problems.append(f"power is {power!r:.80}; it is a probability such as 0.8")
    elif 0.0 < error < 1.0 and detected <= error / 2.0:
        problems.append(f"power is {power}, which alpha {alpha} alone reaches")
    refuse(BadInput, "The required information cannot be computed.", problems)
    return float(special.ndtri(detected) - special.ndtri(error / 2.0))


@in_double_precision("The required information")
def required_information(
    anticipated: AnticipatedEffect,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    information: str = "variance",
    heterogeneity: float = 0.0,
) -> float:
    """Information that detects the anticipated effect in one two-sided test; not rounded.

    Parameters
    ----------
    anticipated : AnticipatedEffect
        What shall be detected.
    alpha, power : float
        Two-sided type I error, and 1 minus the type II error.
    information : str
        variance (in units of 1 / vi), participants or events.
    heterogeneity : float
        Share of the variance of the summary that comes from differences between the studies, from
        0 to below 1; the result is divided by 1 minus this.

    Raises
    ------
    BadInput
        If a number cannot be right, or the anticipated effect says nothing of participants.
    UnknownName
        If the kind of information is not known.
    NotEstimable
        If the numbers leave the range of double precision.

    References
    ----------
    Wetterslev et al. (2009), BMC Med Res Methodol 9:86. Wetterslev, Jakobsen & Gluud (2017), BMC
    Med Res Methodol 17:39. RTSA: ``ris(...)``, rounded up there.

    Examples
    --------
    >>> round(required_information(anticipated_difference(0.5), alpha=0.05, power=0.8), 4)
    31.3955
    """
    require_kind(
        "The required information",
        anticipated,
        AnticipatedEffect,
        "Give the result of anticipated_risk_reduction() or anticipated_difference().",
    )
    known_name("kind of information", information, INFORMATION)
    squared = required_drift(alpha, power) ** 2 / (1.0 - check_share(heterogeneity))
    if information == "variance":
        needed = squared / anticipated.delta**2
        require_finite(needed)
        return needed
    if anticipated.participants_factor is None:
        raise BadInput(
            f"Information in {information} was asked for, and the anticipated effect "
            f"({anticipated.words}) has neither risks nor a standard deviation. Use "
            "anticipated_risk_reduction() or anticipated_difference(sd=), or count 'variance'."
        )
    participants = squared * anticipated.participants_factor
    require_finite(participants)
    if information == "participants":
        return participants
    if anticipated.risk is None:
        raise BadInput(
            f"Information in events was asked for, and the anticipated effect ({anticipated.words})"
            " has no risks. Use anticipated_risk_reduction(), or count participants."
        )
    return participants * anticipated.risk


def check_share(heterogeneity: float) -> float:
    """Share of the variance between studies as a number from 0 to below 1.

    Parameters
    ----------
    heterogeneity : float
        Share, such as 0.25.

    Raises
    ------
    BadInput
        If it is no such number.
    """
    share = real_number(heterogeneity)
    if not 0.0 <= share < 1.0:
        raise BadInput(
            f"The share of the variance between studies is {heterogeneity!r:.80}. Give a number "
            "from 0 to below 1, such as 0.25."
        )
    return share


def diversity(vi: FloatArray, tau2: float) -> float:
    """D2: share of the variance of the random-effects mean that a common effect would not have.

    Parameters
    ----------
    vi : ndarray, shape (k,)
        Sampling variances.
    tau2 : float
        Between-study variance.

    References
    ----------
    Wetterslev et al. (2009), BMC Med Res Methodol 9:86.
    """
    return max(0.0, 1.0 - float(np.sum(1.0 / (vi + tau2)) / np.sum(1.0 / vi)))
