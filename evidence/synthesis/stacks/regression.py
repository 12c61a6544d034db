"""Meta-regressions on one design for many orders of the studies, fitted at once.

Arrays have shape (k, d): studies in rows, orders in columns. What an estimator of tau2 solves is
said by its equation in ``heterogeneity.estimators``; ``meta_regression`` fits one model at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, assert_never

import numpy as np

from evidence.arrays import FloatArray, IntArray
from evidence.synthesis.heterogeneity.estimators import (
    Likelihood,
    MomentOfQ,
    MomentOfVariance,
    NoVariance,
    OneStep,
    RootOfQ,
    find_estimator,
)
from evidence.synthesis.stacks.tau2 import moment_of_q, root_of_q

#: Points at which the derivative of the likelihood is looked at before its zeros are solved.
_GRID: Final = 24
_MOST_STEPS: Final = 200
#: A root is found when it moves by less than this, relative to its size.
_STILL: Final = 1e-13
_COLUMN_SUMS: Final = "ij,ij->j"


@dataclass(frozen=True, slots=True, eq=False)
class RegressionStack:
    """Effects and variances in d orders, against one design.

    Attributes
    ----------
    y, v : ndarray, shape (k, d)
        Effects and sampling variances.
    basis : ndarray, shape (k, p)
        Orthonormal columns that span the design.
    """

    y: FloatArray
    v: FloatArray
    basis: FloatArray

    @property
    def size(self) -> IntArray:
        """Number of studies, the same in each order, shape (d,)."""
        return np.full(self.y.shape[1], self.basis.shape[0])

    @property
    def df(self) -> IntArray:
        """Studies minus coefficients, the same in each order, shape (d,)."""
        return np.asarray(self.size - self.basis.shape[1])

    def take(self, columns: IntArray) -> RegressionStack:
        """Some of the orders."""
        return RegressionStack(self.y[:, columns], self.v[:, columns], self.basis)

    def at(self, tau2: FloatArray | float) -> RegressionFits:
        """Fits with weights ``1 / (v + tau2)``; tau2 one or (d,)."""
        return RegressionFits(self, 1.0 / (self.v + tau2))


class RegressionFits:
    """Weighted least squares in every column; what is asked for is computed once.

    Parameters
    ----------
    stack : RegressionStack
        Effects and design.
    weights : ndarray, shape (k, d)
        Weights.
    """

    def __init__(self, stack: RegressionStack, weights: FloatArray) -> None:
        self.basis, self.weights = stack.basis, weights
        k, p = stack.basis.shape
        self._pairs = (stack.basis[:, :, None] * stack.basis[:, None, :]).reshape(k, p * p)
        self.inverse = np.linalg.inv(self._cross(weights))
        scores = stack.basis.T @ (weights * stack.y)
        self.coefficients: FloatArray = np.einsum("dij,jd->id", self.inverse, scores)
        self.residuals: FloatArray = stack.y - stack.basis @ self.coefficients

    def _cross(self, weights: FloatArray) -> FloatArray:
        """``Z'WZ`` of every column, shape (d, p, p)."""
        p = self.basis.shape[1]
        return np.asarray((self._pairs.T @ weights).T.reshape(-1, p, p))

    @property
    def total(self) -> FloatArray:
        """Sum of the weights, shape (d,)."""
        return np.asarray(self.weights.sum(axis=0))

    @cached_property
    def scaled_rss(self) -> FloatArray:
        """``y'PPy``, shape (d,)."""
        scaled = self.weights * self.residuals
        return np.asarray(np.einsum(_COLUMN_SUMS, scaled, scaled))

    @cached_property
    def rss(self) -> FloatArray:
        """``y'Py``, shape (d,)."""
        return np.asarray(np.einsum("ij,ij,ij->j", self.weights, self.residuals, self.residuals))

    @cached_property
    def trace_p(self) -> FloatArray:
        """Trace of P, shape (d,)."""
        taken = np.einsum("dij,dji->d", self.inverse, self._cross(self.weights**2))
        return np.asarray(self.weights.sum(axis=0) - taken)

    def log_likelihood(self, *, restricted: bool) -> FloatArray:
        """Log likelihood without constants, shape (d,)."""
        value = 0.5 * (np.log(self.weights).sum(axis=0) - self.rss)
        if restricted:
            value = value + 0.5 * np.linalg.slogdet(self.inverse)[1]
        return np.asarray(value)


