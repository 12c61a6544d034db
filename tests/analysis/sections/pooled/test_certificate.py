"""The certificate in a report: shown by default, left out if told, and stopping on disagreement."""

from functools import wraps

import pytest
import yaml

import evidence
from evidence import run_analysis
from evidence.analysis.sections.pooled import certificate as certificate_blocks
from evidence.errors import VerificationError
from evidence.report.record import plain

SLUG = "alemtuzumab-vs-interferon"


@pytest.fixture
def run_with(trials, project, tmp_path):
    """Run an analysis of the project with other settings at its top level."""

    def run(**changes):
        path = project / "analyses" / f"{SLUG}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8")) | changes
        file = tmp_path / path.name
        file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return run_analysis(file, trials=trials)

    return run


def certificates(run):
    return [table for table in run.document.tables() if table.id.endswith("-certificate")]


@pytest.mark.parametrize("slug", ["ahsct-outcomes", SLUG])
def test_each_synthesis_shows_who_agrees_with_it(runs, slug):
    run = runs[slug]
    pooled = [name for name, one in run.results["sections"].items() if "summary" in one]
    assert [table.id for table in certificates(run)] == [f"{name}-certificate" for name in pooled]
    for table in certificates(run):
        own, *witnesses = table.rows
        assert plain(own.cells[0].text) == "This report"
        assert len(witnesses) >= 2
        assert {plain(row.cells[-1].text) for row in witnesses} == {"agrees"}


def test_the_ledger_holds_the_certificate_as_a_computation_on_the_effects(runs):
    run = runs[SLUG]
    for section in run.results["sections"].values():
        found = run.ledger["computations"][section["certificate"]["computation"]]
        pooled = run.ledger["computations"][section["summary"]["computation"]]
        assert found["function"] == "evidence.synthesis.certificates.certify_effects"
        assert found["inputs"] == pooled["inputs"]
        assert found["options"] == pooled["options"]
        assert section["certificate"]["agreed"]


def test_an_analysis_can_do_without(run_with):
    run = run_with(certify=False)
    assert certificates(run) == []
    assert all("certificate" not in section for section in run.results["sections"].values())


def test_engines_that_disagree_stop_the_report(run_with, monkeypatch):
    @wraps(evidence.synthesis.certificates.certify_effects)
    def disagree(*_, **__):
        raise VerificationError("The engines disagree: PyMARE")

    for place in (evidence.synthesis.certificates, certificate_blocks):
        monkeypatch.setattr(place, "certify_effects", disagree)
    with pytest.raises(VerificationError, match="engines disagree: PyMARE"):
        run_with()
