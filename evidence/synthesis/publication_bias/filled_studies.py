"""Trim and fill: how many studies a symmetric funnel lacks, and the summary with them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import NotEstimable, TooFewStudies, known_name
from evidence.results import Result
from evidence.synthesis.heterogeneity.tau2_estimates import estimate_tau2
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.numerics.weighted_least_squares import fit_weighted
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.pairwise.policies import make_plan
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.publication_bias.funnel_regression import line_design

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROUNDS = 100
_FEWEST = 3
#: Rise of the line through the funnel, relative to the effects, below which it has no slope.
_LEVEL = 1e-12
ESTIMATORS_OF_MISSING = ("L0", "R0", "Q0")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledTrimAndFill(Result):
    """Studies that a symmetric funnel lacks; a sensitivity analysis, not a correction.

    Attributes
    ----------
    missing : int
        Estimated number of missing studies.
    missing_se : float or None
        Its standard error; None where the estimate of its variance is negative (NaN in metafor).
    side : str
        Side of the funnel on which they are missing: left or right.
    p_missing : float or None
        P-value against none missing; estimator R0 alone has one.
    estimator : str
        L0, R0 or Q0.
    observed, filled : PooledEffect
        Summary of the studies, and with the missing ones, which come last.
    filled_yi, filled_vi : ndarray, shape (missing,)
        Effects and sampling variances of the missing studies.
    rounds : int
        Rounds of trimming.
    """

    missing: int
    missing_se: float | None
    side: str
    p_missing: float | None
    estimator: str
    observed: PooledEffect
    filled: PooledEffect
    filled_yi: FloatArray
    filled_vi: FloatArray
    rounds: int

    def to_frame(self) -> pd.DataFrame:
        """Two rows, the summary of the studies and that with the missing ones."""
        import pandas as pd

        both = pd.concat([self.observed.to_frame(), self.filled.to_frame()], ignore_index=True)
        return both.assign(
            studies=["observed", "filled"],
            missing=self.missing,
            missing_se=self.missing_se,
            side=self.side,
            p_missing=self.p_missing,
            missing_estimator=self.estimator,
        ).set_index("studies")


@takes_fit("method", "test", "policy", "level")
def trim_and_fill(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    estimator: str = "L0",
    side: str | None = None,
    method: str | None = None,
    test: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> PooledTrimAndFill:
    """Fill a funnel up to symmetry, and pool again.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects of 3 or more studies; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    estimator : str
        Of the number of missing studies: L0, R0 or Q0.
    side : str, optional
        Where studies are missing: left or right. By the slope of the effects on their standard
        errors if left out.
    method, test, policy, level
        As for ``pool``; the estimator of tau2 is used in trimming too.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there are fewer than 3 studies.
    NotEstimable
        If trimming does not settle, or all studies have one precision and no side is given.
    EmptySelection, BadInput, UnknownName
        If the data or a choice cannot be right.

    References
    ----------
    Duval & Tweedie (2000), Biometrics 56:455-463, and J Am Stat Assoc 95:89-98.
    metafor: ``trimfill(res, estimator=, side=)``.
    """
    known_name("estimator of missing studies", estimator, ESTIMATORS_OF_MISSING)
    if side is not None:
        known_name("side of a funnel", side, ("left", "right"))
    plan = make_plan(policy, method=method, test=test)
    studies = check_studies(yi, vi, labels)
    _require_studies(studies)
    summary = partial(pool, method=method, test=test, policy=policy, level=level)
    observed = summary(studies.keep(range(studies.yi.size)))
    with studies_in_double_precision("Trim and fill"):
        side = side or _find_side(studies, plan.method)
        found = _trim(studies, plan.method, estimator, side)
    return PooledTrimAndFill(
        missing=found.missing,
        missing_se=found.missing_se,
        side=side,
        p_missing=0.5 ** (found.missing + 1) if estimator == "R0" else None,
        estimator=estimator,
        observed=observed,
        filled=summary(_filled(studies, found)),
        filled_yi=found.yi,
        filled_vi=found.vi,
        rounds=found.rounds,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Outcome of trimming: number of missing studies, their values, and the rounds it took."""

    missing: int
    missing_se: float | None
    yi: FloatArray
    vi: FloatArray
    rounds: int


