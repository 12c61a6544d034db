"""Where the columns of a forest plot stand, and how its rows break into lines; all in points.

Columns keep their natural width if an upright page has room. If not, the widest are narrowed and
their texts wrapped; if that does not do, the page is turned; a plot that is still wider gets the
paper it needs, so that nothing is cut or drawn over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from evidence.report.drawing.axes import NARROWEST_PLOT
from evidence.report.drawing.canvas import POINTS_PER_CM
from evidence.report.drawing.lettering import Line, longest_word, narrowest, text_width, wrap
from evidence.report.record.document import Text, plain

#: What is tried in turn: width of the page without its margins (upright, turned), least width of
#: the plot on it, and how many lines a cell may take.
PAPERS: Final = (
    (17.0 * POINTS_PER_CM, NARROWEST_PLOT, 3),
    (25.0 * POINTS_PER_CM, 200.0, 3),
    (25.0 * POINTS_PER_CM, 160.0, 12),
)
MARGIN: Final = 2.0
#: Between two columns (where there is room the wider one), and between the last one and the plot.
GAP, WIDE_GAP = 6.5, 14.0
PLOT_GAP: Final = 10.0
#: The plot takes at most this part of the paper.
WIDEST_PLOT: Final = 0.5
#: Labels that are wrapped have at least this width, and no column is kept wider for one long word.
NARROW: Final = 88.0
_NUMERIC = re.compile(r"^[0-9<>~≤≥(+−-]")

Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """Texts of a row, one for each column; a ``wide`` label runs on over empty columns."""

    cells: tuple[Text, ...]
    bold: bool = False
    wide: bool = False
    indent: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedColumn:
    """Place of a column of text: its ends and the side on which its lines are aligned."""

    left: float
    right: float
    align: Align

    @property
    def anchor(self) -> float:
        """Where its lines are aligned."""
        return self.left if self.align == "left" else self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Horizontal places of a forest plot on paper of a given width."""

    paper: float
    columns: tuple[PlacedColumn, ...]
    plot_left: float
    plot_right: float

    def width(self, index: int) -> float:
        """Width of a column."""
        return self.columns[index].right - self.columns[index].left


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """Natural width of a column, and the least it can do with."""

    natural: float
    least: float
    align: Align


def place_columns(
    headers: tuple[Text, ...],
    rows: Sequence[TextRow],
    *,
    whole: int,
    spanners: tuple[Text, ...],
    plot: float,
    overhang: float = MARGIN,
) -> Places:
    """Place the columns of text and, to their right, the plot.

    Parameters
    ----------
    headers : tuple of Text
        One for each column, the labels' first.
    rows : sequence of TextRow
    whole : int
        How many of the last columns must stay on one line.
    spanners : tuple of Text
        For each column the header above it; neighbours with the same one share it.
    plot : float
        Least width of the plot.
    overhang : float
        Room to the right of the plot, for what sticks out of it.
    """
    first = len(headers) - whole
    beside = MARGIN + overhang + GAP * (len(headers) - 1) + PLOT_GAP
    for width, usual, lines in PAPERS:
        wishes = [_wish(i, text, rows, lines, whole=i >= first) for i, text in enumerate(headers)]
        wishes = _heed_spanners(wishes, spanners)
        needed = sum(wish.least for wish in wishes) + beside + max(plot, usual)
        if needed <= width:
            break
    paper, plot = max(width, needed), max(plot, usual)
    widths = _narrow(wishes, paper - beside - plot)
    slack = paper - beside - sum(widths) - max(plot, WIDEST_PLOT * paper)
    return _place(widths, [wish.align for wish in wishes], paper, overhang, max(0.0, slack))


