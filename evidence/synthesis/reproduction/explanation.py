"""Why is a published number different? Which settings reproduce it from the same studies.

A published estimate and interval are sought among all ways of pooling the studies: scale, rule for
empty cells, estimator of tau2, interval of the summary, definitions of I2 and of the prediction
interval, and studies left out. What is compared are the digits that were printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.effects.measures import find_measure
from evidence.errors import BadInput, NotEstimable
from evidence.input_checks import InputCheck, study_names
from evidence.synthesis.inputs.study_sets import subsets_of
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.reproduction.published import PublishedNumbers, read_published
from evidence.synthesis.reproduction.ranking import KEPT, outcome_sentence, rank_settings
from evidence.synthesis.reproduction.records import Explanation, Setting
from evidence.synthesis.reproduction.search import Worlds, definitions, search, search_variants

#: Half a unit of the last printed digit, with room for the rounding of the half itself.
_HALF_UNIT: Final = 0.5 + 1e-6
#: Settings of one way to pool that are kept for the ranking.
_KEPT_OF_ONE: Final = 5
_ROUTES: Final = (("yi", "vi"), ("ai", "n1i", "ci", "n2i"), ("xi", "ni"))


def explain(
    *,
    estimate: float,
    ci_low: float | None = None,
    ci_high: float | None = None,
    level: float = 0.95,
    yi: npt.ArrayLike | None = None,
    vi: npt.ArrayLike | None = None,
    ai: npt.ArrayLike | None = None,
    n1i: npt.ArrayLike | None = None,
    ci: npt.ArrayLike | None = None,
    n2i: npt.ArrayLike | None = None,
    xi: npt.ArrayLike | None = None,
    ni: npt.ArrayLike | None = None,
    measure: str | None = None,
    decimals: int | None = None,
    percent: bool = False,
    i2: float | None = None,
    prediction: tuple[float, float] | None = None,
    subsets: str = "leave-one-out",
    labels: Sequence[str] | None = None,
) -> Explanation:
    """Settings that reproduce a published pooled result from the studies it is said to pool.

    Parameters
    ----------
    estimate, ci_low, ci_high : float
        Published summary and its interval on the natural scale (a ratio, a proportion), as printed.
        Without an interval many settings will fit.
    level : float
        Coverage of the interval.
    yi, vi : array_like, shape (k,)
        Effects and variances; ratios on the log scale.
    ai, n1i, ci, n2i : array_like, shape (k,)
        Events and participants of two arms.
    xi, ni : array_like, shape (k,)
        Events and participants of one arm.
    measure : str, optional
        Scale. Left out, counts are searched over RR, OR, RD or PLO, PFT, PAS, PR, PLN; effects are
        taken as they are.
    decimals : int, optional
        Printed decimals; left out, the most that any of the three numbers has.
    percent : bool
        The numbers are percentages of a proportion or risk difference.
    i2 : float, optional
        Published I2 in per cent.
    prediction : pair of float, optional
        Published prediction interval.
    subsets : str
        Studies that may be left out: none, leave-one-out, or all subsets of up to 12 studies.
    labels : sequence of str, optional
        Names of the studies.

    Raises
    ------
    BadInput
        If the studies are given in no way or in two, or numbers cannot be right.
    UnknownName
        If the measure or ``subsets`` is not known.
    NotEstimable
        If no setting gives a number.

    Examples
    --------
    >>> found = explain(estimate=0.21, ci_low=-0.01, ci_high=0.43, yi=[0.1, 0.3], vi=[0.02, 0.03])
    >>> found.k
    2
    """
    given = {"yi": yi, "vi": vi, "ai": ai, "n1i": n1i, "ci": ci, "n2i": n2i, "xi": xi, "ni": ni}
    given_names = None if labels is None else study_names(labels)
    counts = _read(given, given_names)
    if measure is not None:
        find_measure(measure)
    level = check_level(level)
    published = read_published(
        {"estimate": estimate, "ci_low": ci_low, "ci_high": ci_high, "i2": i2},
        decimals,
        percent,
        prediction,
    )
    digits = published.targets["estimate"][1]
    effects, variances = counts.pop("yi", None), counts.pop("vi", None)
    k = len(next(iter(counts.values())) if effects is None else effects)
    names = tuple(f"study {i + 1}" for i in range(k)) if given_names is None else given_names
    variants = search_variants(counts, effects, variances, measure)
    members = subsets_of(k, subsets)
    found, tried, reproducing = _collect(search(variants, counts, members, level), published, names)
    if not found:
        raise NotEstimable(
            f"A published result was to be explained by {k} studies, and none of {tried} settings "
            "gives a number. Check the events and sizes."
        )
    ranked = rank_settings(found)
    with_all = next((one for one in ranked if not one.left_out), None)
    return Explanation(
        estimate=estimate,
        ci_low=ci_low,
        ci_high=ci_high,
        level=level,
        decimals=digits,
        k=k,
        tried=tried,
        reproducing=reproducing,
        settings=tuple(ranked[:KEPT]),
        nearest_with_all=with_all,
        sentence=outcome_sentence(ranked, with_all, tried, reproducing, published),
    )


def _read(
    given: dict[str, npt.ArrayLike | None], labels: Sequence[str] | None
) -> dict[str, FloatArray]:
    """Arrays of the one way in which the studies were given."""
    present = {name for name, value in given.items() if value is not None}
    route = next((names for names in _ROUTES if present == set(names)), None)
    if route is None:
        ways = "; or ".join(", ".join(names) for names in _ROUTES)
        raise BadInput(
            f"A published result is explained from {ways}. "
            f"Given were {', '.join(sorted(present)) or 'none of them'}. Give exactly one way."
        )
    check = InputCheck("Explaining a published result", labels or ())
    wanted = {name: value for name in route if (value := given[name]) is not None}
    arrays = dict(zip(route, map(np.atleast_1d, check.numbers(**wanted)), strict=True))
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1 or shapes == {(0,)}:
        check.problems.append(f"{', '.join(route)} are lists of one length, one number a study")
    elif labels is not None and (len(labels),) not in shapes:
        check.problems.append(f"there are {len(labels)} labels for {next(iter(shapes))[0]} studies")
    if "vi" in arrays:
        check.where(arrays["vi"] <= 0.0, "vi is {}; a sampling variance is above 0", arrays["vi"])
    check.refuse()
    return arrays


def _collect(
    worlds: Iterator[Worlds], published: PublishedNumbers, names: tuple[str, ...]
) -> tuple[list[Setting], int, int]:
    """Return the best settings, how many were tried, and how many reproduce the numbers."""
    found: list[Setting] = []
    tried = reproducing = 0
    targets = published.targets
    for world in worlds:
        pairs = definitions("i2" in targets, "prediction_low" in targets)
        for i2, prediction in pairs:
            distance, values = _distances(world, published, i2, prediction)
            tried += distance.size
            reproducing += int(np.sum(distance <= _HALF_UNIT))
            for column in _best(distance, world):
                found.append(
                    _setting(world, values, float(distance[column]), column, names, i2, prediction)
                )
    return found, tried, reproducing


def _distances(
    world: Worlds, published: PublishedNumbers, i2: str | None, prediction: str | None
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Largest distance of each set of studies, and its numbers as they would be printed."""
    factor, absent = published.factor, np.full(world.estimate.shape, np.nan)
    values = {name: factor * getattr(world, name) for name in ("estimate", "ci_low", "ci_high")}
    if i2 is not None:
        values["i2"] = 100.0 * world.i2.get(i2, absent)
    if prediction is not None:
        for name in ("prediction_low", "prediction_high"):
            values[name] = factor * getattr(world, name).get(prediction, absent)
    distances = [published.distance(name, values[name]) for name in published.targets]
    return np.max(distances, axis=0), values


