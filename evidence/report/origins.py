"""Where numbers and names come from, and how an origin is followed again.

Addresses of names::

    vocabulary:outcomes/neda-3/label     a word of the vocabulary
    study:care-ms-1/name                 a study of the dataset (also .../arms/<arm>/label)
    source:sorensen2019/citation         a document (also .../key, .../address, .../accessed)
    row:<result_id>#locator              a text column of a row
    analysis:title                       the declared analysis, by path
    computed:c3#decisions.0              a text that a computation gave
    software:pymare                      version of a package
    dataset:version                      the dataset itself
    order:2                              position of a table or figure in the report
    axis:0.5                             tick of a figure's axis
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evidence.errors import VerificationError
from evidence.trials.load import Trials

#: Digits that survive in the JSON files: enough for any use, and the same on every machine.
SIGNIFICANT = 10


@dataclass(frozen=True, kw_only=True)
class Origins:
    """The places a name or reported number can come from."""

    trials: Trials = field(repr=False)
    analysis: Mapping[str, Any] = field(repr=False)
    software: Mapping[str, str]

    def text(self, address: str, results: Mapping[str, Any]) -> str:
        """Return the text at ``address``; ``results`` holds the computations by id."""
        kind, _, path = address.partition(":")
        readers = {
            "vocabulary": lambda: self._vocabulary(path),
            "study": lambda: _walk(self.trials.studies, path.split("/")),
            "source": lambda: self._source(path),
            "row": lambda: self.trials.row(path.rpartition("#")[0])[path.rpartition("#")[2]],
            "analysis": lambda: _walk(self.analysis, path.split("/")),
            "computed": lambda: read_path(results[path.partition("#")[0]], path.partition("#")[2]),
            "software": lambda: self.software[path],
            "dataset": lambda: {"version": self.trials.version, "licence": self.trials.licence}[path],
            "order": lambda: path,
            "axis": lambda: path,
        }
        if kind not in readers:
            raise VerificationError(f"The name at {address!r} has no known kind of origin ({', '.join(readers)}).")
        try:
            found = readers[kind]()
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise VerificationError(f"Nothing stands at {address!r} ({error}).") from error
        return str(found)

    def _source(self, path: str) -> str:
        key, attribute = path.split("/")
        return key if attribute == "key" else str(self.trials.sources[key][attribute])

    def _vocabulary(self, path: str) -> str:
        kind, name, attribute = path.split("/")
        return str(getattr(self.trials.vocabulary.term(kind, name), attribute))

    def declared_exclusions(self, section: str) -> Mapping[str, str]:
        """Return the studies that a section of the analysis file leaves out, with their reasons."""
        select = _walk(self.analysis, section.split("/"))["select"]
        return dict(select.get("exclude", {}))

    def reported(self, result_id: str) -> dict[str, Any]:
        """Return what the ledger says of a row: where it is printed, and how."""
        row = self.trials.row(result_id)
        source = self.trials.sources[row["source"]]
        kept = ("study", "locator", "printed", "value_operator", "unit", "origin", "extraction", "note")
        lines = {"file": row["source_file"], "lines": [row["line_start"], row["line_end"]]}
        return {
            **{name: row[name] for name in kept if row[name] is not None},
            "values": {name: row[name] for name in _NUMERIC if row[name] is not None},
            "source": {"key": row["source"], "citation": source["citation"], **_address(source)},
            **(lines if row["source_file"] is not None else {}),
        }


_NUMERIC = ("value", "ci_low", "ci_high", "ci_level", "range_low", "range_high", "p_value")


def _address(source: Mapping[str, Any]) -> dict[str, Any]:
    return {name: source[name] for name in ("address", "accessed", "doi") if name in source}


def _walk(content: Any, path: Sequence[str]) -> Any:
    for part in path:
        content = content[int(part)] if isinstance(content, (list, tuple)) else content[part]
    return content


def run(function: str, inputs: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """Call a function of this package by its dotted name."""
    module, _, name = function.rpartition(".")
    if not module.startswith("evidence."):
        raise VerificationError(f"The ledger names {function!r}, which is not a function of this package.")
    try:
        target = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise VerificationError(f"The ledger names {function!r}, which this version does not have.") from error
    return target(**inputs, **options)


def read_path(result: Any, path: str) -> Any:
    """Return the part of a result at a dotted path, such as ``prediction.low`` or ``weights.0``."""
    for part in filter(None, path.split(".")):
        result = result[int(part)] if part.isdigit() else getattr(result, part)
    return result


def plain_value(result: Any) -> Any:
    """Return a result as plain JSON values, numbers at :data:`SIGNIFICANT` digits."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return {f.name: plain_value(getattr(result, f.name)) for f in dataclasses.fields(result)}
    if isinstance(result, np.ndarray):
        return plain_value(result.tolist())
    if isinstance(result, Mapping):
        return {str(key): plain_value(value) for key, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [plain_value(value) for value in result]
    if isinstance(result, (float, np.floating)):
        return float(f"{float(result):.{SIGNIFICANT}g}")
    return result.item() if isinstance(result, np.generic) else result
