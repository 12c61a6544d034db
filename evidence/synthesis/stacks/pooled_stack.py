"""Many meta-analyses fitted at once: the same numbers as one by one, in a fraction of the time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.arrays import BoolArray, FloatArray, IntArray
from evidence.double_precision import studies_in_double_precision
from evidence.errors import BadInput, EmptySelection
from evidence.input_checks import InputCheck, lengths, whole_number
from evidence.results import ResultOfColumns
from evidence.synthesis.heterogeneity.estimators import estimator_name
from evidence.synthesis.stacks.stack import Stack, build_stack
from evidence.synthesis.stacks.tau2 import stacked_estimate

#: Numbers of one array in a chunk: large enough to hide Python, small enough for the cache (a
#: handful of arrays of 1.6 MB are in use at a time).
_CHUNK = 200_000
#: Arrays of numbers of a ``PooledStack``.
COLUMNS = ("estimate", "se", "tau2", "se_tau2", "s2w", "q", "i2", "h2")
_ALWAYS_FINITE = [row for row, name in enumerate(COLUMNS) if name != "se_tau2"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledStack(ResultOfColumns):
    """Summaries of d meta-analyses, on the scale of their effects; arrays of shape (d,).

    One study has no heterogeneity to show; by convention its tau2, q and i2 are 0, its h2 and
    s2w are 1.

    Attributes
    ----------
    k : ndarray of int
        Number of studies.
    estimate, se : ndarray
        Mean effect and its Wald standard error.
    tau2, se_tau2 : ndarray
        Between-study variance and its standard error, which is NaN for a common effect and for
        one study.
    s2w : ndarray
        Knapp-Hartung factor on the Wald variance: ``se * sqrt(s2w)`` with k - 1 df.
    q : ndarray
        Cochran's Q.
    i2, h2 : ndarray
        I2 as a proportion, and H2.
    i2_definition : str
        "tau2", or "Q" for a common effect.
    method : str
        Estimator of tau2.
    """

    k: IntArray
    estimate: FloatArray
    se: FloatArray
    tau2: FloatArray
    se_tau2: FloatArray
    s2w: FloatArray
    q: FloatArray
    i2: FloatArray
    h2: FloatArray
    i2_definition: str
    method: str

    @property
    def q_p(self) -> FloatArray:
        """P-value of Cochran's Q, shape (d,); 1 for one study."""
        tail = special.chdtrc(np.maximum(self.k - 1, 1), self.q)
        return np.asarray(np.where(self.k > 1, tail, 1.0))

    COLUMNS = ("k", *COLUMNS, "q_p")

    def _columns(self) -> dict[str, Any]:
        return {**ResultOfColumns._columns(self), "method": self.method}


def inconsistency(pooled: PooledStack, definition: str) -> tuple[FloatArray, FloatArray]:
    """I2 as a proportion and H2 under a definition, each (d,); one study has 0 and 1.

    Parameters
    ----------
    pooled : PooledStack
        Summaries.
    definition : str
        "tau2" or "Q".
    """
    if definition == pooled.i2_definition:
        return pooled.i2, pooled.h2
    df, several = np.maximum(pooled.k - 1, 1), pooled.k > 1
    h2 = np.where(several, pooled.q / df, 1.0)
    i2 = np.zeros_like(pooled.q)
    np.divide(pooled.q - df, pooled.q, out=i2, where=several & (pooled.q > 0.0))
    return np.maximum(i2, 0.0), h2


def pool_stack(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    *,
    method: str = "REML",
    mask: npt.ArrayLike | None = None,
    workers: int | None = None,
) -> PooledStack:
    """Summaries of many meta-analyses, one in each column.

    Parameters
    ----------
    yi, vi : array_like, shape (k, d)
        Effects and sampling variances; k studies in rows, d meta-analyses in columns.
    method : str
        Estimator of tau2, one of ``evidence.synthesis.heterogeneity.ESTIMATORS``.
    mask : array_like of bool, shape (k, d), optional
        Which studies a meta-analysis has; what stands at the others is ignored. All if left out.
    workers : int, optional
        Threads; as many as there are processors if left out. The result is the same.

    Raises
    ------
    EmptySelection
        If there is no meta-analysis, or one without a study.
    BadInput
        If shapes differ, an effect is not finite, or a variance is not above 0.
    UnknownName
        If the estimator is not known.
    NotEstimable
        If the numbers leave the range of double precision.

    References
    ----------
    Veroniki et al. (2016), Res Synth Methods 7:55-79.
    metafor: ``rma(yi, vi, method=)`` for each column.

    Examples
    --------
    >>> pool_stack([[0.1, 0.5], [0.3, 0.2]], [[0.1, 0.2], [0.1, 0.1]], method="DL").k.tolist()
    [2, 2]
    """
    name = estimator_name(method)
    y, v, present = _checked(yi, vi, mask)

    def chunk(columns: slice) -> Stack:
        return build_stack(y[:, columns], v[:, columns], present[:, columns])

    return fit_chunks(chunk, y.shape[0], y.shape[1], name, workers)


