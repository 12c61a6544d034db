import hashlib
import json
import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evidence.errors import BadInput, DatasetError, EmptySelection, UnknownName
from evidence.trials.dataset.load import load_trials
from evidence.trials.rows import (
    COLUMN_NAMES,
    COLUMNS,
    EXTRACTIONS,
    OPERATORS,
    ORIGINS,
    SCHEMA_VERSION,
    arrow_schema,
)

SEED = 20261120
FLIPS = 25


@pytest.fixture(scope="module")
def parquet(project):
    return project / "data" / "trials.parquet"


@pytest.fixture
def small(curated):
    """Three rows: two therapies, one of them at two times."""
    made = curated
    return made.trials(
        made.study(
            "alpha",
            made.result("relapse", "events", "drug", 82, timepoint_months=24),
            made.result("relapse", "events", "control", 119, timepoint_months=36),
        ),
        made.cohort("beta", made.result("relapse", "proportion", "cells", 12.5)),
    )


# the file


def test_the_project_s_dataset_loads(trials):
    assert len(trials) > 2000
    assert len(trials.studies) > 100
    assert repr(trials).startswith(f"Trials({len(trials)} reported numbers of")


def test_columns_and_types_are_those_of_the_registry(trials):
    assert trials.columns == COLUMN_NAMES
    assert trials.table.schema.equals(arrow_schema(), check_metadata=False)
    kinds = {field.name: str(field.type) for field in trials.table.schema}
    assert (kinds["value"], kinds["year"], kinds["line_start"]) == ("double", "int16", "int32")
    assert (kinds["result_id"], kinds["preferred"]) == ("string", "bool")
    assert kinds["printed"].startswith("list<")


def test_each_column_of_the_file_says_what_it_means_and_in_which_unit(parquet):
    schema = pq.read_schema(parquet)
    for column in COLUMNS:
        metadata = schema.field(column.name).metadata
        assert metadata[b"description"].decode() == column.description
        assert metadata[b"unit"].decode() == column.unit
        assert schema.field(column.name).nullable is not column.required
    assert schema.field("timepoint_months").metadata[b"unit"] == b"months"


def test_the_file_says_version_licence_and_layout(trials, parquet):
    metadata = pq.read_schema(parquet).metadata
    assert trials.version == metadata[b"dataset_version"].decode()
    assert trials.version.count(".") == 2
    assert trials.licence == "CC BY 4.0"
    assert metadata[b"schema_version"].decode() == str(SCHEMA_VERSION)
    assert trials.sha256 == hashlib.sha256(parquet.read_bytes()).hexdigest()


def test_every_row_says_where_it_was_printed(trials):
    for row in trials.rows():
        assert row["source"] in trials.sources, row["result_id"]
        assert row["locator"].strip(), row["result_id"]
        assert row["printed"], row["result_id"]
        assert all(token.strip() for token in row["printed"]), row["result_id"]
        has_text = trials.sources[row["source"]].get("file") is not None
        assert (row["line_start"] is not None) is has_text, row["result_id"]
        assert row["source_file"] == trials.sources[row["source"]].get("file")


def test_every_row_uses_the_words_of_the_vocabulary_and_of_the_registry(trials):
    frame = trials.frame
    words = {"outcome": "outcomes", "statistic": "statistics", "unit": "units"}
    words |= {"design": "designs", "population": "populations", "finding": "findings"}
    words |= {"therapy": "therapies", "comparator": "therapies"}
    for column, kind in words.items():
        assert set(frame[column].dropna()) <= set(trials.vocabulary.names(kind))
    assert set(frame["origin"]) <= set(ORIGINS)
    assert set(frame["extraction"]) <= set(EXTRACTIONS)
    assert set(frame["value_operator"]) <= set(OPERATORS)
    assert set(frame["p_operator"].dropna()) <= set(OPERATORS)


def test_the_origin_of_a_row_is_that_of_its_document(trials):
    for row in trials.rows():
        assert row["origin"] == trials.sources[row["source"]]["origin"]


