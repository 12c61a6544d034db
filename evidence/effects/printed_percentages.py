"""Events from a printed percentage: which whole numbers of patients its rounding allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import BoolArray, FloatArray, read_only
from evidence.input_checks import InputCheck
from evidence.results import ResultOfColumns

#: Rounding of the product of a percentage and a number of patients.
_NOISE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrintedPercentages(ResultOfColumns):
    """Events behind printed percentages.

    Attributes
    ----------
    events : ndarray, shape (k,)
        Whole number of events nearest to the percentage.
    low, high : ndarray, shape (k,)
        Fewest and most events whose percentage rounds to the printed one; the nearest whole number
        where there is none.
    possible : ndarray of bool, shape (k,)
        Whether any whole number of events gives the printed percentage. Where not, the percentage
        is of other patients, an estimate for patients still followed, or misprinted.
    ni : ndarray, shape (k,)
        Patients.
    """

    events: FloatArray
    low: FloatArray
    high: FloatArray
    possible: BoolArray
    ni: FloatArray

    @property
    def certain(self) -> BoolArray:
        """Where exactly one whole number gives the printed percentage."""
        return np.asarray(self.possible & (self.low == self.high))

    COLUMNS = ("events", "low", "high", "ni", "possible", "certain")


def events_from_percentages(
    percent: ArrayLike, ni: ArrayLike, *, decimals: ArrayLike = 0
) -> PrintedPercentages:
    """Events that printed percentages of patients can stand for.

    Parameters
    ----------
    percent : array_like, shape (k,)
        Printed percentages, 0 to 100.
    ni : array_like, shape (k,)
        Patients, whole numbers.
    decimals : array_like, shape (k,) or scalar
        Decimals that are printed; a percentage stands for all values within half a unit of its
        last digit, both ends included, because halves are rounded up or to even.

    Raises
    ------
    BadInput
        A percentage lies outside 0 to 100, a number of patients is not whole and positive, or
        decimals are not 0 to 12.

    Examples
    --------
    >>> found = events_from_percentages([33.3, 8.4], [21, 48], decimals=1)
    >>> found.events.tolist(), found.possible.tolist()
    ([7.0, 4.0], [True, False])
    """
    check = InputCheck("Events from percentages")
    p, n, digits = np.broadcast_arrays(
        *map(np.atleast_1d, check.numbers(percent=percent, ni=ni, decimals=decimals))
    )
    if p.ndim > 1:
        check.problems.append(f"together they have the shape {p.shape}; each is a list")
        check.refuse("Give one percentage for each group of patients.")
    check.where((p < 0) | (p > 100), "a percentage is {}; it lies between 0 and 100", p)
    check.where((n < 1) | (n != np.floor(n)), "{} patients; a whole number from 1 is needed", n)
    wrong = (digits < 0) | (digits > 12) | (digits != np.floor(digits))
    check.where(wrong, "{} decimals; a whole number from 0 to 12 is needed", digits)
    check.refuse("Compare with the source.")
    half = 0.5 * 10.0**-digits
    low = np.maximum(np.ceil(np.maximum(p - half, 0.0) * n / 100.0 - _NOISE * n), 0.0)
    high = np.floor(np.minimum(p + half, 100.0) * n / 100.0 + _NOISE * n)
    nearest = np.floor(p * n / 100.0 + 0.5)
    possible = low <= high
    arrays = {
        "events": nearest,
        "low": np.where(possible, low, nearest) + 0.0,
        "high": np.where(possible, high, nearest),
        "possible": possible,
        "ni": n.astype(float),
    }
    for array in arrays.values():
        read_only(array)
    return PrintedPercentages(**arrays)


def events_behind(percent: float, ni: float, *, decimals: int) -> float:
    """Events that stand for a printed percentage in a synthesis.

    The nearest whole number of patients, where its percentage rounds to the printed one. Where no
    whole number does, the percentage is an estimate for patients still followed, and the product
    is taken as it is, because rounding it would move the estimate.

    Parameters
    ----------
    percent : float
        Printed percentage.
    ni : float
        Patients.
    decimals : int
        Decimals that are printed.

    Raises
    ------
    BadInput
        As for :func:`events_from_percentages`.

    Examples
    --------
    >>> events_behind(77.1, 48, decimals=1), round(events_behind(29.2, 26, decimals=1), 3)
    (37.0, 7.592)
    """
    found = events_from_percentages(percent, ni, decimals=decimals)
    return float(found.events[0]) if found.possible[0] else percent * ni / 100.0
