"""Columns of moderators: numbers as they are, factors by treatment contrasts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray

if TYPE_CHECKING:
    import pandas as pd

#: What may be given as moderators: names with columns, a data frame, or a matrix.
Moderators: TypeAlias = "Mapping[str, npt.ArrayLike] | pd.DataFrame | npt.ArrayLike"
#: Values of one column: floats, or names of levels; None where one is missing.
Values: TypeAlias = "list[float | str | None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeratorTerm:
    """One moderator and how it becomes columns.

    Attributes
    ----------
    name : str
        Moderator.
    levels : tuple of str
        Levels of a factor in their order; empty for a number.
    reference : str or None
        Level without a column; None for a number, or if every level has one.
    low, high : float or None
        Range of a number in the studies.
    """

    name: str
    levels: tuple[str, ...] = ()
    reference: str | None = None
    low: float | None = None
    high: float | None = None

    @property
    def coded(self) -> tuple[str, ...]:
        """Levels that have a column."""
        return tuple(level for level in self.levels if level != self.reference)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: the moderator, or ``moderator[level]``."""
        if not self.levels:
            return (self.name,)
        return tuple(f"{self.name}[{level}]" for level in self.coded)

    def encode(self, values: Values) -> FloatArray:
        """Columns of complete values, shape (k, columns)."""
        if not self.levels:
            return np.array(values, dtype=float)[:, None]
        return np.array(
            [[float(value == level) for level in self.coded] for value in values]
        ).reshape(len(values), len(self.coded))

    def faults(self, values: Values) -> list[str | None]:
        """For each value what is wrong with it, or None."""
        if not self.levels:
            return [
                None if isinstance(value, float) else f"{self.name} is {value!r}, not a number"
                for value in values
            ]
        known = ", ".join(self.levels)
        return [
            None if value in self.levels else f"{self.name} has no level {value!r} (known: {known})"
            for value in values
        ]


def read_table(
    moderators: Moderators | None, names: Sequence[str] | None = None
) -> tuple[dict[str, npt.ArrayLike], list[str]]:
    """Columns by name, and what is wrong with their names.

    Parameters
    ----------
    moderators : mapping, DataFrame, array_like or None
        The columns of a matrix are called x1, x2, ... or as ``names`` says.
    names : sequence of str, optional
        Names of the columns of a matrix.
    """
    if moderators is None:
        return {}, []
    if isinstance(moderators, Mapping):
        return {str(name): column for name, column in moderators.items()}, []
    columns = getattr(moderators, "columns", None)
    if columns is not None:
        twice = sorted({str(name) for name in columns if list(columns).count(name) > 1})
        if twice:
            return {}, [f"there are several columns called {', '.join(twice)}"]
        return {str(name): moderators[name] for name in columns}, []  # type: ignore[index]
    return _read_matrix(moderators, names)


def _read_matrix(
    moderators: npt.ArrayLike, names: Sequence[str] | None
) -> tuple[dict[str, npt.ArrayLike], list[str]]:
    try:
        matrix = np.asarray(moderators)
    except ValueError:
        return {}, ["the rows of the matrix of moderators differ in length"]
    if matrix.ndim not in (1, 2):
        return {}, [f"moderators have {matrix.ndim} dimensions; give one column for each"]
    columns = matrix[:, None] if matrix.ndim == 1 else matrix
    found = [f"x{i + 1}" for i in range(columns.shape[1])] if names is None else list(names)
    if len(found) != columns.shape[1]:
        return {}, [f"there are {columns.shape[1]} columns for {len(found)} moderators"]
    return {name: columns[:, i] for i, name in enumerate(found)}, []


def read_values(column: npt.ArrayLike) -> tuple[Values, tuple[str, ...]]:
    """Values of one column, and the levels it declares (a pandas categorical does).

    Raises
    ------
    ValueError
        If it is no single column of numbers or names; the message says what it is.
    """
    declared = getattr(getattr(column, "cat", column), "categories", None)
    try:
        # a list keeps the kinds of its values, which numpy would turn into text
        kept = None if hasattr(column, "dtype") else object
        array = np.atleast_1d(np.asarray(column, dtype=kept))
    except ValueError:
        raise ValueError("is no column of numbers or names") from None
    if array.ndim != 1:
        raise ValueError(f"has {array.ndim} dimensions; give one value for each study")
    if array.dtype.kind in "mM":
        raise ValueError("holds dates; give a number, such as the year")
    plain = [value.item() if isinstance(value, np.generic) else value for value in array.tolist()]
    values = [None if _missing(value) else value for value in plain]
    if declared is not None:
        return _as_names(values), tuple(str(level) for level in declared)
    if all(value is None or isinstance(value, int | float) for value in values):
        try:
            return [None if value is None else float(value) for value in values], ()
        except OverflowError:
            raise ValueError("holds a whole number that is too large") from None
    if not all(value is None or isinstance(value, str) for value in values):
        kinds = sorted({type(value).__name__ for value in values if value is not None})
        raise ValueError(f"mixes or holds {', '.join(kinds)}; give numbers or names")
    return _as_names(values), ()


def _as_names(values: Sequence[object]) -> Values:
    return [None if value is None else str(value) for value in values]


def _missing(value: object) -> bool:
    """Tell None, NaN and the missing values of pandas from others."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and not math.isfinite(value)


def find_term(name: str, values: Values, declared: tuple[str, ...], *, full: bool) -> ModeratorTerm:
    """How a complete column becomes columns of the design.

    Parameters
    ----------
    name : str
        Moderator.
    values : list
        Its values, none missing.
    declared : tuple of str
        Levels in a declared order; the first that occurs is the reference.
    full : bool
        Give every level of a factor a column.
    """
    numbers = [value for value in values if isinstance(value, float)]
    if numbers and not declared:
        return ModeratorTerm(name=name, low=min(numbers), high=max(numbers))
    present = {value for value in values if isinstance(value, str)}
    levels = tuple(level for level in declared or sorted(present) if level in present)
    return ModeratorTerm(name=name, levels=levels, reference=None if full else levels[0])
