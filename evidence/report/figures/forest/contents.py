"""What the forest plot of each kind of result shows: rows, texts and scale, before it is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from evidence.arrays import FloatArray
from evidence.report.figures.forest.records import ForestRow, RowKind
from evidence.report.figures.forest.scales import (
    ShownFit,
    Transform,
    show_fit,
    show_numbers,
    show_single_arm,
)
from evidence.report.figures.forest.texts import (
    ShownHeterogeneity,
    footer_texts,
    header_text,
    heterogeneity_of,
    heterogeneity_text,
    interval_text,
    number_format,
    overall_text,
    p_text,
)
from evidence.report.record.numbers import format_number
from evidence.synthesis.numerics.distributions import critical_value
from evidence.synthesis.pairwise.policies import describe_method
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary
from evidence.synthesis.rare_events.mantel_haenszel import PooledMantelHaenszel
from evidence.synthesis.rare_events.peto import PooledPeto
from evidence.synthesis.regression.common_subgroups import SubgroupEffect
from evidence.synthesis.regression.subgroups import Subgroups
from evidence.synthesis.sensitivity.study_deletion import Sensitivity
from evidence.synthesis.stacks.series import PooledSeries

#: What can be drawn.
Drawable: TypeAlias = (
    PooledEffect
    | SingleArmSummary
    | Subgroups
    | PooledMantelHaenszel
    | PooledPeto
    | PooledSeries
    | Sensitivity
)
Cells = Mapping[str, Sequence[str]]
_Numbers = tuple[float, float, float]
#: Header of the first column of a series, and heading above it among others.
_SERIES: Final = {
    "leave-one-out": ("Study left out", "Without one study"),
    "cumulative": ("Study added", "One study after another"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Rows and texts of a forest plot.

    Attributes
    ----------
    rows : tuple of ForestRow
    view : ShownFit
        Scale, null value and name of what is shown.
    header, estimate_header, weight_header : str
        Headers of the names, of the estimates, and of the weights (empty: no such column).
    columns : tuple of str
        Headers of the columns between names and weights.
    footer : tuple of str
        Lines beside the axis.
    """

    rows: tuple[ForestRow, ...]
    view: ShownFit
    header: str
    columns: tuple[str, ...]
    estimate_header: str
    weight_header: str
    footer: tuple[str, ...]


def study_names_of(fit: Drawable) -> tuple[str, ...]:
    """Names of the studies of a result, in the order given."""
    return _CONTENTS[_kind(fit)][0](fit)


def contents_of(
    fit: Drawable,
    names: Sequence[str],
    cells: Cells,
    transform: Transform | None,
) -> Contents:
    """What the forest plot of a result shows.

    Parameters
    ----------
    fit : one of ``KINDS``
    names : sequence of str, length k
        Names of its studies.
    cells : mapping of str to sequence of str, length k
        Further columns.
    transform : {"exp", "none"} or None
        As for ``forest_plot``.
    """
    return _CONTENTS[_kind(fit)][1](fit, names, cells, transform)


def _kind(fit: object) -> type:
    return next(kind for kind in KINDS if isinstance(fit, kind))


# rows


def _row(
    label: str,
    numbers: _Numbers,
    spec: str,
    *,
    kind: RowKind = "study",
    columns: tuple[tuple[str], ...] = (),
    weight: float | None = None,
) -> ForestRow:
    """A row with an estimate, its interval and its weight; texts alone if there is none."""
    estimate, low, high = numbers
    if math.isnan(estimate):
        return ForestRow(label=(label,), columns=columns, estimate_text=("not estimable",))
    known = weight is not None and not math.isnan(weight)
    return ForestRow(
        label=(label,),
        columns=columns,
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        weight=weight if known and kind == "study" else None,
        estimate_text=(f"{format_number(estimate, spec)} {interval_text(low, high, spec)}",),
        weight_text=(f"{format_number(weight, 'percent:1')}%",) if known else (),
        kind=kind,
    )


def _columns(cells: Cells, index: int) -> tuple[tuple[str], ...]:
    return tuple((column[index],) for column in cells.values())


