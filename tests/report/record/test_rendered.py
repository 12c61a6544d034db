import base64
import io
import random
import re
import zipfile
from collections.abc import Iterator

import pytest

from evidence.report.html import write_html
from evidence.report.record.document import (
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
    Text,
)
from evidence.report.record.rendered import Rendered, read_docx, read_html, read_svg
from evidence.report.word import write_docx

SEED = 20240229
MUTATIONS = 60
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAACCAIAAADwyuo0AAAAEklEQVR4nGP8//8/AwwwMSABAEgGAwG0Rz8LAAAAAElFTkSuQmCC"
)
N = [Shown(f"n{i}", text) for i, text in enumerate(["0.45", "−1.2", "<0.0001", "1 376", "24", "8"])]
T = [Named(f"t{i}", text) for i, text in enumerate(["1", "95% CI", "CAMMS223", "2019;12:1-16"])]
LEDGER = {
    "dataset": {"version": "1.0.0", "sha256": "0" * 64},
    "numbers": {n.id: {"text": n.text, "of": "c1#estimate"} for n in N},
    "names": {t.id: {"text": t.text, "of": "order:1"} for t in T},
}
SVG = """<?xml version="1.0" encoding="utf-8"?>
<!-- made on 2024-01-01 --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">
<metadata>2001</metadata><style>*{stroke-width: 2}</style><title>Forest plot</title>
<g id="n0-1"><text x="3">0.<tspan>45</tspan></text></g>
<g id="plot-t2-1">
 <text>CAMMS223</text>
</g>
<g id="text_12"><text>Favours induction</text></g></svg>"""


def cells(*texts: Text) -> Row:
    return Row(cells=tuple(Cell(text=text) for text in texts))


TABLE = Table(
    id="relapses",
    number=(T[0],),
    title=("Relapses over ", N[4], " months"),
    columns=(
        Column(header=("Trial",)),
        Column(header=("Ratio (", T[1], ")"), align="right", spanner=("Within ", N[4], " months")),
        Column(header=("P",), align="right", spanner=("Within ", N[4], " months")),
    ),
    rows=(
        Row(cells=(Cell(text=("Phase of ", T[2])),), kind="group"),
        *[cells((T[2],), (N[0], " (", N[1], " to ", N[3], ")"), (N[2],))] * 6,
        Row(cells=(Cell(text=("All",)), Cell(text=(N[0],), tone="differs"), Cell()), kind="total"),
    ),
    footnotes=(Footnote(mark="a", text=("See ", T[3], ".")),),
    landscape=True,
)
REPORT = Document(
    slug="x",
    title=("Evidence of ", N[5], " trials"),
    subtitle=("Within ", N[4], " months"),
    blocks=(
        Heading(text=("Below ", N[0])),
        Heading(text=("Methods",), level=2),
        Heading(text=("Results of ", T[2])),
        Paragraph(text=("The ratio is ", N[0], " & the P value is ", N[2], ".\nNot ", N[3])),
        Listing(items=((T[3],), ("At ", N[4])), ordered=True),
        TABLE,
        Figure(
            id="forest",
            number=(T[0],),
            title=("Ratios within ", N[4], " months"),
            alt=("The ratio is ", N[0], " (", T[1], " ", N[1], " to ", N[3], ")."),
            svg=SVG,
            png=PNG,
        ),
    ),
)


def differs(rendered: Rendered) -> bool:
    """Whether what a reader sees is not what the ledger says."""
    return (
        bool(rendered.orphans)
        or any(LEDGER["numbers"][name]["text"] != text for name, text in rendered.numbers)
        or any(LEDGER["names"][name]["text"] != text for name, text in rendered.names)
    )


def mutations(text: str, visible: str) -> Iterator[str]:
    """Yield texts with one digit changed in what the first group of the pattern matches."""
    places = [
        match.start(1) + digit.start()
        for match in re.finditer(visible, text)
        for digit in re.finditer("[0-9]", match[1])
    ]
    chance = random.Random(SEED)
    assert len(places) > MUTATIONS
    for place in chance.sample(places, MUTATIONS):
        other = chance.choice([digit for digit in "0123456789" if digit != text[place]])
        yield text[:place] + other + text[place + 1 :]


def part(data: bytes, name: str = "word/document.xml") -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return file.read(name).decode("utf-8")


def with_part(data: bytes, text: str, name: str = "word/document.xml") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, text if entry == name else old.read(entry))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def page() -> str:
    return write_html(REPORT, LEDGER, navigation=((("Of ", N[5]), "index.html"),))


@pytest.fixture(scope="module")
def word() -> bytes:
    return write_docx(REPORT, LEDGER)


def test_html_reads_back_as_written(page):
    rendered = read_html(page)
    assert not differs(rendered)
    assert {name for name, _ in rendered.numbers} == set(LEDGER["numbers"])
    assert {name for name, _ in rendered.names} == set(LEDGER["names"])
    assert rendered.ledger == LEDGER


def test_word_reads_back_as_written(word):
    rendered = read_docx(word)
    assert not differs(rendered)
    assert {name for name, _ in rendered.numbers} == set(LEDGER["numbers"])
    assert {name for name, _ in rendered.names} == set(LEDGER["names"])
    assert rendered.ledger == {}


