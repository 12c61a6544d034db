import json
import math

import pyarrow as pa
import pytest
import yaml

from evidence import Trials
from evidence.analysis.moves.comparison import what_moved
from evidence.errors import UnknownName

SECTION = "toy/relapses"
#: Rate ratios of three trials, with their intervals.
RATIOS = {
    "alpha": (0.45, 0.32, 0.63),
    "beta": (0.51, 0.39, 0.65),
    "gamma": (0.60, 0.45, 0.80),
}


@pytest.fixture
def analysis(tmp_path):
    """Return the path of a declared analysis of one comparison and one review's table."""
    content = {
        "slug": "toy",
        "title": "A comparison",
        "subtitle": "Made for a test",
        "question": {"population": "People"},
        "sections": [
            {
                "kind": "comparison",
                "id": "relapses",
                "title": "Relapses",
                "measure": "IRR",
                "select": {
                    "outcome": "annualised-relapse-rate",
                    "therapy": "alemtuzumab",
                    "comparator": "interferon-beta-1a",
                },
                "routes": ["published-ratio"],
                "favours": ["Favours drug", "Favours control"],
                "model": {"policy": "common"},
                "leave_one_out": False,
                "sensitivity": [{"label": "Another model", "method": "DL", "test": "z"}],
            },
            {
                "kind": "review-table",
                "id": "table",
                "title": "The review's table",
                "source": "review",
                "table": "Table A",
                "rows": [{"id": "alpha", "label": "Alpha"}],
                "columns": [{"id": "reduction", "label": "Reduction"}],
                "cells": [
                    {
                        "row": "alpha",
                        "column": "reduction",
                        "printed": [_id("alpha", "relative_reduction", "review")],
                        "updates": [
                            {"by": "relative-reduction", "inputs": [_id("alpha", "rate_ratio")]}
                        ],
                    }
                ],
            },
        ],
    }
    file = tmp_path / "toy.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def _id(study, statistic, source="paper"):
    return f"{study}/annualised-relapse-rate/24m/drug-vs-control/{statistic}@{source}-1"


@pytest.fixture
def dataset(curated):
    """Return a dataset with the rate ratios given, and a review that prints a reduction of 55%."""

    def make(**ratios):
        for file in (curated.data / "studies").glob("*.yaml"):
            file.unlink()
        pair = {"arm": "drug", "comparator_arm": "control", "timepoint_months": 24}
        studies = []
        for study_id, (value, low, high) in (RATIOS | ratios).items():
            results = [
                curated.result(
                    "annualised-relapse-rate", "rate_ratio", value=value, ci=[low, high], **pair
                )
            ]
            if study_id == "alpha":
                results.append(
                    curated.result(
                        "annualised-relapse-rate",
                        "relative_reduction",
                        value=55,
                        unit="%",
                        source="review",
                        lines=[2, 3],
                        **pair,
                    )
                )
            studies.append(curated.study(study_id, *results))
        return curated.trials(*studies)

    return make


def edited(trials, result_id, **changes):
    """Return a dataset in which one row says something else."""
    rows = [{**row, **changes} if row["result_id"] == result_id else row for row in trials.rows()]
    return Trials(table=pa.Table.from_pylist(rows, schema=trials.table.schema), sha256="0" * 64)


def kinds(moved):
    return {move.kind for one in moved.analyses for move in one.that_matter}


def only(moved, kind):
    (found,) = [move for one in moved.analyses for move in one.moves if move.kind == kind]
    return found


def test_nothing_moves_on_the_same_dataset_and_that_is_said(dataset, analysis):
    trials = dataset()
    moved = what_moved(trials, trials, [analysis])
    assert moved.analyses[0].moves == ()
    assert not moved.matters
    assert "Nothing that matters changed: every estimate, interval" in str(moved)
    assert "toy: nothing that matters changed." in str(moved)


def test_a_corrected_ratio_moves_estimate_interval_verdict_and_sentences(dataset, analysis):
    moved = what_moved(dataset(), dataset(alpha=(0.40, 0.28, 0.57)), [analysis])
    assert kinds(moved) == {
        *("estimate", "interval", "study", "sensitivity", "verdict", "cell", "sentence")
    }
    study, verdict, cell = (only(moved, kind) for kind in ("study", "verdict", "cell"))
    assert (study.what, study.old, study.new) == ("ALPHA", "0.45", "0.40")
    assert study.new_value == pytest.approx(math.log(0.40), abs=1e-9)
    assert (verdict.what, verdict.old, verdict.new) == ("alpha, reduction", "agrees", "differs")
    assert (cell.old, cell.new) == ("55% (95% CI 37 to 68)", "60% (95% CI 43 to 72)")
    assert "No threshold was crossed." in str(moved)


def test_moves_hold_what_the_analysis_gives(dataset, analysis):
    from evidence import run_analysis

    old, new = dataset(), dataset(alpha=(0.40, 0.28, 0.57))
    estimate = only(what_moved(old, new, [analysis]), "estimate")
    for trials, value in ((old, estimate.old_value), (new, estimate.new_value)):
        results = run_analysis(analysis, trials=trials).results["sections"]["relapses"]
        assert results["summary"]["estimate"] == value