def _best(distance: FloatArray, world: Worlds) -> list[int]:
    """Columns worth keeping: all studies, and those that fit with the fewest left out."""
    usable = np.flatnonzero(np.isfinite(distance))
    left_out = world.left_out.sum(axis=0)
    missed = np.maximum(distance[usable] - _HALF_UNIT, 0.0)
    order = usable[np.lexsort((left_out[usable], missed))][:_KEPT_OF_ONE]
    everything = [int(column) for column in usable if left_out[column] == 0]
    return sorted({*everything, *map(int, order)})


def _setting(
    world: Worlds,
    values: dict[str, FloatArray],
    distance: float,
    column: int,
    names: tuple[str, ...],
    i2: str | None,
    prediction: str | None,
) -> Setting:
    at = {name: float(value[column]) for name, value in values.items()}
    out = tuple(name for name, gone in zip(names, world.left_out[:, column], strict=True) if gone)
    return Setting(
        measure=world.measure,
        zero_cells=world.zero_cells,
        method=world.method,
        test=world.test,
        left_out=out,
        estimate=at["estimate"],
        ci_low=at["ci_low"],
        ci_high=at["ci_high"],
        i2=at.get("i2"),
        i2_definition=i2,
        prediction_low=at.get("prediction_low"),
        prediction_high=at.get("prediction_high"),
        prediction=prediction,
        distance=distance,
        reproduces=distance <= _HALF_UNIT,
    )