def fit_chunks(
    chunk: Callable[[slice], Stack], k: int, d: int, method: str, workers: int | None
) -> PooledStack:
    """Fit the columns a chunk at a time, so that memory stays bounded.

    Parameters
    ----------
    chunk : callable
        Gives the stack of a range of columns.
    k, d : int
        Rows and columns of the whole.
    method : str
        Short name of the estimator.
    workers : int or None
        Threads.

    Raises
    ------
    NotEstimable
        If the numbers leave the range of double precision.
    """
    rows = np.empty((len(COLUMNS), d))
    size = np.empty(d, dtype=np.int64)

    def fit(columns: slice) -> None:
        stack = chunk(columns)
        size[columns] = stack.size
        with studies_in_double_precision("A meta-analysis of the stack"):  # once in each thread
            rows[:, columns] = _fit(stack, method)
            if not np.isfinite(rows[_ALWAYS_FINITE, columns]).all():
                raise FloatingPointError("not finite")

    _for_each(fit, list(_ranges(d, max(1, _CHUNK // k))), workers)
    for array in (rows, size):
        array.setflags(write=False)
    return PooledStack(
        k=size,
        method=method,
        i2_definition="Q" if method == "CE" else "tau2",
        **dict(zip(COLUMNS, rows, strict=True)),
    )


def _for_each(fit: Callable[[slice], None], ranges: list[slice], workers: int | None) -> None:
    if workers is not None and not whole_number(workers, 1):
        raise BadInput(f"{workers!r:.80} threads were asked for. Give 1 or more, or leave it out.")
    threads = min(len(ranges), int(workers or os.cpu_count() or 1))
    if threads <= 1:
        for columns in ranges:
            fit(columns)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(fit, ranges):
            pass


def _ranges(count: int, step: int) -> Iterator[slice]:
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _fit(stack: Stack, method: str) -> FloatArray:
    """Rows of ``COLUMNS`` for every column of the stack."""
    rows = np.empty((len(COLUMNS), stack.size.size))
    (many,) = np.nonzero(stack.size > 1)
    if many.size == stack.size.size:
        return _fit_many(stack, method)
    single = stack.centre, np.sqrt(stack.variances[0]), 0.0, np.nan, 1.0, 0.0, 0.0, 1.0
    for row, value in zip(rows, single, strict=True):
        row[:] = value
    if many.size:
        rows[:, many] = _fit_many(stack.take(many), method)
    return rows


def _fit_many(stack: Stack, method: str) -> FloatArray:
    """Rows of ``COLUMNS`` for columns of two or more studies."""
    tau2, se_tau2 = stacked_estimate(stack, method)
    common, df = stack.at(0.0), stack.df
    fit = common if method == "CE" else stack.at(tau2)
    q = common.rss
    if method == "CE":
        h2 = q / df
        i2 = np.maximum(0.0, 1.0 - df / np.where(q > 0.0, q, df))
    else:
        typical = df / common.trace_p
        h2, i2 = tau2 / typical + 1.0, tau2 / (tau2 + typical)
    rows = stack.centre + fit.shift, fit.total**-0.5, tau2, se_tau2, fit.rss / df, q, i2, h2
    return np.stack(rows)


def _checked(
    yi: npt.ArrayLike, vi: npt.ArrayLike, mask: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Arrays of one shape (k, d), or one refusal that lists every problem."""
    check = InputCheck("Pooling a stack of meta-analyses")
    y, v = check.array("yi", yi), check.array("vi", vi)
    check.refuse()
    if y.ndim != 2 or y.shape != v.shape:
        check.problems.append(
            lengths({"yi": y, "vi": v}) + "; both have studies in rows and meta-analyses in columns"
        )
    check.refuse("Give arrays of shape (k, d); for one meta-analysis use pool().")
    if y.size == 0:
        raise EmptySelection("Pooling a stack was asked for and found nothing. Give studies.")
    present = np.ones(y.shape, dtype=bool)
    if mask is not None:
        given = check.array("mask", mask)
        if given.shape != y.shape or not np.isin(given, (0.0, 1.0)).all():
            check.problems.append("mask is not an array of true and false in the shape of yi")
        check.refuse("Give the mask true or false for each effect.")
        present = given.astype(bool)
    for name, values in (("yi", y), ("vi", v)):
        check.problems += _places(present & ~np.isfinite(values), name, values, "not finite")
    check.problems += _places(present & (v <= 0.0), "vi", v, "not above 0")
    check.refuse("Correct the numbers at their source, or mask the studies.")
    empty = np.flatnonzero(~present.any(axis=0))
    if empty.size:
        raise EmptySelection(
            f"Of {y.shape[1]} meta-analyses {empty.size} have no study; the first is column "
            f"{empty[0] + 1}. Leave them out, or widen the mask."
        )
    return y, v, present


def _places(bad: BoolArray, name: str, values: FloatArray, fault: str) -> list[str]:
    """One line for each fault, with the place of the number; at most twenty."""
    if not bad.any():
        return []
    return [
        f"study {row + 1} of meta-analysis {column + 1}: "
        f"{name} is {values[row, column]:.12g}, {fault}"
        for row, column in np.argwhere(bad)[:20]
    ]
