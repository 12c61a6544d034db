import pytest

from evidence.errors import VerificationError
from evidence.report.record.document import (
    Cell,
    Document,
    Figure,
    Heading,
    Named,
    Paragraph,
    Shown,
    Table,
    plain,
    text_of,
)

NUMBER, NAME = Shown("n1", "0.45"), Named("t1", "NEDA-3")


def test_a_text_keeps_its_spans_and_reads_as_their_words():
    text = text_of("The ratio is ", NUMBER, " in ", NAME, ".")
    assert text == ("The ratio is ", NUMBER, " in ", NAME, ".")
    assert plain(text) == "The ratio is 0.45 in NEDA-3."


@pytest.mark.parametrize("digit", "0123456789")
def test_a_plain_digit_is_a_number_without_an_origin(digit):
    with pytest.raises(VerificationError, match="no origin"):
        text_of("fine ", f"in phase {digit}", NUMBER)


def test_all_digits_without_an_origin_are_named():
    with pytest.raises(VerificationError) as caught:
        text_of("phase 2", NUMBER, "fine", "table 3")
    assert "phase 2" in str(caught.value)
    assert "table 3" in str(caught.value)
    assert "fine" not in str(caught.value)


def test_an_empty_text_reads_as_nothing():
    assert plain(text_of()) == ""


def test_tables_and_figures_are_given_in_reading_order():
    def table(name: str) -> Table:
        return Table(id=name, number=(), title=(), columns=(), rows=())

    def figure(name: str) -> Figure:
        return Figure(id=name, number=(), title=(), alt=(), svg="", png=b"")

    blocks = (Heading(text=()), table("a"), figure("b"), Paragraph(text=()), table("c"))
    document = Document(slug="x", title=(), subtitle=(), blocks=blocks)
    assert [one.id for one in document.tables()] == ["a", "c"]
    assert [one.id for one in document.figures()] == ["b"]


def test_a_record_cannot_be_changed_after_it_was_made():
    with pytest.raises(AttributeError):
        Cell(text=("a",)).text = ("b",)
