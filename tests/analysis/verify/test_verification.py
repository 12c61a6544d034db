import dataclasses
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from evidence import load_trials
from evidence.analysis.declared import all_slugs
from evidence.analysis.verify.verification import verify_report
from evidence.errors import EvidenceError, VerificationError
from evidence.trials.curation import to_bytes

#: Two small reports, of which one has figures; most of the changes are made to these.
TABLES, FIGURES = "pulsed-tolerability", "alemtuzumab-vs-interferon"
SLUGS = all_slugs()
Places = Callable[[str], list[int]]


def digits_between(pattern: str) -> Places:
    """Return the places of digits in what the first group of a pattern matches."""

    def places(text: str) -> list[int]:
        return [
            match.start(1) + digit.start()
            for match in re.finditer(pattern, text, flags=re.DOTALL)
            for digit in re.finditer("[0-9]", match[1])
        ]

    return places


def digits_seen_in(element: str, *, inside: bool) -> Places:
    """Return the places of digits that a page shows inside, or outside, an element."""

    def places(text: str) -> list[int]:
        body = text.index("<body"), text.index('<script type="application/json"')
        spans = [m.span() for m in re.finditer(rf"<{element}\b.*?</{element}>", text, re.DOTALL)]
        return [
            at
            for at in digits_between(r">([^<]+)<")(text)
            if body[0] < at < body[1] and inside is any(a < at < b for a, b in spans)
        ]

    return places


def prose(text: str) -> list[int]:
    """Return the places of digits on a page that stand neither in a table nor in a drawing."""
    outside = [digits_seen_in(element, inside=False)(text) for element in ("table", "svg")]
    return sorted(set(outside[0]) & set(outside[1]))


def word(element: str, *, inside: bool) -> Places:
    """Return the places of digits that the body of a Word file shows inside, or outside, tables."""

    def places(text: str) -> list[int]:
        spans = [m.span() for m in re.finditer(rf"<{element}>.*?</{element}>", text, re.DOTALL)]
        return [
            at
            for at in digits_between(r"<w:t(?: [^>]*)?>([^<]*)</w:t>")(text)
            if inside is any(a < at < b for a, b in spans)
        ]

    return places


#: What is changed: the report, its files, where its digits are, and how many changes are tried.
KINDS: dict[str, tuple[str, str, Places, int]] = {
    "page, table": (TABLES, "report.html", digits_seen_in("table", inside=True), 6),
    "page, other table": (FIGURES, "report.html", digits_seen_in("table", inside=True), 3),
    "page, prose": (TABLES, "report.html", prose, 5),
    "page, other prose": (FIGURES, "report.html", prose, 3),
    "page, drawing": (FIGURES, "report.html", digits_seen_in("svg", inside=True), 5),
    "page, ledger": (TABLES, "report.html", digits_between(r'id="ledger">(.*?)</script>'), 3),
    "Word, table": (TABLES, "report.docx", word("w:tbl", inside=True), 6),
    "Word, prose": (TABLES, "report.docx", word("w:tbl", inside=False), 5),
    "Word, description": (FIGURES, "report.docx", digits_between(r'descr="([^"]*)"'), 2),
    "results": (TABLES, "results.json", digits_between(r"(.+)"), 5),
    "other results": (FIGURES, "results.json", digits_between(r"(.+)"), 2),
    "ledger": (TABLES, "ledger.json", digits_between(r"(.+)"), 5),
    "other ledger": (FIGURES, "ledger.json", digits_between(r"(.+)"), 2),
    "CSV": (TABLES, "tables/*.csv", digits_between(r"(.+)"), 5),
    "other CSV": (FIGURES, "tables/*.csv", digits_between(r"(.+)"), 2),
    "drawing": (FIGURES, "figures/*.svg", digits_between(r"<text[^>]*>([^<]*)</text>"), 6),
}
CHANGES = [(kind, index) for kind, (*_, tries) in KINDS.items() for index in range(tries)]


