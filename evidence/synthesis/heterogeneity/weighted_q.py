"""Generalised Cochran heterogeneity statistic: its test, its estimate of tau2, and its interval.

With fixed weights ``a`` the statistic is ``Q = y'Py``, P as in weighted least squares. Under normal
effects with variances ``vi + tau2`` it is a weighted sum of chi-squared variables, so the test and
the interval are exact, apart from taking the sampling variances as known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize

from evidence.arrays import FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import TooFewStudies, known_name
from evidence.input_checks import InputCheck
from evidence.results import Result
from evidence.synthesis.heterogeneity.measures import Tau2Interval
from evidence.synthesis.inputs.studies import StudyInput, check_studies
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.numerics.quadratic_forms import Tails, weighted_chi_squared_tails
from evidence.synthesis.numerics.weighted_least_squares import WeightedFit, fit_weighted

#: Rules for the weights of the statistic, by name.
WEIGHT_RULES: Final = {
    "inverse-variance": "1 / vi, which makes it Cochran's Q and its estimate DerSimonian-Laird",
    "inverse-se": "1 / sqrt(vi)",
    "equal": "1, which makes its estimate that of Hedges",
}
#: Step of the search for a bound, in units of log tau2.
_STEP: Final = 2.0
Weights = str | npt.ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralisedQTest(Result):
    """Generalised Q statistic with the estimate of tau2 by its expectation.

    Attributes
    ----------
    q : float
        Weighted residual sum of squares.
    df : int
        Studies minus coefficients.
    p_value : float
        Exact upper tail if tau2 is 0.
    tau2 : float
        Between-study variance at which Q has its expectation, not below 0, in squared units of the
        effects.
    se_tau2 : float
        Standard error at that tau2.
    weights : str
        Rule of the weights, or "given".
    """

    q: float
    df: int
    p_value: float
    tau2: float
    se_tau2: float
    weights: str


@studies_in_double_precision("The generalised Q statistic")
def generalised_q(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    weights: Weights = "inverse-variance",
    *,
    design: npt.ArrayLike | None = None,
) -> GeneralisedQTest:
    """Generalised Q test of homogeneity and the estimate of tau2 that goes with it.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, more studies than coefficients; or an EffectSizes alone.
    weights : str or array_like, shape (k,)
        "inverse-variance", "inverse-se", "equal", or positive numbers; only ratios matter to tau2.
    design : array_like, shape (k, p), or None
        Moderators including the constant; None for the intercept alone.

    Raises
    ------
    TooFewStudies
        If there are not more studies than coefficients.
    EmptySelection, UnknownName, BadInput
        If there is no study, or the effects, variances, weights or design are not usable.
    NotEstimable
        If the numbers leave the range of double precision.

    References
    ----------
    DerSimonian & Kacker (2007), Contemp Clin Trials 28:105-114 (tau2). Jackson et al. (2014), BMC
    Med Res Methodol 14:103 (moderators).
    metafor: ``rma(yi, vi, weights=, method="GENQ")$tau2`` and ``$se.tau2``.
    """
    form = _quadratic_form(yi, vi, weights, design)
    trace, sampling = float(form.fit.trace_p), float(np.sum(form.vi * form.diagonal))
    tau2 = max(0.0, (form.q - sampling) / trace)
    variance = 2.0 * float(form.fit.trace_pp(form.vi, form.vi))
    variance += 4.0 * tau2 * float(form.fit.trace_pp(form.vi))
    variance += 2.0 * tau2**2 * float(form.fit.trace_pp())
    return GeneralisedQTest(
        q=form.q * form.scale,
        df=form.df,
        p_value=form.tails(0.0).upper,
        tau2=tau2,
        se_tau2=math.sqrt(variance) / trace,
        weights=weights if isinstance(weights, str) else "given",
    )


@studies_in_double_precision("The generalised Q interval of tau2")
def generalised_q_interval(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    weights: Weights = "inverse-variance",
    *,
    level: float = 0.95,
    design: npt.ArrayLike | None = None,
) -> Tau2Interval:
    """Interval of tau2 by inverting the exact generalised Q test, with equal tails.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, more studies than coefficients; or an EffectSizes alone.
    weights : str or array_like, shape (k,)
        As in ``generalised_q``.
    level : float
        Coverage.
    design : array_like, shape (k, p), or None
        Moderators including the constant; None for the intercept alone.

    Raises
    ------
    TooFewStudies, EmptySelection, UnknownName, BadInput, NotEstimable
        As ``generalised_q``.

    References
    ----------
    Jackson (2013), Res Synth Methods 4:220-229. Jackson et al. (2014), BMC Med Res Methodol 14:103
    (moderators). metafor: ``confint(rma(yi, vi, weights=, method="GENQ"))``.
    """
    tail = (1.0 - check_level(level)) / 2.0
    form = _quadratic_form(yi, vi, weights, design)
    at_zero, start = form.tails(0.0), float(form.vi.max())
    low = high = 0.0
    if at_zero.upper < tail:
        low = _crossing(lambda tau2: tail - form.tails(tau2).upper, start)
    if at_zero.lower > tail:
        high = _crossing(lambda tau2: form.tails(tau2).lower - tail, start)
    return Tau2Interval(low=low, high=high, level=level, empty=at_zero.lower < tail)


def _quadratic_form(
    yi: StudyInput,
    vi: npt.ArrayLike | None,
    weights: Weights,
    design: npt.ArrayLike | None,
) -> QuadraticForm:
    """Form of what was given to a public function, checked."""
    studies = check_studies(yi, vi)
    if design is None:
        return QuadraticForm(studies.yi, studies.vi, weights, None)
    check = InputCheck("A generalised Q statistic with moderators", studies.labels)
    (matrix,) = check.numbers(design=design)
    k = studies.yi.size
    if matrix.ndim != 2 or matrix.shape[0] != k or not matrix.size:
        check.problems.append(f"design has shape {matrix.shape} for {k} studies")
    check.refuse("Give a matrix with a row for each study, and the constant among its columns.")
    return QuadraticForm(studies.yi, studies.vi, weights, matrix)


def _crossing(falling: Callable[[float], float], start: float) -> float:
    """Tau2 above 0 where a function that is positive at 0 and falls is 0."""
    low = high = math.log(start)
    while falling(math.exp(low)) < 0.0:
        low, high = low - _STEP, low
    while falling(math.exp(high)) > 0.0:
        low, high = high, high + _STEP
    root = optimize.brentq(lambda log: falling(math.exp(log)), low, high, xtol=1e-14, rtol=1e-14)
    return math.exp(float(root))


class QuadraticForm:
    """The statistic of one set of studies and its distribution by tau2.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances, checked.
    weights : str or array_like, shape (k,)
        As in ``generalised_q``.
    design : ndarray, shape (k, p), or None
        Moderators including the constant.
    """

    def __init__(
        self, yi: FloatArray, vi: FloatArray, weights: Weights, design: FloatArray | None
    ) -> None:
        p = 1 if design is None else design.shape[1]
        if yi.size <= p:
            raise TooFewStudies(
                f"A generalised Q statistic with {p} coefficient(s) needs at least {p + 1} studies "
                f"and found {yi.size}. Report the studies alone, or use fewer moderators."
            )
        found = resolve_weights(weights, vi)
        self.scale = float(found.max())
        self.vi, self.df = vi, yi.size - p
        self.fit: WeightedFit = fit_weighted(yi, found / self.scale, design)
        self.q = float(self.fit.rss)
        self.diagonal: FloatArray = self.fit.weights * self.fit.remainder

    def tails(self, tau2: float) -> Tails:
        """Probability of a smaller and of a larger statistic at ``tau2``."""
        # W^(1/2) (vi + tau2) W^(1/2) seen from outside the span of the design
        spread = np.sqrt(self.fit.weights * (self.vi + tau2))
        outside = np.eye(spread.size) - self.fit.basis @ self.fit.basis.T
        inner = spread[:, None] * outside * spread
        roots = np.asarray(np.linalg.eigvalsh(inner)[-self.df :], dtype=np.float64)
        return weighted_chi_squared_tails(self.q, roots[roots > 0.0])


def resolve_weights(weights: Weights, vi: FloatArray) -> FloatArray:
    """Weights of the statistic, shape (k,), from their rule or as given.

    Parameters
    ----------
    weights : str or array_like, shape (k,)
        A name in ``WEIGHT_RULES``, or positive numbers.
    vi : ndarray, shape (k,)
        Sampling variances.

    Raises
    ------
    UnknownName
        If there is no such rule.
    BadInput
        If their number is not that of the studies, or one is not above 0.
    """
    if isinstance(weights, str):
        known_name("rule for the weights of a generalised Q", weights, WEIGHT_RULES)
        power = {"inverse-variance": -1.0, "inverse-se": -0.5, "equal": 0.0}[weights]
        return np.asarray(vi**power)
    check = InputCheck("A generalised Q statistic")
    (given,) = check.numbers(weights=weights)
    if given.shape != vi.shape:
        check.problems.append(f"there are {given.size} weights for {vi.size} studies")
    check.where(given <= 0.0, "a weight is {}; it is above 0", given)
    check.refuse("Give one positive weight for each study, or a rule by name.")
    return given
