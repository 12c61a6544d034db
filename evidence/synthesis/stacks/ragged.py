"""Meta-analyses of different lengths, laid end to end: each gets its summary, or says why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray, IntArray
from evidence.errors import BadInput, NotEstimable, refuse
from evidence.input_checks import InputCheck
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.policies import make_plan
from evidence.synthesis.pairwise.summary_interval import needs_classic
from evidence.synthesis.stacks.pooled_stack import COLUMNS, PooledStack, fit_chunks
from evidence.synthesis.stacks.ragged_result import (
    OUT_OF_RANGE,
    PooledRagged,
    Words,
    summarise_ragged,
)
from evidence.synthesis.stacks.row_faults import RowFaults, bad_row_rule, find_faults
from evidence.synthesis.stacks.stack import Stack, build_stack

#: A stack holds meta-analyses of up to this many times the studies of its smallest one.
_PADDING: Final = 1.3
_SHOWN: Final = 20


def pool_ragged(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    starts: npt.ArrayLike,
    *,
    method: str | None = None,
    test: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    bad_rows: str = "refuse",
    workers: int | None = None,
) -> PooledRagged:
    """Summaries of many meta-analyses whose studies lie end to end.

    One that cannot be estimated leaves the others untouched.

    Parameters
    ----------
    yi, vi : array_like, shape (n,)
        Effects and sampling variances of all studies, those of a meta-analysis together.
    starts : array_like of int, shape (d + 1,)
        Row at which each meta-analysis starts, and n.
    method, test, policy, level
        As for ``pool``; the policy chooses the test of each summary.
    bad_rows : str
        What to do about rows that are missing, infinite, or without a variance above 0: refuse
        everything, mark the meta-analysis as not estimated, or leave-out the rows.
    workers : int, optional
        Threads; as many as there are processors if left out. The result is the same.

    Raises
    ------
    BadInput
        If the arrays do not go together, or for a bad row under the rule refuse.
    UnknownName
        If a method, test, policy or rule is not known.

    References
    ----------
    Veroniki et al. (2016), Res Synth Methods 7:55-79.
    metafor: ``rma(yi, vi, method=, test=)`` for each meta-analysis.

    Examples
    --------
    >>> pool_ragged([0.1, 0.3, 0.5], [0.1, 0.1, 0.2], [0, 2, 3]).k.tolist()
    [2, 1]
    """
    plan = make_plan(policy, method=method, test=test)
    level, rule = check_level(level), bad_row_rule(bad_rows)
    y, v, at = _checked(yi, vi, starts)
    faults = find_faults(y, v)
    if rule == "refuse":
        _refuse(faults, at)
    words = Words(dict(faults.by_group(at)))
    usable = ~faults.bad
    first = np.concatenate([[0], np.cumsum(usable)])[at]
    sizes = np.diff(first)
    if words.notes:
        words.move(range(sizes.size) if rule == "mark" else np.flatnonzero(sizes == 0).tolist())
        sizes[list(words.reasons)] = 0
        y, v = y[usable], v[usable]
    pooled = _pool(y, v, first[:-1], sizes, plan.method, words.reasons, workers)
    classic = (
        _pool(y, v, first[:-1], sizes, "DL", words.reasons, workers).se
        if needs_classic(plan)
        else None
    )
    return summarise_ragged(pooled, np.diff(at), plan, level, words, faults, classic_se=classic)


def _checked(
    yi: npt.ArrayLike, vi: npt.ArrayLike, starts: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Arrays that go together; faults of single rows are left to the rule."""
    check = InputCheck("Pooling many meta-analyses")
    y, v, at = check.array("yi", yi), check.array("vi", vi), check.array("starts", starts)
    check.refuse()
    if y.ndim != 1 or y.shape != v.shape:
        check.problems.append(f"yi has shape {y.shape} and vi {v.shape}; both are lists")
    whole = at.ndim == 1 and at.size > 0 and bool(np.all(at == np.floor(at)))
    if not whole or at[0] != 0 or at[-1] != y.size or bool(np.any(np.diff(at) <= 0)):
        check.problems.append(
            f"starts is not a rising list of rows that begins with 0 and ends with {y.size}"
        )
    check.refuse("Give the effects of each meta-analysis together, and where each starts.")
    return y, v, at.astype(np.int64)


def _refuse(faults: RowFaults, starts: IntArray) -> None:
    rows = np.flatnonzero(faults.bad)
    owner = np.searchsorted(starts, rows[:_SHOWN], side="right")
    refuse(
        BadInput,
        f"{rows.size} of {faults.bad.size} rows cannot be used. Correct them at their source, or "
        "choose bad_rows='mark' or 'leave-out'; the first are:",
        [
            f"row {row + 1} (meta-analysis {group}): {faults.of(row)}"
            for row, group in zip(rows[:_SHOWN].tolist(), owner.tolist(), strict=True)
        ],
    )


def _pool(
    yi: FloatArray,
    vi: FloatArray,
    first: IntArray,
    sizes: IntArray,
    method: str,
    reasons: dict[int, str],
    workers: int | None,
) -> PooledStack:
    """Fit stacks of meta-analyses of similar length; NaN, and a reason, for those that fail."""
    found = np.full((len(COLUMNS), sizes.size), np.nan)
    waiting = list(_similar(sizes))
    while waiting:
        members = waiting.pop()
        try:
            stack = _fit_members(yi, vi, first[members], sizes[members], method, workers)
            found[:, members] = [getattr(stack, name) for name in COLUMNS]
        except NotEstimable:
            if members.size == 1:
                reasons[int(members[0])] = OUT_OF_RANGE
            else:
                waiting += np.array_split(members, 2)
    definition = "Q" if method == "CE" else "tau2"
    columns = dict(zip(COLUMNS, found, strict=True))
    return PooledStack(k=sizes, method=method, i2_definition=definition, **columns)


def _fit_members(
    yi: FloatArray,
    vi: FloatArray,
    first: IntArray,
    sizes: IntArray,
    method: str,
    workers: int | None,
) -> PooledStack:
    places = np.arange(int(sizes.max()))[:, None]

    def chunk(columns: slice) -> Stack:
        present = places < sizes[columns]
        rows = first[columns] + np.where(present, places, 0)
        return build_stack(yi[rows], vi[rows], present)

    return fit_chunks(chunk, places.size, sizes.size, method, workers)


def _similar(sizes: IntArray) -> Iterator[IntArray]:
    """Yield the meta-analyses with studies, those of similar length together."""
    order = np.argsort(sizes, kind="stable")
    ordered = sizes[order]
    begin = int(np.searchsorted(ordered, 1))
    while begin < order.size:
        end = int(np.searchsorted(ordered, _PADDING * ordered[begin], side="right"))
        yield order[begin:end]
        begin = end
