"""The looks of a trial sequential analysis: each summary against its boundaries."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from evidence.arrays import FloatArray
from evidence.synthesis.inputs.study_order import StudyOrder
from evidence.synthesis.numerics.distributions import critical_value
from evidence.synthesis.sequential.records import SequentialLook
from evidence.synthesis.sequential.spending import Boundaries
from evidence.synthesis.stacks.series import PooledSeries


def build_looks(
    labels: Sequence[str],
    looks: StudyOrder,
    series: PooledSeries,
    gained: FloatArray,
    efficacy: Boundaries,
    region: Boundaries | None,
    alpha: float,
    benefit: str,
) -> tuple[SequentialLook, ...]:
    """Judge each look by itself.

    Parameters
    ----------
    labels : sequence of str, length k
        Studies.
    looks : StudyOrder
        Which of them each look adds.
    series : PooledSeries
        Cumulative summaries, with intervals at 1 - alpha.
    gained : ndarray, shape (m,)
        Information at each look.
    efficacy, region : Boundaries
        Boundaries at each look; no futility region if None.
    alpha : float
        Two-sided type I error.
    benefit : str
        below or above.
    """
    rows = []
    for i, members in enumerate(looks.added):
        df = None if math.isnan(series.df[i]) else float(series.df[i])
        boundary, code = efficacy.z[i], efficacy.codes[i]
        if code == "spent":
            boundary, code = critical_value(1.0 - alpha, None), "conventional"
        z = _normal_score(float(series.statistic[i]), df)
        estimate, se = float(series.estimate[i]), float(series.se[i])
        half = None if boundary is None else se * _same_tail(boundary, df)
        inner = None if region is None else region.z[i]
        rows.append(
            SequentialLook(
                studies=tuple(labels[place] for place in members),
                order=looks.names[i],
                k=int(series.k[i]),
                information=float(gained[i]),
                fraction=efficacy.times[i],
                estimate=estimate,
                se=se,
                test=series.tests[i],
                z=z,
                boundary=boundary,
                boundary_code=code,
                futility=inner,
                futility_code="not-asked" if region is None else region.codes[i],
                alpha_spent=efficacy.spent[i],
                ci_low=float(series.ci_low[i]),
                ci_high=float(series.ci_high[i]),
                adjusted_low=None if half is None else estimate - half,
                adjusted_high=None if half is None else estimate + half,
                conclusion=_conclusion(z, boundary, inner, efficacy.times[i], benefit),
            )
        )
    return tuple(rows)


def _normal_score(statistic: float, df: float | None) -> float:
    """Standard normal value with the sign and the p-value of a t statistic."""
    if df is None:
        return statistic
    return math.copysign(float(special.ndtri(special.stdtr(df, -abs(statistic)))), statistic)


def _same_tail(z: float, df: float | None) -> float:
    """Quantile of t with the upper tail that ``z`` has under the normal distribution."""
    return z if df is None else -float(special.stdtrit(df, float(special.ndtr(-z))))


def _conclusion(
    z: float, boundary: float | None, futility: float | None, fraction: float, benefit: str
) -> str:
    if boundary is not None and abs(z) >= boundary:
        return "benefit" if (z < 0.0) == (benefit == "below") else "harm"
    if futility is not None and abs(z) < futility:
        return "futility"
    return "required-size-reached" if fraction >= 1.0 else "none"
