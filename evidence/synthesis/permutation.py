"""Permutation test of a mean effect: under no effect each sign was as likely as its opposite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence.effects.checks import FloatArray
from evidence.errors import BadInput, NotEstimable, TooFewStudies
from evidence.synthesis.batch import PooledStack, pool_stack
from evidence.synthesis.pooled_effect import PooledEffect

#: Most studies whose sign patterns are all enumerated when no number of draws is given.
MOST_EXACT: Final = 16
#: Statistics this close, relative to the observed one, count as equal (iterated tau2).
_TIE: Final = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutationTest:
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
    _check_fit(fit)
    if _enumerable(fit.k, draws):
        return _exact(fit)
    return _drawn(fit, draws or 0, rng)


def _check_fit(fit: PooledEffect) -> None:
    if not isinstance(fit, PooledEffect):
        raise BadInput(
            f"A permutation test was asked for {type(fit).__name__}. Give the result of pool()."
        )
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


def _enumerable(k: int, draws: int | None) -> bool:
    """Whether every pattern is fitted, after a check of the number of draws."""
    if draws is None:
        if k > MOST_EXACT:
            raise BadInput(
                f"All {2**k:,} sign patterns of {k} studies were asked for; the most is "
                f"{MOST_EXACT} studies. Give draws=9_999 and rng=numpy.random.default_rng(seed)."
            )
        return True
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise BadInput(f"Sign patterns were to be drawn {draws!r} times. Give 1 or more.")
    return k <= MOST_EXACT and 2**k <= draws


def _exact(fit: PooledEffect) -> PermutationTest:
    # a pattern and its opposite have opposite statistics, so the first sign can stay
    half = np.arange(2 ** (fit.k - 1))
    flips = (half[:, None] >> np.arange(fit.k - 1)) & 1
    signs = np.vstack([np.ones(half.size), 1.0 - 2.0 * flips.T])
    sizes = _sizes(fit, signs)
    share = float(np.mean(_as_far(sizes, sizes[0])))
    return _result(fit, sizes[0], share, True, 2**fit.k, 2.0 ** (1 - fit.k))


def _drawn(fit: PooledEffect, draws: int, rng: np.random.Generator | None) -> PermutationTest:
    if not isinstance(rng, np.random.Generator):
        raise BadInput(
            f"{draws} sign patterns were to be drawn with rng {rng!r:.60}. Give "
            "rng=numpy.random.default_rng(seed)."
        )
    flips = rng.integers(0, 2, size=(fit.k, draws))
    signs = np.hstack([np.ones((fit.k, 1)), 1.0 - 2.0 * flips])
    sizes = _sizes(fit, signs)
    share = float(np.mean(_as_far(sizes, sizes[0])))
    return _result(fit, sizes[0], share, False, draws + 1, 1.0 / (draws + 1))


def _sizes(fit: PooledEffect, signs: FloatArray) -> FloatArray:
    """Absolute statistic of each pattern, shape (patterns,), the observed one first."""
    effects = signs * fit.yi[:, None]
    variances = np.broadcast_to(fit.vi[:, None], effects.shape)
    return _statistics(pool_stack(effects, variances, method=fit.method, workers=1), fit.test)


def _statistics(stack: PooledStack, test: str) -> FloatArray:
    factor = {"knha": stack.s2w, "adhoc": np.maximum(1.0, stack.s2w)}.get(test)
    se = stack.se if factor is None else stack.se * np.sqrt(factor)
    far = np.full(se.shape, np.inf)  # equal effects leave Knapp-Hartung no width
    return np.abs(np.divide(stack.estimate, se, out=far, where=se > 0.0))


def _as_far(sizes: FloatArray, observed: float) -> FloatArray:
    return np.asarray(sizes >= observed * (1.0 - _TIE), dtype=float)


def _result(
    fit: PooledEffect, size: float, share: float, exact: bool, patterns: int, smallest: float
) -> PermutationTest:
    return PermutationTest(
        statistic=float(np.copysign(size, fit.estimate)),
        p_value=share,
        exact=exact,
        patterns=patterns,
        smallest_p=smallest,
        k=fit.k,
        method=fit.method,
        test=fit.test,
    )
