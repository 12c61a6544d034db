"""Bayesian random effects: the posterior by integrating over tau, without sampling.

Given tau everything is normal (Röver 2020, J Stat Softw 93(6)), so each posterior is a mixture over
tau. The integrals over log tau use Gauss-Legendre panels where the posterior has mass.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.effects.checks import FloatArray
from evidence.errors import BadInput
from evidence.synthesis.distributions import check_level
from evidence.synthesis.double_precision import double_precision
from evidence.synthesis.posterior_summaries import (
    NormalMixture,
    PosteriorSummary,
    intervals,
    root,
)
from evidence.synthesis.studies import HasEffects, Studies, check_studies
from evidence.synthesis.tau_priors import TauPrior

if TYPE_CHECKING:
    import pandas as pd

_LOG_2PI: Final = math.log(2 * math.pi)
#: The posterior is followed until it has fallen by this, on the log scale (e^-37 is 1e-16).
_DROP: Final = 37.0
#: Reach of the first look, in units of log tau beyond every scale of prior and data.
_REACH: Final = 45.0
_PANELS: Final = 120
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BayesianPooled:
    """Posterior of a normal-normal random-effects model for k studies.

    Attributes
    ----------
    mu, tau : PosteriorSummary
        Mean effect, and standard deviation of true effects.
    predictive : PosteriorSummary
        True effect in a new study.
    shrunken : tuple of PosteriorSummary, length k
        True effects of the studies.
    log_marginal_likelihood : float
        Log density of the effects under both priors. A flat prior on mu has density 1, so that
        only priors of tau can be compared then.
    prior : TauPrior
        Prior of tau.
    mu_mean, mu_sd : float or None
        Normal prior of mu, None if flat.
    level : float
        Probability inside the intervals.
    k : int
        Number of studies.
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances.
    labels : tuple of str, length k
        Studies.
    measure : str or None
        Effect measure.
    decisions : tuple of str
        Each choice in a sentence.
    """

    mu: PosteriorSummary
    tau: PosteriorSummary
    predictive: PosteriorSummary
    shrunken: tuple[PosteriorSummary, ...]
    log_marginal_likelihood: float
    prior: TauPrior
    mu_mean: float | None
    mu_sd: float | None
    level: float
    k: int
    yi: FloatArray
    vi: FloatArray
    labels: tuple[str, ...]
    measure: str | None
    decisions: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row for each of mu, tau, the new study, and the studies."""
        import pandas as pd

        names = ["mu", "tau", "new study", *self.labels]
        summaries = [self.mu, self.tau, self.predictive, *self.shrunken]
        columns = {
            column: [getattr(summary, column) for summary in summaries]
            for column in PosteriorSummary.__slots__
        }
        kinds = ["mean", "heterogeneity", "prediction", *["study"] * self.k]
        return pd.DataFrame({"quantity": names, "kind": kinds, **columns})


