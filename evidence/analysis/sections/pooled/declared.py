"""What a section that pools studies may declare: what is selected, and how it is pooled."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from evidence.analysis.shared.entries import Entry, SectionEntry
from evidence.outcomes.selection import Question


class Select(Entry):
    """Which rows of the dataset answer the question.

    The fields are those of :class:`evidence.outcomes.Question`.
    """

    outcome: str
    therapy: str
    comparator: str | None = None
    definitions: list[str] = Field(default_factory=list)
    arms: list[str] = Field(default_factory=list)
    comparator_arms: list[str] = Field(default_factory=list)
    designs: list[str] = Field(default_factory=list)
    months: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    studies: list[str] = Field(default_factory=list)
    exclude: dict[str, str] = Field(default_factory=dict)
    choose: dict[str, dict[str, str | float | None]] = Field(default_factory=dict)

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
#: Those of them that suit some kinds of section alone.
_OF_SOME_KINDS = {"transform", "substitute"}


class Variant(Model):
    """A sensitivity analysis: the effects pooled in another way, or a study with other numbers.

    ``substitute`` names, for a study, the published ratio that stands in place of its main effect;
    ``transform`` another scale of analysis.
    """

    label: str
    substitute: dict[str, str] = Field(default_factory=dict)
    transform: Literal["PLO", "PAS"] | None = None
    exclude: dict[str, str] = Field(default_factory=dict)

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


class PooledEntry(SectionEntry):
    """A section that pools studies; each kind adds its scale, and says which routes it knows.

    Attributes
    ----------
    known_routes : tuple of str
        From what this kind computes an effect.
    scale_field : str
        The field that names the scale of analysis.
    variant_fields : frozenset of str
        What its sensitivity analyses may change beside the model.
    """

    known_routes: ClassVar[tuple[str, ...]] = ()
    scale_field: ClassVar[str]
    variant_fields: ClassVar[frozenset[str]] = frozenset()

    select: Select
    routes: Annotated[list[str], Field(min_length=1)]
    model: Model = Model()
    sensitivity: list[Variant] = Field(default_factory=list)
    thresholds: list[Threshold] = Field(default_factory=list)
    published: list[Published] = Field(default_factory=list)

    @property
    def scale(self) -> str:
        """Measure or transformation on whose scale the effects are pooled."""
        return str(getattr(self, self.scale_field))

    @property
    def each_left_out(self) -> bool:
        """Whether each study is left out in turn."""
        return False

    @model_validator(mode="after")
    def _routes_are_known(self) -> PooledEntry:
        unknown = [name for name in self.routes if name not in self.known_routes]
        if unknown:
            known = ", ".join(self.known_routes)
            raise ValueError(f"routes: {', '.join(unknown)} unknown; known are {known}")
        return self

    @model_validator(mode="after")
    def _variants_suit_the_kind(self) -> PooledEntry:
        strange = _OF_SOME_KINDS - self.variant_fields
        for variant in self.sensitivity:
            for name in sorted(strange & variant.model_fields_set):
                raise ValueError(
                    f"sensitivity: {variant.label!r} has {name}, which a {self.kind} cannot vary"
                )
        return self
