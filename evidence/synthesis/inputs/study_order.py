"""In which order studies came: dates or numbers, and what happens to equal ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evidence.arrays import BoolArray, FloatArray, IntArray
from evidence.errors import BadInput, EmptySelection, known_name, refuse
from evidence.input_checks import study_names

#: Rules for studies of the same date.
TIES: Final = {
    "together": "studies of the same date enter in one look",
    "as-given": "studies of the same date enter one after the other, as they were given",
}
_ASKED: Final = "Studies were to be put in order. Give one year or date for each study."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyOrder:
    """The looks of a cumulative analysis.

    Attributes
    ----------
    added : tuple of tuple of int, length m
        Places of the studies that each look adds.
    names : tuple of str, length m
        Date or number of each look.
    present : ndarray of bool, shape (k, m)
        Which studies are in at each look.
    """

    added: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    present: BoolArray


def order_studies(
    order: npt.ArrayLike, labels: Sequence[str], ties: str = "together"
) -> StudyOrder:
    """Looks in the order of dates or numbers, the smallest first.

    Parameters
    ----------
    order : array_like, shape (k,)
        Numbers such as years, or dates (datetime64, ``date`` or ISO text).
    labels : sequence of str, length k
        Studies.
    ties : str
        together or as-given.

    Raises
    ------
    EmptySelection
        If there is no study.
    BadInput
        If there is not one date or number for each study.
    UnknownName
        If there is no such rule.
    """
    known_name("rule for studies of the same date", ties, TIES)
    names = study_names(labels)
    if not names:
        raise EmptySelection(
            "Studies were to be put in order and there are none. Widen the selection of studies."
        )
    key, shown = _sort_key(order, names)
    position = np.argsort(key, kind="stable")
    rank = np.empty(key.size, dtype=np.int64)
    rank[position] = np.arange(key.size)
    look = np.unique(key, return_inverse=True)[1] if ties == "together" else rank
    count = int(look.max()) + 1
    added = tuple(tuple(np.flatnonzero(look == i).tolist()) for i in range(count))
    return StudyOrder(
        added=added,
        names=tuple(shown[members[0]] for members in added),
        present=np.asarray(look[:, None] <= np.arange(count)),
    )


def _sort_key(
    order: npt.ArrayLike, labels: Sequence[str]
) -> tuple[FloatArray | IntArray, list[str]]:
    """Numbers to sort by, and how each is shown."""
    values = _as_array(order)
    problems: list[str] = []
    key: FloatArray | IntArray = np.zeros(0)
    shown: list[str] = []
    if values.shape != (len(labels),):
        problems.append(f"order has {values.size} values for {len(labels)} studies")
    elif values.dtype.kind in "iuf":
        key = values.astype(float)
        bad = ~np.isfinite(key)
        problems += [f"{labels[i]}: order is {key[i]}" for i in np.flatnonzero(bad).tolist()]
        shown = [f"{value:.12g}" for value in key.tolist()]
    else:
        try:
            days = values.astype("datetime64[D]")
        except (TypeError, ValueError, OverflowError) as failure:
            problems.append(f"order is neither numbers nor dates: {failure}")
        else:
            problems += [f"{labels[i]}: no date" for i in np.flatnonzero(np.isnat(days)).tolist()]
            key, shown = days.astype(np.int64), [str(day) for day in days]
    refuse(BadInput, _ASKED, problems)
    return key, shown


def _as_array(order: npt.ArrayLike) -> npt.NDArray[Any]:
    """Dates or numbers; objects that are all numbers are not read as days since 1970."""
    try:
        values: npt.NDArray[Any] = np.asarray(order)
        numbers = values.dtype.kind == "O" and all(isinstance(one, Real) for one in values.flat)
        return values.astype(float) if numbers else values
    except (ValueError, OverflowError) as failure:
        raise BadInput(_ASKED, [f"order is no list of numbers or dates: {failure}"]) from failure
