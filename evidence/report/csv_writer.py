"""A table as comma-separated values."""

from __future__ import annotations

import csv
import io

from evidence.report.record.document import Column, Row, Table, check_rows, plain


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


def _heading(column: Column) -> str:
    return ": ".join(filter(None, [plain(column.spanner), plain(column.header)]))


def _fields(row: Row, columns: int) -> list[str]:
    fields = [plain(cell.text) for cell in row.cells]
    return fields + [""] * (columns - len(fields))
