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
    given:studies.csv:3:1                a cell of a stranger's file: line and column, from 1
    file:studies.csv/name                that file itself (also .../sha256)
    order:2                              position of a table or figure in the report
    axis:0.5                             tick of a figure's axis
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evidence.addresses import function_at
from evidence.errors import VerificationError
from evidence.report.record.sources import Json as Json
from evidence.report.record.sources import ReportedNumbers, Source, file_named_in, walk
from evidence.trials.dataset.load import Trials

#: Digits that survive in the JSON files: enough for any use, and the same on every machine.
SIGNIFICANT = 10
_OF_DATASET = ("vocabulary", "study", "source", "row", "dataset")
_OF_FILES = ("given", "file")


@dataclass(frozen=True, kw_only=True)
class Origins:
    """The places a name or printed number can come from.

    Attributes
    ----------
    trials : Trials or None
        The dataset, if anything is taken from it.
    analysis : mapping
        The declared analysis as read from its file.
    software : mapping of str to str
        Package to version.
    files : tuple of Source
        Files of studies that are at hand.
    """

    trials: Trials | None = field(repr=False)
    analysis: Mapping[str, Any] = field(repr=False)
    software: Mapping[str, str]
    files: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        names = [file.name for file in self.files]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise VerificationError(
                f"Numbers were to be taken from several files called {', '.join(twice)}. "
                "A ledger tells files apart by their names; rename them."
            )

    @property
    def dataset(self) -> Source | None:
        """The dataset as a source."""
        return None if self.trials is None else ReportedNumbers(trials=self.trials)

    def source_of(self, address: str) -> Source:
        """Return the source that an address is of.

        Raises
        ------
        VerificationError
            It is not at hand.
        """
        name = file_named_in(address)
        known = self.files if name is not None else filter(None, (self.dataset,))
        for source in known:
            if name in (None, source.name):
                return source
        raise VerificationError(
            f"{address!r} leads to {'the dataset' if name is None else f'the file {name!r}'}, "
            "which is not at hand. Give it, as it was when the number was taken from it."
        )

    def number(self, address: str) -> float:
        """Return the printed number at an address.

        Raises
        ------
        VerificationError
            Its source is not at hand, or there is no number.
        """
        value = self.source_of(address).number(address)
        if value is None:
            place, _, column = address.rpartition("#")
            raise VerificationError(
                f"{place} has no {column}; it cannot be shown as a number."
                if place
                else f"{address} holds no number; it cannot be shown as one."
            )
        return value

    def text(self, address: str, results: Mapping[str, object]) -> str:
        """Return the text at ``address``; ``results`` holds the computations by id.

        Raises
        ------
        VerificationError
            The address is of no known kind or of the wrong shape, or nothing stands there.
        """
        kind, _, path = address.partition(":")
        readers = self._readers(results)
        if kind not in (*readers, *_OF_DATASET, *_OF_FILES):
            kinds = ", ".join((*_OF_DATASET, *_OF_FILES, *readers))
            raise VerificationError(
                f"The name at {address!r} has no known kind of origin ({kinds})."
            )
        try:
            found = (
                readers[kind](path) if kind in readers else self.source_of(address).text(address)
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise VerificationError(f"Nothing stands at {address!r} ({error}).") from error
        return str(found)

    def _readers(self, results: Mapping[str, object]) -> Mapping[str, Callable[[str], object]]:
        return {
            "analysis": lambda path: walk(self.analysis, path),
            "computed": lambda path: _of_computation(results, path),
            "software": lambda path: self.software[path],
            "order": str,
            "axis": str,
        }

    def declared_exclusions(self, section: str) -> Mapping[str, str]:
        """Return the studies that a section of the analysis file leaves out, with their reasons."""
        select = walk(self.analysis, f"{section}/select")
        return dict(select.get("exclude", {})) if isinstance(select, Mapping) else {}

    def reported(self, result_id: str) -> dict[str, Json]:
        """Return what the ledger says of a row: where it is printed, and how."""
        return self.source_of(result_id).said(result_id)

    def given(self, address: str) -> dict[str, Json]:
        """Return what the ledger says of a cell of a file: where it is, and what stands in it."""
        return self.source_of(address).said(address)


def _of_computation(results: Mapping[str, object], path: str) -> object:
    name, _, part = path.partition("#")
    return read_path(results[name], part)


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
