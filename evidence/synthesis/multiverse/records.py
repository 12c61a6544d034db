"""What a multiverse holds: one result for each world, the shares, and the nearest reversals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray, IntArray
from evidence.errors import BadInput, UnknownName
from evidence.results import Result
from evidence.synthesis.inputs.study_sets import StudySets
from evidence.synthesis.multiverse.decision_rules import CodeArray, DecisionRule

if TYPE_CHECKING:
    import pandas as pd

#: In what worlds differ, in the order in which ties are listed.
DIMENSIONS: Final = ("measure", "zero_cells", "method", "test", "studies")
#: Why a world has no number, by its code.
REASONS: Final = (
    "",
    "fewer than 2 studies have an effect size",
    "the numbers leave the range of double precision",
    "the Knapp-Hartung interval has no width, because the effects are equal",
)
#: How the shares are to be read.
CAUTION: Final = (
    "Sensitivity analysis: the worlds are the choices that were declared and no sample, so that "
    "shares are no probabilities and change with the list of choices. A world that nobody would "
    "defend counts as much as any other."
)
FEW, PRECISION, NO_WIDTH = 1, 2, 3
_NUMBERS: Final = ("estimate", "se", "ci_low", "ci_high", "tau2")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Multiverse(Result):
    """Every way of pooling the studies that was declared; arrays of shape (n,), read-only.

    Numbers are on the scale of the effects (log for ratios); of a world that is not estimable
    ``reason`` says why.

    Attributes
    ----------
    codes : mapping of str to ndarray of int
        For each of ``DIMENSIONS`` the place of the world's value.
    values : mapping of str to tuple of str
        Values of each dimension but ``studies``, whose names ``sets`` gives.
    sets : StudySets
        Sets of studies.
    k : ndarray of int
        Studies with an effect size.
    estimate, se, ci_low, ci_high, tau2 : ndarray
        Summary, standard error behind its interval, interval, and between-study variance; NaN in
        a world that is not estimable.
    side : ndarray of int
        Place of the conclusion among ``rule.sides``; -1 if not estimable.
    reason : ndarray of int
        Place among ``REASONS``.
    rule : DecisionRule
        What is concluded.
    reference : int
        The world that the others are compared with.
    changes : ndarray of int
        Dimensions in which a world differs from the reference.
    studies_changed : ndarray of int
        Studies that are in one of the two worlds only.
    level : float
        Coverage of the intervals.
    decisions : tuple of str
        What was done to reach these worlds: rules that were merged, studies left out.
    caution : str
        How the shares are to be read.
    """

    codes: Mapping[str, IntArray]
    values: Mapping[str, tuple[str, ...]]
    sets: StudySets
    k: IntArray
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    tau2: FloatArray
    side: CodeArray
    reason: CodeArray
    rule: DecisionRule
    reference: int
    changes: IntArray
    studies_changed: IntArray
    level: float
    decisions: tuple[str, ...]
    caution: str = CAUTION

    @property
    def estimable(self) -> npt.NDArray[np.bool_]:
        """Which worlds have a number, shape (n,)."""
        return np.asarray(self.side >= 0)

    @property
    def conclusion(self) -> str:
        """Side of the reference world."""
        return self.rule.sides[int(self.side[self.reference])]

    def counts(self) -> dict[str, int]:
        """Worlds on each side, and of those that are not estimable, by reason."""
        found = {
            name: int(np.count_nonzero(self.side == i)) for i, name in enumerate(self.rule.sides)
        }
        for i, words in enumerate(REASONS[1:], start=1):
            found[f"not estimable: {words}"] = int(np.count_nonzero(self.reason == i))
        return found

    def shares(self) -> dict[str, float]:
        """Share of the estimable worlds on each side; every world counts the same."""
        total = np.count_nonzero(self.estimable)
        return {
            name: float(np.count_nonzero(self.side == i) / total)
            for i, name in enumerate(self.rule.sides)
        }

    def balanced_shares(self, dimension: str) -> dict[str, float]:
        """Share on each side if every value of a dimension counts the same.

        Parameters
        ----------
        dimension : str
            One of ``DIMENSIONS``. The shares within its values are averaged, so that a value with
            many worlds does not outweigh the others; a value without an estimable world is left
            out.
        """
        tally = self._tally(dimension)
        inside = tally[tally.sum(axis=1) > 0]
        means = (inside / inside.sum(axis=1, keepdims=True)).mean(axis=0)
        return dict(zip(self.rule.sides, means.tolist(), strict=True))

    def _tally(self, dimension: str) -> FloatArray:
        """Estimable worlds by value and side, shape (values, sides)."""
        if dimension not in DIMENSIONS:
            raise UnknownName("dimension of the multiverse", dimension, DIMENSIONS)
        code, sides = self.codes[dimension], len(self.rule.sides)
        rows = int(code.max()) + 1
        cell = code[self.estimable] * sides + self.side[self.estimable]
        return np.bincount(cell, minlength=rows * sides).reshape(rows, sides).astype(float)

    def names(self, dimension: str) -> list[str]:
        """Values of a dimension, in the order of their codes."""
        if dimension == "studies":
            return self.sets.names()
        return list(self.values[dimension])

    def share_frame(self) -> pd.DataFrame:
        """One row for each value of each dimension: its worlds, and the share on each side.

        A rule for empty cells that gives the same effects as another has no worlds and no row.
        """
        import pandas as pd

        rows: list[dict[str, object]] = []
        for dimension in DIMENSIONS:
            worlds = np.bincount(self.codes[dimension])
            tally = self._tally(dimension)
            names = self.names(dimension)
            for i in np.flatnonzero(worlds).tolist():
                known = float(tally[i].sum())
                row = {"dimension": dimension, "value": names[i], "worlds": int(worlds[i])}
                shares = tally[i] / known if known else np.full(tally.shape[1], np.nan)
                rows.append(
                    {**row, "estimable": int(known)}
                    | dict(zip(self.rule.sides, shares.tolist(), strict=True))
                )
        return pd.DataFrame(rows)

    @property
    def fewest_changes(self) -> int | None:
        """Fewest dimensions that must change to reach another conclusion; None if none does."""
        other = self._reversed()
        return int(self.changes[other].min()) if other.any() else None

    @property
    def reversals(self) -> IntArray:
        """Worlds that reverse the conclusion with the fewest changes, shape (m,).

        Those that exchange the fewest studies come first, then the order of the worlds.
        """
        other = np.flatnonzero(self._reversed())
        fewest = other[self.changes[other] == self.changes[other].min(initial=len(DIMENSIONS))]
        return np.asarray(fewest[np.argsort(self.studies_changed[fewest], kind="stable")])

    def _reversed(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.estimable & (self.side != self.side[self.reference]))

    def reversal_frame(self) -> pd.DataFrame:
        """One row for each world of ``reversals``, with what was changed in words."""
        worlds = self.reversals
        frame = self._frame(worlds)
        return frame.assign(changed=[self.describe_change(int(world)) for world in worlds])

    def describe_change(self, world: int) -> str:
        """What a world does in place of the reference.

        Parameters
        ----------
        world : int
            Its place.
        """
        parts = []
        for dimension in DIMENSIONS:
            now, then = (int(self.codes[dimension][place]) for place in (world, self.reference))
            if now != then:
                names = (
                    [self.sets.name(now), self.sets.name(then)]
                    if dimension == "studies"
                    else [self.values[dimension][now], self.values[dimension][then]]
                )
                parts.append(f"{dimension} {names[0]} in place of {names[1]}")
        return "; ".join(parts) or "nothing"

    def to_frame(self) -> pd.DataFrame:
        """One row for each world: its dimensions, k, numbers, conclusion, and why there is none."""
        return self._frame(np.arange(self.k.size))

    def specification_curve(self, measure: str | None = None, *, most: int = 500) -> pd.DataFrame:
        """Estimates in rising order with their dimensions, for a plot of one scale.

        Parameters
        ----------
        measure : str, optional
            The scale; needed if there are several, which are not comparable.
        most : int
            Rows at most: evenly spaced ranks, both ends, and always the reference.

        Raises
        ------
        BadInput
            If there are several scales and none is named, or ``most`` is below 3.
        UnknownName
            If the scale is not among them.
        """
        scales = self.values["measure"]
        if measure is None and len(scales) > 1:
            raise BadInput(f"Estimates on {', '.join(scales)} do not compare. Name the measure.")
        if measure is not None and measure not in scales:
            raise UnknownName("measure of the multiverse", measure, scales)
        if most < 3:
            raise BadInput(f"A curve of {most} points was asked for. Give 3 or more.")
        scale = 0 if measure is None else scales.index(measure)
        worlds = np.flatnonzero(self.estimable & (self.codes["measure"] == scale))
        ranked = worlds[np.argsort(self.estimate[worlds], kind="stable")]
        rank = np.arange(ranked.size)
        if ranked.size > most:
            own = np.flatnonzero(ranked == self.reference)
            even = np.linspace(0, ranked.size - 1, most - own.size).round().astype(np.int64)
            rank = np.union1d(even, own)
        frame = self._frame(ranked[rank])
        frame.insert(0, "rank", rank + 1)
        return frame.assign(reference=ranked[rank] == self.reference)

    def _frame(self, worlds: IntArray) -> pd.DataFrame:
        import pandas as pd

        def named(codes: IntArray | CodeArray, names: Sequence[str]) -> pd.Categorical[str]:
            return pd.Categorical.from_codes(codes.tolist(), pd.Index(list(names)))

        used, where = np.unique(self.codes["studies"][worlds], return_inverse=True)
        columns: dict[str, object] = {"world": worlds}
        for dimension in DIMENSIONS[:-1]:
            columns[dimension] = named(self.codes[dimension][worlds], self.values[dimension])
        columns["studies"] = named(where, [self.sets.name(place) for place in used.tolist()])
        columns["k"] = self.k[worlds]
        columns |= {name: getattr(self, name)[worlds] for name in _NUMBERS}
        columns["conclusion"] = named(self.side[worlds], self.rule.sides)
        columns["not_estimable"] = named(self.reason[worlds], REASONS)
        columns["changes"] = self.changes[worlds]
        return pd.DataFrame(columns)

    def __str__(self) -> str:
        """Short printed summary."""
        counts, shares = self.counts(), self.shares()
        lines = [f"{self.k.size:,} worlds; rule: {self.rule.words}"]
        lines += [f"  {name}: {counts[name]:,} ({100 * shares[name]:.1f}%)" for name in shares]
        lines += [f"  {name}: {n:,}" for name, n in counts.items() if name not in shares and n]
        lines.append(f"Reference world: {self.conclusion}.")
        fewest, worlds = self.fewest_changes, self.reversals
        if fewest is None:
            lines.append("No world concludes otherwise.")
        else:
            lines.append(
                f"{fewest} change{'s' if fewest > 1 else ''} reverse{'' if fewest > 1 else 's'} "
                f"it, in {worlds.size:,} ways; the first: {self.describe_change(int(worlds[0]))}."
            )
        return "\n".join([*lines, *self.decisions, self.caution])
