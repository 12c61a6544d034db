"""The family of errors, and of warnings, that this package raises.

::

    EvidenceError
    ├── BadInput                 what was given cannot be right (also a ValueError)
    │   ├── CurationError        the YAML files of the dataset, all problems at once
    │   ├── AnalysisFileError    a declared analysis, all problems at once
    │   └── UnknownName          a name that is not in the vocabulary (also a KeyError)
    ├── EmptySelection           nothing in the dataset answers the question
    ├── TooFewStudies            fewer studies than the method needs
    ├── NotEstimable             the data do not determine the quantity
    ├── DatasetError             the parquet file is missing, stale or damaged
    ├── VerificationError        a number cannot be followed to its origin
    └── MissingLibrary           an optional library is needed (also an ImportError)

    EvidenceWarning
    └── Caution                  the number is right, and easily misread

A message says what was asked, what was found (with ids and numbers), and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class EvidenceError(Exception):
    """Anything this package refuses, with advice."""


class BadInput(EvidenceError, ValueError):
    """What was given cannot be right.

    Parameters
    ----------
    message : str
        What was asked, found and to do.
    problems : sequence of str
        One line for each fault; all faults are reported together.
    """

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([message, *(f"  - {problem}" for problem in self.problems)]))


class CurationError(BadInput):
    """The YAML files of the dataset do not pass their checks."""


class AnalysisFileError(BadInput):
    """A declared analysis does not pass its checks."""


class UnknownName(BadInput, KeyError):
    """A name that the vocabulary does not hold."""

    def __init__(self, kind: str, name: object, known: Iterable[str], advice: str = "") -> None:
        names = sorted(known)
        near = get_close_matches(str(name), names, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(names[:12])}."
        BadInput.__init__(
            self, " ".join(filter(None, [f"There is no {kind} {name!r}. {hint}", advice]))
        )

    def __str__(self) -> str:
        return str(self.args[0])


class EmptySelection(EvidenceError):
    """Nothing in the dataset answers the question."""


class TooFewStudies(EvidenceError):
    """Fewer studies than the method needs."""


class NotEstimable(EvidenceError):
    """The data do not determine the quantity."""


class DatasetError(EvidenceError):
    """The dataset's file is missing, stale or damaged."""


class VerificationError(EvidenceError):
    """A number in a report cannot be followed to its origin."""


class MissingLibrary(EvidenceError, ImportError):
    """An optional library is needed for what was asked."""


class EvidenceWarning(UserWarning):
    """Base of the warnings of this package."""


class Caution(EvidenceWarning):
    """The number is right, and easily misread."""


def known_name(kind: str, name: object, known: Iterable[str], advice: str = "") -> str:
    """Return ``name``, or raise UnknownName if it is not one of the ``known`` texts.

    Parameters
    ----------
    kind : str
        What it is the name of.
    name : object
        What was given; anything but a text is unknown.
    known : iterable of str
        The names there are.
    advice : str
        What else to say.
    """
    names = list(known)
    if isinstance(name, str) and name in names:
        return name
    raise UnknownName(kind, name, names, advice)


def refuse(error: type[BadInput], message: str, problems: Sequence[str]) -> None:
    """Raise ``error`` with every problem in its message, if there is any."""
    if problems:
        raise error(message, problems)