def _prediction(view: ShownFit, level: float, spec: str) -> Iterator[ForestRow]:
    if view.prediction is not None:
        low, high = view.prediction
        yield ForestRow(
            label=(f"{100 * level:g}% prediction interval",),
            ci_low=low,
            ci_high=high,
            estimate_text=(interval_text(low, high, spec),),
            kind="prediction",
        )


def _summary(label: str, numbers: _Numbers, spec: str, share: float | None) -> ForestRow:
    return _row(label, numbers, spec, kind="summary", weight=share)


def _study_rows(
    rows: Sequence[int],
    view: ShownFit,
    spec: str,
    names: Sequence[str],
    cells: Cells,
    weights: FloatArray | None,
) -> list[ForestRow]:
    return [
        _row(
            names[i],
            view.studies[i],
            spec,
            columns=_columns(cells, i),
            weight=None if weights is None else float(weights[i]),
        )
        for i in rows
    ]


# a summary, of two arms or one


def _of_fit(
    fit: PooledEffect | SingleArmSummary,
    names: Sequence[str],
    cells: Cells,
    transform: Transform | None,
) -> Contents:
    pooled = fit.fit if isinstance(fit, SingleArmSummary) else fit
    view = show_single_arm(fit) if isinstance(fit, SingleArmSummary) else show_fit(fit, transform)
    spec, several = number_format(view), pooled.k > 1
    weights = pooled.weights if several else None
    rows = _study_rows(range(pooled.k), view, spec, names, cells, weights)
    if several:
        rows.append(_summary(f"{_model(pooled.method)} summary", view.summary, spec, 1.0))
        rows += _prediction(view, pooled.level, spec)
    return Contents(
        rows=tuple(rows),
        view=view,
        header="Study",
        columns=tuple(cells),
        estimate_header=header_text(view, pooled.level),
        weight_header="Weight" if several else "",
        footer=tuple(footer_texts(pooled, view.null)),
    )


def _model(method: str) -> str:
    return "Common-effect" if method == "CE" else "Random-effects"


# subgroups


def _of_subgroups(
    fit: Subgroups, names: Sequence[str], cells: Cells, transform: Transform | None
) -> Contents:
    whole = fit.overall
    view, weights = show_fit(whole, transform), whole.weights
    spec = number_format(view)
    rows: list[ForestRow] = []
    for group in fit.effects:
        rows.append(ForestRow(label=(group.name,), kind="group"))
        rows += _study_rows(group.rows, view, spec, names, cells, weights)
        rows += _group_summary(fit, group, transform, spec)
    rows.append(_summary(f"{_model(whole.method)} summary", view.summary, spec, 1.0))
    rows += _prediction(view, whole.level, spec)
    return Contents(
        rows=tuple(rows),
        view=view,
        header="Study",
        columns=tuple(cells),
        estimate_header=header_text(view, fit.level),
        weight_header="Weight",
        footer=(
            *footer_texts(whole, view.null),
            f"Subgroup differences: {_interaction(fit)}; τ² {_TAU2[fit.tau2_mode]}.",
        ),
    )


_TAU2: Final = {"separate": "of each subgroup its own", "common": "common to the subgroups"}


def _group_summary(
    fit: Subgroups, group: SubgroupEffect, transform: Transform | None, spec: str
) -> Iterator[ForestRow]:
    """Summary of a group of several studies, and its heterogeneity."""
    if group.k == 1 and fit.tau2_mode == "separate":
        return
    numbers = (group.estimate, group.ci_low, group.ci_high)
    shown = show_numbers(fit.overall.measure, transform, np.empty((0, 3)), numbers)
    share = float(fit.overall.weights[list(group.rows)].sum())
    studies = "1 study" if group.k == 1 else f"{group.k} studies"
    yield _summary(f"Subtotal ({studies})", shown.summary, spec, share)
    common = fit.overall.method == "CE" or fit.tau2_mode == "common"
    words = heterogeneity_text(heterogeneity_of(group, common=common))
    if words:
        yield ForestRow(label=(words,), kind="note")


