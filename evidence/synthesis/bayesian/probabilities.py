"""Posterior probability that a quantity lies beyond a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence.double_precision import studies_in_double_precision
from evidence.errors import BadInput, known_name
from evidence.input_checks import InputCheck, require_kind
from evidence.results import Result
from evidence.synthesis.bayesian.pooling import PooledBayesian, effect_mixtures
from evidence.synthesis.bayesian.tau_posterior import MarginalTau, TauPosterior
from evidence.synthesis.inputs.studies import Studies

_DIRECTIONS: Final = ("above", "below")
#: Quantities that have their place in front of the studies.
_NAMED: Final = ("mu", "new study")


@dataclass(frozen=True, slots=True, kw_only=True)
class PosteriorProbability(Result):
    """Probability of one posterior distribution beyond a threshold.

    Attributes
    ----------
    probability : float
        Between 0 and 1.
    quantity : str
        "mu", "tau", "new study", or a study.
    direction : str
        "above" or "below" the threshold.
    threshold : float
        On the scale of the effects (log for ratios).
    """

    probability: float
    quantity: str
    direction: str
    threshold: float


@studies_in_double_precision("A posterior probability")
def posterior_probability(
    fit: PooledBayesian, threshold: float = 0.0, *, quantity: str = "mu", direction: str = "above"
) -> PosteriorProbability:
    """Posterior probability that the mean, tau, a new or an old study's effect is beyond a value.

    Parameters
    ----------
    fit : PooledBayesian
        Result of ``pool_bayesian``.
    threshold : float
        On the scale of the effects (log for ratios).
    quantity : str
        "mu", "tau", "new study" (its true effect), or the label of a study (its true effect).
    direction : str
        "above" or "below".

    Raises
    ------
    UnknownName
        If the quantity or the direction is not known.
    BadInput
        If ``fit`` is something else, or the threshold is not a finite number.

    References
    ----------
    Röver (2020), J Stat Softw 93(6). bayesmeta: ``1 - fit$pposterior(mu=threshold)``, with
    ``predict=TRUE`` or ``individual=`` for a new or an old study.
    """
    require_kind(
        "A posterior probability", fit, PooledBayesian, "Give the result of pool_bayesian()."
    )
    known_name("direction", direction, _DIRECTIONS)
    known_name("quantity of this posterior", quantity, (*_NAMED, "tau", *fit.labels))
    check = InputCheck("A posterior probability")
    (value,) = check.numbers(threshold=threshold)
    check.refuse("Give a number on the scale of the effects.")
    if value.ndim:
        raise BadInput("A posterior probability was asked for at several thresholds. Give one.")
    found = _probability(fit, float(value), quantity, direction == "below")
    return PosteriorProbability(
        probability=min(1.0, max(0.0, found)),
        quantity=quantity,
        direction=direction,
        threshold=float(value),
    )


def _probability(fit: PooledBayesian, threshold: float, quantity: str, below: bool) -> float:
    studies = Studies(yi=fit.yi, vi=fit.vi, labels=fit.labels)
    model = MarginalTau(studies, fit.prior, fit.mu_mean, fit.mu_sd)
    posterior = TauPosterior(model)
    if quantity == "tau":
        smaller = posterior.below(threshold / model.unit)
        return smaller if below else 1.0 - smaller
    names = (*_NAMED, *fit.labels)
    row = slice(names.index(quantity), names.index(quantity) + 1)
    mixture = effect_mixtures(posterior).take(row)
    place = np.array([(threshold - model.centre) / model.unit])
    tails = mixture.below(place) if below else mixture.above(place)
    return float(tails[0])
