"""Why is a published number different? Which settings reproduce it from the same studies.

A published estimate and interval are sought among all ways of pooling the studies: scale, rule for
empty cells, estimator of tau2, interval of the summary, definitions of I2 and of the prediction
interval, and studies left out. What is compared are the digits that were printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evidence.effects.checks import FloatArray, InputCheck, real_number, study_names, whole_number
from evidence.effects.measures import find_measure
from evidence.errors import BadInput, NotEstimable, refuse
from evidence.synthesis.distributions import check_level
from evidence.synthesis.explain_records import Explanation, Setting
from evidence.synthesis.explain_search import Worlds, definitions, search, search_variants
from evidence.synthesis.specifications import INTERVAL_TESTS, METHODS
from evidence.synthesis.study_sets import subsets_of

#: Half a unit of the last printed digit, with room for the rounding of the half itself.
_HALF_UNIT: Final = 0.5 + 1e-6
_MOST_DECIMALS: Final = 12
#: Settings that an explanation keeps.
_KEPT: Final = 20
_KEPT_OF_ONE: Final = 5
_ROUTES: Final = (("yi", "vi"), ("ai", "n1i", "ci", "n2i"), ("xi", "ni"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    """The printed numbers, each with the unit of its last digit."""

    targets: dict[str, tuple[float, int]]
    factor: float

    def distance(self, name: str, values: FloatArray) -> FloatArray:
        """Difference to a printed number in units of its last digit; infinite if there is none."""
        printed, decimals = self.targets[name]
        with np.errstate(over="ignore"):
            units = np.abs(values - printed) * 10.0**decimals
        return np.asarray(np.where(np.isnan(units), math.inf, units))


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
    >>> found.tried
    108
    """
    given = {"yi": yi, "vi": vi, "ai": ai, "n1i": n1i, "ci": ci, "n2i": n2i, "xi": xi, "ni": ni}
    given_names = None if labels is None else study_names(labels)
    counts = _read(given, given_names)
    if measure is not None:
        find_measure(measure)
    level = check_level(level)
    published = _published(
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
    ranked = _merged(sorted(found, key=_rank))
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
        settings=tuple(ranked[:_KEPT]),
        nearest_with_all=with_all,
        sentence=_sentence(ranked, with_all, tried, reproducing, published),
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


def _published(
    printed: dict[str, object], decimals: int | None, percent: bool, prediction: object
) -> _Published:
    """The printed numbers, or one refusal that lists every fault."""
    given = {name: value for name, value in printed.items() if value is not None}
    if prediction is not None:
        pair = tuple(prediction) if isinstance(prediction, Iterable) else ()
        bounds = pair if len(pair) == 2 else (math.nan, math.nan)
        given |= dict(zip(("prediction_low", "prediction_high"), bounds, strict=True))
    values = {name: real_number(value) for name, value in given.items()}
    problems = [
        f"{name} is {given[name]!r:.80}"
        for name, value in values.items()
        if not math.isfinite(value)
    ]
    if "estimate" not in values:
        problems.append("there is no estimate")
    if ("ci_low" in values) != ("ci_high" in values):
        problems.append("an interval has two bounds, and one was given")
    if decimals is not None and not whole_number(decimals, 0, _MOST_DECIMALS):
        problems.append(f"decimals is {decimals!r:.80}; it is 0 to {_MOST_DECIMALS}")
    if not problems and not _holds(values):
        problems.append(
            f"the estimate {values['estimate']} is outside {values['ci_low']} to "
            f"{values['ci_high']}"
        )
    refuse(BadInput, "A published result cannot be right. Give it as printed.", problems)
    first = [values[name] for name in ("estimate", "ci_low", "ci_high") if name in values]
    digits = _decimals(first) if decimals is None else int(decimals)
    targets = {name: (value, digits) for name, value in values.items()}
    if "i2" in values:
        targets["i2"] = (values["i2"], _decimals([values["i2"]]))
    return _Published(targets=targets, factor=100.0 if percent else 1.0)


def _holds(values: dict[str, float]) -> bool:
    """Whether the interval, if there is one, holds the estimate."""
    return "ci_low" not in values or values["ci_low"] <= values["estimate"] <= values["ci_high"]


def _decimals(values: Sequence[float]) -> int:
    """Decimals of the numbers as Python writes them: trailing zeros are lost."""
    texts = [f"{value:.{_MOST_DECIMALS}f}".rstrip("0") for value in values]
    return max(len(text.partition(".")[2]) for text in texts)


def _collect(
    worlds: Iterator[Worlds], published: _Published, names: tuple[str, ...]
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
    world: Worlds, published: _Published, i2: str | None, prediction: str | None
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


def _rank(one: Setting) -> tuple[float, ...]:
    method = METHODS.index(one.method) if one.method in METHODS else 1.5
    test = INTERVAL_TESTS.index(one.test) if one.test in INTERVAL_TESTS else 0.5
    common = (len(one.left_out), method + 2 * test, _unusual(one.zero_cells), one.distance)
    return (0.0, *common) if one.reproduces else (1.0, one.distance, *common[:2])


def _unusual(zero_cells: str) -> int:
    """Rank of a rule for empty cells: few reviews add to tables that have none."""
    return int(zero_cells not in ("", "none") and not zero_cells.startswith("only0"))


def _merged(ranked: list[Setting]) -> list[Setting]:
    """Put settings with the same numbers together under the likeliest of them."""
    groups: dict[tuple[object, ...], list[Setting]] = {}
    for one in ranked:
        where = (one.measure, one.zero_cells, one.left_out, one.i2_definition, one.prediction)
        numbers = (one.estimate, one.ci_low, one.ci_high, one.i2, one.prediction_low)
        groups.setdefault((*where, *map(_nine_digits, numbers)), []).append(one)
    return [
        replace(first, same=tuple(_short_name(one, first) for one in others))
        for first, *others in groups.values()
    ]


def _short_name(one: Setting, first: Setting) -> str:
    return one.method if one.test == first.test else f"{one.method} {one.test}"


def _nine_digits(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def _sentence(
    ranked: list[Setting],
    with_all: Setting | None,
    tried: int,
    reproducing: int,
    published: _Published,
) -> str:
    best = ranked[0]
    printed = _printed(published)
    if not best.reproduces:
        near = (
            f"None of {tried} settings gives {printed}. The nearest is {best.words}: "
            f"{_shown(best, published)}, {best.distance:.3g} units of the last printed digit away."
        )
        if with_all is None or not best.left_out:
            return near
        return (
            f"{near} With all studies the nearest is {with_all.words}: "
            f"{_shown(with_all, published)}, {with_all.distance:.3g} units away."
        )
    share = f"{reproducing} of {tried} settings reproduce {printed}"
    first = f"{share}. The likeliest is {best.words}: {_shown(best, published)}."
    same = [one for one in ranked[1:_KEPT] if one.reproduces and one.left_out == best.left_out]
    if same:
        first += f" So do: {'; '.join(one.words for one in same[:_KEPT_OF_ONE])}."
    if best.left_out:
        first += (
            " No setting with all studies does; leaving studies out is searched for many sets, of "
            "which some fit by chance."
        )
    return first


def _printed(published: _Published) -> str:
    texts = {name: f"{value:.{decimals}f}" for name, (value, decimals) in published.targets.items()}
    interval = f" ({texts['ci_low']} to {texts['ci_high']})" if "ci_low" in texts else ""
    i2 = f", I2 {texts['i2']}%" if "i2" in texts else ""
    return f"{texts['estimate']}{interval}{i2}"


def _shown(one: Setting, published: _Published) -> str:
    digits = published.targets["estimate"][1] + 2
    return f"{one.estimate:.{digits}f} ({one.ci_low:.{digits}f} to {one.ci_high:.{digits}f})"
