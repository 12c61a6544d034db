"""Exports: a metafor script that R runs and agrees with, effects for RevMan, results as JSON."""

import csv
import io
import json
import shutil
import subprocess

import pytest

from evidence import run_analysis
from evidence.errors import EmptySelection
from evidence.interfaces.exports import TOLERANCE, metafor_script, revman_csv

SLUGS = ("ahsct-outcomes", "alemtuzumab-vs-interferon")


def reason_without_metafor():
    """Why R cannot be asked; None if it can."""
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    loaded = subprocess.run(
        ["Rscript", "-e", "suppressMessages(library(metafor))"], capture_output=True, check=False
    )
    return "metafor is not installed" if loaded.returncode else None


WITHOUT_METAFOR = reason_without_metafor()
needs_metafor = pytest.mark.skipif(WITHOUT_METAFOR is not None, reason=str(WITHOUT_METAFOR))


@pytest.fixture(scope="module")
def runs(trials, project):
    folder = project / "analyses"
    return {slug: run_analysis(folder / f"{slug}.yaml", trials=trials) for slug in SLUGS}


def rscript(path):
    return subprocess.run(["Rscript", str(path)], capture_output=True, text=True, check=False)


@needs_metafor
@pytest.mark.parametrize("slug", SLUGS)
def test_metafor_agrees_with_every_number_of_the_script(runs, slug, tmp_path):
    file = tmp_path / "analysis.R"
    file.write_text(metafor_script(runs[slug]), encoding="utf-8")
    done = rscript(file)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert all(line.startswith("OK") for line in lines)
    assert len(lines) >= 6 * len(runs[slug].results["sections"]) + 1


@needs_metafor
def test_the_script_stops_where_metafor_gives_another_number(runs, tmp_path):
    run = runs["alemtuzumab-vs-interferon"]
    tau2 = run.results["sections"]["relapse-rate"]["summary"]["tau2"]
    script = metafor_script(run)
    assert script.count(repr(tau2)) == 1
    file = tmp_path / "analysis.R"
    other = repr(tau2 + 1e-4)
    file.write_text(script.replace(repr(tau2), other), encoding="utf-8")
    done = rscript(file)
    assert done.returncode != 0
    assert "relapse-rate: tau2: metafor gives" in done.stderr


@pytest.mark.parametrize("slug", SLUGS)
def test_every_pooled_analysis_is_in_the_script_with_its_data_and_their_origin(runs, slug):
    script = metafor_script(runs[slug])
    assert f"tolerance <- {TOLERANCE!r}" in script
    for name, section in runs[slug].results["sections"].items():
        assert f"## {name} (" in script
        for label in section["summary"]["labels"]:
            assert label in script
        for one in section["studies"]:
            assert all(address in script for address in one["inputs"].values())
            assert f"{one['yi']!r}" in script


def test_the_script_is_plain_where_r_reads_it(runs):
    for run in runs.values():
        code = [line for line in metafor_script(run).splitlines() if not line.startswith("#")]
        assert all(line.isascii() for line in code)


def test_the_effects_for_revman_are_those_of_the_analysis(runs):
    run = runs["alemtuzumab-vs-interferon"]
    rows = list(csv.DictReader(io.StringIO(revman_csv(run))))
    summary = run.results["sections"]["relapse-rate"]["summary"]
    first = [row for row in rows if row["outcome"] == "relapse-rate"]
    assert [row["study"] for row in first] == summary["labels"]
    assert [float(row["effect"]) for row in first] == summary["yi"]
    assert [float(row["se"]) ** 2 for row in first] == pytest.approx(summary["vi"], rel=1e-9)


def test_an_analysis_that_pools_nothing_is_refused():
    with pytest.raises(EmptySelection, match="none of its 1 section pools"):
        metafor_script("pulsed-efficacy")


def test_the_commands_write_to_a_file_or_to_the_terminal(evidence, in_project, tmp_path):
    slug = "alemtuzumab-vs-interferon"
    shown = evidence("export", "metafor", slug)
    assert "library(metafor)" in shown.stdout
    file = tmp_path / "analysis.R"
    assert evidence("export", "metafor", slug, "--output", str(file)).exit_code == 0
    assert file.read_text(encoding="utf-8") == shown.stdout
    found = json.loads(evidence("export", "json", slug).stdout)
    assert found["analysis"] == slug
    refused = evidence("export", "revman", slug, "--output", str(tmp_path / "no" / "file.csv"))
    assert refused.exit_code == 2
