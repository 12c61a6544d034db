"""The rule for empty cells: what is added, to which studies, and which studies are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from evidence.arrays import BoolArray, FloatArray
from evidence.errors import BadInput, known_name, refuse
from evidence.input_checks import is_truth, real_number

#: Which studies each rule adds to, by name, from those with an empty cell and those left out.
ZERO_CELL_RULES: Final[Mapping[str, Callable[[BoolArray, BoolArray], BoolArray]]] = (
    MappingProxyType(
        {
            "only0": lambda empty, dropped: empty,
            "all": lambda empty, dropped: np.logical_not(dropped),
            "if0all": lambda empty, dropped: np.logical_and(
                np.broadcast_to(empty.any(axis=0), empty.shape), ~dropped
            ),
            "none": lambda empty, dropped: np.zeros_like(empty),
        }
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroCellRule:
    """What happens to a study with an empty cell.

    Attributes
    ----------
    add : float
        The number added to each cell.
    to : str
        ``only0``: to the studies with an empty cell. ``all``: to every study. ``if0all``: to
        every study if any has an empty cell. ``none``: to no study.
    drop00 : bool
        Whether a comparison without events (or with events only) in both arms has no effect size.

    References
    ----------
    metafor: the arguments ``add``, ``to`` and ``drop00`` of ``escalc``.
    """

    add: float
    to: str
    drop00: bool = False

    def __post_init__(self) -> None:
        known_name("rule for zero cells", self.to, ZERO_CELL_RULES)
        refuse(
            BadInput,
            f"Empty cells were to be treated by add={self.add!r:.80}, drop00={self.drop00!r:.80}.",
            self._faults(),
        )

    def _faults(self) -> list[str]:
        faults = []
        if not 0 <= real_number(self.add) < np.inf:
            faults.append("add must be 0 or a positive number, such as 0.5")
        if not is_truth(self.drop00):
            faults.append("drop00 must be True or False")
        return faults

    @property
    def name(self) -> str:
        """The rule in the words of its arguments."""
        dropping = ", drop00" if self.drop00 else ""
        if self.to == "none" or self.add == 0:
            return f"none{dropping}"
        return f"{self.to}, add={self.add:g}{dropping}"

    def corrected(self, cells: Sequence[FloatArray], dropped: BoolArray) -> BoolArray:
        """Tell which studies the rule adds to.

        Parameters
        ----------
        cells : sequence of arrays, each of shape (k,) or (k, d)
            The counts that may be empty.
        dropped : array
            Studies left out; their empty cells do not make ``if0all`` add to the others.
        """
        empty: BoolArray = np.any(np.stack([cell == 0 for cell in cells]), axis=0) & ~dropped
        return ZERO_CELL_RULES["none" if self.add == 0 else self.to](empty, dropped)
