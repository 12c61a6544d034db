"""Integrals over a standard normal random effect, placed where the integrand is.

The trapezoidal rule on an analytic integrand that falls off on both sides converges faster than
any power of its step (Trefethen & Weideman 2014, SIAM Rev 56:385-458), also for the skewed
integrands of studies without events, for which Gauss-Hermite rules need very many nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable

#: Value, first and second derivative of a concave log likelihood by the random effect.
Concave = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]

#: The integrand is followed until it has fallen by this, on the log scale (e^-28 is 7e-13).
_DROP: Final = 28.0
#: Step in standard deviations of the integrand.
_STEP: Final = 0.62
#: Step in units of the linear predictor, whose functions are analytic in a strip of about pi / 2.
_STEP_ETA: Final = 0.36
_MOST_NODES: Final = 3000
#: Squared Newton step, in squared standard deviations, after which the mode is exact.
_AT_MODE: Final = 1e-14
_LOG_SQRT_2PI: Final = 0.5 * math.log(2 * math.pi)


def normal_mode(loglik: Concave, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Mode of ``exp(loglik(u)) phi(u)`` and minus the second derivative there.

    Parameters
    ----------
    loglik : callable
        Log likelihood of ``u``, concave.
    shape : tuple
        Shape of ``u``.
    """
    u = np.zeros(shape)
    _, score, curvature = loglik(u)
    # the derivative score - u falls in u, so the mode lies between 0 and the score at 0: Newton
    # steps, or halves of the interval where they leave it or do not get shorter
    low, high = np.minimum(0.0, score), np.maximum(0.0, score)
    last = np.full(shape, np.inf)
    for _ in range(200):
        slope, precision = score - u, 1 - curvature
        low, high = np.where(slope > 0, u, low), np.where(slope < 0, u, high)
        step = slope / precision
        far = step**2 * precision > _AT_MODE
        outside = (u + step <= low) | (u + step >= high) | (np.abs(step) > last / 2)
        step = np.where(far & outside, (low + high) / 2 - u, step)
        u, last = u + step, np.abs(step)
        _, score, curvature = loglik(u)
        if not far.any():
            break
    return u, 1 - curvature


def trapezoidal_nodes(
    loglik: Concave, shape: tuple[int, ...], slope: float
) -> tuple[FloatArray, FloatArray]:
    r"""Nodes that follow the integrand, and their log weights.

    Parameters
    ----------
    loglik : callable
        Log likelihood of ``u``.
    shape : tuple
        Shape of the integrals.
    slope : float
        How fast a linear predictor changes with ``u``.

    Returns
    -------
    nodes, log_weights : ndarray, shape (\*shape, nodes)
        The logarithm of the normal density is part of the weights.
    """
    mode, precision = normal_mode(loglik, shape)
    top = loglik(mode)[0] - mode**2 / 2
    width = precision**-0.5
    below, above = (_reach(loglik, mode, top, width, side) for side in (-1.0, 1.0))
    step = np.minimum(_STEP * width, _STEP_ETA / max(abs(slope), 1e-9))
    count = math.ceil(float(np.max((below + above) / step))) + 1
    if count > _MOST_NODES:
        raise NotEstimable(
            f"The integral over the random effect needs {count} nodes at a standard deviation of "
            f"{abs(slope):.3g}. The variance between studies has no usable estimate from these "
            "counts; use a common-effect method."
        )
    spacing = (below + above) / (count - 1)
    nodes = (mode - below)[..., None] + spacing[..., None] * np.arange(count)
    return nodes, np.log(spacing)[..., None] - nodes**2 / 2 - _LOG_SQRT_2PI


def _reach(
    loglik: Concave, mode: FloatArray, top: FloatArray, width: FloatArray, side: float
) -> FloatArray:
    """Distance from the mode at which the integrand has become negligible."""
    # the prior alone makes it fall by distance^2 / 2
    farthest = math.sqrt(2 * _DROP)
    distance = farthest * width
    for _ in range(40):
        u = mode + side * distance
        drop = top - (loglik(u)[0] - u**2 / 2)
        short = (drop < 0.95 * _DROP) & (distance < farthest)
        if not short.any():
            break
        factor = np.clip(np.sqrt(_DROP / np.maximum(drop, 1e-3)), 1.1, 2.0)
        distance = np.where(short, np.minimum(distance * factor, farthest), distance)
    return distance


@cache
def gauss_hermite(count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes of the Gauss-Hermite rule for the standard normal, and log weights over its density."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, np.log(weights) + nodes**2 / 2


def adaptive_nodes(
    loglik: Concave, shape: tuple[int, ...], count: int
) -> tuple[FloatArray, FloatArray]:
    r"""Adaptive Gauss-Hermite nodes and log weights; one node is the Laplace approximation.

    Parameters
    ----------
    loglik : callable
        Log likelihood of ``u``.
    shape : tuple
        Shape of the integrals.
    count : int
        Number of nodes.

    Returns
    -------
    nodes, log_weights : ndarray, shape (\*shape, count)
        The logarithm of the normal density is part of the weights.

    References
    ----------
    Pinheiro & Bates (1995), J Comput Graph Stat 4:12-35.
    """
    mode, precision = normal_mode(loglik, shape)
    width = precision**-0.5
    nodes, weights = gauss_hermite(count)
    u = mode[..., None] + width[..., None] * nodes
    return u, weights + np.log(width)[..., None] - u**2 / 2 - _LOG_SQRT_2PI
