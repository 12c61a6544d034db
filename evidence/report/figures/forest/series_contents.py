"""What the forest plot of summaries of parts of the studies shows: leave-one-out, cumulative."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from evidence.report.figures.forest.records import ForestRow
from evidence.report.figures.forest.rows import (
    Cells,
    Contents,
    columns_at,
    row_of,
    summary_row,
)
from evidence.report.figures.forest.scales import (
    ShownFit,
    Transform,
    show_fit,
    show_numbers,
)
from evidence.report.figures.forest.texts import (
    footer_texts,
    header_text,
    number_format,
)
from evidence.report.record.numbers import format_number
from evidence.synthesis.pairwise.policies import describe_method
from evidence.synthesis.sensitivity.study_deletion import Sensitivity
from evidence.synthesis.stacks.series import PooledSeries

#: Header of the first column of a series, and heading above it among others.
_SERIES: Final = {
    "leave-one-out": ("Study left out", "Without one study"),
    "cumulative": ("Study added", "One study after another"),
}


def of_series(
    fit: PooledSeries, names: Sequence[str], cells: Cells, transform: Transform | None
) -> Contents:
    """A summary in each row."""
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
        yield row_of(names[at], view.studies[i], spec, columns=(*columns_at(cells, at), *own))


def of_sensitivity(
    fit: Sensitivity, names: Sequence[str], cells: Cells, transform: Transform | None
) -> Contents:
    """Both series under their headings, and the summary of all studies."""
    whole = fit.pooled
    view = show_fit(whole, transform)
    spec = number_format(view)
    rows: list[ForestRow] = []
    for series in (fit.leave_one_out, fit.cumulative):
        rows.append(ForestRow(label=(_SERIES[series.kind][1],), kind="group"))
        rows += _series_rows(series, _series_view(series, transform), spec, names, cells)
    rows.append(summary_row("All studies", view.summary, spec, None))
    return Contents(
        rows=tuple(rows),
        view=view,
        header="Study",
        columns=(*cells, *_SERIES_COLUMNS),
        estimate_header=header_text(view, whole.level),
        weight_header="",
        footer=("Each row is a summary.", *footer_texts(whole, view.null)),
    )


def studies_in_order(fit: PooledSeries) -> tuple[str, ...]:
    """Names of the studies in the order in which they were given."""
    by_place = dict(zip(fit.position.tolist(), fit.studies, strict=True))
    return tuple(by_place[place] for place in range(len(fit.studies)))
