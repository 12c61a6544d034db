"""Mean and standard deviation of an arm whose median, range or quartiles were printed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from evidence.arrays import FloatArray
from evidence.double_precision import in_double_precision
from evidence.errors import BadInput, known_name
from evidence.input_checks import InputCheck

#: The sets of quantiles that papers print, by the name of the scenario in Wan et al.
SCENARIOS: Final = {
    "C1": ("minimum", "median", "maximum"),
    "C2": ("minimum", "q1", "median", "q3", "maximum"),
    "C3": ("q1", "median", "q3"),
}
MEAN_METHODS: Final = {
    "hozo": ("C1",),
    "bland": ("C2",),
    "wan": ("C3",),
    "luo": ("C1", "C2", "C3"),
}
SD_METHODS: Final = {"wan": ("C1", "C2", "C3"), "shi": ("C2",)}


@in_double_precision("A mean")
def mean_from_quantiles(
    *,
    median: ArrayLike,
    n: ArrayLike,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    method: str = "luo",
) -> FloatArray:
    """Mean of an arm from its median with range, quartiles, or both.

    Parameters
    ----------
    median, n : array_like
        Median and size.
    minimum, maximum, q1, q3 : array_like, optional
        Range and quartiles; one pair or both.
    method : {"luo", "hozo", "bland", "wan"}
        ``luo`` for any set; ``hozo`` for the range, ``wan`` for quartiles, ``bland`` for both.

    References
    ----------
    Hozo et al. (2005), BMC Med Res Methodol 5:13; Wan et al. (2014), ibid. 14:135; Bland (2015),
    Int J Stat Med Res 4:57-64; Luo et al. (2018), Stat Methods Med Res 27:1785-1805.
    metafor: ``conv.fivenum``.
    """
    given = {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum}
    scenario, size, points = _read_quantiles("mean", given, n, method, MEAN_METHODS)
    if method in ("hozo", "bland"):
        weights = (1, 2, 1) if method == "hozo" else (1, 2, 2, 2, 1)
        return np.asarray(np.average(np.stack(points), axis=0, weights=weights))[()]
    if method == "wan":
        return np.asarray(np.mean(np.stack(points), axis=0))[()]
    if scenario == "C1":
        weight = 4 / (4 + size**0.75)
        return np.asarray(weight * (points[0] + points[2]) / 2 + (1 - weight) * points[1])[()]
    if scenario == "C3":
        weight = 0.7 + 0.39 / size
        return np.asarray(weight * (points[0] + points[2]) / 2 + (1 - weight) * points[1])[()]
    outer, inner = 2.2 / (2.2 + size**0.75), 0.7 - 0.72 / size**0.55
    low, lower, middle, upper, high = points
    total = outer * (low + high) / 2 + inner * (lower + upper) / 2 + (1 - outer - inner) * middle
    return np.asarray(total)[()]


@in_double_precision("A standard deviation")
def sd_from_quantiles(
    *,
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    method: str = "wan",
) -> FloatArray:
    """SD of an arm from its range, quartiles, or both.

    Parameters
    ----------
    n, median : array_like
        Size and median (the median only takes part in the check of the order).
    minimum, maximum, q1, q3 : array_like, optional
        Range and quartiles; one pair or both.
    method : {"wan", "shi"}
        ``shi`` needs range and quartiles.

    References
    ----------
    Wan et al. (2014), BMC Med Res Methodol 14:135; Shi et al. (2020), Res Synth Methods
    11:641-654. metafor: ``conv.fivenum``.
    """
    given = {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum}
    scenario, size, points = _read_quantiles("standard deviation", given, n, method, SD_METHODS)
    extreme = stats.norm.ppf((size - 0.375) / (size + 0.25))
    quartile = stats.norm.ppf((0.75 * size - 0.125) / (size + 0.25))
    outer = points[-1] - points[0]
    if scenario == "C1":
        return np.asarray(outer / (2 * extreme))[()]
    if scenario == "C3":
        return np.asarray(outer / (2 * quartile))[()]
    inner = points[3] - points[1]
    if method == "wan":
        return np.asarray(outer / (4 * extreme) + inner / (4 * quartile))[()]
    first = (2 + 0.14 * size**0.6) * extreme
    second = (2 + 2 / (0.07 * size**0.6)) * quartile
    return np.asarray(outer / first + inner / second)[()]


def _read_quantiles(
    what: str,
    given: dict[str, ArrayLike | None],
    n: ArrayLike,
    method: str,
    methods: dict[str, tuple[str, ...]],
) -> tuple[str, FloatArray, list[FloatArray]]:
    known_name(f"way to a {what} from quantiles", method, methods)
    present = {name: value for name, value in given.items() if value is not None}
    fits = [name for name, needs in SCENARIOS.items() if needs == tuple(present)]
    if not fits or fits[0] not in methods[method]:
        wanted = " or ".join(", ".join(SCENARIOS[name]) for name in methods[method])
        raise BadInput(
            f"The {what} by {method!r} was asked from {', '.join(present)}. It needs {wanted}."
        )
    check = InputCheck(f"The {what} from quantiles")
    size, *points = check.numbers(n=n, **present)
    check.where(size < 2, "n must be at least 2, and is {}", size)
    names = list(present)
    for i in range(len(points) - 1):
        low, high = np.broadcast_arrays(points[i], points[i + 1])
        check.where(low > high, f"{names[i]} {{}} exceeds {names[i + 1]} {{}}", low, high)
    check.refuse()
    return fits[0], size, list(np.broadcast_arrays(*points))
