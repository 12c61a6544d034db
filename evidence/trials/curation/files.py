"""The curated YAML files as entries; what is wrong with one goes to a list of problems.

An entry with faults is not lost for the checks that follow: its other fields are kept, so that all
problems of a file can be told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from evidence.errors import BadInput
from evidence.trials.curation.schema import (
    ArmEntry,
    MemberEntry,
    ResultEntry,
    SourceEntry,
    StudyFile,
)
from evidence.vocabulary import Vocabulary, vocabulary_from
from evidence.yaml_files import load_yaml

Model = TypeVar("Model", bound=BaseModel)
#: Where a fault lies: keys and positions from the whole entry inwards.
Location = tuple[int | str, ...]
#: Fields of a result that later checks reckon with; text stands in them only in faulty entries.
_NUMBERS = ("value", "timepoint_months", "n")


def vocabulary_entry(path: Path, problems: list[str]) -> Vocabulary | None:
    """Return the words; if they have faults, these are noted and there are none."""
    try:
        content = _read_yaml(path, problems)
        return None if content is None else vocabulary_from(content)
    except BadInput as error:
        problems += [f"{path.name}: {fault}" for fault in error.problems]
        return None


def source_entries(path: Path, problems: list[str]) -> dict[str, SourceEntry] | None:
    """Return the sources by cite key, and note their faults; None if the file cannot be read."""
    content = _read_yaml(path, problems)
    if content is None:
        return None
    sources = {}
    for key, entry in content.items():
        source, faults = _parsed(SourceEntry, entry, f"{path.name}: {key}", problems)
        sources[str(key)] = source or _salvaged(SourceEntry, entry, faults)
    return sources


def study_entry(path: Path, problems: list[str]) -> StudyFile | None:
    """Return the study in a file, and note its faults; None if the file cannot be read."""
    content = _read_yaml(path, problems)
    if content is None:
        return None
    study, faults = _parsed(StudyFile, content, path.name, problems)
    return study or _salvaged_study(content, faults)


def _read_yaml(path: Path, problems: list[str]) -> dict[str, object] | None:
    """Return the content of a YAML file; None if it is no YAML, or no mapping, which is noted."""
    try:
        content, repeated = load_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problems.append(f"{path.name}: is not valid YAML ({' '.join(str(error).split())})")
        return None
    problems += [f"{path.name}: {fault}" for fault in repeated]
    if not isinstance(content, dict):
        kind = type(content).__name__
        problems.append(f"{path.name}: must be a mapping of keys to values and is {kind}")
        return None
    return content


def _parsed(
    model: type[Model], entry: object, where: str, problems: list[str]
) -> tuple[Model | None, list[Location]]:
    """Return an entry, or where its faults lie, which are noted."""
    try:
        return model.model_validate(entry), []
    except ValidationError as error:
        found = {(fault["loc"], fault["msg"]): fault["type"] for fault in error.errors()}
    unknown = [loc for (loc, _), kind in found.items() if kind == "extra_forbidden"]
    try:
        model.model_validate(_without(entry, unknown))
    except ValidationError as error:
        found |= {(fault["loc"], fault["msg"]): fault["type"] for fault in error.errors()}
    for location, message in found:
        field = ".".join(str(part) for part in location) or "entry"
        problems.append(f"{where}: {field}: {message.removeprefix('Value error, ')}")
    return None, [location for location, _ in found]


def _without(entry: object, locations: Iterable[Location]) -> object:
    """Return an entry without some keys; what holds for several keys is checked only then."""
    inner: dict[int | str, list[Location]] = {}
    for first, *rest in locations:
        inner.setdefault(first, []).append(tuple(rest))
    if isinstance(entry, Mapping):
        kept = {key: value for key, value in entry.items() if () not in inner.get(key, [])}
        return {key: _without(value, inner.get(key, [])) for key, value in kept.items()}
    if isinstance(entry, list):
        return [_without(value, inner.get(index, [])) for index, value in enumerate(entry)]
    return entry


def _salvaged_study(content: Mapping[str, object], faults: Iterable[Location]) -> StudyFile:
    """Return what can be told of a study with faults, part by part."""
    places: dict[Location, list[Location]] = {}
    for location in faults:
        places.setdefault(location[:2], []).append(location[2:])
    arms, results, members = (content.get(name) for name in ("arms", "results", "members"))
    parts: dict[str, object] = {"arms": None, "results": [], "members": []}
    if isinstance(arms, Mapping):
        parts["arms"] = {
            name: _salvaged(ArmEntry, arm, places.get(("arms", name), []))
            for name, arm in arms.items()
        }
    if isinstance(results, list):
        parts["results"] = [
            _salvaged_result(entry, places.get(("results", index), []))
            for index, entry in enumerate(results)
        ]
    if isinstance(members, list):
        parts["members"] = [
            _salvaged(MemberEntry, member, places.get(("members", index), []))
            for index, member in enumerate(members)
        ]
    return _salvaged(StudyFile, content, places).model_copy(update=parts)


def _salvaged_result(content: object, faults: Iterable[Location]) -> ResultEntry:
    """Return what can be told of a result; with a fault in a field its name is not known."""
    result = _salvaged(ResultEntry, content, faults)
    quoted = [name for name in _NUMBERS if isinstance(getattr(result, name), str)]
    nameless = ["n"] if quoted or any(faults) or not isinstance(content, Mapping) else []
    return result.model_copy(update=dict.fromkeys([*quoted, *nameless]))


def _salvaged(model: type[Model], content: object, faults: Iterable[Location]) -> Model:
    """Return an entry in which missing and faulty fields are None, whatever their type."""
    given = content if isinstance(content, Mapping) else {}
    faulty = {location[0] for location in faults if location}
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    known = {name: given[name] for name in model.model_fields if name in given}
    empty = dict.fromkeys(name for name in model.model_fields if name in faulty)
    return model.model_construct(**{**dict.fromkeys(required), **known, **empty})
