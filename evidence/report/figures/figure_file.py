"""A figure that stands alone: shown in a notebook, or saved as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from evidence.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureFile:
    """A figure as SVG (shown in a notebook) and as PNG at 220 dots per inch.

    Attributes
    ----------
    svg, png : str, bytes
        The same drawing.
    kind : str
        What it is, such as "forest plot".
    title : str
        Its heading.
    """

    svg: str = field(repr=False)
    png: bytes = field(repr=False)
    kind: str
    title: str = ""

    def save(self, path: str | Path) -> Path:
        """Write the figure to ``path``, whose ending says as what: .svg or .png.

        Raises
        ------
        BadInput
            Another ending.
        """
        path = Path(path)
        _FORMATS[figure_ending(path, self.kind)](path, self)
        return path

    def _repr_svg_(self) -> str:
        return self.svg


#: What writes a figure, by the ending of the file.
_FORMATS: Final[Mapping[str, Callable[[Path, FigureFile], object]]] = {
    ".svg": lambda path, figure: path.write_text(figure.svg, encoding="utf-8", newline="\n"),
    ".png": lambda path, figure: path.write_bytes(figure.png),
}
#: Endings that a figure can have.
ENDINGS: Final = tuple(_FORMATS)


def figure_ending(path: Path, kind: str) -> str:
    """Ending of a figure's file.

    Parameters
    ----------
    path : Path
        Where a figure is to be saved.
    kind : str
        What it is, such as "forest plot".

    Raises
    ------
    BadInput
        If it is none of ``ENDINGS``.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise BadInput(
            f"A {kind} was to be saved as {path.name!r}, whose ending says no format. "
            f"Give a name that ends in {' or '.join(ENDINGS)}."
        )
    return ending
