"""Design matrices of meta-regressions, checked for full rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from evidence.arrays import FloatArray, read_only
from evidence.errors import BadInput, NotEstimable, TooFewStudies, refuse
from evidence.synthesis.inputs.design_columns import (
    Moderators,
    ModeratorTerm,
    Values,
    find_term,
    read_table,
    read_values,
)

#: Name of the constant column that is added.
INTERCEPT = "intercept"
#: A column of length 1 whose part outside the others is shorter than this is redundant.
_RANK_TOLERANCE = 1e-8

Interactions = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """Design matrix of k studies and p coefficients.

    Attributes
    ----------
    matrix : ndarray, shape (k, p), read-only
        Columns of full rank.
    names : tuple of str, length p
        Coefficients.
    intercept : int or None
        Position of the column of ones, if there is one.
    terms : tuple of ModeratorTerm
        Moderators in their order.
    interactions : tuple of pairs of str
        Moderators whose products are columns.
    added_intercept : bool
        Whether the column of ones was added in front.
    """

    matrix: FloatArray
    names: tuple[str, ...]
    intercept: int | None
    terms: tuple[ModeratorTerm, ...]
    interactions: tuple[tuple[str, str], ...]
    added_intercept: bool

    @property
    def tested(self) -> tuple[int, ...]:
        """Coefficients of the moderators: all but the intercept."""
        return tuple(i for i in range(len(self.names)) if i != self.intercept)

    @property
    def spans_constant(self) -> bool:
        """Whether the model without moderators is a special case of this one."""
        return self.spans(np.ones((self.matrix.shape[0], 1)))

    def spans(self, other: FloatArray) -> bool:
        """Whether every column of ``other``, shape (k, q), is a combination of these columns."""
        basis = np.linalg.qr(_unit_columns(self.matrix))[0]
        scaled = _unit_columns(other)
        outside = np.linalg.norm(scaled - basis @ (basis.T @ scaled), axis=0)
        return bool(np.all(outside <= _RANK_TOLERANCE))

    def rows(self, moderators: Moderators | None) -> FloatArray:
        """Design rows of new studies, shape (m, p).

        Parameters
        ----------
        moderators : mapping, DataFrame, array_like or None
            The same moderators as in the model; single values are repeated. None if there are no
            moderators.

        Raises
        ------
        BadInput
            If a moderator is missing or unknown, or a value is no number or no known level.
        """
        values = _new_values(self.terms, moderators)
        count = len(next(iter(values.values()))) if values else 1
        return _assemble(self.terms, values, self.interactions, count, self.added_intercept)


def build_design(
    moderators: Moderators | None,
    k: int,
    *,
    intercept: bool = True,
    interactions: Interactions = (),
    labels: Sequence[str] = (),
    kept: Sequence[int] | None = None,
) -> Design:
    """Design matrix from moderators.

    Numbers and truth values are columns as they are. Names (strings, or a pandas categorical) are
    a factor: one column for each level but the first, which is the reference; levels are sorted
    unless the categorical orders them. Without an intercept the first factor has all its levels.

    Parameters
    ----------
    moderators : mapping, DataFrame, array_like or None
        Columns of length k by name; or a matrix, shape (k, q), whose columns are x1, x2, ...
        A column of ones takes the place of the intercept.
    k : int
        Number of rows that the moderators have.
    intercept : bool
        Put a column of ones in front.
    interactions : sequence of pairs of str
        Moderators whose products are added.
    labels : sequence of str
        Names of the rows that are used, for messages.
    kept : sequence of int, optional
        Rows that are used; all of them if left out.

    Raises
    ------
    BadInput
        If a column has another length, a missing value, or no variation as a factor.
    TooFewStudies
        If there are not more studies than coefficients.
    NotEstimable
        If columns are linear combinations of others.

    References
    ----------
    metafor: ``rma(yi, vi, mods = ~ a * b - 1)``, ``model.matrix()``.
    """
    rows = tuple(range(k)) if kept is None else tuple(kept)
    values, declared, problems = _read(moderators, k, rows, labels)
    problems += _interaction_faults(tuple(values), interactions)
    _refuse(problems)
    ones = any(all(value == 1.0 for value in column) for column in values.values())
    added = intercept and not ones
    terms = _terms(values, declared, full=not (added or ones))
    _refuse(
        [f"{t.name} is {t.levels[0]} in every study" for t in terms if t.levels and not t.coded]
    )
    matrix = _assemble(terms, values, interactions, len(rows), added)
    names = _names(terms, interactions, added)
    _check_rank(matrix, names)
    read_only(matrix)
    constant = np.flatnonzero(np.all(matrix == 1.0, axis=0))
    return Design(
        matrix=matrix,
        names=names,
        intercept=int(constant[0]) if constant.size else None,
        terms=terms,
        interactions=tuple(interactions),
        added_intercept=added,
    )


def _refuse(problems: Sequence[str]) -> None:
    refuse(
        BadInput,
        "A design matrix was asked for and the moderators do not fit. Complete them, or leave out "
        "the studies or the moderator.",
        problems,
    )


def _read(
    moderators: Moderators | None, k: int, rows: Sequence[int], labels: Sequence[str]
) -> tuple[dict[str, Values], dict[str, tuple[str, ...]], list[str]]:
    """Values of the rows that are used, declared levels, and every fault."""
    table, problems = read_table(moderators)
    values: dict[str, Values] = {}
    declared: dict[str, tuple[str, ...]] = {}
    for name, column in table.items():
        try:
            found, declared[name] = read_values(column)
        except ValueError as fault:
            problems.append(f"{name} {fault}")
            continue
        if len(found) != k:
            problems.append(f"{name} has {len(found)} values for {k} studies")
            continue
        values[name] = [found[row] for row in rows]
        for row, value in enumerate(values[name]):
            if value is None:
                label = f" ({labels[row]})" if row < len(labels) else ""
                problems.append(f"row {row + 1}{label}: {name} is missing or infinite")
    return values, declared, problems


def _interaction_faults(names: Sequence[str], interactions: Interactions) -> list[str]:
    known = ", ".join(names) or "none"
    faults = []
    given = cast(object, interactions)
    if not isinstance(given, Sequence):
        return [f"interactions are {given!r:.80}, no list of pairs of moderators"]
    for pair in given:
        is_pair = isinstance(pair, Sequence) and len(pair) == 2 and all(x in names for x in pair)
        if not is_pair or pair[0] == pair[1]:
            faults.append(f"interaction {pair!r} is no pair of two moderators (given: {known})")
    return faults


def _terms(
    values: Mapping[str, Values], declared: Mapping[str, tuple[str, ...]], *, full: bool
) -> tuple[ModeratorTerm, ...]:
    """Terms in order; with ``full`` the first factor keeps all levels."""
    terms: list[ModeratorTerm] = []
    for name, column in values.items():
        every_level = full and not any(term.levels for term in terms)
        terms.append(find_term(name, column, declared[name], full=every_level))
    return tuple(terms)


def _contrast(term: ModeratorTerm) -> ModeratorTerm:
    """The term as it enters a product: with a reference level."""
    if not term.levels or term.reference is not None:
        return term
    return replace(term, reference=term.levels[0])


def _assemble(
    terms: Sequence[ModeratorTerm],
    values: Mapping[str, Values],
    interactions: Interactions,
    count: int,
    added: bool,
) -> FloatArray:
    blocks = [np.ones((count, 1))] if added else [np.empty((count, 0))]
    blocks += [term.encode(values[term.name]) for term in terms]
    contrasts = {term.name: _contrast(term) for term in terms}
    for first, second in interactions:
        left, right = (contrasts[name].encode(values[name]) for name in (first, second))
        with np.errstate(over="ignore"):
            product = (right[:, :, None] * left[:, None, :]).reshape(count, -1)
        if not np.all(np.isfinite(product)):
            raise NotEstimable(
                f"The product of {first} and {second} leaves the range of double precision. Give "
                "them in other units."
            )
        blocks.append(product)
    return np.hstack(blocks)


def _names(
    terms: Sequence[ModeratorTerm], interactions: Interactions, added: bool
) -> tuple[str, ...]:
    columns = {term.name: _contrast(term).columns for term in terms}
    return (
        *((INTERCEPT,) if added else ()),
        *(name for term in terms for name in term.columns),
        *(f"{a}:{b}" for x, z in interactions for b in columns[z] for a in columns[x]),
    )


def _new_values(terms: Sequence[ModeratorTerm], moderators: Moderators | None) -> dict[str, Values]:
    """Values of new studies by moderator, all of one length."""
    names = [term.name for term in terms]
    table, problems = read_table(moderators, names)
    problems += [f"{name} is not given" for name in names if name not in table and not problems]
    problems += [f"{name} is no moderator of the model" for name in table if name not in names]
    _refuse(problems)
    values: dict[str, Values] = {}
    for term in terms:
        try:
            values[term.name] = read_values(table[term.name])[0]
        except ValueError as fault:
            problems.append(f"{term.name} {fault}")
            continue
        problems += [fault for fault in term.faults(values[term.name]) if fault]
    lengths = {len(column) for column in values.values()} - {1}
    if len(lengths) > 1:
        problems.append(f"the lengths differ: {', '.join(map(str, sorted(lengths)))}")
    _refuse(problems)
    count = max(lengths, default=1)
    return {name: column * count if len(column) == 1 else column for name, column in values.items()}


def _unit_columns(matrix: FloatArray) -> FloatArray:
    largest = np.max(np.abs(matrix), axis=0, initial=0.0)
    scaled = matrix / np.where(largest > 0.0, largest, 1.0)
    lengths = np.linalg.norm(scaled, axis=0)
    return np.asarray(scaled / np.where(lengths > 0.0, lengths, 1.0))


def _check_rank(matrix: FloatArray, names: Sequence[str]) -> None:
    """Refuse more coefficients than studies, and columns that others already determine."""
    k, p = matrix.shape
    if p == 0:
        raise BadInput(
            "A model without intercept and without moderators was asked for. Give a moderator, "
            "or leave intercept=True."
        )
    if k <= p:
        raise TooFewStudies(
            f"A meta-regression with {p} coefficients ({', '.join(names)}) needs at least {p + 1} "
            f"studies and found {k}. Use fewer moderators, or merge levels."
        )
    scaled, kept = _unit_columns(matrix), list[int]()
    for j in range(p):
        share = np.linalg.lstsq(scaled[:, kept], scaled[:, j], rcond=None)[0]
        rest = float(np.linalg.norm(scaled[:, j] - scaled[:, kept] @ share))
        if rest <= _RANK_TOLERANCE:
            others = [names[i] for i, part in zip(kept, share, strict=True) if abs(part) > 1e-6]
            raise NotEstimable(
                f"The coefficient of {names[j]} cannot be estimated from {k} studies: its column "
                f"is determined by {', '.join(others) or 'nothing, as it is 0 throughout'}. Leave "
                f"out {names[j]}, merge levels, or centre the numbers."
            )
        kept.append(j)
