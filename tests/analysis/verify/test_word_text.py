import io
import zipfile

from evidence.analysis.verify.word_text import word_paragraphs

SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DRAWING = 'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
PAGE = (
    "<w:p><w:r><w:t>Page </w:t></w:r>"
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> PAGE </w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>{page}</w:t></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t> of </w:t></w:r>'
    '<w:fldSimple w:instr="NUMPAGES"><w:r><w:t>{page}</w:t></w:r></w:fldSimple></w:p>'
)


def word(body: str, **parts: str) -> bytes:
    """Return a Word file with a body and further parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in {"document": body, **parts}.items():
            file.writestr(f"word/{name}.xml", f"<w:x {SPACE} {DRAWING}>{content}</w:x>")
    return buffer.getvalue()


def test_runs_and_styles_of_a_paragraph_do_not_matter():
    plain = word("<w:p><w:r><w:t>Rate of relapses</w:t></w:r></w:p>")
    styled = word(
        "<w:p/><w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Rate</w:t><w:tab/></w:r>"
        "<w:r><w:t>of rel</w:t></w:r><w:r><w:t>apses </w:t></w:r></w:p>"
    )
    assert word_paragraphs(plain) == word_paragraphs(styled) == ("Rate of relapses",)


def test_descriptions_of_drawings_are_words_of_the_file():
    assert word_paragraphs(word('<w:p><wp:docPr descr="Forest plot"/></w:p>')) == ("Forest plot",)


def test_page_numbers_do_not_matter_and_the_words_around_them_do():
    first, second = (word("", footer1=PAGE.format(page=page)) for page in (1, 12))
    assert word_paragraphs(first) == word_paragraphs(second) == ("Page of",)


def test_the_body_comes_in_order_and_running_lines_once():
    line = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    body = line.format("b") + line.format("a") + line.format("b")
    found = word(body, header2=line.format("h"), header1=line.format("h"), styles=line.format("s"))
    assert word_paragraphs(found) == ("b", "a", "b", "h")