def test_every_study_and_arm_of_a_row_is_described(trials):
    for row in trials.rows():
        arms = trials.studies[row["study_id"]]["arms"]
        for column, therapy in (("arm", "therapy"), ("comparator_arm", "comparator")):
            if row[column] is not None:
                assert arms[row[column]]["therapy"] == row[therapy], row["result_id"]


def test_members_are_named_by_documents_and_share_the_patients_of_their_meta_analysis(trials):
    designs = dict(zip(trials["study_id"], trials["design"], strict=True))
    pooling = {name: one for name, one in trials.studies.items() if one["members"]}
    assert len(pooling) >= 5
    for name, one in pooling.items():
        assert designs[name] == "meta-analysis"
        assert {member["source"] for member in one["members"]} <= set(trials.sources)
        told = {member["study_id"] for member in one["members"] if "study_id" in member}
        assert told <= set(one["overlaps"])


def test_studies_share_patients_only_with_studies_that_are_there(trials):
    named = {other for one in trials.studies.values() for other in one["overlaps"]}
    assert named <= set(trials.studies)


# rows


def test_a_row_is_found_by_its_name(small):
    row = small.row("alpha/relapse/24m/drug/events@paper-1")
    assert (row["value"], row["therapy"], row["timepoint_months"]) == (82, "alemtuzumab", 24)


def test_an_unknown_row_is_answered_with_the_nearest_names(small):
    with pytest.raises(UnknownName, match="alpha/relapse/24m/drug/events@paper-1"):
        small.row("alpha/relapse/24m/drug/event@paper-1")


def test_the_rows_of_a_study_are_its_own(small):
    assert {row["value"] for row in small.rows_of("alpha")} == {82, 119}
    assert small.rows_of("gamma") == []
    assert len(list(small.rows())) == len(small) == 3


def test_a_column_and_the_whole_are_pandas_objects_and_a_copy_is_the_reader_s_own(small):
    assert isinstance(small["value"], pd.Series)
    frame = small.to_frame()
    frame.loc[:, "value"] = -1
    assert (small["value"] > 0).all()


# selection


def test_criteria_are_all_met(small):
    assert small.where(outcome="relapse", therapy="alemtuzumab")["value"].tolist() == [82]


def test_a_list_means_any_of_its_values_and_none_an_empty_cell(small):
    assert len(small.where(therapy=["alemtuzumab", "interferon-beta-1a"])) == 2
    assert small.where(timepoint_months=None)["study_id"].tolist() == ["beta"]
    assert len(small.where(timepoint_months=[24, 36])) == 2


def test_no_criterion_keeps_every_row(small):
    assert len(small.where()) == 3


def test_a_selection_still_knows_its_dataset(small):
    part = small.where(study_id="beta")
    assert (part.sha256, part.version) == (small.sha256, small.version)
    assert part.studies == small.studies


def test_unknown_columns_and_words_are_all_refused_with_suggestions(small):
    with pytest.raises(BadInput) as caught:
        small.where(outcom="relapse", therapy="alemtuzumb", design="rct")
    first, second = caught.value.problems
    assert "'outcom'" in first
    assert "outcome" in first.partition("Did you mean")[2]
    assert "'alemtuzumb'" in second
    assert "Did you mean alemtuzumab" in second


def test_an_empty_selection_names_the_criterion_that_removed_the_last_row(small):
    with pytest.raises(EmptySelection) as caught:
        small.where(outcome="relapse", therapy="alemtuzumab", timepoint_months=36)
    message = str(caught.value)
    assert "1 rows were left before timepoint_months=36" in message
    assert "timepoint_months among 24.0" in message
    assert "Widen timepoint_months" in message


# files that are no dataset


