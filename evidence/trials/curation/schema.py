"""The shape of the curated YAML files, checked field by field with pydantic.

A model here knows one entry. What needs the vocabulary, or several entries at once, is checked
when the dataset is built.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from evidence.trials.rows.printed import prints

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.\-]*$")]
Operator = Literal["=", "<", ">", "~", "<=", ">="]
Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class CuratedEntry(BaseModel):
    """Base of all entries: unknown keys are refused, so that a typing error cannot hide."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, allow_inf_nan=False, frozen=True
    )


class ArmEntry(CuratedEntry):
    """An arm of a trial, or the cohort itself."""

    label: str = Field(min_length=1)
    therapy: str
    dose: str | None = None


class SourceEntry(CuratedEntry):
    """A document that numbers were read from."""

    citation: str = Field(min_length=8)
    kind: Literal[
        "review", "trial-publication", "registry", "label", "secondary-review", "web-page"
    ]
    year: int | None = Field(default=None, ge=1950, le=2100)
    doi: str | None = None
    pmid: str | None = None
    address: str | None = None
    accessed: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    file: str | None = None
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    license: str | None = None

    @model_validator(mode="after")
    def _can_be_found_again(self) -> SourceEntry:
        if self.file is None and (self.address is None or self.accessed is None):
            raise ValueError("needs either `file`, or `address` and the date `accessed`")
        if self.file is not None and self.sha256 is None:
            raise ValueError(
                "has `file` and needs its `sha256`, so that line numbers keep their meaning"
            )
        return self

    @property
    def origin(self) -> str:
        """Origin of a number read here: review, primary or secondary."""
        if self.kind == "review":
            return "review"
        return "primary" if self.kind in ("trial-publication", "registry") else "secondary"


class ResultEntry(CuratedEntry):
    """One reported number, or one reported finding in words."""

    outcome: str
    statistic: str
    arm: str | None = None
    comparator_arm: str | None = None
    timepoint_months: float | None = Field(default=None, ge=0)
    definition: str | None = None
    subgroup: str | None = None
    analysis_set: str | None = None
    value: float | None = None
    operator: Operator = "="
    unit: str
    ci: Pair | None = None
    ci_level: float | None = Field(default=None, gt=0, lt=100)
    range: Pair | None = None
    p: float | None = Field(default=None, ge=0, le=1)
    p_operator: Operator | None = None
    finding: str | None = None
    source: str
    locator: str = Field(min_length=3)
    lines: list[int] | None = Field(default=None, min_length=2, max_length=2)
    printed: list[str] = Field(min_length=1)
    extraction: Literal["single", "double", "adjudicated"] = "single"
    note: str | None = None
    preferred: bool | None = None
    preference_reason: str | None = None
    n: int = Field(default=1, ge=1)

    @field_validator("printed", mode="before")
    @classmethod
    def _tokens_are_text(cls, tokens: object) -> object:
        if isinstance(tokens, list) and any(not isinstance(token, str) for token in tokens):
            raise ValueError("every token must be in quotes, so that '0.10' keeps its last digit")
        return tokens

    @model_validator(mode="after")
    def _says_something(self) -> ResultEntry:
        faults = [*self._interval_faults(), *self._line_faults(), *self._token_faults()]
        if self.value is None and self.range is None and self.ci is None and self.finding is None:
            faults.append("has neither `value`, `range`, `ci` nor `finding`")
        if (self.finding is not None) != (self.statistic == "finding"):
            faults.append("`finding` goes with statistic `finding`, and only with it")
        if self.comparator_arm is not None and self.arm is None:
            faults.append("has a `comparator_arm` and no `arm`")
        if self.p is None and self.p_operator is not None:
            faults.append("has `p_operator` and no `p`")
        if self.statistic == "p_value" and self._p_printed() != (self.value, self.operator):
            faults.append(
                "statistic `p_value` needs `p` and `p_operator`, as `value` and `operator`"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _p_printed(self) -> tuple[float | None, Operator]:
        return self.p, self.p_operator or "="

    def _interval_faults(self) -> list[str]:
        faults = []
        for name, pair in (("ci", self.ci), ("range", self.range)):
            if pair is not None and pair[0] > pair[1]:
                faults.append(f"`{name}` {pair} has its bounds reversed")
        if self.ci and self.value is not None and not self.ci[0] <= self.value <= self.ci[1]:
            faults.append(f"`ci` {self.ci} excludes its own estimate {self.value}")
        if self.ci_level is not None and self.ci is None:
            faults.append("has `ci_level` and no `ci`")
        return faults

    def _line_faults(self) -> list[str]:
        if self.lines is None or 1 <= self.lines[0] <= self.lines[1]:
            return []
        return [f"`lines` {self.lines} must be [first, last], counted from 1"]

    def _token_faults(self) -> list[str]:
        """Every number of the row must be one of the printed tokens."""
        wanted = [self.value, *(self.ci or []), *(self.range or []), self.p]
        absent = [
            value for value in wanted if value is not None and not prints(self.printed, value)
        ]
        return [f"{value:g} is not among the printed tokens {self.printed}" for value in absent]


class MemberEntry(CuratedEntry):
    """A study that a meta-analysis pools, under the name that a document gives it."""

    name: str = Field(min_length=1)
    study_id: Slug | None = None
    source: str
    locator: str = Field(min_length=3)


class StudyFile(CuratedEntry):
    """One file of ``data/studies``: a study, its arms, and every number reported of it."""

    study_id: Slug
    name: str = Field(min_length=1)
    registry_id: str | None = None
    design: str
    phase: str | None = None
    year: int | None = Field(default=None, ge=1950, le=2100)
    population: str
    overlaps: list[str] = []
    members: list[MemberEntry] = []
    note: str | None = None
    arms: dict[Slug, ArmEntry]
    results: list[ResultEntry]

    @property
    def shares_patients_with(self) -> list[str]:
        """Studies of the dataset that count some of its patients too: ``overlaps`` and members."""
        pooled = [member.study_id for member in self.members if member.study_id is not None]
        return list(dict.fromkeys([*self.overlaps, *pooled]))
