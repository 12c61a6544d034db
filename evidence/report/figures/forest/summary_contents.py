"""What the forest plot of a summary shows: one of two arms or one, or of subgroups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from evidence.report.figures.forest.records import ForestRow
from evidence.report.figures.forest.rows import (
    Cells,
    Contents,
    prediction_rows,
    study_rows,
    summary_row,
)
from evidence.report.figures.forest.scales import (
    Transform,
    show_fit,
    show_numbers,
    show_single_arm,
)
from evidence.report.figures.forest.texts import (
    footer_texts,
    header_text,
    heterogeneity_of,
    heterogeneity_text,
    number_format,
    p_text,
)
from evidence.report.record.numbers import format_number
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary
from evidence.synthesis.regression.common_subgroups import SubgroupEffect
from evidence.synthesis.regression.subgroups import Subgroups


def of_fit(
    fit: PooledEffect | SingleArmSummary,
    names: Sequence[str],
    cells: Cells,
    transform: Transform | None,
) -> Contents:
    """Studies, summary and prediction interval."""
    pooled = fit.fit if isinstance(fit, SingleArmSummary) else fit
    view = show_single_arm(fit) if isinstance(fit, SingleArmSummary) else show_fit(fit, transform)
    spec, several = number_format(view), pooled.k > 1
    weights = pooled.weights if several else None
    rows = study_rows(range(pooled.k), view, spec, names, cells, weights)
    if several:
        rows.append(summary_row(f"{model_text(pooled.method)} summary", view.summary, spec, 1.0))
        rows += prediction_rows(view, pooled.level, spec)
    return Contents(
        rows=tuple(rows),
        view=view,
        header="Study",
        columns=tuple(cells),
        estimate_header=header_text(view, pooled.level),
        weight_header="Weight" if several else "",
        footer=tuple(footer_texts(pooled, view.null)),
    )


def model_text(method: str) -> str:
    """Name of the model of a summary."""
    return "Common-effect" if method == "CE" else "Random-effects"


def of_subgroups(
    fit: Subgroups, names: Sequence[str], cells: Cells, transform: Transform | None
) -> Contents:
    """Each subgroup with its studies and summary, and the summary of all."""
    whole = fit.overall
    view, weights = show_fit(whole, transform), whole.weights
    spec = number_format(view)
    rows: list[ForestRow] = []
    for group in fit.effects:
        rows.append(ForestRow(label=(group.name,), kind="group"))
        rows += study_rows(group.rows, view, spec, names, cells, weights)
        rows += _group_summary(fit, group, transform, spec)
    rows.append(summary_row(f"{model_text(whole.method)} summary", view.summary, spec, 1.0))
    rows += prediction_rows(view, whole.level, spec)
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
    yield summary_row(f"Subtotal ({studies})", shown.summary, spec, share)
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
