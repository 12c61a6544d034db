"""What the forest plot of each kind of result shows: rows, texts and scale, before it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from evidence.report.figures.forest.count_contents import of_counts
from evidence.report.figures.forest.rows import (
    Cells,
    Contents,
)
from evidence.report.figures.forest.scales import (
    Transform,
)
from evidence.report.figures.forest.series_contents import (
    of_sensitivity,
    of_series,
    studies_in_order,
)
from evidence.report.figures.forest.summary_contents import of_fit, of_subgroups
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary
from evidence.synthesis.rare_events.mantel_haenszel import PooledMantelHaenszel
from evidence.synthesis.rare_events.peto import PooledPeto
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


#: For each kind of result the names of its studies, and what its forest plot shows.
_CONTENTS: Final[
    Mapping[type, tuple[Callable[[Any], tuple[str, ...]], Callable[..., Contents]]]
] = {
    PooledEffect: (lambda fit: fit.labels, of_fit),
    SingleArmSummary: (lambda fit: fit.labels, of_fit),
    Subgroups: (lambda fit: fit.overall.labels, of_subgroups),
    PooledMantelHaenszel: (lambda fit: fit.effects.labels, of_counts),
    PooledPeto: (lambda fit: fit.effects.labels, of_counts),
    PooledSeries: (studies_in_order, of_series),
    Sensitivity: (lambda fit: fit.pooled.labels, of_sensitivity),
}
#: The same as types.
KINDS: Final = tuple(_CONTENTS)
