"""What a forest plot shows, before it is drawn: its rows, columns and axis."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from evidence.errors import BadInput, refuse
from evidence.report.drawing.axes import Scale
from evidence.report.record.document import Text, plain

RowKind = Literal["study", "summary", "prediction", "group", "note"]
#: Rounding that is allowed between an estimate and the bounds around it.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """A row of a forest plot.

    Attributes
    ----------
    label : Text
    columns : tuple of Text
        Cells of the columns between label and weight; none, or one for each such column.
    estimate, ci_low, ci_high : float or None
        Effect and interval on the analysis scale: the log of a ratio, a difference, a proportion
        (0 to 1). A study without an estimate is a row of texts; a prediction interval needs bounds
        alone.
    weight : float or None
        Part of the whole (0 to 1), to which the area of the square is in proportion; None draws a
        small open square.
    estimate_text, weight_text : Text
        The same as a reader sees them.
    kind : {"study", "summary", "prediction", "group", "note"}
        A group or note is a text across the columns: a heading, or a line such as the heterogeneity
        of a subgroup.
    """

    label: Text
    columns: tuple[Text, ...] = ()
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    weight: float | None = None
    estimate_text: Text = ()
    weight_text: Text = ()
    kind: RowKind = "study"

    @property
    def ci(self) -> tuple[float, float] | None:
        """Both bounds, if there are any."""
        if self.ci_low is None or self.ci_high is None:
            return None
        return self.ci_low, self.ci_high


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestPlot:
    """A forest plot.

    Attributes
    ----------
    id, number, title, alt
        As in :class:`evidence.report.record.Figure`; not drawn.
    column_headers : tuple of Text
        Header of the labels, then of each column between labels and weights.
    column_spanners : tuple of Text
        Nothing, or for each of ``column_headers`` the header above it (may be empty); neighbours
        with the same one share it.
    estimate_header, weight_header : Text
        If a header and all its cells are empty, there is no such column.
    rows : tuple of ForestRow
        From top to bottom.
    scale : {"log", "identity", "proportion"}
        What the positions are.
    null : float or None
        Where the line of no effect stands (0 on the log scale), if there is one.
    axis_label : Text
    favours : tuple of two Text, or None
        What lies to the left and to the right of the null value.
    footer : tuple of Text
        Lines beside the axis: heterogeneity, test, method.
    ticks : tuple of (float, Text)
        Position and label of each tick.
    limits : tuple of float
        Ends of the axis.
    """

    id: str
    number: Text
    title: Text
    alt: Text
    column_headers: tuple[Text, ...]
    column_spanners: tuple[Text, ...] = ()
    estimate_header: Text
    weight_header: Text
    rows: tuple[ForestRow, ...]
    scale: Scale
    null: float | None
    axis_label: Text
    favours: tuple[Text, Text] | None
    footer: tuple[Text, ...]
    ticks: tuple[tuple[float, Text], ...]
    limits: tuple[float, float]


def check_plot(plot: ForestPlot) -> None:
    """Refuse a plot that cannot be right, with all its faults.

    Raises
    ------
    BadInput
    """
    problems = [*_row_problems(plot), *_axis_problems(plot), *_text_problems(plot)]
    refuse(BadInput, f"Forest plot {plot.id!r} cannot be drawn; mend what is listed.", problems)


def _row_problems(plot: ForestPlot) -> Iterator[str]:
    if not plot.rows:
        yield "it has no rows; give at least one study"
    if not plot.column_headers:
        yield "column_headers is empty; the first one is the header of the labels (it may be ())"
    columns = len(plot.column_headers) - 1
    for index, row in enumerate(plot.rows):
        name = f"row {index} ({plain(row.label)!r})"
        if row.columns and len(row.columns) != columns:
            yield f"{name} has {len(row.columns)} cells and the plot has {columns} such columns"
        yield from (f"{name} {fault}" for fault in _value_problems(row, plot.scale))


def _value_problems(row: ForestRow, scale: Scale) -> Iterator[str]:
    given = {"estimate": row.estimate, "ci_low": row.ci_low, "ci_high": row.ci_high}
    numbers = {name: value for name, value in given.items() if value is not None}
    faults = [f"has {name} {value}" for name, value in numbers.items() if not math.isfinite(value)]
    yield from faults
    if faults:
        return
    if (row.ci_low is None) != (row.ci_high is None):
        yield "has one bound of its interval without the other"
    if row.kind in ("group", "note") and numbers:
        yield f"is a {row.kind} and has numbers to draw; make it a study or summary"
    if row.kind == "prediction" and row.ci is None:
        yield "is a prediction interval without bounds; leave the row out or make it a note"
    if row.kind == "summary" and row.estimate is not None and row.ci is None:
        yield "is a summary without an interval; a diamond needs both bounds"
    middle = [] if row.estimate is None else [row.estimate]
    if row.ci and any(a > b + _SLACK for a, b in pairwise([row.ci[0], *middle, row.ci[1]])):
        yield f"is out of order: ci_low {row.ci[0]}, estimate {row.estimate}, ci_high {row.ci[1]}"
    if row.weight is not None and not 0 <= row.weight <= 1:
        yield f"has weight {row.weight}; a weight is a part of 1, not a percentage"
    if scale == "proportion" and row.estimate is not None and not 0 <= row.estimate <= 1:
        yield f"has proportion {row.estimate}; a proportion is a part of 1, not a percentage"


def _axis_problems(plot: ForestPlot) -> Iterator[str]:
    low, high = plot.limits
    if plot.scale not in ("log", "identity", "proportion"):
        yield f"scale {plot.scale!r} is none of log, identity, proportion"
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        yield f"limits {plot.limits} are not two numbers in order"
        return
    slack = _SLACK * (high - low)
    for position, label in plot.ticks:
        if not low - slack <= position <= high + slack:
            yield f"tick {plain(label)!r} at {position} is outside the limits {plot.limits}"
    if plot.null is not None and not low <= plot.null <= high:
        yield f"null {plot.null} is outside the limits {plot.limits}"
    if plot.favours is not None and plot.null is None:
        yield "it has favours and no null value that would part them"
    if plot.column_spanners and len(plot.column_spanners) != len(plot.column_headers):
        yield (
            f"it has {len(plot.column_spanners)} column_spanners and {len(plot.column_headers)} "
            "column_headers; give one for each (() for none)"
        )


def _text_problems(plot: ForestPlot) -> Iterator[str]:
    for text in all_texts(plot):
        if any(unicodedata.category(sign) in ("Cc", "Cs", "Cn") for sign in plain(text)):
            yield f"text {plain(text)!r} holds a line break, tab or control character"


def all_texts(plot: ForestPlot) -> Iterator[Text]:
    """Yield the texts that are drawn."""
    yield from (*plot.column_spanners, *plot.column_headers)
    yield from (plot.weight_header, plot.estimate_header)
    for row in plot.rows:
        yield from (row.label, *row.columns, row.weight_text, row.estimate_text)
    yield from (label for _, label in plot.ticks)
    yield from (plot.axis_label, *(plot.favours or ()), *plot.footer)
