"""Sensitivity of a summary to its studies: leave-one-out, cumulative, influence, all together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.errors import TooFewStudies
from evidence.input_checks import InputCheck, study_names
from evidence.results import Result
from evidence.synthesis.inputs.studies import StudyInput, check_studies
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.pairwise.policies import make_plan
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.regression.predicted_studies import StudyPredictions, predict_studies
from evidence.synthesis.sensitivity.influence_measures import (
    BaujatPoints,
    Influence,
    baujat,
    influence,
)
from evidence.synthesis.stacks.series import PooledSeries, pool_sets

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensitivity(Result):
    """How much a summary owes to each of its studies.

    Attributes
    ----------
    pooled : PooledEffect
        Summary of all studies.
    leave_one_out : PooledSeries
        Summary without each study.
    cumulative : PooledSeries
        Summary after each study was added.
    influence : Influence
        Deletion diagnostics.
    baujat : BaujatPoints
        Contribution to heterogeneity against influence on the summary.
    predictions : StudyPredictions
        Best linear unbiased predictions of the studies' true effects.
    """

    pooled: PooledEffect
    leave_one_out: PooledSeries
    cumulative: PooledSeries
    influence: Influence
    baujat: BaujatPoints
    predictions: StudyPredictions

    def to_frame(self) -> pd.DataFrame:
        """One row for each study, in the order given: all that concerns it."""
        import pandas as pd

        parts = [
            self.leave_one_out.to_frame().add_prefix("without_"),
            self.influence.to_frame(),
            self.baujat.to_frame().add_prefix("baujat_"),
            self.predictions.to_frame().add_prefix("predicted_"),
        ]
        return pd.concat([part.reset_index(drop=True) for part in parts], axis=1).set_index(
            pd.Index(self.pooled.labels, name="study")
        )


@takes_fit("method", "test", "policy", "level")
def sensitivity(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    order: npt.ArrayLike | None = None,
    method: str | None = None,
    test: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> Sensitivity:
    """Every analysis of how a summary depends on its studies, under one policy.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects of 3 or more studies; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    order : array_like, shape (k,), optional
        What the cumulative analysis is sorted by, such as the year; the order given if left out.
    method, test, policy, level
        As for ``pool``; the test of the diagnostics is the one of the summary of all studies.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there are fewer than 3 studies.
    EmptySelection, BadInput, UnknownName, NotEstimable
        As for ``pool``.

    References
    ----------
    Viechtbauer & Cheung (2010), Res Synth Methods 1:112-125.
    metafor: ``leave1out``, ``cumul``, ``influence``, ``baujat``, ``blup`` of ``rma(yi, vi)``.
    """
    names = None if labels is None else study_names(labels)
    pooled = pool(
        yi,
        vi,
        method=method,
        test=test,
        policy=policy,
        prediction="none",
        level=level,
        labels=names,
    )
    _require(pooled.labels, 3, "Sensitivity to each study")
    data, fit = (pooled.yi, pooled.vi), {"method": pooled.method, "test": pooled.test}
    return Sensitivity(
        pooled=pooled,
        leave_one_out=leave_one_out(
            yi, vi, method=method, test=test, policy=policy, level=level, labels=names
        ),
        cumulative=cumulative(
            yi, vi, order=order, method=method, test=test, policy=policy, level=level, labels=names
        ),
        influence=influence(*data, labels=pooled.labels, **fit),
        baujat=baujat(*data, labels=pooled.labels, **fit),
        predictions=predict_studies(*data, level=level, labels=pooled.labels, **fit),
    )


@takes_fit("method", "test", "policy", "level")
def leave_one_out(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    method: str | None = None,
    test: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> PooledSeries:
    """Summary without each of the studies, in the order given.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects of 2 or more studies; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    method, test, policy, level
        As for ``pool``; the policy chooses the test of each summary anew.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there is one study.
    EmptySelection, BadInput, UnknownName, NotEstimable
        As for ``pool``.

    References
    ----------
    Viechtbauer & Cheung (2010), Res Synth Methods 1:112-125. metafor: ``leave1out(rma(yi, vi))``.
    """
    plan, level = make_plan(policy, method=method, test=test), check_level(level)
    studies = check_studies(yi, vi, labels)
    _require(studies.labels, 2, "Leaving out each study in turn")
    k = studies.yi.size
    present = ~np.eye(k, dtype=bool)
    return pool_sets(studies, present, plan, level, kind="leave-one-out", position=range(k))


@takes_fit("method", "test", "policy", "level")
def cumulative(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    order: npt.ArrayLike | None = None,
    method: str | None = None,
    test: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> PooledSeries:
    """Summary after each study was added; the first is that study alone.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    order : array_like, shape (k,), optional
        One number for each study that has an effect size, such as the year, smallest first; equal
        ones stay as given. The order given if left out.
    method, test, policy, level
        As for ``pool``; the policy chooses the test of each summary anew.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    EmptySelection, BadInput, UnknownName, NotEstimable
        As for ``pool``.

    References
    ----------
    Lau et al. (1992), N Engl J Med 327:248-254. metafor: ``cumul(rma(yi, vi), order=)``.
    """
    plan, level = make_plan(policy, method=method, test=test), check_level(level)
    studies = check_studies(yi, vi, labels)
    k = studies.yi.size
    position = np.argsort(_sort_key(order, k, studies.labels), kind="stable")
    place = np.empty(k, dtype=np.int64)
    place[position] = np.arange(k)
    present = place[:, None] <= np.arange(k)
    chosen = position.tolist()
    return pool_sets(studies, present, plan, level, kind="cumulative", position=chosen)


def _sort_key(order: npt.ArrayLike | None, k: int, labels: Sequence[str]) -> FloatArray:
    if order is None:
        return np.arange(k, dtype=float)
    check = InputCheck("A cumulative analysis", labels)
    (key,) = check.numbers(order=order)
    if key.shape != (k,):
        check.problems.append(f"order has {key.size} values for {k} studies")
    check.refuse("Give order one number for each study, such as its year.")
    return key


def _require(labels: Sequence[str], fewest: int, asked: str) -> None:
    if len(labels) < fewest:
        raise TooFewStudies(
            f"{asked} needs at least {fewest} studies and found {len(labels)} "
            f"({', '.join(labels)}). Report the studies themselves, or widen the selection."
        )
