import json
import os
import runpy
from pathlib import Path

import pandas as pd
import pytest

from evidence.errors import BadInput, CurationError, UnknownName
from evidence.trials.dataset.load import Trials
from evidence.trials.dataset.sql import ARMS, RISK_OF_BIAS, SOURCES, STUDIES, Database, query
from evidence.trials.rows import COLUMN_NAMES

TABLES = ("trials", "studies", "arms", "sources", "risk_of_bias")


@pytest.fixture
def small(curated):
    return curated.trials(
        curated.study(
            "alpha",
            curated.result("relapse", "events", "drug", 82, timepoint_months=24),
            curated.result("relapse", "events", "control", 119, timepoint_months=24),
            year=2012,
        ),
        curated.study("beta", curated.result("relapse", "events", "drug", 7), overlaps=["alpha"]),
    )


def test_a_query_gives_a_frame_with_the_rows_of_the_dataset(trials):
    found = query("select * from trials")
    assert isinstance(found, pd.DataFrame)
    assert tuple(found.columns) == COLUMN_NAMES
    assert found["result_id"].tolist() == trials.frame["result_id"].tolist()
    assert found["printed"].tolist() == trials.frame["printed"].map(list).tolist()


def test_all_tables_are_there_with_their_columns():
    assert sorted(query("show tables")["name"]) == sorted(TABLES)
    for name, schema in (("studies", STUDIES), ("arms", ARMS), ("sources", SOURCES)):
        assert query(f"select * from {name} limit 1").columns.tolist() == schema.names


def test_no_column_has_a_word_of_sql_for_its_name(small):
    database = Database(small)
    for name, table in database.tables.items():
        for column in table.column_names:
            assert database.query(f"select {column} from {name}").columns.tolist() == [column]


def test_numbers_of_the_side_tables_add_up_to_the_dataset(trials):
    studies, sources = query("select * from studies"), query("select * from sources")
    assert studies["results"].sum() == sources["results"].sum() == len(trials)
    assert set(sources["source"]) == set(trials.sources)
    named = {(study, arm) for study, entry in trials.studies.items() for arm in entry["arms"]}
    arms = query("select study_id, arm from arms")
    assert set(arms.itertuples(index=False, name=None)) == named


def test_every_arm_and_source_of_a_row_can_be_joined():
    lost = query("""
        select count(*) as rows from trials t
        left join sources s using (source) left join studies d using (study_id)
        left join arms a on a.study_id = t.study_id and a.arm = t.arm
        where s.source is null or d.study_id is null or (t.arm is not null and a.arm is null)
    """)
    assert lost["rows"].item() == 0


def test_a_part_of_the_dataset_can_be_queried(small):
    part = small.where(study_id="alpha")
    assert query("select count(*) as k from trials", trials=part)["k"].item() == 2
    assert query("select study_id, year from studies", trials=part).values.tolist() == [  # noqa: PD011
        ["alpha", 2012]
    ]
    shared = query(
        "select shares_patients_with as ids from studies order by study_id", trials=small
    )
    assert shared["ids"].tolist() == [[], ["alpha"]]


def test_members_of_a_meta_analysis_can_be_queried(curated):
    place = {"source": "paper", "locator": "table 1"}
    members = [{"name": "Alpha 2012", "study_id": "alpha", **place}, {"name": "GLANCE", **place}]
    effect = curated.result(
        "relapse", "risk_ratio", "drug", 0.6, comparator_arm="control", unit="ratio"
    )
    made = curated.trials(
        curated.study("alpha", curated.result("relapse", "events", "drug", 7)),
        curated.study("pooled", effect, design="meta-analysis", members=members),
    )
    sql = """
        select s.study_id as pooled, m.name, m.study_id as member, m.source
        from studies s, unnest(s.members) as t(m) order by m.name
    """
    found = query(sql, trials=made)
    assert found["name"].tolist() == ["Alpha 2012", "GLANCE"]
    assert found["member"].fillna("none").tolist() == ["alpha", "none"]
    assert set(found["pooled"]) == {"pooled"}
    assert set(found["source"]) == {"paper"}
    of = "select members from studies order by study_id"
    assert query(of, trials=made)["members"].tolist()[0] == []


def test_a_file_from_before_members_can_be_queried(small):
    told = json.loads(small.table.schema.metadata[b"studies"])
    for entry in told.values():
        del entry["members"]
    metadata = {**small.table.schema.metadata, b"studies": json.dumps(told).encode()}
    before = Trials(table=small.table.replace_schema_metadata(metadata), sha256="0" * 64)
    assert query("select members from studies", trials=before)["members"].tolist() == [[], []]


def test_an_absent_value_in_a_list_is_none(small):
    found = query("select list(ci_low order by arm) as bounds from trials", trials=small)
    assert found["bounds"].item() == [None, None, None]
    mixed = query("select list(x) as xs from (values (1.5), (null)) as t(x)", trials=small)
    assert mixed["xs"].item() == [1.5, None]


def test_numbers_are_plain_numbers_and_names_are_distinct(small):
    found = query("select sum(1) as sum, 0.5 as half, 1 as a, 2 as a from trials", trials=small)
    assert found.columns.tolist() == ["sum", "half", "a", "a_1"]
    assert all(pd.api.types.is_numeric_dtype(kind) for kind in found.dtypes)
    assert found.iloc[0].tolist() == [3, 0.5, 1, 2]


def test_parameters_stand_for_values(small):
    by_place = query("select value from trials where arm = ?", ["control"], trials=small)
    by_name = query("select value from trials where arm = $arm", {"arm": "control"}, trials=small)
    assert by_place["value"].tolist() == by_name["value"].tolist() == [119]


