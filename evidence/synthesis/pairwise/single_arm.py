"""Single-arm synthesis: proportions and incidence rates, pooled on a transformed scale.

The summary, its interval and its prediction interval are given on the natural scale beside the
fit they come from. Studies without events are kept. Each study has its exact interval, which
needs no transformation and no correction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray, read_only
from evidence.effects.conversions import back_transform
from evidence.effects.effect_sizes import EffectSizes, effect_size
from evidence.effects.measures import MEASURES
from evidence.effects.proportions import harmonic_mean, proportion_interval
from evidence.effects.rates import rate_interval
from evidence.errors import BadInput, NotEstimable, known_name
from evidence.input_checks import InputCheck, real_number
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.pairwise.single_arm_summary import (
    PooledProportion,
    PooledRate,
    SingleArmSummary,
)

#: Transformations of a proportion, by the name of the measure in metafor.
PROPORTION_TRANSFORMS: Final = {
    "PLO": "logit",
    "PAS": "arcsine square root",
    "PFT": "Freeman-Tukey double arcsine",
    "PR": "none",
    "PLN": "logarithm",
}
#: Transformations of a rate, by the name of the measure in metafor.
RATE_TRANSFORMS: Final = {
    "IRLN": "logarithm",
    "IRS": "square root",
    "IRFT": "Freeman-Tukey square root",
    "IR": "none",
}
Summary = TypeVar("Summary", bound=SingleArmSummary)


def pool_proportions(
    xi: npt.ArrayLike,
    ni: npt.ArrayLike,
    *,
    transform: str = "PLO",
    method: str | None = None,
    test: str | None = None,
    prediction: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    add: float | None = None,
    to: str = "only0",
    back_transform_n: float | None = None,
    labels: Sequence[str] | None = None,
) -> PooledProportion:
    """Pooled proportion of single arms.

    Parameters
    ----------
    xi, ni : array_like, shape (k,)
        Events and participants.
    transform : str
        PLO (logit), PAS (arcsine), PFT (double arcsine), PR (none) or PLN (log).
    method, test, prediction, policy, level
        As for ``pool``, on the transformed scale.
    add, to
        Correction of empty cells, as for ``effect_size``: 0.5 to studies with one, for PLO, PR
        and PLN; none for PAS and PFT.
    back_transform_n : float, optional
        Sample size at which PFT is inverted; unless given the harmonic mean of ``ni`` (Miller).
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    PooledProportion

    Raises
    ------
    UnknownName
        If a transformation, method, test or policy is not known.
    BadInput
        For impossible counts; all faults together.
    EmptySelection
        If no study is left.

    References
    ----------
    Miller (1978), Am Stat 32:138. Schwarzer et al. (2019), Res Synth Methods 10:476-483.
    metafor: ``rma(measure="PLO", xi=, ni=)`` with ``predict(transf=transf.ilogit)``.
    """
    _check_transform("proportion", transform, PROPORTION_TRANSFORMS)
    effects = effect_size(transform, xi=xi, ni=ni, add=add, to=to, labels=labels)
    fit = pool(effects, method=method, test=test, prediction=prediction, policy=policy, level=level)
    events, sizes = _kept(effects, xi, ni)
    limits = proportion_interval(events, sizes, level=level, method="exact")
    way = _way_back(transform, sizes, back_transform_n)
    return _summarise(PooledProportion, fit, effects.zero_cell_rule, events, sizes, limits, way)


def pool_rates(
    xi: npt.ArrayLike,
    ti: npt.ArrayLike,
    *,
    transform: str = "IRLN",
    method: str | None = None,
    test: str | None = None,
    prediction: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    add: float | None = None,
    to: str = "only0",
    back_transform_t: float | None = None,
    labels: Sequence[str] | None = None,
) -> PooledRate:
    """Pooled incidence rate of single arms, in events per unit of ``ti``.

    Parameters
    ----------
    xi, ti : array_like, shape (k,)
        Events and person-time.
    transform : str
        IRLN (log), IRS (square root), IRFT (Freeman-Tukey) or IR (none).
    method, test, prediction, policy, level
        As for ``pool``, on the transformed scale.
    add, to
        Correction of studies without events, as for ``effect_size``: 0.5 for IRLN and IR; none
        for IRS and IRFT.
    back_transform_t : float, optional
        Person-time at which IRFT is inverted; unless given the harmonic mean of ``ti``.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    PooledRate

    Raises
    ------
    UnknownName
        If a transformation, method, test or policy is not known.
    BadInput
        For impossible counts or times; all faults together.
    EmptySelection
        If no study is left.

    References
    ----------
    metafor: ``rma(measure="IRLN", xi=, ti=)`` with ``predict(transf=exp)``.
    """
    _check_transform("rate", transform, RATE_TRANSFORMS)
    effects = effect_size(transform, xi=xi, ti=ti, add=add, to=to, labels=labels)
    fit = pool(effects, method=method, test=test, prediction=prediction, policy=policy, level=level)
    events, sizes = _kept(effects, xi, ti)
    limits = rate_interval(events, sizes, level=level, method="exact")
    way = _way_back(transform, sizes, back_transform_t)
    return _summarise(PooledRate, fit, effects.zero_cell_rule, events, sizes, limits, way)


def _check_transform(quantity: str, transform: str, known: dict[str, str]) -> None:
    known_name(f"transformation of a {quantity}", transform, known)


def _kept(
    effects: EffectSizes, xi: npt.ArrayLike, sizes: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Events and sizes of the studies that have an effect size, in its order."""
    read = InputCheck("Pooling single arms").numbers(xi=xi, sizes=sizes)
    columns = (np.broadcast_to(part, effects.yi.shape) for part in read)
    events, denominators = (np.array(column[effects.estimable]) for column in columns)
    read_only(events)
    read_only(denominators)
    return events, denominators


