"""Marginal likelihood of each study, its random effects integrated out, with derivatives.

The random effects are standard normal and scaled by the parameters (``t = theta + tau u``), so
that derivatives pass under the integral: the gradient is the mean of the conditional score over
the distribution of ``u`` given the data, the Hessian that of Louis (1982, J R Stat Soc B 44:226).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from evidence.effects.checks import FloatArray
from evidence.synthesis.count_likelihood import CountLikelihood
from evidence.synthesis.quadrature import adaptive_nodes, gauss_hermite, trapezoidal_nodes

#: Largest step of the numerical derivatives of an adaptive Gauss-Hermite rule, and the step in
#: standard errors of a study.
_STEP: Final = 2e-3
_STEP_SHARE: Final = 0.03


class Marginal(NamedTuple):
    """Log likelihood of each study, shape (k,), with gradient (k, p) and Hessian (k, p, p)."""

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray


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
    value, share = _log_mean(found.value + log_weights)
    # moments of (1, u, u^2) times what they multiply
    mean = [_dot(share, found.s_level), _dot(share, found.s_effect)]
    mean.append(_dot(share, found.s_effect * u))
    both = found.s_level * found.s_effect - found.w_both
    effect = found.s_effect**2 - found.w_effect
    level_level = _dot(share, found.s_level**2 - found.w_level)
    level_effect = _dot(share, both)
    level_tau = _dot(share, both * u)
    second = [
        [level_level, level_effect, level_tau],
        [level_effect, _dot(share, effect), _dot(share, effect * u)],
        [level_tau, _dot(share, effect * u), _dot(share, effect * u**2)],
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
        value, share = _log_mean(inner.value + log_weights)
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


def _log_mean(logs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logarithm of the sum over the last axis, and the share of each term."""
    top = logs.max(axis=-1, keepdims=True)
    parts = np.exp(logs - top)
    total = parts.sum(axis=-1, keepdims=True)
    return (top + np.log(total))[..., 0], parts / total


def _dot(share: FloatArray, values: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("...n,...n->...", share, values))


def gauss_hermite_effect(likelihood: CountLikelihood, count: int) -> MarginalLikelihood:
    """Normal random effect by a given number of nodes; parameters level, theta, tau."""

    def value(parameters: FloatArray) -> FloatArray:
        level, theta, tau = parameters[:, :1], parameters[:, 1:2], parameters[:, 2:3]

        def of_effect(u: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
            found = likelihood.terms(level, theta + tau * u)
            return found.value, tau * found.s_effect, -(tau**2) * found.w_effect

        u, log_weights = adaptive_nodes(of_effect, (likelihood.k, 1), count)
        nodes = theta[..., None] + tau[..., None] * u
        found = likelihood.terms(level[..., None], nodes)
        return _log_mean(found.value + log_weights)[0][:, 0]

    return numerical_derivatives(value, likelihood)


def numerical_derivatives(
    value: Callable[[FloatArray], FloatArray], likelihood: CountLikelihood
) -> MarginalLikelihood:
    """Derivatives of a log likelihood that is itself an approximation, by central differences.

    The nodes of an adaptive rule move with the parameters, and its derivatives are those of the
    moving rule. The differences are of fourth order.
    """

    def evaluate(parameters: FloatArray) -> Marginal:
        k, p = parameters.shape
        at = value(parameters)
        gradient, hessian = np.empty((k, p)), np.empty((k, p, p))
        found = likelihood.terms(parameters[:, 0], parameters[:, 1])
        step = np.minimum(_STEP, _STEP_SHARE / np.sqrt(1 + found.w_level + found.w_effect))

        def shifted(*moves: tuple[int, int]) -> FloatArray:
            moved = parameters.copy()
            for place, steps in moves:
                moved[:, place] += steps * step
            return value(moved)

        for i in range(p):
            one, two, back, back2 = (shifted((i, steps)) for steps in (1, 2, -1, -2))
            gradient[:, i] = (8 * (one - back) - (two - back2)) / (12 * step)
            hessian[:, i, i] = (16 * (one + back) - (two + back2) - 30 * at) / (12 * step**2)
            for j in range(i):
                near, far = (
                    shifted((i, s), (j, s))
                    - shifted((i, s), (j, -s))
                    - shifted((i, -s), (j, s))
                    + shifted((i, -s), (j, -s))
                    for s in (1, 2)
                )
                mixed = (16 * near - far) / (48 * step**2)
                hessian[:, i, j] = hessian[:, j, i] = mixed
        return Marginal(at, gradient, hessian)

    return evaluate


def gauss_hermite_level_and_effect(likelihood: CountLikelihood, count: int) -> MarginalLikelihood:
    """Normal random level and effect by a product rule; parameters mean level, theta, tau, sigma.

    One node is the Laplace approximation.
    """
    nodes, weights = gauss_hermite(count)
    z = np.stack([part.ravel() for part in np.meshgrid(nodes, nodes)])
    log_weights = (weights[:, None] + weights).ravel()

    def value(parameters: FloatArray) -> FloatArray:
        mode, precision = _joint_mode(likelihood, parameters)
        factor = np.linalg.cholesky(np.linalg.inv(precision))
        u = mode[..., None] + factor @ z
        level, effect = _scaled(parameters[..., None], u[:, 0], u[:, 1])
        logs = likelihood.terms(level, effect).value - (u**2).sum(axis=1) / 2 + log_weights
        log_width = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
        return np.asarray(_log_mean(logs)[0] + log_width - math.log(2 * math.pi))

    return numerical_derivatives(value, likelihood)


def _scaled(parameters: FloatArray, u: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Level and effect of studies from their standard normal random effects."""
    mean, theta, tau, sigma = (parameters[:, place] for place in range(4))
    return mean + sigma * v, theta + tau * u


def _joint_mode(
    likelihood: CountLikelihood, parameters: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mode of the two random effects, shape (k, 2), and minus the Hessian there."""
    u = np.zeros((likelihood.k, 2))
    tau, sigma = parameters[:, 2], parameters[:, 3]

    def density(u: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        found = likelihood.terms(*_scaled(parameters, u[:, 0], u[:, 1]))
        slope = np.stack([tau * found.s_effect, sigma * found.s_level], axis=1) - u
        both = tau * sigma * found.w_both
        rows = [[1 + tau**2 * found.w_effect, both], [both, 1 + sigma**2 * found.w_level]]
        return found.value - (u**2).sum(axis=1) / 2, slope, np.moveaxis(np.array(rows), -1, 0)

    at, slope, precision = density(u)
    for _ in range(200):
        step = np.linalg.solve(precision, slope[..., None])[..., 0]
        if float(np.max(np.abs(step))) < 1e-10:
            break
        size = np.ones((likelihood.k, 1))
        for _ in range(40):
            new_at, new_slope, new_precision = density(u + size * step)
            worse = new_at < at - 1e-12 * np.abs(at)
            if not worse.any():
                break
            size[worse] /= 2
        u = u + size * step
        at, slope, precision = new_at, new_slope, new_precision
    return u, precision