def part_of(path: Path) -> str:
    """Return the text of a file; of a Word file, that of its body."""
    if path.suffix != ".docx":
        return path.read_text(encoding="utf-8")
    with zipfile.ZipFile(path) as file:
        return file.read("word/document.xml").decode("utf-8")


def write_part(path: Path, text: str) -> None:
    """Write the text of a file; into a Word file, its body."""
    if path.suffix != ".docx":
        path.write_text(text, encoding="utf-8")
        return
    with zipfile.ZipFile(path) as file:
        parts = {info: file.read(info) for info in file.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for info, content in parts.items():
            changed = text.encode("utf-8") if info.filename == "word/document.xml" else content
            file.writestr(info, changed)


def faults(folder: Path, trials) -> tuple[str, ...]:
    """Return what verification says of a report, whether it lists it or refuses to go on."""
    try:
        return verify_report(folder, trials=trials).problems
    except VerificationError as error:
        return (str(error),)


@pytest.fixture
def copied(built, tmp_path):
    """Return a copy of a report that a test may spoil."""

    def copy(slug: str) -> Path:
        return Path(shutil.copytree(built / slug, tmp_path / slug))

    return copy


@pytest.mark.parametrize("slug", SLUGS)
def test_a_fresh_report_passes_and_every_number_in_it_was_followed(built, trials, runs, slug):
    found = verify_report(built / slug, trials=trials)
    assert found.problems == ()
    assert found.slug == slug
    assert found.computations == len(runs[slug].ledger["computations"])
    assert found.numbers > len(runs[slug].ledger["numbers"])


def test_more_than_sixty_changes_are_tried():
    assert len(CHANGES) >= 60


@pytest.mark.parametrize(("kind", "index"), CHANGES)
def test_one_changed_digit_is_found(copied, trials, kind, index):
    slug, pattern, places, tries = KINDS[kind]
    folder = copied(slug)
    candidates = [
        (path, at) for path in sorted(folder.glob(pattern)) for at in places(part_of(path))
    ]
    assert len(candidates) > tries, "nothing to change"
    chance = random.Random(kind)
    path, at = chance.sample(candidates, tries)[index]
    text = part_of(path)
    other = chance.choice([digit for digit in "0123456789" if digit != text[at]])
    write_part(path, text[:at] + other + text[at + 1 :])
    said = faults(folder, trials)
    assert said, f"{path.name}: {text[at - 30 : at + 10]!r}, {text[at]} became {other}"
    name = "ledger" if "ledger" in kind else path.name
    assert any(name in fault for fault in said)


# the dataset


def changed(trials, result_id: str, column: str, new: Callable[[object], object]):
    """Return the dataset with one cell changed."""
    place = trials.table.column_names.index(column)
    cells = trials.table[column].to_pylist()
    at = trials.table["result_id"].to_pylist().index(result_id)
    cells[at] = new(cells[at])
    field = trials.table.schema.field(column)
    table = trials.table.set_column(place, field, pa.array(cells, type=field.type))
    return dataclasses.replace(trials, table=table)


def one_digit_of(token: str) -> str:
    """Return a token with its last digit changed."""
    at = max(match.start() for match in re.finditer("[0-9]", token))
    return token[:at] + str((int(token[at]) + 1) % 10) + token[at + 1 :]


def new_cell(cell: object) -> object:
    """Return another number, or other tokens."""
    return cell + 1 if isinstance(cell, float) else [one_digit_of(cell[0]), *cell[1:]]


def shown_row(runs, slug: str, seed: str) -> str:
    """Return a row of the dataset that a report shows as a number."""
    reported = runs[slug].ledger["reported"]
    names = [name for name in sorted(reported) if "value" in reported[name]["values"]]
    return random.Random(seed).choice(names)


@pytest.mark.parametrize("index", range(2))
@pytest.mark.parametrize("column", ["value", "printed"])
def test_a_changed_row_in_the_parquet_file_is_found(built, trials, runs, tmp_path, column, index):
    result_id = shown_row(runs, TABLES, f"{column} {index}")
    path = tmp_path / "trials.parquet"
    path.write_bytes(to_bytes(changed(trials, result_id, column, new_cell).table).to_pybytes())
    problems = verify_report(built / TABLES, trials=load_trials(path)).problems
    assert any(problem.startswith("dataset:") for problem in problems)
    assert any(problem.startswith(f"ledger {result_id}:") for problem in problems)


@pytest.mark.parametrize("slug", [TABLES, FIGURES])
@pytest.mark.parametrize("column", ["value", "printed"])
def test_a_changed_row_is_found_in_a_dataset_that_claims_the_old_sha256(
    built, trials, runs, column, slug
):
    result_id = shown_row(runs, slug, f"{column} {slug}")
    forged = changed(trials, result_id, column, new_cell)
    assert forged.sha256 == trials.sha256
    problems = verify_report(built / slug, trials=forged).problems
    assert any(problem.startswith(f"ledger {result_id}:") for problem in problems)


def test_a_changed_row_that_the_report_does_not_show_makes_it_another_dataset(
    built, trials, runs, tmp_path
):
    shown = runs[TABLES].ledger["reported"]
    result_id = next(
        row["result_id"]
        for row in trials.rows()
        if row["result_id"] not in shown and row["value"] is not None
    )
    path = tmp_path / "trials.parquet"
    path.write_bytes(
        to_bytes(changed(trials, result_id, "value", lambda v: v + 1).table).to_pybytes()
    )
    (problem, *_) = verify_report(built / TABLES, trials=load_trials(path)).problems
    assert "build the report anew or use its dataset" in problem


@pytest.mark.parametrize("index", range(4))
def test_a_flipped_bit_in_the_parquet_file_is_found(built, project, tmp_path, index):
    chance = random.Random(index)
    content = bytearray((project / "data" / "trials.parquet").read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path = tmp_path / "trials.parquet"
    path.write_bytes(content)
    assert problems_with(built / TABLES, path)


def problems_with(folder: Path, parquet: Path) -> tuple[str, ...]:
    """Return what loading the dataset or verifying a report with it says."""
    try:
        return verify_report(folder, trials=load_trials(parquet)).problems
    except (EvidenceError, ValueError, KeyError) as error:
        return (str(error),)


# whole pieces


@pytest.mark.parametrize(
    "name",
    ["report.html", "report.docx", "results.json", "ledger.json", "tables/tolerability.csv"],
)
def test_a_missing_file_is_found(copied, trials, name):
    folder = copied(TABLES)
    (folder / name).unlink()
    assert any(name.partition("/")[0] in fault for fault in faults(folder, trials))


def test_a_missing_drawing_is_found(copied, trials):
    folder = copied(FIGURES)
    path = sorted(folder.glob("figures/*.svg"))[0]
    path.unlink()
    assert any(path.name in fault for fault in faults(folder, trials))


@pytest.mark.parametrize("name", ["notes.txt", "tables/more.csv", "figures/more.svg"])
def test_a_file_that_is_not_of_the_report_is_found(copied, trials, name):
    folder = copied(FIGURES)
    (folder / name).write_text("<svg></svg>\n")
    assert any(
        name in fault and "not a file of this report" in fault for fault in faults(folder, trials)
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ledger.json", b"{"),
        ("ledger.json", b"[]"),
        ("ledger.json", b'{"analysis": "x"}'),
        ("ledger.json", b"\xff"),
        ("report.docx", b"PK"),
        ("report.html", b"\xff\xfe"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_name(copied, trials, name, content):
    folder = copied(TABLES)
    (folder / name).write_bytes(content)
    with pytest.raises(VerificationError, match=rf"{name}.*anew"):
        verify_report(folder, trials=trials)


def test_a_folder_that_is_no_report_is_refused_with_advice(tmp_path, trials):
    with pytest.raises(VerificationError, match=r"no ledger\.json.*reports/<slug>"):
        verify_report(tmp_path, trials=trials)


def test_a_number_that_was_taken_out_is_found(copied, trials):
    folder = copied(TABLES)
    path = folder / "report.html"
    text, count = re.subn(r'<span class="n"[^>]*>[^<]*</span>', "", part_of(path), count=1)
    assert count == 1
    write_part(path, text)
    assert any("report.html" in fault for fault in faults(folder, trials))


def test_two_numbers_that_changed_places_are_found(copied, trials):
    folder = copied(TABLES)
    path = folder / "report.html"
    spans = re.findall(r'<span class="n"[^>]*>[^<]*</span>', part_of(path))
    one, other = spans[0], next(span for span in spans if span != spans[0])
    text = part_of(path).replace(one, "\0").replace(other, one).replace("\0", other)
    write_part(path, text)
    assert any("in its order" in fault for fault in faults(folder, trials))


def test_a_number_written_beside_the_others_is_found(copied, trials):
    folder = copied(TABLES)
    path = folder / "report.html"
    write_part(path, part_of(path).replace("<h2", "<p>In all 7 trials.</p>\n<h2", 1))
    assert any(
        "without an origin" in fault and "7 trials" in fault for fault in faults(folder, trials)
    )


def test_an_analysis_that_is_not_declared_any_more_is_found(copied, trials):
    folder = copied(TABLES)
    path = folder / "ledger.json"
    write_part(path, part_of(path).replace(f'"analysis": "{TABLES}"', '"analysis": "withdrawn"'))
    assert any("withdrawn" in fault for fault in faults(folder, trials))


# what is no digit


def test_a_verdict_in_words_that_was_changed_is_found(copied, trials):
    folder = copied(TABLES)
    path = folder / "report.html"
    text, count = re.subn(r">differs</td>", ">agrees</td>", part_of(path), count=1)
    assert count == 1
    write_part(path, text)
    assert faults(folder, trials)


def test_a_mark_of_a_drawing_that_was_moved_is_found(copied, trials):
    folder = copied(FIGURES)
    path = sorted(folder.glob("figures/*.svg"))[0]
    text, count = re.subn(r'(<path [^>]*d="M)[0-9]+', r"\g<1>7", part_of(path))
    assert count > 0
    write_part(path, text)
    assert faults(folder, trials)


def test_a_missing_table_is_found(copied, trials):
    folder = copied(FIGURES)
    path = sorted(folder.glob("tables/*.csv"))[0]
    path.unlink()
    assert any(f"tables/{path.name}: is missing" in fault for fault in faults(folder, trials))


def test_a_word_that_was_changed_in_the_word_file_is_found(copied, trials):
    folder = copied(TABLES)
    path = folder / "report.docx"
    text, count = re.subn(r">differs</w:t>", ">agrees</w:t>", part_of(path), count=1)
    assert count == 1
    write_part(path, text)
    (fault,) = faults(folder, trials)
    assert fault.startswith("report.docx: its words are not")
    assert "agrees' instead of '" in fault


def test_a_paragraph_taken_out_of_the_word_file_is_found(copied, trials):
    folder = copied(TABLES)
    path = folder / "report.docx"
    text, count = re.subn(r"<w:t[^>]*>Methods</w:t>", "<w:t/>", part_of(path), count=1)
    assert count == 1
    write_part(path, text)
    assert any("report.docx: its words" in fault for fault in faults(folder, trials))


def test_a_word_file_may_be_restyled(copied, trials):
    folder = copied(TABLES)
    path = folder / "report.docx"
    split = '>Met</w:t></w:r><w:proofErr w:type="spellEnd"/><w:r><w:t>hods</w:t>'
    text, count = re.subn(r">Methods</w:t>", split, part_of(path))
    assert count > 0
    text = text.replace("</w:tbl>", "</w:tbl><w:p><w:r><w:t> </w:t></w:r></w:p>")
    write_part(path, text.replace('w:val="left"', 'w:val="right"'))
    assert faults(folder, trials) == ()
