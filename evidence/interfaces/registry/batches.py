"""Rows of a registry cut into batches of whole meta-analyses, wherever the file divides them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evidence.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Whole meta-analyses, one after the other.

    Attributes
    ----------
    ids : pyarrow.Array, length d
        Their names.
    starts : ndarray of int, shape (d + 1,)
        Row of the batch at which each starts, and n.
    yi, vi : ndarray, shape (n,)
        Effects and sampling variances; NaN where the file has nothing.
    first_row : int
        Row of the file, from 0, with which the batch starts.
    """

    ids: pa.Array
    starts: IntArray
    yi: FloatArray
    vi: FloatArray
    first_row: int


def whole_batches(
    tables: Iterable[pa.Table], following: Iterable[pa.Table], before: object, first_row: int
) -> Iterator[Batch]:
    """Yield the meta-analyses that start in some tables, with all their rows.

    Parameters
    ----------
    tables : iterable of pyarrow.Table
        Consecutive rows with columns id, yi and vi.
    following : iterable of pyarrow.Table
        The rows after them; read only as far as the last meta-analysis goes.
    before : object
        Id of the row before them, whose meta-analysis starts earlier; None if there is none.
    first_row : int
        Row of the file, from 0, with which they start.
    """
    held: list[pa.Table] = []  # the meta-analysis whose end has not been seen yet
    for table in tables:
        leading = 0 if before is None else _leading(table, before)
        first_row += leading
        if leading == table.num_rows:
            continue
        before, own = None, table.slice(leading)
        last = int(_starts(own["id"])[-1])
        if held and (last or own["id"][0] != held[0]["id"][0]):
            batch = _batch([*held, own.slice(0, last)], first_row)
            first_row += batch.yi.size
            yield batch
            held = [own.slice(last)]
        elif last:
            yield _batch([own.slice(0, last)], first_row)
            first_row += last
            held = [own.slice(last)]
        else:
            held.append(own)
    if held:
        yield _batch([*held, *_rest(following, held[0]["id"][0])], first_row)


def _rest(following: Iterable[pa.Table], wanted: pa.Scalar) -> Iterator[pa.Table]:
    """Yield the rows with which the following tables continue a meta-analysis."""
    for table in following:
        leading = _leading(table, wanted)
        yield table.slice(0, leading)
        if leading < table.num_rows:
            return


def _leading(table: pa.Table, wanted: object) -> int:
    """Return how many rows a table has at its start that belong to a meta-analysis."""
    other = pc.fill_null(pc.not_equal(table["id"], wanted), True).to_numpy()
    return int(np.argmax(other)) if other.any() else table.num_rows


def _starts(ids: pa.ChunkedArray) -> IntArray:
    """Rows at which another id stands than before."""
    changes = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy()
    return np.concatenate([[0], np.flatnonzero(changes) + 1])


def _batch(tables: list[pa.Table], first_row: int) -> Batch:
    table = pa.concat_tables(tables).combine_chunks()
    starts = _starts(table["id"])
    return Batch(
        ids=table["id"].combine_chunks().take(pa.array(starts)),
        starts=np.append(starts, table.num_rows),
        yi=table["yi"].to_numpy(),
        vi=table["vi"].to_numpy(),
        first_row=first_row,
    )