def test_both_show_the_same_numbers_in_the_table(page, word):
    start, end = page.index("<thead>"), page.index("</table>")
    xml = part(word)
    before, table = xml[: xml.index("<w:body>")], xml[xml.index("<w:tbl>") : xml.index("</w:tbl>")]
    alone = with_part(word, f"{before}<w:body>{table}</w:tbl></w:body></w:document>")
    running = len(read_docx(with_part(word, f"{before}<w:body/></w:document>")).numbers)
    assert read_docx(alone).numbers[:-running] == read_html(page[start:end]).numbers


def test_every_changed_digit_of_the_page_is_found(page):
    shown = page[page.index("<body>") : page.index('<script type="application/json"')]
    for changed in mutations(shown, r"<(?!style)[^<>]*>([^<]+)(?=<)"):
        assert differs(read_html(changed))


def test_every_changed_digit_of_the_word_file_is_found(word):
    for changed in mutations(part(word), r"(?:<w:t[^>]*>|descr=\")([^<\"]+)[<\"]"):
        assert differs(read_docx(with_part(word, changed)))


def test_drawings_are_read_with_prefixed_groups_and_without_what_nobody_sees():
    rendered = read_svg(SVG)
    assert (rendered.numbers, rendered.names) == ((("n0", "0.45"),), (("t2", "CAMMS223"),))
    assert rendered.orphans == ()


@pytest.mark.parametrize(
    ("old", "new", "orphan"),
    [
        ("Favours induction", "Favours 2 drugs", "Favours 2 drugs"),
        ("Forest plot", "Forest plot 7", "Forest plot 7"),
        ('id="n0-1"', 'id="plot"', "0.45"),
        ("<text>CAMMS", '<text aria-label="of 5">CAMMS', "of 5"),
    ],
)
def test_digits_without_an_id_in_a_drawing_are_orphans(old, new, orphan):
    rendered = read_svg(SVG.replace(old, new))
    assert any(orphan in found for found in rendered.orphans)


@pytest.mark.parametrize(
    ("text", "orphan"),
    [
        ("<p>It took 3 years</p>", "It took 3 years"),
        ("<p>It took &#51; years</p>", "It took 3 years"),
        ('<p><span class="n" tabindex="0">0.45</span></p>', "0.45"),
        ('<img alt="Plot of 5">', "Plot of 5"),
        ('<p title="2 of many">x</p>', "2 of many"),
        ("<title>Version 2</title><h1>Version</h1>", "Version 2"),
        ('<p><span data-n="n1">1</span>5</p>', "15"),
        ("<p>one<br>2</p>", "one 2"),
    ],
)
def test_digits_without_an_id_on_a_page_are_orphans(text, orphan):
    (found,) = read_html(text).orphans
    assert orphan in found


def test_what_a_page_does_not_show_is_no_orphan():
    hidden = (
        "<style>p{margin:3px}</style><script>let a = 1</script><!-- 4 --><p class=p2 id=n5>x</p>"
    )
    assert read_html(hidden).orphans == ()


def test_an_id_ends_with_its_element_even_when_others_stay_open():
    rendered = read_html('<ul><li><span data-n="n1"><b>4</span>5<li>6</ul>')
    assert rendered.numbers == (("n1", "4"),)
    assert len(rendered.orphans) == 2


def test_context_of_an_orphan_is_short_and_names_its_neighbours():
    (orphan,) = read_html(f"<p>{'far ' * 40}close by 7 and after{' far' * 40}</p>").orphans
    assert "close by 7 and after" in orphan
    assert len(orphan) <= 80


def test_a_bookmark_that_is_gone_leaves_an_orphan(word):
    changed = part(word).replace('w:name="_n4_3"', 'w:name="mine"')
    assert len(read_docx(with_part(word, changed)).orphans) == 1


def test_numbers_typed_into_a_word_file_are_orphans(word):
    changed = part(word).replace("The ratio is </w:t>", "The 2 ratios are </w:t>", 1)
    (orphan,) = read_docx(with_part(word, changed)).orphans
    assert "The 2 ratios are" in orphan


def test_descriptions_of_drawings_are_read_by_place(word):
    changed = re.sub(r'descr="[^"]*"', 'descr="In 9 trials 0.45"', part(word))
    rendered = read_docx(with_part(word, changed))
    assert any("In 9 trials" in orphan for orphan in rendered.orphans)


def test_running_lines_and_properties_are_read_and_page_numbers_are_not(word):
    footer = part(word, "word/footer1.xml")
    assert "PAGE" in footer
    changed = with_part(word, footer.replace("Page ", "Page 3 of "), "word/footer1.xml")
    assert any("Page 3 of" in orphan for orphan in read_docx(changed).orphans)
    core = part(word, "docProps/core.xml")
    changed = with_part(word, core.replace("Evidence of 8", "Evidence of 9"), "docProps/core.xml")
    assert any("Evidence of 9" in orphan for orphan in read_docx(changed).orphans)


def test_a_title_cut_to_what_a_property_holds_is_no_orphan():
    long = Document(slug="x-1", title=("a" * 254, N[3]), subtitle=(), blocks=())
    assert not differs(read_docx(write_docx(long, LEDGER)))
