"""Every meta-analysis of a file: the numbers of pool(), however the file divides the rows."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose

from evidence import pool
from evidence.errors import BadInput, EmptySelection, UnknownName
from evidence.interfaces.registry import file as registry_file
from evidence.interfaces.registry.pooling import pool_many
from evidence.synthesis.stacks import NUMBERS, ONE_STUDY, OUT_OF_RANGE

#: Both searches for tau2 end at machine precision.
SAME = 1e-8
SIZES = [3, 1, 12, 2, 2, 40, 5, 1, 6, 7]


@pytest.fixture
def output(tmp_path):
    return tmp_path / "pooled.parquet"


@pytest.fixture
def written(write_registry, ids_of, effects_of):
    """A registry of ten meta-analyses, 79 rows, in row groups of 8 rows."""
    yi, vi = effects_of(SIZES)
    return write_registry(ids_of(SIZES), yi, vi, group=8)


def test_each_row_has_the_numbers_of_its_own_fit(written, output):
    found = pool_many(written, output, policy="hksj-floor", level=0.9)
    rows, results = pd.read_parquet(written), pd.read_parquet(output)
    for (name, part), row in zip(rows.groupby("meta_analysis"), results.itertuples(), strict=True):
        one = pool(part["yi"], part["vi"], policy="hksj-floor", level=0.9)
        assert (row.meta_analysis, row.rows, row.k) == (name, len(part), one.k)
        assert (row.test, row.method) == (one.test, one.method)
        for number in NUMBERS:
            value = getattr(one, number)
            want = np.nan if value is None else value
            assert_allclose(getattr(row, number), want, rtol=SAME, atol=1e-13, err_msg=number)
    assert (found.meta_analyses, found.rows, found.estimated, found.one_study) == (10, 79, 8, 2)
    assert found.not_estimated == 0
    assert set(results["note"].dropna()) == {ONE_STUDY}


@pytest.mark.parametrize("batch_rows", [1, 2, 7, 1000])
@pytest.mark.parametrize("group", [1, 8, 1000])
@pytest.mark.parametrize("part", [1, 20, 1000])
def test_no_division_of_the_rows_changes_a_result(
    write_registry, ids_of, effects_of, output, monkeypatch, batch_rows, group, part
):
    monkeypatch.setattr(registry_file, "_PART_ROWS", part)
    yi, vi = effects_of(SIZES)
    source = write_registry(ids_of(SIZES), yi, vi, group=group)
    pool_many(source, output, batch_rows=batch_rows)
    found = pd.read_parquet(output)
    assert found["rows"].tolist() == SIZES
    assert found["meta_analysis"].tolist() == sorted(set(ids_of(SIZES)))
    whole = output.with_name("whole.parquet")
    monkeypatch.setattr(registry_file, "_PART_ROWS", 10**6)
    pool_many(write_registry(ids_of(SIZES), yi, vi, name="whole"), whole)
    assert_allclose(found[list(NUMBERS)], pd.read_parquet(whole)[list(NUMBERS)], rtol=1e-11)


def test_a_csv_file_gives_the_same_results(written, output):
    rows = pd.read_parquet(written)
    csv = written.with_suffix(".csv")
    rows.to_csv(csv, index=False, float_format="%.17g")
    pool_many(written, output, batch_rows=10)
    from_csv = output.with_name("csv.parquet")
    pool_many(csv, from_csv, batch_rows=10)
    first, second = pd.read_parquet(output), pd.read_parquet(from_csv)
    pd.testing.assert_frame_equal(first, second, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("kind", [pa.int64(), pa.dictionary(pa.int32(), pa.string())])
def test_ids_may_be_numbers_or_categories(write_registry, output, kind):
    ids = [7, 7, 3] if kind == pa.int64() else ["b", "b", "a"]
    source = write_registry(pa.array(ids).cast(kind), [0.1, 0.2, 0.3], [1, 1, 1])
    pool_many(source, output)
    assert pd.read_parquet(output)["meta_analysis"].tolist() == [ids[0], ids[2]]


def test_columns_may_have_other_names(write_registry, output):
    names = ["review", "logor", "var"]
    source = write_registry(["a", "a"], [0.1, 0.2], [1.0, 1.0], names=names)
    pool_many(source, output, columns={"id": "review", "yi": "logor", "vi": "var"})
    assert pd.read_parquet(output)["k"].tolist() == [2]


def test_the_file_says_how_its_numbers_came_to_be(written, output):
    pool_many(written, output, method="DL", bad_rows="mark")
    file = pq.ParquetFile(output)
    said = {name.decode(): value.decode() for name, value in file.metadata.metadata.items()}
    wanted = {"policy": "cochrane-2025", "method": "DL", "level": "0.95", "bad_rows": "mark"}
    assert wanted.items() <= said.items()
    assert all(b"description" in field.metadata for field in file.schema_arrow)


def test_the_output_has_the_same_bytes_every_time(written, output):
    def digest():
        pool_many(written, output, batch_rows=10)
        return hashlib.sha256(output.read_bytes()).hexdigest()

    assert digest() == digest()


# --- rows that cannot be used, and meta-analyses that cannot be estimated -------------------------

BAD_IDS = ["a", "a", "a", "b", "b", "c", "c"]
BAD_Y = [0.1, None, 0.3, 0.2, np.inf, 0.4, 0.5]
BAD_V = [0.1, 0.1, 0.1, 0.0, 0.1, 0.1, 0.1]


def test_bad_rows_are_refused_with_counts_rows_and_ids(write_registry, output):
    source = write_registry(BAD_IDS, BAD_Y, BAD_V)
    with pytest.raises(BadInput, match="3 of 7 rows cannot be used") as refused:
        pool_many(source, output, batch_rows=2)
    assert "vi is not above 0 (1), yi is infinite (1), yi is missing (1)" in str(refused.value)
    assert refused.value.problems == (
        "row 2 (a): yi is missing",
        "row 4 (b): vi is not above 0",
        "row 5 (b): yi is infinite",
    )
    assert [path.name for path in output.parent.iterdir()] == [source.name]


def test_the_first_twenty_bad_rows_are_named_and_all_are_counted(write_registry, output):
    source = write_registry(["a"] * 90, [np.nan] * 90, [0.1] * 90)
    with pytest.raises(BadInput, match="90 of 90 rows") as refused:
        pool_many(source, output, batch_rows=8)
    assert len(refused.value.problems) == 20


def test_bad_rows_may_be_marked_or_left_out(write_registry, output):
    source = write_registry(BAD_IDS, BAD_Y, BAD_V)
    found = pool_many(source, output, bad_rows="mark")
    assert (found.estimated, found.not_estimated) == (1, 2)
    assert found.reasons == {"rows cannot be used": 2}
    assert found.bad_rows == {"vi is not above 0": 1, "yi is infinite": 1, "yi is missing": 1}
    assert pd.read_parquet(output)["k"].tolist() == [0, 0, 2]
    found = pool_many(source, output, bad_rows="leave-out")
    results = pd.read_parquet(output)
    assert results["k"].tolist() == [2, 0, 2]
    assert results["note"][0] == "1 of 3 rows cannot be used: yi is missing (1)"
    assert found.to_frame()["reasons"][0] == "rows cannot be used: 1"


def test_one_that_cannot_be_estimated_is_null_and_says_why(write_registry, output):
    yi, vi = [1.0, 2.0, 3.0, 0.1, 0.2], [1e-300, 1e-300, 1e-320, 0.1, 0.1]
    found = pool_many(write_registry(["a"] * 3 + ["b"] * 2, yi, vi), output)
    assert found.reasons == {OUT_OF_RANGE: 1}
    first = pq.read_table(output).slice(0, 1).to_pylist()[0]
    assert first["reason"] == OUT_OF_RANGE
    assert all(first[name] is None for name in NUMBERS)


def test_a_row_without_an_id_is_refused_with_its_place(write_registry, output):
    for missing in (None, ""):
        source = write_registry(["a", "a", missing, "b"], [0.1] * 4, [0.1] * 4, group=2)
        with pytest.raises(BadInput, match="row 3 has no meta_analysis"):
            pool_many(source, output)


def test_ids_in_any_order_are_fine_and_ids_that_come_again_are_not(write_registry, output):
    numbers = {"yi": [0.1] * 6, "vi": [0.1] * 6}
    pool_many(write_registry(["c", "c", "a", "a", "b", "b"], **numbers), output)
    assert pd.read_parquet(output)["meta_analysis"].tolist() == ["c", "a", "b"]
    before = output.read_bytes()
    source = write_registry(["c", "a", "a", "c", "a", "b"], **numbers)
    with pytest.raises(BadInput, match="come again") as refused:
        pool_many(source, output, batch_rows=2)
    assert refused.value.problems == ("'a' in 2 places", "'c' in 2 places")
    assert output.read_bytes() == before


# --- refusals -------------------------------------------------------------------------------------


def test_a_failure_leaves_the_old_output_and_nothing_beside_it(written, output, monkeypatch):
    output.write_bytes(b"old")

    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("evidence.interfaces.registry.work.results_table", fail)
    with pytest.raises(KeyboardInterrupt):
        pool_many(written, output)
    assert output.read_bytes() == b"old"
    assert len(list(output.parent.iterdir())) == 2


def test_what_is_no_registry_is_refused(write_registry, output, tmp_path):
    with pytest.raises(BadInput, match="cannot be read as parquet"):
        pool_many(tmp_path / "missing.parquet", output)
    text = tmp_path / "text.parquet"
    text.write_text("no parquet")
    with pytest.raises(BadInput, match="cannot be read as parquet"):
        pool_many(text, output)
    with pytest.raises(EmptySelection, match="has no row"):
        pool_many(write_registry(pa.array([], pa.string()), np.empty(0), np.empty(0)), output)
    (tmp_path / "empty.csv").write_text("meta_analysis,yi,vi\n")
    with pytest.raises(EmptySelection, match="has no row"):
        pool_many(tmp_path / "empty.csv", output)
    with pytest.raises(BadInput, match="There is no column 'yi'"):
        pool_many(write_registry(["a"], [0.1], [0.1], names=["meta_analysis", "y", "v"]), output)
    with pytest.raises(BadInput, match="id is a text or a whole number"):
        pool_many(write_registry([0.5], [0.1], [0.1]), output)
    with pytest.raises(BadInput, match="yi is string; yi is a number"):
        pool_many(write_registry(["a"], ["x"], [0.1]), output)


def test_a_csv_file_with_words_for_numbers_is_refused(output, tmp_path):
    source = tmp_path / "r.csv"
    source.write_text("meta_analysis,yi,vi\na,0.1,0.1\na,low,0.1\n")
    with pytest.raises(BadInput, match="low"):
        pool_many(source, output)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"method": "DLL"}, UnknownName),
        ({"bad_rows": "drop"}, UnknownName),
        ({"policy": "mine"}, UnknownName),
        ({"level": 95}, BadInput),
        ({"batch_rows": 0}, BadInput),
        ({"batch_rows": True}, BadInput),
        ({"columns": {"effect": "yi"}}, BadInput),
        ({"columns": {"vi": "yi"}}, BadInput),
    ],
)
def test_options_that_cannot_be_right_are_refused(written, output, options, error):
    with pytest.raises(error):
        pool_many(written, output, **options)
    assert not output.exists()


def test_results_are_never_written_over_the_registry(written):
    with pytest.raises(BadInput, match="Name another output"):
        pool_many(written, written)


# --- memory ---------------------------------------------------------------------------------------

MEASURE = """
import re, sys
from pathlib import Path
from evidence.interfaces.registry import output
from evidence.interfaces.registry.pooling import pool_many
output._GROUP_ROWS = 10_000  # so that both files fill many row groups of results
for source in sys.argv[2:]:
    pool_many(source, sys.argv[1], batch_rows=50_000)
    # not ru_maxrss, which a process takes over from the one that started it
    print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("one_group", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_file(write_registry, output, one_group):
    """Four times the rows, 72 MB more as arrays, in one row group or many: the same peak."""
    files = []
    for repeats in (2, 8):
        ids = np.repeat(np.arange(50_000 * repeats), 10)
        rng = np.random.default_rng(1)
        yi, vi = rng.normal(size=ids.size), rng.uniform(0.1, 1.0, ids.size)
        group = ids.size if one_group else 100_000
        files.append(write_registry(ids, yi, vi, group=group, name=f"{repeats}.parquet"))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(output), *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
    )
    short, long = map(float, done.stdout.split())
    assert long - short < 25.0, (short, long)
