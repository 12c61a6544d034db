"""The synthesis of a file, for readers of a terminal and for machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

from evidence.interfaces.facts import facts_of, study_columns, study_rows, title_of
from evidence.synthesis.pairwise.natural_scale import (
    fit_of,
    has_natural_scale,
    measure_of,
    natural_studies,
    natural_summary,
)
from evidence.synthesis.pairwise.own_studies import PooledFile
from evidence.synthesis.pairwise.policies import describe_method, describe_prediction
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
#: Fields of a synthesis that have a place of their own.
_ELSEWHERE = ("yi", "vi", "weights", "labels", "decisions", "prediction", "level", "measure")


def summary_text(pooled: PooledFile) -> str:
    """Return the synthesis as a text with its definitions, studies and decisions."""
    result = pooled.result
    facts = facts_of(result)
    width = max(len(name) for name, _ in facts)
    lines = [
        title_of(result),
        f"from {pooled.basis}; columns {', '.join(pooled.columns)} of {pooled.name}",
        "",
        *(f"  {name:<{width}}  {text}" for name, text in facts),
        "",
        *_aligned([study_columns(result), *study_rows(result)]),
    ]
    if sentences := (*result.decisions, *pooled.cautions):
        lines += ["", "Decisions and cautions", *(f"  - {sentence}" for sentence in sentences)]
    return "\n".join(map(_printable, lines))


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        f"  {row[0]:<{widths[0]}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]


def _printable(line: str) -> str:
    """Return a line without the signs that a terminal takes as commands."""
    return "".join(sign if sign.isprintable() else "?" for sign in line)


def summary_json(pooled: PooledFile) -> dict[str, Json]:
    """Return the synthesis as plain values, unrounded; what is not estimable is None."""
    fit, spec = fit_of(pooled.result), measure_of(pooled.result)
    names = (field.name for field in fields(fit) if field.name not in _ELSEWHERE)
    return {
        "file": pooled.name,
        "columns": list(pooled.columns),
        "basis": pooled.basis,
        "measure": spec.name,
        "label": spec.label,
        "scale": spec.transform,
        "level": fit.level,
        "summary": {name: getattr(fit, name) for name in names},
        "prediction": _prediction(fit),
        "natural_scale": _natural(pooled),
        "studies": _studies(pooled),
        "definitions": _definitions(fit),
        "decisions": list(pooled.result.decisions),
        "cautions": list(pooled.cautions),
    }


def _prediction(fit: PooledEffect) -> Json:
    if fit.prediction is None:
        return None
    return {field.name: getattr(fit.prediction, field.name) for field in fields(fit.prediction)}


def _natural(pooled: PooledFile) -> Json:
    if not has_natural_scale(pooled.result):
        return None
    return {name: _finite(value) for name, value in natural_summary(pooled.result).items()}


def _studies(pooled: PooledFile) -> list[Json]:
    fit = fit_of(pooled.result)
    names = ("yi", "vi", "weight", "estimate", "ci_low", "ci_high")
    rows = zip(fit.yi, fit.vi, fit.weights, *natural_studies(pooled.result), strict=True)
    return [
        {"study": label, **{name: _finite(value) for name, value in zip(names, row, strict=True)}}
        for label, row in zip(fit.labels, rows, strict=True)
    ]


def _definitions(fit: PooledEffect) -> Json:
    prediction = None if fit.prediction is None else describe_prediction(fit.prediction.definition)
    return {
        "tau2": describe_method(fit.method) if fit.k > 1 else None,
        "tau2_ci": "Q-profile" if fit.tau2_ci_low is not None else None,
        "i2": f"from {fit.i2_definition}" if fit.k > 1 else None,
        "interval": SUMMARY_TESTS[fit.test].words,
        "prediction": prediction,
    }


def _finite(value: float | None) -> float | None:
    """Return a number that JSON can hold: None for a ratio beyond double precision."""
    return float(value) if value is not None and math.isfinite(value) else None
