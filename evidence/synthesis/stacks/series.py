"""A series of summaries of overlapping studies: each with one left out, or one added at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evidence.arrays import BoolArray, FloatArray, IntArray
from evidence.double_precision import studies_in_double_precision
from evidence.results import ResultOfColumns
from evidence.synthesis.inputs.studies import Studies
from evidence.synthesis.numerics.distributions import two_sided_p
from evidence.synthesis.pairwise.policies import Plan
from evidence.synthesis.pairwise.summary_interval import (
    MeanInterval,
    choose_interval,
    mean_interval,
    needs_classic,
)
from evidence.synthesis.stacks.pooled_stack import PooledStack, fit_chunks, inconsistency
from evidence.synthesis.stacks.stack import Stack, build_stack

_ARRAYS = (
    *("k", "estimate", "se", "ci_low", "ci_high", "statistic", "df", "p_value"),
    *("tau2", "q", "q_p", "i2", "h2"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledSeries(ResultOfColumns):
    """Summaries of m overlapping sets of studies, on the scale of the effects; arrays (m,).

    A set of one study has tau2, q and i2 of 0, and h2 and q_p of 1.

    Attributes
    ----------
    kind : str
        "leave-one-out" or "cumulative".
    studies : tuple of str, length m
        The study that is left out, or that was added last.
    position : ndarray of int
        Its place among the studies as given, from 0.
    k : ndarray of int
        Number of studies in the summary.
    estimate, se, ci_low, ci_high : ndarray
        Mean effect, standard error behind its interval, and the interval.
    level : float
        Its coverage.
    statistic, df, p_value : ndarray
        Test of the mean; ``df`` is NaN for a normal test.
    tests : tuple of str, length m
        Test of each summary: one of ``SUMMARY_TESTS`` of room pairwise.
    tau2, q, q_p, i2, h2 : ndarray
        Heterogeneity; i2 as a proportion.
    i2_definition, method, policy : str
        "tau2" or "Q", estimator of tau2, and policy.
    measure : str or None
        Effect measure.
    """

    kind: str
    studies: tuple[str, ...]
    position: IntArray
    k: IntArray
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    level: float
    statistic: FloatArray
    df: FloatArray
    p_value: FloatArray
    tests: tuple[str, ...]
    tau2: FloatArray
    q: FloatArray
    q_p: FloatArray
    i2: FloatArray
    h2: FloatArray
    i2_definition: str
    method: str
    policy: str
    measure: str | None

    COLUMNS = _ARRAYS
    INDEX = "studies"

    def _columns(self) -> dict[str, Any]:
        return {**ResultOfColumns._columns(self), "test": self.tests}


@studies_in_double_precision("A summary of part of the studies")
def pool_sets(
    studies: Studies,
    present: BoolArray,
    plan: Plan,
    level: float,
    *,
    kind: str,
    position: Sequence[int],
) -> PooledSeries:
    """Summaries of sets of the studies under one plan.

    Parameters
    ----------
    studies : Studies
        All studies.
    present : ndarray of bool, shape (k, m)
        Which studies are in which set.
    plan : Plan
        Policy and explicit choices.
    level : float
        Coverage of the intervals.
    kind : str
        "leave-one-out" or "cumulative".
    position : sequence of int, length m
        The study by which each set differs.

    Raises
    ------
    NotEstimable
        If a set cannot be summarised under the plan.
    """

    def chunk(columns: slice) -> Stack:
        part = present[:, columns]
        yi, vi = (np.broadcast_to(x[:, None], part.shape) for x in (studies.yi, studies.vi))
        return build_stack(yi, vi, part)

    pooled = fit_chunks(chunk, present.shape[0], present.shape[1], plan.method, 1)
    classic = (
        fit_chunks(chunk, present.shape[0], present.shape[1], "DL", 1).se
        if needs_classic(plan)
        else pooled.se
    )
    intervals = [_interval(pooled, i, plan, level, float(classic[i])) for i in range(pooled.k.size)]
    se = np.array([interval.se for interval in intervals])
    half = np.array([interval.half for interval in intervals])
    statistic = pooled.estimate / se
    p_value = [two_sided_p(s, i.df) for s, i in zip(statistic, intervals, strict=True)]
    df = [np.nan if interval.df is None else interval.df for interval in intervals]
    definition = "Q" if plan.method == "CE" else plan.policy.i2_definition
    i2, h2 = inconsistency(pooled, definition)
    arrays = {
        "position": np.asarray(position, dtype=np.int64),
        "k": pooled.k,
        "estimate": pooled.estimate,
        "se": se,
        "ci_low": pooled.estimate - half,
        "ci_high": pooled.estimate + half,
        "statistic": statistic,
        "df": np.array(df, dtype=float),
        "p_value": np.array(p_value),
        "tau2": pooled.tau2,
        "q": pooled.q,
        "q_p": pooled.q_p,
        "i2": i2,
        "h2": h2,
    }
    for array in arrays.values():
        array.setflags(write=False)
    return PooledSeries(
        kind=kind,
        studies=tuple(studies.labels[i] for i in position),
        level=level,
        tests=tuple(interval.test for interval in intervals),
        i2_definition=definition,
        method=plan.method,
        policy=plan.policy.name,
        measure=studies.measure,
        **arrays,
    )


def _interval(
    pooled: PooledStack, i: int, plan: Plan, level: float, classic_se: float
) -> MeanInterval:
    """Interval of one summary; that of a single study is always normal."""
    df, se, s2w = int(pooled.k[i]) - 1, float(pooled.se[i]), float(pooled.s2w[i])
    if df == 0:
        return mean_interval("z", se, 1.0, 0, level)
    tau2 = float(pooled.tau2[i])
    return choose_interval(plan, tau2, se, s2w, df, level, classic_se=classic_se)[0]
