"""Two therapies compared across trials: a log ratio of each, by the first route that it allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from evidence.analysis.sections.pooled.arms import arm_cells, arm_headers, events_of
from evidence.analysis.sections.pooled.declared import PooledEntry, Select
from evidence.analysis.sections.pooled.kind import (
    NumbersLayout,
    PooledKind,
    SensitivityLayout,
    Words,
)
from evidence.analysis.sections.pooled.records import Effect, Selected
from evidence.analysis.shared.context import ABSENT, Context
from evidence.effects.arm_estimates import log_ratio_of_rates, log_ratio_of_rates_of_patients
from evidence.effects.effect_sizes import effect_size
from evidence.outcomes.contrasts import ROUTES, Contrast, find_contrasts, substituted
from evidence.report.record.ledger import Computed, Quantity
from evidence.trials.dataset.load import Trials


class Comparison(PooledEntry):
    """Two therapies compared across trials: effects, forest plot, heterogeneity, sensitivity."""

    known_routes: ClassVar[tuple[str, ...]] = ROUTES
    scale_field: ClassVar[str] = "measure"
    variant_fields: ClassVar[frozenset[str]] = frozenset({"substitute"})

    kind: Literal["comparison"]
    measure: Literal["IRR", "HR", "RR", "OR"]
    leave_one_out: bool = True
    favours: Annotated[list[str], Field(min_length=2, max_length=2)]

    @property
    def each_left_out(self) -> bool:
        """Whether each study is left out in turn."""
        return self.leave_one_out

    @model_validator(mode="after")
    def _has_a_comparator(self) -> Comparison:
        if self.select.comparator is None:
            raise ValueError("a comparison needs select.comparator")
        return self


def _select(trials: Trials, section: Comparison, select: Select) -> Selected[Contrast]:
    found = find_contrasts(
        trials, select.question(), measure=section.measure, routes=section.routes
    )
    return Selected(studies=found.contrasts, left_out=found.left_out)


def _effect(context: Context, contrast: Contrast, measure: str) -> Computed[Effect]:
    """Compute log ratio and variance of one contrast."""
    inputs = {name: [context.at(address)] for name, address in contrast.inputs.items()}
    if contrast.route == "rates-with-ci":
        return context.ledger.compute(log_ratio_of_rates, inputs, level=contrast.level)
    if contrast.route == "rates-of-patients":
        return context.ledger.compute(log_ratio_of_rates_of_patients, inputs)
    if contrast.route == "published-ratio":
        return context.ledger.compute(effect_size, inputs, measure=measure, level=contrast.level)
    counts = _counts(context, contrast) or {}
    given = {name: [quantity] for name, quantity in counts.items()}
    return context.ledger.compute(effect_size, given or inputs, measure=measure)


def _counts(context: Context, contrast: Contrast) -> dict[str, Quantity] | None:
    """Return events and patients of both arms, or None if the contrast is from other numbers."""
    inputs = {name: context.at(address) for name, address in contrast.inputs.items()}
    if contrast.route == "events-of-patients":
        return inputs
    if contrast.route != "percentages-of-patients":
        return None
    pairs = {"ai": ("percent1", "n1i"), "ci": ("percent2", "n2i")}
    events = {
        name: events_of(context, contrast.inputs[percent], inputs[n])
        for name, (percent, n) in pairs.items()
    }
    return {**events, "n1i": inputs["n1i"], "n2i": inputs["n2i"]}


def _addresses(contrast: Contrast) -> Iterable[str]:
    return contrast.inputs.values()


def _sizes(contrast: Contrast) -> Sequence[str | None]:
    return [contrast.shown.get(name) for name in ("n1", "n2")]


_WORDS = Words(
    study="trial",
    studies="trials",
    people="participants",
    headline="{title}: {measure} {estimate}, from {studies}.",
    summary=(
        "The summary {measure} is {estimate}, {p}, from {studies}. {prediction} {heterogeneity}."
    ),
    methods="{title}: log {measure}s were computed from {routes} and pooled ({method}).",
    routes={
        "published-ratio": "published ratio with its interval",
        "events-per-person-years": "events and person-years of each arm",
        "rates-with-ci": "rate of each arm with its interval",
        "rates-of-patients": "rate, patients and planned length of each arm",
        "events-of-patients": "patients with the event, of all",
        "percentages-of-patients": "percentage of each arm, as whole patients where it allows",
    },
)
_NUMBERS = NumbersLayout(
    columns={
        "Study": 1.2,
        "Computed from": 1.8,
        "Numbers used": 1.6,
        "Where printed": 3.0,
        "Effect": 1.6,
        "Weight": 0.8,
    }
)
_SENSITIVITY = SensitivityLayout(
    about="model and to single trials",
    studies_width=0.7,
    align="right",
    note=f"{ABSENT} not estimable, or not given under the policy.",
    kept=(
        *("label", "computation", "k", "estimate", "ci_low", "ci_high"),
        *("tau2", "method", "test", "policy"),
    ),
)
COMPARISON = PooledKind(
    name="comparison",
    schema=Comparison,
    select=_select,
    effect=_effect,
    counts=_counts,
    addresses=_addresses,
    sizes=_sizes,
    substitute=substituted,
    headers=arm_headers,
    cells=arm_cells,
    null=0.0,
    words=_WORDS,
    numbers=_NUMBERS,
    sensitivity=_SENSITIVITY,
)
