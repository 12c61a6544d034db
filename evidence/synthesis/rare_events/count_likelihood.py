"""The likelihood of the events of a study, given the effect that holds in it.

Every generalised linear mixed model here is a sum over arms of ``x eta - K(eta)`` plus a constant,
with the linear predictor ``eta = alpha + c t`` of an arm: ``t`` is the effect in the study, ``c``
the code of the arm, ``alpha`` a study's own level where the model has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy import special

from evidence.arrays import FloatArray
from evidence.synthesis.inputs.event_counts import EventCounts
from evidence.synthesis.numerics.hypergeometric import NoncentralHypergeometric, log_choose

#: Codes of two arms that share a level.
HALVES: Final = (0.5, -0.5)
#: Rounding of a sum, as a share of the sizes of its terms.
_ROUNDING: Final = 8 * float(np.finfo(float).eps)
#: A linear predictor this large has its likelihood at the boundary already.
_LARGEST_ETA: Final = 300.0


class Terms(NamedTuple):
    """A log likelihood with its first and second derivatives by the level and by the effect.

    All are arrays of one shape; ``w_*`` are minus the second derivatives, never negative on the
    diagonal.
    """

    value: FloatArray
    s_level: FloatArray
    s_effect: FloatArray
    w_level: FloatArray
    w_both: FloatArray
    w_effect: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountLikelihood:
    """Log likelihood of the events of k studies.

    Attributes
    ----------
    events, sizes : ndarray, shape (k, arms)
        Events and, for a binomial, participants.
    offsets : ndarray, shape (k, arms)
        Part of the linear predictor that is known.
    codes : tuple of float, length arms
        What the effect is multiplied by in each arm.
    leveled : bool
        Whether a study has a level of its own.
    family : str
        binomial, poisson or hypergeometric.
    constants : ndarray, shape (k,)
        Part of the log likelihood that depends on no parameter.
    saturated : float
        Log likelihood when every study has its own effect and level.
    hypergeometric : NoncentralHypergeometric or None
        Distribution with fixed margins, for that family.
    """

    events: FloatArray
    sizes: FloatArray
    offsets: FloatArray
    codes: tuple[float, ...]
    leveled: bool
    family: str
    constants: FloatArray
    saturated: float
    hypergeometric: NoncentralHypergeometric | None = None

    @property
    def k(self) -> int:
        """Number of studies."""
        return int(self.events.shape[0])

    @property
    def sizes_of_terms(self) -> FloatArray:
        """What the log likelihood of each study adds up, regardless of signs; shape (k,).

        ``x |eta| + K(eta)`` at the arms' own linear predictors.
        """
        x = self.events
        if self.family == "poisson":
            return np.asarray(np.sum(x * np.abs(np.log(x + 0.5)) + x, axis=1))
        eta = np.log((x + 0.5) / (self.sizes - x + 0.5))
        cumulant = self.sizes * np.logaddexp(0.0, eta)
        return np.asarray(np.sum(x * np.abs(eta) + cumulant, axis=1))

    @property
    def rounding(self) -> FloatArray:
        """Error that rounding may leave in the log likelihood of each study, shape (k,)."""
        return _ROUNDING * self.sizes_of_terms

    def terms(self, level: FloatArray, effect: FloatArray) -> Terms:
        """Log likelihood of each study with derivatives.

        Parameters
        ----------
        level, effect : ndarray, shapes that broadcast to (k, ...)
            The study's level (0 where the model has none) and its effect.
        """
        parts = np.zeros((6, *np.broadcast_shapes(level.shape, effect.shape)))
        by_study = (slice(None), *[None] * (parts.ndim - 2))
        parts[0] = self.constants[by_study]
        for arm, code in enumerate(self.codes):
            eta = np.clip(level + code * effect, -_LARGEST_ETA, _LARGEST_ETA)
            eta = eta + self.offsets[:, arm][by_study]
            x = self.events[:, arm][by_study]
            cumulant, mean, variance = self._cumulants(arm, eta, by_study)
            score = x - mean
            if len(self.codes) == 1:
                value = parts[0] + x * eta - cumulant
                return Terms(value, score, score, variance, variance, variance)
            parts[0] += x * eta - cumulant
            parts[1] += score
            parts[2] += code * score
            for row in range(3):
                parts[3 + row] += code**row * variance
        return Terms(*parts)

    def third_derivatives(
        self, level: FloatArray, effect: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Third derivatives of the log likelihood: by level and effect twice, by effect thrice.

        Parameters
        ----------
        level, effect : ndarray, shape (k,)
            The study's level and its effect.
        """
        both, effects = np.zeros(self.k), np.zeros(self.k)
        for arm, code in enumerate(self.codes):
            eta = np.clip(level + code * effect, -_LARGEST_ETA, _LARGEST_ETA)
            third = self._third_cumulant(arm, eta + self.offsets[:, arm])
            both -= code**2 * third
            effects -= code**3 * third
        return both, effects

    def _third_cumulant(self, arm: int, eta: FloatArray) -> FloatArray:
        if self.hypergeometric is not None:
            return self.hypergeometric.third_cumulant(eta)
        _, mean, variance = self._cumulants(arm, eta, (slice(None),))
        if self.family == "poisson":
            return mean
        return variance * (1 - 2 * mean / self.sizes[:, arm])

    def _cumulants(
        self, arm: int, eta: FloatArray, by_study: tuple[slice | None, ...]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        if self.hypergeometric is not None:
            return self.hypergeometric.cumulants(eta)
        if self.family == "poisson":
            mean = np.exp(np.minimum(eta, _LARGEST_ETA))
            return mean, mean, mean
        n = self.sizes[:, arm][by_study]
        small = np.exp(-np.abs(eta))
        whole = 1 / (1 + small)
        p = np.where(eta >= 0, whole, small * whole)
        return n * (np.maximum(eta, 0) + np.log1p(small)), n * p, n * (small * whole**2)


def unconditional(counts: EventCounts) -> CountLikelihood:
    """Events of the arms as independent binomials or Poisson counts.

    Parameters
    ----------
    counts : EventCounts
        One arm (the effect is its own logit or log rate) or two (with a level for each study).
    """
    arms = counts.events.shape[1]
    x, n = counts.events, counts.sizes
    if counts.person_time:
        constants, offsets = np.asarray(-special.gammaln(x + 1)), np.log(n)
        best = np.asarray(special.xlogy(x, x) - x)
    else:
        constants, offsets = log_choose(n, x), np.zeros(n.shape)
        best = np.asarray(special.xlogy(x, x / n) + special.xlogy(n - x, 1 - x / n))
    return CountLikelihood(
        events=x,
        sizes=n,
        offsets=offsets,
        codes=HALVES if arms == 2 else (1.0,),
        leveled=arms == 2,
        family="poisson" if counts.person_time else "binomial",
        constants=constants.sum(axis=1),
        saturated=float(np.sum(best + constants)),
    )


def conditional_binomial(counts: EventCounts) -> CountLikelihood:
    """Events of arm 1 given those of both arms, as a binomial.

    Exact for person-time; for 2x2 tables an approximation for rare events.

    Parameters
    ----------
    counts : EventCounts
        Two-armed studies.
    """
    x, total = counts.events[:, :1], counts.events.sum(axis=1, keepdims=True)
    constants = log_choose(total, x)
    best = special.xlogy(x, x / total) + special.xlogy(total - x, 1 - x / total)
    return CountLikelihood(
        events=x,
        sizes=total,
        offsets=np.log(counts.sizes[:, :1] / counts.sizes[:, 1:]),
        codes=(1.0,),
        leveled=False,
        family="binomial",
        constants=constants.sum(axis=1),
        saturated=float(np.sum(best + constants)),
    )


def conditional_exact(counts: EventCounts) -> CountLikelihood:
    """Events of arm 1 given those of both arms, by the noncentral hypergeometric distribution.

    Parameters
    ----------
    counts : EventCounts
        2x2 tables.
    """
    n1, n2 = counts.sizes.T
    margins = NoncentralHypergeometric(n1, n2, counts.events.sum(axis=1))
    a = counts.events[:, 0]
    constants = margins.log_weight(a)
    return CountLikelihood(
        events=counts.events[:, :1],
        sizes=counts.sizes[:, :1],
        offsets=np.zeros((counts.k, 1)),
        codes=(1.0,),
        leveled=False,
        family="hypergeometric",
        constants=constants,
        saturated=_best_conditional(margins, a, constants),
        hypergeometric=margins,
    )


def _best_conditional(
    margins: NoncentralHypergeometric, a: FloatArray, constants: FloatArray
) -> float:
    """Sum of the largest conditional log likelihoods of the tables, each with its own effect."""
    inside = (a > margins.low) & (a < margins.high)
    n1, n2, m = margins.n1, margins.n2, margins.m
    cells = (a, n2 - m + a, n1 - a, m - a)
    ratio = np.where(inside, cells[0] * cells[1], 1.0) / np.where(inside, cells[2] * cells[3], 1.0)
    t = np.log(ratio)
    for _ in range(30):
        cumulant, mean, variance = margins.cumulants(t)
        step = np.where(inside, (a - mean) / variance, 0.0)
        t = t + np.clip(step, -1.0, 1.0)
        if np.all(np.abs(step) < 1e-8):
            break
    cumulant = margins.cumulants(t)[0]
    return float(np.sum(np.where(inside, constants + a * t - cumulant, 0.0)))
