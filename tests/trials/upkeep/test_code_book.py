import re

import pytest

from evidence.errors import BadInput
from evidence.trials.dataset import MARKERS, counts, counts_text, refresh_readme
from evidence.trials.rows import COLUMN_NAMES
from evidence.trials.upkeep.code_book import codebook, data_dictionary, write_codebook

README = "# Title\n\n<!-- counts -->\nold\n<!-- /counts -->\n\nMore.\n"


@pytest.fixture
def small(curated):
    """Four numbers: three extracted twice, of which one was adjudicated; one document unused."""
    made = curated
    return made.trials(
        made.study(
            "alpha",
            made.result("relapse", "events", "drug", 82, extraction="double"),
            made.result("relapse", "events", "control", 119, extraction="adjudicated"),
            made.result("pml", "finding", "drug", finding="not-reported", unit="text"),
        ),
        made.cohort(
            "beta", made.result("relapse", "events", "cells", 3, extraction="double", source="page")
        ),
    )


def section(text, heading):
    """Lines of a section, its tables as lists of cells."""
    body = re.split(r"\n#+ ", text.partition(f"# {heading}\n")[2])[0]
    lines = [line for line in body.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_counts_are_those_of_the_rows(small):
    found = counts(small)
    assert (found.numbers, found.studies, found.trials, found.documents) == (4, 2, 1, 2)
    assert (found.review, found.primary, found.secondary) == (0, 3, 1)
    assert (found.double, found.adjudicated) == (3, 1)
    assert found.double_share == pytest.approx(0.75)
    assert found.disagreement_rate == pytest.approx(1 / 3)


def test_without_a_second_extraction_there_is_no_disagreement_rate(small):
    found = counts(small.where(extraction="single"))
    assert found.disagreement_rate is None
    assert found.to_frame()["disagreement_rate"].item() is None
    assert "— of these were adjudicated" in counts_text(small.where(extraction="single"))


def test_members_of_a_meta_analysis_are_listed_with_their_place(curated):
    place = {"source": "paper", "locator": "table 1"}
    members = [{"name": "Alpha 2012", "study_id": "alpha", **place}, {"name": "GLANCE", **place}]
    effect = curated.result(
        "relapse", "risk_ratio", "drug", 0.6, comparator_arm="control", unit="ratio"
    )
    made = curated.trials(
        curated.study("alpha", curated.result("relapse", "events", "drug", 7)),
        curated.study("pooled", effect, design="meta-analysis", members=members),
    )
    assert section(codebook(made), "Members") == [
        ["`pooled`", "Alpha 2012", "`alpha`", "`paper`", "table 1"],
        ["`pooled`", "GLANCE", "", "`paper`", "table 1"],
    ]


def test_counts_of_the_dataset_add_up(trials):
    found = counts(trials)
    assert found.review + found.primary + found.secondary == found.numbers == len(trials)
    assert found.adjudicated <= found.double <= found.numbers
    assert found.preferred == trials.frame["preferred"].sum()


def test_the_codebook_is_a_function_of_the_dataset(trials, tmp_path):
    write_codebook(trials, tmp_path / "CODEBOOK.md")
    assert (tmp_path / "CODEBOOK.md").read_bytes() == codebook(trials).encode()
    assert codebook(trials) == codebook(trials)


@pytest.mark.committed
def test_the_committed_codebook_is_up_to_date(trials, project):
    committed = (project / "data" / "CODEBOOK.md").read_text(encoding="utf-8")
    assert committed == codebook(trials), "run `evidence data codebook` and commit the file"


def test_every_column_is_explained(trials):
    table = section(codebook(trials), "Columns")
    assert [row[0].strip("`") for row in table] == list(COLUMN_NAMES)
    assert all(row[4] for row in table)
    filled = {row[0].strip("`"): int(row[3]) for row in table}
    assert filled == trials.frame.notna().sum().to_dict()


def test_every_word_is_listed_with_its_use(trials):
    text = codebook(trials)
    for kind, column in (("Outcomes", "outcome"), ("Statistics", "statistic"), ("Units", "unit")):
        used = {row[0].strip("`"): int(row[-1]) for row in section(text, kind)}
        assert tuple(used) == trials.vocabulary.names(kind.lower())
        found = {word: count for word, count in used.items() if count}
        assert found == trials.frame[column].value_counts().to_dict()


def test_a_therapy_that_is_only_compared_with_counts_as_used(curated):
    trials = curated.trials(
        curated.study(
            "alpha", curated.result("relapse", "rate_ratio", "drug", 0.5, comparator_arm="control")
        )
    )
    used = {row[0]: row[-1] for row in section(codebook(trials), "Therapies")}
    assert used["`interferon-beta-1a`"] == "1"


def test_every_document_is_listed_with_its_place(small):
    table = {row[0]: row for row in section(codebook(small), "Documents")}
    assert table["`paper`"][1:5] == [
        "The trial itself 2012", "trial-publication", "<https://example.org/a>", "2026-01-31",
    ]  # fmt: skip
    assert table["`review`"][3].startswith("text `review.txt`, SHA-256 ")
    assert [row[-1] for row in table.values()] == ["1", "3", "0"]


def test_disagreement_is_given_by_origin(small):
    table = {row[0]: row[1:] for row in section(codebook(small), "Origin")}
    assert table["primary"] == ["3", "1", "1", "2", "1", "50.0%"]
    assert table["secondary"] == ["1", "1", "0", "1", "0", "0.0%"]
    assert table["all"] == ["4", "2", "1", "3", "1", "33.3%"]


def test_a_bar_or_line_break_does_not_break_a_table(curated):
    curated.sources["paper"]["citation"] = "Title | with a bar\nand a second line"
    curated.write_sources()
    trials = curated.trials(curated.study("alpha", curated.result("relapse", "events", "drug", 1)))
    line = next(line for line in codebook(trials).splitlines() if line.startswith("| `paper`"))
    assert "Title \\| with a bar and a second line |" in line


def test_the_data_dictionary_has_a_row_for_each_column():
    found = data_dictionary()
    assert tuple(found["column"]) == COLUMN_NAMES
    assert found.set_index("column").loc["origin", "allowed"] == "review, primary, secondary"


def test_the_counts_of_a_readme_are_replaced_and_nothing_else(small, tmp_path):
    file = tmp_path / "README.md"
    file.write_text(README)
    assert refresh_readme(file, small)
    before, block, after = re.split("|".join(map(re.escape, MARKERS)), file.read_text())
    assert (before, after) == ("# Title\n\n", "\n\nMore.\n")
    assert block.strip() == counts_text(small)
    assert "**4 reported numbers** of **2 studies**" in block
    assert not refresh_readme(file, small)


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n",
        "<!-- counts -->\n",
        "<!-- /counts -->\n<!-- counts -->\n",
        README + "<!-- counts -->",
    ],
)
def test_a_readme_without_its_two_markers_is_refused(small, tmp_path, text):
    file = tmp_path / "README.md"
    file.write_text(text)
    with pytest.raises(BadInput, match="each once and in this order"):
        refresh_readme(file, small)
    assert file.read_text() == text
