"""A Dask cluster gives the same file, to the byte, as one machine."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from evidence.errors import BadInput
from evidence.interfaces.registry import file as registry_file
from evidence.interfaces.registry.cluster import in_order
from evidence.interfaces.registry.output import results_schema
from evidence.interfaces.registry.pooling import pool_many
from evidence.interfaces.registry.work import How, pool_part

distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")


@pytest.fixture(scope="module")
def cluster():
    """Two workers, each a process of its own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as running:
        yield running


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as connected:
        yield connected


@pytest.fixture
def source(write_registry, effects_of, monkeypatch):
    """3,000 meta-analyses in parts of about 2,000 rows, some of which cannot be estimated."""
    monkeypatch.setattr(registry_file, "_PART_ROWS", 2_000)
    sizes = np.random.default_rng(1).integers(1, 15, 3_000)
    yi, vi = effects_of(sizes)
    yi[::997] = np.nan
    return write_registry(np.repeat(np.arange(3_000), sizes), yi, vi, group=1_000)


def test_two_workers_give_the_same_bytes_as_one_machine(source, client, tmp_path):
    here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
    options = {"bad_rows": "leave-out", "batch_rows": 700}
    counts = pool_many(source, here, **options)
    from_afar = pool_many(source, there, client=client, **options)
    assert there.read_bytes() == here.read_bytes()
    assert counts.to_dict() | {"output": str(there)} == from_afar.to_dict()
    assert counts.meta_analyses == 3_000


def test_parts_in_which_no_meta_analysis_starts_are_fine(
    write_registry, effects_of, client, tmp_path, monkeypatch
):
    monkeypatch.setattr(registry_file, "_PART_ROWS", 1)
    sizes = [3, 40, 2]
    yi, vi = effects_of(sizes)
    source = write_registry(np.repeat(["a", "b", "c"], sizes), yi, vi, group=5)
    pool_many(source, tmp_path / "here.parquet")
    found = pool_many(source, tmp_path / "there.parquet", client=client)
    assert (found.meta_analyses, found.rows) == (3, 45)
    assert (tmp_path / "there.parquet").read_bytes() == (tmp_path / "here.parquet").read_bytes()


def test_the_address_of_the_scheduler_is_enough(source, cluster, tmp_path):
    output = tmp_path / "pooled.parquet"
    found = pool_many(source, output, client=cluster.scheduler_address, bad_rows="mark")
    assert found.meta_analyses == 3_000


def test_bad_rows_are_refused_with_the_same_words(source, client, tmp_path):
    def refusal(**options):
        with pytest.raises(BadInput) as refused:
            pool_many(source, tmp_path / "pooled.parquet", **options)
        return str(refused.value)

    assert refusal(client=client) == refusal()


def test_results_come_in_order_though_the_first_takes_longest(client):
    def wait(seconds):
        import time

        time.sleep(seconds)
        return seconds

    seconds = [0.3, 0.0, 0.1, 0.0, 0.0, 0.2, 0.0]
    assert list(in_order(client, wait, ((one,) for one in seconds))) == seconds


def test_a_worker_without_the_file_is_a_refusal(client, tmp_path):
    file = registry_file.RegistryFile(tmp_path / "gone.parquet", registry_file.COLUMNS, 10)
    how = How(method=None, test=None, policy="metafor", level=0.95, bad_rows="mark")
    schema = results_schema(pa.string())
    task = (file, registry_file.Part(0, 1, 0), how, schema)
    with pytest.raises(BadInput, match="cannot be read as parquet"):
        list(in_order(client, pool_part, [task]))
    file.path.write_bytes(b"another file")
    other = replace(file, size=7)
    with pytest.raises(BadInput, match="another size"):
        list(in_order(client, pool_part, [(other, *task[1:])]))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere"])
def test_a_scheduler_that_does_not_answer_is_refused(source, tmp_path, address):
    with pytest.raises(BadInput, match="does not answer"):
        pool_many(source, tmp_path / "pooled.parquet", client=address)


def test_a_cluster_without_workers_is_refused(source, tmp_path):
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty,
        distributed.Client(empty) as connected,
        pytest.raises(BadInput, match="no workers"),
    ):
        pool_many(source, tmp_path / "pooled.parquet", client=connected)
