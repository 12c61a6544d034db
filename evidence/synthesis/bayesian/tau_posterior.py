"""Posterior of tau under the normal-normal model, by quadrature over log tau.

Given tau everything is normal (Röver 2020, J Stat Softw 93(6)), so likelihood and posterior of tau
have closed forms up to a constant. Gauss-Legendre panels over log tau are halved until polynomials
follow the density.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import legendre
from scipy import optimize

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable
from evidence.synthesis.bayesian.priors import TauPrior
from evidence.synthesis.inputs.studies import Studies

_LOG_2PI: Final = math.log(2 * math.pi)
#: The posterior is followed until it has fallen by this, on the log scale (e^-38 is 3e-17).
_DROP: Final = 38.0
#: Reach of the first look, in units of log tau beyond every scale of prior and data.
_REACH: Final = 45.0
_LOOK: Final = 257
#: Widest panels in log tau, where the posterior has little mass and where it has some.
_WIDEST, _WIDE, _LITTLE = 4.0, 2.0, 1e-6
#: A panel is fine enough when the last coefficients are this small, relative to the peak.
_SMOOTH: Final = 1e-11
#: Log density at its highest below which rounding blurs the shape of the posterior.
_LOWEST_PEAK: Final = -1e10
_MOST_ROUNDS: Final = 60
_MOST_PANELS: Final = 4000
#: Numbers in one array of weights.
_CHUNK: Final = 200_000
_NODES, _WEIGHTS = legendre.leggauss(16)
#: Values at the nodes to coefficients of Legendre polynomials.
_COEFFICIENTS = (
    legendre.legvander(_NODES, _NODES.size - 1) * _WEIGHTS[:, None] * (np.arange(_NODES.size) + 0.5)
)


@dataclass(frozen=True, slots=True, eq=False)
class GivenTau:
    """What is known given tau, each array of shape (n,).

    Attributes
    ----------
    mean, variance : ndarray
        Of mu.
    log_joint : ndarray
        Logarithm of likelihood times prior.
    """

    mean: FloatArray
    variance: FloatArray
    log_joint: FloatArray


class MarginalTau:
    """Normal-normal model, taken relative to the most precise study in a unit near its data's.

    Parameters
    ----------
    studies : Studies
        Effects and sampling variances.
    prior : TauPrior
        Of tau.
    mu_mean, mu_sd : float or None
        Normal prior of mu; flat if None.
    """

    def __init__(
        self, studies: Studies, prior: TauPrior, mu_mean: float | None, mu_sd: float | None
    ) -> None:
        # a power of two loses no digits
        self.unit = 2.0 ** round(0.5 * math.log2(float(np.median(studies.vi))))
        self.centre = float(studies.yi[np.argmin(studies.vi)])
        self.y = (studies.yi - self.centre) / self.unit
        self.v = studies.vi / self.unit / self.unit
        self.prior = prior.in_unit(self.unit)
        self.flat = mu_mean is None or mu_sd is None
        self.m0 = 0.0 if mu_mean is None else (mu_mean - self.centre) / self.unit
        self.p0 = 0.0 if mu_sd is None else (mu_sd / self.unit) ** -2

    def given(self, log_tau: FloatArray) -> GivenTau:
        """Posterior of mu given tau, and likelihood times prior, by log tau, shape (n,)."""
        rows = max(1, _CHUNK // self.y.size)
        parts = [self._given(log_tau[i : i + rows]) for i in range(0, log_tau.size, rows)]
        return GivenTau(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _given(self, log_tau: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        w = 1.0 / (self.v + np.exp(2 * log_tau)[:, None])
        precision = w.sum(axis=1) + self.p0
        mean = (w @ self.y + self.p0 * self.m0) / precision
        residuals = self.y - mean[:, None]
        misfit = np.einsum("ij,ij,ij->i", w, residuals, residuals) + self.p0 * (self.m0 - mean) ** 2
        constant = _LOG_2PI * (self.y.size - self.flat) - (0.0 if self.flat else math.log(self.p0))
        loglik = -0.5 * (constant - np.log(w).sum(axis=1) + np.log(precision) + misfit)
        return mean, 1.0 / precision, loglik + self.prior.log_density(log_tau)

    def finite_moments(self) -> int:
        """Whether tau has a posterior mean (1) and a variance (2), by the tail of its density."""
        if self.prior.df is None:
            return 2
        # the likelihood falls as tau^-(k - 1) under a flat prior of mu, otherwise as tau^-k
        return min(2, self.prior.df + self.y.size - self.flat - 1)

    def log_unit(self) -> float:
        """What the unit takes from the logarithm of the marginal likelihood."""
        return (self.y.size - self.flat) * math.log(self.unit)


class TauPosterior:
    """Posterior distribution of tau, in the unit of the model.

    Parameters
    ----------
    model : MarginalTau
        Model with its priors.
    """

    def __init__(self, model: MarginalTau) -> None:
        self.model = model
        self.moments = model.finite_moments()
        self.edges, given = self._panels(*self._range())
        half = np.diff(self.edges) / 2.0
        self.log_tau = _nodes(self.edges)
        widths = (half[:, None] * _WEIGHTS).ravel()
        log_density = given.log_joint + self.log_tau
        peak = float(log_density.max())
        scaled = np.exp(log_density - peak)
        total = float(widths @ scaled)
        self.log_marginal = peak + math.log(total) - model.log_unit()
        self.weights: FloatArray = widths * scaled / total
        self.mean, self.variance = given.mean, given.variance
        self._coefficients = (scaled / total).reshape(half.size, -1) @ _COEFFICIENTS
        self._integrals = legendre.legint(self._coefficients.T, lbnd=-1) * half
        masses = self.weights.reshape(half.size, -1).sum(axis=1)
        self._below = np.concatenate([[0.0], np.cumsum(masses)])

    def components(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Tau2, mean and variance of mu, and weights of mixtures over tau, each of shape (n,)."""
        # any tau this far below every sampling error gives one and the same distribution
        lowest = 0.5 * math.log(1e-14 * float(self.model.v.min()))
        small = int(np.count_nonzero(self.log_tau < lowest))
        tau2 = np.exp(2 * self.log_tau)
        arrays = (tau2, self.mean, self.variance, self.weights)
        if small < 2:
            return arrays
        merged = float(self.weights[:small].sum())
        one = (float(tau2[small - 1]), float(self.mean[0]), float(self.variance[0]), merged)
        joined = (np.append(first, rest[small:]) for first, rest in zip(one, arrays, strict=True))
        tau2, mean, variance, weights = joined
        return tau2, mean, variance, weights

    def moments_of_tau(self) -> tuple[float | None, float | None]:
        """Mean and standard deviation of tau, None where they are infinite."""
        if self.moments < 1:
            return None, None
        tau = np.exp(self.log_tau)
        mean = float(self.weights @ tau)
        if self.moments < 2:
            return mean, None
        return mean, math.sqrt(float(self.weights @ (tau - mean) ** 2))

    def quantile(self, probability: float) -> float:
        """Value of tau that has ``probability`` below it."""
        if probability <= 0.0 or probability >= self._below[-1]:
            return 0.0 if probability <= 0.0 else math.inf
        panel = int(np.searchsorted(self._below, probability, side="right")) - 1
        within = probability - float(self._below[panel])
        integral = self._integrals[:, panel]

        def gap(place: float) -> float:
            return float(legendre.legval(place, integral)) - within

        place = 1.0 if gap(1.0) <= 0.0 else -1.0
        if gap(-1.0) < 0.0 < gap(1.0):
            place = float(optimize.brentq(gap, -1.0, 1.0, xtol=1e-15, rtol=1e-14))
        return math.exp(self._log_tau_at(panel, place))

    def below(self, tau: float) -> float:
        """Probability of a smaller tau."""
        panel, place = self._place(tau)
        if panel is None:
            return 0.0 if place < 0.0 else 1.0
        part = float(legendre.legval(place, self._integrals[:, panel]))
        return float(self._below[panel]) + part

    def density(self, tau: float) -> float:
        """Density of tau; at 0 its limit."""
        if tau <= 0.0:
            return self._density_at_zero()
        panel, place = self._place(tau)
        if panel is None:
            return self._density_at_zero() if place < 0.0 else 0.0
        return float(legendre.legval(place, self._coefficients[panel])) / tau

    def _density_at_zero(self) -> float:
        """Limit of the density, from the lowest node."""
        lowest = float(self.log_tau[0])
        return float(legendre.legval(float(_NODES[0]), self._coefficients[0])) / math.exp(lowest)

    def _place(self, tau: float) -> tuple[int | None, float]:
        """Panel that holds tau and the place in it; or None, and a side."""
        log_tau = math.log(tau) if tau > 0.0 else -math.inf
        if not self.edges[0] <= log_tau < self.edges[-1]:
            return None, -1.0 if log_tau < self.edges[0] else 1.0
        panel = int(np.searchsorted(self.edges, log_tau, side="right")) - 1
        low, high = float(self.edges[panel]), float(self.edges[panel + 1])
        return panel, 2.0 * (log_tau - low) / (high - low) - 1.0

    def _log_tau_at(self, panel: int, place: float) -> float:
        low, high = float(self.edges[panel]), float(self.edges[panel + 1])
        return low + (high - low) * (place + 1.0) / 2.0

    def _range(self) -> tuple[float, float]:
        """Bounds of log tau that hold the posterior and its finite moments."""
        model = self.model
        scales = [model.prior.scale, *np.sqrt([model.v.min(), model.v.max()])]
        spread = float(np.abs(model.y).max()) + abs(model.m0)
        logs = np.log([*scales, spread] if spread > 0 else scales)
        reach = _REACH
        if model.prior.sdlog is not None:
            reach = max(reach, 9 * model.prior.sdlog + 2 * model.prior.sdlog**2)
        low, high = float(logs.min()) - reach, float(logs.max()) + reach
        for _ in range(_MOST_ROUNDS):
            points = np.linspace(low, high, _LOOK)
            log_density = model.given(points).log_joint + points
            self._check_peak(float(log_density.max()))
            (held,) = np.nonzero(self._holds(points, log_density))
            width = high - low
            low = float(points[max(held[0] - 1, 0)])
            high = float(points[min(held[-1] + 1, _LOOK - 1)])
            if high - low > 0.5 * width:
                break
        return low, high

    def _check_peak(self, peak: float) -> None:
        if peak < _LOWEST_PEAK:
            raise NotEstimable(
                f"The posterior of tau of {self.model.y.size} studies was asked for, and its log "
                f"density is {peak:.3g} at its highest, which leaves no digits to tell values of "
                "tau apart: the priors contradict the effects. Check the effects and variances, or "
                "give wider priors."
            )

    def _holds(self, log_tau: FloatArray, log_density: FloatArray) -> FloatArray:
        """Where the density, or tau or tau2 times it, is not negligible."""
        held = np.zeros(log_tau.size, dtype=bool)
        for power in range(self.moments + 1):
            part = log_density + power * log_tau
            held |= part > part.max() - _DROP
        return held

    def _panels(self, low: float, high: float) -> tuple[FloatArray, GivenTau]:
        """Edges of panels on which polynomials follow the density, and the model at their nodes."""
        edges = np.linspace(low, high, max(4, math.ceil((high - low) / _WIDEST)) + 1)
        while edges.size <= _MOST_PANELS:
            nodes = _nodes(edges)
            given = self.model.given(nodes)
            coarse = self._coarse(edges, nodes, given.log_joint + nodes)
            if not coarse.any():
                return edges, given
            middles = 0.5 * (edges[:-1] + edges[1:])[coarse]
            edges = np.sort(np.concatenate([edges, middles]))
        raise NotEstimable(
            f"The posterior of tau of {self.model.y.size} studies could not be integrated. Give a "
            "prior whose scale is nearer to that of the effects."
        )

    def _coarse(self, edges: FloatArray, nodes: FloatArray, log_density: FloatArray) -> FloatArray:
        """Panels that have to be halved."""
        width = np.diff(edges)
        coarse = np.zeros(width.size, dtype=bool)
        for power in range(self.moments + 1):
            part = log_density + power * nodes
            panels = np.exp(part - part.max()).reshape(width.size, -1)
            last = np.abs(panels @ _COEFFICIENTS[:, -3:]).max(axis=1)
            highest = panels.max(axis=1)
            # halving removes no rounding, of log tau where the density is steep, or of its log
            logs = part.reshape(width.size, -1)
            steep = np.abs(edges[1:]) * np.ptp(logs, axis=1) / width
            rounding = 16 * np.finfo(float).eps * (steep + np.abs(logs).max(axis=1)) * highest
            coarse |= last > np.maximum(_SMOOTH, rounding)
            coarse |= (highest > _LITTLE) & (width > _WIDE)
        return coarse


def _nodes(edges: FloatArray) -> FloatArray:
    """Gauss-Legendre nodes of all panels in one row."""
    half = np.diff(edges)[:, None] / 2.0
    return np.asarray((edges[:-1, None] + half * (1.0 + _NODES)).ravel())
