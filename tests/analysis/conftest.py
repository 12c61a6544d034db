"""The declared analyses, run and built once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from evidence import Trials
from evidence.analysis.declared.places import all_slugs
from evidence.analysis.run.analysis_run import AnalysisRun, run_analysis
from evidence.analysis.run.report_files import build_report


@pytest.fixture(scope="session")
def runs(trials: Trials, project: Path) -> Mapping[str, AnalysisRun]:
    """Return each declared analysis of the project, run on its dataset."""
    folder = project / "analyses"
    return {
        slug: run_analysis(folder / f"{slug}.yaml", trials=trials) for slug in all_slugs(folder)
    }


@pytest.fixture(scope="session")
def built(runs: Mapping[str, AnalysisRun], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all reports, built from the runs. Not to be written to."""
    folder = tmp_path_factory.mktemp("reports")
    for run in runs.values():
        build_report(run, folder)
    return folder
