"""A proportion of patients across single arms: pooled on a proper scale, zero events kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from evidence.analysis.sections.pooled.arms import events_of
from evidence.analysis.sections.pooled.declared import PooledEntry, Select
from evidence.analysis.sections.pooled.kind import (
    NumbersLayout,
    PooledKind,
    SensitivityLayout,
    Words,
)
from evidence.analysis.sections.pooled.records import Effect, Selected
from evidence.analysis.shared.context import Context
from evidence.effects.arm_estimates import proportion_from_interval
from evidence.effects.effect_sizes import effect_size
from evidence.outcomes.arms import ARM_ROUTES, Cohort, find_cohorts
from evidence.report.record.document import Text
from evidence.report.record.ledger import Computed, Quantity
from evidence.trials.dataset.load import Trials


class Proportion(PooledEntry):
    """A proportion of patients, pooled across single arms and cohorts."""

    known_routes: ClassVar[tuple[str, ...]] = ARM_ROUTES
    scale_field: ClassVar[str] = "transform"
    variant_fields: ClassVar[frozenset[str]] = frozenset({"transform"})

    kind: Literal["proportion"]
    routes: list[str] = Field(default_factory=lambda: list(ARM_ROUTES), min_length=1)
    transform: Literal["PLO", "PAS"]


def _select(trials: Trials, section: Proportion, select: Select) -> Selected[Cohort]:
    found = find_cohorts(trials, select.question(), routes=section.routes)
    return Selected(studies=found.cohorts, left_out=found.left_out)


def _effect(context: Context, cohort: Cohort, measure: str) -> Computed[Effect]:
    """Compute the transformed proportion of one cohort, and its variance."""
    counts = _counts(context, cohort)
    if counts is not None:
        given = {name: [quantity] for name, quantity in counts.items()}
        return context.ledger.compute(effect_size, given, measure=measure)
    inputs = {name: [context.at(address)] for name, address in cohort.inputs.items()}
    return context.ledger.compute(
        proportion_from_interval, inputs, measure=measure, level=cohort.level
    )


def _counts(context: Context, cohort: Cohort) -> dict[str, Quantity] | None:
    """Return events and patients of a cohort, or None if it prints a percentage with interval."""
    if cohort.route == "proportion-with-ci":
        return None
    inputs = {name: context.at(address) for name, address in cohort.inputs.items()}
    if cohort.route == "percentage-of-patients":
        events = events_of(context, cohort.inputs["percent"], inputs["ni"])
        return {"xi": events, "ni": inputs["ni"]}
    return inputs


def _addresses(cohort: Cohort) -> Iterable[str]:
    size = [] if cohort.size is None else [cohort.size]
    return (*cohort.inputs.values(), cohort.reported, *size)


def _sizes(cohort: Cohort) -> Sequence[str | None]:
    return [cohort.size]


def _headers(context: Context, cohorts: Sequence[Cohort]) -> tuple[Text, ...]:
    return (("Events/total",), ("Months",)) if _timed(cohorts) else (("Events/total",),)


def _timed(cohorts: Sequence[Cohort]) -> bool:
    return any(one.months is not None for one in cohorts)


def _cells(context: Context, cohorts: Sequence[Cohort], index: int) -> tuple[Text, ...]:
    """Return patients with the event of all (or their percentage), and months if any has them."""
    one = cohorts[index]
    if not _timed(cohorts):
        return (_patients(context, one),)
    months: Text = ()
    if one.months is not None:
        months = (context.printed(f"{one.reported}#timepoint_months"),)
    return _patients(context, one), months


def _patients(context: Context, one: Cohort) -> Text:
    if "xi" in one.inputs:
        return (context.printed(one.inputs["xi"]), "/", context.printed(one.inputs["ni"]))
    value: Text = (context.printed(one.inputs["percent"]), "%")
    return (*value, " of ", context.printed(one.size)) if one.size is not None else value


_WORDS = Words(
    study="cohort",
    studies="cohorts",
    people="patients",
    headline="{title}: {estimate} of patients, from {studies}.",
    summary="The summary is {estimate} of patients, from {studies}. {prediction} {heterogeneity}.",
    methods=(
        "{title}: proportions were computed from {routes} and pooled on the {scale} scale "
        "({method}); cohorts without events are kept."
    ),
    routes={
        "events-of-patients": "patients with the event, of all",
        "proportion-with-ci": "published percentage with its interval",
        "percentage-of-patients": "published percentage, as whole patients where it allows",
    },
)
_NUMBERS = NumbersLayout(
    columns={
        "Study": 1.2,
        "Cohort": 2.2,
        "Computed from": 1.5,
        "Numbers used": 1.3,
        "Where printed": 3.0,
        "Per cent": 1.5,
        "Weight": 0.7,
    },
    with_arm=True,
    landscape=True,
)
_SENSITIVITY = SensitivityLayout(
    about="scale and model",
    studies_width=0.8,
    align="left",
    kept=("transform", "computation", "k", "estimate"),
)
PROPORTION = PooledKind(
    name="proportion",
    schema=Proportion,
    select=_select,
    effect=_effect,
    counts=_counts,
    addresses=_addresses,
    sizes=_sizes,
    headers=_headers,
    cells=_cells,
    null=None,
    words=_WORDS,
    numbers=_NUMBERS,
    sensitivity=_SENSITIVITY,
)
