"""The scale on which a synthesis is shown: ratios as ratios, proportions in per cent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evidence.arrays import FloatArray
from evidence.effects.conversions import back_transform
from evidence.effects.measures import MEASURES
from evidence.report.drawing.axes import Scale
from evidence.synthesis.numerics.distributions import critical_value
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.single_arm_summary import PooledProportion, SingleArmSummary

Transform = Literal["exp", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFit:
    """Estimates with their bounds as they are placed on the axis: logs on a log axis.

    Attributes
    ----------
    scale, null
        As in :class:`evidence.report.figures.forest.ForestPlot`.
    name : str
        What the axis shows.
    studies : tuple of (float, float, float)
        Estimate, lower and upper bound of each study.
    summary : tuple of float
        The same of the summary.
    prediction : tuple of float, or None
        Bounds of the prediction interval.
    """

    scale: Scale
    null: float | None
    name: str
    studies: tuple[tuple[float, float, float], ...]
    summary: tuple[float, float, float]
    prediction: tuple[float, float] | None


def show_fit(fit: PooledEffect, transform: Transform | None) -> ShownFit:
    """Show a fit on the natural scale of its measure, or as asked.

    Parameters
    ----------
    fit : PooledEffect
        Summary on the scale of analysis.
    transform : str or callable, or None
        The way to the scale that is shown; that of the measure if None.
    """
    half = critical_value(fit.level, None) * np.sqrt(fit.vi)
    limits = fit.prediction
    return show_numbers(
        fit.measure,
        transform,
        np.stack([fit.yi, fit.yi - half, fit.yi + half], axis=1),
        (fit.estimate, fit.ci_low, fit.ci_high),
        None if limits is None else (limits.low, limits.high),
    )


def show_numbers(
    measure: str | None,
    transform: Transform | None,
    studies: FloatArray,
    summary: tuple[float, float, float],
    prediction: tuple[float, float] | None = None,
) -> ShownFit:
    """Show numbers on the natural scale of their measure, or as asked.

    Parameters
    ----------
    measure : str or None
    transform : {"exp", "none"} or None
    studies : ndarray, shape (m, 3)
        Estimate, lower and upper bound of each row; NaN where a study has none.
    summary : tuple of float
        The same of the summary.
    prediction : tuple of float, optional
        Bounds of the prediction interval.
    """
    place, scale, null = _scale(measure, transform)
    middle, low, high = place(np.array(summary)).tolist()
    expected = [] if prediction is None else place(np.array(prediction)).tolist()
    return ShownFit(
        scale=scale,
        null=null,
        name=_name(measure, transform),
        studies=tuple((m, a, b) for m, a, b in place(studies).tolist()),
        summary=(middle, low, high),
        prediction=(expected[0], expected[1]) if expected else None,
    )


def _scale(
    measure: str | None, transform: Transform | None
) -> tuple[Callable[[FloatArray], FloatArray], Scale, float | None]:
    """Way to the scale that is shown, what that scale is, and its null value."""
    known = MEASURES.get(measure or "GEN", MEASURES["GEN"])
    null = known.null
    if transform == "exp" or (transform is None and known.transform == "log"):
        return _same, "log", null
    # a fit does not hold the sizes of the studies, with which some measures are inverted
    if transform == "none" or not known.natural or known.inverted_at or known.name == "GEN":
        return _same, "identity", null
    scale: Scale = "proportion" if known.proportion else "identity"
    return lambda values: back_transform(values, known.name), scale, null


def _same(values: FloatArray) -> FloatArray:
    return values


def _name(measure: str | None, transform: Transform | None) -> str:
    """Say what the axis shows."""
    known = MEASURES.get(measure or "GEN", MEASURES["GEN"])
    if known.name == "GEN":
        return "Ratio" if transform == "exp" else "Effect"
    kept = transform == "none" or bool(known.inverted_at)
    if kept and known.transform != "identity":
        return f"{known.label.capitalize()}, {known.transform} scale"
    return known.label.capitalize()


def show_single_arm(fit: SingleArmSummary) -> ShownFit:
    """Show a single-arm summary, which is on its natural scale already."""
    proportion = isinstance(fit, PooledProportion)
    studies = zip(fit.estimates, fit.ci_lows, fit.ci_highs, strict=True)
    low, high = fit.prediction_low, fit.prediction_high
    return ShownFit(
        scale="proportion" if proportion else "identity",
        null=None,
        name="Proportion" if proportion else "Incidence rate",
        studies=tuple((float(m), float(a), float(b)) for m, a, b in studies),
        summary=(fit.estimate, fit.ci_low, fit.ci_high),
        prediction=None if low is None or high is None else (low, high),
    )
