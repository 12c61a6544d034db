"""Marginal likelihood of each study, its random effects integrated out, with derivatives.

The random effects are standard normal and scaled by the parameters (``t = theta + tau u``), so
that derivatives pass under the integral: the gradient is the mean of the conditional score over
the distribution of ``u`` given the data, the Hessian that of Louis (1982, J R Stat Soc B 44:226).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from evidence.arrays import FloatArray
from evidence.synthesis.numerics.newton import Objective, Total
from evidence.synthesis.numerics.quadrature import trapezoidal_nodes
from evidence.synthesis.rare_events.count_likelihood import CountLikelihood


class Marginal(NamedTuple):
    """Log likelihood of each study, shape (k,), with gradient (k, p) and Hessian (k, p, p)."""

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray


#: Gain of a study's log likelihood below which its level stays: an error of 1e-8 standard errors.
_LEVEL_FOUND: Final = 1e-16
#: Log likelihood of the studies at parameters of shape (k, p).
MarginalLikelihood = Callable[[FloatArray], Marginal]


def fixed_effect(likelihood: CountLikelihood) -> MarginalLikelihood:
    """Without random effects; parameters are the level and the effect."""

    def evaluate(parameters: FloatArray) -> Marginal:
        found = likelihood.terms(parameters[:, 0], parameters[:, 1])
        gradient = np.stack([found.s_level, found.s_effect], axis=-1)
        rows = [[found.w_level, found.w_both], [found.w_both, found.w_effect]]
        return Marginal(found.value, gradient, -np.moveaxis(np.array(rows), -1, 0))

    return evaluate


def random_effect(likelihood: CountLikelihood) -> MarginalLikelihood:
    """Normal random effect, to the precision of the quadrature; parameters level, theta, tau."""

    def evaluate(parameters: FloatArray) -> Marginal:
        inner = _over_effects(likelihood, parameters[:, :1], parameters[0, 1], parameters[0, 2])
        return Marginal(*(part[:, 0] for part in inner))

    return evaluate


def _over_effects(
    likelihood: CountLikelihood, level: FloatArray, theta: float, tau: float
) -> Marginal:
    """Integral over the effect at levels of shape (k, m), derivatives by level, theta and tau."""

    def of_effect(u: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        found = likelihood.terms(level, theta + tau * u)
        return found.value, tau * found.s_effect, -(tau**2) * found.w_effect

    slope = tau * max(abs(code) for code in likelihood.codes)
    u, log_weights = trapezoidal_nodes(of_effect, level.shape, slope)
    found = likelihood.terms(level[..., None], theta + tau * u)
    value, share = log_mean(found.value + log_weights)
    # moments of (1, u, u^2) times what they multiply
    mean = [weighted(share, found.s_level), weighted(share, found.s_effect)]
    mean.append(weighted(share, found.s_effect * u))
    both = found.s_level * found.s_effect - found.w_both
    effect = found.s_effect**2 - found.w_effect
    level_level = weighted(share, found.s_level**2 - found.w_level)
    level_effect = weighted(share, both)
    level_tau = weighted(share, both * u)
    second = [
        [level_level, level_effect, level_tau],
        [level_effect, weighted(share, effect), weighted(share, effect * u)],
        [level_tau, weighted(share, effect * u), weighted(share, effect * u**2)],
    ]
    gradient = np.stack(mean, axis=-1)
    hessian = np.moveaxis(np.array(second), (0, 1), (-2, -1))
    return Marginal(value, gradient, hessian - gradient[..., :, None] * gradient[..., None, :])


def random_level_and_effect(likelihood: CountLikelihood) -> MarginalLikelihood:
    """Normal random level and effect; parameters mean level, theta, tau, sigma."""

    def evaluate(parameters: FloatArray) -> Marginal:
        mean, theta, tau, sigma = parameters[0]

        def of_level(v: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
            inner = _over_effects(likelihood, mean + sigma * v[:, None], theta, tau)
            slope, bend = inner.gradient[:, 0, 0], inner.hessian[:, 0, 0, 0]
            return inner.value[:, 0], sigma * slope, sigma**2 * bend

        v, log_weights = trapezoidal_nodes(of_level, (likelihood.k,), sigma)
        inner = _over_effects(likelihood, mean + sigma * v, theta, tau)
        value, share = log_mean(inner.value + log_weights)
        # the derivative by sigma is v times the derivative by the level
        spread = np.concatenate([inner.gradient, (v * inner.gradient[..., 0])[..., None]], axis=-1)
        bends = np.zeros((*v.shape, 4, 4))
        bends[..., :3, :3] = inner.hessian
        bends[..., 3, :3] = bends[..., :3, 3] = v[..., None] * inner.hessian[..., 0, :]
        bends[..., 3, 3] = v**2 * inner.hessian[..., 0, 0]
        bends += spread[..., :, None] * spread[..., None, :]
        gradient = np.einsum("kn,knp->kp", share, spread)
        hessian = np.einsum("kn,knpq->kpq", share, bends)
        return Marginal(value, gradient, hessian - gradient[:, :, None] * gradient[:, None, :])

    return evaluate


def log_mean(logs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logarithm of the sum over the last axis, and the share of each term."""
    top = logs.max(axis=-1, keepdims=True)
    parts = np.exp(logs - top)
    total = parts.sum(axis=-1, keepdims=True)
    return (top + np.log(total))[..., 0], parts / total


def weighted(share: FloatArray, values: FloatArray) -> FloatArray:
    """Mean over the last axis by shares that add up to 1."""
    return np.asarray(np.einsum("...n,...n->...", share, values))


def shared_parameters(likelihood: MarginalLikelihood, k: int) -> Objective:
    """Sum over studies that have all parameters in common."""

    def objective(point: FloatArray) -> Total:
        found = likelihood(np.broadcast_to(point, (k, point.size)))
        return Total(
            float(found.value.sum()), found.gradient.sum(axis=0), found.hessian.sum(axis=0)
        )

    return objective


class ProfiledLevels:
    """Sum over studies whose first parameter is their own and is maximised away.

    Parameters
    ----------
    likelihood : callable
        Log likelihood of the studies, concave in the first parameter.
    start : ndarray, shape (k,)
        Levels to begin with; the last ones found are kept for the next call.
    """

    def __init__(self, likelihood: MarginalLikelihood, start: FloatArray) -> None:
        self._likelihood = likelihood
        self.levels = start

    def __call__(self, point: FloatArray) -> Total:
        """Profile log likelihood of the other parameters."""
        level = self.levels
        shared = np.broadcast_to(point, (level.size, point.size))
        for _ in range(100):
            found = self._likelihood(np.column_stack([level, shared]))
            bend = np.minimum(found.hessian[:, 0, 0], -1e-12)
            step = np.clip(-found.gradient[:, 0] / bend, -2.0, 2.0)
            gain = float(np.max(np.abs(step * found.gradient[:, 0])))
            if gain < _LEVEL_FOUND:
                break
            level = level + step
        self.levels = level
        cross = found.hessian[:, 0, 1:]
        drop = np.einsum("kp,kq,k->pq", cross, cross, 1 / bend)
        return Total(
            float(found.value.sum()),
            found.gradient[:, 1:].sum(axis=0),
            found.hessian[:, 1:, 1:].sum(axis=0) - drop,
        )
