import dataclasses
import hashlib

import pyarrow as pa
import pytest

from evidence import load_trials
from evidence.errors import DatasetError
from evidence.trials.rows import prints
from evidence.trials.upkeep.provenance import verify_sources

#: The numbers of the review's text, as they stand on its lines.
CITED = [
    ("relapse", "relative_reduction", 54.9, [2, 3], ["54·9", "40.1", "66.0"], {"ci": [40.1, 66.0]}),
    ("relapse", "rate", 12.5, [3, 3], ["12.5"], {}),
    ("participants", "n", 21, [4, 4], ["Twenty-one"], {}),
    ("age", "mean_difference", 5, [4, 4], ["fi ve"], {"unit": "years"}),
    ("female", "n", 24, [4, 5], ["twenty-four"], {}),
    ("participants", "count", 1184, [5, 5], ["1,184"], {"unit": "patients"}),
]


def study(made, cited=CITED):
    """Return a study whose numbers stand in the review's text, and one that stands on a page."""
    entries = [
        made.result(
            outcome,
            statistic,
            "drug",
            value,
            **{"source": "review", "lines": lines, "printed": printed, **more},
        )
        for outcome, statistic, value, lines, printed, more in cited
    ]
    return made.study("alpha", *entries, made.result("relapse", "events", "drug", 12))


@pytest.fixture
def small(curated):
    return curated.trials(study(curated))


def test_tokens_that_stand_on_their_lines_pass(curated, small):
    found = verify_sources(small, curated.texts)
    assert (found.checked, found.without_text, found.problems) == (6, 1, ())


def texts_with(made, old, new):
    """Change the text, and let the dataset know its new SHA-256 so that only the tokens differ."""
    path = made.texts / "review.txt"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    made.sources["review"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    made.write_sources()
    made.build()
    return load_trials(made.parquet)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("54·9", "54·8", "'54·9' does not stand on lines 2-3"),
        ("40.1", "40.7", "'40.1' does not stand on lines 2-3"),
        ("66.0", "66.01", "'66.0' does not stand on lines 2-3"),
        ("12.5", "212.5", "'12.5' does not stand on lines 3-3"),
        ("Twenty-one", "Twenty-two", "'Twenty-one' does not stand on lines 4-4"),
        ("four were", "five were", "'twenty-four' does not stand on lines 4-5"),
        ("1,184", "1,185", "'1,184' does not stand on lines 5-5"),
    ],
)
def test_one_digit_changed_in_the_text_is_found(curated, small, old, new, said):
    problems = verify_sources(texts_with(curated, old, new), curated.texts).problems
    assert len(problems) == 1
    assert said in problems[0]
    assert "review.txt" in problems[0]


def test_a_number_moved_to_another_line_is_found(curated, small):
    problems = verify_sources(texts_with(curated, "A review", "A\nreview"), curated.texts).problems
    assert len(problems) >= 5


@pytest.mark.parametrize("place", range(len(CITED)))
def test_one_digit_changed_in_a_number_and_its_token_is_found(curated, place):
    outcome, statistic, value, lines, printed, more = CITED[place]
    other = f"{value + 1:g}"
    wrong = (outcome, statistic, value + 1, lines, [other, *printed[1:]], more)
    cited = [wrong if one is CITED[place] else one for one in CITED]
    problems = verify_sources(curated.trials(study(curated, cited)), curated.texts).problems
    assert len(problems) == 1
    assert repr(other) in problems[0]


def test_lines_that_the_text_does_not_have_are_found(curated):
    outcome, statistic, value, _, printed, more = CITED[1]
    cited = [(outcome, statistic, value, [90, 91], printed, more)]
    (problem,) = verify_sources(curated.trials(study(curated, cited)), curated.texts).problems
    assert "lines 90-91 are not in review.txt" in problem


def test_a_value_that_is_not_its_token_is_found_in_a_row_without_a_text(curated, small):
    names = small.table["result_id"].to_pylist()
    values = small.table["value"].to_pylist()
    values[names.index("alpha/relapse/any/drug/events@paper-1")] = 13.0
    place = small.table.column_names.index("value")
    table = small.table.set_column(place, small.table.schema.field(place), pa.array(values))
    changed = dataclasses.replace(small, table=table)
    (problem,) = verify_sources(changed, curated.texts).problems
    assert "value 13 is not among the printed tokens ['12']" in problem


def test_another_text_of_the_same_name_is_refused(curated, small):
    with (curated.texts / "review.txt").open("a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(DatasetError, match=r"review\.txt is another text.*SHA-256"):
        verify_sources(small, curated.texts)


def test_a_missing_text_is_refused_with_its_citation(curated, small):
    (curated.texts / "review.txt").unlink()
    with pytest.raises(DatasetError, match=r"review\.txt is missing \(A review of trials 2019\)"):
        verify_sources(small, curated.texts)


def test_a_missing_folder_is_refused_with_advice(curated, small):
    with pytest.raises(DatasetError, match="evidence data verify --sources DIR"):
        verify_sources(small, curated.texts / "nowhere")


def test_the_project_s_values_are_all_among_their_tokens(trials):
    for row in trials.rows():
        for name in ("value", "ci_low", "ci_high", "range_low", "range_high", "p_value"):
            assert row[name] is None or prints(row["printed"], row[name]), row["result_id"]
