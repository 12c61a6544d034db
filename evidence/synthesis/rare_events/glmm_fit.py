"""Maximum likelihood of a generalised linear mixed model: from counts to estimates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence.arrays import BoolArray, FloatArray
from evidence.double_precision import is_definite
from evidence.errors import NotEstimable
from evidence.synthesis.inputs.event_counts import EventCounts, count_studies
from evidence.synthesis.numerics.newton import Maximum, Objective, maximise
from evidence.synthesis.rare_events.count_likelihood import (
    CountLikelihood,
    conditional_binomial,
    conditional_exact,
    unconditional,
)
from evidence.synthesis.rare_events.gauss_hermite_likelihood import (
    gauss_hermite_effect,
    gauss_hermite_level_and_effect,
)
from evidence.synthesis.rare_events.marginal_likelihood import (
    MarginalLikelihood,
    ProfiledLevels,
    fixed_effect,
    random_effect,
    random_level_and_effect,
    shared_parameters,
)

#: Standard deviations between studies from which the search chooses its start.
_STARTS: Final = (0.2, 0.8, 3.0)
#: A standard deviation found below this is tried as 0, and is 0 if that is no less likely.
_NEARLY_ZERO: Final = 5e-3
_NO_LESS_LIKELY: Final = 1e-10
#: Terms of a study's log likelihood up to which rounding leaves standard errors four digits.
MOST_TERMS: Final = 1e7
#: A standard deviation on the log or logit scale beyond which a likelihood is flat.
_LARGEST: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFit:
    """Estimates of a model, on the log or logit scale.

    Attributes
    ----------
    theta, se : float
        Mean effect and its standard error, from the observed information of all parameters.
    tau, se_tau : float, float or None
        Standard deviation of the effects and its standard error; None at 0.
    sigma : float or None
        Standard deviation of the levels, where they are random.
    log_likelihood : float
        Marginal log likelihood with all constants.
    steps : int
        Steps of the search.
    """

    theta: float
    se: float
    tau: float
    se_tau: float | None
    sigma: float | None
    log_likelihood: float
    steps: int


def count_likelihood(counts: EventCounts, model: str | None) -> CountLikelihood:
    """Likelihood of the events given the effects, by the model's name."""
    if model == "CM.AL" or (model == "CM.EL" and counts.person_time):
        return conditional_binomial(counts)
    return conditional_exact(counts) if model == "CM.EL" else unconditional(counts)


def check_finite(counts: EventCounts, model: str | None) -> None:
    """Refuse counts whose likelihood grows towards an infinite effect.

    Raises
    ------
    NotEstimable
        With the direction and what to do.
    """
    events, others = counts.events, counts.others
    if counts.events.shape[1] == 1:
        lowest = bool(np.all(events == 0))
        highest = not counts.person_time and bool(np.all(others == 0))
    elif model == "UM.RS":
        none, only = (
            np.all(events == 0, axis=0),
            np.all(others == 0, axis=0) & (not counts.person_time),
        )
        lowest, highest = bool(none[0] or only[1]), bool(none[1] or only[0])
    else:
        # in every study as few (or as many) events of arm 1 as both margins allow
        few, many = events[:, 0] == 0, events[:, 1] == 0
        if not counts.person_time:
            few, many = few | (others[:, 1] == 0), many | (others[:, 0] == 0)
        lowest, highest = bool(few.all()), bool(many.all())
    if lowest or highest:
        side = "minus infinity" if lowest else "infinity"
        raise NotEstimable(
            f"A mixed model ({counts.measure}) of {counts.k} studies was asked for, and its "
            f"estimate is {side}: every study lies at the edge of what its counts allow. Use a "
            "method that has a finite estimate, such as Firth's penalised likelihood, or exact "
            "limits."
        )


def check_precision(counts: EventCounts, likelihood: CountLikelihood) -> None:
    """Refuse counts so large that rounding hides the variation between studies.

    An integral over the random effect is a mean of likelihoods, each off by the rounding of its
    logarithm, whose terms grow with the counts; its second derivative loses as much times the
    information of the study.

    Parameters
    ----------
    counts : EventCounts
        Studies, for the names of those with too large counts.
    likelihood : CountLikelihood
        Likelihood of the same studies.

    Raises
    ------
    NotEstimable
        With the studies and what to do.
    """
    terms = likelihood.sizes_of_terms
    large = [label for label, size in zip(counts.labels, terms, strict=True) if size > MOST_TERMS]
    if large:
        raise NotEstimable(
            f"A mixed model ({counts.measure}) of {count_studies(counts.k)} was asked for, and "
            f"there are too many events in {', '.join(large)}: the log likelihood adds up terms of "
            f"{float(terms.max()):.3g}, and beyond {MOST_TERMS:.0e} rounding hides its maximum. "
            "Use inverse variance, which is as good with so many."
        )


