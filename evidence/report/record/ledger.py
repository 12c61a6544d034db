"""The ledger: every number that reaches a reader has an id, and the id leads to its origin.

An origin is a reported result (a row of the dataset), a given number (a cell of a stranger's file)
or a computation (a function of this package, its options, and the quantities that went in). Names
that hold digits ("NEDA-3", a citation) have an origin too: the place in the dataset, the vocabulary
or a file where they stand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, SupportsFloat, TypeVar

from evidence.addresses import address_of
from evidence.errors import VerificationError
from evidence.outcomes.given_cells import place_of
from evidence.report.record.document import DIGIT, Named, Shown, Span, Text, text_of
from evidence.report.record.numbers import format_number
from evidence.report.record.origins import Json, Origins, plain_value, read_path, rounded, run
from evidence.report.record.sources import Source, file_named_in
from evidence.trials.dataset.load import Trials

LEDGER_SCHEMA = 1
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with an origin, to which ``id`` leads.

    It is ``<result_id>#<column>``, ``given:<file>:<line>:<column>`` or ``<computation>#<path>``.
    """

    id: str
    value: float


@dataclass(frozen=True, slots=True)
class Computed(Generic[Result_co]):
    """The result of a computation that the ledger has written down."""

    id: str
    result: Result_co = field(repr=False)

    def quantity(self, path: str = "") -> Quantity:
        """Return the number at ``path`` of the result, or the result itself.

        A path is dotted, such as ``prediction.low`` or ``weights.0``.

        Raises
        ------
        VerificationError
            There is no number at ``path``.
        """
        value = read_path(self.result, path)
        if not isinstance(value, SupportsFloat):
            raise VerificationError(
                f"{self.id} has no {path}: it is not estimable and needs words."
            )
        return Quantity(f"{self.id}#{path}", float(value))


