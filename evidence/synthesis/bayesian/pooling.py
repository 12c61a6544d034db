"""Bayesian random effects: the posterior by integrating over tau, without sampling.

Given tau everything is normal (Röver 2020, J Stat Softw 93(6)), so the posterior of each effect is
a mixture of normal distributions over tau.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import BadInput
from evidence.input_checks import real_number
from evidence.results import Result
from evidence.synthesis.bayesian.priors import TauPrior
from evidence.synthesis.bayesian.summaries import (
    PosteriorSummary,
    summarise_mixtures,
    summarise_tau,
)
from evidence.synthesis.bayesian.tau_posterior import MarginalTau, TauPosterior
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.numerics.normal_mixtures import NormalMixtures

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledBayesian(Result):
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
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    prior: TauPrior,
    mu_mean: float | None = None,
    mu_sd: float | None = None,
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> PooledBayesian:
    """Posterior of mean, heterogeneity, new and old studies under a random-effects model.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances (squared standard errors); None if ``yi`` holds them.
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
    PooledBayesian
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
    with studies_in_double_precision(f"The posterior of {studies.yi.size} studies"):
        return _summarise(studies, prior, mu_mean, mu_sd, level)


def _check_priors(prior: object, mu_mean: float | None, mu_sd: float | None) -> None:
    problems = []
    if not isinstance(prior, TauPrior):
        problems.append(f"prior is {prior!r:.80}; make one, such as half_normal(0.5)")
    if (mu_mean is None) != (mu_sd is None):
        problems.append(f"mu_mean is {mu_mean} and mu_sd is {mu_sd}; give both or neither")
    if mu_mean is not None and not math.isfinite(real_number(mu_mean)):
        problems.append(f"mu_mean is {mu_mean!r:.80}; it is a finite number")
    if mu_sd is not None and not 0.0 < real_number(mu_sd) < math.inf:
        problems.append(f"mu_sd is {mu_sd!r:.80}; it is a finite number above 0")
    if problems:
        raise BadInput("Bayesian pooling was asked for with unusable priors.", problems)


def _summarise(
    studies: Studies,
    prior: TauPrior,
    mu_mean: float | None,
    mu_sd: float | None,
    level: float,
) -> PooledBayesian:
    """Build the public record from the posterior of tau."""
    model = MarginalTau(studies, prior, mu_mean, mu_sd)
    posterior = TauPosterior(model)
    finite = posterior.moments
    summaries = summarise_mixtures(
        effect_mixtures(posterior),
        [finite if model.flat else 2, finite, *[2] * studies.yi.size],
        level,
        model.centre,
        model.unit,
    )
    return PooledBayesian(
        mu=summaries[0],
        tau=summarise_tau(posterior, level, model.unit),
        predictive=summaries[1],
        shrunken=tuple(summaries[2:]),
        log_marginal_likelihood=posterior.log_marginal,
        prior=prior,
        mu_mean=mu_mean,
        mu_sd=mu_sd,
        level=level,
        k=studies.yi.size,
        yi=studies.yi,
        vi=studies.vi,
        labels=studies.labels,
        measure=studies.measure,
        decisions=(*studies.decisions, *_decisions(studies.yi.size, prior, mu_mean, mu_sd, finite)),
    )


def effect_mixtures(posterior: TauPosterior) -> NormalMixtures:
    """Mixtures of the mean, of a new study, and of each study, in the unit of the model.

    Parameters
    ----------
    posterior : TauPosterior
        Distribution of tau.
    """
    model = posterior.model
    tau2, mean, variance, weights = posterior.components()
    own = tau2 / (tau2 + model.v[:, None])
    means = np.vstack([mean, mean, mean + own * (model.y[:, None] - mean)])
    shrunken = own * model.v[:, None] + (1.0 - own) ** 2 * variance
    return NormalMixtures(means, np.sqrt(np.vstack([variance, variance + tau2, shrunken])), weights)


def _decisions(
    k: int, prior: TauPrior, mu_mean: float | None, mu_sd: float | None, finite: int
) -> list[str]:
    """Say which priors were used and which moments are left out."""
    flat = mu_mean is None
    mu = "flat" if flat else f"normal, mean {mu_mean:.4g}, sd {mu_sd:.4g}"
    said = [f"Prior of tau: {prior}. Prior of mu: {mu}."]
    if finite < 2:
        what = "mean and variance" if finite < 1 else "variance"
        said.append(
            f"With k = {k} the tail of the prior of tau leaves the posterior {what} of tau and of "
            f"a new study's effect{' and of mu' if flat else ''} without a finite value; use the "
            "median and the intervals."
        )
    return said
