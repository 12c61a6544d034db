"""Cells of a stranger's file: what stands in them, where they stand, and the number they hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from evidence.errors import BadInput

_ABSENT: Final = ("", "na", "nan", "n/a", "null", "none", ".", "-")
#: What an address of a cell begins with.
GIVEN_CELL: Final = "given:"
#: Digits that double precision keeps of every number.
_KEPT: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCell:
    """A cell of a file, and where it stands.

    Attributes
    ----------
    file : str
        Name of the file.
    line, column : int
        Line on which the row ends, and place of the column; both count from 1.
    header : str
        What stands above it in the first line of the table.
    token : str
        What stands in it, without the white space around it.
    """

    file: str
    line: int
    column: int
    header: str
    token: str

    @property
    def address(self) -> str:
        """``given:<file>:<line>:<column>``, by which a ledger names the cell."""
        return f"{GIVEN_CELL}{self.file}:{self.line}:{self.column}"

    @property
    def value(self) -> float:
        """Its number; NaN if it holds none, which a table of studies refuses."""
        return number_in(self.token)

    @property
    def is_number(self) -> bool:
        """Whether it holds a finite number."""
        return math.isfinite(self.value)

    @property
    def decimals(self) -> int:
        """Decimals with which its number is written, as far as double precision keeps them."""
        written = Decimal(_plain(self.token))
        kept = _KEPT - 1 - (written.adjusted() if written else 0)
        return max(0, min(-int(written.as_tuple().exponent), kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStudy:
    """One row of a file.

    Attributes
    ----------
    line : int
        Line of the file on which it ends.
    name : GivenCell or None
        Where its name stands; None if it has none.
    numbers : mapping of str to GivenCell
        Its numbers, by the names of their columns.
    """

    line: int
    name: GivenCell | None
    numbers: Mapping[str, GivenCell]


def place_of(address: str) -> tuple[str, int, int]:
    """Return file, line and column of an address that :attr:`GivenCell.address` gave.

    Raises
    ------
    BadInput
        It is no such address.
    """
    file, *places = address.removeprefix(GIVEN_CELL).rsplit(":", 2)
    if not (
        address.startswith(GIVEN_CELL) and len(places) == 2 and all(map(str.isdecimal, places))
    ):
        raise BadInput(
            f"A cell was sought at {address!r}. Write it as {GIVEN_CELL}<file>:<line>:<column>."
        )
    line, column = (int(place) for place in places)
    return file, line, column


def number_in(cell: str) -> float:
    """Return the number of a cell; NaN for a cell that holds none."""
    text = _plain(cell)
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _plain(cell: str) -> str:
    return cell.strip().replace("\N{MINUS SIGN}", "-")


def what_is_wrong(cell: str) -> str:
    """Say why a cell holds no number, and what to write."""
    text = cell.strip()
    if text.lower() in _ABSENT:
        return "is missing; give the number, or leave out the row"
    if "," in text:
        return f"is {text!r}; write decimals with a point and thousands without a sign"
    return f"is {text!r}, which is not a number"
