"""Summaries of meta-analyses of different lengths, with the reason wherever there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from evidence.arrays import BoolArray, FloatArray, IntArray
from evidence.results import ResultOfColumns
from evidence.synthesis.pairwise.interval_rules import TextArray
from evidence.synthesis.pairwise.policies import Plan
from evidence.synthesis.stacks.intervals import stack_intervals
from evidence.synthesis.stacks.pooled_stack import PooledStack, inconsistency
from evidence.synthesis.stacks.row_faults import RowFaults

ONE_STUDY: Final = "one study: its own effect with a normal interval; no tau2, Q or I2"
OUT_OF_RANGE: Final = "the numbers leave the range of double precision"
NO_WIDTH: Final = "the effects are equal, so that the Knapp-Hartung interval has no width"
_OF_MEAN: Final = ("estimate", "se", "ci_low", "ci_high", "statistic", "df", "p_value")
_OF_HETEROGENEITY: Final = ("tau2", "se_tau2", "q", "q_p", "i2", "h2")
#: Columns of numbers of the result.
NUMBERS: Final = (*_OF_MEAN, *_OF_HETEROGENEITY)


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What there is to say about some of the meta-analyses, by their places.

    Attributes
    ----------
    notes : dict of int to str
        About those with a summary.
    reasons : dict of int to str
        Why there is no summary.
    """

    notes: dict[int, str]
    reasons: dict[int, str] = field(default_factory=dict)

    def move(self, places: Iterable[int]) -> None:
        """Turn notes into reasons."""
        for place in places:
            if place in self.notes:
                self.reasons[place] = self.notes.pop(place)

    def refuse(self, where: BoolArray, reason: str) -> None:
        """Add a reason to those that have none yet."""
        for place in np.flatnonzero(where).tolist():
            self.reasons.setdefault(place, reason)

    def note(self, where: BoolArray, note: str) -> None:
        """Add a note to those with a summary."""
        for place in np.flatnonzero(where).tolist():
            self.notes[place] = "; ".join(filter(None, [self.notes.get(place), note]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledRagged(ResultOfColumns):
    """Summaries of d meta-analyses, on the scale of their effects; arrays of shape (d,).

    A number that is not estimable is NaN, and ``reasons`` or ``notes`` says why.

    Attributes
    ----------
    rows, k : ndarray of int
        Rows of each meta-analysis, and the studies behind its summary; k is 0 without one.
    estimate, se, ci_low, ci_high : ndarray
        Mean effect, standard error behind its interval, and the interval; NaN without a summary.
    level : float
        Its coverage.
    statistic, df, p_value : ndarray
        Test of the mean, NaN without a summary; ``df`` is NaN for a normal test.
    tau2, se_tau2, q, q_p, i2, h2 : ndarray
        Heterogeneity; i2 as a proportion. NaN of one study or without a summary; ``se_tau2`` is
        NaN where tau2 is 0 by assumption.
    i2_definition : str
        "tau2" or "Q".
    tests, methods : ndarray of str
        One of ``SUMMARY_TESTS`` of room pairwise, and the estimator of tau2 or "single-study";
        empty without a summary.
    reasons : tuple of (str or None), length d
        Why there is no summary.
    notes : tuple of (str or None), length d
        What else there is to know: one study, rows that were left out.
    faults : RowFaults
        What is wrong with which row.
    """

    rows: IntArray
    k: IntArray
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    level: float
    statistic: FloatArray
    df: FloatArray
    p_value: FloatArray
    tau2: FloatArray
    se_tau2: FloatArray
    q: FloatArray
    q_p: FloatArray
    i2: FloatArray
    h2: FloatArray
    i2_definition: str
    tests: TextArray
    methods: TextArray
    reasons: tuple[str | None, ...]
    notes: tuple[str | None, ...]
    faults: RowFaults

    COLUMNS = ("rows", "k", *NUMBERS)

    def _columns(self) -> dict[str, Any]:
        words = {"test": self.tests, "method": self.methods}
        why = {"reason": self.reasons, "note": self.notes}
        return {**ResultOfColumns._columns(self), **words, **why}


def summarise_ragged(
    pooled: PooledStack,
    rows: IntArray,
    plan: Plan,
    level: float,
    words: Words,
    faults: RowFaults,
    *,
    classic_se: FloatArray | None = None,
) -> PooledRagged:
    """Tests and intervals of the summaries; NaN and a reason wherever a number has no value.

    Parameters
    ----------
    pooled : PooledStack
        Summaries of d meta-analyses; NaN for those that failed.
    rows : ndarray of int, shape (d,)
        Their rows, usable or not.
    plan : Plan
        Policy and explicit choices.
    level : float
        Coverage of the intervals.
    words : Words
        Notes and reasons so far; more are added.
    faults : RowFaults
        What is wrong with which row.
    classic_se : ndarray, shape (d,), or None
        As for ``stack_intervals``.
    """
    definition = "Q" if plan.method == "CE" else plan.policy.i2_definition
    columns, tests = _columns(pooled, plan, level, definition, classic_se)
    bounds = np.stack([columns[name] for name in ("estimate", "se", "ci_low", "ci_high")])
    words.refuse(columns["se"] == 0.0, NO_WIDTH)
    words.refuse(np.asarray(~np.isfinite(bounds).all(axis=0)), OUT_OF_RANGE)
    single = pooled.k == 1
    words.note(single, ONE_STUDY)
    for name in _OF_HETEROGENEITY:
        columns[name][single] = np.nan
    k, methods = pooled.k.copy(), np.where(single, "single-study", plan.method)
    failed = list(words.reasons)
    for array, none in [
        (k, 0),
        (tests, ""),
        (methods, ""),
        *((c, np.nan) for c in columns.values()),
    ]:
        array[failed] = none
    for array in (rows, k, tests, methods, *columns.values()):
        array.setflags(write=False)
    return PooledRagged(
        rows=rows,
        k=k,
        level=level,
        i2_definition=definition,
        tests=tests,
        methods=methods,
        reasons=tuple(map(words.reasons.get, range(rows.size))),
        notes=tuple(map(words.notes.get, range(rows.size))),
        faults=faults,
        **columns,
    )


def _columns(
    pooled: PooledStack,
    plan: Plan,
    level: float,
    definition: str,
    classic_se: FloatArray | None,
) -> tuple[dict[str, FloatArray], TextArray]:
    """Columns of ``NUMBERS``, and the test of each summary."""
    with np.errstate(all="ignore"):
        intervals = stack_intervals(pooled, plan, level, classic_se=classic_se)
        i2, h2 = inconsistency(pooled, definition)
    parts = {name: getattr(pooled, name) for name in ("estimate", "tau2", "se_tau2", "q", "q_p")}
    parts |= {name: getattr(intervals, name) for name in _OF_MEAN[1:]}
    parts |= {"i2": i2, "h2": h2}
    return {name: parts[name].copy() for name in NUMBERS}, intervals.tests.copy()
