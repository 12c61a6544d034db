"""Rows of a registry that cannot be used: what is wrong with them, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.arrays import BoolArray, FloatArray, IntArray
from evidence.errors import known_name

#: What happens to a meta-analysis with a row that cannot be used, by the name of the rule.
BAD_ROW_RULES = {
    "refuse": "nothing is pooled, and the rows are listed",
    "mark": "it is not estimated, and says why",
    "leave-out": "it is estimated from its other rows, and says so",
}
#: Words that every account of such rows has.
UNUSABLE = "rows cannot be used"
#: What can be wrong with a row.
FAULTS = (
    "yi is missing",
    "yi is infinite",
    "vi is missing",
    "vi is infinite",
    "vi is not above 0",
)


@dataclass(frozen=True, slots=True, eq=False)
class RowFaults:
    """What is wrong with each of n rows.

    Attributes
    ----------
    flags : ndarray of bool, shape (5, n)
        Which row has which of ``FAULTS``.
    bad : ndarray of bool, shape (n,)
        Rows with a fault.
    """

    flags: BoolArray
    bad: BoolArray

    @property
    def counts(self) -> dict[str, int]:
        """Rows with each fault that occurs."""
        counts = zip(FAULTS, self.flags.sum(axis=1).tolist(), strict=True)
        return {fault: count for fault, count in counts if count}

    def of(self, row: int) -> str:
        """Faults of one row, in words."""
        return ", ".join(FAULTS[fault] for fault in np.flatnonzero(self.flags[:, row]))

    def by_group(self, starts: IntArray) -> dict[int, str]:
        """Faults of each meta-analysis that has any, counted, by its place.

        Parameters
        ----------
        starts : ndarray of int, shape (d + 1,)
            Row at which each meta-analysis starts, and the number of rows.
        """
        rows = np.flatnonzero(self.bad)
        owner = np.searchsorted(starts, rows, side="right") - 1
        groups, place = np.unique(owner, return_inverse=True)
        counts = [np.bincount(place, flag[rows], groups.size) for flag in (*self.flags, self.bad)]
        sizes = np.diff(starts)[groups].tolist()
        return {
            int(group): _in_words(*found, size)
            for group, *found, size in zip(groups, *counts, sizes, strict=True)
        }


def _in_words(*counts: float) -> str:
    *each, bad, size = map(int, counts)
    found = [f"{fault} ({n})" for fault, n in zip(FAULTS, each, strict=True) if n]
    return f"{bad} of {size} {UNUSABLE}: {', '.join(found)}"


def find_faults(yi: FloatArray, vi: FloatArray) -> RowFaults:
    """Faults of rows of effects and sampling variances, each of shape (n,)."""
    flags = np.stack([np.isnan(yi), np.isinf(yi), np.isnan(vi), np.isinf(vi), vi <= 0.0])
    return RowFaults(flags, np.asarray(flags.any(axis=0)))


def bad_row_rule(name: str) -> str:
    """Name of a rule, if there is one.

    Raises
    ------
    UnknownName
        If there is no such rule.
    """
    return known_name("rule for rows that cannot be used", name, BAD_ROW_RULES)
