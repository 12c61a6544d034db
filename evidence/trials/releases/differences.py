"""What two releases of the dataset do not share: records, their text, their table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from evidence.results import Result

if TYPE_CHECKING:
    import pandas as pd

Change = Literal["added", "changed", "removed"]
#: Fields of a number that say how it was read, and not what is printed or which row is used.
BOOKKEEPING = ("locator", "line_start", "line_end", "extraction", "note", "preference_reason")
#: What the message calls each kind of thing.
_KINDS = {"study": "studies", "number": "numbers", "document": "documents", "word": "words"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release: its version, the SHA-256 of its file, its numbers and studies."""

    version: str
    sha256: str
    numbers: int
    studies: int

    def __str__(self) -> str:
        held = f"{self.numbers:,} numbers of {self.studies} studies"
        return f"version {self.version} ({self.sha256[:8]}, {held})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field that differs; an absent value is None."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.field}: {_shown(self.old)} -> {_shown(self.new)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that two releases do not share, or do not say alike.

    Attributes
    ----------
    change : str
        ``added``, ``changed`` or ``removed``.
    kind : str
        ``study``, ``number`` (a row), ``document`` or ``word`` (of the vocabulary).
    name : str
        study_id, result_id (of the new release, if both have it), cite key, or ``<kind>/<word>``.
    study_id : str or None
        Study of a number.
    label : str
        What it is in words: name of the study, the number as printed, the citation.
    source : str or None
        For a number, the document it was read in, and where.
    fields : tuple of FieldChange
        What changed.
    """

    change: Change
    kind: Literal["study", "number", "document", "word"]
    name: str
    study_id: str | None = None
    label: str
    source: str | None = None
    fields: tuple[FieldChange, ...] = ()

    def __str__(self) -> str:
        source = f" [{self.source}]" if self.source else ""
        return f"{self.name}: {self.label}{source}"

    @property
    def only_bookkeeping(self) -> bool:
        """Whether only what is said of the reading changed, not what was read or is used."""
        return bool(self.fields) and all(one.field in BOOKKEEPING for one in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDiff(Result):
    """All differences between two releases.

    Attributes
    ----------
    old, new : Release
    differences : tuple of Difference
        Studies first, then numbers, documents and words, each sorted by name.
    """

    old: Release
    new: Release
    differences: tuple[Difference, ...]

    def select(self, kind: str | None = None, change: str | None = None) -> tuple[Difference, ...]:
        """Return the differences of one kind, or of one direction, or both."""
        return tuple(
            one
            for one in self.differences
            if kind in (None, one.kind) and change in (None, one.change)
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each field that changed, and for each thing added or removed."""
        import pandas as pd

        columns = ("change", "kind", "name", "study_id", "label", "source", "field", "old", "new")
        return pd.DataFrame(list(self._lines()), columns=list(columns))

    def _lines(self) -> Iterator[dict[str, Any]]:
        for one in self.differences:
            common = {name: value for name, value in asdict(one).items() if name != "fields"}
            for change in one.fields or (FieldChange(field="", old=None, new=None),):
                yield {**common, **asdict(change)}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "old": asdict(self.old),
            "new": asdict(self.new),
            "differences": [
                {**asdict(one), "fields": [asdict(change) for change in one.fields]}
                for one in self.differences
            ],
        }

    def text(self, *, limit: int | None = 20) -> str:
        """Return the comparison as lines to read.

        Parameters
        ----------
        limit : int or None
            Most entries shown under each heading; None for all.
        """
        lines = [f"From {self.old} to {self.new}."]
        if not self.differences:
            lines.append("The two releases hold the same studies, numbers, documents and words.")
        for kind, plural in _KINDS.items():
            for change in ("added", "changed", "removed"):
                found = [one for one in self.select(kind, change) if not one.only_bookkeeping]
                lines += _listed(found, f"{plural} {change}", limit)
        return "\n".join([*lines, *_bookkeeping(self.select("number", "changed"))])

    def __str__(self) -> str:
        return self.text()


def _listed(found: Sequence[Difference], heading: str, limit: int | None) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield f"{heading.capitalize()}: {len(found)}"
    for one in found[:limit]:
        yield f"  {one}"
        yield from (f"      {change}" for change in one.fields)
    if limit is not None and len(found) > limit:
        yield f"  ... and {len(found) - limit} more"


def _bookkeeping(changed: Sequence[Difference]) -> Iterator[str]:
    """Count the changes that say how a number was read; a list of them would hide the others."""
    quiet = [one for one in changed if one.only_bookkeeping]
    if quiet:
        fields = Counter(change.field for one in quiet for change in one.fields)
        yield ""
        yield f"Numbers the same, with other words about their reading: {len(quiet)}"
        yield from (f"  {name}: {count}" for name, count in sorted(fields.items()))


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)
