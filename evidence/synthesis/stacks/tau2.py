"""Tau2 and its standard error for every column of a stack, by each of the estimators.

What an estimator solves is said by its equation in ``heterogeneity.estimators``; how is written
here a second time, apart from ``tau2_solutions``, which fits one meta-analysis at a time: the
certificate of a summary holds one solution against the other.
"""

from __future__ import annotations

from typing import Protocol, Self, assert_never

import numpy as np

from evidence.arrays import FloatArray, IntArray
from evidence.synthesis.heterogeneity.estimators import (
    FittedWeights,
    Likelihood,
    MomentOfQ,
    MomentOfVariance,
    NoVariance,
    OneStep,
    RootOfQ,
    find_estimator,
)
from evidence.synthesis.stacks.likelihood import maximise
from evidence.synthesis.stacks.stack import Stack, StackFit

_MOST_STEPS = 200
Tau2AndSe = tuple[FloatArray, FloatArray]


class Fits(FittedWeights, Protocol):
    """Weighted least squares in every column; sums over studies have shape (d,)."""

    @property
    def rss(self) -> FloatArray:
        """``y'Py``."""

    @property
    def scaled_rss(self) -> FloatArray:
        """``y'PPy``."""


class Columns(Protocol):
    """Studies in rows, sets of them in d columns that can be fitted at any tau2."""

    @property
    def size(self) -> IntArray:
        """Number of studies, shape (d,)."""

    @property
    def df(self) -> IntArray:
        """Number of studies minus coefficients, shape (d,)."""

    def take(self, columns: IntArray) -> Self:
        """Some of the columns."""

    def at(self, tau2: FloatArray | float) -> Fits:
        """Fits with weights ``1 / (vi + tau2)``; tau2 one or (d,)."""


def stacked_estimate(stack: Stack, method: str) -> Tau2AndSe:
    """Tau2 and its standard error of every column, each (d,); NaN where tau2 is no estimate.

    Parameters
    ----------
    stack : Stack
        Columns of two or more studies.
    method : str
        One of ``heterogeneity.ESTIMATORS``.

    Raises
    ------
    UnknownName
        If there is no such estimator.
    """
    match equation := find_estimator(method).equation:
        case NoVariance():
            return np.zeros(stack.size.size), np.full(stack.size.size, np.nan)
        case MomentOfQ():
            return _moment_of_q(stack, equation)
        case MomentOfVariance():
            return _moment_of_variance(stack)
        case OneStep():
            return _one_step(stack)
        case RootOfQ():
            return _root_of_q(stack, equation)
        case Likelihood(restricted=restricted):
            return _likelihood(stack, restricted)
        case _:
            assert_never(equation)


def moment_of_q(stack: Columns, fit: Fits, equation: MomentOfQ) -> FloatArray:
    """Tau2 at which Cochran's Q is what it is expected to be, shape (d,); 0 if below.

    Parameters
    ----------
    stack : Columns
        Studies.
    fit : Fits
        Their fit at tau2 = 0.
    equation : MomentOfQ
        What Q is expected to be.
    """
    expected, slope = equation.expected(stack.size, stack.df), _slope(stack, fit, equation)
    return np.asarray(np.maximum(0.0, (fit.rss - expected) / slope))


def _slope(stack: Columns, fit: Fits, equation: MomentOfQ) -> FloatArray:
    return equation.slope(fit, stack.size, stack.df)


def _moment_of_q(stack: Stack, equation: MomentOfQ) -> Tau2AndSe:
    fit = stack.at(0.0)
    tau2 = moment_of_q(stack, fit, equation)
    variance = 2 * stack.df + 4 * tau2 * fit.trace_p + 2 * tau2**2 * fit.trace_pp()
    return tau2, np.sqrt(variance) / _slope(stack, fit, equation)


def _moment_of_variance(stack: Stack) -> Tau2AndSe:
    fit, df, sampling = stack.unweighted(), stack.df, stack.finite_variances
    noise = sampling.sum(axis=0) * (df / stack.size)
    tau2 = np.maximum(0.0, (fit.rss - noise) / df)
    variance = 2 * fit.trace_with(sampling, sampling) + 4 * tau2 * noise + 2 * tau2**2 * df
    return tau2, np.sqrt(variance) / df


def _one_step(stack: Stack) -> Tau2AndSe:
    start = stack.unweighted().rss / stack.size
    fit = stack.at(start)
    tau2 = start * fit.rss / stack.df
    return tau2, start * np.sqrt(_rss_variance(stack, fit, tau2)) / stack.df


def root_of_q(stack: Columns, equation: RootOfQ) -> FloatArray:
    """Tau2 at which the generalised Q equals its target, shape (d,); 0 if it starts below.

    The reciprocal of the generalised Q statistic is concave in tau2, so a tangent never leads
    beyond the solution, and Newton's method from 0 needs no safeguard.

    Parameters
    ----------
    stack : Columns
        Studies.
    equation : RootOfQ
        What Q is to be.
    """
    tau2 = np.zeros(stack.size.size)
    target = np.asarray(equation.target(stack.df))
    (active,) = np.nonzero(stack.at(0.0).rss > target)
    part = stack.take(active)
    for _ in range(_MOST_STEPS):
        if not active.size:
            break
        before, fit = tau2[active], part.at(tau2[active])
        step = (fit.rss / target[active] - 1.0) * fit.rss / fit.scaled_rss
        tau2[active] = np.maximum(before + step, before)
        (left,) = np.nonzero(step > 1e-15 * tau2[active])
        part, active = part.take(left), active[left]
    return tau2


def _root_of_q(stack: Stack, equation: RootOfQ) -> Tau2AndSe:
    tau2 = root_of_q(stack, equation)
    fit = stack.at(tau2)
    inflation = stack.size / stack.df / fit.total
    return tau2, inflation * np.sqrt(_rss_variance(stack, fit, tau2))


def _likelihood(stack: Stack, restricted: bool) -> Tau2AndSe:
    tau2 = maximise(stack, restricted=restricted)
    fit = stack.at(tau2)
    return tau2, np.sqrt(2.0 / (fit.trace_pp() if restricted else fit.sum_of_squares))


def _rss_variance(stack: Stack, fit: StackFit, tau2: FloatArray) -> FloatArray:
    """Variance of the weighted residual sum of squares when the effects vary by ``tau2``."""
    sampling = stack.finite_variances
    mixed = fit.trace_with(sampling, np.ones_like(sampling))
    both = fit.trace_with(sampling, sampling)
    return np.asarray(2 * (both + 2 * tau2 * mixed + tau2**2 * fit.trace_pp()))
