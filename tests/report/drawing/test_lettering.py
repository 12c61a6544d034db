"""Widths and line breaks of texts in drawings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.report.drawing.lettering import (
    Line,
    line_width,
    longest_word,
    narrowest,
    outline,
    width_of,
    wrap,
)
from evidence.report.record import Named, Shown

#: A letter may lean out of its advance by a part of its size.
OVERHANG = 0.2


def read(lines: tuple[Line, ...]) -> list[str]:
    return ["".join(piece.text for piece in line) for line in lines]


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("words", ["0.55 (0.40 to 0.75)", "Heterogeneity: τ² < 1", "WAVE", "−5%"])
def test_the_measured_width_is_that_of_the_drawn_outline(words, bold):
    box = outline(words, bold=bold, size=8.0).get_extents()
    assert box.x0 >= -OVERHANG * 8
    assert box.x1 == pytest.approx(width_of(words, bold=bold), abs=OVERHANG * 8)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.text("ab =(%.", min_size=1, max_size=9), max_size=9), st.floats(5, 200))
def test_lines_hold_the_text_as_it_was_and_are_no_wider_than_asked(parts, width):
    text = tuple(Named(f"t{i}", part) if i % 2 else part for i, part in enumerate(parts))
    lines = wrap(text, width)
    assert "".join(read(lines)) == "".join(parts)
    assert all(line_width(line) <= width or len(read((line,))[0]) == 1 for line in lines)


def test_lines_end_at_blanks_and_not_beside_an_equals_sign_or_a_no_break_space():
    text = ("df = ", Shown("n1", "12"), ", p = ", Shown("n2", "0.03"), " and 24\u00a0mg")
    assert read(wrap(text, longest_word(text))) == ["df = 12, ", "p = 0.03 ", "and ", "24\u00a0mg"]


def test_a_word_wider_than_the_line_is_cut_and_a_number_is_not():
    assert len(wrap(("a" * 50,), 60.0)) > 1
    assert read(wrap((Shown("n1", "1" * 50),), 60.0)) == ["1" * 50]


def test_the_narrowest_width_for_two_lines_gives_two_lines():
    text = ("Interferon beta, events of all patients",)
    width = narrowest(text, 2)
    assert len(wrap(text, width)) == 2
    assert len(wrap(text, width - 0.5)) > 2


def test_no_text_has_no_lines_and_no_width():
    assert wrap((), 50.0) == ()
    assert longest_word(()) == narrowest((), 2) == 0.0
