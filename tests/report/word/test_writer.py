import base64
import io
import zipfile

import docx
import pytest
from docx.oxml.ns import qn

from evidence.errors import BadInput
from evidence.report.record import (
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Footnote,
    Heading,
    Listing,
    Named,
    Paragraph,
    Row,
    Shown,
    Table,
    plain,
)
from evidence.report.word.writer import write_docx

LEDGER = {"dataset": {"version": "1.2.0", "sha256": "ab" * 32}, "numbers": {}}
#: Four pixels wide and two high.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAACCAIAAADwyuo0AAAAEklEQVR4nGP8//8/AwwwMSABAEgGAwG0Rz8LAAAAAElFTkSuQmCC"
)


def cell(*text: object, **given: object) -> Cell:
    return Cell(text=tuple(text), **given)


def relapses(**given: object) -> Table:
    parts = {
        "id": "relapses",
        "number": (Named("t1", "1"),),
        "title": ("Relapses",),
        "columns": (
            Column(header=("Trial",), width=2),
            Column(header=("Events",), align="right", spanner=("Alemtuzumab",)),
            Column(header=("Total",), align="right", spanner=("Alemtuzumab",)),
            Column(header=("Ratio",), align="center"),
        ),
        "rows": (
            Row(cells=(cell("Treatment-naïve"),), kind="group"),
            Row(
                cells=(
                    cell("CARE-MS I", marks=("a",)),
                    cell(Shown("n2", "119"), tone="agrees"),
                    cell(Shown("n3", "376")),
                    cell(Shown("n1", "0.45"), tone="differs", marks=("a", "b")),
                )
            ),
            Row(cells=(cell("All"), cell("—", tone="absent"), cell(""), cell("x")), kind="total"),
        ),
        "footnotes": (
            Footnote(mark="a", text=("Open label.",)),
            Footnote(mark="b", text=("The review prints ", Shown("n4", "0.46"), ".")),
        ),
    }
    return Table(**{**parts, **given})


def forest(**given: object) -> Figure:
    parts = {
        "id": "forest",
        "number": (Named("t1", "1"),),
        "title": ("Ratios",),
        "alt": ("Ratio ", Shown("n1", "0.45"), ", ", Named("t2", "95% CI"), "."),
        "svg": "",
        "png": PNG,
        "width_cm": 10.0,
    }
    return Figure(**{**parts, **given})


def written(*blocks: Block, title: tuple = ("Induction",), ledger: object = LEDGER) -> bytes:
    return write_docx(
        Document(slug="induction", title=title, subtitle=("Tables & more",), blocks=blocks), ledger
    )


def opened(*blocks: Block, **given: object) -> "docx.document.Document":
    return docx.Document(io.BytesIO(written(*blocks, **given)))


def has(element: object, path: str) -> bool:
    return bool(element.xpath(path))


def test_the_bytes_are_the_same_each_time_and_carry_no_clock():
    blocks = (
        Paragraph(text=("Text",)),
        relapses(),
        forest(),
        Listing(items=(("x",),), ordered=True),
    )
    content = written(*blocks)
    assert content == written(*blocks)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        entries = file.infolist()
    assert {entry.date_time for entry in entries} == {(2000, 1, 1, 0, 0, 0)}
    names = [entry.filename for entry in entries]
    assert names[0] == "[Content_Types].xml"
    assert names[1:] == sorted(names[1:])
    assert not [name for name in names if "thumbnail" in name or "customXml" in name]


def test_properties_say_which_data_and_ledger():
    properties = opened().core_properties
    assert (properties.title, properties.subject) == ("Induction", "Tables & more")
    assert (properties.author, properties.language) == ("evidence", "en-GB")
    assert {properties.created.year, properties.modified.year} == {2000}
    assert properties.comments.startswith(f"Dataset 1.2.0, sha256:{'ab' * 32}. Ledger sha256:")
    assert properties.identifier in properties.comments
    assert opened(ledger={**LEDGER, "x": 1}).core_properties.identifier != properties.identifier


