"""Marginal likelihood by adaptive Gauss-Hermite quadrature with a given number of nodes.

The nodes move with the parameters, and the derivatives are those of the moving rule: it is the
approximation itself that is maximised, as in lme4 and metafor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from evidence.arrays import FloatArray
from evidence.synthesis.numerics.quadrature import adaptive_nodes, gauss_hermite
from evidence.synthesis.rare_events.count_likelihood import CountLikelihood
from evidence.synthesis.rare_events.marginal_likelihood import (
    Marginal,
    MarginalLikelihood,
    log_mean,
    weighted,
)

#: Steps of the differences of fourth order: of a gradient in standard errors of a study, of a
#: value in standard deviations of its marginal likelihood.
_STEP_OF_GRADIENT: Final = 0.01
_STEP: Final = 0.004


def gauss_hermite_effect(likelihood: CountLikelihood, count: int) -> MarginalLikelihood:
    """Normal random effect by a given number of nodes; parameters level, theta, tau.

    Parameters
    ----------
    likelihood : CountLikelihood
        Likelihood of the studies.
    count : int
        Number of nodes; 1 is the Laplace approximation.
    """

    def evaluate(parameters: FloatArray) -> Marginal:
        value, gradient = _value_and_gradient(likelihood, parameters, count)
        found = likelihood.terms(parameters[:, 0], parameters[:, 1])
        step = _STEP_OF_GRADIENT / np.sqrt(1 + found.w_level + found.w_effect)
        hessian = np.empty((*gradient.shape, gradient.shape[1]))
        for place in range(gradient.shape[1]):
            one, two, back, back2 = (
                _value_and_gradient(likelihood, _moved(parameters, place, size * step), count)[1]
                for size in (1, 2, -1, -2)
            )
            hessian[:, :, place] = (8 * (one - back) - (two - back2)) / (12 * step[:, None])
        return Marginal(value, gradient, (hessian + np.swapaxes(hessian, 1, 2)) / 2)

    return evaluate


def _moved(parameters: FloatArray, place: int, step: FloatArray) -> FloatArray:
    moved = parameters.copy()
    moved[:, place] += step
    return moved


def _value_and_gradient(
    likelihood: CountLikelihood, parameters: FloatArray, count: int
) -> tuple[FloatArray, FloatArray]:
    """Log likelihood of the studies by the rule, and its derivatives; shapes (k,) and (k, 3)."""
    level, theta, tau = (parameters[:, place, None] for place in range(3))

    def of_effect(u: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        found = likelihood.terms(level, theta + tau * u)
        return found.value, tau * found.s_effect, -(tau**2) * found.w_effect

    u, log_weights = adaptive_nodes(of_effect, level.shape, count)
    nodes, (z, _) = u[:, 0], gauss_hermite(count)
    found = likelihood.terms(level, theta + tau * nodes)
    value, share = log_mean(found.value + log_weights[:, 0])
    mode_slopes, width, width_slopes = _movement(likelihood, parameters, nodes.mean(axis=1))
    # how the integrand changes at a node that stays, and because the node moves
    along_node = tau * found.s_effect - nodes
    stays = [found.s_level, found.s_effect, nodes * found.s_effect]
    gradient = []
    for place in range(3):
        moves = mode_slopes[place][:, None] + z * width_slopes[place][:, None]
        change = weighted(share, stays[place] + along_node * moves)
        gradient.append(change + width_slopes[place] / width)
    return value, np.stack(gradient, axis=-1)


def _movement(
    likelihood: CountLikelihood, parameters: FloatArray, mode: FloatArray
) -> tuple[list[FloatArray], FloatArray, list[FloatArray]]:
    """Slopes of the mode of each study by the parameters, the width there, and its slopes.

    By implicit differentiation of the condition for the mode; all of shape (k,).
    """
    level, theta, tau = (parameters[:, place] for place in range(3))
    found = likelihood.terms(level, theta + tau * mode)
    level_bend, effect_bend = likelihood.third_derivatives(level, theta + tau * mode)
    precision = 1 + tau**2 * found.w_effect
    width = precision**-0.5
    by_mode = [
        -tau * found.w_both,
        -tau * found.w_effect,
        found.s_effect - tau * mode * found.w_effect,
    ]
    bends = [
        tau**2 * level_bend,
        tau**2 * effect_bend,
        -2 * tau * found.w_effect + tau**2 * mode * effect_bend,
    ]
    mode_slopes = [slope / precision for slope in by_mode]
    width_slopes = [
        width**3 / 2 * (bend + tau**3 * effect_bend * moves)
        for bend, moves in zip(bends, mode_slopes, strict=True)
    ]
    return mode_slopes, width, width_slopes


def gauss_hermite_level_and_effect(likelihood: CountLikelihood, count: int) -> MarginalLikelihood:
    """Normal random level and effect by a product rule; parameters mean level, theta, tau, sigma.

    One node is the Laplace approximation.
    """
    nodes, weights = gauss_hermite(count)
    z = np.stack([part.ravel() for part in np.meshgrid(nodes, nodes)])
    log_weights = (weights[:, None] + weights).ravel()
    rounding = likelihood.rounding

    def value(parameters: FloatArray) -> FloatArray:
        mode, precision = _joint_mode(likelihood, parameters, rounding)
        factor = np.linalg.cholesky(np.linalg.inv(precision))
        u = mode[..., None] + factor @ z
        level, effect = _scaled(parameters[..., None], u[:, 0], u[:, 1])
        logs = likelihood.terms(level, effect).value - (u**2).sum(axis=1) / 2 + log_weights
        log_width = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
        return np.asarray(log_mean(logs)[0] + log_width - math.log(2 * math.pi))

    return _numerical_derivatives(value, likelihood)


def _scaled(parameters: FloatArray, u: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Level and effect of studies from their standard normal random effects."""
    mean, theta, tau, sigma = (parameters[:, place] for place in range(4))
    return mean + sigma * v, theta + tau * u


