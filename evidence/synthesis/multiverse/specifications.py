"""Ways to pool the same studies: scale, rule for empty cells, estimator, interval.

``explain`` searches them for the one behind a published number; ``multiverse`` lists them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import special

from evidence.arrays import FloatArray, IntArray
from evidence.effects.effect_sizes import effect_size
from evidence.effects.measures import MEASURES
from evidence.effects.zero_cells import ZeroCellRule
from evidence.input_checks import require_kind
from evidence.synthesis.heterogeneity.estimators import ESTIMATORS
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS, summary_test_name
from evidence.synthesis.stacks.pooled_stack import PooledStack

#: Measures that are looked at when none is named; two arms and one arm.
TWO_ARMS: Final = ("RR", "OR", "RD")
ONE_ARM: Final = ("PLO", "PFT", "PAS", "PR", "PLN")
#: Estimators in the order in which reviews use them, which ranks settings that fit equally well.
METHODS: Final = tuple(
    name
    for _, name in sorted(
        (one.rarity, one.name) for one in ESTIMATORS.values() if one.rarity is not None
    )
)
INTERVAL_TESTS: Final = tuple(SUMMARY_TESTS)
#: Corrections of empty cells, the most usual first.
CORRECTIONS: Final = (
    ZeroCellRule(add=0.5, to="only0"),
    ZeroCellRule(add=0.5, to="only0", drop00=True),
    ZeroCellRule(add=0.5, to="if0all"),
    ZeroCellRule(add=0.5, to="all"),
    ZeroCellRule(add=0.0, to="none"),
)
#: Scales on which an empty cell needs no correction.
UNCORRECTED: Final = tuple(name for name in ONE_ARM if MEASURES[name].add == 0.0)

Counts = Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Specification:
    """The studies on one scale under one rule for empty cells.

    Attributes
    ----------
    measure : str
        Scale of the effects.
    zero_cells : str
        What was added to empty cells.
    rules : tuple of str
        Every rule that gives these same effects, as asked for; empty if effects were given.
    yi, vi : ndarray, shape (k,)
        Effects and variances; NaN where a study has none.
    sizes : ndarray, shape (k,), or None
        Sample sizes, at whose harmonic mean a double arcsine is inverted.
    """

    measure: str
    zero_cells: str
    rules: tuple[str, ...] = ()
    yi: FloatArray
    vi: FloatArray
    sizes: FloatArray | None = None


def variants_of(
    counts: Counts, measures: Sequence[str], rules: Sequence[ZeroCellRule] = CORRECTIONS
) -> tuple[Specification, ...]:
    """Studies on each scale under each rule that makes a difference.

    Parameters
    ----------
    counts : mapping of str to ndarray
        Arguments of ``effect_size``.
    measures : sequence of str
        Scales.
    rules : sequence of ZeroCellRule
        Corrections of empty cells; those that give the same effects become one variant.
    """
    found: list[Specification] = []
    for measure in measures:
        same: dict[bytes, list[Specification]] = {}
        for one in _corrected(counts, measure, rules):
            same.setdefault(one.yi.tobytes() + one.vi.tobytes(), []).append(one)
        found += [_merged(group) for group in same.values()]
    return tuple(found)


def _merged(group: Sequence[Specification]) -> Specification:
    first = group[0]
    return Specification(
        measure=first.measure,
        zero_cells=first.zero_cells,
        rules=tuple(rule for one in group for rule in one.rules),
        yi=first.yi,
        vi=first.vi,
        sizes=first.sizes,
    )


def _corrected(
    counts: Counts, measure: str, rules: Sequence[ZeroCellRule]
) -> Iterator[Specification]:
    single = "xi" in counts
    for rule in rules:
        if (rule.drop00 and single) or (rule.add and measure in UNCORRECTED):
            continue
        given: dict[str, Any] = {**counts}
        effects = effect_size(measure, **given, add=rule.add, to=rule.to, drop00=rule.drop00)
        kept = effects.estimable & (effects.vi > 0.0)
        changed = bool(effects.corrected.any()) or not kept.all()
        yield Specification(
            measure=measure,
            zero_cells=effects.zero_cell_rule if changed else "none",
            rules=(rule.name,),
            yi=np.where(kept, effects.yi, np.nan),
            vi=np.where(kept, effects.vi, np.nan),
            sizes=counts["ni"] if single else None,
        )


def half_width(found: PooledStack, test: str, level: float) -> tuple[FloatArray, FloatArray]:
    """Standard error and half-width of one test; NaN where it needs more studies.

    Parameters
    ----------
    found : PooledStack
        Summaries of d sets of studies.
    test : str
        One of ``SUMMARY_TESTS`` of room pairwise.
    level : float
        Coverage.

    References
    ----------
    Knapp & Hartung (2003), Stat Med 22:2693-2710. metafor: ``rma(yi, vi, test=)``.
    """
    require_kind(
        "The width of many intervals", found, PooledStack, "Give the result of pool_stack()."
    )
    kind = SUMMARY_TESTS[summary_test_name(test)]
    se = found.se * np.sqrt(kind.factor(found.s2w))
    return se, se * critical_values(level, None if kind.normal else found.k - 1)


def critical_values(level: float, df: IntArray | None) -> FloatArray | float:
    """Two-sided critical values of t, NaN without degrees of freedom; of the normal if None.

    Parameters
    ----------
    level : float
        Coverage.
    df : ndarray of int, shape (d,), or None
        Degrees of freedom.
    """
    tail = (1.0 - level) / 2.0
    if df is None:
        return -float(special.ndtri(tail))
    return np.asarray(np.where(df > 0, -special.stdtrit(np.maximum(df, 1), tail), np.nan))
