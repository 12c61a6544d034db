"""Tests of a summary: one record for each, from which names, words and numbers of all come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from evidence.arrays import FloatArray
from evidence.errors import UnknownName


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryTest:
    """A test of the mean, which is also the way to its interval.

    Attributes
    ----------
    name : str
        How it is asked for.
    words : str
        What it is.
    aliases : tuple of str
        Other names for it, in small letters.
    normal : bool
        Whether it refers to the normal distribution; otherwise to t with the residual degrees of
        freedom.
    rescaled : bool
        Whether the Wald variance is multiplied by a factor that the residuals give.
    factor : callable
        Factor on the Wald variance, from the weighted residual sum of squares over its degrees of
        freedom; arrays of any shape.
    """

    name: str
    words: str
    aliases: tuple[str, ...] = ()
    normal: bool = False
    rescaled: bool = True
    factor: Callable[[FloatArray | float], FloatArray]

    def df(self, residual_df: int) -> int | None:
        """Degrees of freedom of t; None for the normal distribution."""
        return None if self.normal else residual_df


#: Every test by name, in the order in which reviews use them; a search ranks equal fits by it.
SUMMARY_TESTS: Final[Mapping[str, SummaryTest]] = MappingProxyType(
    {
        test.name: test
        for test in (
            SummaryTest(
                name="z",
                words="Wald (normal)",
                aliases=("wald",),
                normal=True,
                rescaled=False,
                factor=np.ones_like,
            ),
            SummaryTest(
                name="knha",
                words="Knapp-Hartung",
                aliases=("hksj", "knapp-hartung"),
                factor=np.asarray,
            ),
            SummaryTest(name="t", words="Wald (t)", rescaled=False, factor=np.ones_like),
            SummaryTest(
                name="adhoc",
                words="Knapp-Hartung, never narrower in its standard error than Wald",
                aliases=("hksj-floor",),
                factor=lambda knapp_hartung: np.maximum(1.0, knapp_hartung),
            ),
        )
    }
)
#: Tests for models whose variance no factor multiplies.
UNSCALED_TESTS: Final = tuple(name for name, test in SUMMARY_TESTS.items() if not test.rescaled)
_ALIASES: Final = {alias: test.name for test in SUMMARY_TESTS.values() for alias in test.aliases}


def summary_test_name(test: str) -> str:
    """Canonical name of a test of the summary.

    Parameters
    ----------
    test : str
        One of ``SUMMARY_TESTS``, or one of its aliases.

    Raises
    ------
    UnknownName
        If there is no such test.
    """
    key = str(test).lower()
    key = _ALIASES.get(key, key)
    if key not in SUMMARY_TESTS:
        raise UnknownName("test of the summary", test, [*SUMMARY_TESTS, *_ALIASES])
    return key


def wald_factor(test: str, knapp_hartung: float) -> float:
    """Factor on the Wald variance: 1, the Knapp-Hartung one, or that one not below 1.

    Parameters
    ----------
    test : str
        One of ``SUMMARY_TESTS``.
    knapp_hartung : float
        Weighted residual sum of squares over its degrees of freedom.
    """
    return float(SUMMARY_TESTS[test].factor(knapp_hartung))
