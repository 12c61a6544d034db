"""The refusal of studies whose numbers leave the range of double precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from evidence.effects import double_precision as of_numbers


@contextmanager
def double_precision(asked: str) -> Iterator[None]:
    """Refuse what overflows, divides by zero or becomes undefined; also a decorator.

    Parameters
    ----------
    asked : str
        What is computed; the start of the refusal.

    Raises
    ------
    NotEstimable
        If the numbers leave the range of double precision, or a matrix has no inverse.
    """
    found = "effects or sampling variances are extreme, or one study outweighs all others"
    advice = "Check the variances, or give the effects in another unit."
    with of_numbers.double_precision(asked, found, advice):
        yield
