"""The axis of a forest plot: line, ticks, label, and what lies on either side of no effect."""

from __future__ import annotations

from typing import Final

from evidence.report.drawing.canvas import Drawing
from evidence.report.drawing.lettering import LINE, SIZE, narrowest, text_width, wrap
from evidence.report.figures.forest.marks import Axis, arrowhead
from evidence.report.figures.forest.records import ForestPlot
from evidence.report.record.document import Text

TICK: Final = 3.5
#: Least blank between the labels of two ticks on one line.
TICK_GAP: Final = 3.0
#: A text on one side of no effect stays there as long as so many lines hold it.
MOST_LINES: Final = 3
#: An arrow below the axis begins this far from the null value; a shorter one is left out.
ARROW_START, SHORTEST_ARROW = 4.0, 16.0


def draw_axis(drawing: Drawing, plot: ForestPlot, axis: Axis, y: float) -> float:
    """Draw the axis with all that stands below it, and return where that ends."""
    drawing.line("axis", axis.left, y, axis.right, y)
    for position, _ in plot.ticks:
        drawing.line("tick", axis.x(position), y, axis.x(position), y + TICK)
    y = _write_ticks(drawing, plot, axis, y + TICK + 1)
    lines = wrap(plot.axis_label, axis.right - axis.left)
    middle = (axis.left + axis.right) / 2
    drawing.write(plot.axis_label, lines, middle, y + SIZE, align="center")
    y += len(lines) * LINE + 2
    if plot.favours is None or plot.null is None:
        return y
    return _draw_favours(drawing, plot.favours, axis, axis.x(plot.null), y)


def _write_ticks(drawing: Drawing, plot: ForestPlot, axis: Axis, y: float) -> float:
    """Write the labels of ticks; one that would touch its neighbour goes a line lower."""
    ends: list[float] = []
    for position, label in sorted(plot.ticks, key=lambda tick: tick[0]):
        x, width = axis.x(position), text_width(label)
        left = x - width / 2
        row = next((i for i, end in enumerate(ends) if end + TICK_GAP <= left), len(ends))
        ends[row : row + 1] = [left + width]
        lines = wrap(label, width + 1)
        drawing.write(label, lines, x, y + row * LINE + SIZE, align="center")
    return y + len(ends) * LINE + 1


def _draw_favours(
    drawing: Drawing, favours: tuple[Text, Text], axis: Axis, null: float, y: float
) -> float:
    """Draw arrows to both sides of the null value and, below them, what each side favours."""
    for tip, way in ((axis.left, -1), (axis.right, 1)):
        if way * (tip - null) > SHORTEST_ARROW:
            drawing.line("favours", null + way * ARROW_START, y + 3, tip - way, y + 3)
            arrowhead(drawing, "favours-head", tip, y + 3, way, "#000000")
    split, top, end = _split(favours, axis, null), y + 8, y
    for text, left, right in ((favours[0], axis.left, split), (favours[1], split, axis.right)):
        lines = wrap(text, right - left - TICK_GAP)
        drawing.write(text, lines, (left + right) / 2, top + SIZE, align="center")
        end = max(end, top + len(lines) * LINE)
    return end


def _split(favours: tuple[Text, Text], axis: Axis, null: float) -> float:
    """Where the two texts part: at the null value, or off it if one side is too small."""
    room = (null - axis.left, axis.right - null)
    left, right = (narrowest(text, MOST_LINES) + TICK_GAP + 0.1 for text in favours)
    if left <= room[0] and right <= room[1]:
        return null
    return min(max(null, axis.left + left), axis.right - right)
