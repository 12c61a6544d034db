"""Probability that the true effect in a comparable new study lies beyond a threshold.

The new effect is taken as ``estimate + sqrt(tau2 + se^2) * D`` with D normal or t, the distribution
behind the prediction interval. So the probability is (1 + level) / 2 just where the interval of
that level ends at the threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from evidence.errors import NotEstimable, UnknownName
from evidence.input_checks import InputCheck, require_kind
from evidence.results import Result
from evidence.synthesis.pairwise.pooled_effect import PooledEffect

_DIRECTIONS = ("above", "below")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStudyProbability(Result):
    """Probability about the true effect in a new study, with what entered it.

    Attributes
    ----------
    probability : float
        Between 0 and 1.
    threshold : float
        On the scale of the effects (log for ratios).
    direction : str
        "above" or "below" the threshold.
    estimate, se, tau2 : float
        Summary, its standard error, and the between-study variance.
    df : float or None
        Degrees of freedom of t, None for the normal distribution.
    definition : str
        The definition in words.
    """

    probability: float
    threshold: float
    direction: str
    estimate: float
    se: float
    tau2: float
    df: float | None
    definition: str


def new_study_probability(
    estimate: float,
    se: float,
    tau2: float,
    threshold: float = 0.0,
    *,
    direction: str = "above",
    df: float | None = None,
) -> NewStudyProbability:
    """Probability that a new study's true effect is above, or below, a threshold.

    Parameters
    ----------
    estimate, se, tau2 : float
        Summary, its standard error (above 0), and the between-study variance (0 or more).
    threshold : float
        On the scale of the effects (log for ratios).
    direction : str
        "above" or "below".
    df : float, optional
        Degrees of freedom of t, such as k - 1 or k - 2; normal if left out.

    Raises
    ------
    UnknownName
        If the direction is not known.
    BadInput
        If a number is not finite, ``se`` is not above 0, ``tau2`` is negative, or ``df`` is not
        above 0.

    References
    ----------
    Higgins, Thompson & Spiegelhalter (2009), J R Stat Soc A 172:137-159 (the predictive
    distribution). R: ``pt((estimate - threshold) / sqrt(tau2 + se^2), df)``.
    """
    if direction not in _DIRECTIONS:
        raise UnknownName("direction", direction, _DIRECTIONS)
    _check(estimate, se, tau2, threshold, df)
    distance = (estimate - threshold) / math.hypot(math.sqrt(tau2), se)
    size = distance if direction == "above" else -distance
    tail = special.ndtr(size) if df is None else special.stdtr(df, size)
    return NewStudyProbability(
        probability=float(tail),
        threshold=float(threshold),
        direction=direction,
        estimate=float(estimate),
        se=float(se),
        tau2=float(tau2),
        df=df,
        definition=_definition(direction, df),
    )


def fitted_new_study_probability(
    fit: PooledEffect, threshold: float = 0.0, *, direction: str = "above"
) -> NewStudyProbability:
    """Probability by the distribution of a summary's own prediction interval.

    Parameters
    ----------
    fit : PooledEffect
        Summary that has a prediction interval.
    threshold : float
        On the scale of the effects (log for ratios).
    direction : str
        "above" or "below".

    Raises
    ------
    NotEstimable
        If the summary has no prediction interval.
    UnknownName, BadInput
        As ``new_study_probability``.
    """
    require_kind(
        "The probability of a new study's effect", fit, PooledEffect, "Give the result of pool()."
    )
    found = fit.prediction
    if found is None:
        raise NotEstimable(
            f"The probability of a new study's effect was asked for {fit.k} studies without a "
            f"prediction interval. {fit.prediction_reason} Use new_study_probability() with a "
            "variance between studies from elsewhere."
        )
    return new_study_probability(
        fit.estimate, found.se, found.tau2, threshold, direction=direction, df=found.df
    )


def _check(estimate: float, se: float, tau2: float, threshold: float, df: float | None) -> None:
    check = InputCheck("The probability of a new study's effect")
    freedom = 1.0 if df is None else df
    given = check.numbers(estimate=estimate, se=se, tau2=tau2, threshold=threshold, df=freedom)
    if any(array.ndim for array in given):
        check.problems.append("an array was given; each of the numbers is a single one")
        check.refuse("Call once for each summary.")
    check.where(given[1] <= 0.0, "se is {}; it is above 0", given[1])
    check.where(given[2] < 0.0, "tau2 is {}; it is 0 or more", given[2])
    check.where(given[4] <= 0.0, "df is {}; it is above 0", given[4])
    check.refuse("Correct the numbers at their source.")


def _definition(direction: str, df: float | None) -> str:
    distribution = "the normal distribution" if df is None else f"t with {df:g} degrees of freedom"
    return (
        f"probability that the true effect in a new study is {direction} the threshold: centred "
        f"at the estimate, scale sqrt(tau2 + se^2), by {distribution}"
    )