@pytest.mark.parametrize(
    ("statement", "nearest"),
    [
        ("select outcom from trials", "outcome"),
        ("select t.locatr from trials t", "locator"),
        ("select citatoin from sources", "citation"),
    ],
)
def test_an_unknown_column_is_refused_with_those_that_exist(statement, nearest):
    with pytest.raises(UnknownName, match=f"There is no column .* Did you mean .*{nearest}"):
        query(statement)


def test_an_unknown_table_is_refused_with_those_that_exist():
    with pytest.raises(UnknownName, match=r"no table 'trial'\. Did you mean trials") as refusal:
        query("select * from trial")
    assert all(name in str(refusal.value) for name in TABLES)


def test_a_fault_is_shown_at_its_place():
    with pytest.raises(BadInput, match="syntax error") as refusal:
        query("select *\nfrom trials\nwhere where")
    shown, sign = str(refusal.value).splitlines()[-2:]
    assert shown == "  - line 3: where where"
    assert shown[sign.index("^") :].startswith("where")


@pytest.mark.parametrize(
    "statement",
    [
        "drop table trials",
        "create table mine as select 1",
        "insert into trials select * from trials",
        "update trials set value = 1",
        "delete from trials",
        "copy trials to 'trials.csv'",
        "attach 'other.db'",
        "install httpfs",
        "set threads = 8",
        "pragma enable_profiling",
        "explain analyze create table mine as select 1",
        "select 1; drop table trials",
        "",
        "-- nothing",
    ],
)
def test_only_one_select_is_accepted(statement):
    with pytest.raises(BadInput, match="one SELECT statement"):
        query(statement)
    assert query("select count(*) > 0 as there from trials")["there"].item()


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('{file}')",
        "select * from read_text('{file}')",
        "select * from '{file}'",
        "select * from glob('{folder}/*')",
        "select * from read_parquet('https://example.org/a.parquet')",
    ],
)
def test_no_file_can_be_read(statement, tmp_path):
    file = tmp_path / "secret.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match=r"no files|no table"):
        query(statement.format(file=file, folder=tmp_path))


def test_variables_of_the_caller_are_no_tables():
    secret = pd.DataFrame({"a": [1]})
    with pytest.raises(UnknownName, match="no table 'secret'"):
        query("select * from secret")
    assert len(secret) == 1


def test_without_a_file_of_judgements_the_table_is_empty(small, tmp_path):
    found = Database(small, tmp_path / "none.yaml").query("select * from risk_of_bias")
    assert found.empty
    assert found.columns.tolist() == RISK_OF_BIAS.names


def test_judgements_of_the_studies_are_a_table(small, tmp_path):
    file = tmp_path / "risk_of_bias.yaml"
    file.write_text(
        "- {study_id: alpha, tool: RoB 2, outcome_group: relapses, domain: randomisation,\n"
        "   judgement: low, reason: central, source: paper, locator: Methods, status: proposed}\n"
        "- {study_id: elsewhere, tool: RoB 2, judgement: high}\n"
    )
    found = Database(small, file).query("select study_id, judgement from risk_of_bias")
    assert found.to_dict("records") == [{"study_id": "alpha", "judgement": "low"}]


@pytest.mark.parametrize("content", ["- {study: alpha}", "alpha: low", "- alpha", "a: [", "- {}"])
def test_judgements_of_another_form_are_refused(small, tmp_path, content):
    file = tmp_path / "risk_of_bias.yaml"
    file.write_text(content)
    with pytest.raises(CurationError, match="risk_of_bias"):
        Database(small, file)


def test_a_dataset_that_was_built_anew_is_read_anew(curated, monkeypatch, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "ms-evidence"\nversion = "1"\n')
    (tmp_path / "analyses").mkdir()
    monkeypatch.chdir(tmp_path)
    curated.parquet = tmp_path / "data" / "trials.parquet"
    for index, values in enumerate(([1.0], [1.0, 2.0])):
        rows = [
            curated.result("relapse", "events", arm, value)
            for arm, value in zip(("drug", "control"), values, strict=False)
        ]
        curated.write(curated.study("alpha", *rows))
        curated.build()
        os.utime(curated.parquet, ns=(index, index))
        assert query("select value from trials")["value"].tolist() == sorted(values, reverse=True)


def test_the_tables_are_made_for_the_first_query_alone(monkeypatch):
    first = query("select * from trials")

    def never(*_: object) -> None:
        raise AssertionError("the tables of an unchanged dataset were made anew")

    monkeypatch.setattr("evidence.trials.dataset.sql.tables_of", never)
    monkeypatch.setattr("evidence.trials.dataset.sql.load_trials", never)
    assert len(query("select value from trials")) == len(first)


def test_an_aggregate_is_that_of_pandas(trials):
    found = query("select outcome, count(*) as k from trials group by outcome order by outcome")
    expected = trials.frame.groupby("outcome").size()
    assert dict(zip(found["outcome"], found["k"], strict=True)) == expected.to_dict()


def test_the_notebook_runs_from_top_to_bottom(project: Path, capsys, monkeypatch):
    monkeypatch.chdir(project)
    runpy.run_path(str(project / "docs" / "notebooks" / "querying.py"))
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(".")[0] for line in printed] == [
        "There is no column 'outcom'",
        "There is no table 'trial'",
        "A query reads the dataset, no files",
        "A query is one SELECT statement, and this is DROP",
    ]
