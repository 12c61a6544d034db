"""Summaries of posterior distributions."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.synthesis.bayesian.tau_posterior import TauPosterior
from evidence.synthesis.numerics.normal_mixtures import NormalMixtures
from evidence.synthesis.numerics.shortest import shortest_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class PosteriorSummary:
    """Summary of one posterior distribution, in the unit of the effects.

    Attributes
    ----------
    mean, sd : float or None
        None where the prior's tail leaves the integral infinite.
    median : float
        Posterior median.
    ci_low, ci_high : float
        Equal-tailed credible interval.
    shortest_low, shortest_high : float
        Shortest credible interval.
    level : float
        Probability inside the intervals.
    """

    mean: float | None
    sd: float | None
    median: float
    ci_low: float
    ci_high: float
    shortest_low: float
    shortest_high: float
    level: float


def summarise_tau(posterior: TauPosterior, level: float, unit: float) -> PosteriorSummary:
    """Summary of tau, with the moments that are finite.

    Parameters
    ----------
    posterior : TauPosterior
        Distribution of tau.
    level : float
        Probability inside the intervals.
    unit : float
        What 1 in the model is on the scale of the effects.
    """
    mean, sd = posterior.moments_of_tau()
    tail = (1.0 - level) / 2.0
    low, high = shortest_interval(posterior.quantile, posterior.density, level)
    return PosteriorSummary(
        mean=None if mean is None else unit * mean,
        sd=None if sd is None else unit * sd,
        median=unit * posterior.quantile(0.5),
        ci_low=unit * posterior.quantile(tail),
        ci_high=unit * posterior.quantile(1.0 - tail),
        shortest_low=unit * low,
        shortest_high=unit * high,
        level=level,
    )


def summarise_mixtures(
    mixtures: NormalMixtures, moments: list[int], level: float, centre: float, unit: float
) -> list[PosteriorSummary]:
    """Summaries of effects.

    Parameters
    ----------
    mixtures : NormalMixtures
        One mixture for each effect.
    moments : list of int
        How many moments of each are finite, up to 2.
    level : float
        Probability inside the intervals.
    centre, unit : float
        What 0 is on the scale of the effects, and the length of 1.
    """
    found = mixtures.summarise(level)
    columns = (found.median, found.low, found.high, found.shortest_low, found.shortest_high)
    rows = [(centre + unit * column).tolist() for column in (mixtures.mean, *columns)]
    sds = (unit * mixtures.sd).tolist()
    return [
        PosteriorSummary(
            mean=mean if finite > 0 else None,
            sd=sd if finite > 1 else None,
            median=median,
            ci_low=low,
            ci_high=high,
            shortest_low=shortest_low,
            shortest_high=shortest_high,
            level=level,
        )
        for finite, sd, mean, median, low, high, shortest_low, shortest_high in zip(
            moments, sds, *rows, strict=True
        )
    ]
