"""The words of the dataset: outcomes, statistics, units, therapies, and what they mean.

The words are data (``data/vocabulary.yaml``); this module gives them a shape, looks them up, and
names the nearest ones when a word is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evidence.errors import BadInput, UnknownName, refuse

#: The kinds of words, as they stand in the file, with the name used in messages.
KINDS = {
    "outcomes": "outcome",
    "statistics": "statistic",
    "units": "unit",
    "findings": "finding",
    "therapies": "therapy",
    "designs": "design",
    "populations": "population",
}
#: Which direction of an outcome is good for the patient.
DIRECTIONS = ("lower", "higher", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One word of the vocabulary.

    Attributes
    ----------
    name, label, short : str
        The word in the dataset; what a reader sees; its short form (the label, if there is none).
    attributes : mapping of str to str
        What else the file says of it, such as ``better`` of an outcome or ``kind`` of a statistic.
    """

    name: str
    label: str
    short: str
    attributes: Mapping[str, str]

    @property
    def better(self) -> str:
        """Direction that is good for the patient: lower, higher or none."""
        return self.attributes.get("better", "none")

    @property
    def kind(self) -> str:
        """Kind of a statistic, such as ratio, proportion or count."""
        return self.attributes.get("kind", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All words that a row of the dataset may use.

    Attributes
    ----------
    terms : mapping
        Kind (as in the file, for example ``outcomes``) to name to :class:`Term`.
    """

    terms: Mapping[str, Mapping[str, Term]]

    def term(self, kind: str, name: str) -> Term:
        """Return the term ``name`` of ``kind``.

        Raises
        ------
        UnknownName
            The vocabulary does not hold it; the message names the nearest words.
        """
        known = self.terms[kind]
        if name not in known:
            raise UnknownName(
                KINDS[kind], name, known, "A new word is added to data/vocabulary.yaml."
            )
        return known[name]

    def label(self, kind: str, name: str) -> str:
        """What a reader sees for ``name``."""
        return self.term(kind, name).label

    def names(self, kind: str) -> tuple[str, ...]:
        """All names of a kind, in the order of the file."""
        return tuple(self.terms[kind])

    def to_dict(self) -> dict[str, dict[str, dict[str, str]]]:
        """Return the plain mapping that :func:`vocabulary_from` reads."""
        return {
            kind: {
                name: {"label": term.label, "short": term.short, **term.attributes}
                for name, term in terms.items()
            }
            for kind, terms in self.terms.items()
        }


def vocabulary_from(content: Mapping[str, Any]) -> Vocabulary:
    """Build a vocabulary from the content of ``vocabulary.yaml``.

    Raises
    ------
    BadInput
        A kind is missing, empty or unknown, or a term has no label; every fault is named.
    """
    problems = [*_kind_faults(content), *_term_faults(content)]
    refuse(
        BadInput,
        f"The vocabulary has {len(problems)} faults; mend data/vocabulary.yaml.",
        problems,
    )
    return Vocabulary(
        terms={
            kind: {str(name): _term(str(name), entry) for name, entry in content[kind].items()}
            for kind in KINDS
        }
    )


def _kind_faults(content: Mapping[str, object]) -> Iterator[str]:
    for kind in KINDS:
        if kind not in content:
            yield f"{kind}: missing"
        elif not isinstance(content[kind], Mapping) or not content[kind]:
            yield f"{kind}: holds no words"
    for kind in content:
        if kind not in KINDS:
            yield f"{kind}: not a kind of word (known: {', '.join(KINDS)})"


def _term_faults(content: Mapping[str, Any]) -> Iterator[str]:
    for kind in KINDS:
        terms = content.get(kind)
        for name, entry in terms.items() if isinstance(terms, Mapping) else ():
            if not isinstance(entry, Mapping) or not entry.get("label"):
                yield f"{kind}.{name}: has no label"
            elif entry.get("better", "none") not in DIRECTIONS:
                known = ", ".join(DIRECTIONS)
                yield f"{kind}.{name}.better: {entry['better']!r} is none of {known}"


def _term(name: str, entry: Mapping[str, str]) -> Term:
    rest = {str(key): str(value) for key, value in entry.items() if key not in ("label", "short")}
    return Term(
        name=name,
        label=str(entry["label"]),
        short=str(entry.get("short", entry["label"])),
        attributes=rest,
    )
