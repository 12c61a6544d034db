import hashlib

import pytest

from evidence.errors import BadInput, EmptySelection
from evidence.outcomes.given_cells import GivenCell, place_of
from evidence.outcomes.own_studies import read_study_table


@pytest.fixture
def table(tmp_path):
    def read(content):
        path = tmp_path / "studies.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_study_table(str(path))

    return read


@pytest.mark.parametrize(
    "content",
    [
        "study,yi,vi\nA,-0.5,0.1\nB,1e-2,2\n",
        "Study;YI; vi\r\nA;-0.5;0.1\r\nB;1e-2;2\r\n",
        "study\tyi\tvi\n\nA\t-0.5\t0.1\n\t\t\nB\t1e-2\t2",
        "\ufeffstudy,yi,vi\nA,\N{MINUS SIGN}0.5,0.1\nB, 1e-2 ,2\n",
        'study,yi,vi,note\n"A","-0.5",0.1,"a, b\nc"\n" B\n",1e-2,2,\n',
    ],
    ids=["commas", "semicolons", "tabs and empty lines", "mark and minus sign", "quotes"],
)
def test_the_same_numbers_are_read_however_they_are_laid_out(table, content):
    read = table(content)
    assert read.labels() == ["A", "B"]
    assert read.numbers(["yi", "vi"]) == {"yi": [-0.5, 0.01], "vi": [0.1, 2.0]}


def test_a_study_without_a_name_is_called_by_its_line(table):
    assert table("label,yi\n,1\nB,2\n").labels() == ["line 2", "B"]
    assert table("yi,vi\n1,2\n").labels() is None


def test_columns_can_be_renamed_and_used_twice(table):
    read = table("ai,treated,n\n9,1,5\n").renamed({"ai": "treated", "n1i": "n", "n2i": "n"})
    assert read.numbers(["ai", "n1i", "n2i"]) == {"ai": [1.0], "n1i": [5.0], "n2i": [5.0]}


def test_every_cell_that_is_no_number_is_named_with_its_line(table):
    content = 'study,yi,vi\nA,,0.1\nB,NA,0.2\nC,x,1\nD,"0,5",1\nE,1_000,1\nF,inf,1\nG,1,1\n'
    with pytest.raises(BadInput) as refused:
        table(content).numbers(["yi", "vi"])
    found = refused.value.problems
    assert [problem.partition(":")[0] for problem in found] == [
        "line 2 (A)", "line 3 (B)", "line 4 (C)", "line 5 (D)", "line 6 (E)", "line 7 (F)",
    ]  # fmt: skip
    assert "is missing" in found[0]
    assert "'x', which is not a number" in found[2]
    assert "decimals with a point" in found[3]


@pytest.mark.parametrize("content", ["", "\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(table, content):
    with pytest.raises(EmptySelection, match="is empty"):
        table(content)


def test_headers_without_studies_are_refused(table):
    with pytest.raises(EmptySelection, match=r"no study below its headers \(yi, vi\)"):
        table("yi,vi\n\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("yi,vi\n1,2,3\n1\n", "line 2 has 3 cells"),
        (b"yi,vi\n1,\xff\n", "no text in UTF-8"),
        (b"PK\x03\x04\xff\xfe", "no text in UTF-8"),
        ('yi,vi\n"1,2\n', "is none"),
    ],
)
def test_what_is_no_table_is_refused(table, content, message):
    with pytest.raises(BadInput, match=message):
        table(content)


def test_a_column_that_stands_there_twice_is_refused_only_if_it_is_used(table):
    read = table("yi,vi,note,note\n1,2,a,b\n")
    assert read.numbers(["yi"]) == {"yi": [1.0]}
    with pytest.raises(BadInput, match="column vi stands there twice"):
        table("yi,vi,vi\n1,2,3\n").numbers(["yi", "vi"])
    with pytest.raises(BadInput, match="'note' stands there 2 times"):
        read.renamed({"vi": "note"})


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(BadInput, match="Give the path of a CSV file"):
            read_study_table(str(path))


# where the numbers stand


def test_each_number_keeps_its_line_its_column_and_how_it_is_written(table):
    content = 'Trial;Note;YI\nA;"two\nlines";\N{MINUS SIGN}0.50\n\nB;x; 1e-2 \n'
    first, second = table(content).renamed({"study": "trial", "yi": "yi"}).studies(["yi"])
    cells = (first.numbers["yi"], second.numbers["yi"])
    assert [(cell.line, cell.column, cell.header) for cell in cells] == [(3, 3, "YI"), (5, 3, "YI")]
    assert [cell.token for cell in cells] == ["\N{MINUS SIGN}0.50", "1e-2"]
    assert [cell.value for cell in cells] == [-0.5, 0.01]
    assert cells[0].address == "given:studies.csv:3:3"
    assert (first.line, first.name.token, first.name.column) == (3, "A", 1)


def test_a_cell_is_found_again_at_its_address(table):
    read = table("study,ai,n\nA,1,10\nB,2,20\n")
    renamed = read.renamed({"ai": "n", "n1i": "n"})
    for study in renamed.studies(["ai", "n1i"]):
        assert study.numbers["ai"] == study.numbers["n1i"]
        for cell in (study.name, *study.numbers.values()):
            file, line, column = place_of(cell.address)
            assert (file, read.cell(line, column)) == ("studies.csv", cell)


def test_a_header_is_a_cell_too(table):
    assert table("\nstudy,Total 1\nA,1\n").cell(2, 2).token == "Total 1"


def test_a_study_without_a_name_has_no_cell_for_it(table):
    assert [one.name for one in table("label,yi\n,1\n").studies(["yi"])] == [None]
    assert [one.name for one in table("yi\n1\n").studies(["yi"])] == [None]


@pytest.mark.parametrize(("line", "column"), [(3, 1), (5, 1), (0, 1), (1, 3), (2, 0), (2, -1)])
def test_a_cell_that_is_not_there_is_refused(table, line, column):
    read = table("a,b\n1,2\n\n3,4\n")
    with pytest.raises(BadInput, match="Its rows end on lines 1 to 4, and it has 2 columns"):
        read.cell(line, column)


def test_studies_with_a_cell_that_holds_no_number_are_refused(table):
    with pytest.raises(BadInput, match="line 3: yi is missing"):
        table("yi,vi\n1,1\n,1\n").studies(["yi", "vi"])


@pytest.mark.parametrize(
    ("token", "decimals"),
    [("12", 0), ("12.50", 2), ("-.5", 1), ("1e-2", 2), ("1.5e3", 0), ("0", 0), ("0.00", 2),
     ("0.1234567890123456789", 15), ("123456789.123456789", 6), ("1e300", 0)],
)  # fmt: skip
def test_decimals_are_those_written_as_far_as_a_double_keeps_them(token, decimals):
    cell = GivenCell(file="a.csv", line=2, column=1, header="yi", token=token)
    assert cell.decimals == decimals


@pytest.mark.parametrize("address", ["studies.csv:1:2", "given:1:2", "given:a:1", "given:a:1:x"])
def test_what_is_no_address_of_a_cell_is_refused(address):
    with pytest.raises(BadInput, match="<file>:<line>:<column>"):
        place_of(address)


def test_a_file_is_known_by_the_bytes_it_has(table):
    one, other = table("yi\n1\n"), table("yi\r\n1\r\n")
    assert one.sha256 == hashlib.sha256(b"yi\n1\n").hexdigest()
    assert one.sha256 != other.sha256
