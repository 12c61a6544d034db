"""A registry of meta-analyses in a parquet file: pooled by one process, and by two Dask workers."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.lines import Line, Sizes
from benchmarks.own_process import measure

_MADE_AT_A_TIME = 100_000
_HERE = """
import sys, time
from evidence.interfaces.registry.pooling import pool_many
start = time.perf_counter()
pool_many(sys.argv[1], sys.argv[2])
seconds = time.perf_counter() - start
"""
_WORKERS = """
import sys, time
from distributed import Client, LocalCluster
from evidence.interfaces.registry.pooling import pool_many

if __name__ == "__main__":
    source, output, small = sys.argv[1:]
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**settings) as cluster, Client(cluster) as client:
        for _ in range(4):
            pool_many(small, output, client=client)
        start = time.perf_counter()
        pool_many(source, output, client=client)
        print(time.perf_counter() - start)
"""


def measure_registry(sizes: Sizes) -> Iterator[Line]:
    """Yield the lines of one process with short and long files, and of two workers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, source = folder / "small.parquet", folder / "registry.parquet"
        write_registry(small, max(1, sizes.registry // 10))
        write_registry(source, sizes.registry)
        here, there = folder / "here.parquet", folder / "there.parquet"
        for file, d in ((small, sizes.registry // 10), (source, sizes.registry)):
            measured = measure(_HERE, file, here)
            yield Line(
                name=f"{d:,} meta-analyses from a file",
                ours=measured.seconds,
                peak=measured.peak,
                note=f"{d / measured.seconds:,.0f} a second",
            )
        yield _on_workers(source, small, here, there, sizes)


def write_registry(path: Path, d: int) -> None:
    """Write d meta-analyses of 2 to 20 studies, 11 on average, in row groups of 100,000 of them."""
    rng = np.random.default_rng(5)
    with pq.ParquetWriter(
        path, pa.schema(dict(meta_analysis="string", yi="double", vi="double"))
    ) as file:
        for begin in range(0, d, _MADE_AT_A_TIME):
            ids = [f"MA{i:08d}" for i in range(begin, min(begin + _MADE_AT_A_TIME, d))]
            sizes = rng.integers(2, 21, len(ids))
            owner = pa.array(np.repeat(np.arange(len(ids)), sizes))
            vi = np.exp(rng.uniform(-4.0, -1.0, len(owner)))
            yi = rng.normal(0.2, np.sqrt(vi + 0.05))
            columns = {"meta_analysis": pa.array(ids).take(owner), "yi": yi, "vi": vi}
            file.write_table(pa.table(columns))


def _on_workers(source: Path, small: Path, here: Path, there: Path, sizes: Sizes) -> Line:
    name = f"{sizes.registry:,} on two Dask workers"
    if find_spec("distributed") is None:
        return Line(name=name, ours=None, note="Dask is not installed")
    script = there.with_suffix(".py")
    script.write_text(_WORKERS)
    command = [sys.executable, str(script), *map(str, (source, there, small))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds = float(done.stdout.split()[-1])
    same = "the same bytes" if there.read_bytes() == here.read_bytes() else "OTHER BYTES"
    return Line(name=name, ours=seconds, note=f"{sizes.registry / seconds:,.0f} a second; {same}")
