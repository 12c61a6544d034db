"""SQL over the dataset: DuckDB reads its tables in memory, and nothing else."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import yaml

from evidence.errors import BadInput, CurationError, UnknownName
from evidence.input_checks import require_kind
from evidence.trials.dataset.load import Trials, dataset_path, load_trials

if TYPE_CHECKING:
    import pandas as pd

_TEXT, _COUNT, _TEXTS = pa.string(), pa.int32(), pa.list_(pa.string())
#: A study that a meta-analysis pools: its name as printed, and its study_id where it has one.
_MEMBER = pa.struct([(name, _TEXT) for name in ("name", "study_id", "source", "locator")])
STUDIES = pa.schema(
    {
        **dict.fromkeys(("study_id", "study", "registry_id", "design", "phase"), _TEXT),
        "year": pa.int16(),
        "population": _TEXT,
        "shares_patients_with": _TEXTS,
        "members": pa.list_(_MEMBER),
        "note": _TEXT,
        "results": _COUNT,
    }
)
ARMS = pa.schema(dict.fromkeys(("study_id", "arm", "label", "therapy", "dose"), _TEXT))
SOURCES = pa.schema(
    {
        **dict.fromkeys(("source", "citation", "kind", "origin"), _TEXT),
        "year": pa.int16(),
        **dict.fromkeys(("doi", "pmid", "address", "accessed", "file", "sha256", "license"), _TEXT),
        "results": _COUNT,
    }
)
RISK_OF_BIAS = pa.schema(
    dict.fromkeys(
        (
            "study_id",
            "tool",
            "outcome_group",
            "domain",
            "judgement",
            "reason",
            "source",
            "locator",
            "status",
        ),
        _TEXT,
    )
)
#: Columns of ``studies`` that every row of a study repeats.
_REPEATED = ("study_id", "study", "registry_id", "design", "phase", "year", "population")
#: No file, network or Python variable can be read; one thread, so that sums come in one order.
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "python_enable_replacements": False,
    "threads": 1,
}
#: How DuckDB names what it did not find.
_NO_TABLE = re.compile(r'(?:Table with name|Referenced table) "?([^"\s!]+)"?')
_NO_COLUMN = re.compile(r'(?:Referenced column|does not have a column named) "([^"]+)"')


def query(
    sql: str,
    parameters: Sequence[object] | Mapping[str, object] | None = None,
    *,
    trials: Trials | None = None,
) -> pd.DataFrame:
    """Rows that a SELECT statement gives.

    The tables are ``trials`` (one row a reported number), ``studies``, ``arms``, ``sources`` and
    ``risk_of_bias``. They share ``study_id``; ``trials.source`` is the key of ``sources``.

    Parameters
    ----------
    sql : str
        One SELECT statement of DuckDB, which includes ``DESCRIBE trials`` and ``SUMMARIZE trials``.
    parameters : sequence or mapping, optional
        Values for ``?`` or ``$name`` in the statement.
    trials : Trials, optional
        Dataset, or a part of it; left out, that of :func:`evidence.load_trials`.

    Raises
    ------
    BadInput
        The statement is no SELECT, has a fault, or names a table or column that does not exist; the
        message says which ones do.

    Examples
    --------
    >>> import evidence
    >>> evidence.query("select source, count(*) as numbers from trials group by source")
    >>> evidence.query("select * from arms where therapy = ?", ["alemtuzumab"])
    """
    if trials is not None:
        require_kind("A query", trials, Trials, "Give what load_trials() returned.")
    database = Database(trials) if trials is not None else _default_database()
    return database.query(sql, parameters)


class Database:
    """The tables of a dataset, open for SELECT statements alone.

    Parameters
    ----------
    trials : Trials
        Dataset, or a part of it; the other tables hold its studies.
    risk_of_bias : path, optional
        File with the judgements; left out, the one that lies beside the project's dataset.
    """

    def __init__(self, trials: Trials, risk_of_bias: Path | None = None) -> None:
        import duckdb

        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=_SETTINGS)
        self.tables = tables_of(trials, risk_of_bias or _risk_of_bias_path())
        for name, table in self.tables.items():
            self._connection.register("incoming", table)
            self._connection.execute(f"create table {name} as select * from incoming")
            self._connection.unregister("incoming")
        self._connection.execute("set lock_configuration = true")

    def query(
        self, sql: str, parameters: Sequence[object] | Mapping[str, object] | None = None
    ) -> pd.DataFrame:
        """Return the rows that a SELECT statement gives; see :func:`query`."""
        import duckdb

        with self._lock:
            try:
                self._check_only_reads(sql)
                return _frame(self._connection.sql(sql, params=parameters).to_arrow_table())
            except duckdb.Error as error:
                raise self._refusal(sql, str(error)) from error

    def _check_only_reads(self, sql: str) -> None:
        statements = self._connection.extract_statements(sql)
        kinds = [str(statement.type).rpartition(".")[2] for statement in statements]
        if kinds != ["SELECT"]:
            raise BadInput(
                f"A query is one SELECT statement, and this is {', then '.join(kinds) or 'none'}. "
                f"The dataset is only read. {self._known_tables()}"
            )

    def _refusal(self, sql: str, message: str) -> BadInput:
        table, column = _NO_TABLE.search(message), _NO_COLUMN.search(message)
        if table:
            return UnknownName("table", table[1], self.tables, self._known_tables())
        if column:
            names = {name for used in self._used(sql) for name in self.tables[used].column_names}
            return UnknownName("column", column[1], names, self._known_columns(sql))
        if "disabled by configuration" in message:
            return BadInput(f"A query reads the dataset, no files. {self._known_tables()}")
        fault = message.partition("\n")[0].rstrip(".")
        place = message.rpartition("LINE ")[2] if "LINE " in message else ""
        # The sign below the fault moves with the four letters that a line of problems has more.
        shown = ["line " + place.replace("\n", "\n    ")] if place else []
        return BadInput(f"The query has a fault: {fault}. {self._known_tables()}", shown)

    def _known_tables(self) -> str:
        return f"The tables are {', '.join(self.tables)}; `describe trials` lists columns."

    def _known_columns(self, sql: str) -> str:
        return " ".join(
            f"Columns of {name}: {', '.join(self.tables[name].column_names)}."
            for name in self._used(sql)
        )

    def _used(self, sql: str) -> list[str]:
        words = set(re.findall(r"\w+", sql.lower()))
        return [name for name in self.tables if name in words] or list(self.tables)


def _frame(table: pa.Table) -> pd.DataFrame:
    """Return a result with plain numbers and lists, in which what is absent is None."""
    table = _plain_numbers(table.rename_columns(_distinct(table.column_names)))
    frame: pd.DataFrame = table.to_pandas()
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_list(column.type):
            frame[name] = column.to_pylist()
    return frame


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names of columns, repeated ones with a number, as after a join."""
    found: list[str] = []
    for name in names:
        numbered = (f"{name}_{number}" for number in count(1))
        found.append(next(one for one in chain([name], numbered) if one not in found))
    return found


