"""Forest plots: studies, their weights and effects, and the summary, as text and as marks.

Squares have areas in proportion to weights; a diamond is a summary, a thin bar a prediction
interval, an arrow the end of an interval that leaves the axis. Texts are written row by row, so
that the drawing reads like the table it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evidence.report.drawing.axes import NARROWEST_PLOT, Axis, Scale, choose_axis
from evidence.report.drawing.canvas import POINTS_PER_CM, Drawing, to_png, to_svg
from evidence.report.drawing.drawn_axis import PlacedAxis, draw_axis
from evidence.report.drawing.lettering import LINE, SIZE, Line, longest_word, text_width, wrap
from evidence.report.figures.forest.layout import (
    MARGIN,
    PLOT_GAP,
    Places,
    TextRow,
    break_row,
    place_columns,
    shared_headers,
)
from evidence.report.figures.forest.marks import (
    NULL,
    draw_prediction,
    draw_study,
    draw_summary,
    square_sides,
)
from evidence.report.figures.forest.records import ForestPlot, ForestRow, check_plot
from evidence.report.record.document import Figure, Text, plain

__all__ = ["ForestPlot", "ForestRow", "choose_limits", "choose_ticks", "draw_forest_plot"]

#: Height of a row of one line: less where there are many, so that they stay on a page.
PITCH, LEAST_PITCH, ROWS_HEIGHT = 14.0, 10.4, 560.0
#: Blank above a heading, and above a summary.
BLANK, SHORT_BLANK = 6.0, 2.0
INDENT: Final = 6.0
#: From the middle of capital letters to their baseline, in sizes.
MIDDLE: Final = 0.365


def draw_forest_plot(plot: ForestPlot) -> Figure:
    """Draw a forest plot as SVG and PNG.

    Parameters
    ----------
    plot : ForestPlot

    Returns
    -------
    Figure
        17 cm wide, or 25 cm if the columns need it. In the SVG each number or name of the ledger
        stands in a group ``<ledger id>-<occurrence>``; nothing is smaller than 8 pt on paper.

    Raises
    ------
    BadInput
        Rows, weights, limits or texts that cannot be right; all faults at once.
    """
    drawing = compose(plot)
    return Figure(
        id=plot.id,
        number=plot.number,
        title=plot.title,
        alt=plot.alt,
        svg=to_svg(drawing),
        png=to_png(drawing),
        width_cm=round(drawing.width / POINTS_PER_CM, 2),
    )


def choose_ticks(
    rows: Sequence[ForestRow], scale: Scale, null: float | None
) -> tuple[tuple[float, str], ...]:
    """Choose the ticks, each a position and a label, as ``choose_axis`` places them."""
    axis = axis_of(rows, scale, null)
    return tuple(zip(axis.ticks, axis.labels, strict=True))


def choose_limits(
    rows: Sequence[ForestRow], scale: Scale, null: float | None
) -> tuple[float, float]:
    """Choose the ends of the axis, which hold all ticks of :func:`choose_ticks`."""
    axis = axis_of(rows, scale, null)
    return axis.low, axis.high


def axis_of(rows: Sequence[ForestRow], scale: Scale, null: float | None) -> Axis:
    """Choose the axis for rows."""
    studies = [row.ci for row in rows if row.kind == "study" and row.ci]
    pooled = [row.ci for row in rows if row.kind != "study" and row.ci]
    return choose_axis(
        [row.estimate for row in rows if row.estimate is not None],
        [low for low, _ in studies],
        [high for _, high in studies],
        pooled_low=[low for low, _ in pooled],
        pooled_high=[high for _, high in pooled],
        scale=scale,
        null=null,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """The paper while it is drawn on."""

    plot: ForestPlot
    drawing: Drawing
    places: Places
    axis: PlacedAxis
    headers: tuple[Text, ...]
    rows: tuple[TextRow, ...]


def compose(plot: ForestPlot, heading: Text = ()) -> Drawing:
    """Lay out a forest plot, with a heading above it if one is given."""
    check_plot(plot)
    sheet = _sheet(plot)
    y = _draw_heading(sheet, heading)
    y = _draw_headers(sheet, y)
    y = _draw_rows(sheet, y)
    below = draw_axis(
        sheet.drawing,
        sheet.axis,
        y,
        ticks=plot.ticks,
        label=plot.axis_label,
        favours=plot.favours,
        null=plot.null,
    )
    end = max(below, _footer_end(sheet, y))
    _draw_footer(sheet, y)
    sheet.drawing.height = end + MARGIN
    return sheet.drawing


# columns


def _sheet(plot: ForestPlot) -> _Sheet:
    tail = [
        (plot.weight_header, [row.weight_text for row in plot.rows]),
        (plot.estimate_header, [row.estimate_text for row in plot.rows]),
    ]
    tail = [(header, cells) for header, cells in tail if plain(header) or any(map(plain, cells))]
    headers = (*plot.column_headers, *(header for header, _ in tail))
    ends = [tuple(cells[index] for _, cells in tail) for index in range(len(plot.rows))]
    rows = tuple(_text_row(plot, index, end) for index, end in enumerate(ends))
    spanners = (*(plot.column_spanners or ((),) * len(plot.column_headers)), *((),) * len(tail))
    places = place_columns(
        headers,
        rows,
        whole=len(tail),
        spanners=spanners,
        plot=_plot_width(plot),
        overhang=_overhang(plot),
    )
    axis = PlacedAxis(
        left=places.plot_left, right=places.plot_right, low=plot.limits[0], high=plot.limits[1]
    )
    drawing = Drawing(width=places.paper)
    return _Sheet(plot=plot, drawing=drawing, places=places, axis=axis, headers=headers, rows=rows)


def _text_row(plot: ForestPlot, index: int, end: tuple[Text, ...]) -> TextRow:
    row = plot.rows[index]
    empty: tuple[Text, ...] = ((),) * (len(plot.column_headers) - 1)
    grouped = any(above.kind == "group" for above in plot.rows[:index])
    return TextRow(
        cells=(row.label, *(row.columns or empty), *end),
        bold=row.kind in ("summary", "group"),
        wide=row.kind != "study",
        indent=INDENT if grouped and row.kind == "study" else 0.0,
    )


def _plot_width(plot: ForestPlot) -> float:
    """Width in which the words below the axis need not be cut."""
    sides = [longest_word(text) for text in plot.favours or ()]
    return max(NARROWEST_PLOT, sum(sides) + 4 * MARGIN, longest_word(plot.axis_label))


def _overhang(plot: ForestPlot) -> float:
    """Room for half a square, or for half the label of a tick at the right end."""
    halves = [text_width(label) / 2 for _, label in plot.ticks]
    return max([2 * MARGIN, *(half + 1 for half in halves)])


# headers


def _draw_heading(sheet: _Sheet, heading: Text) -> float:
    lines = wrap(heading, sheet.drawing.width - 2 * MARGIN, bold=True)
    sheet.drawing.write(heading, lines, MARGIN, MARGIN + SIZE, bold=True)
    return MARGIN + (len(lines) * LINE + 4 if lines else 0)


def _draw_headers(sheet: _Sheet, y: float) -> float:
    """Write the headers, the last lines side by side, and rule them off."""
    y = _draw_spanners(sheet, y)
    columns = sheet.places.columns
    broken = [
        wrap(header, sheet.places.width(index) + 0.1) for index, header in enumerate(sheet.headers)
    ]
    bottom = y + max(map(len, broken)) * LINE
    for header, lines, column in zip(sheet.headers, broken, columns, strict=True):
        first = bottom - len(lines) * LINE + SIZE
        sheet.drawing.write(header, lines, column.anchor, first, align=column.align)
    sheet.drawing.line("rule", MARGIN, bottom + 3, sheet.drawing.width - MARGIN, bottom + 3)
    return bottom + 5


def _draw_spanners(sheet: _Sheet, y: float) -> float:
    columns = sheet.places.columns
    runs = [
        (text, columns[first].left, columns[last].right)
        for text, first, last in shared_headers(sheet.plot.column_spanners)
    ]
    broken = [wrap(text, right - left + 0.1) for text, left, right in runs]
    bottom = y + max(map(len, broken), default=0) * LINE
    for (text, left, right), lines in zip(runs, broken, strict=True):
        first = bottom - len(lines) * LINE + SIZE
        sheet.drawing.write(text, lines, (left + right) / 2, first, align="center")
        sheet.drawing.line("rule", left, bottom + 2, right, bottom + 2, width=0.5)
    return bottom + (4 if runs else 0)


# rows


def _draw_rows(sheet: _Sheet, top: float) -> float:
    """Draw every row; the line of no effect goes below their marks."""
    rows = sheet.plot.rows
    pitch = min(PITCH, max(LEAST_PITCH, ROWS_HEIGHT / len(rows)))
    broken = [break_row(sheet.places, row) for row in sheet.rows]
    middles, y = [], top
    for index, (row, cells) in enumerate(zip(rows, broken, strict=True)):
        y += _blank(rows[index - 1], row) if index else 0.0
        middles.append(y + pitch / 2)
        y += pitch + (max(1, *map(len, cells)) - 1) * LINE
    bottom = y + 2
    if sheet.plot.null is not None:
        x = sheet.axis.x(sheet.plot.null)
        sheet.drawing.line("null", x, top, x, bottom, stroke=NULL, width=0.8)
    _draw_marks(sheet, middles, pitch)
    for text_row, cells, middle in zip(sheet.rows, broken, middles, strict=True):
        _write_row(sheet, text_row, cells, middle + MIDDLE * SIZE)
    return bottom


def _blank(above: ForestRow, row: ForestRow) -> float:
    """Blank between two rows."""
    if row.kind == "group" or (row.kind == "summary" and above.kind in ("note", "prediction")):
        return BLANK
    return SHORT_BLANK if row.kind == "summary" else 0.0


def _write_row(
    sheet: _Sheet, row: TextRow, cells: tuple[tuple[Line, ...], ...], baseline: float
) -> None:
    indents = (row.indent, *(0.0,) * (len(cells) - 1))
    for text, lines, column, indent in zip(
        row.cells, cells, sheet.places.columns, indents, strict=True
    ):
        x = column.anchor + indent
        sheet.drawing.write(text, lines, x, baseline, align=column.align, bold=row.bold)


def _draw_marks(sheet: _Sheet, middles: Sequence[float], pitch: float) -> None:
    rows = sheet.plot.rows
    weights = [row.weight if row.kind == "study" else None for row in rows]
    sides = square_sides(weights, 0.72 * pitch)
    weighted = any(weights)
    for row, side, y in zip(rows, sides, middles, strict=True):
        if row.kind == "prediction" and row.ci is not None:
            draw_prediction(sheet.drawing, sheet.axis, y, row.ci)
        elif row.estimate is None:
            continue
        elif row.kind == "summary" and row.ci is not None:
            draw_summary(sheet.drawing, sheet.axis, y, row.estimate, row.ci, height=0.66 * pitch)
        else:
            hollow = weighted and row.weight is None
            draw_study(sheet.drawing, sheet.axis, y, row.estimate, row.ci, side=side, hollow=hollow)


# footer


def _footer_lines(sheet: _Sheet) -> list[tuple[Text, tuple[Line, ...]]]:
    first = min(sheet.plot.ticks, default=(sheet.plot.limits[0], ()), key=lambda tick: tick[0])
    tick_left = sheet.axis.x(first[0]) - text_width(first[1]) / 2
    room = min(sheet.axis.left - PLOT_GAP, tick_left - MARGIN) - MARGIN
    return [(text, wrap(text, room)) for text in sheet.plot.footer]


def _footer_end(sheet: _Sheet, y: float) -> float:
    return y + 4 + sum(len(lines) * LINE + 2 for _, lines in _footer_lines(sheet))


def _draw_footer(sheet: _Sheet, y: float) -> None:
    y += 4
    for text, lines in _footer_lines(sheet):
        sheet.drawing.write(text, lines, MARGIN, y + SIZE)
        y += len(lines) * LINE + 2
