"""A horizontal axis as it is drawn: line, ticks, label, what lies on either side of no effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evidence.report.drawing.canvas import Drawing
from evidence.report.drawing.lettering import LINE, SIZE, narrowest, text_width, wrap
from evidence.report.record.document import Text

TICK: Final = 3.5
ARROW: Final = 4.5
#: Least blank between the labels of two ticks on one line.
TICK_GAP: Final = 3.0
#: A text on one side of no effect stays there as long as so many lines hold it.
MOST_LINES: Final = 3
#: An arrow below the axis begins this far from the null value; a shorter one is left out.
ARROW_START, SHORTEST_ARROW = 4.0, 16.0

#: Position of a tick, and its label.
Tick = tuple[float, Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedAxis:
    """A horizontal axis on paper: from positions on the analysis scale to points on paper."""

    left: float
    right: float
    low: float
    high: float

    def x(self, position: float) -> float:
        """Return the place on paper, also of positions outside the axis."""
        part = (position - self.low) / (self.high - self.low)
        return self.left + part * (self.right - self.left)

    def side(self, position: float) -> int:
        """Whether the position is left of the axis (-1), on it (0) or right of it (1)."""
        slack = 1e-9 * (self.high - self.low)  # rounding errors at the ends do not count
        return int(position > self.high + slack) - int(position < self.low - slack)

    def inside(self, position: float) -> bool:
        """Whether the position is on the axis."""
        return self.side(position) == 0

    def held(self, x: float) -> float:
        """Return the nearest place on the axis."""
        return min(max(x, self.left), self.right)


def draw_axis(
    drawing: Drawing,
    axis: PlacedAxis,
    y: float,
    *,
    ticks: Sequence[Tick],
    label: Text,
    favours: tuple[Text, Text] | None = None,
    null: float | None = None,
) -> float:
    """Draw an axis with all that stands below it, and return where that ends.

    Parameters
    ----------
    drawing : Drawing
    axis : PlacedAxis
        Its place.
    y : float
        Height of the line, in points from the top.
    ticks : sequence of (position, label)
    label : Text
        What the axis shows.
    favours : tuple of Text, optional
        What lies left and right of ``null``; shown if both are given.
    null : float, optional
        Position of no effect.
    """
    drawing.line("axis", axis.left, y, axis.right, y)
    for position, _ in ticks:
        drawing.line("tick", axis.x(position), y, axis.x(position), y + TICK)
    y = _write_ticks(drawing, ticks, axis, y + TICK + 1)
    lines = wrap(label, axis.right - axis.left)
    middle = (axis.left + axis.right) / 2
    drawing.write(label, lines, middle, y + SIZE, align="center")
    y += len(lines) * LINE + 2
    if favours is None or null is None:
        return y
    return _draw_favours(drawing, favours, axis, axis.x(null), y)


def arrowhead(drawing: Drawing, name: str, x: float, y: float, way: int, colour: str) -> None:
    """Draw an arrowhead with its tip at (x, y), to the left (-1) or to the right (1)."""
    back = x - way * ARROW
    drawing.polygon(name, ((x, y), (back, y - 0.55 * ARROW), (back, y + 0.55 * ARROW)), fill=colour)


def _write_ticks(drawing: Drawing, ticks: Sequence[Tick], axis: PlacedAxis, y: float) -> float:
    """Write the labels of ticks; one that would touch its neighbour goes a line lower."""
    ends: list[float] = []
    for position, label in sorted(ticks, key=lambda tick: tick[0]):
        x, width = axis.x(position), text_width(label)
        left = x - width / 2
        row = next((i for i, end in enumerate(ends) if end + TICK_GAP <= left), len(ends))
        ends[row : row + 1] = [left + width]
        lines = wrap(label, width + 1)
        drawing.write(label, lines, x, y + row * LINE + SIZE, align="center")
    return y + len(ends) * LINE + 1


def _draw_favours(
    drawing: Drawing, favours: tuple[Text, Text], axis: PlacedAxis, null: float, y: float
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


def _split(favours: tuple[Text, Text], axis: PlacedAxis, null: float) -> float:
    """Where the two texts part: at the null value, or off it if one side is too small."""
    room = (null - axis.left, axis.right - null)
    left, right = (narrowest(text, MOST_LINES) + TICK_GAP + 0.1 for text in favours)
    if left <= room[0] and right <= room[1]:
        return null
    return min(max(null, axis.left + left), axis.right - right)