def fit_common(likelihood: CountLikelihood, *, same_level: bool = False) -> CountFit:
    """Effect that all studies share, each with its own level (or all with the same).

    Parameters
    ----------
    likelihood : CountLikelihood
        Likelihood of the studies.
    same_level : bool
        Whether the level is common as well.
    """
    studies = fixed_effect(likelihood)
    if likelihood.leveled and not same_level:
        objective: Objective = ProfiledLevels(studies, _start_levels(likelihood))
        start, free, place = np.zeros(1), np.ones(1, dtype=bool), 0
    else:
        objective = shared_parameters(studies, likelihood.k)
        start, free, place = np.zeros(2), np.array([likelihood.leveled, True]), 1
    found = maximise(objective, start, free, rounding=float(likelihood.rounding.sum()))
    return _read(found, free, place)


def fit_random(likelihood: CountLikelihood, common: CountFit, nodes: int | None) -> CountFit:
    """Effects that vary normally between studies.

    Parameters
    ----------
    likelihood : CountLikelihood
        Likelihood of the studies.
    common : CountFit
        Fit of a common effect: the start, and the boundary.
    nodes : int or None
        Nodes of adaptive Gauss-Hermite quadrature; None for quadrature to convergence.
    """
    exact = _search(likelihood, random_effect(likelihood), common.theta, _STARTS)
    as_likely = common.log_likelihood + _no_less_likely(likelihood)
    if nodes is None or exact.log_likelihood <= as_likely:
        best = exact
    if nodes is not None:
        rule = gauss_hermite_effect(likelihood, nodes)
        best = _search(likelihood, rule, exact.theta, (max(exact.tau, 0.1),))
    if best.log_likelihood > as_likely:
        return best
    return CountFit(
        theta=common.theta,
        se=common.se,
        tau=0.0,
        se_tau=None,
        sigma=None,
        log_likelihood=common.log_likelihood,
        steps=best.steps,
    )


def _search(
    likelihood: CountLikelihood, studies: MarginalLikelihood, theta: float, taus: Sequence[float]
) -> CountFit:
    """Maximum over theta and tau, from the most likely of several tau."""
    if likelihood.leveled:
        objective: Objective = ProfiledLevels(studies, _start_levels(likelihood))
        starts = [np.array([theta, tau]) for tau in taus]
        free, place = np.ones(2, dtype=bool), 0
    else:
        objective = shared_parameters(studies, likelihood.k)
        starts = [np.array([0.0, theta, tau]) for tau in taus]
        free, place = np.array([False, True, True]), 1
    start = _most_likely(objective, starts)
    found = maximise(objective, start, free, rounding=float(likelihood.rounding.sum()))
    return _read(found, free, place, tau_place=place + 1)


def _no_less_likely(likelihood: CountLikelihood) -> float:
    """Difference of log likelihoods that is none: a trifle, or what rounding leaves."""
    return max(_NO_LESS_LIKELY, float(likelihood.rounding.sum()))


def _most_likely(objective: Objective, starts: Sequence[FloatArray]) -> FloatArray:
    if len(starts) == 1:
        return starts[0]
    return max(starts, key=lambda start: objective(start).value)


def _start_levels(likelihood: CountLikelihood) -> FloatArray:
    """Level of each study from its events in all arms."""
    x = likelihood.events.sum(axis=1) + 0.5
    if likelihood.family == "poisson":
        return np.asarray(np.log(x / np.exp(likelihood.offsets).sum(axis=1)))
    return np.asarray(np.log(x / (likelihood.sizes.sum(axis=1) + 1 - x)))


