"""Sign patterns and orders of studies behind permutation tests: all of them, or random ones."""

from __future__ import annotations

from itertools import combinations
from math import factorial, prod
from typing import Final

import numpy as np

from evidence.arrays import FloatArray, IntArray
from evidence.errors import BadInput

#: Most studies whose sign patterns are all enumerated when no number of draws is given.
MOST_SIGNS: Final = 16
#: Most orders of the studies that are all enumerated when no number of draws is given.
MOST_ORDERS: Final = 400_000


def check_draws(
    draws: int | None, rng: np.random.Generator | None, count: int, most: int
) -> tuple[int, np.random.Generator] | None:
    """Number of draws and their source, checked; None if all patterns are taken.

    Parameters
    ----------
    draws : int or None
        Random patterns that are wanted.
    rng : numpy.random.Generator or None
        Their source.
    count : int
        How many patterns there are.
    most : int
        How many are enumerated at most.

    Raises
    ------
    BadInput
        If there are too many patterns without draws, the number of draws is no whole number from
        1, or they have no source.
    """
    if draws is None:
        if count > most:
            raise BadInput(
                f"All {count:,} patterns of a permutation test were asked for; the most is "
                f"{most:,}. Give draws=9_999 and rng=numpy.random.default_rng(seed)."
            )
        return None
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise BadInput(f"Patterns were to be drawn {draws!r} times. Give 1 or more.")
    if count <= min(draws, most):
        return None
    if not isinstance(rng, np.random.Generator):
        raise BadInput(
            f"{draws} patterns were to be drawn with rng {rng!r:.60}. Give "
            "rng=numpy.random.default_rng(seed)."
        )
    return draws, rng


def sign_patterns(
    k: int, draws: int | None, rng: np.random.Generator | None
) -> tuple[FloatArray, bool]:
    """Signs of the studies, shape (k, d), the observed ones first; and whether that is all.

    Of all 2^k patterns the half with the first sign kept, as opposite patterns have opposite
    statistics; or ``draws`` random ones.

    Parameters
    ----------
    k : int
        Number of studies.
    draws, rng
        As ``check_draws``.
    """
    drawn = check_draws(draws, rng, 2**k, 2**MOST_SIGNS)
    if drawn is None:
        half = np.arange(2 ** (k - 1))
        flips = (half[:, None] >> np.arange(k - 1)) & 1
        return np.vstack([np.ones(half.size), 1.0 - 2.0 * flips.T]), True
    count, source = drawn
    flips = source.integers(0, 2, size=(k, count))
    return np.hstack([np.ones((k, 1)), 1.0 - 2.0 * flips]), False


def count_orders(design: FloatArray) -> int:
    """How many different designs the orders of the rows of one give.

    Parameters
    ----------
    design : ndarray, shape (k, p)
        Design matrix.
    """
    counts = np.unique(design, axis=0, return_counts=True)[1]
    return factorial(design.shape[0]) // prod(factorial(int(count)) for count in counts)


def study_orders(
    design: FloatArray, draws: int | None, rng: np.random.Generator | None
) -> tuple[IntArray, IntArray, bool]:
    """Sorted rows of a design, shape (k,), orders of the studies, (k, d), and whether that is all.

    Column j says which study stands at each of the sorted rows; the observed order is first. Orders
    that exchange studies with the same moderators give the same model and are taken once.

    Parameters
    ----------
    design : ndarray, shape (k, p)
        Design matrix.
    draws, rng
        As ``check_draws``.
    """
    k = design.shape[0]
    kind, counts = np.unique(design, axis=0, return_inverse=True, return_counts=True)[1:]
    rows = np.argsort(kind.ravel(), kind="stable")
    drawn = check_draws(draws, rng, count_orders(design), MOST_ORDERS)
    if drawn is not None:
        count, source = drawn
        random = source.permuted(np.tile(np.arange(k), (count, 1)), axis=1)
        return rows, np.vstack([rows, random]).T, False
    every = _divisions(k, [int(count) for count in counts])
    observed = np.flatnonzero((every == rows).all(axis=1))[0]
    every[[0, observed]] = every[[observed, 0]]
    return rows, every.T, True


def _divisions(k: int, counts: list[int]) -> IntArray:
    """Every way to divide k studies among groups, shape (ways, k), the groups side by side."""
    left = np.arange(k, dtype=np.int64)[None, :]
    taken = np.empty((1, 0), dtype=np.int64)
    for count in counts:
        size = left.shape[1]
        chosen = np.array(list(combinations(range(size), count)), dtype=np.int64)
        free = np.ones((chosen.shape[0], size), dtype=bool)
        np.put_along_axis(free, chosen, False, axis=1)
        others = np.nonzero(free)[1].reshape(chosen.shape[0], size - count)
        ways = left.shape[0]
        picked = left[:, chosen].reshape(ways * chosen.shape[0], count)
        taken = np.hstack([np.repeat(taken, chosen.shape[0], axis=0), picked])
        left = left[:, others].reshape(ways * chosen.shape[0], size - count)
    return taken
