"""What came of pooling a registry: counts of estimates, of reasons, and of bad rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from evidence.errors import BadInput, EmptySelection
from evidence.interfaces.registry.work import SHOWN, Results
from evidence.results import Result
from evidence.synthesis.stacks.row_faults import UNUSABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledRegistry(Result):
    """What came of pooling a registry; the summaries themselves are in the file.

    Attributes
    ----------
    output : Path
        Parquet file with a row for each meta-analysis.
    meta_analyses, rows : int
        How many the registry has.
    estimated, one_study, not_estimated : int
        Meta-analyses with a summary of two or more studies, with the effect of one, and without.
    reasons : dict of str to int
        Why there is no estimate: how often. Bad rows are one reason.
    bad_rows : dict of str to int
        Rows that cannot be used, by what is wrong with them.
    rule : str
        What was done about them.
    """

    output: Path
    meta_analyses: int
    rows: int
    estimated: int
    one_study: int
    not_estimated: int
    reasons: dict[str, int]
    bad_rows: dict[str, int]
    rule: str

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON holds them."""
        return {**asdict(self), "output": str(self.output)}

    def _row(self) -> dict[str, Any]:
        row = Result._row(self)
        for name in ("reasons", "bad_rows"):
            row[name] = "; ".join(f"{words}: {n}" for words, n in row[name].items())
        return row


class Count:
    """Adds up the results as they come.

    Parameters
    ----------
    rule : str
        What is done about rows that cannot be used.
    """

    def __init__(self, rule: str) -> None:
        self._rule = rule
        self._meta_analyses = self._rows = self._bad = self._one_study = 0
        self._faults: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._first_faults: list[str] = []

    def add(self, results: Results) -> None:
        """Add the results of a batch or a part."""
        table = results.table
        self._meta_analyses += table.num_rows
        self._rows += pc.sum(table["rows"]).as_py() or 0
        self._one_study += pc.sum(pc.equal(table["method"], "single-study")).as_py() or 0
        self._faults += results.faults
        self._bad += results.bad_rows
        for counted in pc.value_counts(table["reason"].drop_null()).to_pylist():
            self._reasons[_kind(counted["values"])] += counted["counts"]
        self._first_faults = [*self._first_faults, *results.first_faults][:SHOWN]

    def check(self, path: Path) -> None:
        """Refuse a file without rows, and by the rule one with a row that cannot be used.

        Raises
        ------
        EmptySelection, BadInput
        """
        if not self._rows:
            raise EmptySelection(f"{path} was to be pooled and has no row. Give another file.")
        if self._rule != "refuse" or not self._bad:
            return
        kinds = ", ".join(f"{fault} ({count})" for fault, count in sorted(self._faults.items()))
        raise BadInput(
            f"{path} was to be pooled and {self._bad} of {self._rows} {UNUSABLE}: {kinds}. "
            "Correct them at their source, or choose the rule mark or leave-out. The first are:",
            self._first_faults,
        )

    def summary(self, output: Path) -> PooledRegistry:
        """Return the counts, when all results were added."""
        failed = sum(self._reasons.values())
        return PooledRegistry(
            output=output,
            meta_analyses=self._meta_analyses,
            rows=self._rows,
            estimated=self._meta_analyses - self._one_study - failed,
            one_study=self._one_study,
            not_estimated=failed,
            reasons=dict(sorted(self._reasons.items())),
            bad_rows=dict(sorted(self._faults.items())),
            rule=self._rule,
        )


def _kind(reason: str) -> str:
    """Reasons that differ in their counts are of one kind."""
    return UNUSABLE if UNUSABLE in reason else reason
