"""The numbers of a synthesis on the scale that people read: ratios, proportions, rates."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from evidence.arrays import FloatArray
from evidence.effects.conversions import back_transform, wald_interval
from evidence.effects.measures import MEASURES, Measure
from evidence.input_checks import require_kind
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary

Synthesis = PooledEffect | SingleArmSummary
Values = TypeVar("Values", float, FloatArray)


def fit_of(result: Synthesis) -> PooledEffect:
    """Return the synthesis on the scale of analysis."""
    require_kind(
        "A synthesis on its natural scale",
        result,
        (PooledEffect, SingleArmSummary),
        "Give the result of pool(), pool_proportions() or pool_rates().",
    )
    return result.fit if isinstance(result, SingleArmSummary) else result


def measure_of(result: Synthesis) -> Measure:
    """Return the measure of effect; GEN if it is not known."""
    return MEASURES.get(fit_of(result).measure or "GEN", MEASURES["GEN"])


def has_natural_scale(result: Synthesis) -> bool:
    """Tell whether there is a natural scale that is not the scale of analysis."""
    spec = measure_of(result)
    if isinstance(result, SingleArmSummary):
        return spec.transform != "identity"
    return spec.transform != "identity" and spec.natural and not spec.inverted_at


def natural_summary(result: Synthesis) -> dict[str, float | None]:
    """Return estimate, ci_low, ci_high, prediction_low and prediction_high on the natural scale.

    They are those of the analysis where it has no other scale; None for what does not exist.
    """
    names = ("estimate", "ci_low", "ci_high", "prediction_low", "prediction_high")
    fit_of(result)
    if isinstance(result, SingleArmSummary):
        return {name: getattr(result, name) for name in names}
    limits = result.prediction
    values = (
        *(result.estimate, result.ci_low, result.ci_high),
        *((None, None) if limits is None else (limits.low, limits.high)),
    )
    return {
        name: None if value is None else _natural(result, value)
        for name, value in zip(names, values, strict=True)
    }


def natural_studies(result: Synthesis) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return estimates and bounds of the studies, (k,) each; exact intervals for single arms."""
    fit_of(result)
    if isinstance(result, SingleArmSummary):
        return result.estimates, result.ci_lows, result.ci_highs
    low, high = wald_interval(result.yi, result.vi, level=result.level)
    return _natural(result, result.yi), _natural(result, low), _natural(result, high)


def _natural(result: PooledEffect, values: Values) -> Values:
    if not has_natural_scale(result):
        return values
    found = back_transform(values, measure_of(result).name)
    return float(found) if isinstance(values, float) else np.asarray(found)
