"""One answer to numbers that leave the range of double precision: a refusal that says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from evidence.errors import NotEstimable


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
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            yield
    except (ArithmeticError, np.linalg.LinAlgError) as failure:
        raise NotEstimable(
            f"{asked} left the range of double precision: effects or sampling variances are "
            "extreme, or one study outweighs all others. Check the variances, or give the effects "
            "in another unit."
        ) from failure
