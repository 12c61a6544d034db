"""Forest plots for a notebook: ``forest_plot(fit)`` draws one, and ``save`` keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from evidence.errors import BadInput, UnknownName, refuse
from evidence.input_checks import require_kind
from evidence.report.drawing.canvas import to_png, to_svg
from evidence.report.figures.figure_file import FigureFile
from evidence.report.figures.forest.contents import (
    KINDS,
    Drawable,
    contents_of,
    study_names_of,
)
from evidence.report.figures.forest.plot import axis_of, compose
from evidence.report.figures.forest.records import ForestPlot
from evidence.report.figures.forest.rows import Contents
from evidence.report.figures.forest.scales import Transform
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary

_ADVICE: Final = (
    "Give the result of pool(), pool_proportions(), pool_rates(), pool_subgroups(), "
    "pool_mantel_haenszel(), pool_peto(), leave_one_out(), cumulative() or sensitivity()."
)


def forest_plot(
    fit: Drawable,
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
    fit : PooledEffect, PooledProportion, PooledRate, Subgroups, PooledSeries or Sensitivity, ...
        What ``pool``, ``pool_proportions``, ``pool_rates``, ``pool_mantel_haenszel``,
        ``pool_peto``, ``pool_subgroups``, ``leave_one_out``, ``cumulative`` or ``sensitivity``
        returned. A group has a heading, its studies and its summary; of leave-one-out and
        cumulative analyses each row is a summary.
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
        Something that cannot be drawn, or labels or columns that do not fit the synthesis; all
        faults at once.
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
    require_kind("A forest plot", fit, KINDS, _ADVICE)
    known = study_names_of(fit)
    names = [_clean(label) for label in (known if labels is None else labels)]
    cells = {_clean(header): list(map(_clean, given)) for header, given in (columns or {}).items()}
    _check(len(known), names, cells, transform, natural=isinstance(fit, SingleArmSummary))
    contents = contents_of(fit, names, cells, transform)
    drawing = compose(_plot(contents, _clean(title), favours), (_clean(title),))
    named = _clean(title) or f"Forest plot of {len(known)} studies"
    return FigureFile(
        svg=to_svg(drawing, named), png=to_png(drawing), kind="forest plot", title=title
    )


def _plot(contents: Contents, title: str, favours: tuple[str, str] | None) -> ForestPlot:
    """Plot of contents, with an axis that suits them."""
    view = contents.view
    axis = axis_of(contents.rows, view.scale, view.null)
    unit = {"log": " (log scale)", "proportion": " (%)"}.get(view.scale, "")
    return ForestPlot(
        id="forest-plot",
        number=(),
        title=(title,),
        alt=(),
        column_headers=((contents.header,), *((header,) for header in contents.columns)),
        estimate_header=(contents.estimate_header,),
        weight_header=(contents.weight_header,) if contents.weight_header else (),
        rows=contents.rows,
        scale=view.scale,
        null=view.null,
        axis_label=(view.name + unit,),
        favours=None if favours is None else ((favours[0],), (favours[1],)),
        footer=tuple((line,) for line in contents.footer),
        ticks=tuple((p, (label,)) for p, label in zip(axis.ticks, axis.labels, strict=True)),
        limits=(axis.low, axis.high),
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
