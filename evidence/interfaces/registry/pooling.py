"""A registry of meta-analyses pooled as a whole: on this machine, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from evidence.errors import BadInput
from evidence.input_checks import require_kind
from evidence.interfaces.registry.cluster import in_order
from evidence.interfaces.registry.file import COLUMNS, RegistryFile
from evidence.interfaces.registry.output import results_schema, writing_results
from evidence.interfaces.registry.summary import Count, PooledRegistry
from evidence.interfaces.registry.work import How, Results, pool_batches, pool_part
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.policies import Plan, make_plan
from evidence.synthesis.stacks.row_faults import bad_row_rule

if TYPE_CHECKING:
    from distributed import Client

#: Rows that are read at a time: 25,000 meta-analyses of ten studies.
BATCH_ROWS: Final = 250_000


def pool_many(
    source: str | PathLike[str],
    output: str | PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    method: str | None = None,
    test: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    bad_rows: str = "refuse",
    client: Client | str | None = None,
    batch_rows: int = BATCH_ROWS,
) -> PooledRegistry:
    """Pool every meta-analysis of a file, in memory that does not grow with the file.

    The numbers of each meta-analysis are those of :func:`evidence.pool`. One that cannot be
    estimated has a row without numbers that says why.

    Parameters
    ----------
    source : path
        Parquet file, or CSV file by its ending, with a row for each study; the rows of a
        meta-analysis stand together.
    output : path
        Parquet file to write, in one step; an existing one is replaced.
    columns : mapping of str to str, optional
        What the columns id, yi and vi are called in the file: meta_analysis, yi and vi unless
        given. Ids are texts or whole numbers, ratios are on the log scale, vi are variances.
    method, test, policy, level
        As for ``pool``; the policy chooses the test of each summary.
    bad_rows : str
        What to do about rows that are missing, infinite, or without a variance above 0: refuse
        everything, mark the meta-analysis as not estimated, or leave-out the rows.
    client : distributed.Client or str, optional
        Dask cluster that does the work, or the address of its scheduler. Its workers read the file
        under the same path and have this package. The output is the same to the byte.
    batch_rows : int
        Rows that are read at a time. Memory grows with this and with the largest meta-analysis.

    Returns
    -------
    PooledRegistry
        Counts, and where the file is.

    Raises
    ------
    BadInput
        If the file or a column is missing or of another kind, a row has no id, a meta-analysis
        stands in several places, or for bad rows under the rule refuse.
    EmptySelection
        If the file has no row.
    UnknownName
        If a method, test, policy, rule or column is not known.
    MissingLibrary
        If an address is given and Dask is not installed.

    References
    ----------
    metafor: ``rma(yi, vi, method=, test=)`` for each meta-analysis.

    Examples
    --------
    >>> evidence.pool_many("registry.parquet", "pooled.parquet", bad_rows="mark").not_estimated
    """
    plan = make_plan(policy, method=method, test=test)
    how = How(
        method=method,
        test=test,
        policy=policy,
        level=check_level(level),
        bad_rows=bad_row_rule(bad_rows),
    )
    file, target = _registry(source, columns, batch_rows), _target(source, output)
    schema = results_schema(file.id_type())
    count = Count(how.bad_rows)
    with writing_results(target, schema) as writer:
        for results in _results(file, how, schema, client):
            writer.add(results.table)
            count.add(results)
        count.check(file.path)
        writer.finish(_metadata(plan, how))
    return count.summary(target)


def _registry(
    source: str | PathLike[str], columns: Mapping[str, str] | None, batch_rows: int
) -> RegistryFile:
    if isinstance(batch_rows, bool) or not isinstance(batch_rows, int) or batch_rows < 1:
        raise BadInput(f"Batches of {batch_rows!r} rows were asked for. Give 1 or more.")
    named = dict(columns or {})
    unknown = sorted(set(named) - set(COLUMNS))
    if unknown:
        raise BadInput(f"Columns were named for {', '.join(unknown)}. Name those of id, yi and vi.")
    all_columns = {**COLUMNS, **named}
    if len(set(all_columns.values())) < len(COLUMNS):
        raise BadInput(f"id, yi and vi were to be read from {all_columns}. Name three columns.")
    advice = "Give the path of a CSV or parquet file; effects in memory go to pool_ragged()."
    require_kind("The pooling of a file", source, (str, PathLike), advice)
    path = Path(source).absolute()
    size = path.stat().st_size if path.exists() else None
    return RegistryFile(path, all_columns, batch_rows, size)


def _target(source: str | PathLike[str], output: str | PathLike[str]) -> Path:
    target = Path(output)
    if target.exists() and Path(source).exists() and target.samefile(source):
        raise BadInput(f"The results of {target} were to be written over it. Name another output.")
    return target


def _metadata(plan: Plan, how: How) -> dict[str, str]:
    """What the output says about how its numbers came to be."""
    return {
        "policy": plan.policy.name,
        "method": plan.method,
        "test": plan.test,
        "level": repr(how.level),
        "i2_definition": "Q" if plan.method == "CE" else plan.policy.i2_definition,
        "bad_rows": how.bad_rows,
        "evidence_version": version("ms-evidence"),
    }


def _results(
    file: RegistryFile, how: How, schema: pa.Schema, client: Client | str | None
) -> Iterator[Results]:
    """Yield the results in the order of the file: batch by batch here, part by part from afar."""
    parts = file.parts()
    if client is None:
        for part in parts:
            yield from pool_batches(file, part, how, schema)
    else:
        yield from in_order(client, pool_part, ((file, part, how, schema) for part in parts))