def test_texts_of_any_length_and_letters_are_safe():
    long = ("R&D <b> “quoted” 漢字 עברית " * 20,)
    file = opened(Paragraph(text=("a & b < c > d\nnext",)), title=long)
    assert file.paragraphs[0].text == long[0]
    assert file.paragraphs[2].text == "a & b < c > d\nnext"
    assert len(file.core_properties.title) == 255


def test_letters_that_xml_forbids_are_refused_with_advice():
    with pytest.raises(BadInput, match="Remove it where"):
        written(Paragraph(text=("a\x07b",)))


def test_headings_paragraphs_and_lists_use_styles():
    file = opened(
        Heading(text=("One",)),
        Heading(text=("Two",), level=2),
        Paragraph(text=("Lede",), kind="lede"),
        Paragraph(text=("Note",), kind="note"),
        Listing(items=(("a",), ("b",))),
    )
    styles = ["Title", "Subtitle", "Heading 1", "Heading 2", "Lede", "Note"]
    assert [p.style.name for p in file.paragraphs] == [*styles, "List Bullet", "List Bullet"]


def test_each_ordered_list_begins_again():
    file = opened(*[Listing(items=(("a",), ("b",)), ordered=True)] * 2)
    numbers = file.element.xpath("//w:body//w:numId/@w:val")
    assert numbers == ["3", "3", "4", "4"]
    starts = file.part.numbering_part.element.xpath("//w:startOverride/@w:val")
    assert starts == ["1", "1"]


def test_header_rows_repeat_and_no_row_splits():
    table = opened(relapses()).tables[0]._tbl
    rows = table.tr_lst
    assert [has(row, "w:trPr/w:tblHeader") for row in rows] == [True, True, False, False, False]
    assert all(has(row, "w:trPr/w:cantSplit") for row in rows)
    single = opened(relapses(columns=tuple(Column(header=(c,)) for c in "ABCD"))).tables[0]._tbl
    assert [has(row, "w:trPr/w:tblHeader") for row in single.tr_lst][:2] == [True, False]


def test_cells_that_span_are_merged():
    table = opened(relapses()).tables[0]
    assert table.style.name == "Evidence Table"
    upper, lower, group = (list(row.cells) for row in table.rows[:3])
    assert upper[0]._tc is lower[0]._tc
    assert upper[1]._tc is upper[2]._tc
    assert [c.text for c in lower] == ["Trial", "Events", "Total", "Ratio"]
    assert len({c._tc for c in group}) == 1


def test_widths_follow_the_columns_and_fill_the_page():
    for landscape, room in ((False, 9638), (True, 14570)):
        table = opened(relapses(landscape=landscape)).tables[0]._tbl
        widths = [int(width) for width in table.xpath("w:tblGrid/w:gridCol/@w:w")]
        assert sum(widths) == room
        assert widths[0] == pytest.approx(2 * widths[1], abs=2)


def test_tones_are_visible_without_colour():
    row = opened(relapses()).tables[0].rows[3]
    assert [c.text for c in row.cells] == ["CARE-MS Ia", "= 119", "376", "≠ 0.45a, b"]
    styles = [run.style.name for run in row.cells[3].paragraphs[0].runs]
    assert styles == ["Differs", "Differs", "Footnote Mark"]


def test_caption_stands_above_and_footnotes_below_and_keep_with_the_table():
    file = opened(relapses())
    caption, first, second = file.paragraphs[2:5]
    assert (caption.style.name, caption.text) == ("Caption", "Table 1. Relapses")
    assert has(caption._p, "w:pPr/w:keepNext")
    assert " SEQ Table \\* ARABIC " in caption._p.xpath(".//w:instrText/text()")
    assert [first.text, second.text] == ["a Open label.", "b The review prints 0.46."]
    assert [has(p._p, "w:pPr/w:keepNext") for p in (first, second)] == [True, False]
    last = file.tables[0]._tbl.tr_lst[-1]
    assert all(has(p, "w:pPr/w:keepNext") for p in last.xpath(".//w:p"))


def test_a_number_out_of_sequence_is_no_field():
    file = opened(relapses(number=("S", Named("t1", "7"))))
    assert file.paragraphs[2].text == "Table S7. Relapses"
    assert not file.element.xpath("//w:instrText")


