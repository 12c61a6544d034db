"""A table as comma-separated values, and the two things every writer asks of a table's shape."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import groupby

from evidence.errors import BadInput, refuse
from evidence.report.document import Column, Row, Table, Text, plain


def write_csv(table: Table) -> str:
    """Return a table as RFC 4180 text: comma, double quotes where needed, CRLF at line ends.

    Parameters
    ----------
    table : Table
        A column below a spanner is headed ``spanner: header``. Marks and footnotes are left out.
        A group row has its text in the first field, and its other fields are empty.

    Returns
    -------
    str
        Write it as UTF-8 and without newline translation.

    Raises
    ------
    BadInput
        A row has another number of cells than the table has columns.
    """
    check_rows(table)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([_heading(column) for column in table.columns])
    writer.writerows(_fields(row, len(table.columns)) for row in table.rows)
    return buffer.getvalue()


def header_groups(columns: Sequence[Column]) -> list[tuple[Text, list[Column]]]:
    """Return runs of columns that share a spanner; columns without one form runs as well."""
    return [(text, list(run)) for text, run in groupby(columns, key=lambda column: column.spanner)]


def check_rows(table: Table) -> None:
    """Refuse a table whose rows do not fit its columns.

    Raises
    ------
    BadInput
        With every row that does not fit.
    """
    needs = [1 if row.kind == "group" else len(table.columns) for row in table.rows]
    problems = [
        f"row {index} ({row.kind}) has {len(row.cells)} cells and needs {need}"
        for index, (row, need) in enumerate(zip(table.rows, needs, strict=True), start=1)
        if len(row.cells) != need
    ]
    refuse(
        BadInput,
        f"Table {table.id!r} has {len(table.columns)} columns and rows that do not fit. "
        "Give each row one cell a column, and a group row one cell.",
        problems,
    )


def _heading(column: Column) -> str:
    return ": ".join(filter(None, [plain(column.spanner), plain(column.header)]))


def _fields(row: Row, columns: int) -> list[str]:
    fields = [plain(cell.text) for cell in row.cells]
    return fields + [""] * (columns - len(fields))
