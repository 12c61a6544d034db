"""Where numbers and names come from, and how an origin is followed again.

Addresses of names::

    vocabulary:outcomes/neda-3/label     a word of the vocabulary
    study:care-ms-1/name                 a study of the dataset (also .../arms/<arm>/label)
    source:sorensen2019/citation         a document (also .../key, .../address, .../accessed)
    row:<result_id>#locator              a text column of a row (#printed/0: its first token)
    analysis:title                       the declared analysis, by path
    computed:c3#decisions.0              a text that a computation gave
    software:pymare                      version of a package
    dataset:version                      the dataset itself
    order:2                              position of a table or figure in the report
    axis:0.5                             tick of a figure's axis
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from evidence.addresses import function_at
from evidence.errors import VerificationError
from evidence.trials.dataset.load import Trials
from evidence.trials.rows.columns import Row

#: What a JSON file can hold.
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
#: Digits that survive in the JSON files: enough for any use, and the same on every machine.
SIGNIFICANT = 10
_NUMERIC = ("value", "ci_low", "ci_high", "ci_level", "range_low", "range_high", "p_value")
_DESCRIBING = (
    "study", "locator", "printed", "value_operator", "unit", "origin", "extraction", "note",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Origins:
    """The places a name or reported number can come from."""

    trials: Trials = field(repr=False)
    analysis: Mapping[str, Any] = field(repr=False)
    software: Mapping[str, str]

    def text(self, address: str, results: Mapping[str, object]) -> str:
        """Return the text at ``address``; ``results`` holds the computations by id.

        Raises
        ------
        VerificationError
            The address is of no known kind or of the wrong shape, or nothing stands there.
        """
        kind, _, path = address.partition(":")
        readers = self._readers(results)
        if kind not in readers:
            raise VerificationError(
                f"The name at {address!r} has no known kind of origin ({', '.join(readers)})."
            )
        try:
            found = readers[kind](path)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise VerificationError(f"Nothing stands at {address!r} ({error}).") from error
        return str(found)

    def _readers(self, results: Mapping[str, object]) -> Mapping[str, Callable[[str], object]]:
        return {
            "vocabulary": self._vocabulary,
            "study": lambda path: _walk(self.trials.studies, path),
            "source": self._source,
            "row": self._row,
            "analysis": lambda path: _walk(self.analysis, path),
            "computed": lambda path: _of_computation(results, path),
            "software": lambda path: self.software[path],
            "dataset": self._dataset,
            "order": str,
            "axis": str,
        }

    def _row(self, path: str) -> object:
        result_id, _, column = path.rpartition("#")
        return _walk(self.trials.row(result_id), column)

    def _dataset(self, path: str) -> str:
        return {"version": self.trials.version, "licence": self.trials.licence}[path]

    def _source(self, path: str) -> str:
        key, attribute = path.split("/")
        return key if attribute == "key" else str(self.trials.sources[key][attribute])

    def _vocabulary(self, path: str) -> str:
        kind, name, attribute = path.split("/")
        return str(getattr(self.trials.vocabulary.term(kind, name), attribute))

    def declared_exclusions(self, section: str) -> Mapping[str, str]:
        """Return the studies that a section of the analysis file leaves out, with their reasons."""
        select = _walk(self.analysis, f"{section}/select")
        return dict(select.get("exclude", {})) if isinstance(select, Mapping) else {}

    def reported(self, result_id: str) -> dict[str, Json]:
        """Return what the ledger says of a row: where it is printed, and how."""
        row = self.trials.row(result_id)
        source = self.trials.sources[row["source"]]
        lines = {"file": row["source_file"], "lines": [row["line_start"], row["line_end"]]}
        return {
            **_filled(row, _DESCRIBING),
            "values": _filled(row, _NUMERIC),
            "source": {"key": row["source"], "citation": source["citation"], **_address(source)},
            **(lines if row["source_file"] is not None else {}),
        }


def _filled(row: Row, columns: Sequence[str]) -> dict[str, Json]:
    return {name: row[name] for name in columns if row[name] is not None}


def _address(source: Mapping[str, Any]) -> dict[str, Json]:
    return {name: source[name] for name in ("address", "accessed", "doi") if name in source}


def _of_computation(results: Mapping[str, object], path: str) -> object:
    name, _, part = path.partition("#")
    return read_path(results[name], part)


def _walk(content: object, path: str) -> object:
    for part in path.split("/"):
        if isinstance(content, Mapping):
            content = content[part]
        elif isinstance(content, (list, tuple)):
            content = content[int(part)]
        else:
            raise KeyError(part)
    return content


def run(function: str, inputs: Mapping[str, object], options: Mapping[str, object]) -> object:
    """Call a function of this package by its address, which is a public path.

    Parameters
    ----------
    function : str
        Address, such as ``evidence.pool``.
    inputs, options : mapping of str to object
        Its arguments by name.

    Raises
    ------
    VerificationError
        It is no function of this package, or this version does not have it.
    """
    return function_at(function)(**inputs, **options)


def read_path(result: object, path: str) -> object:
    """Return the part of a result at a dotted path, such as ``prediction.low`` or ``weights.0``."""
    for part in filter(None, path.split(".")):
        if not part.isdigit():
            result = getattr(result, part)
        elif isinstance(result, (Sequence, np.ndarray)):
            result = result[int(part)]
        else:
            raise TypeError(f"{type(result).__name__} has no part {part}")
    return result


def plain_value(result: object) -> Json:
    """Return a result as plain JSON values, numbers at :data:`SIGNIFICANT` digits.

    Raises
    ------
    VerificationError
        A number is not finite, because JSON has no word for it and what is not estimable is None;
        or a value is of a type that JSON does not have.
    """
    if isinstance(result, (np.ndarray, np.generic)):
        return plain_value(result.tolist())
    if isinstance(result, float):
        return rounded(result)
    if result is None or isinstance(result, (bool, int, str)):
        return result
    if isinstance(result, (list, tuple)):
        return [plain_value(value) for value in result]
    return plain_record(result)


def plain_record(result: object) -> dict[str, Json]:
    """Return a dataclass or mapping as plain JSON values by name (see :func:`plain_value`)."""
    if isinstance(result, Mapping):
        return {str(key): plain_value(value) for key, value in result.items()}
    if dataclasses.is_dataclass(result):
        names = [field.name for field in dataclasses.fields(result)]
        return {name: plain_value(getattr(result, name)) for name in names}
    raise VerificationError(
        f"A result holds {result!r}, a {type(result).__name__}, which cannot stand in a ledger. "
        "Return numbers, texts, sequences, mappings or dataclasses."
    )


def rounded(value: float) -> float:
    """Return a number at :data:`SIGNIFICANT` digits.

    Raises
    ------
    VerificationError
        It is not finite.
    """
    if not math.isfinite(value):
        raise VerificationError(
            f"A result holds {value}, which cannot stand in a ledger. "
            "What is not estimable must be None, with the reason in words."
        )
    return float(f"{value:.{SIGNIFICANT}g}")
