import dataclasses

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evidence import load_trials
from evidence.errors import CurationError, DatasetError
from evidence.trials.curation import to_bytes
from evidence.trials.upkeep.checks import check_dataset, validate


@pytest.fixture
def built(curated):
    """A built dataset of two rows."""
    made = curated
    made.alpha = made.study(
        "alpha",
        made.result("relapse", "events", "drug", 82, timepoint_months=24),
        made.result(
            "relapse", "hazard_ratio", "drug", 0.5, comparator_arm="control", ci=[0.4, 0.6]
        ),
    )
    made.write(made.alpha)
    made.build()
    return made


def changed(trials, column, values):
    """Return the dataset with another column."""
    place = trials.table.column_names.index(column)
    field = trials.table.schema.field(column)
    array = pa.array(values, type=field.type)
    return dataclasses.replace(trials, table=trials.table.set_column(place, field, array))


def test_the_committed_dataset_is_what_the_yaml_files_give(project):
    data = project / "data"
    assert len(check_dataset(data, data / "trials.parquet")) > 2000


def test_a_built_dataset_passes_and_is_returned(built):
    assert len(check_dataset(built.data, built.parquet)) == 2


def test_a_changed_value_in_the_yaml_makes_the_file_stale(built):
    built.alpha["results"][0] |= {"value": 83, "printed": ["83"]}
    built.write(built.alpha)
    with pytest.raises(DatasetError, match=r"is stale.*evidence data build"):
        check_dataset(built.data, built.parquet)


@pytest.mark.parametrize(
    ("column", "values"),
    [("value", [82.0, 0.55]), ("printed", [["82"], ["0.5", "0.4"]]), ("note", ["x", None])],
)
def test_a_changed_cell_in_the_file_makes_it_stale(built, column, values):
    table = changed(load_trials(built.parquet), column, values).table
    built.parquet.write_bytes(to_bytes(table).to_pybytes())
    with pytest.raises(DatasetError, match="is stale"):
        check_dataset(built.data, built.parquet)


def test_a_changed_label_or_citation_makes_the_file_stale(built):
    built.sources["paper"]["citation"] = "The trial itself 2013"
    built.write_sources()
    with pytest.raises(DatasetError, match="is stale"):
        check_dataset(built.data, built.parquet)


def test_the_same_rows_in_other_bytes_are_stale(built):
    pq.write_table(load_trials(built.parquet).table, built.parquet, compression="none")
    with pytest.raises(DatasetError, match="is stale"):
        check_dataset(built.data, built.parquet)


def test_faulty_yaml_is_reported_as_such(built):
    built.alpha["results"][0]["outcome"] = "relaps"
    built.write(built.alpha)
    with pytest.raises(CurationError, match="relaps"):
        check_dataset(built.data, built.parquet)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("result_id", ["a", "a"], "result_id is unique"),
        ("value", [None, None], "value, range or finding"),
        ("ci_low", [None, 0.55], "ci_low <= value"),
        ("ci_high", [None, 0.45], "value <= ci_high"),
        ("ci_low", [None, 0.7], "ci_low <= ci_high"),
        ("p_value", [1.5, None], "p_value"),
        ("origin", ["primary", "hearsay"], "hearsay"),
        ("extraction", ["single", "triple"], "triple"),
        ("value_operator", ["=", "=="], "=="),
        ("timepoint_months", [-1, None], "timepoint_months"),
        ("outcome", ["relapse", None], "outcome"),
    ],
)
def test_a_row_that_breaks_a_rule_of_its_columns_is_refused(built, column, values, said):
    with pytest.raises(DatasetError, match="breaks") as caught:
        validate(changed(load_trials(built.parquet), column, values))
    assert said in str(caught.value)


def test_all_broken_rules_are_reported_at_once(built):
    trials = changed(load_trials(built.parquet), "origin", ["x", "y"])
    with pytest.raises(DatasetError, match="breaks 3 rules") as caught:
        validate(changed(trials, "p_value", [2, None]))
    for words in ("'x'", "'y'", "p_value"):
        assert words in str(caught.value)