def pool_bayesian(
    yi: npt.ArrayLike | HasEffects,
    vi: npt.ArrayLike | None = None,
    *,
    prior: TauPrior,
    mu_mean: float | None = None,
    mu_sd: float | None = None,
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> BayesianPooled:
    """Posterior of mean, heterogeneity, new and old studies under a random-effects model.

    Parameters
    ----------
    yi : array_like, shape (k,), or EffectSizes
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances (squared standard errors); None if ``yi`` is an EffectSizes.
    prior : TauPrior
        Prior of tau, from ``half_normal``, ``half_t``, ``half_cauchy`` or ``log_normal``.
    mu_mean, mu_sd : float, optional
        Normal prior of mu; flat if both are left out.
    level : float
        Probability inside the intervals.
    labels : iterable of str, optional
        Names of the studies.

    Returns
    -------
    BayesianPooled
        One study is enough, as the prior of tau is proper.

    Raises
    ------
    EmptySelection
        If there is no study.
    BadInput
        If an effect is not finite, a variance is not above 0, lengths differ, or a prior is not
        usable.
    NotEstimable
        If the numbers leave the range of double precision.

    References
    ----------
    Röver (2020), J Stat Softw 93(6). bayesmeta:
    ``bayesmeta(y, sigma, tau.prior=, mu.prior=)``.
    """
    _check_priors(prior, mu_mean, mu_sd)
    level = check_level(level)
    studies = check_studies(yi, vi, labels)
    with double_precision(f"The posterior of {studies.yi.size} studies"):
        return _summarise(_Model(studies, prior, mu_mean, mu_sd), studies, level)


def _check_priors(prior: object, mu_mean: float | None, mu_sd: float | None) -> None:
    problems = []
    if not isinstance(prior, TauPrior):
        problems.append(f"prior is {prior!r:.80}; make one, such as half_normal(0.5)")
    if (mu_mean is None) != (mu_sd is None):
        problems.append(f"mu_mean is {mu_mean} and mu_sd is {mu_sd}; give both or neither")
    if mu_mean is not None and not math.isfinite(mu_mean):
        problems.append(f"mu_mean is {mu_mean}; it is a finite number")
    if mu_sd is not None and not (math.isfinite(mu_sd) and mu_sd > 0):
        problems.append(f"mu_sd is {mu_sd}; it is a finite number above 0")
    if problems:
        raise BadInput("Bayesian pooling was asked for with unusable priors.", problems)


class _Model:
    """The model given tau, centred at one effect so that shifts cost no digits."""

    def __init__(
        self, studies: Studies, prior: TauPrior, mu_mean: float | None, mu_sd: float | None
    ) -> None:
        self.centre = float(np.median(studies.yi))
        self.y, self.v, self.prior = studies.yi - self.centre, studies.vi, prior
        self.mu_mean, self.mu_sd = mu_mean, mu_sd
        self.m0 = 0.0 if mu_mean is None else mu_mean - self.centre
        self.p0 = 0.0 if mu_sd is None else mu_sd**-2

    def given(self, log_tau: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean and variance of mu, and the log of likelihood times prior, by log tau."""
        w = 1 / (self.v + np.exp(2 * log_tau)[:, None])
        precision = w.sum(axis=1) + self.p0
        mean = (w @ self.y + self.p0 * self.m0) / precision
        misfit = (w * (self.y - mean[:, None]) ** 2).sum(axis=1) + self.p0 * (self.m0 - mean) ** 2
        flat = self.p0 == 0.0
        constant = _LOG_2PI * (self.y.size - flat) - (0.0 if flat else math.log(self.p0))
        loglik = -0.5 * (constant - np.log(w).sum(axis=1) + np.log(precision) + misfit)
        return mean, 1 / precision, loglik + self.prior.log_density(log_tau)

    def log_posterior(self, log_tau: FloatArray) -> FloatArray:
        """Log density of log tau, not normalised."""
        return self.given(log_tau)[2] + log_tau

    def highest_moment(self) -> int:
        """Whether tau has a posterior mean (1) and a variance (2), by the tail of its density."""
        if self.prior.df is None:
            return 2
        # the likelihood falls as tau^-(k - 1) under a flat prior of mu, otherwise as tau^-k
        return min(2, self.prior.df + self.y.size - (self.p0 == 0.0) - 1)

    def edges(self) -> FloatArray:
        """Panels in log tau that hold the posterior and its finite moments."""
        moment = self.highest_moment()
        scales = [self.prior.scale, *np.sqrt([self.v.min(), self.v.max()])]
        spread = float(np.abs(self.y).max()) + abs(self.m0)
        logs = np.log([*scales, spread] if spread > 0 else scales)
        reach = _REACH
        if self.prior.sdlog is not None:
            reach = max(reach, 9 * self.prior.sdlog + 2 * self.prior.sdlog**2)
        low, high = float(logs.min()) - reach, float(logs.max()) + reach
        for _ in range(3):
            edges = np.linspace(low, high, _PANELS * 3 + 1)
            nodes = _nodes(edges)[0]
            log_density = self.log_posterior(nodes)
            held = np.zeros(nodes.size, dtype=bool)
            for power in range(moment + 1):
                part = log_density + power * nodes
                held |= part > part.max() - _DROP
            (panels,) = np.nonzero(held.reshape(-1, _NODES.size).any(axis=1))
            low, high = float(edges[panels[0]]), float(edges[panels[-1] + 1])
        return np.linspace(low, high, _PANELS + 1)


def _nodes(edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes of all panels in one row, and their weights."""
    half = np.diff(edges)[:, None] / 2
    nodes = edges[:-1, None] + half * (1 + _NODES)
    return nodes.ravel(), (half * _WEIGHTS).ravel()


class _TauPosterior:
    """Distribution function of tau and its inverse."""

    def __init__(self, model: _Model) -> None:
        self.model, self.edges = model, model.edges()
        self.log_tau, widths = _nodes(self.edges)
        self.mean, self.variance, log_joint = model.given(self.log_tau)
        log_mass = log_joint + self.log_tau + np.log(widths)
        self.log_total = float(special.logsumexp(log_mass))
        self.weights = np.exp(log_mass - self.log_total)
        panels = self.weights.reshape(-1, _NODES.size).sum(axis=1)
        self.below = np.concatenate([[0.0], np.cumsum(panels)])

    def quantile(self, probability: float) -> float:
        """Value of tau that has ``probability`` below it."""
        if probability <= 0.0 or probability >= self.below[-1]:
            return 0.0 if probability <= 0.0 else math.inf
        panel = int(np.searchsorted(self.below, probability, side="right")) - 1
        low, high = float(self.edges[panel]), float(self.edges[panel + 1])
        start = float(self.below[panel])

        def gap(log_tau: float) -> float:
            nodes, widths = _nodes(np.array([low, log_tau]))
            density = np.exp(self.model.log_posterior(nodes) - self.log_total)
            return start + float(widths @ density) - probability

        return math.exp(root(gap, low, high, 1e-14))

    def summary(self, level: float, moment: int) -> PosteriorSummary:
        """Posterior summary of tau, with the moments that are finite."""
        tau = np.exp(self.log_tau)
        mean = float(self.weights @ tau)
        sd = math.sqrt(float(self.weights @ (tau - mean) ** 2)) if moment > 1 else None
        return intervals(self.quantile, level, mean=mean if moment else None, sd=sd)


def _mixture_summary(
    mixture: NormalMixture, centre: float, level: float, moment: int
) -> PosteriorSummary:
    """Summary of a mixture, moved back to the scale of the effects."""
    return intervals(
        lambda probability: centre + mixture.quantile(probability),
        level,
        mean=centre + mixture.mean() if moment > 0 else None,
        sd=mixture.sd() if moment > 1 else None,
    )


def _summarise(model: _Model, studies: Studies, level: float) -> BayesianPooled:
    """Build the public record from the posterior of tau."""
    posterior = _TauPosterior(model)
    mean, variance = posterior.mean, posterior.variance
    tau2 = np.exp(2 * posterior.log_tau)
    moment = model.highest_moment()

    def summary(means: FloatArray, variances: FloatArray, highest: int) -> PosteriorSummary:
        mixture = NormalMixture(means=means, sds=np.sqrt(variances), weights=posterior.weights)
        return _mixture_summary(mixture, model.centre, level, highest)

    def study(y: float, v: float) -> PosteriorSummary:
        own = tau2 / (tau2 + v)
        return summary(mean + own * (y - mean), own * v + (1 - own) ** 2 * variance, 2)

    return BayesianPooled(
        mu=summary(mean, variance, moment if model.p0 == 0.0 else 2),
        tau=posterior.summary(level, moment),
        predictive=summary(mean, variance + tau2, moment),
        shrunken=tuple(study(float(y), float(v)) for y, v in zip(model.y, model.v, strict=True)),
        log_marginal_likelihood=posterior.log_total,
        prior=model.prior,
        mu_mean=model.mu_mean,
        mu_sd=model.mu_sd,
        level=level,
        k=studies.yi.size,
        yi=studies.yi,
        vi=studies.vi,
        labels=studies.labels,
        measure=studies.measure,
        decisions=(*studies.decisions, *_decisions(model, moment)),
    )


def _decisions(model: _Model, moment: int) -> list[str]:
    flat = model.mu_mean is None
    mu = "flat" if flat else f"normal, mean {model.mu_mean:.4g}, sd {model.mu_sd:.4g}"
    said = [f"Prior of tau: {model.prior}. Prior of mu: {mu}."]
    if moment < 2:
        what = "mean and variance" if moment < 1 else "variance"
        said.append(
            f"With k = {model.y.size} the tail of the prior of tau leaves the posterior {what} of "
            f"tau and of a new study's effect{' and of mu' if flat else ''} without a finite "
            "value; use the median and the intervals."
        )
    return said
