"""Likelihood of a selection model, with exact derivatives, and its maximum.

Effects are normal with mean mu and variance ``vi + tau2``, and seen with a probability that depends
on their p-value. The normal density obeys the heat equation, so a derivative in tau2 is half of
two derivatives in mu.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.arrays import BoolArray, FloatArray
from evidence.errors import NotEstimable
from evidence.synthesis.publication_bias.selection_weights import WeightFunction

_MOST_STEPS = 100
_MOST_HALVINGS = 40
#: Promised gain at which the Newton step in hand is the last one.
_CLOSE = 1e-13
#: Longest step in mu and tau2, in units of the data, and in the logarithm of delta.
_LONGEST = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Height:
    """Log likelihood at one place, with gradient (p,) and Hessian (p, p)."""

    value: float
    gradient: FloatArray
    hessian: FloatArray


class SelectionLikelihood:
    """Log likelihood in ``(mu, tau2, delta...)``.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances.
    weights : WeightFunction
        How likely each p-value is to be seen.
    """

    def __init__(self, yi: FloatArray, vi: FloatArray, weights: WeightFunction) -> None:
        self.yi, self.vi, self.weights = yi, vi, weights
        self.sei = np.sqrt(vi)

    def at(self, place: FloatArray) -> Height:
        """Evaluate the log likelihood at mu, tau2 and delta."""
        mean, tau2, delta = float(place[0]), float(place[1]), place[2:]
        variances = self.vi + tau2
        constant = self._constant(mean, variances, delta)
        weighting = self.weights.weights(delta)
        height = self._normal(mean, variances)
        value = height.value + weighting.observed - constant.value
        gradient = -constant.gradient
        gradient[:2] += height.gradient
        gradient[2:] += weighting.observed_gradient
        hessian = -constant.hessian
        hessian[:2, :2] += height.hessian
        hessian[2:, 2:] += weighting.observed_hessian
        return Height(value, gradient, hessian)

    def _normal(self, mean: float, variances: FloatArray) -> Height:
        """Log density of the effects without selection, in mu and tau2."""
        residual, precision = self.yi - mean, 1.0 / variances
        scaled = residual * precision
        mixed = -np.sum(scaled * precision)
        curvature = np.sum(precision**2 / 2.0 - scaled**2 * precision)
        return Height(
            -0.5 * float(np.sum(np.log(2.0 * np.pi * variances) + residual * scaled)),
            np.array([scaled.sum(), 0.5 * np.sum(scaled**2 - precision)]),
            np.array([[-precision.sum(), mixed], [mixed, curvature]]),
        )

    def _constant(self, mean: float, variances: FloatArray, delta: FloatArray) -> Height:
        """Sum of the logarithms of the normalising constants, in all parameters."""
        parts = self.weights.parts(mean, variances, self.sei)
        weighting = self.weights.weights(delta)
        q = delta.size
        orders = parts @ weighting.value
        inner = np.einsum("nkj,qj->nqk", parts[:3], weighting.gradient)
        gradient = np.concatenate([[orders[1], orders[2] / 2.0], inner[0]])
        hessian = np.empty((q + 2, q + 2, self.yi.size))
        hessian[0, 0], hessian[0, 1], hessian[1, 1] = orders[2], orders[3] / 2.0, orders[4] / 4.0
        hessian[1, 0] = hessian[0, 1]
        hessian[0, 2:] = hessian[2:, 0] = inner[1]
        hessian[1, 2:] = hessian[2:, 1] = inner[2] / 2.0
        hessian[2:, 2:] = np.einsum("abj,kj->abk", weighting.hessian, parts[0])
        relative = gradient / orders[0]
        return Height(
            float(np.sum(np.log(orders[0]))),
            relative.sum(axis=1),
            (hessian / orders[0]).sum(axis=2) - relative @ relative.T,
        )


def climb(likelihood: SelectionLikelihood, start: FloatArray) -> tuple[FloatArray, Height]:
    """Local maximum with tau2 at or above 0 and delta above 0, by a guarded Newton search.

    Parameters
    ----------
    likelihood : SelectionLikelihood
        What to maximise; effects of about unit size.
    start : ndarray, shape (p,)
        Where the search begins.

    Raises
    ------
    NotEstimable
        If the likelihood rises without end.
    """
    place, height = start.copy(), likelihood.at(start)
    for _ in range(_MOST_STEPS):
        gradient, hessian = _on_log_scale(place, height)
        free = np.ones(place.size, dtype=bool)
        free[1] = place[1] > 0.0 or gradient[1] > 0.0
        step, gain = _newton_step(gradient, hessian, free)
        slack = 1e-13 * (1.0 + abs(height.value))
        for halving in range(_MOST_HALVINGS):
            reached = _move(place, 0.5**halving * step)
            following = likelihood.at(reached)
            if following.value >= height.value - slack:
                break
        place, height = reached, following
        if gain < _CLOSE:
            return place, height
    raise NotEstimable(
        "The likelihood of the selection model rises without end: a weight grows or shrinks "
        "beyond all bounds. Use fewer steps, or another weight function."
    )


def _on_log_scale(place: FloatArray, height: Height) -> tuple[FloatArray, FloatArray]:
    """Gradient and Hessian with the logarithms of delta in place of delta."""
    scale = np.concatenate([[1.0, 1.0], place[2:]])
    gradient = scale * height.gradient
    extra = np.concatenate([[0.0, 0.0], gradient[2:]])
    return gradient, height.hessian * np.outer(scale, scale) + np.diag(extra)


def _newton_step(
    gradient: FloatArray, hessian: FloatArray, free: BoolArray
) -> tuple[FloatArray, float]:
    """Step uphill in the free parameters, and the gain that it promises."""
    values, vectors = np.linalg.eigh(-hessian[np.ix_(free, free)])
    sizes = np.maximum(np.abs(values), 1e-9 * max(float(np.abs(values).max()), 1e-9))
    move = vectors @ ((vectors.T @ gradient[free]) / sizes)
    move *= min(1.0, _LONGEST / max(float(np.abs(move).max()), 1e-300))
    step = np.zeros_like(gradient)
    step[free] = move
    return step, float(gradient[free] @ move)


def _move(place: FloatArray, step: FloatArray) -> FloatArray:
    """Place after a step; tau2 stops at 0."""
    reached = place + step
    reached[1] = max(0.0, reached[1])
    reached[2:] = place[2:] * np.exp(step[2:])
    return reached
