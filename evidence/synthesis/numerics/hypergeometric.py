"""The noncentral hypergeometric distribution: events of arm 1 when both margins are fixed.

Given the events of both arms together, the events of arm 1 depend on the log odds ratio alone:
``P(a) = w(a) exp(a t - K(t))`` with ``w(a) = C(n1, a) C(n2, m - a)``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import special

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable

#: Terms further from the mode than this many standard deviations (and terms) are below 1e-17.
_WINDOW: Final = 9.0
#: Outcomes of all tables together that fit into memory and seconds.
MOST_OUTCOMES: Final = 5_000_000
#: Beyond this the exponential of a log odds ratio leaves double precision.
_LARGEST_T: Final = 300.0


class NoncentralHypergeometric:
    """Cumulants of the events of arm 1 in k tables with fixed margins.

    Parameters
    ----------
    n1, n2, m : ndarray, shape (k,)
        Participants of both arms, and events of both together.
    """

    def __init__(self, n1: FloatArray, n2: FloatArray, m: FloatArray) -> None:
        self.n1, self.n2, self.m = n1, n2, m
        self.low = np.maximum(0.0, m - n2)
        self.high = np.minimum(n1, m)
        check_outcomes("The exact distribution of the tables", self.high - self.low)
        lengths = (self.high - self.low).astype(int) + 1
        self._starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        row = np.repeat(np.arange(m.size), lengths)
        counts = self.low[row] + np.arange(lengths.sum()) - self._starts[row]
        weights = log_choose(n1[row], counts) + log_choose(n2[row], m[row] - counts)
        top = np.maximum.reduceat(weights, self._starts)
        self._log_weights = weights - top[row]

    def log_weight(self, a: FloatArray) -> FloatArray:
        """Logarithm of ``w(a)`` relative to the largest of its table; shape (k,)."""
        return np.asarray(self._log_weights[self._starts + (a - self.low).astype(int)])

    def cumulants(self, t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """``K`` (for relative weights), mean and variance at log odds ratios.

        Parameters
        ----------
        t : ndarray, shape (k, ...)
            Log odds ratios.
        """
        counts, shares, cumulant = self._shares(t)
        mean = (shares * counts).sum(axis=-1)
        variance = (shares * (counts - mean[..., None]) ** 2).sum(axis=-1)
        return cumulant, mean, variance

    def third_cumulant(self, t: FloatArray) -> FloatArray:
        """Third central moment at log odds ratios, shape (k, ...)."""
        counts, shares, _ = self._shares(t)
        mean = (shares * counts).sum(axis=-1, keepdims=True)
        return np.asarray((shares * (counts - mean) ** 3).sum(axis=-1))

    def _shares(self, t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Counts that matter, their probabilities (last axis), and ``K``."""
        counts, weights = self._window(t.reshape(t.shape[0], -1))
        shape = (t.shape[0], *[1] * (t.ndim - 1), counts.shape[1])
        counts, weights = counts.reshape(shape), weights.reshape(shape)
        terms = weights + t[..., None] * counts
        largest = terms.max(axis=-1, keepdims=True)
        terms = np.exp(terms - largest)
        total = terms.sum(axis=-1, keepdims=True)
        return counts, terms / total, (largest + np.log(total))[..., 0]

    def _window(self, t: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Counts that matter for any of the log odds ratios of a table, and their weights."""
        below, spread_below = self._mode(t.min(axis=1))
        above, spread_above = self._mode(t.max(axis=1))
        first = np.floor(below - _WINDOW * (1 + spread_below))
        last = np.ceil(above + _WINDOW * (1 + spread_above))
        first, last = np.maximum(first, self.low), np.minimum(last, self.high)
        counts = first[:, None] + np.arange(float((last - first).max()) + 1)
        inside = counts <= self.high[:, None]
        place = self._starts[:, None] + (counts - self.low[:, None]).astype(int)
        weights = self._log_weights[np.where(inside, place, self._starts[:, None])]
        return np.asarray(counts), np.where(inside, weights, -np.inf)

    def _mode(self, t: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Approximate mode and standard deviation."""
        odds_ratio = np.exp(np.clip(t, -_LARGEST_T, _LARGEST_T))
        mode = np.clip(expected_events(self.n1, self.n2, self.m, odds_ratio), self.low, self.high)
        cells = (mode, self.n1 - mode, self.m - mode, self.n2 - self.m + mode)
        precision = sum(1 / np.maximum(cell, 1e-9) for cell in cells)
        return mode, np.asarray(precision) ** -0.5


def check_outcomes(asked: str, ranges: FloatArray) -> None:
    """Refuse to go through more numbers of events than memory and time allow.

    Parameters
    ----------
    asked : str
        What goes through them; the start of the refusal.
    ranges : ndarray, shape (k,)
        Largest less smallest possible number of events of each study.

    Raises
    ------
    NotEstimable
        If there are more than ``MOST_OUTCOMES``.
    """
    outcomes = float(np.sum(ranges / MOST_OUTCOMES)) * MOST_OUTCOMES
    if not outcomes <= MOST_OUTCOMES:
        raise NotEstimable(
            f"{asked} has {outcomes:.3g} possible numbers of events, and can go through "
            f"{MOST_OUTCOMES:,} at most. With so many events use inverse variance or "
            "Mantel-Haenszel."
        )


def log_choose(n: FloatArray, x: FloatArray) -> FloatArray:
    """Logarithm of the number of ways to choose x of n."""
    return np.asarray(special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1))


def expected_events(
    n1: FloatArray, n2: FloatArray, m: FloatArray, odds_ratio: float | FloatArray
) -> FloatArray:
    """Events of arm 1 that give a table with fixed margins the odds ratio.

    Parameters
    ----------
    n1, n2, m : ndarray, shape (k,)
        Participants of both arms, and events of both together.
    odds_ratio : float or ndarray, shape (k,)
        Above 0.
    """
    # (n2 - m + x) x = odds_ratio (n1 - x) (m - x): the root is taken without cancellation, and a
    # is 0 when the odds ratio is 1, above 0 when b is negative
    a = 1 - odds_ratio
    b = n2 - m + odds_ratio * (n1 + m)
    c = -odds_ratio * n1 * m
    root = np.sqrt(np.maximum(b**2 - 4 * a * c, 0.0))
    positive = b > 0
    usual = -2 * c / np.where(positive, b + root, 1.0)
    return np.where(positive, usual, (root - b) / np.where(positive, 1.0, 2 * a))
