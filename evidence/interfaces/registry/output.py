"""The results of a registry as a parquet file: one row for each meta-analysis, in one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evidence.errors import BadInput
from evidence.files import replacing
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.stacks.ragged_result import NUMBERS, PooledRagged

#: What each column of numbers is.
_DESCRIPTIONS: Final = {
    "estimate": "mean effect, on the scale of yi",
    "se": "standard error behind the interval",
    "ci_low": "lower bound of the confidence interval",
    "ci_high": "upper bound of the confidence interval",
    "statistic": "estimate over se",
    "df": "degrees of freedom of t; null for the normal distribution",
    "p_value": "two-sided p-value of no effect",
    "tau2": "between-study variance, in squared units of yi",
    "se_tau2": "large-sample standard error of tau2",
    "q": "Cochran's Q",
    "q_p": "p-value of Cochran's Q, on k - 1 degrees of freedom",
    "i2": "I2 as a proportion",
    "h2": "H2",
}
_TEXTS: Final = {
    "test": f"one of {', '.join(SUMMARY_TESTS)}",
    "method": "estimator of tau2, or single-study",
    "reason": "why there is no estimate; null where there is one",
    "note": "what else there is to know",
}
#: Name of the column with the ids, whatever the registry calls it.
ID: Final = "meta_analysis"
#: Rows of a row group; the results are the same bytes however they arrive.
_GROUP_ROWS: Final = 100_000
_MEMORY: Final = "256MB"
_SHOWN: Final = 20


def results_schema(id_type: pa.DataType) -> pa.Schema:
    """Columns of the results; each says what it holds."""
    count = pa.int64()
    fields = [
        _field(ID, id_type, "the meta-analysis"),
        _field("rows", count, "rows of the meta-analysis in the file"),
        _field("k", count, "studies behind the estimate"),
        *(_field(name, pa.float64(), _DESCRIPTIONS[name]) for name in NUMBERS),
        *(_field(name, pa.string(), words) for name, words in _TEXTS.items()),
    ]
    return pa.schema(fields)


def _field(name: str, kind: pa.DataType, description: str) -> pa.Field:
    return pa.field(name, kind, metadata={"description": description})


def results_table(ids: pa.Array, pooled: PooledRagged, schema: pa.Schema) -> pa.Table:
    """Results of one batch; what has no value is null."""
    columns = [ids, pa.array(pooled.rows), pa.array(pooled.k)]
    columns += [pa.array(getattr(pooled, name), from_pandas=True) for name in NUMBERS]
    for words in (pooled.tests, pooled.methods):
        columns.append(pa.array(words, mask=words == "", type=pa.string()))
    columns += [pa.array(words, pa.string()) for words in (pooled.reasons, pooled.notes)]
    return pa.table(columns, schema=schema)


class ResultsWriter:
    """Writes results in row groups of one size, and sees whether the ids come in order.

    Parameters
    ----------
    path : Path
        File to write.
    schema : pyarrow.Schema
        Columns; the first one holds the ids.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = pq.ParquetWriter(
            path, schema, compression="zstd", version="2.6", use_dictionary=list(_TEXTS)
        )
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._last: pa.Scalar | None = None
        self.rising = True

    def add(self, table: pa.Table) -> None:
        """Take the results of a batch; a part in which no meta-analysis starts has none."""
        if not len(table):
            return
        ids = table.column(0)
        if self._last is not None:
            self.rising &= bool(pc.less(self._last, ids[0]).as_py())
        falls = pc.greater_equal(ids.slice(0, len(ids) - 1), ids.slice(1))
        self.rising &= not pc.any(falls).as_py()
        self._last = ids[-1]
        self._waiting.append(table)
        self._rows += len(table)
        while self._rows >= _GROUP_ROWS:
            self._write(_GROUP_ROWS)

    def _write(self, rows: int) -> None:
        table = pa.concat_tables(self._waiting)
        self._file.write_table(table.slice(0, rows).combine_chunks(), row_group_size=rows)
        self._waiting, self._rows = [table.slice(rows)], len(table) - rows

    def finish(self, metadata: Mapping[str, str]) -> None:
        """Write what is left, and what the file says about itself."""
        if self._rows:
            self._write(self._rows)
        self._file.add_key_value_metadata(dict(metadata))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@contextmanager
def writing_results(path: Path, schema: pa.Schema) -> Iterator[ResultsWriter]:
    """Give a writer to a file that takes its place when all went well, and never before.

    Raises
    ------
    BadInput
        If a meta-analysis stands in several places of the registry.
    """
    with replacing(path) as temporary:
        with ResultsWriter(temporary, schema) as writer:
            yield writer
        if not writer.rising:
            _require_one_row_each(temporary)


def _require_one_row_each(path: Path) -> None:
    """Refuse ids that come again; DuckDB counts them on the disk when they are many."""
    import duckdb

    query = f"select {ID}, count(*) from read_parquet(?) group by 1 having count(*) > 1 order by 1"
    with TemporaryDirectory() as folder:
        settings = {"memory_limit": _MEMORY, "temp_directory": folder}
        with duckdb.connect(":memory:", config={**settings}) as connection:
            found = connection.execute(query, [str(path)])
            again = found.fetchmany(_SHOWN)
    if again:
        raise BadInput(
            "The rows of a meta-analysis stand together in a registry, and some come again after "
            "those of others. Sort the file by meta-analysis. The first are:",
            [f"{name!r} in {count} places" for name, count in again],
        )
