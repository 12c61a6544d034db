"""Test of excess significance: more significant studies than their power lets expect."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.arrays import FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import BadInput, NotEstimable, TooFewStudies, known_name
from evidence.input_checks import real_number
from evidence.results import Result
from evidence.synthesis.heterogeneity.estimators import estimator_name
from evidence.synthesis.heterogeneity.tau2_estimates import estimate_tau2
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.numerics.weighted_least_squares import fit_weighted
from evidence.synthesis.pairwise.fit_settings import takes_fit

#: Tests of the number of significant studies, in words.
TESTS = {
    "chi2": "chi-squared with 1 df, one-sided",
    "binom": "binomial at the average power",
    "exact": "sum of Bernoulli variables, each with its own power",
}
ALTERNATIVES = ("two-sided", "greater", "less")
#: Nodes of the integral beyond ``reach``, and its length in standard deviations.
_NODES, _TAIL = 80, 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExcessSignificanceTest(Result):
    """Observed and expected number of significant studies.

    Attributes
    ----------
    observed : int
        Studies with a p-value up to ``alpha``.
    expected : float
        Sum of their powers.
    ratio : float
        Observed over expected.
    statistic : float or None
        Chi-squared statistic; None for the other tests.
    p_value : float
        One-sided, against more than expected.
    test : str
        chi2, binom or exact.
    estimate, tau2 : float
        True effect, and its variance between studies, at which the power is taken.
    power : ndarray, shape (k,)
        Power of each study.
    alpha : float
        Level of significance of the studies.
    alternative : str
        Side of the studies' own tests.
    labels : tuple of str, length k
        Studies.
    """

    observed: int
    expected: float
    ratio: float
    statistic: float | None
    p_value: float
    test: str
    estimate: float
    tau2: float
    power: FloatArray
    alpha: float
    alternative: str
    labels: tuple[str, ...]

    OMITTED = ("power", "labels")


@takes_fit("method")
def excess_significance(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    test: str = "chi2",
    alpha: float = 0.05,
    alternative: str = "two-sided",
    method: str = "REML",
    reach: float | None = None,
    labels: Iterable[str] | None = None,
) -> ExcessSignificanceTest:
    """Whether more studies are significant than their power lets expect.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects of 2 or more studies; ratios on the log scale, tested against 0.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    test : str
        chi2, binom or exact.
    alpha : float
        Level of significance of the studies.
    alternative : str
        Of the studies' own tests: two-sided, greater or less.
    method : str
        Estimator of tau2 for the true effect; with tau2 above 0 the power is averaged over the
        distribution of true effects.
    reach : float, optional
        Standard deviations to either side over which it is averaged (metafor: 5, which loses up
        to 5.7e-7 of the power); the whole distribution if left out.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there is one study.
    BadInput, EmptySelection, UnknownName
        If the data or a choice cannot be right.
    NotEstimable
        If no study, or every study, is certain to be significant.

    References
    ----------
    Ioannidis & Trikalinos (2007), Clin Trials 4:245-253. metafor: ``tes(res, test=)``.
    """
    _check_choices(test, alternative, alpha, reach)
    name = estimator_name(method)
    studies = check_studies(yi, vi, labels)
    if studies.yi.size < 2:
        raise TooFewStudies(
            "A test of excess significance needs 2 studies and found 1 "
            f"({studies.labels[0]}). Report the study's own p-value."
        )
    with studies_in_double_precision("The power of the studies"):
        tau2 = estimate_tau2(studies.yi, studies.vi, name).tau2
        fit = fit_weighted(studies.yi, 1.0 / (studies.vi + tau2), None)
        estimate = float(fit.coefficients[0])
        power = _power(studies.vi, estimate, tau2, alpha, alternative, reach)
    observed = _significant(studies, alpha, alternative)
    statistic, p_value = _test(test, observed, power)
    power.setflags(write=False)
    expected = float(power.sum())
    return ExcessSignificanceTest(
        observed=observed,
        expected=expected,
        ratio=observed / expected,
        statistic=statistic,
        p_value=p_value,
        test=test,
        estimate=estimate,
        tau2=tau2,
        power=power,
        alpha=alpha,
        alternative=alternative,
        labels=studies.labels,
    )


def _check_choices(test: str, alternative: str, alpha: float, reach: float | None) -> None:
    known_name("test of excess significance", test, TESTS)
    known_name("alternative", alternative, ALTERNATIVES)
    if not 0.0 < real_number(alpha) < 1.0:
        raise BadInput(f"Significance at alpha {alpha!r:.80} was asked for. Give one such as 0.05.")
    if reach is not None and not 0.0 < real_number(reach) < math.inf:
        raise BadInput(f"reach={reach!r:.80} was given. Give a number above 0, or leave it out.")


def _significant(studies: Studies, alpha: float, alternative: str) -> int:
    """Studies that are significant by themselves."""
    z = studies.yi / np.sqrt(studies.vi)
    if alternative == "two-sided":
        return int(np.sum(2.0 * special.ndtr(-np.abs(z)) <= alpha))
    return int(np.sum(special.ndtr(-z if alternative == "greater" else z) <= alpha))


def _rejection(distance: FloatArray, spread: FloatArray, critical: float, sides: str) -> FloatArray:
    """Probability that a z-value with this mean and standard deviation is significant."""
    above = special.ndtr((distance - critical) / spread)
    below = special.ndtr((-distance - critical) / spread)
    return np.asarray({"greater": above, "less": below, "two-sided": above + below}[sides])


def _power(
    vi: FloatArray,
    estimate: float,
    tau2: float,
    alpha: float,
    alternative: str,
    reach: float | None,
) -> FloatArray:
    """Power of each study, averaged over true effects."""
    critical = -float(special.ndtri(alpha / 2.0 if alternative == "two-sided" else alpha))
    sei = np.sqrt(vi)
    spread = np.sqrt(1.0 + tau2 / vi)
    power = _rejection(estimate / sei, spread, critical, alternative)
    if reach is None or tau2 == 0.0:
        return power
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    places = reach + _TAIL * (1.0 + nodes) / 2.0
    density = _TAIL / 2.0 * weights * np.exp(-0.5 * places**2) / math.sqrt(2.0 * math.pi)
    for side in (places, -places):
        distance = (estimate + math.sqrt(tau2) * side) / sei[:, None]
        certain = _rejection(distance, np.ones_like(distance), critical, alternative)
        power = power - certain @ density
    return np.clip(power, 0.0, 1.0)


def _test(test: str, observed: int, power: FloatArray) -> tuple[float | None, float]:
    """Statistic and one-sided p-value."""
    k, expected = power.size, float(power.sum())
    if not 0.0 < expected < k:
        raise NotEstimable(
            f"The expected number of significant studies is {expected:.6g} of {k}, so there is "
            "nothing to test. All studies are certain to agree."
        )
    if test == "chi2":
        statistic = (observed - expected) ** 2 * (1.0 / expected + 1.0 / (k - expected))
        return statistic, float(special.ndtr(-math.copysign(statistic**0.5, observed - expected)))
    if test == "binom":
        return None, float(special.bdtrc(observed - 1, k, expected / k)) if observed else 1.0
    probability = np.ones(1)
    for chance in power:
        probability = np.convolve(probability, [1.0 - chance, chance])
    return None, min(1.0, float(probability[observed:].sum()))
