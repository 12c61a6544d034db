import csv
import io

import pytest

from evidence.errors import BadInput
from evidence.report.csv_writer import write_csv
from evidence.report.record.document import (
    Cell,
    Column,
    Footnote,
    Named,
    Row,
    Shown,
    Table,
    header_groups,
)


def table(*rows: Row) -> Table:
    return Table(
        id="efficacy",
        number=(Named("t1", "1"),),
        title=("Efficacy",),
        columns=(
            Column(header=("Trial",)),
            Column(header=("Events, ", Shown("n9", "3")), spanner=("Alemtuzumab & co",)),
            Column(header=("Total",), spanner=("Alemtuzumab & co",)),
            Column(header=("Effect",)),
        ),
        rows=rows,
        footnotes=(Footnote(mark="a", text=("Rated by others.",)),),
    )


def body(*texts: object) -> Row:
    return Row(cells=tuple(Cell(text=(text,), marks=("a",)) for text in texts))


def test_headers_join_spanner_and_header_and_lines_end_as_rfc_4180_says():
    text = write_csv(table(body("CARE", Shown("n1", "10"), Shown("n2", "376"), "—")))
    assert text == (
        'Trial,"Alemtuzumab & co: Events, 3",Alemtuzumab & co: Total,Effect\r\nCARE,10,376,—\r\n'
    )


def test_commas_quotes_and_line_breaks_survive_a_round_trip():
    text = write_csv(table(body('A "quoted", name', "two\nlines", "", "≥")))
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == [
        'A "quoted", name',
        "two\nlines",
        "",
        "≥",
    ]


def test_marks_and_footnotes_are_left_out_and_group_rows_stay_rectangular():
    group = Row(cells=(Cell(text=("Randomised",), marks=("b",)),), kind="group")
    text = write_csv(table(group, body("CARE", "x", "y", "z")))
    assert text.splitlines()[1:] == ["Randomised,,,", "CARE,x,y,z"]
    assert "Rated" not in text


def test_rows_that_do_not_fit_are_all_named():
    with pytest.raises(BadInput, match=r"row 1 .* 2 cells and needs 4") as caught:
        write_csv(table(body("CARE", "x"), body("a", "b", "c", "d"), body("b")))
    assert len(caught.value.problems) == 2


def test_columns_without_a_spanner_form_runs_of_their_own():
    runs = header_groups(table().columns)
    assert [(text, len(columns)) for text, columns in runs] == [
        ((), 1),
        (("Alemtuzumab & co",), 2),
        ((), 1),
    ]
