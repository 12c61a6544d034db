"""Forest plots for a notebook: ``forest_plot(fit)`` draws one, and ``save`` keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from evidence.errors import BadInput, UnknownName, refuse
from evidence.report.drawing.canvas import to_png, to_svg
from evidence.report.figures.figure_file import FigureFile
from evidence.report.figures.forest.plot import axis_of, compose
from evidence.report.figures.forest.records import ForestPlot, ForestRow
from evidence.report.figures.forest.scales import ShownFit, Transform, show_fit, show_single_arm
from evidence.report.record.numbers import format_number
from evidence.synthesis.pairwise.policies import describe_method
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS

NO_BREAK: Final = "\u00a0"


def forest_plot(
    fit: PooledEffect | SingleArmSummary,
    *,
    labels: Sequence[str] | None = None,
    title: str = "",
    favours: tuple[str, str] | None = None,
    transform: Transform | None = None,
    columns: Mapping[str, Sequence[object]] | None = None,
) -> FigureFile:
    """Draw the forest plot of a synthesis.

    Parameters
    ----------
    fit : PooledEffect, PooledProportion or PooledRate
        What ``pool``, ``pool_proportions`` or ``pool_rates`` returned.
    labels : sequence of str, length k, optional
        Names of the studies; those of the fit unless given. The same name may come twice.
    title : str
        Heading above the plot.
    favours : (str, str), optional
        What lies left and right of no effect, such as ``("Favours A", "Favours B")``.
    transform : {"exp", "none"}, optional
        "exp" shows logs as ratios on a log axis, "none" shows the scale of analysis. Unless given
        the measure of the fit decides: ratios as ratios, proportions in per cent.
    columns : mapping of str to sequence, optional
        Further columns: header to k cells.

    Returns
    -------
    FigureFile

    Raises
    ------
    BadInput
        Labels, columns or favours that do not fit the synthesis; all faults at once.
    UnknownName
        Another transform.

    Examples
    --------
    >>> from evidence import pool
    >>> forest_plot(pool([0.1, 0.3], [0.04, 0.05]), transform="exp", title="Two trials")
    FigureFile(kind='forest plot', title='Two trials')

    References
    ----------
    metafor: ``forest(res, atransf=exp, addpred=TRUE)``.
    """
    synthesis = fit.fit if isinstance(fit, SingleArmSummary) else fit
    names = [_clean(label) for label in (synthesis.labels if labels is None else labels)]
    cells = {_clean(header): list(map(_clean, given)) for header, given in (columns or {}).items()}
    _check(synthesis.k, names, cells, transform, natural=isinstance(fit, SingleArmSummary))
    view = show_single_arm(fit) if isinstance(fit, SingleArmSummary) else show_fit(fit, transform)
    rows = _rows(synthesis, view, names, cells)
    axis = axis_of(rows, view.scale, view.null)
    plot = ForestPlot(
        id="forest-plot",
        number=(),
        title=(title,),
        alt=(),
        column_headers=(("Study",), *((header,) for header in cells)),
        estimate_header=(_header(view, synthesis.level),),
        weight_header=("Weight",) if synthesis.k > 1 else (),
        rows=rows,
        scale=view.scale,
        null=view.null,
        axis_label=(view.name + {"log": " (log scale)", "proportion": " (%)"}.get(view.scale, ""),),
        favours=None if favours is None else ((favours[0],), (favours[1],)),
        footer=tuple((line,) for line in _footer(synthesis, view.null)),
        ticks=tuple((p, (label,)) for p, label in zip(axis.ticks, axis.labels, strict=True)),
        limits=(axis.low, axis.high),
    )
    drawing = compose(plot, (_clean(title),))
    named = _clean(title) or f"Forest plot of {synthesis.k} studies"
    return FigureFile(
        svg=to_svg(drawing, named), png=to_png(drawing), kind="forest plot", title=title
    )


def _clean(given: object) -> str:
    return " ".join(str(given).split())


def _check(
    k: int,
    names: list[str],
    cells: dict[str, list[str]],
    transform: Transform | None,
    *,
    natural: bool,
) -> None:
    if transform not in (None, "exp", "none"):
        raise UnknownName("transform of a forest plot", transform, ("exp", "none"))
    if natural and transform is not None:
        raise BadInput(
            f"A forest plot was to be drawn with transform={transform!r}, and the summary is on "
            "its natural scale already. Leave transform out, or plot its .fit."
        )
    counts = {"labels": len(names), **{f"column {name!r}": len(c) for name, c in cells.items()}}
    problems = [f"{name}: {count} given" for name, count in counts.items() if count != k]
    asked = f"A forest plot of {k} studies needs {k} entries in each column; give one for each."
    refuse(BadInput, asked, problems)


# texts


def _rows(
    fit: PooledEffect, view: ShownFit, names: list[str], cells: dict[str, list[str]]
) -> tuple[ForestRow, ...]:
    spec = _spec(view)
    rows = [
        ForestRow(
            label=(name,),
            columns=tuple((column[index],) for column in cells.values()),
            estimate=estimate,
            ci_low=low,
            ci_high=high,
            weight=float(weight) if fit.k > 1 else None,
            estimate_text=(f"{format_number(estimate, spec)} {_interval(low, high, spec)}",),
            weight_text=(f"{format_number(weight, 'percent:1')}%",) if fit.k > 1 else (),
        )
        for index, (name, (estimate, low, high), weight) in enumerate(
            zip(names, view.studies, fit.weights, strict=True)
        )
    ]
    return (*rows, *(_pooled_rows(fit, view, spec) if fit.k > 1 else ()))


def _pooled_rows(fit: PooledEffect, view: ShownFit, spec: str) -> list[ForestRow]:
    estimate, low, high = view.summary
    model = "Common-effect" if fit.method == "CE" else "Random-effects"
    summary = ForestRow(
        label=(f"{model} summary",),
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        estimate_text=(f"{format_number(estimate, spec)} {_interval(low, high, spec)}",),
        weight_text=("100%",),
        kind="summary",
    )
    if view.prediction is None:
        return [summary]
    low, high = view.prediction
    expected = ForestRow(
        label=(f"{100 * fit.level:g}% prediction interval",),
        ci_low=low,
        ci_high=high,
        estimate_text=(_interval(low, high, spec),),
        kind="prediction",
    )
    return [summary, expected]


def _interval(low: float, high: float, spec: str) -> str:
    return f"({format_number(low, spec)} to {format_number(high, spec)})"


def _header(view: ShownFit, level: float) -> str:
    unit = ", %" if view.scale == "proportion" else ""
    return f"{view.name}{unit} ({100 * level:g}%{NO_BREAK}CI)"


def _spec(view: ShownFit) -> str:
    """Format that shows two digits of small ratios, and of the usual half-width of an interval."""
    if view.scale == "proportion":
        return "percent:1"
    if view.scale == "log":
        least = min(estimate for estimate, _, _ in (*view.studies, view.summary)) / math.log(10)
        return f"ratio:{min(6, max(2, 1 - math.floor(least)))}"
    half = float(np.median([(high - low) / 2 for _, low, high in view.studies])) or 1.0
    return f"fixed:{min(6, max(0, 1 - math.floor(math.log10(half))))}"


def _footer(fit: PooledEffect, null: float | None) -> list[str]:
    if fit.k == 1:
        return ["One study; nothing was pooled."]
    test = SUMMARY_TESTS[fit.test].words
    model = f"Model: {describe_method(fit.method)}; interval: {test}."
    lines = [_heterogeneity(fit), _overall(fit) if null is not None else "", model]
    return [line for line in lines if line]


def _heterogeneity(fit: PooledEffect) -> str:
    parts = []
    if fit.tau2 is not None and fit.method != "CE":
        parts.append(f"τ² = {format_number(fit.tau2, 'significant:2')}")
    if fit.i2 is not None:
        parts.append(f"I² = {format_number(fit.i2, 'percent:1')}%")
    if fit.q is not None and fit.q_p is not None:
        parts.append(f"Q = {format_number(fit.q, 'fixed:2')}, df = {fit.q_df}, {_p(fit.q_p)}")
    return f"Heterogeneity: {'; '.join(parts)}." if parts else ""


def _overall(fit: PooledEffect) -> str:
    statistic = format_number(fit.statistic, "fixed:2")
    shown = f"z = {statistic}" if fit.df is None else f"t = {statistic}, df = {fit.df:g}"
    return f"Overall effect: {shown}, {_p(fit.p_value)}."


def _p(value: float) -> str:
    shown = format_number(value, "p:2")
    return f"p < {shown[1:]}" if shown.startswith("<") else f"p = {shown}"