def stacked_tau2(stack: RegressionStack, method: str) -> FloatArray:
    """Residual tau2 of every column, shape (d,).

    Parameters
    ----------
    stack : RegressionStack
        Effects and design.
    method : str
        One of ``heterogeneity.ESTIMATORS``.

    Raises
    ------
    UnknownName
        If there is no such estimator.
    """
    match equation := find_estimator(method).equation:
        case NoVariance():
            return np.zeros(stack.y.shape[1])
        case MomentOfQ():
            return moment_of_q(stack, stack.at(0.0), equation)
        case MomentOfVariance():
            rss = RegressionFits(stack, np.ones_like(stack.v)).rss
            noise = (1.0 - (stack.basis**2).sum(axis=1)) @ stack.v
            return np.asarray(np.maximum(0.0, (rss - noise) / stack.df))
        case OneStep():
            start = stack.y.var(axis=0)
            return np.asarray(start * stack.at(start).rss / stack.df)
        case RootOfQ():
            return root_of_q(stack, equation)
        case Likelihood(restricted=restricted):
            return _likelihood(stack, restricted=restricted)
        case _:
            assert_never(equation)


def _likelihood(stack: RegressionStack, *, restricted: bool) -> FloatArray:
    """Maximum of the (restricted) likelihood: zeros of its slope, the highest of them."""
    columns = np.arange(stack.y.shape[1])

    def slope(tau2: FloatArray, which: IntArray) -> FloatArray:
        fit = stack.take(which).at(tau2)
        return fit.scaled_rss - (fit.trace_p if restricted else fit.weights.sum(axis=0))

    grid = _grid(stack)
    slopes = np.stack([slope(grid[i], columns) for i in range(_GRID)])
    peak, column = np.nonzero((slopes[:-1] > 0.0) & (slopes[1:] <= 0.0))
    roots = _falling_roots(
        lambda tau2, rows: slope(tau2, column[rows]), grid[peak, column], grid[peak + 1, column]
    )
    (zeros,) = np.nonzero(slopes[0] <= 0.0)
    column, roots = np.append(column, zeros), np.append(roots, np.zeros(zeros.size))
    tau2 = np.zeros(columns.size)
    tau2[column] = roots
    several = np.bincount(column, minlength=columns.size)[column] > 1
    if several.any():
        column, roots = column[several], roots[several]
        height = stack.take(column).at(roots).log_likelihood(restricted=restricted)
        order = np.lexsort((height, column))
        tau2[column[order]] = roots[order]  # the last of each column is its highest
    return tau2


def _grid(stack: RegressionStack) -> FloatArray:
    """Values of tau2 from 0 to above every maximum, shape (grid, d)."""
    spread = RegressionFits(stack, np.ones_like(stack.v)).rss / stack.df
    largest, smallest = stack.v.max(axis=0), stack.v.min(axis=0)
    upper = 2.0 * (spread + np.sqrt(spread * largest)) + 1e-9 * smallest
    lower = 1e-3 * np.minimum(smallest, upper)
    inner = np.geomspace(lower, upper, _GRID - 1)
    return np.vstack([np.zeros(upper.size), inner])


def _falling_roots(
    function: Callable[[FloatArray, IntArray], FloatArray], low: FloatArray, high: FloatArray
) -> FloatArray:
    """Roots inside brackets at which the function falls, by false position with halved ends."""
    roots = high.copy()
    rows = np.arange(low.size)
    at_low, at_high = function(low, rows), function(high, rows)
    for _ in range(_MOST_STEPS):
        if not rows.size:
            break
        inside = low + (high - low) * at_low / (at_low - at_high)
        middle = 0.5 * (low + high)
        new = np.where((inside > low) & (inside < high), inside, middle)
        value = function(new, rows)
        rising = value > 0.0
        # an end that stays loses half of its value, so that the other end is drawn over
        at_high = np.where(rising, 0.5 * at_high, value)
        at_low = np.where(rising, value, 0.5 * at_low)
        low, high = np.where(rising, new, low), np.where(rising, high, new)
        left = (value != 0.0) & (np.abs(new - roots[rows]) > _STILL * new)
        roots[rows] = new
        rows, low, high = rows[left], low[left], high[left]
        at_low, at_high = at_low[left], at_high[left]
    return roots