def _interaction(fit: Subgroups) -> str:
    test = fit.interaction
    statistic = format_number(test.statistic, "fixed:2")
    if test.residual_df is None:
        return f"χ² = {statistic}, df = {test.df}, {p_text(test.p_value)}"
    return f"F = {statistic}, df = {test.df} and {test.residual_df:g}, {p_text(test.p_value)}"


# common effects of counts


def _of_counts(
    fit: PooledMantelHaenszel | PooledPeto,
    names: Sequence[str],
    cells: Cells,
    transform: Transform | None,
) -> Contents:
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
    rows = _study_rows(range(effects.k), view, spec, names, cells, _weights_of_all(fit))
    if None not in numbers:
        rows.append(_summary(f"{name} summary", view.summary, spec, 1.0))
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


# summaries of parts of the studies


def _of_series(
    fit: PooledSeries, names: Sequence[str], cells: Cells, transform: Transform | None
) -> Contents:
    view = _series_view(fit, transform)
    spec = number_format(view)
    return Contents(
        rows=tuple(_series_rows(fit, view, spec, names, cells)),
        view=view,
        header=_SERIES[fit.kind][0],
        columns=(*cells, *_SERIES_COLUMNS),
        estimate_header=header_text(view, fit.level),
        weight_header="",
        footer=(f"Each row is a summary. Model: {describe_method(fit.method)}.",),
    )


_SERIES_COLUMNS: Final = ("Studies", "I²")


def _series_view(fit: PooledSeries, transform: Transform | None) -> ShownFit:
    numbers = np.stack([fit.estimate, fit.ci_low, fit.ci_high], axis=1)
    last = numbers[-1].tolist()
    return show_numbers(fit.measure, transform, numbers, (last[0], last[1], last[2]))


def _series_rows(
    fit: PooledSeries, view: ShownFit, spec: str, names: Sequence[str], cells: Cells
) -> Iterator[ForestRow]:
    for i, at in enumerate(fit.position.tolist()):
        own = ((f"{fit.k[i]}",), (f"{format_number(float(fit.i2[i]), 'percent:1')}%",))
        yield _row(names[at], view.studies[i], spec, columns=(*_columns(cells, at), *own))


def _of_sensitivity(
    fit: Sensitivity, names: Sequence[str], cells: Cells, transform: Transform | None
) -> Contents:
    whole = fit.pooled
    view = show_fit(whole, transform)
    spec = number_format(view)
    rows: list[ForestRow] = []
    for series in (fit.leave_one_out, fit.cumulative):
        rows.append(ForestRow(label=(_SERIES[series.kind][1],), kind="group"))
        rows += _series_rows(series, _series_view(series, transform), spec, names, cells)
    rows.append(_summary("All studies", view.summary, spec, None))
    return Contents(
        rows=tuple(rows),
        view=view,
        header="Study",
        columns=(*cells, *_SERIES_COLUMNS),
        estimate_header=header_text(view, whole.level),
        weight_header="",
        footer=("Each row is a summary.", *footer_texts(whole, view.null)),
    )


def _places(fit: PooledSeries) -> tuple[str, ...]:
    by_place = dict(zip(fit.position.tolist(), fit.studies, strict=True))
    return tuple(by_place[place] for place in range(len(fit.studies)))


#: For each kind of result the names of its studies, and what its forest plot shows.
_CONTENTS: Final[
    Mapping[type, tuple[Callable[[Any], tuple[str, ...]], Callable[..., Contents]]]
] = {
    PooledEffect: (lambda fit: fit.labels, _of_fit),
    SingleArmSummary: (lambda fit: fit.labels, _of_fit),
    Subgroups: (lambda fit: fit.overall.labels, _of_subgroups),
    PooledMantelHaenszel: (lambda fit: fit.effects.labels, _of_counts),
    PooledPeto: (lambda fit: fit.effects.labels, _of_counts),
    PooledSeries: (_places, _of_series),
    Sensitivity: (lambda fit: fit.pooled.labels, _of_sensitivity),
}
#: The same as types.
KINDS: Final = tuple(_CONTENTS)
