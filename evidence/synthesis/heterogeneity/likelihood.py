"""Likelihood of a fitted synthesis: information criteria, and the profile interval of tau2."""

from __future__ import annotations

from evidence.synthesis.heterogeneity.measures import Tau2Interval
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel, falling_root, log_likelihood
from evidence.synthesis.numerics.distributions import chi_squared_quantile


def profile_bounds(model: TauModel, tau2: float, *, restricted: bool, level: float) -> Tau2Interval:
    """Profile likelihood interval of tau2 around the maximum of a model's likelihood.

    Parameters
    ----------
    model : TauModel
        Effects and variances, with moderators or without.
    tau2 : float
        Where the likelihood has its maximum.
    restricted : bool
        The restricted likelihood.
    level : float
        Coverage.
    """
    peak = float(log_likelihood(model, tau2, restricted=restricted))
    cut = peak - chi_squared_quantile(1.0 - level, 1) / 2.0

    def height(value: float) -> float:
        return float(log_likelihood(model, value, restricted=restricted)) - cut

    low = 0.0
    if height(0.0) < 0.0:
        low = tau2 - falling_root(lambda step: height(tau2 - step), 0.0, tau2)
    high = falling_root(height, tau2, 2.0 * tau2 + float(model.vi.max()))
    return Tau2Interval(low=low, high=high, level=level, empty=False)
