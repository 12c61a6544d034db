"""What the forest plot of a common effect of counts shows: Mantel-Haenszel, Peto."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from evidence.arrays import FloatArray
from evidence.report.figures.forest.rows import (
    Cells,
    Contents,
    study_rows,
    summary_row,
)
from evidence.report.figures.forest.scales import (
    Transform,
    show_numbers,
)
from evidence.report.figures.forest.texts import (
    ShownHeterogeneity,
    header_text,
    heterogeneity_text,
    number_format,
    overall_text,
)
from evidence.synthesis.numerics.distributions import critical_value
from evidence.synthesis.rare_events.mantel_haenszel import PooledMantelHaenszel
from evidence.synthesis.rare_events.peto import PooledPeto


def of_counts(
    fit: PooledMantelHaenszel | PooledPeto,
    names: Sequence[str],
    cells: Cells,
    transform: Transform | None,
) -> Contents:
    """Studies with their weights, and the common effect."""
    effects = fit.effects
    half = critical_value(fit.level, None) * np.sqrt(effects.vi)
    studies = np.stack([effects.yi, effects.yi - half, effects.yi + half], axis=1)
    numbers = [fit.estimate, fit.ci_low, fit.ci_high]
    view = show_numbers(
        fit.measure,
        transform,
        studies,
        (0.0, 0.0, 0.0) if None in numbers else tuple(map(float, numbers)),  # type: ignore[arg-type]
    )
    spec = number_format(view)
    name = "Mantel-Haenszel" if isinstance(fit, PooledMantelHaenszel) else "Peto"
    rows = study_rows(range(effects.k), view, spec, names, cells, _weights_of_all(fit))
    if None not in numbers:
        rows.append(summary_row(f"{name} summary", view.summary, spec, 1.0))
    return Contents(
        rows=tuple(rows),
        view=view,
        header="Study",
        columns=tuple(cells),
        estimate_header=header_text(view, fit.level),
        weight_header="" if fit.weights is None else "Weight",
        footer=tuple(_count_footer(fit, name)),
    )


def _weights_of_all(fit: PooledMantelHaenszel | PooledPeto) -> FloatArray | None:
    """Weights of all studies that were given, NaN for those that are not in the estimate."""
    if fit.weights is None or fit.k == fit.effects.k:
        return fit.weights
    weights, left = np.full(fit.effects.k, np.nan), list(zip(fit.labels, fit.weights, strict=True))
    for i, (label, own) in enumerate(zip(fit.effects.labels, fit.effects.estimable, strict=True)):
        if left and label == left[0][0] and (own or len(left) > fit.effects.k - i - 1):
            weights[i] = left.pop(0)[1]
    return weights


def _count_footer(fit: PooledMantelHaenszel | PooledPeto, name: str) -> Iterator[str]:
    scatter = fit.heterogeneity
    words = heterogeneity_text(
        ShownHeterogeneity(
            tau2=None, i2=scatter.i2, q=scatter.q, q_df=scatter.q_df, q_p=scatter.q_p
        )
    )
    if words:
        yield words
    if fit.statistic is not None and fit.p_value is not None:
        yield overall_text(fit.statistic, None, fit.p_value)
    yield f"Model: {name}, common effect; interval: Wald (normal)."
    if fit.reason:
        yield fit.reason