def _wish(index: int, header: Text, rows: Sequence[TextRow], lines: int, *, whole: bool) -> _Wish:
    label = index == 0
    cells = [(row.cells[index], row.bold, row.indent if label else 0.0) for row in rows]
    numeric = whole or (not label and _mostly_numeric([text for text, _, _ in cells]))
    kept = [c for c, row in zip(cells, rows, strict=True) if not (label and row.wide)]
    body = max((text_width(text, bold=bold) + indent for text, bold, indent in kept), default=0.0)
    if numeric:
        least = body
    else:
        words = [longest_word(text, bold=bold) + indent for text, bold, indent in cells]
        tall = [narrowest(text, lines, bold=bold) + indent for text, bold, indent in kept]
        least = max(min(max(words), NARROW), min(max(tall, default=0.0), 2 * NARROW))
        least = max(least, min(body, NARROW) if label else 0.0)
    least = max(least, min(longest_word(header), NARROW))
    # the label of a summary has no more room than its column if the next one is filled
    stopped = [row for row in rows if label and row.wide and any(map(plain, row.cells[1:2]))]
    body = max([body, *(text_width(row.cells[0], bold=row.bold) for row in stopped)])
    natural = max(body, least, _header_width(header, body))
    return _Wish(natural=natural, least=least, align="right" if numeric else "left")


def _header_width(header: Text, body: float) -> float:
    """Width of a header: on one line if its cells are nearly as wide, else on two."""
    whole = text_width(header)
    return whole if whole <= 1.25 * body else narrowest(header, 2)


def _mostly_numeric(cells: Sequence[Text]) -> bool:
    filled = [plain(cell) for cell in cells if plain(cell).strip()]
    return 2 * sum(bool(_NUMERIC.match(cell)) for cell in filled) > len(filled)


def shared_headers(spanners: tuple[Text, ...]) -> list[tuple[Text, int, int]]:
    """Each header above columns, with the first and the last column it stands over."""
    runs: list[tuple[Text, int, int]] = []
    for index, text in enumerate(spanners):
        if runs and runs[-1][0] == text and runs[-1][2] == index - 1:
            runs[-1] = (text, runs[-1][1], index)
        elif text:
            runs.append((text, index, index))
    return runs


def _heed_spanners(wishes: list[_Wish], spanners: tuple[Text, ...]) -> list[_Wish]:
    """Widen columns whose common header needs more room than they do."""
    widened = list(wishes)
    for text, first, last in shared_headers(spanners):
        share = range(first, last + 1)
        room = sum(wishes[i].least for i in share) + GAP * (last - first)
        lack = max(0.0, narrowest(text, 2) - room) / len(share)
        for i in share:
            least = wishes[i].least + lack
            widened[i] = replace(wishes[i], least=least, natural=max(wishes[i].natural, least))
    return widened


def _narrow(wishes: Sequence[_Wish], room: float) -> list[float]:
    """Widths that fill at most ``room``; the widest columns give way first."""

    def capped(cap: float) -> list[float]:
        return [max(wish.least, min(wish.natural, cap)) for wish in wishes]

    low, high = 0.0, max(wish.natural for wish in wishes)
    if sum(capped(high)) <= room:
        return capped(high)
    while high - low > 0.01:
        cap = (low + high) / 2
        low, high = (cap, high) if sum(capped(cap)) <= room else (low, cap)
    return capped(low)


def _place(
    widths: Sequence[float], aligns: Sequence[Align], paper: float, overhang: float, slack: float
) -> Places:
    """Place the columns; what the plot leaves goes to the gaps between them, then to the labels."""
    gaps = max(1, len(widths) - 1)
    gap = min(WIDE_GAP, GAP + slack / gaps)
    spare = slack - gaps * (gap - GAP)
    columns: list[PlacedColumn] = []
    left = MARGIN
    for index, (width, align) in enumerate(zip(widths, aligns, strict=True)):
        right = left + width + (spare if index == 0 else 0.0)
        columns.append(PlacedColumn(left=left, right=right, align=align))
        left = right + gap
    return Places(
        paper=paper,
        columns=tuple(columns),
        plot_left=columns[-1].right + PLOT_GAP,
        plot_right=paper - overhang,
    )


def break_row(places: Places, row: TextRow) -> tuple[tuple[Line, ...], ...]:
    """Break the cells of a row into lines."""
    columns = places.columns
    end = columns[0].right
    if row.wide:
        after = zip(columns[1:], row.cells[1:], strict=True)
        filled = [column.left - GAP for column, cell in after if plain(cell).strip()]
        end = min(filled, default=columns[-1].right)
    # a hundredth of a point, so that rounding errors break no line
    room = end - columns[0].left - row.indent + 0.01
    label = wrap(row.cells[0], room, bold=row.bold)
    others = (
        wrap(cell, places.width(index) + 0.01, bold=row.bold)
        for index, cell in enumerate(row.cells)
        if index
    )
    return (label, *others)
