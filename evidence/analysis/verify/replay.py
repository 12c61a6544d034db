"""Repeating the ledger of a report: numbers from where they stand, computations from inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, SupportsFloat

from evidence.errors import EvidenceError, VerificationError
from evidence.outcomes.given_cells import GIVEN_CELL
from evidence.report.record.numbers import format_number
from evidence.report.record.origins import Origins, plain_value, read_path, run
from evidence.report.record.sources import file_named_in

#: Longest value that a message shows in full.
BRIEF = 120
#: Parts that a ledger has only if numbers of files went in.
_OF_FILES = ("files", "given")
_NOTHING: Mapping[str, Any] = {}
_CANNOT_BE_FOLLOWED = (
    EvidenceError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
)


class Replay:
    """Follows each entry of a ledger to its origin and compares what it finds there.

    Parameters
    ----------
    ledger : mapping
        Content of ``ledger.json``.
    origins : Origins
        Dataset, files of studies, analysis file and software at hand.
    """

    def __init__(self, ledger: Mapping[str, Any], origins: Origins) -> None:
        self._entries = {**dict.fromkeys(_OF_FILES, _NOTHING), **ledger}
        self._origins = origins
        self._results: dict[str, object] = {}

    def problems(self) -> Iterator[str]:
        """Yield what the ledger says and its origins do not give."""
        checks = {
            "files": self._file,
            "computations": self._computation,
            "reported": self._reported,
            "given": self._given,
            "numbers": self._number,
            "names": self._name,
        }
        for kind, check in checks.items():
            for name, entry in self._entries[kind].items():
                fault = _guarded(check, name, entry)
                if fault:
                    yield f"ledger {name}: {fault}"

    def _file(self, name: str, identity: Mapping[str, Any]) -> str | None:
        """Tell whether a file is missing, or is no longer the one that numbers were taken from."""
        at_hand = {file.name: file.identity for file in self._origins.files}
        if name not in at_hand:
            return "numbers were taken from this file, and it is not at hand; give it"
        stated, found = str(identity["sha256"]), str(at_hand[name]["sha256"])
        if stated == found:
            return None
        return (
            f"numbers were taken from this file when its SHA-256 was {stated[:12]}, and the file "
            f"at hand has {found[:12]}; build the report anew or give the file as it was"
        )

    def _computation(self, name: str, record: Mapping[str, Any]) -> str | None:
        values = {argument: self._values(given) for argument, given in record["inputs"].items()}
        self._results[name] = run(record["function"], values, record["options"])
        return _difference(record["function"], plain_value(self._results[name]), record["result"])

    def _reported(self, name: str, entry: Mapping[str, Any]) -> str | None:
        return _difference(name, self._origins.reported(name), entry)

    def _given(self, name: str, entry: Mapping[str, Any]) -> str | None:
        """Compare a cell with its entry; that the file as a whole has changed is said elsewhere."""
        found = self._origins.given(name)
        if found["token"] != entry["token"]:
            place = f"line {found['line']}, column {found['column']} of {found['name']}"
            return _difference(place, found["token"], entry["token"])
        sha256 = self._entries["files"][found["name"]]["sha256"]
        return _difference(name, {**found, "sha256": sha256}, entry)

    def _number(self, name: str, entry: Mapping[str, Any]) -> str | None:
        text = format_number(self._value(entry["of"]), entry["format"])
        return _difference(entry["of"], text, entry["text"])

    def _name(self, name: str, entry: Mapping[str, Any]) -> str | None:
        file = file_named_in(entry["of"])
        if file is not None and file not in self._entries["files"]:
            raise VerificationError(f"the ledger does not say which file {file!r} was")
        text = self._origins.text(entry["of"], self._results)
        return _difference(entry["of"], text, entry["text"])

    def _values(self, given: str | list[str]) -> float | list[float]:
        if isinstance(given, list):
            return [self._value(quantity) for quantity in given]
        return self._value(given)

    def _value(self, quantity: str) -> float:
        origin, _, path = quantity.rpartition("#")
        given = quantity.startswith(GIVEN_CELL)
        if given or origin not in self._results:
            if quantity not in self._entries["given"] and origin not in self._entries["reported"]:
                raise VerificationError(f"the ledger does not say where {quantity} stands")
            return self._origins.number(quantity)
        value = read_path(self._results[origin], path)
        if not isinstance(value, SupportsFloat):
            raise TypeError(f"{quantity} is {value!r}, and no number")
        return float(value)


def _guarded(
    check: Callable[[str, Mapping[str, Any]], str | None], name: str, entry: Mapping[str, Any]
) -> str | None:
    """Return the fault of an entry, which may be that it cannot be followed at all."""
    try:
        return check(name, entry)
    except _CANNOT_BE_FOLLOWED as error:
        return f"its origin cannot be followed ({type(error).__name__}: {error})"


def _difference(what: str, found: object, stated: object) -> str | None:
    if found == stated:
        return None
    return f"{what} gives {_brief(found)}, and the ledger states {_brief(stated)}"


def _brief(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= BRIEF else f"{text[: BRIEF - 3]}..."
