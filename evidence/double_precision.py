"""What double precision cannot hold: one refusal that says so, and what tells it in advance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable

#: Smallest eigenvalue of a definite matrix with a diagonal of 1; rounding leaves about 1e-15.
_DEFINITE = 1e-12


@contextmanager
def in_double_precision(
    asked: str,
    found: str = "a number is extremely large or extremely small",
    advice: str = "Check the numbers, or give them in another unit.",
) -> Iterator[None]:
    """Refuse what overflows, divides by zero or becomes undefined; also a decorator.

    Parameters
    ----------
    asked : str
        What is computed; the start of the refusal.
    found, advice : str
        What leads to it, and what to do.

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
            f"{asked} left the range of double precision: {found}. {advice}"
        ) from failure


@contextmanager
def studies_in_double_precision(asked: str) -> Iterator[None]:
    """Refuse studies whose synthesis leaves double precision, as ``in_double_precision`` does.

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
    with in_double_precision(asked, found, advice):
        yield


def is_definite(matrix: FloatArray) -> bool:
    """Whether a symmetric matrix is positive definite beyond rounding, whatever its units.

    Parameters
    ----------
    matrix : ndarray, shape (m, m)
        Such as a covariance matrix or an information; rows and columns may have any unit.
    """
    sizes = np.diagonal(matrix)
    if not np.all(sizes > 0.0):
        return False
    scales = np.sqrt(sizes)
    return bool(np.linalg.eigvalsh(matrix / np.outer(scales, scales))[0] > _DEFINITE)


def require_finite(*results: ArrayLike) -> None:
    """Raise ArithmeticError, which ``in_double_precision`` explains, for what is not finite."""
    if not all(np.isfinite(result).all() for result in results):
        raise ArithmeticError("not finite")


def squared(sei: ArrayLike) -> FloatArray:
    """Variances from standard errors above 0; ArithmeticError if a square is 0 in doubles."""
    variances = np.square(np.asarray(sei, dtype=float))
    if not np.all(variances > 0):
        raise ArithmeticError("underflow")
    return np.asarray(variances)[()]
