"""Every way to pool the same studies: scale, rule for empty cells, estimator, interval, studies.

``explain`` searches these ways for the one behind a published number. All subsets of the studies
are fitted at once, as the columns of a stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from scipy import special

from evidence.effects.checks import BoolArray, FloatArray
from evidence.effects.conversions import back_transform
from evidence.effects.effect_sizes import effect_size
from evidence.effects.proportions import INTERVALS, proportion_interval
from evidence.errors import BadInput, NotEstimable, UnknownName
from evidence.synthesis.batch import PooledStack, pool_stack
from evidence.synthesis.mantel_haenszel import pool_mantel_haenszel
from evidence.synthesis.peto import pool_peto
from evidence.synthesis.policies import TESTS
from evidence.synthesis.stack import IntArray

#: Measures that are searched when none is named; two arms and one arm.
TWO_ARMS: Final = ("RR", "OR", "RD")
ONE_ARM: Final = ("PLO", "PFT", "PAS", "PR", "PLN")
#: Estimators in the order in which reviews use them, which ranks settings that fit equally well.
METHODS: Final = ("DL", "CE", "REML", "PM", "ML", "SJ", "HE", "HS", "EB")
INTERVAL_TESTS: Final = ("z", "knha", "t", "adhoc")
#: Correction of empty cells: amount, where, and whether double-zero comparisons are left out.
CORRECTIONS: Final = (
    (0.5, "only0", False),
    (0.5, "only0", True),
    (0.5, "if0all", False),
    (0.5, "all", False),
    (0.0, "none", False),
)
#: Scales on which an empty cell needs no correction.
UNCORRECTED: Final = ("PAS", "PFT")
SUBSETS: Final = ("none", "leave-one-out", "all")
#: Most studies of which every subset is searched.
MOST_FOR_ALL_SUBSETS: Final = 12
PREDICTIONS: Final = {"normal": None, "t-k-2": 2, "t-k-1": 1}

Counts = Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variant:
    """The studies on one scale under one rule for empty cells.

    Attributes
    ----------
    measure : str
        Scale of the effects.
    zero_cells : str
        What was added to empty cells.
    yi, vi : ndarray, shape (k,)
        Effects and variances; NaN where a study has none.
    sizes : ndarray, shape (k,), or None
        Sample sizes, at whose harmonic mean a double arcsine is inverted.
    """

    measure: str
    zero_cells: str
    yi: FloatArray
    vi: FloatArray
    sizes: FloatArray | None


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


def subsets_of(k: int, which: str) -> BoolArray:
    """Which studies are in each set, shape (k, d); the first set has all of them.

    Parameters
    ----------
    k : int
        Number of studies.
    which : str
        none (all studies together), leave-one-out, or all (subsets of at least two).

    Raises
    ------
    UnknownName
        If ``which`` is none of these.
    BadInput
        If all subsets of too many studies are asked for.
    """
    if which not in SUBSETS:
        raise UnknownName("search over subsets", which, SUBSETS)
    full = np.ones((k, 1), dtype=bool)
    if which == "none" or k < 2:
        return full
    if which == "leave-one-out":
        return np.concatenate([full, ~np.eye(k, dtype=bool)], axis=1)
    if k > MOST_FOR_ALL_SUBSETS:
        raise BadInput(
            f"All subsets of {k} studies were to be searched; at most {MOST_FOR_ALL_SUBSETS} "
            "studies have few enough for a match to mean something. Use subsets='leave-one-out'."
        )
    bits = np.arange(2**k - 1, 0, -1)
    members = (bits[None, :] >> np.arange(k)[:, None]) % 2 == 1
    return np.asarray(members[:, members.sum(axis=0) >= 2])


def variants_of(
    counts: Counts, yi: FloatArray | None, vi: FloatArray | None, measure: str | None
) -> Iterator[Variant]:
    """Yield the studies on each scale under each rule that makes a difference."""
    if yi is not None and vi is not None:
        yield Variant(measure=measure or "GEN", zero_cells="", yi=yi, vi=vi, sizes=None)
        return
    measures = (measure,) if measure else (ONE_ARM if "xi" in counts else TWO_ARMS)
    for name in measures:
        seen: set[bytes] = set()
        for variant in _corrected(counts, name):
            key = variant.yi.tobytes() + variant.vi.tobytes()
            if key not in seen:
                seen.add(key)
                yield variant


def _corrected(counts: Counts, measure: str) -> Iterator[Variant]:
    single = "xi" in counts
    for add, to, drop00 in CORRECTIONS:
        if (drop00 and single) or (add and measure in UNCORRECTED):
            continue
        given: dict[str, Any] = {**counts}
        effects = effect_size(measure, **given, add=add, to=to, drop00=drop00)
        kept = effects.estimable & (effects.vi > 0.0)
        changed = bool(effects.corrected.any()) or not kept.all()
        yield Variant(
            measure=measure,
            zero_cells=effects.zero_cell_rule if changed else "none",
            yi=np.where(kept, effects.yi, np.nan),
            vi=np.where(kept, effects.vi, np.nan),
            sizes=counts["ni"] if single else None,
        )


def search(
    variants: Sequence[Variant],
    counts: Counts,
    members: BoolArray,
    level: float,
) -> Iterator[Worlds]:
    """Yield the results of every setting.

    Parameters
    ----------
    variants : sequence of Variant
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
    variant: Variant, method: str, members: BoolArray, columns: IntArray, level: float
) -> Iterator[Worlds]:
    chosen = members[:, columns]
    present = chosen & np.isfinite(variant.yi)[:, None]
    shape = present.shape
    y, v = (np.broadcast_to(a[:, None], shape) for a in (variant.yi, variant.vi))
    found = pool_stack(y, v, method=method, mask=present, workers=1)
    back = _WayBack(variant, present)
    i2 = {"tau2": found.i2, "Q": _i2_from_q(found)}
    for test in INTERVAL_TESTS:
        se, half = _half_width(found, test, level)
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

    def __init__(self, variant: Variant, present: BoolArray) -> None:
        self._measure = variant.measure
        self._n: FloatArray | None = None
        if variant.sizes is not None and variant.measure == "PFT":
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


def _half_width(found: PooledStack, test: str, level: float) -> tuple[FloatArray, FloatArray]:
    """Standard error and half-width of one test; NaN where it needs more studies."""
    factor = {"knha": found.s2w, "adhoc": np.maximum(1.0, found.s2w)}.get(test, 1.0)
    se = found.se * np.sqrt(factor)
    return se, se * _critical(level, None if test == "z" else found.k - 1)


def _critical(level: float, df: IntArray | None) -> FloatArray | float:
    tail = (1.0 - level) / 2.0
    if df is None:
        return -float(special.ndtri(tail))
    return np.asarray(np.where(df > 0, -special.stdtrit(np.maximum(df, 1), tail), np.nan))


def _prediction_limits(found: PooledStack, se: FloatArray, level: float) -> dict[str, FloatArray]:
    spread = np.sqrt(found.tau2 + se**2)
    return {
        name: np.asarray(spread * _critical(level, None if lost is None else found.k - lost))
        for name, lost in PREDICTIONS.items()
    }


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
    return TESTS.get(test, f"{test} interval of a proportion")
