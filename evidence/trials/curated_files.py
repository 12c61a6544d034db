"""The curated YAML files as entries; what is wrong with one goes to a list of problems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from evidence.errors import BadInput, CurationError
from evidence.trials.schema import SourceEntry, StudyFile

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, object]:
    """Return the content of a YAML file.

    Raises
    ------
    CurationError
        The file is no YAML, or is no mapping.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise CurationError(f"{path.name} is not valid YAML.", [problem]) from error
    if not isinstance(content, dict):
        raise CurationError(
            f"{path.name} must be a mapping of keys to values and is {type(content).__name__}."
        )
    return content


def source_entries(content: Mapping[str, object], problems: list[str]) -> dict[str, SourceEntry]:
    """Return the sources by cite key; those with faults are left out, and their faults noted."""
    sources = {}
    for key, entry in content.items():
        parsed = _parsed(SourceEntry, entry, f"sources.yaml: {key}", problems)
        if parsed is not None:
            sources[str(key)] = parsed
    return sources


def study_entry(path: Path, problems: list[str]) -> StudyFile | None:
    """Return the study in a file; if it has faults, they are noted and there is none."""
    try:
        content = read_yaml(path)
    except BadInput as error:
        problems.append(str(error).replace("\n", " "))
        return None
    return _parsed(StudyFile, content, path.name, problems)


def _parsed(model: type[Model], entry: object, where: str, problems: list[str]) -> Model | None:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            field = ".".join(str(part) for part in fault["loc"]) or "entry"
            problems.append(f"{where}: {field}: {fault['msg'].removeprefix('Value error, ')}")
        return None
