import json

import pytest
from click.testing import CliRunner

from evidence.interfaces.commands.audit_command import audit


@pytest.fixture(scope="module")
def run():
    return lambda *arguments: CliRunner().invoke(audit, [str(one) for one in arguments])


def test_contradictions_are_listed_with_arithmetic_and_places(run):
    shown = run()
    assert shown.exit_code == 0
    assert "39 and 30 differ by 9" in shown.stdout
    assert "line 244" in shown.stdout
    assert ". tension, " not in shown.stdout
    assert shown.stdout.rstrip().endswith("The others: evidence data audit --all")


def test_everything_is_listed_on_demand(run):
    shown = run("--all").stdout
    for severity in ("contradiction", "tension", "within rounding", "different estimand"):
        assert f". {severity}, " in shown


def test_json_holds_every_finding(run):
    content = json.loads(run("--json").stdout)
    findings = content["findings"]
    assert [finding["rank"] for finding in findings] == list(range(1, len(findings) + 1))
    assert {"severity", "rule", "arithmetic", "rows", "used_by", "settle"} <= set(findings[0])
    assert content["numbers"] > 0


def test_another_dataset_can_be_audited(run, curated):
    curated.trials(curated.study("alpha", curated.result("participants", "n", "drug", 100)))
    shown = run("--dataset", curated.parquet)
    assert shown.exit_code == 0
    assert shown.stdout.startswith(
        f"1 reported number, dataset {curated.version}: 0 contradictions, 0 tensions"
    )