def _joint_mode(
    likelihood: CountLikelihood, parameters: FloatArray, rounding: FloatArray
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
            worse = new_at < at - rounding
            if not worse.any():
                break
            size[worse] /= 2
        u = u + size * step
        at, slope, precision = new_at, new_slope, new_precision
    return u, precision


def _numerical_derivatives(
    value: Callable[[FloatArray], FloatArray], likelihood: CountLikelihood
) -> MarginalLikelihood:
    """Derivatives of the log likelihood of the studies by central differences of fourth order."""

    def evaluate(parameters: FloatArray) -> Marginal:
        k, p = parameters.shape
        at = value(parameters)
        gradient, hessian = np.empty((k, p)), np.empty((k, p, p))
        step = _STEP * _spread(likelihood, parameters)

        def shifted(*moves: tuple[int, int]) -> FloatArray:
            moved = parameters.copy()
            for place, steps in moves:
                moved[:, place] += steps * step[:, place]
            return value(moved)

        for i in range(p):
            one, two, back, back2 = (shifted((i, steps)) for steps in (1, 2, -1, -2))
            gradient[:, i] = (8 * (one - back) - (two - back2)) / (12 * step[:, i])
            bend = (16 * (one + back) - (two + back2) - 30 * at) / 12
            hessian[:, i, i] = bend / step[:, i] ** 2
            for j in range(i):
                near, far = (
                    shifted((i, s), (j, s))
                    - shifted((i, s), (j, -s))
                    - shifted((i, -s), (j, s))
                    + shifted((i, -s), (j, -s))
                    for s in (1, 2)
                )
                mixed = (16 * near - far) / (48 * step[:, i] * step[:, j])
                hessian[:, i, j] = hessian[:, j, i] = mixed
        return Marginal(at, gradient, hessian)

    return evaluate


def _spread(likelihood: CountLikelihood, parameters: FloatArray) -> FloatArray:
    """Scale on which a study's likelihood changes with each parameter, shape (k, 4).

    Sampling and variation together, of the level (mean level, sigma) and of the effect.
    """
    found = likelihood.terms(parameters[:, 0], parameters[:, 1])
    sampling = 1 / (1 + found.w_level + found.w_effect)
    variation = parameters[:, [3, 2, 2, 3]] ** 2
    return np.asarray(np.sqrt(np.minimum(sampling[:, None] + variation, 1.0)))
