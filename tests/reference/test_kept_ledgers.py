"""Ledgers that somebody kept still verify: the functions and fields they name are found and agree.

They were written by version 0.1.0, when ledgers named functions by module path, and hold for each
function that was ever recorded at least one computation with all that went into it.
"""

import json
from pathlib import Path

import pytest

from evidence import load_trials
from evidence.analysis.verify import Replay
from evidence.report.record import Origins

KEPT = Path(__file__).parent / "kept_ledgers"
LEDGERS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in KEPT.glob("*.json")}


def replay(ledger):
    trials = load_trials(KEPT / "trials.parquet")
    origins = Origins(trials=trials, analysis=ledger["declared"], software=ledger["software"])
    return list(Replay(ledger, origins).problems())


@pytest.mark.parametrize("slug", sorted(LEDGERS))
def test_a_kept_ledger_verifies(slug):
    assert replay(LEDGERS[slug]) == []


def test_a_kept_ledger_with_a_changed_result_does_not_verify():
    ledger = json.loads(json.dumps(LEDGERS["alemtuzumab-vs-interferon"]))
    pooled = next(c for c in ledger["computations"].values() if "estimate" in c["result"])
    pooled["result"]["estimate"] += 1e-9
    assert len(replay(ledger)) == 1


def test_the_kept_ledgers_hold_every_function_that_version_recorded():
    named = {
        one["function"] for ledger in LEDGERS.values() for one in ledger["computations"].values()
    }
    assert len(named) == 34
