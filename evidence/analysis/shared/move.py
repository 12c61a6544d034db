"""One thing that an analysis gives differently from another dataset, and where it is sought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from evidence.report.record.document import Table
from evidence.trials.dataset.load import Trials

Kind = Literal[
    "run",
    "k",
    "estimate",
    "interval",
    "prediction interval",
    "threshold",
    "study",
    "sensitivity",
    "verdict",
    "cell",
    "sentence",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing that an analysis gives differently.

    Attributes
    ----------
    section : str
        Title of the section of the report, empty for the report as a whole.
    kind : str
        What moved (one of ``Kind``); ``run`` if the analysis could not be run.
    what : str
        Which one: a study, a sensitivity analysis, a threshold, a cell of a review.
    old, new : str or None
        As a reader sees it; None where a dataset does not have it.
    old_value, new_value : float or None
        Unrounded, on the scale of analysis, for a number.
    matters : bool
        Whether a reader sees it; a number that moves below the printed rounding does not matter.
    """

    section: str
    kind: Kind
    what: str = ""
    old: str | None
    new: str | None
    old_value: float | None = None
    new_value: float | None = None
    matters: bool = True

    def __str__(self) -> str:
        name = self.kind if not self.what else f"{self.kind}, {self.what}"
        if self.old is None:
            return f"{name}: added: {self.new}"
        if self.new is None:
            return f"{name}: no longer: {self.old}"
        if self.kind == "sentence":
            return f"sentence before: {self.old}\n    sentence now:    {self.new}"
        return f"{name}: {self.old} -> {self.new}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one dataset gives for a section.

    Attributes
    ----------
    results : mapping
        What ``results.json`` holds of the section.
    tables : tuple of Table
        The tables of the whole report.
    trials : Trials
        The dataset.
    """

    results: Mapping[str, Any]
    tables: tuple[Table, ...]
    trials: Trials
