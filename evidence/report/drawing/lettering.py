"""Widths and line breaks of texts in a drawing, measured with the font that draws them.

The font is DejaVu Sans as matplotlib bundles it, so that a drawing is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.ft2font import FT2Font
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from evidence.report.record.document import Shown, Text, plain

#: Size of text in points; nothing in a figure is smaller on paper.
SIZE: Final = 8.0
#: From one baseline to the next, in sizes.
LEADING: Final = 1.25
LINE: Final = LEADING * SIZE
#: What is drawn for a sign that the font lacks: a box, in sizes, with the space it takes.
_BOX: Final = ((0.1, 0.0), (0.9, 0.0), (0.9, 0.7), (0.1, 0.7), (0.1, 0.0))
_BOX_ADVANCE: Final = 1.0
#: A piece with the blanks that follow it; a no-break space does not end a piece.
_PIECES = re.compile(r"[^ ]+ *| +")
#: Signs that stay on one line with what stands before and after them.
_RELATIONS: Final = frozenset("=<>≤≥±")
#: The font is read at its own resolution, where hinting moves nothing.
_EM: Final = 2048.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one span on one line: index of the span in its text, and the words."""

    span: int
    text: str


Line = tuple[Piece, ...]
_Vertices = NDArray[np.float64]
_Codes = NDArray[np.integer]
_Word = list[Piece]


def font_path(bold: bool) -> Path:
    """Return the file of the font."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return Path(mpl.get_data_path()) / "fonts" / "ttf" / name


@lru_cache(maxsize=2)
def _font(bold: bool) -> tuple[FT2Font, frozenset[int]]:
    font = FT2Font(str(font_path(bold)))
    font.set_size(_EM, 72)
    return font, frozenset(font.get_charmap())


@lru_cache(maxsize=4096)
def _glyph(sign: str, bold: bool) -> tuple[float, _Vertices, _Codes]:
    """Advance of a sign, in sizes, and its outline."""
    font, known = _font(bold)
    if ord(sign) not in known:
        box = Outline(_BOX, closed=True)
        return _BOX_ADVANCE, np.array(_BOX), np.array(box.codes)
    advance = font.load_char(ord(sign)).linearHoriAdvance / 65536 / _EM
    vertices, codes = font.get_path()
    return advance, vertices / _EM, codes


def outline(words: str, *, bold: bool, size: float) -> Outline:
    """Return the outline of one line in points, from its left end on the baseline, y upwards."""
    moved, start = [], 0.0
    for advance, vertices, codes in (_glyph(sign, bold) for sign in words):
        if len(vertices):
            moved.append(Outline((vertices + np.array([start, 0.0])) * size, codes))
        start += advance
    return Outline.make_compound_path(*moved)


def unknown_signs(words: str) -> set[str]:
    """Return the signs of ``words`` that the font cannot draw."""
    return {sign for sign in words if ord(sign) not in _font(False)[1]}


def width_of(words: str, *, bold: bool = False, size: float = SIZE) -> float:
    """Return the width of one line in points. Kerning is left out, here and in the outline."""
    return size * sum(_glyph(sign, bold)[0] for sign in words)


def line_width(line: Line, *, bold: bool = False, size: float = SIZE) -> float:
    """Return the width of a line in points, without the blanks at its end."""
    return width_of("".join(piece.text for piece in line).rstrip(" "), bold=bold, size=size)


def text_width(text: Text, *, bold: bool = False, size: float = SIZE) -> float:
    """Return the width of a text on one line, in points."""
    return width_of(plain(text).rstrip(" "), bold=bold, size=size)


def wrap(text: Text, width: float, *, bold: bool = False, size: float = SIZE) -> tuple[Line, ...]:
    """Break a text into lines of at most ``width`` points.

    Lines end at blanks. A word longer than a line is cut between letters, but a number never is.
    """
    lines: list[_Word] = []
    for word in _words(text):
        for part in _cut(word, text, width, bold, size):
            joined = [*lines[-1], *part] if lines else part
            if lines and line_width(tuple(joined), bold=bold, size=size) <= width:
                lines[-1] = joined
            else:
                lines.append(part)
    return tuple(tuple(_merge(line)) for line in lines)


def longest_word(text: Text, *, bold: bool = False, size: float = SIZE) -> float:
    """Return the width of the widest word, in points."""
    return max((line_width(tuple(w), bold=bold, size=size) for w in _words(text)), default=0.0)


def narrowest(text: Text, lines: int, *, bold: bool = False, size: float = SIZE) -> float:
    """Return the smallest width in points at which the text needs at most ``lines`` lines."""
    words = [line_width(tuple(w), bold=bold, size=size) for w in _words(text)]
    low, high = max(words, default=0.0), text_width(text, bold=bold, size=size)
    while high - low > 0.1:
        middle = (low + high) / 2
        fits = len(wrap(text, middle, bold=bold, size=size)) <= lines
        low, high = (low, middle) if fits else (middle, high)
    return high


def _words(text: Text) -> Iterator[_Word]:
    """Yield runs of pieces within which no line may end: words, and "p = 0.01" as a whole."""
    word: _Word = []
    for piece in _pieces(text):
        if word and word[-1].text.endswith(" ") and not _tied(word[-1].text, piece.text):
            yield word
            word = []
        word.append(piece)
    if word:
        yield word


def _tied(before: str, after: str) -> bool:
    return before.rstrip(" ")[-1:] in _RELATIONS or after[:1] in _RELATIONS


def _pieces(text: Text) -> Iterator[Piece]:
    for index, span in enumerate(text):
        whole = isinstance(span, Shown)
        words = span if isinstance(span, str) else span.text
        yield from (
            Piece(index, part) for part in ([words] if whole else _PIECES.findall(words)) if part
        )


def _cut(word: _Word, text: Text, width: float, bold: bool, size: float) -> Iterator[_Word]:
    """Yield the word, in parts if it is wider than a line."""
    if line_width(tuple(word), bold=bold, size=size) <= width:
        yield word
        return
    part: _Word = []
    for piece in word:
        for atom in [piece.text] if isinstance(text[piece.span], Shown) else piece.text:
            longer = _merge([*part, Piece(piece.span, atom)])
            if part and line_width(tuple(longer), bold=bold, size=size) > width:
                yield part
                longer = [Piece(piece.span, atom)]
            part = longer
    yield part


def _merge(pieces: Iterable[Piece]) -> _Word:
    """Join neighbouring pieces of one span."""
    merged: _Word = []
    for piece in pieces:
        if merged and merged[-1].span == piece.span:
            merged[-1] = Piece(piece.span, merged[-1].text + piece.text)
        else:
            merged.append(piece)
    return merged
