"""Numbers of a stranger's file on a page can be followed back to its lines and columns."""

import json
import re
from types import SimpleNamespace

import pytest

from evidence import effect_size, pool
from evidence.addresses import address_of
from evidence.analysis.verify import Replay
from evidence.errors import VerificationError
from evidence.outcomes import read_study_table
from evidence.report.html import write_html
from evidence.report.record.document import Cell, Column, Document, Row, Table
from evidence.report.record.ledger import Ledger
from evidence.report.record.origins import Origins
from evidence.report.record.rendered import read_html
from evidence.report.record.sources import GivenNumbers
from evidence.report.word import write_docx

SOFTWARE = {"pymare": "0.0.1"}
DECLARED = {"title": "Trials of a file", "method": "DL"}
FILE = (
    "Trial;Treated;Total 1;Control;Total 2;Dose\n"
    "Aronson 1948;4;123;11;139;12.50\n"
    "Ferguson 1949;6;306;29;303;8\n"
    "Rosenthal 1960;3;231;11;220;\N{MINUS SIGN}0.5\n"
)
CHOSEN = {"ai": "treated", "n1i": "total 1", "ci": "control", "n2i": "total 2", "dose": "dose"}
COUNTS = ("ai", "n1i", "ci", "n2i")


def source(path):
    return GivenNumbers(table=read_study_table(str(path)))


def built(path):
    """Return page and ledger of a table with the numbers of a file, and their summary."""
    origin = source(path)
    studies = origin.table.renamed(CHOSEN).studies(CHOSEN)
    ledger = Ledger(None, DECLARED, SOFTWARE, files=[origin])
    inputs = {
        name: [ledger.given(study.numbers[name].address) for study in studies] for name in COUNTS
    }
    effects = ledger.compute(effect_size, inputs, measure="RR")
    given = {n: [effects.quantity(f"{n}.{i}") for i in range(len(studies))] for n in ("yi", "vi")}
    fit = ledger.compute(pool, given, method=DECLARED["method"])
    rows = [
        Row(
            cells=(
                Cell(text=(ledger.name(study.name.address),)),
                *(Cell(text=(ledger.given_as_printed(c.address),)) for c in study.numbers.values()),
                Cell(text=(ledger.show(effects.quantity(f"yi.{index}"), "ratio:2"),)),
            )
        )
        for index, study in enumerate(studies)
    ]
    summary = ledger.show(fit.quantity("estimate"), "ratio:2")
    cells = (Cell(text=("Summary",)), *(Cell(),) * len(CHOSEN), Cell(text=(summary,)))
    headers = (ledger.name(origin.table.cell(1, place).address) for place in range(1, 7))
    table = Table(
        id="studies",
        number=(ledger.name("order:1"),),
        title=("Studies of ", ledger.name(f"file:{path.name}/name")),
        columns=(*(Column(header=(header,)) for header in headers), Column(header=("RR",))),
        rows=(*rows, Row(cells=cells, kind="total")),
    )
    document = Document(
        slug="own", title=(ledger.name("analysis:title"),), subtitle=(), blocks=(table,)
    )
    content = json.loads(json.dumps(ledger.to_dict("own"), allow_nan=False))
    return SimpleNamespace(
        path=path, document=document, ledger=content, page=write_html(document, content)
    )


def problems(page, ledger, *files):
    """Follow every number of a page and every entry of its ledger back."""
    rendered = read_html(page)
    found = [f"orphan {text}" for text in rendered.orphans]
    for kind in ("numbers", "names"):
        for name, text in getattr(rendered, kind):
            if ledger[kind][name]["text"] != text:
                found.append(f"{name} shows {text}")
    if rendered.ledger != ledger:
        found.append("the page holds another ledger")
    origins = Origins(trials=None, analysis=DECLARED, software=SOFTWARE, files=files)
    return [*found, *Replay(ledger, origins).problems()]


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(FILE, encoding="utf-8")
    return built(path)


def changed(ledger, old, new):
    text = json.dumps(ledger, ensure_ascii=False)
    assert old in text
    return json.loads(text.replace(old, new))


# the page and its ledger


def test_a_page_made_from_a_file_verifies(made):
    assert problems(made.page, made.ledger, source(made.path)) == []
    assert len(read_html(made.page).numbers) == 3 * 6 + 1