def _plain_numbers(table: pa.Table) -> pa.Table:
    """Return a table in which decimals, such as the sum of whole numbers, are floats."""
    for index, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(index, field.name, table.column(index).cast(pa.float64()))
    return table


def tables_of(trials: Trials, risk_of_bias: Path | None = None) -> dict[str, pa.Table]:
    """Return the tables that a query can name.

    Raises
    ------
    CurationError
        The file with the judgements has faults; all are listed.
    """
    studies = _studies(trials)
    names = {row["study_id"] for row in studies}
    judgements = _judgements(risk_of_bias) if risk_of_bias and risk_of_bias.is_file() else []
    return {
        "trials": trials.table.replace_schema_metadata(None),
        "studies": pa.Table.from_pylist(studies, schema=STUDIES),
        "arms": pa.Table.from_pylist(list(_arms(trials, names)), schema=ARMS),
        "sources": pa.Table.from_pylist(list(_sources(trials)), schema=SOURCES),
        "risk_of_bias": pa.Table.from_pylist(
            [row for row in judgements if row["study_id"] in names], schema=RISK_OF_BIAS
        ),
    }


def _studies(trials: Trials) -> list[dict[str, Any]]:
    rows = trials.table.select(list(_REPEATED)).to_pylist()
    sizes = Counter(row["study_id"] for row in rows)
    firsts = {row["study_id"]: row for row in reversed(rows)}
    return [
        {
            **firsts[study_id],
            "shares_patients_with": trials.studies[study_id]["overlaps"],
            "members": trials.studies[study_id].get("members", []),
            "note": trials.studies[study_id]["note"],
            "results": sizes[study_id],
        }
        for study_id in sorted(firsts)
    ]


def _arms(trials: Trials, studies: set[str]) -> Iterator[dict[str, Any]]:
    for study_id in sorted(studies):
        for arm, entry in trials.studies[study_id]["arms"].items():
            yield {"study_id": study_id, "arm": arm, **entry}


def _sources(trials: Trials) -> Iterator[dict[str, Any]]:
    cited = Counter(trials.table["source"].to_pylist())
    for key in sorted(trials.sources):
        yield {"source": key, **trials.sources[key], "results": cited[key]}


def _judgements(path: Path) -> list[dict[str, Any]]:
    """Read a list of judgements; a key that is no column, or none of the study, is refused."""
    try:
        content = (
            yaml.load(
                path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            )
            or []
        )
    except yaml.YAMLError as error:
        fault = " ".join(str(error).split())
        raise CurationError(f"{path.name} is not valid YAML.", [fault]) from error
    rows = content if isinstance(content, list) else [content]
    problems = []
    for index, row in enumerate(rows):
        surplus = sorted(set(row) - set(RISK_OF_BIAS.names)) if isinstance(row, dict) else ["?"]
        if surplus or not row.get("study_id"):
            problems.append(f"entry {index}: needs study_id and columns of the table, has {row!r}")
    if problems:
        raise CurationError(
            f"{path.name} is a list of judgements with the keys {', '.join(RISK_OF_BIAS.names)}.",
            problems,
        )
    return [{key: None if v is None else str(v) for key, v in row.items()} for row in rows]


def _risk_of_bias_path() -> Path:
    return dataset_path().with_name("risk_of_bias.yaml")


def _default_database() -> Database:
    """Open the project's dataset once, and again when one of its files has changed."""
    paths = (dataset_path(), _risk_of_bias_path())
    stamps = [path.stat() for path in paths if path.is_file()]
    return _opened(*paths, tuple((stamp.st_mtime_ns, stamp.st_size) for stamp in stamps))


@lru_cache(maxsize=1)
def _opened(path: Path, risk_of_bias: Path, _stamps: tuple[tuple[int, int], ...]) -> Database:
    return Database(load_trials(path), risk_of_bias)
