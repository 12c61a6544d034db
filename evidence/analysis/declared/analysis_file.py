"""A declared analysis: the content of ``analyses/<slug>.yaml``, checked before anything is run.

An analysis file holds no code. It says which question is asked of the dataset, with which measure,
model and sensitivity analyses, and which table of a review is set beside its update. Unknown keys
are refused; all problems of a file are reported together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

import yaml
from pydantic import Field, ValidationError, model_validator

from evidence.analysis.sections.kinds import KINDS
from evidence.analysis.shared.entries import Entry, SectionEntry, Slug
from evidence.errors import AnalysisFileError, refuse
from evidence.yaml_files import load_yaml

if TYPE_CHECKING:
    Section = SectionEntry
else:
    Section = Annotated[
        Union[tuple(kind.schema for kind in KINDS.values())],  # noqa: UP007
        Field(discriminator="kind"),
    ]


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

    Parameters
    ----------
    path : Path
        YAML file.

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
        content, repeated = load_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise AnalysisFileError(f"{path.name} is not valid YAML.", [problem]) from error
    refuse(AnalysisFileError, f"{path.name} gives keys twice; nothing was run.", repeated)
    if not isinstance(content, Mapping):
        kind = type(content).__name__
        raise AnalysisFileError(f"{path.name} must be a mapping of keys to values and is a {kind}.")
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
