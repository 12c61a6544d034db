"""A stack of meta-analyses in one array: the weighted mean of every column at once.

Arrays have shape (k, d): studies in rows, meta-analyses in columns. A study that a column lacks
has an infinite variance, hence weight 0, so columns of different lengths need no special case.
The most precise study of each column is in the first row and effects are taken relative to it.
It stays the heaviest one at every tau2, and separating it keeps the digits of ``1 - leverage``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from evidence.arrays import BoolArray, FloatArray

IntArray = npt.NDArray[np.int64]
_COLUMN_SUMS = "ij,ij->j"


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Effects and sampling variances of d meta-analyses, prepared for weighting.

    Attributes
    ----------
    centre : ndarray, shape (d,)
        Effect of the most precise study.
    deviations : ndarray, shape (k, d)
        Effects minus the centre; 0 where a study is absent, and in the first row.
    variances : ndarray, shape (k, d)
        Sampling variances, the smallest in the first row; infinite where a study is absent.
    size : ndarray, shape (d,)
        Number of studies.
    """

    centre: FloatArray
    deviations: FloatArray
    variances: FloatArray
    size: IntArray

    @property
    def df(self) -> IntArray:
        """Number of studies minus 1, shape (d,)."""
        return self.size - 1

    @property
    def present(self) -> BoolArray:
        """Where a column has a study, shape (k, d)."""
        return np.isfinite(self.variances)

    @property
    def finite_variances(self) -> FloatArray:
        """Sampling variances with 0 where a study is absent, shape (k, d)."""
        return np.where(self.present, self.variances, 0.0)

    def take(self, columns: IntArray) -> Stack:
        """Stack of some of the columns, in the order given."""
        return Stack(
            self.centre[columns],
            np.take(self.deviations, columns, axis=1),
            np.take(self.variances, columns, axis=1),
            self.size[columns],
        )

    def at(self, tau2: FloatArray | float) -> StackFit:
        """Weighted means with weights ``1 / (variance + tau2)``; tau2 one or (d,)."""
        weights = self.variances + tau2
        np.reciprocal(weights, out=weights)
        return StackFit(self.deviations, weights)

    def unweighted(self) -> StackFit:
        """Means with equal weights of 1."""
        return StackFit(self.deviations, self.present.astype(float))


def build_stack(yi: FloatArray, vi: FloatArray, present: BoolArray) -> Stack:
    """Put the most precise study of each column first and centre on it.

    Parameters
    ----------
    yi, vi : ndarray, shape (k, d)
        Effects and sampling variances; values of absent studies are not looked at.
    present : ndarray of bool, shape (k, d)
        Which studies a column has; at least one each.
    """
    complete = bool(present.all())
    variances = np.array(vi) if complete else np.where(present, vi, np.inf)
    effects = np.array(yi)
    columns = np.arange(variances.shape[1])
    first = np.argmin(variances, axis=0)
    for array in (variances, effects):
        heaviest = array[first, columns]
        array[first, columns] = array[0]
        array[0] = heaviest
    centre = effects[0].copy()
    effects -= centre
    if not complete:
        effects[np.isinf(variances)] = 0.0
    return Stack(centre, effects, variances, present.sum(axis=0))


class StackFit:
    """Weighted mean of each column; sums over studies are computed when asked for.

    Parameters
    ----------
    deviations, weights : ndarray, shape (k, d)
        Effects relative to the centre, and weights, the largest in the first row.
    """

    def __init__(self, deviations: FloatArray, weights: FloatArray) -> None:
        self.weights = weights
        lighter = weights[1:]
        self.others: FloatArray = lighter.sum(axis=0)
        self.total: FloatArray = self.others + weights[0]
        self.shift: FloatArray = np.einsum(_COLUMN_SUMS, lighter, deviations[1:]) / self.total
        self.residuals: FloatArray = deviations - self.shift

    @cached_property
    def scaled(self) -> FloatArray:
        """Weights times residuals, shape (k, d): ``P y``."""
        return self.weights * self.residuals

    @cached_property
    def rss(self) -> FloatArray:
        """Weighted residual sum of squares ``y'Py``, shape (d,)."""
        return np.asarray(np.einsum(_COLUMN_SUMS, self.scaled, self.residuals))

    @cached_property
    def scaled_rss(self) -> FloatArray:
        """``y'PPy``, shape (d,)."""
        return np.asarray(np.einsum(_COLUMN_SUMS, self.scaled, self.scaled))

    @property
    def cubic_rss(self) -> FloatArray:
        """``y'PPPy``, shape (d,)."""
        twice = self.weights * self.scaled
        return np.asarray(
            np.einsum(_COLUMN_SUMS, twice, self.scaled) - twice.sum(axis=0) ** 2 / self.total
        )

    @cached_property
    def _square_of_others(self) -> FloatArray:
        lighter = self.weights[1:]
        return np.asarray(np.einsum(_COLUMN_SUMS, lighter, lighter))

    @property
    def sum_of_squares(self) -> FloatArray:
        """Sum of squared weights, shape (d,)."""
        return np.asarray(self.weights[0] ** 2 + self._square_of_others)

    @property
    def trace_p(self) -> FloatArray:
        """Trace of P, shape (d,): weights times one minus leverage."""
        first = self.weights[0] * (self.others / self.total)
        return np.asarray(first + (self.others - self._square_of_others / self.total))

    def trace_pp(self) -> FloatArray:
        """Trace of PP, shape (d,)."""
        lighter = self.weights[1:]
        cubes = np.einsum("ij,ij,ij->j", lighter, lighter, lighter)
        first, squares = self.weights[0], self._square_of_others / self.total
        own = (first * (self.others / self.total)) ** 2
        rest = self._square_of_others - 2.0 * cubes / self.total + squares**2
        return np.asarray(own + rest + 2.0 * (first / self.total) ** 2 * self._square_of_others)

    def trace_with(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Trace of ``P diag(a) P diag(b)``, shape (d,), with a, b of shape (k, d)."""
        share = self.weights / self.total
        left, right = a * self.weights, b * self.weights
        remainder = 1.0 - share
        remainder[0] = self.others / self.total
        own = np.einsum("ij,ij,ij,ij->j", left, right, remainder, remainder)
        left *= share
        right *= share
        crossed = left[0] * right[1:].sum(axis=0) + right[0] * left[1:].sum(axis=0)
        among = left[1:].sum(axis=0) * right[1:].sum(axis=0)
        among -= np.einsum(_COLUMN_SUMS, left[1:], right[1:])
        return np.asarray(own + crossed + among)
