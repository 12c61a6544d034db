"""What travels from stage to stage: studies selected, their effects, their summary, a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from evidence.effects.arm_estimates import ArmEffects
from evidence.effects.effect_sizes import EffectSizes
from evidence.report.record.document import Block, Text
from evidence.report.record.ledger import Computed, Quantity
from evidence.report.record.origins import Json, plain_record, rounded
from evidence.synthesis.pairwise.pooled_effect import PooledEffect

#: What the routes give: ``yi`` and ``vi`` of length 1.
Effect = EffectSizes | ArmEffects


class Study(Protocol):
    """A study as it was selected: which numbers, by address, give its effect."""

    @property
    def study_id(self) -> str:
        """Slug of the study."""

    @property
    def study(self) -> str:
        """Its name."""

    @property
    def arm(self) -> str:
        """Slug of its treated arm."""

    @property
    def route(self) -> str:
        """From what its effect is computed."""

    @property
    def inputs(self) -> Mapping[str, str]:
        """Argument of the computation to ``<result_id>#<column>``."""


Study_co = TypeVar("Study_co", bound=Study, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected(Generic[Study_co]):
    """The studies that answer a question, and why others do not.

    Attributes
    ----------
    studies : tuple of Study
        In the order of figure and tables.
    left_out : mapping of str to str
        Other studies by study_id, each with the reason.
    """

    studies: tuple[Study_co, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects(Generic[Study_co]):
    """The effect of each selected study.

    Attributes
    ----------
    measure : str
        Scale of the effects: IRR, HR, RR, OR, PLO or PAS.
    selected : Selected
    computed : tuple of Computed
        One for each study, in their order.
    """

    measure: str
    selected: Selected[Study_co]
    computed: tuple[Computed[Effect], ...]

    @property
    def studies(self) -> tuple[Study_co, ...]:
        """The studies, in the order of their effects."""
        return self.selected.studies

    @property
    def labels(self) -> list[str]:
        """Names of the studies."""
        return [one.study for one in self.studies]

    def inputs(self) -> dict[str, list[Quantity]]:
        """Return ``yi`` and ``vi`` of all studies, as a computation takes them."""
        return {name: [one.quantity(f"{name}.0") for one in self.computed] for name in ("yi", "vi")}

    def without(self, index: int) -> Effects[Study_co]:
        """Return the effects of all studies but one."""
        studies = self.studies[:index] + self.studies[index + 1 :]
        return replace(
            self,
            selected=replace(self.selected, studies=studies),
            computed=self.computed[:index] + self.computed[index + 1 :],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis(Generic[Study_co]):
    """The effects of a section and their summary.

    Attributes
    ----------
    id, path : str
        Slug of the section, and its place in the analysis file.
    effects : Effects
    fit : Computed
        The summary.
    """

    id: str
    path: str
    effects: Effects[Study_co]
    fit: Computed[PooledEffect]

    @property
    def measure(self) -> str:
        """Scale of the effects."""
        return self.effects.measure

    @property
    def studies(self) -> tuple[Study_co, ...]:
        """The studies, in the order of figure and tables."""
        return self.effects.studies

    def results(self) -> dict[str, Json]:
        """Return summary and studies as ``results.json`` holds them."""
        studies: list[Json] = [
            {
                "study_id": one.study_id,
                "route": one.route,
                "inputs": dict(one.inputs),
                "yi": rounded(float(effect.result.yi[0])),
                "vi": rounded(float(effect.result.vi[0])),
            }
            for one, effect in zip(self.studies, self.effects.computed, strict=True)
        ]
        summary = {"computation": self.fit.id, **plain_record(self.fit.result)}
        return {"summary": summary, "studies": studies}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A sensitivity analysis: what it is called, its scale, and its summary."""

    label: Text
    measure: str
    fit: Computed[PooledEffect]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a section: what it shows, and what ``results.json`` holds of it."""

    blocks: tuple[Block, ...] = ()
    results: Mapping[str, Json] = field(default_factory=dict)
