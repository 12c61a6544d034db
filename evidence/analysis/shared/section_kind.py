"""A kind of section as one record: what a file may say of it, and what is made of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from evidence.analysis.shared.context import Context, SectionResult
from evidence.analysis.shared.entries import SectionEntry
from evidence.analysis.shared.move import Move, Seen
from evidence.trials.dataset.load import Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionKind:
    """One kind of section; the functions take an entry of its schema.

    Attributes
    ----------
    name : str
        What ``kind`` says in the file.
    schema : type
        What a file may say of such a section.
    section : callable
        From context, entry and its place in the file to what the section gives.
    moves : callable
        From an entry, what it gave before and gives after, and values at which a decision turns,
        to what moved.
    rows_in_use : callable
        From an entry and a dataset to the result_ids that the section computes from or transcribes.
    pools : bool
        Whether it gives a summary, for which such values can be stated.
    reads_all_analyses : bool
        Whether it asks which rows the declared analyses use (``Context.rows_in_use``).
    """

    name: str
    schema: type[SectionEntry]
    section: Callable[[Context, Any, str], SectionResult]
    moves: Callable[[Any, Seen, Seen, Sequence[float]], Iterable[Move]]
    rows_in_use: Callable[[Any, Trials], Iterable[str]]
    pools: bool = False
    reads_all_analyses: bool = False