def test_a_given_number_leads_to_file_sha256_line_column_and_token(made):
    assert made.ledger["given"]["given:events.csv:3:3"] == {
        "study": "Ferguson 1949",
        "name": "events.csv",
        "sha256": source(made.path).table.sha256,
        "line": 3,
        "column": "Total 1",
        "token": "306",
        "value": 306.0,
    }
    assert made.ledger["files"] == {"events.csv": {"sha256": source(made.path).table.sha256}}
    assert "dataset" not in made.ledger


def test_a_number_of_the_page_opens_to_its_entry_inside_the_page(made):
    rendered = read_html(made.page)
    (shown,) = {name for name, text in rendered.numbers if text == "12.50"}
    entry = rendered.ledger["given"][rendered.ledger["numbers"][shown]["of"]]
    assert (entry["token"], entry["line"], entry["column"]) == ("12.50", 2, "Dose")


def test_a_given_number_is_shown_with_the_digits_of_its_file(made):
    texts = [text for _, text in read_html(made.page).numbers]
    assert texts[:5] == ["4", "123", "11", "139", "12.50"]
    assert "\N{MINUS SIGN}0.5" in texts


def test_the_script_of_the_page_reads_every_part_of_the_ledger_that_origins_stand_in(made):
    for part in ("numbers", "reported", "given", "computations", "files"):
        assert f"ledger.{part} ||" in made.page


def test_the_word_file_holds_the_same_numbers_without_a_dataset(made):
    assert write_docx(made.document, made.ledger)


def test_the_functions_are_named_by_public_paths(made):
    named = [one["function"] for one in made.ledger["computations"].values()]
    assert named == [address_of(effect_size), address_of(pool)]


# what was changed is found


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (";306;", ";305;", "line 3, column Total 1 of events.csv gives \"305\""),
        ("12.50", "12.51", "line 2, column Dose of events.csv gives \"12.51\""),
        ("12.50", "12.5", "line 2, column Dose of events.csv gives \"12.5\""),
        ("Aronson 1948", "Aronson 1949", "given:events.csv:2:1 gives \"Aronson 1949\""),
        ("Total 2", "Total 3", "given:events.csv:1:5 gives \"Total 3\""),
        ("Ferguson", "\nFerguson", "its origin cannot be followed"),
    ],
    ids=["count", "unused number", "last digit", "name", "header", "lines moved"],
)  # fmt: skip
def test_a_changed_file_is_found_and_the_cell_is_named(made, old, new, found):
    made.path.write_text(FILE.replace(old, new), encoding="utf-8")
    faults = "\n".join(problems(made.page, made.ledger, source(made.path)))
    assert "when its SHA-256 was" in faults
    assert found in faults


def test_a_file_with_other_bytes_and_the_same_numbers_is_another_file(made):
    made.path.write_text(FILE + "\n", encoding="utf-8")
    (fault,) = problems(made.page, made.ledger, source(made.path))
    assert "build the report anew or give the file as it was" in fault


def test_a_missing_file_is_named(made):
    faults = problems(made.page, made.ledger)
    assert faults[0] == (
        "ledger events.csv: numbers were taken from this file, and it is not at hand; give it"
    )
    assert any("'events.csv', which is not at hand" in fault for fault in faults)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"token": "306"', '"token": "305"'),
        ('"value": 306.0', '"value": 305.0'),
        ('"line": 3, "column": "Total 1"', '"line": 2, "column": "Total 1"'),
        ('"column": "Dose"', '"column": "Doses"'),
        ('"study": "Ferguson 1949"', '"study": "Ferguson 1948"'),
        ('given:events.csv:3:3"', 'given:events.csv:3:5"'),
    ],
)
def test_a_changed_entry_of_the_ledger_is_found(made, old, new):
    tampered = changed(made.ledger, old, new)
    page = write_html(made.document, tampered)
    assert problems(page, tampered, source(made.path))


@pytest.mark.parametrize("where", ["files", "given"])
def test_a_changed_sha256_in_the_ledger_is_found(made, where):
    part = made.ledger[where]
    entry = next(iter(part.values()))
    entry["sha256"] = entry["sha256"][::-1]
    assert problems(write_html(made.document, made.ledger), made.ledger, source(made.path))


