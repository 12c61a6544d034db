"""Numbers that follow from printed ones: percentages, reductions, totals.

Everything here is computed when asked and never stored in the dataset. Percentages are 0 to 100,
as the sources print them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from evidence.errors import BadInput, refuse


def percentage(events: float, n: float) -> float:
    """Patients with the event in per cent of all.

    Parameters
    ----------
    events, n : float
        Patients with the event, and all.

    Raises
    ------
    BadInput
        n is not positive, or there are fewer than 0 or more than n events.
    """
    if not 0 < n < math.inf or not 0 <= events <= n:
        raise BadInput(
            f"A percentage of {events:g} events in {n:g} patients was asked for; "
            "0 <= events <= n and n > 0 are needed."
        )
    return 100 * events / n


def complement(percent: float) -> float:
    """Per cent of patients without the event, from those with it.

    Parameters
    ----------
    percent : float
        Per cent with the event, 0 to 100.

    Raises
    ------
    BadInput
        If it is no percentage.
    """
    if not 0 <= percent <= 100:
        raise BadInput(f"{percent:g} % has no complement; a percentage lies between 0 and 100.")
    return 100 - percent


def relative_reduction(ratio: float) -> float:
    """Relative reduction in per cent that a ratio (rate, risk or hazard ratio) stands for.

    Parameters
    ----------
    ratio : float
        Rate, risk or hazard ratio on the natural scale, above 0.

    Raises
    ------
    BadInput
        If it is not above 0.
    """
    if not (math.isfinite(ratio) and ratio > 0):
        raise BadInput(
            f"A ratio of {ratio:g} stands for no relative reduction; it must be positive."
        )
    return 100 * (1 - ratio)


def relative_reduction_from_arms(treated: float, control: float) -> float:
    """Relative reduction in per cent, from a rate or risk of each arm in the same unit.

    Parameters
    ----------
    treated, control : float
        Rate or risk of each arm, in one unit.

    Raises
    ------
    BadInput
        If the control value is not above 0, or the other is below 0.
    """
    if not 0 < control < math.inf or not 0 <= treated < math.inf:
        raise BadInput(
            f"No relative reduction follows from {treated:g} against {control:g}; "
            "the control value must be positive."
        )
    return 100 * (1 - treated / control)


def mean_of(values: Sequence[float]) -> float:
    """Unweighted mean, such as of the rates of two years with about the same patients.

    Parameters
    ----------
    values : sequence of float
        Numbers in one unit.

    Raises
    ------
    BadInput
        There is no value, or one is not finite.
    """
    if not len(values):
        raise BadInput("A mean of no values was asked for.")
    return total(values) / len(values)


def total(values: Sequence[float]) -> float:
    """Sum of counts over arms or studies.

    Parameters
    ----------
    values : sequence of float
        Counts.

    Raises
    ------
    BadInput
        A value is not finite.
    """
    unknown = [f"values.{i}: {value}" for i, value in enumerate(values) if not math.isfinite(value)]
    refuse(BadInput, "Only finite values can be added; leave out or find the others.", unknown)
    return math.fsum(values)
