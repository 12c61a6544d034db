"""How much the dataset holds: counted for the codebook and the README, never typed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.errors import BadInput
from evidence.files import write_text
from evidence.results import Result
from evidence.trials.dataset.load import Trials
from evidence.trials.rows.columns import ORIGINS

#: What stands around the counts in the README.
MARKERS = ("<!-- counts -->", "<!-- /counts -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts(Result):
    """How much the dataset holds.

    Attributes
    ----------
    numbers, studies, trials, documents : int
        Reported numbers (rows), studies, studies that are randomised trials, documents cited.
    review, primary, secondary : int
        Numbers by origin: the three reviews; the trials' own publications and registry records;
        other reviews and web pages.
    double, adjudicated : int
        Numbers extracted twice, the second extraction independent of the first; those of them
        that were adjudicated, because the two extractions did not give the same.
    preferred : int
        Numbers that analyses use, one for each quantity.
    """

    numbers: int
    studies: int
    trials: int
    documents: int
    review: int
    primary: int
    secondary: int
    double: int
    adjudicated: int
    preferred: int

    @property
    def double_share(self) -> float:
        """Share of the numbers that were extracted twice, 0 to 1."""
        return self.double / self.numbers

    @property
    def disagreement_rate(self) -> float | None:
        """Share of the numbers extracted twice that were adjudicated, 0 to 1; None without any."""
        return self.adjudicated / self.double if self.double else None

    def _row(self) -> dict[str, Any]:
        shares = {"double_share": self.double_share, "disagreement_rate": self.disagreement_rate}
        return Result._row(self) | shares


def counts(trials: Trials) -> Counts:
    """How many numbers, studies and documents a dataset holds, and how they were extracted.

    Parameters
    ----------
    trials : Trials
        Dataset, or a part of it.
    """
    rows = list(trials.rows())
    origins = Counter(row["origin"] for row in rows)
    extractions = Counter(row["extraction"] for row in rows)
    return Counts(
        numbers=len(rows),
        studies=len({row["study_id"] for row in rows}),
        trials=len({row["study_id"] for row in rows if row["design"] == "rct"}),
        documents=len({row["source"] for row in rows}),
        **{origin: origins[origin] for origin in ORIGINS},
        double=extractions["double"] + extractions["adjudicated"],
        adjudicated=extractions["adjudicated"],
        preferred=sum(row["preferred"] for row in rows),
    )


def counts_text(trials: Trials) -> str:
    """Return the counts as the lines of Markdown that stand in the README.

    Parameters
    ----------
    trials : Trials
        Dataset.
    """
    found = counts(trials)
    return "\n".join(
        [
            f"Dataset version {trials.version} ({trials.licence}):",
            "",
            f"- **{found.numbers:,} reported numbers** of **{found.studies} studies** "
            f"({found.trials} randomised trials), from {found.documents} documents",
            f"- {found.primary:,} from the trials' own publications and registry records, "
            f"{found.review:,} from the three reviews, {found.secondary:,} from other documents",
            f"- {percent(found.double, found.numbers)} extracted twice, independently; "
            f"{percent(found.adjudicated, found.double)} of these were adjudicated",
        ]
    )


def with_counts(text: str, trials: Trials) -> str:
    """Return a text with the counts between its two markers.

    Parameters
    ----------
    text : str
        Text with both of ``MARKERS``.
    trials : Trials
        Dataset.

    Raises
    ------
    BadInput
        The text lacks one of the markers, or has one more than once.
    """
    opening, closing = MARKERS
    if text.count(opening) != 1 or text.count(closing) != 1 or closing not in _after(text, opening):
        raise BadInput(
            f"The counts go between {opening} and {closing}, each once and in this order; "
            f"found {text.count(opening)} and {text.count(closing)} of them. Add them to the text."
        )
    before, after = text.partition(opening)[0], _after(text, closing)
    return f"{before}{opening}\n{counts_text(trials)}\n{closing}{after}"


def refresh_readme(path: str | Path, trials: Trials) -> bool:
    """Write the counts between the markers of a README; tell whether anything changed.

    Parameters
    ----------
    path : str or Path
        README with both of ``MARKERS``.
    trials : Trials
        Dataset.

    Raises
    ------
    BadInput
        The file lacks one of the markers, or has one more than once.
    """
    file = Path(path)
    text = file.read_text(encoding="utf-8")
    fresh = with_counts(text, trials)
    if fresh != text:
        write_text(file, fresh)
    return fresh != text


def _after(text: str, marker: str) -> str:
    return text.partition(marker)[2]


def percent(part: int, whole: int) -> str:
    """Return a share as a reader sees it, such as "4.8%"; a dash for a share of nothing."""
    return f"{100 * part / whole:.1f}%" if whole else "—"
