"""A declared analysis: the content of ``analyses/<slug>.yaml``, checked before anything is run.

An analysis file holds no code. It says which question is asked of the dataset, with which measure,
model and sensitivity analyses, and which table of a review is set beside its update. Unknown keys
are refused; all problems of a file are reported together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evidence.errors import AnalysisFileError
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

    The fields are those of :class:`evidence.outcomes.selection.Question`.
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
    note: str | None = None

    @model_validator(mode="after")
    def _routes_exist(self) -> Proportion:
        _known("routes", self.routes, ARM_ROUTES)
        return self


class Update(Entry):
    """How a cell of a review is updated from other documents.

    ``by`` says what is computed; ``inputs`` are result_ids, or ``<result_id>#<column>``;
    ``against`` is the position of the printed number that the update is compared with, where a cell
    prints several; ``label`` says which of several updates it is, such as a trial's name.
    """

    by: Literal[
        "reported",
        "relative-reduction",
        "relative-reduction-from-arms",
        "percentage",
        "complement",
        "mean",
    ]
    inputs: Annotated[list[str], Field(min_length=1)]
    against: int = Field(default=0, ge=0)
    label: str | None = None


class ReviewCell(Entry):
    """One cell of a review's table: the rows that hold it as printed, and its updates."""

    row: str
    column: str
    printed: Annotated[list[str], Field(min_length=1)]
    labels: list[str] = []
    updates: list[Update] = []
    note: str | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> ReviewCell:
        if self.labels and len(self.labels) != len(self.printed):
            raise ValueError(f"{len(self.labels)} labels for {len(self.printed)} printed numbers")
        outside = [update.against for update in self.updates if update.against >= len(self.printed)]
        if outside:
            raise ValueError(
                f"updates against {outside}, and the cell prints {len(self.printed)} numbers"
            )
        return self


class Labelled(Entry):
    """A row or column of a review's table."""

    id: Slug
    label: str


class ReviewTable(Entry):
    """A table of a review, cell by cell, beside values recomputed or updated from other sources."""

    kind: Literal["review-table"]
    id: Slug
    title: str
    source: str
    table: str
    rows: Annotated[list[Labelled], Field(min_length=1)]
    columns: Annotated[list[Labelled], Field(min_length=1)]
    cells: Annotated[list[ReviewCell], Field(min_length=1)]
    note: str | None = None

    @model_validator(mode="after")
    def _cells_fit(self) -> ReviewTable:
        places = {(row.id, column.id) for row in self.rows for column in self.columns}
        given = Counter((cell.row, cell.column) for cell in self.cells)
        unknown = [place for place in given.elements() if place not in places]
        faults = [f"cells: no row {row!r} or no column {column!r}" for row, column in unknown]
        twice = sorted(place for place, count in given.items() if count > 1)
        faults += [f"cells: {place} is given twice" for place in twice]
        faults += [f"cells: {place} is missing" for place in sorted(places - given.keys())]
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Audit(Entry):
    """The audit of the dataset: what in it cannot be true together."""

    kind: Literal["audit"]
    id: Slug
    title: str
    note: str | None = None


Section = Annotated[Comparison | Proportion | ReviewTable | Audit, Field(discriminator="kind")]


class Declared(Entry):
    """A whole declared analysis; ``certify`` has other engines repeat each summary."""

    slug: Slug
    title: str
    subtitle: str
    question: dict[Literal["population", "intervention", "comparator", "outcomes", "studies"], str]
    sections: Annotated[list[Section], Field(min_length=1)]
    certify: bool = True

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Declared:
        ids = [section.id for section in self.sections]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise ValueError(f"sections: {', '.join(repeated)} given twice")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisFile:
    """A declared analysis with the plain content it was read from (names are looked up in it)."""

    declared: Declared
    content: Mapping[str, Any]


def read_analysis(path: Path) -> AnalysisFile:
    """Read and check an analysis file.

    Raises
    ------
    AnalysisFileError
        The file is missing, is no YAML, or has faults; all are listed with their field.
    """
    if not path.is_file():
        raise AnalysisFileError(
            f"The analysis {path} was asked for and is not there. See `evidence run --help`."
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise AnalysisFileError(f"{path.name} is not valid YAML.", [problem]) from error
    return AnalysisFile(declared=_declared(path, content), content=content)


def _declared(path: Path, content: object) -> Declared:
    try:
        declared = Declared.model_validate(content)
    except ValidationError as error:
        faults = [_fault(entry["loc"], entry["msg"]) for entry in error.errors(include_url=False)]
        raise AnalysisFileError(
            f"{path.name} has {len(faults)} problems; nothing was run.", faults
        ) from error
    if declared.slug != path.stem:
        raise AnalysisFileError(
            f"{path.name} says slug {declared.slug!r}; the slug is the file's name."
        )
    return declared


def _fault(location: tuple[int | str, ...], message: str) -> str:
    field = ".".join(str(part) for part in location) or "file"
    return f"{field}: {message.removeprefix('Value error, ')}"


def _known(field: str, given: list[str], known: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(f"{field}: {', '.join(unknown)} unknown; known are {', '.join(known)}")