@dataclass(frozen=True, slots=True, kw_only=True)
class _WayBack:
    """How a transformed value gets to the natural scale."""

    transform: str
    at: float | None
    rule: str
    sentences: tuple[str, ...]


def _way_back(transform: str, sizes: FloatArray, given: float | None) -> _WayBack:
    """Choose the size at which a Freeman-Tukey value is inverted."""
    what = MEASURES[transform].inverted_at
    if not what:
        rule = "exact inverse of the transformation"
        return _WayBack(transform=transform, at=None, rule=rule, sentences=())
    at = harmonic_mean(sizes) if given is None else real_number(given)
    if not 0.0 < at < math.inf:
        raise BadInput(
            f"{transform} was to be inverted at a {what} of {given!r:.80}. Give a number above 0."
        )
    source = "harmonic mean of the studies" if given is None else "as given"
    rule = f"Freeman-Tukey inverse at {what} {at:.6g} ({source})"
    caution = f"Back to the natural scale by the {rule}, on which the result depends."
    return _WayBack(transform=transform, at=at, rule=rule, sentences=(caution,))


def _summarise(
    kind: type[Summary],
    fit: PooledEffect,
    zero_cell_rule: str,
    events: FloatArray,
    sizes: FloatArray,
    limits: tuple[FloatArray, FloatArray],
    way: _WayBack,
) -> Summary:
    """Put fit, studies and the way back together."""
    low, high = (np.asarray(limit) for limit in limits)
    estimates = events / sizes
    for array in (low, high, estimates):
        read_only(array)
    prediction = fit.prediction
    scaled = [fit.estimate, fit.ci_low, fit.ci_high]
    scaled += [] if prediction is None else [prediction.low, prediction.high]
    values = [float(value) for value in back_transform(scaled, way.transform, way.at)]
    if not all(map(math.isfinite, values)):
        raise NotEstimable(
            f"Single arms were pooled as {way.transform}, and a limit of {max(scaled):.4g} has no "
            "value on the natural scale in double precision. Choose another transformation."
        )
    return kind(
        estimate=values[0],
        ci_low=values[1],
        ci_high=values[2],
        level=fit.level,
        prediction_low=None if prediction is None else values[3],
        prediction_high=None if prediction is None else values[4],
        transform=way.transform,
        back_transform_n=way.at,
        back_transform_rule=way.rule,
        k=fit.k,
        xi=events,
        sizes=sizes,
        estimates=estimates,
        ci_lows=low,
        ci_highs=high,
        labels=fit.labels,
        zero_cell_rule=zero_cell_rule,
        fit=fit,
        decisions=(*fit.decisions, *way.sentences, *_out_of_bounds(values, kind.largest)),
    )


def _out_of_bounds(values: list[float], largest: float) -> tuple[str, ...]:
    if min(values) >= 0.0 and max(values) <= largest:
        return ()
    return ("An interval reaches beyond the possible values and is not cut off.",)