def test_a_long_table_may_break_between_rows_and_a_short_one_may_not():
    row = relapses().rows[1]
    for count, kept in ((5, True), (60, False)):
        table = opened(relapses(rows=(row,) * count)).tables[0]._tbl
        assert has(table.tr_lst[2], ".//w:keepNext") is kept


def test_every_number_and_name_stands_in_a_bookmark_of_its_own():
    file = opened(Paragraph(text=(Shown("n3", "376"), " and ", Shown("n3", "376"))), relapses())
    names = file.element.xpath("//w:bookmarkStart/@w:name")
    assert names[:4] == ["_n3_1", "_n3_2", "_t1_1", "_n2_1"]
    assert len(set(names)) == len(names)
    ids = file.element.xpath("//w:bookmarkStart/@w:id")
    assert sorted(ids) == sorted(file.element.xpath("//w:bookmarkEnd/@w:id"))


def test_wide_tables_lie_on_their_side_with_what_leads_to_them():
    note = Paragraph(text=("Small print.",), kind="note")
    file = opened(
        Paragraph(text=("Before.",)),
        Heading(text=("Wide",)),
        Paragraph(text=("Lead.",)),
        relapses(landscape=True),
        note,
        Paragraph(text=("After.",)),
    )
    sizes = [(s.page_width.mm, s.page_height.mm) for s in file.sections]
    assert [tuple(round(mm) for mm in size) for size in sizes] == [
        (210, 297),
        (297, 210),
        (210, 297),
    ]
    ends = [p.text for p in file.paragraphs if has(p._p, "w:pPr/w:sectPr")]
    assert ends == ["Before.", "Small print."]


def test_a_table_without_footnotes_leaves_a_paragraph_for_the_section_to_end_in():
    file = opened(relapses(landscape=True, footnotes=()), Paragraph(text=("After.",)))
    assert len(file.sections) == 2
    assert file.sections[0].page_width > file.sections[0].page_height


def test_pages_are_numbered_and_carry_the_title_from_the_second_on():
    file = opened(Paragraph(text=("x",)), title=("Title ", Named("t9", "2")))
    first = file.sections[0]
    assert first.different_first_page_header_footer
    assert first.header.paragraphs[0].text == "Title 2"
    for footer in (first.footer, first.first_page_footer):
        assert " PAGE " in footer._element.xpath(".//w:instrText/text()")


def test_figures_have_alt_text_with_a_place_for_each_id_and_a_caption_below():
    file = opened(forest())
    shape = file.inline_shapes[0]
    assert shape._inline.docPr.get("descr") == plain(forest().alt) == "Ratio 0.45, 95% CI."
    assert (shape.width.cm, shape.height.cm) == (pytest.approx(10), pytest.approx(5))
    names = file.element.xpath("//w:bookmarkStart/@w:name")
    assert names == ["_n1_1_6_10", "_t2_1_12_18", "_t1_1"]
    assert [p.style.name for p in file.paragraphs[2:]] == ["Figure", "Caption"]
    assert file.paragraphs[-1].text == "Figure 1. Ratios"


def test_figures_fit_the_page_and_wide_ones_turn_it():
    file = opened(forest(width_cm=24.0))
    assert file.inline_shapes[0].width.cm == pytest.approx(24)
    assert file.sections[0].page_width > file.sections[0].page_height
    assert opened(forest(width_cm=40.0)).inline_shapes[0].width.cm == pytest.approx(25.7)


def test_the_language_is_british_english_and_word_needs_no_compatibility_mode():
    file = opened()
    assert file.styles.element.xpath("//w:docDefaults//w:lang/@w:val") == ["en-GB"]
    settings = file.settings.element
    mode = settings.find(qn("w:compat")).find(qn("w:compatSetting"))
    assert mode.get(qn("w:val")) == "15"


def test_every_style_in_use_is_defined():
    file = opened(
        relapses(), forest(), Listing(items=(("a",),)), Paragraph(text=("x",), kind="lede")
    )
    used = set(file.element.xpath("//w:pStyle/@w:val | //w:rStyle/@w:val | //w:tblStyle/@w:val"))
    assert used <= {style.style_id for style in file.styles}
