"""Rows of a forest plot, and all that it shows, before it is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evidence.arrays import FloatArray
from evidence.report.figures.forest.records import ForestRow, RowKind
from evidence.report.figures.forest.scales import (
    ShownFit,
)
from evidence.report.figures.forest.texts import (
    interval_text,
)
from evidence.report.record.numbers import format_number

Cells = Mapping[str, Sequence[str]]
Numbers = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Rows and texts of a forest plot.

    Attributes
    ----------
    rows : tuple of ForestRow
    view : ShownFit
        Scale, null value and name of what is shown.
    header, estimate_header, weight_header : str
        Headers of the names, of the estimates, and of the weights (empty: no such column).
    columns : tuple of str
        Headers of the columns between names and weights.
    footer : tuple of str
        Lines beside the axis.
    """

    rows: tuple[ForestRow, ...]
    view: ShownFit
    header: str
    columns: tuple[str, ...]
    estimate_header: str
    weight_header: str
    footer: tuple[str, ...]


def row_of(
    label: str,
    numbers: Numbers,
    spec: str,
    *,
    kind: RowKind = "study",
    columns: tuple[tuple[str], ...] = (),
    weight: float | None = None,
) -> ForestRow:
    """A row with an estimate, its interval and its weight; texts alone if there is none."""
    estimate, low, high = numbers
    if math.isnan(estimate):
        return ForestRow(label=(label,), columns=columns, estimate_text=("not estimable",))
    known = weight is not None and not math.isnan(weight)
    return ForestRow(
        label=(label,),
        columns=columns,
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        weight=weight if known and kind == "study" else None,
        estimate_text=(f"{format_number(estimate, spec)} {interval_text(low, high, spec)}",),
        weight_text=(f"{format_number(weight, 'percent:1')}%",) if known else (),
        kind=kind,
    )


def columns_at(cells: Cells, index: int) -> tuple[tuple[str], ...]:
    """Cells of one study in the further columns."""
    return tuple((column[index],) for column in cells.values())


def prediction_rows(view: ShownFit, level: float, spec: str) -> Iterator[ForestRow]:
    """Row of the prediction interval, if there is one."""
    if view.prediction is not None:
        low, high = view.prediction
        yield ForestRow(
            label=(f"{100 * level:g}% prediction interval",),
            ci_low=low,
            ci_high=high,
            estimate_text=(interval_text(low, high, spec),),
            kind="prediction",
        )


def summary_row(label: str, numbers: Numbers, spec: str, share: float | None) -> ForestRow:
    """Row of a summary, with its share of the weight."""
    return row_of(label, numbers, spec, kind="summary", weight=share)


def study_rows(
    rows: Sequence[int],
    view: ShownFit,
    spec: str,
    names: Sequence[str],
    cells: Cells,
    weights: FloatArray | None,
) -> list[ForestRow]:
    """Rows of some studies, by their places."""
    return [
        row_of(
            names[i],
            view.studies[i],
            spec,
            columns=columns_at(cells, i),
            weight=None if weights is None else float(weights[i]),
        )
        for i in rows
    ]
