"""Columns and studies as the command line names them."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.effects.own_effects import own_numbers
from evidence.effects.routes import COLUMN_NAMES
from evidence.errors import BadInput, UnknownName, refuse
from evidence.outcomes.own_studies import StudyTable
from evidence.synthesis.pairwise.own_studies import How, PooledFile, pool_own

#: What stands before the name of an option.
OPTION = "--"


def parse_columns(text: str) -> dict[str, str]:
    """Read "ai=treated,n1i=total" as name to header; "yi,vi" are headers and names at once.

    Raises
    ------
    BadInput
        A name is none that a column can have.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    names = {name.strip().lower(): (header or name).strip().lower() for name, _, header in pairs}
    allowed = {*COLUMN_NAMES, "study"}
    unknown = [str(UnknownName("column", name, allowed)) for name in names if name not in allowed]
    refuse(BadInput, f"Columns were chosen with {text!r}.", unknown)
    return names


def pool_table(
    table: StudyTable,
    measure: str | None,
    how: How,
    *,
    chosen: Mapping[str, str],
    printed_level: float = 0.95,
) -> PooledFile:
    """Pool the studies of a table; faults are told with the options of the command line."""
    numbers = own_numbers(table, measure, chosen=chosen, sign=OPTION)
    return pool_own(numbers, how, printed_level=printed_level)
