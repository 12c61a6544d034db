"""What several folders of tests share: the dataset, and small datasets made for one claim."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from evidence import Trials, load_trials
from evidence.trials.curation import build

PROJECT = Path(__file__).resolve().parents[1]
VERSION = "9.8.7"
UNITS = {
    "n": "patients",
    "events": "patients",
    "count": "relapses",
    "rate": "relapses/patient-year",
    "person_years": "patient-years",
    "proportion": "%",
    "km_proportion": "%",
    "finding": "text",
    "p_value": "p",
}
TEXT = """A review of two therapies
Relapses fell by 54·9% (95% CI 40.1 to
66.0) in arm A, and by 12.5 in arm B.
Twenty-one patients were fi ve years older; twenty-
four were not. In all 1,184 patients were seen.
"""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks of this suite that say what a failure means."""
    config.addinivalue_line(
        "markers", "committed: fails when the files in reports/ are not what the code gives now"
    )


def result(
    outcome: str, statistic: str, arm: str | None = None, value: float | None = None, **more: Any
) -> dict[str, Any]:
    """Return a valid entry of a study file; what is given in ``more`` goes first."""
    numbers = [value, more.get("p"), *more.get("ci", []), *more.get("range", [])]
    entry = {
        "outcome": outcome,
        "statistic": statistic,
        "arm": arm,
        "value": value,
        "unit": UNITS.get(statistic, "ratio"),
        "source": "paper",
        "locator": "Table 1",
        "printed": [f"{number:.10g}" for number in numbers if number is not None] or ["words"],
        **more,
    }
    return {name: given for name, given in entry.items() if given is not None}


def study(study_id: str, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a valid study file: alemtuzumab (``drug``) against interferon (``control``)."""
    return {
        "study_id": study_id,
        "name": study_id.upper(),
        "design": "rct",
        "population": "RRMS",
        "arms": {
            "drug": {"label": "Alemtuzumab 12 mg", "therapy": "alemtuzumab"},
            "control": {"label": "Interferon", "therapy": "interferon-beta-1a"},
        },
        "results": list(results),
        **more,
    }


def cohort(study_id: str, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a valid study file: a cohort of transplanted patients (``cells``)."""
    arms = {"cells": {"label": "Transplanted", "therapy": "ahsct"}}
    return study(study_id, *results, **{"design": "cohort", "arms": arms, **more})


class Curated:
    """A curated dataset in a folder of its own: three documents, and the studies written to it."""

    result = staticmethod(result)
    study = staticmethod(study)
    cohort = staticmethod(cohort)
    version = VERSION

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.texts = folder / "texts"
        self.parquet = folder / "built" / "trials.parquet"
        (self.data / "studies").mkdir(parents=True)
        self.texts.mkdir()
        shutil.copy(PROJECT / "data" / "vocabulary.yaml", self.data)
        (self.texts / "review.txt").write_text(TEXT, encoding="utf-8")
        web = {"address": "https://example.org/a", "accessed": "2026-01-31"}
        self.sources: dict[str, dict[str, Any]] = {
            "paper": {"citation": "The trial itself 2012", "kind": "trial-publication", **web},
            "page": {"citation": "A page about the trial", "kind": "web-page", **web},
            "review": {
                "citation": "A review of trials 2019",
                "kind": "review",
                "file": "review.txt",
                "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
            },
        }
        self.write_sources()

    def write_sources(self) -> None:
        self._write(self.data / "sources.yaml", self.sources)

    def write(self, *studies: Mapping[str, Any]) -> None:
        """Write study files, each under its own study_id."""
        for content in studies:
            self._write(self.study_file(content["study_id"]), content)

    def study_file(self, name: str) -> Path:
        return self.data / "studies" / f"{name}.yaml"

    def build(self) -> bytes:
        """Build the dataset and return its bytes."""
        build(self.data, self.parquet, version=VERSION)
        return self.parquet.read_bytes()

    def trials(self, *studies: Mapping[str, Any]) -> Trials:
        """Write studies, build, and load the dataset."""
        self.write(*studies)
        self.build()
        return load_trials(self.parquet)

    @staticmethod
    def _write(path: Path, content: object) -> None:
        text = yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def curated(tmp_path: Path) -> Curated:
    """An empty curated dataset: vocabulary and documents, no study yet."""
    return Curated(tmp_path)


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder of the project."""
    return PROJECT


@pytest.fixture(scope="session")
def trials() -> Trials:
    """The project's dataset."""
    return load_trials(PROJECT / "data" / "trials.parquet")
