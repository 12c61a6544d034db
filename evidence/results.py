"""What every result can do: print itself as a small table and give itself as a data frame.

A result is a frozen, slotted record of keyword-only fields. It says which of them are no number of
its table; ``to_frame``, ``print`` and the display in a notebook follow from that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from textwrap import shorten
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

if TYPE_CHECKING:
    import pandas as pd

#: Rows that ``print`` shows of a table that has more, and how wide its lines and cells may be.
PRINTED_ROWS: Final = 20
PRINTED_WIDTH, WIDEST_CELL = 116, 60


class Printer(Protocol):
    """What IPython hands to a function that shows a result as plain text."""

    def text(self, text: str) -> None:
        """Write text."""
        ...


class Result:
    """A result of one row: a column for each field.

    Class attributes of a subclass say what its table is; none is a field of the record.

    Attributes
    ----------
    OMITTED : tuple of str
        Fields that are no column: arrays with a number for each study, other records.
    JOINED : mapping of str to str
        Fields that hold several texts, and what stands between them in their one cell.
    """

    __slots__ = ()

    OMITTED: ClassVar[tuple[str, ...]] = ()
    JOINED: ClassVar[Mapping[str, str]] = {"decisions": " "}

    def __init_subclass__(cls) -> None:
        # IPython looks for the two at one class after the other, and each record has its own repr
        cls._repr_pretty_ = Result._show  # type: ignore[attr-defined]

    def _show(self, printer: Printer, cycle: bool) -> None:
        """Show the result in a terminal of IPython as ``print`` does."""
        printer.text(str(self))

    def to_frame(self) -> pd.DataFrame:
        """One row with every number and definition."""
        import pandas as pd

        return pd.DataFrame([self._row()])

    def __str__(self) -> str:
        """What it is, and its table."""
        return "\n".join([type(self).__name__, *_lines(self.to_frame())])

    def _row(self) -> dict[str, Any]:
        """The cells of a table of one row."""
        row = {name: getattr(self, name) for name in columns_of(type(self), omit=self.OMITTED)}
        texts = {name: mark.join(row[name]) for name, mark in self.JOINED.items() if name in row}
        return row | texts


class ResultOfColumns(Result):
    """A result with a row for each study, summary or data set, from fields of one length.

    Attributes
    ----------
    COLUMNS : tuple of str
        Fields, or properties, that are the columns.
    INDEX : str
        Field with the name of each row, or empty.
    INDEX_NAME : str
        What the names of the rows are names of.
    """

    __slots__ = ()

    COLUMNS: ClassVar[tuple[str, ...]] = ()
    INDEX: ClassVar[str] = ""
    INDEX_NAME: ClassVar[str] = "study"

    def to_frame(self) -> pd.DataFrame:
        """One row for each study, summary or data set."""
        import pandas as pd

        index = pd.Index(getattr(self, self.INDEX), name=self.INDEX_NAME) if self.INDEX else None
        return pd.DataFrame(self._columns(), index=index)

    def _columns(self) -> dict[str, Any]:
        """The columns of the table."""
        return {name: getattr(self, name) for name in self.COLUMNS}


def columns_of(kind: type, *, omit: Sequence[str] = ()) -> list[str]:
    """Fields of a kind of record that are columns of its table."""
    return [field.name for field in fields(kind) if field.name not in omit]


def with_bounds(row: dict[str, Any], **fields: str) -> dict[str, Any]:
    """The cells of a row, each pair of bounds as two columns.

    Parameters
    ----------
    row : dict
        Names of columns to cells.
    **fields : str
        Column that holds a pair of bounds, or None, and how the two are called before ``_low`` and
        ``_high``.
    """
    cells: dict[str, Any] = {}
    for name, value in row.items():
        if name in fields:
            low, high = value or (None, None)
            cells |= {f"{fields[name]}_low": low, f"{fields[name]}_high": high}
        else:
            cells[name] = value
    return cells


def frame_of(
    records: Iterable[object],
    names: Sequence[str],
    joined: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """Table with a row for each record.

    Parameters
    ----------
    records : iterable of object
    names : sequence of str
        Fields that are the columns.
    joined : mapping of str to str
        Columns that hold several texts, and what stands between them in a cell.
    """
    import pandas as pd

    rows = [{name: getattr(one, name) for name in names} for one in records]
    for row in rows:
        row |= {name: mark.join(row[name]) for name, mark in joined.items()}
    return pd.DataFrame(rows, columns=list(names))


def _lines(frame: pd.DataFrame) -> list[str]:
    """Lines of a table: its cells below each other if they are too many for a few rows."""
    if frame.index.name is None:
        frame = frame.reset_index(drop=True)
    if len(frame) == 1 and frame.index.name is None:
        cells = {str(name): _cell(value) for name, value in frame.iloc[0].items()}
        width = max(map(len, cells), default=0)
        return [f"  {name:<{width}}  {cell}" for name, cell in cells.items() if cell]
    shown = frame.iloc[:PRINTED_ROWS].map(_cell)
    if frame.index.name is not None:
        shown = shown.reset_index()
    if len(frame) <= 3 and _width(shown) > PRINTED_WIDTH:
        return [f"  {line}" for line in shown.T.to_string(header=False).splitlines()]
    kept = [i for i in range(shown.shape[1]) if _width(shown.iloc[:, : i + 1]) <= PRINTED_WIDTH]
    lines = [f"  {line}" for line in shown.iloc[:, kept].to_string(index=False).splitlines()]
    left = ", ".join(map(str, shown.columns[len(kept) :]))
    more = len(frame) - len(shown)
    lines += [f"  and {more} more rows"] if more > 0 else []
    return lines + ([f"  .to_frame() has also: {left}"] if left else [])


def _width(texts: pd.DataFrame) -> int:
    """Width of a table of texts."""
    columns = (max(map(len, (str(name), *cells))) for name, cells in texts.items())
    return sum(width + 1 for width in columns)


def _cell(value: object) -> str:
    """A value as ``print`` shows it; nothing where there is none."""
    import pandas as pd

    if value is None or value is pd.NA or value != value:
        return ""
    return shorten(f"{value:.4g}" if isinstance(value, float) else str(value), WIDEST_CELL)
