"""What moved in the analyses between two datasets: records, their text, their table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from evidence.analysis.shared.move import Kind, Move
from evidence.results import Result
from evidence.trials.releases.differences import Release

if TYPE_CHECKING:
    import pandas as pd

#: Kinds whose absence is said where others moved, so that a reader need not infer it.
_SAID_IF_NONE: tuple[tuple[Kind, frozenset[Kind], str], ...] = (
    ("threshold", frozenset({"k", "estimate", "interval"}), "No threshold was crossed."),
    ("verdict", frozenset({"cell"}), "No verdict on a review's cell changed."),
    ("sentence", frozenset({"study", "sensitivity", "cell"}), "No sentence changed."),
)
NOTHING = "Nothing that matters changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisMoves:
    """What moved in one declared analysis."""

    slug: str
    title: str
    moves: tuple[Move, ...]

    @property
    def that_matter(self) -> tuple[Move, ...]:
        """The moves that a reader sees."""
        return tuple(move for move in self.moves if move.matters)

    def lines(self) -> Iterator[str]:
        """Yield the analysis as lines to read."""
        seen, unseen = self.that_matter, len(self.moves) - len(self.that_matter)
        below = f"; below the printed rounding: {_count(unseen, 'number')}" if unseen else ""
        if not seen:
            yield f"{self.slug}: {NOTHING.lower()}{below}."
            return
        yield f"{self.slug}: {_count(len(seen), 'change')} that a reader sees{below}."
        for section in dict.fromkeys(move.section for move in seen):
            yield f"  {section or 'The analysis'}"
            yield from (f"    {move}" for move in seen if move.section == section)
        kinds = {move.kind for move in seen}
        for kind, beside, words in _SAID_IF_NONE:
            if kind not in kinds and kinds & beside:
                yield f"  {words}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatMoved(Result):
    """What moved in the declared analyses between two datasets.

    Attributes
    ----------
    old, new : Release
    analyses : tuple of AnalysisMoves
        All analyses that were run, also those in which nothing moved.
    """

    old: Release
    new: Release
    analyses: tuple[AnalysisMoves, ...]

    @property
    def matters(self) -> bool:
        """Whether any estimate, interval, verdict or sentence reads differently."""
        return any(one.that_matter for one in self.analyses)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each move."""
        import pandas as pd

        columns = ["analysis", *Move.__dataclass_fields__]
        rows = [
            {"analysis": one.slug, **asdict(move)} for one in self.analyses for move in one.moves
        ]
        return pd.DataFrame(rows, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "matters": self.matters}

    def text(self) -> str:
        """Return all analyses as lines to read; what did not change is said as well."""
        changed = [one.slug for one in self.analyses if one.that_matter]
        verdict = f"{NOTHING}: every estimate, interval, verdict and sentence reads as before."
        if changed:
            share = f"{len(changed)} of {len(self.analyses)} analyses"
            verdict = f"What a reader sees changed in {share}: {', '.join(changed)}."
        head = f"The present analysis files, on {self.old} and on {self.new}."
        return "\n".join(
            [head, verdict, "", *(line for one in self.analyses for line in one.lines())]
        )

    def __str__(self) -> str:
        return self.text()