def test_an_added_trial_moves_k(dataset, analysis):
    moved = what_moved(dataset(), dataset(delta=(0.7, 0.5, 0.98)), [analysis])
    k, study = only(moved, "k"), only(moved, "study")
    assert (k.old, k.new) == ("3", "4")
    assert (study.what, study.old, study.new) == ("DELTA", None, "0.70")
    assert "study, DELTA: added: 0.70" in str(moved)


def test_what_one_direction_adds_the_other_drops(dataset, analysis):
    old, new = dataset(), dataset(delta=(0.7, 0.5, 0.98))
    there, back = (
        what_moved(a, b, [analysis]).analyses[0].moves for a, b in ((old, new), (new, old))
    )
    pairs = sorted((move.kind, move.what, str(move.old), str(move.new)) for move in there)
    assert pairs == sorted((move.kind, move.what, str(move.new), str(move.old)) for move in back)


def test_a_move_below_the_printed_rounding_does_not_matter(dataset, analysis):
    trials = dataset()
    moved = what_moved(
        trials, edited(trials, _id("alpha", "rate_ratio"), value=0.45001), [analysis]
    )
    assert not moved.matters
    assert {move.kind for move in moved.analyses[0].moves} >= {"estimate", "study"}
    assert all(not move.matters for move in moved.analyses[0].moves)
    assert "toy: nothing that matters changed; below the printed rounding: " in str(moved)


def test_an_interval_that_comes_to_include_no_effect_crosses_a_threshold(dataset, analysis):
    wide = {name: (value, 0.05, value**2 / 0.05) for name, (value, _, _) in RATIOS.items()}
    moved = what_moved(dataset(), dataset(**wide), [analysis])
    crossed = only(moved, "threshold")
    assert crossed.what == "1"
    assert crossed.old == "estimate and interval below it"
    assert crossed.new == "estimate below it, interval includes it"
    assert "No threshold" not in str(moved)


def test_a_stated_threshold_is_watched(dataset, analysis):
    old, new = dataset(), dataset(beta=(0.8, 0.7, 0.91))
    watched = what_moved(old, new, [analysis], thresholds={SECTION: [0.6]})
    assert only(watched, "threshold").what == "0.6"
    assert "threshold" not in kinds(what_moved(old, new, [analysis], thresholds={SECTION: [0.9]}))


def test_a_threshold_that_the_analysis_declares_is_watched(dataset, analysis):
    content = yaml.safe_load(analysis.read_text())
    content["sections"][0]["thresholds"] = [{"value": 0.6, "decision": "for the test"}]
    analysis.write_text(yaml.safe_dump(content))
    moved = what_moved(dataset(), dataset(beta=(0.8, 0.7, 0.91)), [analysis])
    crossed = only(moved, "threshold")
    assert (crossed.what, crossed.new) == ("0.6", "estimate and interval above it")


def test_a_threshold_of_an_unknown_section_is_refused(dataset, analysis):
    trials = dataset()
    for name in ("toy/relapse", "toy/table"):
        with pytest.raises(UnknownName, match="no pooled section"):
            what_moved(trials, trials, [analysis], thresholds={name: [0.8]})


def test_an_analysis_that_one_dataset_does_not_answer_is_a_move(dataset, analysis):
    trials = dataset()
    other = trials.where(study_id=["beta", "gamma"])
    moved = what_moved(trials, other, [analysis])
    run = only(moved, "run")
    assert run.old == "can be run"
    assert run.new.startswith("cannot be run (There is no result 'alpha/")
    assert moved.matters
    assert "run" in kinds(what_moved(other, other, [analysis]))


def test_the_version_of_the_dataset_is_no_change_that_matters(dataset, analysis):
    trials = dataset()
    metadata = {**trials.table.schema.metadata, b"dataset_version": b"10.0.0"}
    other = Trials(table=trials.table.replace_schema_metadata(metadata), sha256="0" * 64)
    moved = what_moved(trials, other, [analysis])
    assert not moved.matters
    assert (moved.old.version, moved.new.version) == ("9.8.7", "10.0.0")


def test_frame_and_json_hold_every_move(dataset, analysis):
    moved = what_moved(dataset(), dataset(alpha=(0.40, 0.28, 0.57)), [analysis])
    frame = moved.to_frame()
    assert len(frame) == len(moved.analyses[0].moves)
    assert frame.columns[0] == "analysis"
    assert set(frame["analysis"]) == {"toy"}
    plain = json.loads(json.dumps(moved.to_dict(), allow_nan=False))
    assert plain["matters"] is True
    assert len(plain["analyses"][0]["moves"]) == len(frame)


def test_nothing_moves_in_the_declared_analyses_of_the_project(trials):
    moved = what_moved(trials, trials)
    assert len(moved.analyses) > 1
    assert not moved.matters
    assert moved.to_frame().empty


def test_proportions_are_shown_in_per_cent(trials):
    rows = trials.where(
        outcome="treatment-related-mortality", statistic="events", study_id="boffa-2021"
    )
    name = next(row["result_id"] for row in rows.rows() if row["preferred"] and row["value"])
    moved = what_moved(trials, edited(trials, name, value=20.0), ["ahsct-outcomes"])
    found = [move for move in moved.analyses[0].that_matter if move.kind == "estimate"]
    assert [move.section for move in found] == ["Treatment-related mortality"]
    assert found[0].old.endswith("%")
    assert found[0].new.endswith("%")
    labels = [move.what for move in moved.analyses[0].moves if move.kind == "sensitivity"]
    assert "Common effect" in labels
