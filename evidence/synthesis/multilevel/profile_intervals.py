"""Profile likelihood intervals of variance components and correlations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import optimize

from evidence.errors import NotEstimable, known_name
from evidence.input_checks import require_kind
from evidence.results import Result
from evidence.synthesis.inputs.random_effects import RandomTerm, correlation_angle
from evidence.synthesis.multilevel.mixed_model import MixedModel
from evidence.synthesis.multilevel.records import PooledMultilevel
from evidence.synthesis.numerics.distributions import check_level, chi_squared_quantile

#: Variances beyond this multiple of the spread of the effects are out of bounds.
_LARGEST = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileInterval(Result):
    """Profile likelihood interval of one variance component.

    Attributes
    ----------
    component : str
        What it is the interval of.
    estimate, low, high : float
        Estimate and bounds, in squared units of the effects; a correlation has none.
    level : float
        Coverage.
    """

    component: str
    estimate: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class _Component:
    """A value that the profile fixes: which parameter, and how the value becomes it."""

    estimate: float
    position: int
    terms: tuple[RandomTerm, ...]
    parameter: Callable[[float], float]
    correlation: tuple[float, float] | None = None


def profile_interval(
    model: PooledMultilevel, component: str, level: float | None = None
) -> ProfileInterval:
    """Interval of a variance or correlation where the log likelihood stays near its peak.

    Parameters
    ----------
    model : PooledMultilevel
        Fit by ML or REML.
    component : str
        A random intercept by its name ("study"), or of a structure "name tau2[level]" (UN, DIAG),
        "name tau2" (CS) or "name rho" (CS, or UN of two levels).
    level : float, optional
        Coverage; that of the model if left out.

    Raises
    ------
    UnknownName
        If there is no such component, or no profile of it is offered.
    NotEstimable
        If the likelihood stays high for any value.

    References
    ----------
    Hardy & Thompson (1996), Stat Med 15:619-629. metafor: ``confint(rma.mv(...), sigma2=1)``.
    """
    require_kind(
        "A profile likelihood interval",
        model,
        PooledMultilevel,
        "Give the result of pool_multilevel().",
    )
    level = model.level if level is None else check_level(level)
    known = dict(_components(model))
    known_name("variance component", component, known)
    found = known[component]
    restricted = model.method == "REML"
    x = model.design.matrix
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            mixed = MixedModel(model.yi, model.vi, x, found.terms, restricted=restricted)
            low, high = _bounds(mixed, found, level)
    except (ArithmeticError, np.linalg.LinAlgError) as failure:
        raise NotEstimable(
            f"A profile likelihood interval of {component} left the range of double precision. "
            "Check the variances, or give the effects in another unit."
        ) from failure
    unit = 1.0 if found.correlation else model.scale**2
    return ProfileInterval(
        component=component,
        estimate=found.estimate * unit,
        low=low * unit,
        high=high * unit,
        level=level,
    )


def _components(model: PooledMultilevel) -> Iterator[tuple[str, _Component]]:
    """Every component that has a profile, in scaled units."""
    offset = 0
    for which, term in enumerate(model.terms):
        effect = model.random_effects[which]
        variances = effect.variances / model.scale**2
        count = len(term.parameters)
        names = term.parameters[: -1 if term.parameters[-1].endswith("rho") else count]
        if term.kind == "UN" and len(term.levels) > 2:
            names = tuple(f"{term.name} tau2[{level}]" for level in term.levels)
        for i, name in enumerate(names):
            first = term.kind == "UN" and len(term.levels) > 2
            terms = list(model.terms)
            terms[which] = term.led_by(i) if first else term
            yield (
                name,
                _Component(
                    float(variances[i]), offset + (0 if first else i), tuple(terms), math.sqrt
                ),
            )
        if term.parameters[-1].endswith("rho"):
            rho = float(effect.correlations[0, 1])
            lowest = -1.0 / (len(term.levels) - 1)
            yield (
                term.parameters[-1],
                _Component(
                    rho,
                    offset + count - 1,
                    model.terms,
                    partial(correlation_angle, term),
                    (lowest, 1.0),
                ),
            )
        offset += count


def _bounds(mixed: MixedModel, component: _Component, level: float) -> tuple[float, float]:
    """Both ends, in scaled units."""
    peak = mixed.maximise()
    # a parameter that is 0 at the peak has no slope there, and would never move again
    away = np.concatenate([term.start(mixed.excess) for term in mixed.terms])
    cut = peak.value - chi_squared_quantile(1.0 - level, 1) / 2.0
    estimate, last = component.estimate, peak.parameters

    def height(value: float) -> float:
        nonlocal last
        fixed = {component.position: component.parameter(value)}
        found = mixed.maximise(fixed, [last, peak.parameters, away])
        last = found.parameters
        return found.value - cut

    lowest, highest = component.correlation or (0.0, math.inf)
    low = lowest if estimate <= lowest or height(lowest) >= 0.0 else _root(height, lowest, estimate)
    if component.correlation:
        if estimate >= highest or height(highest) >= 0.0:
            return low, highest
        return low, _root(height, estimate, highest)
    upper = 2.0 * estimate + 0.1
    while height(upper) >= 0.0:
        upper *= 4.0
        if upper > _LARGEST:
            raise NotEstimable(
                "A profile likelihood interval was asked for and the likelihood stays high however "
                "large the variance is: there are too few groups for an upper bound."
            )
    return low, _root(height, estimate, upper)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    try:
        return float(optimize.brentq(function, low, high, xtol=1e-13, rtol=1e-11, maxiter=200))
    except ValueError as failure:
        # rounding hides the peak from the profile when variances differ by too many digits
        raise ArithmeticError("the profile does not cross the cut") from failure
