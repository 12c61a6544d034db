import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from evidence.errors import BadInput
from evidence.report.html.writer import table_html, write_html
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
)

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"
LEDGER = {"numbers": {"n1": {"text": "0.45", "of": "care-ms-1/arr#value"}}}


def cell(*text: object, **given: object) -> Cell:
    return Cell(text=tuple(text), **given)


RELAPSES = Table(
    id="relapses",
    number=(Named("t1", "1"),),
    title=("Relapses over ", Shown("n9", "24"), " months & beyond"),
    columns=(
        Column(header=("Trial",), width=2),
        Column(header=("Events",), align="right", spanner=("Alemtuzumab",)),
        Column(header=("Total",), align="right", spanner=("Alemtuzumab",)),
        Column(header=("Ratio (", Named("t2", "95% CI"), ")"), align="center"),
    ),
    rows=(
        Row(cells=(cell("Treatment-naïve <adults>"),), kind="group"),
        Row(
            cells=(
                cell("CARE-MS I", marks=("a", "b")),
                cell(Shown("n2", "119"), tone="agrees"),
                cell(Shown("n3", "376")),
                cell(Shown("n1", "0.45"), tone="differs", marks=("b",)),
            )
        ),
        Row(cells=(cell("Others"),), kind="group"),
        Row(cells=(cell("RAM-MS"), cell("—", tone="absent"), cell(""), cell("one\ntwo"))),
        Row(
            cells=(cell("All"), cell(""), cell(Shown("n3", "376")), cell("x", tone="strong")),
            kind="total",
        ),
    ),
    footnotes=(
        Footnote(mark="", text=("Events are patients with a relapse.",)),
        Footnote(mark="a", text=("Open label.",)),
        Footnote(mark="b", text=("The review prints ", Shown("n4", "0.46"), ".")),
    ),
)

DRAWING = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"
  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 aria-label="Plot of 5" width="482pt" height="200pt" viewBox="0 0 482 200">
