"""A drawing of lines, polygons and texts, in points, as SVG and as PNG.

The SVG is written here and not by matplotlib, because its texts must be readable again: in reading
order, each number in a group with its ledger id, and each with the length it was measured at, so
that nothing overlaps where a browser has another font. The PNG is matplotlib's, of the same shapes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import PathPatch, Polygon
from matplotlib.transforms import Affine2D, Transform

from evidence.errors import Caution
from evidence.report.drawing.lettering import (
    LEADING,
    SIZE,
    Line,
    line_width,
    outline,
    unknown_signs,
    width_of,
)
from evidence.report.record.document import Text

POINTS_PER_CM: Final = 72 / 2.54
DPI: Final = 220
#: Verdana has the widths of DejaVu Sans; the others are set to its widths by textLength.
FONTS: Final = "'DejaVu Sans', 'Bitstream Vera Sans', Verdana, Arial, Helvetica, sans-serif"
INK: Final = "#000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A line or polygon; ``name`` says what it stands for and is its class in the SVG."""

    name: str
    points: tuple[tuple[float, float], ...]
    closed: bool = False
    fill: str = "none"
    stroke: str = INK
    width: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Words on one line: left end, baseline; ``group`` is the id of a number or name."""

    text: str
    x: float
    y: float
    size: float
    bold: bool
    colour: str
    group: str

    @property
    def advance(self) -> float:
        """From the left end to where the next words begin."""
        return width_of(self.text, bold=self.bold, size=self.size)

    @property
    def ink(self) -> tuple[str, float, float]:
        """The words without the blanks around them, their left end and width."""
        words = self.text.lstrip(" ")
        before = width_of(" ", bold=self.bold, size=self.size) * (len(self.text) - len(words))
        words = words.rstrip(" ")
        return words, self.x + before, width_of(words, bold=self.bold, size=self.size)


@dataclass(slots=True, kw_only=True)
class Drawing:
    """Shapes, and texts above them in reading order; y grows downwards."""

    width: float
    height: float = 0.0
    shapes: list[Shape] = field(default_factory=list)
    letters: list[Letters] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)

    def line(
        self,
        name: str,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        stroke: str = INK,
        width: float = 0.8,
    ) -> None:
        """Add a straight line."""
        self.shapes.append(
            Shape(name=name, points=((x1, y1), (x2, y2)), stroke=stroke, width=width)
        )

    def polygon(
        self, name: str, points: tuple[tuple[float, float], ...], *, fill: str, stroke: str = "none"
    ) -> None:
        """Add a closed polygon."""
        self.shapes.append(Shape(name=name, points=points, closed=True, fill=fill, stroke=stroke))

    def write(
        self,
        text: Text,
        lines: tuple[Line, ...],
        x: float,
        y: float,
        *,
        align: Literal["left", "center", "right"] = "left",
        bold: bool = False,
        size: float = SIZE,
        colour: str = INK,
    ) -> None:
        """Add the lines of a text: their left end, centre or right end, and first baseline."""
        shift = {"left": 0.0, "center": 0.5, "right": 1.0}[align]
        groups = [self._group(getattr(span, "id", "")) for span in text]
        for index, line in enumerate(lines):
            left = x - shift * line_width(line, bold=bold, size=size)
            for piece in line:
                words = Letters(
                    text=piece.text,
                    x=left,
                    y=y + index * LEADING * size,
                    size=size,
                    bold=bold,
                    colour=colour,
                    group=groups[piece.span],
                )
                self.letters.append(words)
                left += words.advance

    def _group(self, name: str) -> str:
        if not name:
            return ""
        self._seen[name] = self._seen.get(name, 0) + 1
        return f"{name}-{self._seen[name]}"


def to_svg(drawing: Drawing, label: str = "") -> str:
    """Return the drawing as SVG; ``label`` is what a screen reader says first."""
    width, height = _number(drawing.width), _number(drawing.height)
    named = f" aria-label={quoteattr(label)}" if label else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}"{named} font-family="{FONTS}">'
    )
    paper = f'<rect class="paper" width="{width}" height="{height}" fill="#ffffff"/>'
    lines = [
        head,
        paper,
        *map(_shape_svg, drawing.shapes),
        *_letters_svg(drawing.letters),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def to_png(drawing: Drawing, dpi: int = DPI) -> bytes:
    """Return the drawing as PNG; without date or version, its bytes depend on the drawing alone."""
    lacking = unknown_signs("".join(item.text for item in drawing.letters))
    if lacking:
        warnings.warn(
            f"The font of the figures has no sign for {', '.join(sorted(lacking))}; the PNG shows "
            "a box there, and the SVG what the reader's fonts have. Spell it in Latin letters.",
            Caution,
            stacklevel=2,
        )
    buffer = BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        size = (drawing.width / 72, drawing.height / 72)
        canvas = FigureCanvasAgg(Canvas(figsize=size, dpi=dpi, facecolor="#ffffff"))
        _paint(drawing, canvas.figure)
        canvas.print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _shape_svg(shape: Shape) -> str:
    path = "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in shape.points)
    stroke = (
        ""
        if shape.stroke == "none"
        else f' stroke="{shape.stroke}" stroke-width="{_number(shape.width)}"'
    )
    end = "Z" if shape.closed else ""
    return f'<path class="{shape.name}" d="{path}{end}" fill="{shape.fill}"{stroke}/>'


def _letters_svg(letters: list[Letters]) -> Iterator[str]:
    """Yield one line for each text; the parts of one number or name share its group."""
    for group, members in groupby(letters, key=lambda item: item.group):
        if group:
            yield f"<g id={quoteattr(group)}>{''.join(map(_text_svg, members))}</g>"
        else:
            yield from map(_text_svg, members)


def _text_svg(item: Letters) -> str:
    """Return a text; blanks at its ends are there to be read, and are not drawn."""
    words, x, width = item.ink
    bold = ' font-weight="bold"' if item.bold else ""
    length = f' textLength="{_number(width)}" lengthAdjust="spacingAndGlyphs"' if words else ""
    return (
        f'<text x="{_number(x)}" y="{_number(item.y)}" font-size="{_number(item.size)}"{bold}'
        f' fill="{item.colour}"{length}>{escape(item.text)}</text>'
    )


def _paint(drawing: Drawing, figure: Canvas) -> None:
    scale = Affine2D().scale(1 / 72) + figure.dpi_scale_trans
    flip = Affine2D().scale(1, -1).translate(0, drawing.height)
    for shape in drawing.shapes:
        figure.add_artist(_patch(shape, flip + scale))
    for item in drawing.letters:
        words, x, _ = item.ink
        place = Affine2D().translate(x, drawing.height - item.y) + scale
        path = outline(words, bold=item.bold, size=item.size)
        figure.add_artist(PathPatch(path, color=item.colour, linewidth=0, transform=place))


def _patch(shape: Shape, transform: Transform) -> Polygon:
    return Polygon(
        shape.points,
        closed=shape.closed,
        fill=shape.fill != "none",
        facecolor=shape.fill,
        edgecolor=shape.stroke,
        linewidth=shape.width,
        transform=transform,
    )
