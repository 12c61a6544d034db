"""Limits and ticks of a horizontal axis of estimates.

Positions are on the analysis scale (logs of ratios, proportions 0 to 1); labels are what a reader
sees (the ratio, the percentage).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

import numpy as np

from evidence.errors import BadInput, refuse
from evidence.report.drawing.lettering import width_of
from evidence.report.record.numbers import MINUS

Scale = Literal["log", "identity", "proportion"]
Bounds = list[tuple[float, float]]

#: Width in points of the narrowest plot that is drawn; there, labels of ticks must not touch.
NARROWEST_PLOT: Final = 120.0
LABEL_GAP: Final = 4.0
#: Whiskers reach this many median half-widths beyond the outermost estimates; longer ones are cut.
REACH: Final = 2.0
#: The same for summaries and prediction intervals, cut only where they would hide the studies.
SUMMARY_REACH: Final = 4.0
#: Nothing is cut if the axis that holds everything is wider by no more than this factor.
SPARE: Final = 1.5
#: Part of the axis that is shown on either side of the null value.
BEYOND_NULL: Final = 0.2
#: Blank part of the axis at each end, as a part of the whole.
PADDING: Final = 0.04
#: How many ticks an axis should have.
FEWEST, MOST = 4, 8
#: Ticks of each decade of ratios, the usual ones first, and steps for ratios close together.
_DECADES: Final = ((1, 2, 5), (1, 3), (1,), (1, 1.5, 2, 3, 5, 7))
_RATIO_STEPS: Final = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
#: Ranges of an axis without any estimate.
_EMPTY: Final = {
    "log": (math.log(0.1), math.log(10)),
    "identity": (-1.0, 1.0),
    "proportion": (0.0, 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis: its ends and ticks on the analysis scale, and the label of each tick."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]


def choose_axis(
    estimates: Sequence[float],
    ci_low: Sequence[float] = (),
    ci_high: Sequence[float] = (),
    *,
    pooled_low: Sequence[float] = (),
    pooled_high: Sequence[float] = (),
    scale: Scale,
    null: float | None,
) -> Axis:
    """Axis that holds every estimate and the null value, and cuts whiskers that dwarf the rest.

    Parameters
    ----------
    estimates : sequence of float
        Estimates of studies and summaries, on the analysis scale.
    ci_low, ci_high : sequence of float
        Bounds of the studies' confidence intervals.
    pooled_low, pooled_high : sequence of float
        Bounds of the summaries' confidence intervals and of prediction intervals.
    scale : {"log", "identity", "proportion"}
        What the positions are: logs of ratios, differences or means, proportions (0 to 1).
    null : float or None
        Value of no effect on the analysis scale, if there is one (0 for a log ratio).

    Raises
    ------
    BadInput
        Unknown scale, a value that is not finite, or bounds that do not come in pairs.
    """
    centres = [*estimates, *([] if null is None else [null])]
    _check([*centres, *ci_low, *ci_high, *pooled_low, *pooled_high], scale)
    studies, pooled = _pairs(ci_low, ci_high), _pairs(pooled_low, pooled_high)
    if not (estimates or studies or pooled):
        low, high = _EMPTY[scale]
    else:
        low, high = _both_sides(*_range(centres, studies, pooled, scale), null)
    if scale == "proportion":
        return _percent_axis(high)
    margin = PADDING * (high - low)
    ticks = _ticks(low - margin, high + margin, scale)
    return Axis(
        low=min(low - margin, *ticks),
        high=max(high + margin, *ticks),
        ticks=ticks,
        labels=_labels(ticks, scale),
    )


def _check(given: Sequence[float], scale: str) -> None:
    problems = [f"{value} is not finite" for value in given if not math.isfinite(value)]
    if scale not in _EMPTY:
        problems.append(f"scale {scale!r} is none of {', '.join(_EMPTY)}")
    refuse(BadInput, "The axis of a forest plot cannot be chosen; mend what is listed.", problems)


def _pairs(low: Sequence[float], high: Sequence[float]) -> Bounds:
    if len(low) != len(high):
        raise BadInput(
            "An axis was to be chosen from intervals and was given "
            f"{len(low)} lower and {len(high)} upper bounds. Give them in pairs."
        )
    return list(zip(low, high, strict=True))


def _range(
    centres: Sequence[float], studies: Bounds, pooled: Bounds, scale: Scale
) -> tuple[float, float]:
    """Range that the axis must hold."""
    centres = centres or [bound for pair in pooled or studies for bound in pair]
    half = median((high - low) / 2 for low, high in studies or pooled or [(0.0, 0.0)])
    low, high = min(centres), max(centres)
    reached = [(pair, REACH * half) for pair in studies]
    reached += [(pair, SUMMARY_REACH * half) for pair in pooled]
    bottom = min([low, *(max(pair[0], low - reach) for pair, reach in reached)])
    top = max([high, *(min(pair[1], high + reach) for pair, reach in reached)])
    ends = [low, high, *(bound for pair in studies + pooled for bound in pair)]
    if max(ends) - min(ends) <= SPARE * (top - bottom):
        bottom, top = min(ends), max(ends)
    if top - bottom > 1e-9:
        return bottom, top
    spare = math.log(2) if scale == "log" else 0.5 * abs(top) or 1.0
    return bottom - spare, top + spare


def _both_sides(low: float, high: float, null: float | None) -> tuple[float, float]:
    """Widen the range so that there is room to either side of the null value."""
    if null is None:
        return low, high
    room = BEYOND_NULL / (1 - BEYOND_NULL)
    return min(low, null - room * (high - null)), max(high, null + room * (null - low))


def _ticks(low: float, high: float, scale: Scale) -> tuple[float, ...]:
    """Ticks of the first ladder that gives enough, else of the one that gives most.

    If that is not even three, ticks on either side of the range are taken in, which widens it.
    """
    spare = PADDING * (high - low)
    best: tuple[float, ...] = ()
    wider: list[tuple[float, ...]] = []
    for ladder in _ladders(low, high, scale):
        values = [math.log(value) for value in ladder if value > 0] if scale == "log" else ladder
        ticks = tuple(tick for tick in values if low - spare <= tick <= high + spare)
        if _spaced(ticks, low, high, scale):
            best = max(best, ticks, key=len)
        if len(best) >= FEWEST:
            return best
        below, above = [v for v in values if v < low], [v for v in values if v > high]
        around = (*below[-1:], *(v for v in values if low <= v <= high), *above[:1])
        wider += [around] if _spaced(around, low, high, scale) else []
    enough = [ticks for ticks in wider if len(ticks) > 2]
    return best if len(best) > 2 or not enough else min(enough, key=lambda t: t[-1] - t[0])


def _ladders(low: float, high: float, scale: Scale) -> Iterator[list[float]]:
    """Yield sets of values at which ticks may stand, the preferred sets first."""
    if scale == "identity":
        top = math.floor(math.log10(high - low))
        powers = [10.0**power for power in (top, top - 1, top - 2)]
        yield from (_multiples(step * power, low, high) for power in powers for step in (5, 2, 1))
        return
    decades = range(math.floor(low / math.log(10)) - 1, math.ceil(high / math.log(10)) + 2)
    yield from ([mark * 10.0**decade for decade in decades for mark in m] for m in _DECADES)
    yield from ([10.0**d for d in decades if d % stride == 0] for stride in (2, 3, 5, 10, 20, 50))
    ends = math.exp(min(low, 50.0)), math.exp(min(high, 50.0))
    yield from (_multiples(step, *ends) for step in _RATIO_STEPS if ends[1] - ends[0] < 100 * step)


def _multiples(step: float, low: float, high: float) -> list[float]:
    first, last = math.floor(low / step) - 1, math.ceil(high / step) + 1
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def _spaced(ticks: tuple[float, ...], low: float, high: float, scale: Scale) -> bool:
    """Whether the ticks are few enough and their labels keep apart on the narrowest plot."""
    if len(ticks) < 2 or len(ticks) > MOST:
        return len(ticks) == 1
    span = max(high, ticks[-1]) - min(low, ticks[0])
    half = [width_of(label) / 2 for label in _labels(ticks, scale)]
    gaps = np.diff(ticks) * NARROWEST_PLOT / span
    return bool(np.all(gaps >= np.add(half[:-1], half[1:]) + LABEL_GAP))


def _percent_axis(high: float) -> Axis:
    """From 0 to 100 %, or to a round percentage if all values are below 50 %."""
    steps = [step * 10.0**power for power in range(-6, 0) for step in (1, 2, 5)]
    step, count = 0.2, 5
    if 0 < high <= 0.5:
        step = next(step for step in steps if 5 * step >= high * (1 - 1e-9))
        count = max(2, math.ceil(high / step - 1e-9))
    ticks = tuple(float(f"{index * step:.12g}") for index in range(count + 1))
    return Axis(low=0.0, high=ticks[-1], ticks=ticks, labels=_labels(ticks, "proportion"))


def _labels(ticks: tuple[float, ...], scale: Scale) -> tuple[str, ...]:
    """Ratios as short as they can be; other numbers with as many decimals as the longest."""
    values = [_value(tick, scale) for tick in ticks]
    short = [str(np.format_float_positional(value, trim="-")) for value in values]
    if scale != "log":
        digits = max(len(text.partition(".")[2]) for text in short)
        short = [f"{value:.{digits}f}" if value else "0" for value in values]
    return tuple(text.replace("-", MINUS) for text in short)


def _value(position: float, scale: Scale) -> float:
    if scale == "log":
        return float(f"{math.exp(position):.6g}")
    return float(f"{100 * position if scale == 'proportion' else position:.6g}")