<metadata><date>2001-01-01</date></metadata>
<defs><style type="text/css">*{stroke-linejoin: round}</style><path id="square" d="M 0 0 h 4"/>
<clipPath id="forest-clip"><rect width="4"/></clipPath></defs>
<!-- comment 77 -->
<use xlink:href="#square" clip-path="url(#forest-clip)" style="fill: url(#square)"/>
<g id="n1-1"><text>0.45</text></g><g id="t2-1"><text xml:space="preserve">95% CI</text></g></svg>"""

FOREST = Figure(
    id="forest",
    number=(Named("t1", "1"),),
    title=("Ratios by trial",),
    alt=("The ratio is ", Shown("n1", "0.45"), "."),
    svg=DRAWING,
    png=b"",
)


def page(*blocks: Block, title: tuple = ("Induction",), **given: object) -> str:
    document = Document(slug="induction", title=title, subtitle=("Tables",), blocks=blocks)
    return write_html(document, given.pop("ledger", LEDGER), **given)


def test_a_table_has_caption_column_groups_scopes_marks_and_footnotes():
    expected = (SNAPSHOTS / "relapses_table.html").read_text(encoding="utf-8")
    assert table_html(RELAPSES) + "\n" == expected


def test_a_table_without_spanners_has_one_header_row():
    columns = tuple(Column(header=column.header) for column in RELAPSES.columns)
    text = table_html(Table(id="x", number=(), title=(), columns=columns, rows=()))
    assert text.count('scope="col"') == 4
    assert "rowspan" not in text
    assert "colgroup" not in re.sub("</?colgroup>", "", text)


def test_a_row_that_does_not_fit_is_refused():
    table = Table(id="x", number=(), title=(), columns=RELAPSES.columns, rows=(Row(cells=()),))
    with pytest.raises(BadInput, match="row 1"):
        page(table)


def test_wide_and_long_tables_say_so():
    rows = tuple(Row(cells=(cell("x"),) * 4) for _ in range(30))
    table = Table(id="x", number=(), title=(), columns=RELAPSES.columns, rows=rows, landscape=True)
    assert '<div class="table wide long" id="table-x">' in table_html(table)


def test_the_page_is_the_same_each_time_and_asks_for_nothing():
    text = page(Paragraph(text=("Text",)), RELAPSES, FOREST)
    assert text == page(Paragraph(text=("Text",)), RELAPSES, FOREST)
    requests = r"(?:src|srcset|action)=|@import|url\((?!#)|<link|https?://"
    assert not re.findall(requests, text.split("<script>")[0])
    assert "fetch(" not in text
    assert "XMLHttpRequest" not in text


def test_text_cannot_become_markup():
    text = page(Paragraph(text=('<script>"&"</script> R&D',)), title=("A < B & C",))
    assert "<p>&lt;script&gt;&quot;&amp;&quot;&lt;/script&gt; R&amp;D</p>" in text
    assert "<title>A &lt; B &amp; C</title>" in text


def test_the_ledger_survives_inside_the_page_whatever_it_holds():
    ledger = {
        "names": {"t1": {"text": "</script><!-- & 'x' \u2028"}},
        "bounds": [float("inf"), 1.5],
    }
    text = page(ledger=ledger)
    found = re.search(
        r'<script type="application/json" id="ledger">(.*?)</script>', text, re.DOTALL
    )
    assert found
    assert not set("<>&\u2028") & set(found[1])
    assert json.loads(found[1]) == {**ledger, "bounds": [None, 1.5]}


def test_numbers_open_and_names_do_not():
    text = page(Paragraph(text=("It is ", Shown("n1", "0.45"), " in ", Named("t1", "CAMMS223"))))
    assert '<span class="n" data-n="n1" tabindex="0" role="button">0.45</span>' in text
    assert '<span data-t="t1">CAMMS223</span>' in text


def test_headings_are_listed_and_linked_without_buttons_inside_links():
    number = Shown("n1", "0.45")
    text = page(
        Heading(text=("Relapse rate",)),
        Heading(text=("Below ", number), level=2),
        Heading(text=("Relapse rate",)),
    )
    ids = re.findall(r'<h[23] id="([^"]+)"', text)
    assert ids == ["contents", "relapse-rate", "below-0-45", "relapse-rate--2"]
    contents = text[text.index('<nav class="contents"') : text.index("</nav>")]
    assert re.findall('href="#([^"]+)"', contents) == ids[1:]
    assert 'Below <span data-n="n1">0.45</span>' in contents
    assert "button" not in contents


def test_few_headings_need_no_list():
    assert '<nav class="contents"' not in page(Heading(text=("Only",)))


def test_navigation_marks_the_page_itself():
    text = page(navigation=((("Overview",), "../a.html?x=1&y=2"), (("This",), "")))
    assert '<a href="../a.html?x=1&amp;y=2">Overview</a>' in text
    assert '<span aria-current="page">This</span>' in text


def test_lists_notes_and_landmarks():
    text = page(
        Listing(items=(("one",), ("two",)), ordered=True), Paragraph(text=("x",), kind="note")
    )
    assert "<ol>\n<li>one</li>\n<li>two</li>\n</ol>" in text
    assert '<p class="note">x</p>' in text
    for landmark in ('<main id="content">', '<header class="front">', '<footer class="colophon">'):
        assert landmark in text
    assert '<a class="skip" href="#content">' in text


def test_a_drawing_becomes_part_of_the_page_with_live_numbers_and_ids_of_its_own():
    text = page(FOREST)
    drawing = text[text.index("<svg") : text.index("</svg>") + 6]
    root = ET.fromstring(drawing)
    assert (root.get("viewBox"), root.get("width"), root.get("height")) == (
        "0 0 482 200",
        None,
        None,
    )
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert ids == ["forest-square", "forest-clip", "forest-n1-1", "forest-t2-1"]
    use = root.find("use")
    assert use is not None
    assert use.attrib == {
        "href": "#forest-square",
        "clip-path": "url(#forest-clip)",
        "style": "fill: url(#forest-square)",
    }
    number, name = root.findall("g")
    assert number.attrib["data-n"] == "n1"
    assert (number.attrib["class"], number.attrib["role"]) == ("n", "button")
    assert name.attrib == {"id": "forest-t2-1", "data-t": "t2"}
    assert "#figure-forest svg *{stroke-linejoin" in drawing
    for gone in ("2001", "Plot of 5", "77", "DOCTYPE", "<?xml", "xlink", "ns0"):
        assert gone not in drawing


def test_a_figure_is_described_in_words_with_the_ids_of_its_numbers():
    text = page(FOREST)
    alt = text[text.index('<p class="visually-hidden" id="figure-forest-alt">') :]
    assert alt.split("</p>")[0].endswith('>The ratio is <span data-n="n1">0.45</span>.')
    assert 'aria-describedby="figure-forest-alt"' in text
    assert '<figcaption id="figure-forest-caption"><span class="label">Figure ' in text
