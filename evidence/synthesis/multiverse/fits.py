"""The numbers of a multiverse: every variant and set of studies as one column of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evidence.arrays import BoolArray, FloatArray, IntArray
from evidence.errors import NotEstimable
from evidence.synthesis.multiverse.decision_rules import CodeArray, DecisionRule
from evidence.synthesis.multiverse.records import FEW, NO_WIDTH, PRECISION
from evidence.synthesis.multiverse.specifications import Specification, half_width
from evidence.synthesis.stacks.pooled_stack import PooledStack, fit_chunks
from evidence.synthesis.stacks.stack import Stack, build_stack


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fits:
    """Results by variant, estimator, interval and set of studies; arrays of shape (v, m, t, d).

    Attributes
    ----------
    k : ndarray of int
        Studies with an effect size.
    estimate, se, ci_low, ci_high, tau2 : ndarray
        NaN where there is no number.
    side : ndarray of int
        Conclusion by the decision rule, -1 where there is none.
    reason : ndarray of int
        Why there is no number; 0 where there is one.
    """

    k: IntArray
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    tau2: FloatArray
    side: CodeArray
    reason: CodeArray

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of variants, estimators, intervals and sets."""
        return self.k.shape


def fit_worlds(
    variants: Sequence[Specification],
    members: BoolArray,
    *,
    methods: Sequence[str],
    tests: Sequence[str],
    level: float,
    rule: DecisionRule,
    workers: int | None,
) -> Fits:
    """Pool every variant over every set of studies, by every estimator and with every interval.

    Parameters
    ----------
    variants : sequence of Specification
        The studies on each scale.
    members : ndarray of bool, shape (k, d)
        Sets of studies.
    methods, tests : sequence of str
        Short names of estimators and intervals.
    level : float
        Coverage.
    rule : DecisionRule
        What is concluded.
    workers : int or None
        Threads.
    """
    yi, vi = (np.stack([getattr(one, name) for one in variants], axis=1) for name in ("yi", "vi"))
    has_effect = np.isfinite(yi)
    size = has_effect.T.astype(np.int64) @ members.astype(np.int64)
    shape = (len(variants), len(methods), len(tests), members.shape[1])
    numbers = {name: np.full(shape, np.nan) for name in ("estimate", "se", "low", "high", "tau2")}
    reason = np.zeros(shape, dtype=np.int8)
    reason[:] = np.where(size < 2, FEW, 0)[:, None, None, :]
    variant_of, set_of = np.nonzero(size >= 2)

    def build(places: IntArray) -> Stack:
        variant, chosen = variant_of[places], set_of[places]
        present = members[:, chosen] & has_effect[:, variant]
        return build_stack(yi[:, variant], vi[:, variant], present)

    for m, method in enumerate(methods):
        everything = np.arange(variant_of.size)
        for places, found in _fit(build, yi.shape[0], everything, method, workers):
            variant, chosen = variant_of[places], set_of[places]
            if found is None:
                reason[variant, m, :, chosen] = PRECISION
                continue
            for t, test in enumerate(tests):
                se, half = half_width(found, test, level)
                known = se > 0.0
                reason[variant, m, t, chosen] = np.where(known, 0, NO_WIDTH)
                for name, values in (
                    ("estimate", found.estimate),
                    ("se", se),
                    ("low", found.estimate - half),
                    ("high", found.estimate + half),
                    ("tau2", found.tau2),
                ):
                    numbers[name][variant, m, t, chosen] = np.where(known, values, np.nan)
    estimate, low, high = (numbers[name] for name in ("estimate", "low", "high"))
    side = [
        rule.decide(estimate[v], low[v], high[v], one.measure) for v, one in enumerate(variants)
    ]
    return Fits(
        k=np.broadcast_to(size[:, None, None, :], shape),
        estimate=estimate,
        se=numbers["se"],
        ci_low=low,
        ci_high=high,
        tau2=numbers["tau2"],
        side=np.stack(side),
        reason=reason,
    )


def _fit(
    build: Callable[[IntArray], Stack], k: int, places: IntArray, method: str, workers: int | None
) -> Iterator[tuple[IntArray, PooledStack | None]]:
    """Fit all columns at once; where that leaves double precision, find the ones that do."""
    if places.size == 0:
        return
    try:
        found = fit_chunks(lambda part: build(places[part]), k, places.size, method, workers)
    except NotEstimable:
        if places.size == 1:
            yield places, None
            return
        for half in np.array_split(places, 2):
            yield from _fit(build, k, half, method, workers)
    else:
        yield places, found
