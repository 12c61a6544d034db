"""The kinds of figure that a synthesis can be drawn as: one entry for each.

A report holds figures as :class:`evidence.report.record.Figure`, which HTML, Word and
results read alike, whatever is drawn; a notebook shows any ``FigureFile``. What needs to know the
kinds, such as the options of ``evidence pool``, takes them from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from evidence.report.figures.figure_file import FigureFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureKind:
    """A kind of figure.

    Attributes
    ----------
    name : str
        Its short name, which is the option of commands that draw it.
    words : str
        What it is.
    function : str
        Public name of the function that draws a synthesis, in ``evidence``.
    """

    name: str
    words: str
    function: str

    def draw(self, synthesis: object) -> FigureFile:
        """Draw a synthesis."""
        draw: Callable[[Any], object] = getattr(import_module("evidence"), self.function)
        return cast("FigureFile", draw(synthesis))


#: Every kind by its short name.
FIGURES: Final[Mapping[str, FigureKind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (FigureKind(name="forest", words="forest plot", function="forest_plot"),)
    }
)