def test_a_missing_file_is_answered_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(DatasetError, match="evidence data build"):
        load_trials(tmp_path / "trials.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"study_id,value\n1,2\n", b"PAR1" * 100])
def test_a_file_that_is_no_parquet_is_refused(tmp_path, content):
    path = tmp_path / "trials.parquet"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="cannot be read as parquet"):
        load_trials(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_half_a_file_is_refused(tmp_path, parquet, kept):
    content = parquet.read_bytes()
    (tmp_path / "half.parquet").write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(DatasetError, match="cannot be read as parquet"):
        load_trials(tmp_path / "half.parquet")


def test_a_foreign_table_is_refused_with_the_columns_that_differ(tmp_path):
    pq.write_table(pa.table({"study_id": ["a"], "yi": [0.1]}), tmp_path / "t.parquet")
    with pytest.raises(DatasetError, match=r"missing \['result_id'.*unknown \['yi'\]"):
        load_trials(tmp_path / "t.parquet")


@pytest.mark.parametrize("version", [str(SCHEMA_VERSION + 1), None])
def test_another_layout_is_refused(tmp_path, small, version):
    metadata = dict(small.table.schema.metadata)
    metadata.pop(b"schema_version")
    if version is not None:
        metadata[b"schema_version"] = version.encode()
    pq.write_table(small.table.replace_schema_metadata(metadata), tmp_path / "t.parquet")
    with pytest.raises(DatasetError, match=f"layout {version or 'none'}"):
        load_trials(tmp_path / "t.parquet")


def sha256_on_loading(path) -> str | None:
    """Return the SHA-256 of the dataset at a path; None if it is refused."""
    try:
        return load_trials(path).sha256
    except DatasetError:
        return None


def test_a_flipped_bit_is_refused_or_makes_another_dataset(tmp_path, parquet):
    content = parquet.read_bytes()
    chance = random.Random(SEED)
    path = tmp_path / "trials.parquet"
    for place in chance.sample(range(len(content)), FLIPS):
        damaged = bytearray(content)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        assert sha256_on_loading(path) != hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("key", [b"vocabulary", b"sources", b"studies", b"dataset_version"])
def test_damaged_metadata_is_refused_on_loading(tmp_path, small, key):
    metadata = {**small.table.schema.metadata, key: b"{\xff"}
    pq.write_table(small.table.replace_schema_metadata(metadata), tmp_path / "t.parquet")
    with pytest.raises(DatasetError):
        load_trials(tmp_path / "t.parquet")


def test_columns_of_another_type_are_refused_on_loading(tmp_path, small):
    place = small.table.column_names.index("value")
    words = pa.array(["82", "119", "12.5"])
    table = small.table.set_column(place, "value", words)
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(DatasetError):
        load_trials(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    "criterion",
    [
        {"value": "many"},
        {"preferred": "yes"},
        {"printed": "82"},
        {"study": 5},
        {"year": 2012.5},
        {"year": 10**6},
        {"value": True},
        {"value": [1.0, "2"]},
        {"preferred": 1},
        {"value": 10**400},
        {"value": {1.0}},
    ],
)
def test_a_criterion_of_another_type_than_its_column_is_refused(small, criterion):
    with pytest.raises(BadInput, match=next(iter(criterion))):
        small.where(**criterion)


def test_the_metadata_of_the_file_is_json(trials):
    for key in (b"vocabulary", b"sources", b"studies"):
        json.loads(trials.table.schema.metadata[key])


def test_a_flipped_bit_never_changes_a_number_silently(tmp_path, parquet, trials):
    content = parquet.read_bytes()
    refused = 0
    for place in np.random.default_rng(7).integers(0, len(content), 60):
        flipped = bytearray(content)
        flipped[place] ^= 1
        path = tmp_path / "trials.parquet"
        path.write_bytes(flipped)
        try:
            assert load_trials(path).table.equals(trials.table), place
        except DatasetError:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize("content", [b"[]", b"1"])
def test_metadata_of_another_shape_is_refused_on_loading(tmp_path, small, content):
    metadata = {**small.table.schema.metadata, b"studies": content}
    pq.write_table(small.table.replace_schema_metadata(metadata), tmp_path / "t.parquet")
    with pytest.raises(DatasetError, match="studies is no mapping"):
        load_trials(tmp_path / "t.parquet")


def test_missing_metadata_is_refused_on_loading(tmp_path, small):
    metadata = dict(small.table.schema.metadata)
    del metadata[b"licence"]
    pq.write_table(small.table.replace_schema_metadata(metadata), tmp_path / "t.parquet")
    with pytest.raises(DatasetError, match="licence is missing"):
        load_trials(tmp_path / "t.parquet")