def fit_random_level(
    likelihood: CountLikelihood, nodes: int | None, *, common_effect: bool
) -> CountFit:
    """Levels that vary normally between studies, with effects that do or do not.

    Parameters
    ----------
    likelihood : CountLikelihood
        Likelihood of the studies.
    nodes : int or None
        Nodes of each dimension of an adaptive Gauss-Hermite rule (1: Laplace); None for
        quadrature to convergence.
    common_effect : bool
        Whether the effect is the same in all studies.
    """
    point = _start_random_level(likelihood, common_effect)
    free = np.array([True, True, not common_effect, True])
    rules: list[MarginalLikelihood] = [random_level_and_effect(likelihood)]
    if nodes is not None:
        rules.append(gauss_hermite_level_and_effect(likelihood, nodes))
    for rule in rules:
        objective = shared_parameters(rule, likelihood.k)
        # at 0 the derivative by a standard deviation is 0, and a search would not leave it
        point[2:] = np.where(free[2:], np.maximum(np.abs(point[2:]), 0.05), 0.0)
        found, within = _with_boundary(objective, point, free, likelihood)
        point = found.point.copy()
    return _read(found, within, 1, tau_place=2, sigma_place=3)


def _with_boundary(
    objective: Objective, start: FloatArray, free: BoolArray, likelihood: CountLikelihood
) -> tuple[Maximum, BoolArray]:
    """Maximum with standard deviations that are nearly 0 set to 0 where that is no less likely."""
    rounding = float(likelihood.rounding.sum())
    found = maximise(objective, start, free, rounding=rounding)
    for place in (2, 3):
        if not free[place] or abs(found.point[place]) > _NEARLY_ZERO:
            continue
        fixed = free & (np.arange(free.size) != place)
        start = np.where(np.arange(free.size) == place, 0.0, found.point)
        there = maximise(objective, start, fixed, rounding=rounding)
        if there.total.value >= found.total.value - _no_less_likely(likelihood):
            found, free = there, fixed
    return found, free


def _start_random_level(likelihood: CountLikelihood, common_effect: bool) -> FloatArray:
    """Mean level, effect and standard deviations from the arms' own logits or log rates."""
    x = likelihood.events + 0.5
    if likelihood.family == "poisson":
        own, vi = np.log(x) - likelihood.offsets, 1 / x
    else:
        y = likelihood.sizes - likelihood.events + 0.5
        own, vi = np.log(x / y), 1 / x + 1 / y
    level, effect = own.mean(axis=1), own[:, 0] - own[:, 1]
    sigma = math.sqrt(max(float(np.var(level, ddof=1) - vi.mean() / 2), 0.05))
    tau = math.sqrt(max(float(np.var(effect, ddof=1) - 2 * vi.mean()), 0.05))
    weights = 1 / (vi.sum(axis=1) + tau**2)
    theta = float(np.average(effect, weights=weights))
    return np.array([level.mean(), theta, 0.0 if common_effect else min(tau, 3.0), min(sigma, 3.0)])


def _read(
    found: Maximum,
    free: BoolArray,
    place: int,
    *,
    tau_place: int | None = None,
    sigma_place: int | None = None,
) -> CountFit:
    """Estimates and standard errors at a maximum."""
    scales = [found.point[at] for at in (tau_place, sigma_place) if at is not None]
    if any(abs(scale) > _LARGEST for scale in scales):
        raise NotEstimable(
            "The variance between studies grows without bound: the studies have nothing but the "
            "extremes that their counts allow. Use a common-effect method."
        )
    spread = _standard_errors(found, free)
    tau = 0.0 if tau_place is None else abs(float(found.point[tau_place]))
    at_zero = tau_place is None or not free[tau_place] or tau == 0.0
    return CountFit(
        theta=float(found.point[place]),
        se=spread[place],
        tau=tau,
        se_tau=None if at_zero or tau_place is None else spread[tau_place],
        sigma=None if sigma_place is None else abs(float(found.point[sigma_place])),
        log_likelihood=found.total.value,
        steps=found.steps,
    )


def _standard_errors(found: Maximum, free: BoolArray) -> list[float]:
    """Roots of the diagonal of the inverse observed information of the free parameters."""
    information = -found.total.hessian[np.ix_(free, free)]
    if not is_definite(information):
        raise NotEstimable(
            "The likelihood is flat at its maximum, and gives no standard error. Use a "
            "common-effect method."
        )
    spread = np.zeros(free.size)
    spread[free] = np.sqrt(np.diag(np.linalg.inv(information)))
    return [float(value) for value in spread]
