"""Likelihood of a linear mixed model with known sampling covariances, and its maximum.

The effects have covariance ``M = V + sum of the random terms``. Effects are scaled to unit size,
value, gradient and exact Hessian are followed from several starts, and every start ends where the
gradient vanishes to rounding; the likelihood decides between several maxima.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable
from evidence.synthesis.inputs.random_effects import Factor, RandomTerm
from evidence.synthesis.numerics.generalised_least_squares import GeneralFit, fit_general
from evidence.synthesis.numerics.weighted_least_squares import fit_weighted

_STEPS = 100
_POLISHING = 10
_SHORTEST = 1e-6
#: Gain, relative to the log likelihood, that is lost in its rounding errors.
_ROUNDING = 1e-12
#: Rounding error of the log likelihood that is accepted, as its bound has it.
_NOISE = 1e-6
_EPS = float(np.finfo(float).eps)
#: Gain that a peak may leave.
_STATIONARY = 1e-8
IntArray = npt.NDArray[np.intp]
#: Smallest share of information: beside the coefficients, and beside the other parameters.
_IDENTIFIED = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """A stationary point of the likelihood, in scaled units.

    Attributes
    ----------
    parameters : ndarray, shape (m,)
        Parameters of all terms.
    value : float
        Log likelihood up to a constant.
    gain : float
        What one more Newton step would be expected to add to it.
    """

    parameters: FloatArray
    value: float
    gain: float


class _Point(NamedTuple):
    """Where a climb stands, and where it goes next."""

    parameters: FloatArray
    value: float
    slope: FloatArray
    step: FloatArray
    gain: float


class MixedModel:
    """Effects with known sampling covariances and random terms.

    Parameters
    ----------
    yi : ndarray, shape (k,)
        Effects.
    v : ndarray, shape (k, k)
        Sampling covariances, positive definite.
    design : ndarray, shape (k, p)
        Design matrix of full rank.
    terms : sequence of RandomTerm
        Random terms.
    restricted : bool
        Restricted likelihood.
    """

    def __init__(
        self,
        yi: FloatArray,
        v: FloatArray,
        design: FloatArray,
        terms: Sequence[RandomTerm],
        *,
        restricted: bool,
    ) -> None:
        noise = float(np.median(np.diagonal(v)))
        # a very large or small variance decides neither the unit nor where the search starts
        weights = 1.0 / (np.diagonal(v) + noise)
        fit = fit_weighted(yi, weights, design)
        residuals, spread = fit.residuals, float(fit.rss / weights.sum())
        self.scale = math.sqrt(spread + noise)
        self.excess = max(spread - noise, 0.05 * (spread + noise)) / self.scale**2
        self.yi, self.v = residuals / self.scale, v / self.scale**2
        self.design, self.terms, self.restricted = design, tuple(terms), restricted
        self.masks = [term.same_group for term in self.terms]
        self.names = tuple(name for term in self.terms for name in term.parameters)

    def split(self, parameters: FloatArray) -> list[FloatArray]:
        """Parameters of each term."""
        if not self.terms:
            return []
        ends = np.cumsum([len(term.parameters) for term in self.terms])[:-1]
        return np.split(parameters, ends)

    def marginal(self, parameters: FloatArray) -> FloatArray:
        """Covariance matrix M of the scaled effects."""
        total = self.v.copy()
        for term, own in zip(self.terms, self.split(parameters), strict=True):
            total += term.expand(term.covariance(own))
        return total

    def height(self, fit: GeneralFit) -> float:
        """Log likelihood up to a constant."""
        information = fit.log_det_information if self.restricted else 0.0
        return -0.5 * (fit.log_det + fit.rss + information)

    def value(self, parameters: FloatArray) -> float:
        """Log likelihood up to a constant."""
        return self.height(fit_general(self.yi, self.marginal(parameters), self.design))

    def derivatives(self, parameters: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Log likelihood, gradient and Hessian."""
        fit = fit_general(self.yi, self.marginal(parameters), self.design)
        project = fit.projection
        trace = project if self.restricted else fit.inverse
        score = project @ self.yi
        difference = trace - np.outer(score, score)
        changes, gradient, curvature = self._changes(parameters, difference)
        m = len(changes)
        hessian = -0.5 * curvature
        turned = [trace @ change for change in changes]
        pulled = [change @ score for change in changes]
        for i in range(m):
            for j in range(i, m):
                spread = 0.5 * float(np.sum(turned[i] * turned[j].T))
                pull = float(pulled[i] @ project @ pulled[j])
                hessian[i, j] += spread - pull
                hessian[j, i] = hessian[i, j]
        return self.height(fit), -0.5 * gradient, hessian

    def _changes(
        self, parameters: FloatArray, difference: FloatArray
    ) -> tuple[list[FloatArray], FloatArray, FloatArray]:
        """Derivatives of M, and sums of ``difference`` times first and second derivatives."""
        changes: list[FloatArray] = []
        gradient: list[float] = []
        curvature = np.zeros((parameters.size, parameters.size))
        offset = 0
        for term, mask, own in zip(self.terms, self.masks, self.split(parameters), strict=True):
            levels = np.eye(len(term.levels))[term.inner]
            summed = levels.T @ np.where(mask, difference, 0.0) @ levels
            factor = term.factor(own)
            for i, first in enumerate(factor.first):
                change = first @ factor.value.T + factor.value @ first.T
                changes.append(term.expand(change))
                gradient.append(float(np.sum(summed * change)))
                for j in range(own.size):
                    curvature[offset + i, offset + j] = _second(summed, factor, i, j)
            offset += own.size
        return changes, np.array(gradient), curvature

    def check_identified(self) -> None:
        """Refuse random terms that the data cannot tell apart.

        Raises
        ------
        NotEstimable
            If the expected information is singular; the message names the parameters.
        """
        start = np.concatenate([term.start(self.excess) for term in self.terms])
        # what is determined does not depend on the covariances, which would cost digits here
        variances = np.diag(np.diagonal(self.marginal(start)))
        fit = fit_general(self.yi, variances, self.design)
        changes, _, _ = self._changes(start, fit.projection)
        turned = [fit.projection @ change for change in changes]
        information = np.array([[float(np.sum(a * b.T)) for b in turned] for a in turned])
        own = np.sqrt(np.maximum(np.diagonal(information), 0.0))
        # what there would be if no coefficient took a part of it
        whole = [fit.inverse @ change for change in changes]
        most = np.sqrt([float(np.sum(part * part.T)) for part in whole])
        held = own > _IDENTIFIED * most
        lost = [name for name, kept in zip(self.names, held, strict=True) if not kept]
        if not lost:
            values, vectors = np.linalg.eigh(information / np.outer(own, own))
            if values[0] < _IDENTIFIED:
                lost = [
                    n for n, part in zip(self.names, vectors[:, 0], strict=True) if abs(part) > 0.1
                ]
        if lost:
            raise NotEstimable(
                f"The data do not determine {' and '.join(lost)}: the groups coincide with each "
                "other, with the moderators, or have too few members in common. Leave out a random "
                "term, or choose a simpler structure."
            )

    def maximise(
        self, fixed: dict[int, float] | None = None, starts: Sequence[FloatArray] | None = None
    ) -> Peak:
        """Highest peak of the likelihood over the parameters that are not fixed.

        Parameters
        ----------
        fixed : dict of int to float, optional
            Parameters that keep a value, in scaled units.
        starts : sequence of ndarray, shape (m,), optional
            Where to climb from, in place of several ways to share out the variance.

        Raises
        ------
        NotEstimable
            If no start ends in a stationary point.
        """
        held = fixed or {}
        free = np.array([i for i in range(len(self.names)) if i not in held], dtype=np.intp)
        begin = list(self._starts() if starts is None else starts)
        peaks = [self._climb(_with(one, held), free) for one in begin[: None if free.size else 1]]
        best = max(peaks, key=lambda peak: peak.value)
        self._check_rounding(best.parameters)
        if not best.gain < _STATIONARY * (1.0 + abs(best.value)):
            raise NotEstimable(
                f"The likelihood of {', '.join(self.names)} has no peak that could be found "
                f"(gain {best.gain:.3g}). Choose a simpler structure of random effects."
            )
        return best

    def _rounding(self, parameters: FloatArray) -> float:
        """Bound of the rounding error of the log likelihood, from the sizes of what it adds up.

        The factor of M is that of a matrix off by the precision times the root of the product of
        two variances, element by element; the residuals are off by that of the effects (Higham
        2002, Accuracy and Stability of Numerical Algorithms, chapter 10).
        """
        marginal = self.marginal(parameters)
        fit = fit_general(self.yi, marginal, self.design)
        sd, pull = np.sqrt(np.diagonal(marginal)), np.abs(fit.inverse @ fit.residuals)
        sizes = np.abs(self.yi) + np.abs(self.design) @ np.abs(fit.coefficients)
        spread = float(pull @ sd) ** 2 + float(sd @ np.abs(fit.inverse) @ sd)
        return _EPS * (spread + 2.0 * float(pull @ sizes))

    def _check_rounding(self, parameters: FloatArray) -> None:
        """Refuse data of which double precision keeps too little, whatever the last bits are."""
        if not self._rounding(parameters) < _NOISE:
            raise NotEstimable(
                f"The likelihood of {', '.join(self.names)} is lost in rounding errors: effects "
                "and variances differ in size by more than double precision holds. Check the "
                "variances, and effects that lie many standard errors from the others."
            )

    def _starts(self) -> Iterator[FloatArray]:
        """Equal shares of the excess variance, most of it in one term, and little of it."""
        count = len(self.terms)
        shares = [np.full(count, 1.0 / count), np.full(count, 0.02 / count)]
        if count > 1:
            shares += [
                np.where(np.arange(count) == i, 0.9, 0.1 / (count - 1)) for i in range(count)
            ]
        for share in shares:
            pairs = zip(self.terms, share, strict=True)
            yield np.concatenate([term.start(float(part) * self.excess) for term, part in pairs])

    def _climb(self, parameters: FloatArray, free: IntArray) -> Peak:
        """Newton steps uphill and away from saddles, halved until they rise."""
        point = self._point(parameters, free)
        for _ in range(_STEPS):
            if point.gain <= _ROUNDING * (1.0 + abs(point.value)):
                break
            length, needed = 1.0, 1e-4 * float(point.step @ point.slope)
            while length > _SHORTEST:
                trial = self.value(point.parameters + length * point.step)
                if trial >= point.value + length * needed:
                    break
                length *= 0.5
            else:
                break
            point = self._point(point.parameters + length * point.step, free)
        for _ in range(_POLISHING):
            after = self._point(point.parameters + point.step, free)
            if not np.max(np.abs(after.slope)) < 0.5 * np.max(np.abs(point.slope)):
                break
            point = after
        return Peak(point.parameters, point.value, point.gain)

    def _point(self, parameters: FloatArray, free: IntArray) -> _Point:
        """Value, gradient and Newton step of the free parameters."""
        value, gradient, hessian = self.derivatives(parameters)
        slope, step = np.zeros_like(parameters), np.zeros_like(parameters)
        slope[free] = gradient[free]
        step[free] = _uphill(gradient[free], hessian[np.ix_(free, free)])
        return _Point(parameters, value, slope, step, 0.5 * float(slope @ step))


def _with(parameters: FloatArray, held: dict[int, float]) -> FloatArray:
    found = parameters.copy()
    for position, value in held.items():
        found[position] = value
    return found


def _uphill(slope: FloatArray, hessian: FloatArray) -> FloatArray:
    """Newton step with every curvature turned downwards, not longer than 1."""
    if not slope.size:
        return slope
    curvatures, directions = np.linalg.eigh(-hessian)
    sizes = np.maximum(np.abs(curvatures), 1e-8 * max(float(np.max(np.abs(curvatures))), 1e-8))
    step = directions @ ((directions.T @ slope) / sizes)
    return np.asarray(step / max(1.0, float(np.linalg.norm(step))))


def _second(summed: FloatArray, factor: Factor, i: int, j: int) -> float:
    """Sum of ``summed`` times the second derivative of ``L L'``."""
    cross = factor.first[i] @ factor.first[j].T
    bent = factor.second[i, j] @ factor.value.T
    both = cross + cross.T + bent + bent.T
    return float(np.sum(summed * both))
