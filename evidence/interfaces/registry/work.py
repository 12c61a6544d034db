"""A part of a registry pooled: what is done here, and what a worker of a cluster does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from evidence.interfaces.registry.batches import Batch
from evidence.interfaces.registry.file import Part, RegistryFile
from evidence.interfaces.registry.output import results_table
from evidence.synthesis.stacks.ragged import pool_ragged
from evidence.synthesis.stacks.row_faults import RowFaults

#: Rows that cannot be used and are named; the others are counted.
SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How every meta-analysis is pooled: arguments of :func:`pool_ragged`.

    Attributes
    ----------
    method, test : str or None
        Estimator and test in place of the policy's.
    policy : str
        The policy.
    level : float
        Coverage of the intervals.
    bad_rows : str
        What is done about rows that cannot be used.
    """

    method: str | None
    test: str | None
    policy: str
    level: float
    bad_rows: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Results:
    """Results of a batch or a part, and the rows that could not be used.

    Attributes
    ----------
    table : pyarrow.Table
        One row for each meta-analysis.
    bad_rows : int
        Rows that cannot be used.
    faults : Counter of str
        What is wrong with them; a row can have two faults.
    first_faults : list of str
        The first of them, with row and id.
    """

    table: pa.Table
    bad_rows: int
    faults: Counter[str]
    first_faults: list[str]


def pool_batches(
    file: RegistryFile, part: Part, how: How, schema: pa.Schema, workers: int | None = None
) -> Iterator[Results]:
    """Yield the results of a part, batch by batch.

    Parameters
    ----------
    file : RegistryFile
        The registry.
    part : Part
        Which of its rows.
    how : How
        How they are pooled. To refuse is left to who has seen all results, so that every bad row
        of the registry is counted.
    schema : pyarrow.Schema
        Columns of the results.
    workers : int, optional
        Threads; as many as there are processors if left out.
    """
    rule = "mark" if how.bad_rows == "refuse" else how.bad_rows
    arguments = {**asdict(how), "bad_rows": rule, "workers": workers}
    for batch in file.batches(part):
        pooled = pool_ragged(batch.yi, batch.vi, batch.starts, **arguments)
        yield Results(
            table=results_table(batch.ids, pooled, schema),
            bad_rows=int(pooled.faults.bad.sum()),
            faults=Counter(pooled.faults.counts),
            first_faults=_named(pooled.faults, batch),
        )


def _named(faults: RowFaults, batch: Batch) -> list[str]:
    rows = np.flatnonzero(faults.bad)[:SHOWN]
    owners = np.searchsorted(batch.starts, rows, side="right") - 1
    return [
        f"row {batch.first_row + row + 1} ({batch.ids[owner]}): {faults.of(row)}"
        for row, owner in zip(rows.tolist(), owners.tolist(), strict=True)
    ]


def pool_part(file: RegistryFile, part: Part, how: How, schema: pa.Schema) -> Results:
    """Results of a part in one piece, as a worker of a cluster sends them.

    Parameters
    ----------
    file, part, how, schema
        As for ``pool_batches``.
    """
    found = list(pool_batches(file, part, how, schema, workers=1))
    return Results(
        table=pa.concat_tables([schema.empty_table(), *(one.table for one in found)]),
        bad_rows=sum(one.bad_rows for one in found),
        faults=sum((one.faults for one in found), Counter()),
        first_faults=[fault for one in found for fault in one.first_faults][:SHOWN],
    )
