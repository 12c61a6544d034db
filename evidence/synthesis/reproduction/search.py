"""Results of every way to pool the same studies, for the search behind a published number.

All subsets of the studies are fitted at once, as the columns of a stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from evidence.arrays import BoolArray, FloatArray, IntArray
from evidence.effects.conversions import back_transform
from evidence.effects.measures import MEASURES
from evidence.effects.proportions import INTERVALS, proportion_interval
from evidence.errors import NotEstimable
from evidence.synthesis.multiverse.specifications import (
    INTERVAL_TESTS,
    METHODS,
    ONE_ARM,
    TWO_ARMS,
    Counts,
    Specification,
    critical_values,
    half_width,
    variants_of,
)
from evidence.synthesis.pairwise.prediction import PREDICTION_INTERVALS, PredictionDefinition
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.rare_events.mantel_haenszel import pool_mantel_haenszel
from evidence.synthesis.rare_events.peto import pool_peto
from evidence.synthesis.stacks.pooled_stack import PooledStack, pool_stack

#: Definitions of the prediction interval that differ from each other whatever the test is.
PREDICTIONS: Final = {name: one for name, one in PREDICTION_INTERVALS.items() if not one.by_test}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worlds:
    """Results of one setting for several sets of studies, on the natural scale; shape (d,).

    Attributes
    ----------
    measure, zero_cells, method, test : str
        The setting.
    estimate, ci_low, ci_high : ndarray
        Summary and its interval.
    i2, prediction_low, prediction_high : mapping of str to ndarray
        Each by definition.
    left_out : ndarray of bool, shape (k, d)
        Studies that are not in the summary by choice.
    """

    measure: str
    zero_cells: str
    method: str
    test: str
    estimate: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    i2: Mapping[str, FloatArray]
    prediction_low: Mapping[str, FloatArray]
    prediction_high: Mapping[str, FloatArray]
    left_out: BoolArray


def search_variants(
    counts: Counts, yi: FloatArray | None, vi: FloatArray | None, measure: str | None
) -> tuple[Specification, ...]:
    """Studies on each scale to search; effects that were given are taken as they are.

    Parameters
    ----------
    counts : mapping of str to ndarray
        Counts of one or two arms; empty if effects were given.
    yi, vi : ndarray, shape (k,), or None
        Effects and variances.
    measure : str or None
        The one scale to search.
    """
    if yi is not None and vi is not None:
        return (Specification(measure=measure or "GEN", zero_cells="", yi=yi, vi=vi),)
    several = ONE_ARM if "xi" in counts else TWO_ARMS
    return variants_of(counts, (measure,) if measure else several)


def search(
    variants: Sequence[Specification],
    counts: Counts,
    members: BoolArray,
    level: float,
) -> Iterator[Worlds]:
    """Yield the results of every setting.

    Parameters
    ----------
    variants : sequence of Specification
        The studies on each scale.
    counts : mapping of str to ndarray
        What they were made from; empty if effects were given.
    members : ndarray of bool, shape (k, d)
        Sets of studies.
    level : float
        Coverage of the intervals.
    """
    for variant in variants:
        present = members & np.isfinite(variant.yi)[:, None]
        columns = np.flatnonzero(present.any(axis=0))
        if columns.size == 0:
            continue
        for method in METHODS:
            # A setting that leaves double precision has no number to compare.
            with suppress(NotEstimable):
                yield from _inverse_variance(variant, method, members, columns, level)
    yield from _of_counts(tuple({one.measure for one in variants}), counts, members, level)


def _inverse_variance(
    variant: Specification, method: str, members: BoolArray, columns: IntArray, level: float
) -> Iterator[Worlds]:
    chosen = members[:, columns]
    present = chosen & np.isfinite(variant.yi)[:, None]
    shape = present.shape
    y, v = (np.broadcast_to(a[:, None], shape) for a in (variant.yi, variant.vi))
    found = pool_stack(y, v, method=method, mask=present, workers=1)
    back = _WayBack(variant, present)
    i2 = {"tau2": found.i2, "Q": _i2_from_q(found)}
    for test in INTERVAL_TESTS:
        se, half = half_width(found, test, level)
        low, high = found.estimate - half, found.estimate + half
        limits = _prediction_limits(found, se, level)
        yield Worlds(
            measure=variant.measure,
            zero_cells=variant.zero_cells,
            method=method,
            test=test,
            estimate=back(found.estimate),
            ci_low=back(low),
            ci_high=back(high),
            i2=i2,
            prediction_low={name: back(found.estimate - half) for name, half in limits.items()},
            prediction_high={name: back(found.estimate + half) for name, half in limits.items()},
            left_out=~chosen,
        )


class _WayBack:
    """Values of a variant on the natural scale, not estimable ones as NaN."""

    def __init__(self, variant: Specification, present: BoolArray) -> None:
        self._measure = variant.measure
        self._n: FloatArray | None = None
        if variant.sizes is not None and MEASURES[variant.measure].inverted_at:
            inverse = np.where(present, 1.0 / variant.sizes[:, None], 0.0)
            self._n = np.asarray(present.sum(axis=0) / inverse.sum(axis=0))

    def __call__(self, values: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            return np.asarray(back_transform(values, self._measure, self._n), dtype=float)


def _i2_from_q(found: PooledStack) -> FloatArray:
    df = found.k - 1
    return np.asarray(
        np.maximum(0.0, 1.0 - df / np.where(found.q > df, found.q, np.maximum(df, 1)))
    )


def _prediction_limits(found: PooledStack, se: FloatArray, level: float) -> dict[str, FloatArray]:
    with np.errstate(over="ignore"):
        spread = np.sqrt(found.tau2 + se**2)
    return {
        name: np.asarray(spread * critical_values(level, _df(definition, found.k)))
        for name, definition in PREDICTIONS.items()
    }


def _df(definition: PredictionDefinition, k: IntArray) -> IntArray | None:
    return None if definition.spent is None else k - 1 - definition.spent


def _of_counts(
    measures: Sequence[str], counts: Counts, members: BoolArray, level: float
) -> Iterator[Worlds]:
    """Yield the methods that need no effect of the single study."""
    if "xi" in counts:
        yield from _sums(counts, members, level)
    elif counts and members.shape[1] <= members.shape[0] + 1:
        for measure in sorted(measures):
            yield _by_function("MH", measure, counts, members, level)
        if "OR" in measures:
            yield _by_function("Peto", "OR", counts, members, level)


def _sums(counts: Counts, members: BoolArray, level: float) -> Iterator[Worlds]:
    """Yield the summed events over the summed patients, as if all were one study."""
    events, sizes = (counts[name] @ members for name in ("xi", "ni"))
    for interval in INTERVALS:
        low, high = proportion_interval(events, sizes, level=level, method=interval)
        yield _plain("sum of all patients", "PR", interval, (events / sizes, low, high), members)


def _by_function(
    method: str, measure: str, counts: Counts, members: BoolArray, level: float
) -> Worlds:
    rows = []
    for column in members.T:
        part = {name: values[column] for name, values in counts.items()}
        found = (
            pool_peto(**part, level=level)
            if method == "Peto"
            else pool_mantel_haenszel(**part, measure=measure, level=level)
        )
        numbers = (found.estimate, found.ci_low, found.ci_high)
        rows.append([np.nan if number is None else number for number in numbers])
    values = back_transform(np.array(rows).T, measure)
    return _plain(method, measure, "z", (values[0], values[1], values[2]), members)


def _plain(
    method: str,
    measure: str,
    test: str,
    values: tuple[FloatArray, FloatArray, FloatArray],
    members: BoolArray,
) -> Worlds:
    estimate, low, high = (np.asarray(value, dtype=float) for value in values)
    return Worlds(
        measure=measure,
        zero_cells="none",
        method=method,
        test=test,
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        i2={},
        prediction_low={},
        prediction_high={},
        left_out=~members,
    )


def definitions(i2: bool, prediction: bool) -> list[tuple[str | None, str | None]]:
    """Combinations of a definition of I2 and one of the prediction interval to look at."""
    return list(
        product(("tau2", "Q") if i2 else (None,), tuple(PREDICTIONS) if prediction else (None,))
    )


def interval_name(test: str) -> str:
    """Interval in words."""
    return (
        SUMMARY_TESTS[test].words if test in SUMMARY_TESTS else f"{test} interval of a proportion"
    )
