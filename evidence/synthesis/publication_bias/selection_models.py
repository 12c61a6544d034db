"""Selection models: a summary that allows for results being seen according to their p-values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.arrays import FloatArray
from evidence.double_precision import is_definite, studies_in_double_precision
from evidence.errors import NotEstimable, TooFewStudies, known_name
from evidence.results import Result
from evidence.synthesis.heterogeneity.tau2_estimates import estimate_tau2
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel, log_likelihood
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.numerics.distributions import (
    check_level,
    chi_squared_p,
    critical_value,
    two_sided_p,
)
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.publication_bias.selection_likelihood import (
    Height,
    SelectionLikelihood,
    climb,
)
from evidence.synthesis.publication_bias.selection_weights import (
    WEIGHTS,
    StepFunction,
    WeightFunction,
)

if TYPE_CHECKING:
    import pandas as pd

ALTERNATIVES = ("greater", "less", "two-sided")
#: Where the weights start: no selection, and two strengths of it.
_STARTS = (1.0, 0.5, 0.2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledSelection(Result):
    """Summary under selection by p-value, on the scale of the effects.

    Attributes
    ----------
    estimate, se : float
        Mean effect in all studies, seen or not, and its standard error.
    ci_low, ci_high, level : float
        Normal confidence interval and its coverage.
    statistic, p_value : float
        Estimate over ``se``, and its two-sided p-value.
    tau2, se_tau2 : float, float or None
        Between-study variance and its standard error; None where tau2 is 0.
    delta, delta_se : ndarray, shape (q,)
        Step: weights of the intervals after the first, which has 1. Beta: the two exponents, both
        1 without selection.
    log_likelihood, log_likelihood_unselected : float
        At the maximum, with and without selection.
    lrt, lrt_df, lrt_p : float, int, float
        Likelihood ratio test of selection.
    weights : str
        step or beta.
    steps : tuple of float
        Ends of the intervals of the p-value, without the last (1); empty for beta.
    counts : tuple of int
        Number of studies in each interval; empty for beta.
    alternative : str
        Side of the p-values: greater, less or two-sided.
    k : int
        Number of studies.
    labels : tuple of str, length k
        Studies.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    level: float
    statistic: float
    p_value: float
    tau2: float
    se_tau2: float | None
    delta: FloatArray
    delta_se: FloatArray
    log_likelihood: float
    log_likelihood_unselected: float
    lrt: float
    lrt_df: int
    lrt_p: float
    weights: str
    steps: tuple[float, ...]
    counts: tuple[int, ...]
    alternative: str
    k: int
    labels: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row for each parameter: mu, tau2, and the weights."""
        import pandas as pd

        names = ["mu", "tau2", *(f"delta{i + 1}" for i in range(self.delta.size))]
        columns = {
            "parameter": names,
            "estimate": [self.estimate, self.tau2, *self.delta],
            "se": [self.se, self.se_tau2, *self.delta_se],
        }
        frame = pd.DataFrame(columns).set_index("parameter")
        return frame.assign(lrt=self.lrt, lrt_df=self.lrt_df, lrt_p=self.lrt_p)


@takes_fit("level")
def selection_model(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    weights: str = "step",
    steps: Sequence[float] = (0.025,),
    alternative: str = "greater",
    smallest_p: float = 1e-5,
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> PooledSelection:
    """Maximum likelihood under a model of which p-values are seen.

    ``steps=(0.025,)`` is the three-parameter, ``(0.025, 0.5)`` the four-parameter model.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    weights : str
        "step" or "beta".
    steps : sequence of float
        Of step: where the weight changes, p-values between 0 and 1.
    alternative : str
        Whether results are favoured that are greater than 0, less, or (step alone) either.
    smallest_p : float
        Of beta: p-values are clipped to between this and 1 minus this.
    level : float
        Coverage of the interval.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there are not more studies than parameters.
    BadInput, EmptySelection, UnknownName
        If the data or a choice cannot be right.
    NotEstimable
        If an interval holds no study, or the likelihood has no maximum.

    References
    ----------
    Vevea & Hedges (1995), Psychometrika 60:419-435. Citkowicz & Vevea (2017), Psychol Methods
    22:28-41. metafor: ``selmodel(rma(yi, vi, method="ML"), type="stepfun", steps=)``, "beta".
    """
    level = check_level(level)
    ends = _checked_steps(weights, steps, alternative, smallest_p)
    studies = check_studies(yi, vi, labels)
    parameters = 2 + WEIGHTS[weights].parameters(ends)
    if studies.yi.size <= parameters:
        raise TooFewStudies(
            f"A selection model with {parameters} parameters was asked of {studies.yi.size} "
            f"studies and needs {parameters + 1}. Use fewer steps, or report the plain summary."
        )
    sign = -1.0 if alternative == "less" else 1.0
    with studies_in_double_precision("The selection model"):
        function = _weight_function(studies, sign, weights, ends, alternative, smallest_p)
        return _fit(studies, sign, function, weights, ends, alternative, level)


def _checked_steps(
    weights: str, steps: Sequence[float], alternative: str, smallest_p: float
) -> FloatArray:
    """Ends of the intervals without 0 and 1, rising."""
    known_name("weight function of a selection model", weights, WEIGHTS)
    known_name("alternative", alternative, ALTERNATIVES)
    return WEIGHTS[weights].ends(steps, alternative, smallest_p)


def _weight_function(
    studies: Studies,
    sign: float,
    weights: str,
    ends: FloatArray,
    alternative: str,
    smallest_p: float,
) -> WeightFunction:
    """Weight function of the observed p-values; every interval must hold one."""
    z = sign * studies.yi / np.sqrt(studies.vi)
    two_sided = alternative == "two-sided"
    p_values = 2.0 * special.ndtr(-np.abs(z)) if two_sided else special.ndtr(-z)
    return WEIGHTS[weights].function(p_values, ends, alternative, smallest_p)


def _fit(
    studies: Studies,
    sign: float,
    function: WeightFunction,
    weights: str,
    ends: FloatArray,
    alternative: str,
    level: float,
) -> PooledSelection:
    unit = float(np.median(studies.vi)) ** 0.5
    yi, vi, k = sign * studies.yi / unit, studies.vi / unit**2, studies.yi.size
    plain = TauModel(yi, vi)
    tau2 = estimate_tau2(yi, vi, "ML").tau2
    start = np.array([float(plain.at(tau2).coefficients[0]), tau2])
    place, height = _highest(SelectionLikelihood(yi, vi, function), start, function.parameters)
    errors = _standard_errors(place, height)
    estimate, se = sign * float(place[0]) * unit, float(errors[0]) * unit
    shift = k * math.log(unit)
    unselected = float(log_likelihood(plain, tau2, restricted=False))
    lrt = max(0.0, 2.0 * (height.value - unselected))
    delta, delta_se = place[2:].copy(), errors[2:].copy()
    for array in (delta, delta_se):
        array.setflags(write=False)
    half = critical_value(level, None) * se
    return PooledSelection(
        estimate=estimate,
        se=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        level=level,
        statistic=estimate / se,
        p_value=two_sided_p(estimate / se, None),
        tau2=float(place[1]) * unit**2,
        se_tau2=float(errors[1]) * unit**2 if place[1] > 0.0 else None,
        delta=delta,
        delta_se=delta_se,
        log_likelihood=height.value - shift,
        log_likelihood_unselected=unselected - shift,
        lrt=lrt,
        lrt_df=function.parameters,
        lrt_p=chi_squared_p(lrt, function.parameters),
        weights=weights,
        steps=tuple(ends.tolist()),
        counts=tuple(function.counts.tolist()) if isinstance(function, StepFunction) else (),
        alternative=alternative,
        k=k,
        labels=studies.labels,
    )


def _highest(
    likelihood: SelectionLikelihood, start: FloatArray, parameters: int
) -> tuple[FloatArray, Height]:
    """Highest of the maxima that are reached from several strengths of selection."""
    found, refusal = [], NotEstimable("The likelihood of the selection model has no maximum.")
    for weight in _STARTS:
        try:
            found.append(climb(likelihood, np.concatenate([start, np.full(parameters, weight)])))
        except NotEstimable as reason:
            refusal = reason
    if not found:
        raise refusal
    return max(found, key=lambda pair: pair[1].value)


def _standard_errors(place: FloatArray, height: Height) -> FloatArray:
    """Standard errors from the observed information; tau2 has none (NaN) where it is 0."""
    free = np.ones(place.size, dtype=bool)
    free[1] = place[1] > 0.0
    information = -height.hessian[np.ix_(free, free)]
    if not is_definite(information):
        raise NotEstimable(
            "The likelihood of the selection model is flat at its maximum, so the weights are not "
            "determined. Use fewer steps, or another weight function."
        )
    errors = np.full(place.size, np.nan)
    errors[free] = np.sqrt(np.diag(np.linalg.inv(information)))
    return errors
