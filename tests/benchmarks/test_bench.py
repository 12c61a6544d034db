"""The benchmark runs at a small size, and says of each aim whether it is met."""

import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from benchmarks import metafor, registry
from benchmarks.lines import QUICK, Line
from benchmarks.registry import write_registry


def bench(*arguments, project):
    command = [sys.executable, "-m", "benchmarks", "--quick", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_every_line_of_the_synthesis_is_printed(project):
    text = bench("synthesis", project=project)
    for work in (
        "Q-profile",
        "300 REML fits",
        "GOSH",
        "leave-one-out",
        "permutations",
        "GLMM UM.FS",
    ):
        assert work in text
    assert "PyMARE" in text
    assert ("metafor" if shutil.which("Rscript") else "R is not installed") in text


@pytest.mark.slow
def test_the_registry_is_pooled_here_and_on_workers(project):
    text = bench("registry", project=project)
    assert "400 meta-analyses from a file" in text
    assert "the same bytes" in text or "Dask is not installed" in text


def test_without_r_and_dask_the_lines_say_so(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert metafor.time_metafor({}, QUICK) == metafor.Metafor("R is not installed", {})
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    line = registry._on_workers(tmp_path, tmp_path, tmp_path, tmp_path, QUICK)
    assert "Dask is not installed" in str(line)
    assert line.reached == ""


def test_an_aim_is_met_or_missed_in_time_and_memory():
    assert Line(name="a", ours=1.0, theirs=12.0, times=10).reached == "yes"
    assert Line(name="a", ours=1.0, theirs=9.0, times=10).reached == "NO"
    assert Line(name="a", ours=1.0, seconds=2.0, peak=2000.0, mebibytes=1024).reached == "NO"
    assert Line(name="a", ours=1.0, times=10, other="R is not installed").reached == ""
    text = str(Line(name="work", ours=0.0005, theirs=0.02, times=5, other="metafor 1"))
    assert text.split() == ["work", "500", "us", "20.0", "ms", "40.0x", "5x", "yes", "metafor", "1"]


def test_a_registry_has_the_meta_analyses_it_should(tmp_path):
    write_registry(tmp_path / "r.parquet", 50)
    assert len(set(pq.read_table(tmp_path / "r.parquet")["meta_analysis"].to_pylist())) == 50