class Ledger:
    """Gives out numbers and names, and remembers where each came from.

    Parameters
    ----------
    trials : Trials or None
        The dataset, if anything is taken from it.
    analysis : mapping
        The declared analysis as read from its file; names may stand in it.
    software : mapping of str to str
        Package to version.
    files : sequence of Source
        Files of studies, from which numbers and names are taken too.
    """

    def __init__(
        self,
        trials: Trials | None,
        analysis: Mapping[str, Any],
        software: Mapping[str, str],
        *,
        files: Sequence[Source] = (),
    ) -> None:
        self.trials = trials
        self.origins = Origins(
            trials=trials, analysis=analysis, software=software, files=tuple(files)
        )
        self._numbers: dict[tuple[str, str], Shown] = {}
        self._names: dict[tuple[str, str], Named] = {}
        self._computations: dict[str, dict[str, Any]] = {}
        self._known: dict[str, Computed[Any]] = {}
        self._reported: set[str] = set()
        self._given: set[str] = set()
        self._named_files: set[str] = set()

    # quantities

    def reported(self, result_id: str, column: str = "value") -> Quantity:
        """Return a number of the dataset."""
        quantity = self._printed(f"{result_id}#{column}")
        self._reported.add(result_id)
        return quantity

    def given(self, address: str) -> Quantity:
        """Return a number of a file, at the address of its cell."""
        quantity = self._printed(address)
        self._given.add(address)
        return quantity

    def _printed(self, address: str) -> Quantity:
        return Quantity(address, self.origins.number(address))

    def compute(
        self,
        function: Callable[..., Result],
        inputs: Mapping[str, Quantity | Sequence[Quantity]] | None = None,
        **options: object,
    ) -> Computed[Result]:
        """Call ``function`` with quantities and options, and write the call down.

        The same call is made once; a second request returns the first result.
        """
        name, given = address_of(function), inputs or {}
        ids = {argument: _ids(quantities) for argument, quantities in given.items()}
        record = {"function": name, "inputs": ids, "options": options}
        key = json.dumps(record, sort_keys=True)
        if key not in self._known:
            values = {argument: _values(quantities) for argument, quantities in given.items()}
            computed = Computed(f"c{len(self._known) + 1}", run(name, values, options))
            self._known[key] = computed
            self._computations[computed.id] = record
        return self._known[key]

    # what a reader sees

    def show(self, quantity: Quantity, spec: str) -> Shown:
        """Return ``quantity`` as text in the format ``spec``."""
        key = (quantity.id, spec)
        if key not in self._numbers:
            self._numbers[key] = Shown(
                f"n{len(self._numbers) + 1}", format_number(quantity.value, spec)
            )
        return self._numbers[key]

    def as_printed(self, result_id: str, column: str = "value") -> Shown:
        """Return a reported number with the decimals that its source prints."""
        return self._as_printed(self.reported(result_id, column))

    def given_as_printed(self, address: str) -> Shown:
        """Return a number of a file with the decimals that the file writes."""
        return self._as_printed(self.given(address))

    def _as_printed(self, quantity: Quantity) -> Shown:
        digits = self.origins.source_of(quantity.id).decimals(quantity.id)
        return self.show(quantity, f"plain:{digits}")

    def count(self, what: str, chosen: Sequence[bool]) -> Shown:
        """Return how many of ``chosen`` are true; the ledger keeps the list that was counted."""
        computed = self.compute(count_true, chosen=list(chosen), what=what)
        return self.show(computed.quantity(), "fixed:0")

    def name(self, address: str) -> Span:
        """Return the text at ``address`` (see :class:`evidence.report.record.Origins`).

        It has an id if it holds a digit, and is plain text otherwise.
        """
        text = self.origins.text(address, self._results())
        if file := file_named_in(address):
            self._named_files.add(file)
        if not DIGIT.search(text):
            return text
        key = (address, text)
        if key not in self._names:
            self._names[key] = Named(f"t{len(self._names) + 1}", text)
        return self._names[key]

    def words(self, function: Callable[..., str], **options: object) -> Span:
        """Return a text that a function of this package gives, such as the name of a method."""
        return self.name(f"computed:{self.compute(function, {}, **options).id}#")

    def prose(self, template: str, **spans: Span | Text) -> Text:
        """Return a text in which ``{name}`` is replaced by the span or text of that name."""
        parts: list[Span] = []
        for index, piece in enumerate(template.replace("}", "{").split("{")):
            if index % 2 == 0:
                parts += [piece] if piece else []
            else:
                given = spans[piece]
                parts += list(given) if isinstance(given, tuple) else [given]
        return text_of(*parts)

    def cited_sources(self) -> list[str]:
        """Return the cite keys of the documents whose numbers were used, sorted."""
        return sorted(
            {self.origins.text(f"row:{result_id}#source", {}) for result_id in self._reported}
        )

    # the file

    def _results(self) -> dict[str, object]:
        return {computed.id: computed.result for computed in self._known.values()}

    def to_dict(self, slug: str) -> dict[str, Any]:
        """Return the content of ``ledger.json``.

        Raises
        ------
        VerificationError
            A computation gave a number that is not finite.
        """
        dataset, files = self.origins.dataset, self._files()
        given = {
            address: self.origins.given(address) for address in sorted(self._given, key=place_of)
        }
        return {
            "schema": LEDGER_SCHEMA,
            "analysis": slug,
            **({"dataset": dict(dataset.identity)} if dataset is not None else {}),
            **({"files": files} if files else {}),
            "software": dict(self.origins.software),
            "numbers": self._shown_numbers(),
            "names": self._shown_names(),
            "reported": {name: self.origins.reported(name) for name in sorted(self._reported)},
            **({"given": given} if given else {}),
            "computations": self._records(),
        }

    def _files(self) -> dict[str, Json]:
        """Return the identity of each file from which a number or name was taken."""
        used = {*self._named_files, *map(file_named_in, self._given)}
        files = sorted(self.origins.files, key=lambda file: file.name)
        return {file.name: dict(file.identity) for file in files if file.name in used}

    def _shown_numbers(self) -> dict[str, Json]:
        return {
            shown.id: {"text": shown.text, "format": spec, "of": quantity}
            for (quantity, spec), shown in self._numbers.items()
        }

    def _shown_names(self) -> dict[str, Json]:
        return {
            named.id: {"text": named.text, "of": address}
            for (address, _), named in self._names.items()
        }

    def _records(self) -> dict[str, Json]:
        results = self._results()
        return {
            name: {**record, "result": plain_value(results[name])}
            for name, record in self._computations.items()
        }


def count_true(*, chosen: Sequence[bool], what: str) -> int:
    """Return the number of true entries; ``what`` says what is counted.

    Parameters
    ----------
    chosen : sequence of bool
        Entries.
    what : str
        What is counted, in words for the reader of a ledger.
    """
    return sum(chosen)


def plain_number(value: float | None) -> float | None:
    """Return a number as the JSON files write it."""
    return None if value is None else rounded(value)


def _ids(given: Quantity | Sequence[Quantity]) -> str | list[str]:
    return given.id if isinstance(given, Quantity) else [quantity.id for quantity in given]


def _values(given: Quantity | Sequence[Quantity]) -> float | list[float]:
    return given.value if isinstance(given, Quantity) else [quantity.value for quantity in given]