@pytest.mark.parametrize("part", ["files", "given"])
def test_an_entry_that_was_taken_out_of_the_ledger_is_missed(made, part):
    del made.ledger[part]
    faults = problems(write_html(made.document, made.ledger), made.ledger, source(made.path))
    assert any("the ledger does not say" in fault for fault in faults)


def test_a_changed_digit_of_the_page_is_found(made):
    page = re.sub(r"(data-n=\"n\d+\"[^>]*>)306<", r"\g<1>305<", made.page, count=1)
    assert page != made.page
    (fault,) = problems(page, made.ledger, source(made.path))
    assert fault.endswith("shows 305")


# several sources


def test_a_ledger_holds_numbers_of_dataset_and_files_side_by_side(curated, tmp_path):
    row = curated.result("relapse", "events", "drug", 82, timepoint_months=24)
    trials = curated.trials(curated.study("alpha", row))
    paths = [tmp_path / name for name in ("a#1:2.csv", "b.csv")]
    for number, path in enumerate(paths):
        path.write_text(f"study,yi\nA {number},0.{number}5\n", encoding="utf-8")
    files = [source(path) for path in paths]
    ledger = Ledger(trials, DECLARED, SOFTWARE, files=files)
    shown = [ledger.as_printed("alpha/relapse/24m/drug/events@paper-1")]
    shown += [ledger.given_as_printed(file.table.cell(2, 2).address) for file in files]
    assert [one.text for one in shown] == ["82", "0.05", "0.15"]
    content = ledger.to_dict("both")
    assert content["dataset"]["sha256"] == trials.sha256
    assert list(content["files"]) == ["a#1:2.csv", "b.csv"]
    assert list(content["given"]) == ["given:a#1:2.csv:2:2", "given:b.csv:2:2"]
    origins = Origins(trials=trials, analysis=DECLARED, software=SOFTWARE, files=tuple(files))
    assert list(Replay(content, origins).problems()) == []


def test_a_file_of_which_nothing_is_used_is_not_in_the_ledger(made):
    ledger = Ledger(None, DECLARED, SOFTWARE, files=[source(made.path)])
    assert {"files", "given"}.isdisjoint(ledger.to_dict("none"))


def test_files_of_one_name_are_refused(made):
    with pytest.raises(VerificationError, match=r"several files called events\.csv"):
        Ledger(None, DECLARED, SOFTWARE, files=[source(made.path)] * 2)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("given:events.csv:2:1", "holds no number"),
        ("given:events.csv:9:1", "Its rows end on lines 1 to 4, and it has 6 columns"),
        ("given:events.csv:2:0", "line 2, column 0"),
        ("given:other.csv:2:2", "the file 'other.csv', which is not at hand"),
        ("given:events.csv", "<file>:<line>:<column>"),
        ("given:events.csv:2:-1", "<file>:<line>:<column>"),
    ],
)
def test_a_number_that_does_not_stand_there_is_refused(made, address, message):
    ledger = Ledger(None, DECLARED, SOFTWARE, files=[source(made.path)])
    with pytest.raises((VerificationError, ValueError), match=message):
        ledger.given(address)


def test_without_a_dataset_its_numbers_and_names_are_refused(made):
    ledger = Ledger(None, DECLARED, SOFTWARE, files=[source(made.path)])
    for ask in (lambda: ledger.reported("alpha/x"), lambda: ledger.name("study:alpha/name")):
        with pytest.raises(VerificationError, match="the dataset, which is not at hand"):
            ask()


def test_a_file_of_which_only_names_are_used_is_in_the_ledger_and_is_compared(made):
    ledger = Ledger(None, DECLARED, SOFTWARE, files=[source(made.path)])
    assert ledger.name("given:events.csv:2:1").text == "Aronson 1948"
    content = ledger.to_dict("names")
    assert list(content["files"]) == ["events.csv"]
    made.path.write_text(FILE + "\n", encoding="utf-8")
    origins = Origins(trials=None, analysis=DECLARED, software=SOFTWARE, files=(source(made.path),))
    (fault,) = Replay(content, origins).problems()
    assert "when its SHA-256 was" in fault


def test_words_of_a_file_without_a_digit_tie_the_ledger_to_it_too(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("study,yi\nA,1\n", encoding="utf-8")
    ledger = Ledger(None, DECLARED, SOFTWARE, files=[source(path)])
    assert ledger.name("given:own.csv:2:1") == "A"
    assert list(ledger.to_dict("names")["files"]) == ["own.csv"]
