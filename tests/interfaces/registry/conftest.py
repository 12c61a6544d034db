"""Registries made for one claim, as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Write = Callable[..., Path]


def rows_of(sizes, seed=6):
    """Effects and variances of meta-analyses with these sizes, which differ in heterogeneity."""
    rng = np.random.default_rng(seed)
    n = int(np.sum(sizes))
    vi = np.exp(rng.uniform(-4.0, 0.0, n))
    return rng.normal(0.2, np.sqrt(vi + np.repeat(rng.choice([0.0, 0.1], len(sizes)), sizes))), vi


@pytest.fixture
def write_registry(tmp_path) -> Write:
    """Write a parquet file; names are those of the columns unless others are given."""

    def write(ids, yi, vi, *, group=None, name="registry.parquet", names=None) -> Path:
        path = tmp_path / name
        table = pa.table([pa.array(ids), pa.array(yi), pa.array(vi)], names or list(DEFAULT))
        pq.write_table(table, path, row_group_size=group)
        return path

    return write


DEFAULT = ("meta_analysis", "yi", "vi")


@pytest.fixture
def ids_of():
    """Ids, in order, of meta-analyses with these sizes."""
    return lambda sizes: np.repeat([f"MA{i:05d}" for i in range(len(sizes))], sizes).tolist()


@pytest.fixture
def effects_of():
    return rows_of
