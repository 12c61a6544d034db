"""The sections of a declared analysis that pool studies: what is selected, and how it is pooled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evidence.outcomes.arms import ARM_ROUTES
from evidence.outcomes.contrasts import ROUTES
from evidence.outcomes.selection import Question

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9\-]*$")]


class Entry(BaseModel):
    """Base of all entries: unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, frozen=True, allow_inf_nan=False
    )


class Select(Entry):
    """Which rows of the dataset answer the question.

    The fields are those of :class:`evidence.outcomes.Question`.
    """

    outcome: str
    therapy: str
    comparator: str | None = None
    definitions: list[str] = []
    arms: list[str] = []
    comparator_arms: list[str] = []
    designs: list[str] = []
    months: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    studies: list[str] = []
    exclude: dict[str, str] = {}
    choose: dict[str, dict[str, str | float | None]] = {}

    def question(self) -> Question:
        """Return the question to the dataset."""
        return Question(
            outcome=self.outcome,
            therapy=self.therapy,
            comparator=self.comparator,
            definitions=tuple(self.definitions),
            arms=tuple(self.arms),
            comparator_arms=tuple(self.comparator_arms),
            designs=tuple(self.designs),
            months=(self.months[0], self.months[1]) if self.months else None,
            studies=tuple(self.studies),
            exclude=self.exclude,
            choose=self.choose,
        )


class Model(Entry):
    """How effects are pooled; what is left out follows the policy."""

    policy: str = "cochrane-2025"
    method: str | None = None
    test: str | None = None
    prediction: str | None = None

    def options(self) -> dict[str, str]:
        """Return the arguments that were given."""
        return self.model_dump(exclude_none=True)


#: Fields of a variant that are no arguments of the pooling.
VARIANT_ONLY = {"label", "transform", "exclude", "substitute"}


class Variant(Model):
    """A sensitivity analysis: the effects pooled in another way, or a study with other numbers.

    ``substitute`` names, for a study, the published ratio that stands in place of its main effect.
    """

    label: str
    substitute: dict[str, str] = {}
    transform: Literal["PLO", "PAS"] | None = None
    exclude: dict[str, str] = {}

    def changed(self, main: Model) -> dict[str, str]:
        """Return the arguments of the pooling: the main analysis's, with this variant's changes."""
        own = self.model_dump(exclude_unset=True, exclude_none=True, exclude=VARIANT_ONLY)
        return {**main.options(), **own}


class Threshold(Entry):
    """A value at which a decision turns, as a reader sees it: a ratio, or per cent of patients.

    ``decision`` says which; ``status`` that people have not yet agreed on it, or who has.
    """

    value: float
    decision: Annotated[str, Field(min_length=1)]
    status: Annotated[str, Field(min_length=1)] = "proposed"


class Published(Entry):
    """A published summary of the same question, whose settings are sought.

    ``result`` is the result_id of the row with the estimate and its interval; ``select`` the
    studies that it pools as far as the dataset has them (left out, those of the section); and
    ``reason`` says how they were chosen.
    """

    result: str
    select: Select | None = None
    subsets: Literal["none", "leave-one-out", "all"] = "leave-one-out"
    reason: Annotated[str, Field(min_length=1)]


class Comparison(Entry):
    """Two therapies compared across trials: effects, forest plot, heterogeneity, sensitivity."""

    kind: Literal["comparison"]
    id: Slug
    title: str
    select: Select
    measure: Literal["IRR", "HR", "RR", "OR"]
    routes: Annotated[list[str], Field(min_length=1)]
    model: Model = Model()
    sensitivity: list[Variant] = []
    thresholds: list[Threshold] = []
    published: list[Published] = []
    leave_one_out: bool = True
    favours: Annotated[list[str], Field(min_length=2, max_length=2)]
    note: str | None = None

    @model_validator(mode="after")
    def _routes_exist(self) -> Comparison:
        _known("routes", self.routes, ROUTES)
        if self.select.comparator is None:
            raise ValueError("a comparison needs select.comparator")
        return self


class Proportion(Entry):
    """A proportion of patients, pooled across single arms and cohorts."""

    kind: Literal["proportion"]
    id: Slug
    title: str
    select: Select
    routes: list[str] = list(ARM_ROUTES)
    transform: Literal["PLO", "PAS"]
    model: Model = Model()
    sensitivity: list[Variant] = []
    thresholds: list[Threshold] = []
    published: list[Published] = []
    note: str | None = None

    @model_validator(mode="after")
    def _routes_exist(self) -> Proportion:
        _known("routes", self.routes, ARM_ROUTES)
        return self


def _known(field: str, given: list[str], known: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(f"{field}: {', '.join(unknown)} unknown; known are {', '.join(known)}")
