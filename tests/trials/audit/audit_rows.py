"""Rows of a dataset, written as they are printed, for the tests of the audit."""

from __future__ import annotations

from typing import Any

from evidence.trials.rows import COLUMN_NAMES

UNITS = {
    "n": "patients",
    "events": "patients",
    "count": "events",
    "rate": "relapses/patient-year",
    "person_years": "patient-years",
    "proportion": "%",
    "km_proportion": "%",
    "relative_reduction": "%",
    "p_value": "p",
    "mean": "points",
    "median": "months",
    "sd": "points",
    "se": "%",
    "mean_difference": "points",
    "finding": "text",
}
THERAPIES = {"drug": "alemtuzumab", "control": "interferon-beta-1a", "cells": "ahsct", "all": "any"}


def reported(
    outcome: str, statistic: str, arm: str | None = "drug", value: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return a row; numbers are given as they are printed, so that their decimals are known.

    Short names: ``against`` (comparator arm), ``ci`` and ``range`` (pairs), ``p`` (such as
    ``"<0.001"``), ``months``, ``definition``, ``patients`` (analysis set), ``study``, ``line``.
    """
    low, high = more.pop("ci", (None, None))
    range_low, range_high = more.pop("range", (None, None))
    p = more.pop("p", None)
    p_operator = None if p is None else p[0] if p[0] in "<>=" else "="
    line = more.pop("line", None)
    printed = {
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "range_low": range_low,
        "range_high": range_high,
        "p_value": None if p is None else p.lstrip("<>="),
    }
    if statistic == "p_value":
        printed["value"] = printed["p_value"]
    study = more.pop("study", "alpha")
    against = more.pop("against", None)
    row = {
        "study_id": study,
        "study": study.upper(),
        "design": "rct",
        "population": "RRMS",
        "outcome": outcome,
        "statistic": statistic,
        "arm": arm,
        "therapy": therapy(arm),
        "comparator_arm": against,
        "comparator": therapy(against),
        "outcome_definition": more.pop("definition", None),
        "timepoint_months": more.pop("months", None),
        "analysis_set": more.pop("patients", None),
        "value_operator": "=",
        "unit": UNITS.get(statistic, "ratio"),
        "p_operator": p_operator,
        "ci_level": None if low is None else 95.0,
        "source": "paper",
        "locator": "Table 1",
        "source_file": None if line is None else "review.txt",
        "line_start": line,
        "line_end": line,
        "printed": [token for token in printed.values() if token is not None] or ["words"],
        "origin": "primary",
        "extraction": "double",
        "preferred": True,
        **{name: None if token is None else float(token) for name, token in printed.items()},
        **more,
    }
    return {name: row.get(name) for name in COLUMN_NAMES}


def therapy(arm: str | None) -> str | None:
    return None if arm is None else THERAPIES.get(arm.split("-")[0], "placebo")
