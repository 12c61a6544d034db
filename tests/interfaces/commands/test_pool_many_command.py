"""The command ``evidence pool-many``: what the function gives, in words or as JSON."""

import json

import pandas as pd
import pytest

from evidence import pool
from evidence.errors import MissingLibrary

CSV = "review,y,v\na,.1,.04\na,.5,.05\na,.2,.02\nb,-.3,.1\nb,,.2\nc,.1,.1\n"
NAMES = ("--columns", "id=review,yi=y,vi=v")


@pytest.fixture
def pool_many(evidence, in_empty_folder):
    (in_empty_folder / "r.csv").write_text(CSV)
    return lambda *more: evidence("pool-many", "r.csv", "--output", "p.parquet", *NAMES, *more)


def test_the_counts_are_printed_and_the_numbers_are_in_the_file(pool_many):
    result = pool_many("--bad-rows", "mark", "--policy", "metafor", "--level", "0.9")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "p.parquet: 3 meta-analyses of 6 rows; 1 estimated, 1 with one study, 1 not estimated.",
        "  not estimated, rows cannot be used: 1",
        "  rows where yi is missing: 1 (mark)",
    ]
    row = pd.read_parquet("p.parquet").iloc[0]
    one = pool([0.1, 0.5, 0.2], [0.04, 0.05, 0.02], policy="metafor", level=0.9)
    assert (row["estimate"], row["ci_low"]) == pytest.approx((one.estimate, one.ci_low))


def test_json_holds_the_counts(pool_many):
    found = json.loads(pool_many("--bad-rows", "leave-out", "--json").stdout)
    assert (found["output"], found["meta_analyses"], found["one_study"]) == ("p.parquet", 3, 2)
    assert found["bad_rows"] == {"yi is missing": 1}


def test_bad_rows_are_refused_unless_a_rule_is_named(pool_many, in_empty_folder):
    result = pool_many()
    assert result.exit_code == 2
    assert "row 5 (b): yi is missing" in result.stderr
    assert not (in_empty_folder / "p.parquet").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--columns", "review"), "id=HEADER"),
        (("--columns", "id=trial"), "There is no column 'trial'"),
        (("--method", "DLL"), "There is no estimator"),
        (("--output", "no-folder-allowed/../r.csv"), "Name another output"),
    ],
)
def test_what_cannot_be_right_is_refused(pool_many, in_empty_folder, arguments, message):
    (in_empty_folder / "no-folder-allowed").mkdir()
    result = pool_many("--bad-rows", "mark", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_without_dask_the_scheduler_is_refused_with_the_line_that_installs_it(
    pool_many, monkeypatch
):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    result = pool_many("--scheduler", "tcp://nowhere:1")
    assert result.exit_code == 2
    assert "pip install 'ms-evidence[dask]'" in result.stderr
    assert issubclass(MissingLibrary, ImportError)
