"""Marks of a forest plot: squares with whiskers, diamonds, prediction bars and arrows."""

from __future__ import annotations

import math
from typing import Final

from evidence.report.drawing.canvas import Drawing
from evidence.report.drawing.drawn_axis import ARROW, PlacedAxis, arrowhead

#: Dark enough on white (4 to 1 and more), and apart from each other in grey.
SQUARE: Final = "#4a7fb0"
DIAMOND: Final = "#16324f"
PREDICTION: Final = "#a33b20"
NULL: Final = "#555555"
WHISKER: Final = 0.9
#: A square smaller than this could be overlooked; a tick marks its estimate as well.
VISIBLE: Final = 2.5
#: Side of the square of a study that has no weight.
UNWEIGHTED: Final = 4.5
#: Half the height of the bar of a prediction interval.
BAR: Final = 1.1

Point = tuple[float, float]


def draw_study(
    drawing: Drawing,
    axis: PlacedAxis,
    y: float,
    estimate: float,
    ci: tuple[float, float] | None,
    *,
    side: float,
    hollow: bool = False,
) -> None:
    """Draw a square on its estimate, over which the whisker of the interval runs."""
    half = side / 2
    x = axis.x(estimate)
    if axis.inside(estimate):
        corners = (
            (x - half, y - half),
            (x + half, y - half),
            (x + half, y + half),
            (x - half, y + half),
        )
        fill, edge = ("#ffffff", "#000000") if hollow else (SQUARE, "none")
        drawing.polygon("square", corners, fill=fill, stroke=edge)
        if side < VISIBLE:
            drawing.line("estimate", x, y - 2, x, y + 2, width=WHISKER)
    if ci is not None:
        _draw_interval(drawing, axis, y, ci)
    elif not axis.inside(estimate):
        _draw_interval(drawing, axis, y, (estimate, estimate))


def _draw_interval(drawing: Drawing, axis: PlacedAxis, y: float, ci: tuple[float, float]) -> None:
    """Draw a whisker; an arrow takes the place of an end that is off the axis."""
    left, right = _visible(axis, ci)
    drawing.line("whisker", left, y, right, y, width=WHISKER)
    draw_arrows(drawing, axis, y, ci, "#000000")


def _visible(axis: PlacedAxis, ci: tuple[float, float]) -> tuple[float, float]:
    """Return the ends on paper; an interval off the axis keeps the shaft of its arrow."""
    left, right = (axis.held(axis.x(bound)) for bound in ci)
    if axis.side(ci[0]) < 0:
        left = axis.left + ARROW / 2
        right = max(right, axis.left + 2 * ARROW)
    if axis.side(ci[1]) > 0:
        right = axis.right - ARROW / 2
        left = min(left, axis.right - 2 * ARROW)
    return left, right


def draw_arrows(
    drawing: Drawing, axis: PlacedAxis, y: float, ci: tuple[float, float], colour: str
) -> None:
    """Draw an arrowhead at each end of the axis beyond which the interval runs."""
    if axis.side(ci[0]) < 0:
        arrowhead(drawing, "arrow", axis.left, y, -1, colour)
    if axis.side(ci[1]) > 0:
        arrowhead(drawing, "arrow", axis.right, y, 1, colour)


def draw_summary(
    drawing: Drawing,
    axis: PlacedAxis,
    y: float,
    estimate: float,
    ci: tuple[float, float],
    *,
    height: float,
) -> None:
    """Draw a diamond from one bound to the other, cut where it leaves the axis."""
    low, middle, high = axis.x(ci[0]), axis.x(estimate), axis.x(ci[1])
    half = height / 2
    corners = [(low, y), (middle, y - half), (high, y), (middle, y + half)]
    cut = _cut(_cut(corners, axis.left, 1), axis.right, -1)
    if cut:
        drawing.polygon("diamond", tuple(cut), fill=DIAMOND, stroke=DIAMOND)
    draw_arrows(drawing, axis, y, ci, DIAMOND)


def _cut(corners: list[Point], edge: float, keep: int) -> list[Point]:
    """Part of a polygon to the right (1) or left (-1) of a vertical edge (Sutherland & Hodgman)."""
    kept: list[Point] = []
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        inside, next_inside = keep * (x1 - edge) >= 0, keep * (x2 - edge) >= 0
        if inside:
            kept.append((x1, y1))
        if inside != next_inside:
            kept.append((edge, y1 + (edge - x1) / (x2 - x1) * (y2 - y1)))
    return kept


def draw_prediction(drawing: Drawing, axis: PlacedAxis, y: float, ci: tuple[float, float]) -> None:
    """Draw a thin bar with ends, which are arrows where it leaves the axis."""
    left, right = _visible(axis, ci)
    corners = ((left, y - BAR), (right, y - BAR), (right, y + BAR), (left, y + BAR))
    drawing.polygon("prediction", corners, fill=PREDICTION)
    for bound in ci:
        if axis.inside(bound):
            x = axis.x(bound)
            drawing.line("prediction-end", x, y - 3, x, y + 3, stroke=PREDICTION, width=1.0)
    draw_arrows(drawing, axis, y, ci, PREDICTION)


def square_sides(weights: list[float | None], largest: float) -> list[float]:
    """Sides of squares whose areas are in proportion to the weights; None has a fixed side."""
    known = [weight for weight in weights if weight]
    unit = largest / math.sqrt(max(known)) if known else 0.0
    return [UNWEIGHTED if weight is None else unit * math.sqrt(weight) for weight in weights]
