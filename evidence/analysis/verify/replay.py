"""Repeating the ledger of a report: reported numbers from the dataset, computations from inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, SupportsFloat

from evidence.errors import EvidenceError
from evidence.report.record.numbers import format_number
from evidence.report.record.origins import Origins, plain_value, read_path, run

#: Longest value that a message shows in full.
BRIEF = 120
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
        Dataset, analysis file and software at hand.
    """

    def __init__(self, ledger: Mapping[str, Any], origins: Origins) -> None:
        self._ledger = ledger
        self._origins = origins
        self._results: dict[str, object] = {}

    def problems(self) -> Iterator[str]:
        """Yield what the ledger says and its origins do not give."""
        checks = {
            "computations": self._computation,
            "reported": self._reported,
            "numbers": self._number,
            "names": self._name,
        }
        for kind, check in checks.items():
            for name, entry in self._ledger[kind].items():
                fault = _guarded(check, name, entry)
                if fault:
                    yield f"ledger {name}: {fault}"

    def _computation(self, name: str, record: Mapping[str, Any]) -> str | None:
        values = {argument: self._values(given) for argument, given in record["inputs"].items()}
        self._results[name] = run(record["function"], values, record["options"])
        return _difference(record["function"], plain_value(self._results[name]), record["result"])

    def _reported(self, name: str, entry: Mapping[str, Any]) -> str | None:
        return _difference(name, self._origins.reported(name), entry)

    def _number(self, name: str, entry: Mapping[str, Any]) -> str | None:
        text = format_number(self._value(entry["of"]), entry["format"])
        return _difference(entry["of"], text, entry["text"])

    def _name(self, name: str, entry: Mapping[str, Any]) -> str | None:
        text = self._origins.text(entry["of"], self._results)
        return _difference(entry["of"], text, entry["text"])

    def _values(self, given: str | list[str]) -> float | list[float]:
        if isinstance(given, list):
            return [self._value(quantity) for quantity in given]
        return self._value(given)

    def _value(self, quantity: str) -> float:
        origin, _, path = quantity.rpartition("#")
        if origin not in self._results:
            return float(self._origins.trials.row(origin)[path])
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
