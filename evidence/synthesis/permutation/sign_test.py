"""Permutation test of a mean effect: under no effect each sign was as likely as its opposite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable, TooFewStudies
from evidence.input_checks import require_kind
from evidence.results import Result
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.permutation.patterns import sign_patterns
from evidence.synthesis.stacks.pooled_stack import pool_stack

#: Statistics this close to the observed one count as equal, as in metafor.
TIE: Final = float(np.finfo(float).eps ** 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutationTest(Result):
    """Two-sided permutation test of a mean effect of 0.

    Attributes
    ----------
    statistic : float
        Observed statistic, by the estimator and test of the fit.
    p_value : float
        Share of sign patterns whose statistic is as far from 0 or farther; for draws the observed
        pattern counts as one of them.
    exact : bool
        Whether all patterns were enumerated.
    patterns : int
        Patterns behind the p-value: 2^k, or draws + 1.
    smallest_p : float
        Smallest p-value that these patterns can give: 2^(1 - k), or 1 / (draws + 1).
    k : int
        Number of studies.
    method, test : str
        Estimator of tau2 and test that were refitted to each pattern.
    """

    statistic: float
    p_value: float
    exact: bool
    patterns: int
    smallest_p: float
    k: int
    method: str
    test: str


def permutation_test(
    fit: PooledEffect,
    *,
    draws: int | None = None,
    rng: np.random.Generator | None = None,
) -> PermutationTest:
    """Permutation test of the mean by flipping the signs of the effects.

    The hypothesis is that each study's effect is symmetric about 0; the model is fitted again to
    every pattern of signs.

    Parameters
    ----------
    fit : PooledEffect
        Summary of two or more studies.
    draws : int, optional
        Random patterns; all 2^k are enumerated if left out, or if they are not more than that.
    rng : numpy.random.Generator, optional
        Source of the draws; needed when they are drawn.

    Raises
    ------
    TooFewStudies
        If there is one study.
    BadInput
        If k is above 16 without ``draws``, ``draws`` is not a whole number from 1, or draws are
        needed and ``rng`` is no generator.
    NotEstimable
        If all effects are 0.

    References
    ----------
    Follmann & Proschan (1999), Biometrics 55:732-737. Phipson & Smyth (2010), Stat Appl Genet Mol
    Biol 9:39 (draws). metafor: ``permutest(res, exact=TRUE)``.
    """
    check_fit(fit)
    signs, exact = sign_patterns(fit.k, draws, rng)
    sizes = np.abs(sign_statistics(fit, fit.yi, signs))
    return PermutationTest(
        statistic=float(np.copysign(sizes[0], fit.estimate)),
        p_value=float(np.mean(sizes >= sizes[0] - TIE)),
        exact=exact,
        patterns=2**fit.k if exact else signs.shape[1],
        smallest_p=2.0 ** (1 - fit.k) if exact else 1.0 / signs.shape[1],
        k=fit.k,
        method=fit.method,
        test=fit.test,
    )


def check_fit(fit: PooledEffect) -> None:
    """Require a summary of two or more effects that are not all 0.

    Parameters
    ----------
    fit : PooledEffect
        What a permutation test was asked for.

    Raises
    ------
    BadInput, TooFewStudies, NotEstimable
        If it is something else.
    """
    require_kind("A permutation test", fit, PooledEffect, "Give the result of pool().")
    if fit.k < 2:
        raise TooFewStudies(
            f"A permutation test needs at least 2 studies and found {fit.k} ({fit.labels[0]}). "
            "Report the study alone."
        )
    if not fit.yi.any():
        raise NotEstimable(
            f"A permutation test of {fit.k} studies was asked for and all effects are 0, so that "
            "a sign changes nothing. Report the effects."
        )


def sign_statistics(fit: PooledEffect, yi: FloatArray, signs: FloatArray) -> FloatArray:
    """Test statistic of each sign pattern, shape (patterns,).

    Parameters
    ----------
    fit : PooledEffect
        Variances, estimator and test.
    yi : ndarray, shape (k,)
        Effects.
    signs : ndarray, shape (k, patterns)
        Of 1 and -1.
    """
    effects = signs * yi[:, None]
    variances = np.broadcast_to(fit.vi[:, None], effects.shape)
    stack = pool_stack(effects, variances, method=fit.method, workers=1)
    se = stack.se * np.sqrt(SUMMARY_TESTS[fit.test].factor(stack.s2w))
    # equal effects leave Knapp-Hartung no width
    far = np.copysign(np.inf, stack.estimate)
    return np.asarray(np.divide(stack.estimate, se, out=far, where=se > 0.0))