def _filled(studies: Studies, found: _Found) -> Studies:
    """The studies with those that were missing."""
    return Studies(
        yi=np.concatenate([studies.yi, found.yi]),
        vi=np.concatenate([studies.vi, found.vi]),
        labels=(*studies.labels, *(f"filled {i + 1}" for i in range(found.missing))),
        measure=studies.measure,
    )


def _require_studies(studies: Studies) -> None:
    k = studies.yi.size
    if k < _FEWEST:
        raise TooFewStudies(
            f"Trim and fill was asked of {k} studies ({', '.join(studies.labels)}) and needs "
            f"{_FEWEST}. Report the studies as they are."
        )


def _find_side(studies: Studies, method: str) -> str:
    """Studies are missing where the small ones would be if the funnel were symmetric."""
    design = line_design("Trim and fill without a side", np.sqrt(studies.vi), "standard error")
    tau2 = estimate_tau2(studies.yi, studies.vi, method, design=design).tau2
    slope = fit_weighted(studies.yi, 1.0 / (studies.vi + tau2), design).coefficients[1]
    rise = float(slope * np.ptp(design[:, 1]))
    return "right" if rise < -_LEVEL * float(np.abs(studies.yi).max()) else "left"


def _trim(studies: Studies, method: str, estimator: str, side: str) -> _Found:
    """Trim the far studies of the full side until their number stays the same."""
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * studies.yi, kind="stable")
    yi, vi, k = (sign * studies.yi)[order], studies.vi[order], studies.yi.size
    missing = 0
    for round_number in range(1, _MOST_ROUNDS + 1):
        centre = _centre(yi[: k - missing], vi[: k - missing], method)
        before, (missing, missing_se) = missing, _count(yi - centre, estimator)
        if missing == before:
            mirrored = sign * (2.0 * centre - yi[k - missing :])
            variances = vi[k - missing :].copy()
            for array in (mirrored, variances):
                array.setflags(write=False)
            return _Found(missing, missing_se, mirrored, variances, round_number)
        if missing >= k:
            break
    raise NotEstimable(
        f"Trim and fill with estimator {estimator} did not settle on a number of missing studies "
        f"among {k}. Use another estimator: {', '.join(ESTIMATORS_OF_MISSING)}."
    )


def _centre(yi: FloatArray, vi: FloatArray, method: str) -> float:
    """Summary of the studies that are left."""
    tau2 = 0.0 if yi.size == 1 else estimate_tau2(yi, vi, method).tau2
    return float(fit_weighted(yi, 1.0 / (vi + tau2), None).coefficients[0])


def _count(deviations: FloatArray, estimator: str) -> tuple[int, float | None]:
    """Estimated number of missing studies and its standard error, if any, from the signed ranks."""
    k = deviations.size
    rank = np.empty(k)
    rank[np.argsort(np.abs(deviations), kind="stable")] = np.arange(1, k + 1)
    if estimator == "R0":
        farthest = float(np.max(rank[deviations < 0.0], initial=0.0))
        found = k - farthest - 1.0
        return max(0, round(found)), math.sqrt(2.0 * max(0.0, found) + 2.0)
    rank_sum = float(rank[deviations > 0.0].sum())
    if estimator == "L0":
        found = (4.0 * rank_sum - k * (k + 1)) / (2 * k - 1)
        spread = 4.0 / (2 * k - 1)
    else:
        inside = 2.0 * k**2 - 4.0 * rank_sum + 0.25
        found = k - 0.5 - math.sqrt(max(inside, 0.0))
        spread = 2.0 / math.sqrt(max((k - 0.5) ** 2 - found * (2 * k - found - 1), 0.25))
    variance = _rank_sum_variance(k, found)
    return max(0, round(found)), spread * math.sqrt(variance) if variance >= 0.0 else None


def _rank_sum_variance(k: int, missing: float) -> float:
    """Variance of the sum of the positive ranks when ``missing`` studies were suppressed.

    A polynomial in ``missing``, which is negative when the estimate is far below 0.
    """
    cubic = 10 * missing**3 + 27 * missing**2 + 17 * missing
    mixed = 18 * k * missing**2 + 18 * k * missing - 6 * k**2 * missing
    return (k * (k + 1) * (2 * k + 1) + cubic - mixed) / 24
