"""Tau2 and its standard error for every column of a stack, by each of the estimators.

The formulas are those of ``tau2_solutions``, which fits one meta-analysis at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evidence.arrays import FloatArray
from evidence.synthesis.stacks.likelihood import maximise
from evidence.synthesis.stacks.stack import Stack, StackFit

_MOST_STEPS = 200
Tau2AndSe = tuple[FloatArray, FloatArray]


def common_effect(stack: Stack) -> Tau2AndSe:
    """Tau2 is 0 by assumption, without a standard error."""
    return np.zeros(stack.size.size), np.full(stack.size.size, np.nan)


def dersimonian_laird(stack: Stack) -> Tau2AndSe:
    """DerSimonian & Laird."""
    fit, df = stack.at(0.0), stack.df
    trace = fit.trace_p
    tau2 = np.maximum(0.0, (fit.rss - df) / trace)
    variance = 2 * df + 4 * tau2 * trace + 2 * tau2**2 * fit.trace_pp()
    return tau2, np.sqrt(variance) / trace


def hedges(stack: Stack) -> Tau2AndSe:
    """Hedges, from the unweighted variance of the effects."""
    fit, df, sampling = stack.unweighted(), stack.df, stack.finite_variances
    noise = sampling.sum(axis=0) * (df / stack.size)
    tau2 = np.maximum(0.0, (fit.rss - noise) / df)
    variance = 2 * fit.trace_with(sampling, sampling) + 4 * tau2 * noise + 2 * tau2**2 * df
    return tau2, np.sqrt(variance) / df


def hunter_schmidt(stack: Stack) -> Tau2AndSe:
    """Hunter & Schmidt."""
    fit, df = stack.at(0.0), stack.df
    tau2 = np.maximum(0.0, (fit.rss - stack.size) / fit.total)
    variance = 2 * df + 4 * tau2 * fit.trace_p + 2 * tau2**2 * fit.trace_pp()
    return tau2, np.sqrt(variance) / fit.total


def sidik_jonkman(stack: Stack) -> Tau2AndSe:
    """Sidik & Jonkman, one step from the raw variance of the effects."""
    start = stack.unweighted().rss / stack.size
    fit = stack.at(start)
    tau2 = start * fit.rss / stack.df
    return tau2, start * np.sqrt(_rss_variance(stack, fit, tau2)) / stack.df


def paule_mandel(stack: Stack) -> Tau2AndSe:
    """Paule & Mandel, which is empirical Bayes too.

    The reciprocal of the generalised Q statistic is concave in tau2, so a tangent never leads
    beyond the solution, and Newton's method from 0 needs no safeguard.
    """
    tau2 = np.zeros(stack.size.size)
    (active,) = np.nonzero(stack.at(0.0).rss > stack.df)
    part = stack.take(active)
    for _ in range(_MOST_STEPS):
        if not active.size:
            break
        fit = part.at(tau2[active])
        step = (fit.rss / part.df - 1.0) * fit.rss / fit.scaled_rss
        before = tau2[active]
        tau2[active] = np.maximum(before + step, before)
        (left,) = np.nonzero(step > 1e-15 * tau2[active])
        part, active = part.take(left), active[left]
    fit = stack.at(tau2)
    inflation = stack.size / stack.df / fit.total
    return tau2, inflation * np.sqrt(_rss_variance(stack, fit, tau2))


def restricted_likelihood(stack: Stack) -> Tau2AndSe:
    """Restricted maximum likelihood."""
    tau2 = maximise(stack, restricted=True)
    return tau2, np.sqrt(2.0 / stack.at(tau2).trace_pp())


def likelihood(stack: Stack) -> Tau2AndSe:
    """Maximum likelihood."""
    tau2 = maximise(stack, restricted=False)
    return tau2, np.sqrt(2.0 / stack.at(tau2).sum_of_squares)


def _rss_variance(stack: Stack, fit: StackFit, tau2: FloatArray) -> FloatArray:
    """Variance of the weighted residual sum of squares when the effects vary by ``tau2``."""
    sampling = stack.finite_variances
    mixed = fit.trace_with(sampling, np.ones_like(sampling))
    both = fit.trace_with(sampling, sampling)
    return np.asarray(2 * (both + 2 * tau2 * mixed + tau2**2 * fit.trace_pp()))


#: Estimators by short name.
STACKED_ESTIMATORS: dict[str, Callable[[Stack], Tau2AndSe]] = {
    "CE": common_effect,
    "DL": dersimonian_laird,
    "HE": hedges,
    "HS": hunter_schmidt,
    "SJ": sidik_jonkman,
    "ML": likelihood,
    "REML": restricted_likelihood,
    "EB": paule_mandel,
    "PM": paule_mandel,
}
