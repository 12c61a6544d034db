"""Sets of the studies that are pooled: all, without one, declared ones, all subsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np

from evidence.arrays import BoolArray, IntArray
from evidence.errors import BadInput, UnknownName, known_name, refuse
from evidence.input_checks import is_truth, whole_number

#: All subsets are fitted up to this number of studies: 4,194,303 subsets, half a gigabyte.
MOST_STUDIES = 22
SUBSETS: Final = ("none", "leave-one-out", "all")
#: Most studies of which every subset is searched.
MOST_FOR_ALL_SUBSETS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudySets:
    """Sets of the studies; the first has all of them.

    Attributes
    ----------
    members : ndarray of bool, shape (k, d), read-only
        Which studies are in each set.
    declared : mapping of int to str
        Names of the sets that were declared by name.
    labels : tuple of str, length k
        Studies.
    """

    members: BoolArray
    declared: Mapping[int, str]
    labels: tuple[str, ...]

    def name(self, place: int) -> str:
        """Name of a set: the declared one, or the studies that are left out or kept."""
        inside = self.members[:, place]
        if place in self.declared:
            return self.declared[place]
        if inside.all():
            return "all"
        kept = bool(2 * inside.sum() < inside.size)
        words = [label for label, one in zip(self.labels, inside, strict=True) if one == kept]
        return f"{'only' if kept else 'without'} {', '.join(words)}"

    def names(self) -> list[str]:
        """Names of all sets, in their order."""
        return [self.name(place) for place in range(self.members.shape[1])]


def subsets_of(k: int, which: str) -> BoolArray:
    """Which studies are in each set, shape (k, d); the first set has all of them.

    Parameters
    ----------
    k : int
        Number of studies.
    which : str
        none (all studies together), leave-one-out, or all (subsets of at least two).

    Raises
    ------
    UnknownName
        If ``which`` is none of these.
    BadInput
        If all subsets of too many studies are asked for.
    """
    known_name("search over subsets", which, SUBSETS)
    full = np.ones((k, 1), dtype=bool)
    if which == "none" or k < 2:
        return full
    if which == "leave-one-out":
        return np.concatenate([full, ~np.eye(k, dtype=bool)], axis=1)
    if k > MOST_FOR_ALL_SUBSETS:
        raise BadInput(
            f"All subsets of {k} studies were to be searched; at most {MOST_FOR_ALL_SUBSETS} "
            "studies have few enough for a match to mean something. Use subsets='leave-one-out'."
        )
    return _subset_members(k, 2)


def _subset_members(k: int, smallest: int) -> BoolArray:
    """Every subset of at least ``smallest`` studies, shape (k, d), the whole first."""
    bits = all_subsets(k, smallest)[::-1]
    return np.asarray((bits[None, :] >> np.arange(k)[:, None]) & 1 == 1)


def count_sets(
    k: int,
    *,
    leave_one_out: bool = True,
    subsets: Mapping[str, Sequence[str]] | None = None,
    all_from: int | None = None,
) -> int:
    """Sets that ``choose_sets`` will look at, before equal ones are joined.

    Parameters
    ----------
    k : int
        Number of studies.
    leave_one_out, subsets, all_from
        As for ``choose_sets``.

    Raises
    ------
    BadInput
        If one of them is of another kind.
    """
    _check_kinds(leave_one_out, subsets, all_from, k)
    sizes = range(k + 1 if all_from is None else int(all_from), k + 1)
    everything = sum(comb(k, size) for size in sizes)
    return 1 + len(subsets or {}) + (k if leave_one_out else 0) + everything


def _check_kinds(leave_one_out: object, subsets: object, all_from: object, k: int) -> None:
    problems = []
    if not is_truth(leave_one_out):
        problems.append(f"leave_one_out is {leave_one_out!r:.80}; it is True or False")
    if subsets is not None and not isinstance(subsets, Mapping):
        problems.append(f"subsets is {subsets!r:.80}; it has a list of labels for each name")
    if all_from is not None and not whole_number(all_from, 1, k):
        problems.append(f"all_from is {all_from!r:.80}; a whole number is needed. Give 1 to {k}")
    refuse(BadInput, f"Sets of {k} studies were asked for and cannot be chosen.", problems)


def choose_sets(
    labels: Sequence[str],
    *,
    leave_one_out: bool = True,
    subsets: Mapping[str, Sequence[str]] | None = None,
    all_from: int | None = None,
) -> StudySets:
    """Sets of studies to pool, each once, all studies first.

    Parameters
    ----------
    labels : sequence of str, length k
        Studies, each name once.
    leave_one_out : bool
        Sets without each of the studies.
    subsets : mapping of str to sequence of str, optional
        Declared sets: the labels of the studies that are in.
    all_from : int, optional
        All subsets of at least so many studies.

    Raises
    ------
    BadInput
        If an argument is of another kind, a declared set is empty, two studies have one label, or
        there are too many subsets.
    UnknownName
        If a declared set holds a study that is not there.
    """
    names = tuple(labels)
    _check_kinds(leave_one_out, subsets, all_from, len(names))
    if len(set(names)) != len(names):
        raise BadInput("Sets of studies were asked for, and two studies have the same label.")
    parts = [subsets_of(len(names), "leave-one-out" if leave_one_out else "none")]
    asked = dict(subsets or {})
    parts += [_declared(name, asked[name], names)[:, None] for name in asked]
    first_declared = parts[0].shape[1]
    if all_from is not None:
        _check_many(len(names))
        parts.append(_subset_members(len(names), int(all_from)))
    members = np.concatenate(parts, axis=1)
    packed = np.ascontiguousarray(np.packbits(members, axis=0).T)
    rows = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, group = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    declared: dict[int, str] = {}
    for i, name in enumerate(asked):
        where = int(place[group[first_declared + i]])
        declared[where] = f"{declared[where]} = {name}" if where in declared else name
    kept = np.ascontiguousarray(members[:, first[order]])
    kept.setflags(write=False)
    return StudySets(members=kept, declared=declared, labels=names)


def _declared(name: str, studies: Sequence[str], labels: tuple[str, ...]) -> BoolArray:
    if isinstance(studies, str) or not isinstance(studies, Sequence) or not studies:
        raise BadInput(
            f"The set of studies {name!r} was declared as {studies!r:.80}. Give a list of labels, "
            "at least one."
        )
    for study in studies:
        if study not in labels:
            raise UnknownName(f"study of the set {name!r}:", study, labels)
    return np.array([label in studies for label in labels])


def _check_many(k: int) -> None:
    if k > MOST_STUDIES:
        raise BadInput(
            f"All subsets of {k} studies were asked for; the most is {MOST_STUDIES} studies. "
            "Declare the sets that matter with subsets=."
        )


def all_subsets(k: int, min_k: int) -> IntArray:
    """Every subset of at least ``min_k`` of k studies, as integers with one bit for each study.

    Parameters
    ----------
    k : int
        Number of studies.
    min_k : int
        Fewest studies of a subset.
    """
    subsets = np.arange(1, 2**k, dtype=np.int64)
    if min_k == 1:
        return subsets
    size = np.zeros(subsets.size, dtype=np.int8)
    for bit in range(k):
        size += ((subsets >> bit) & 1).astype(np.int8)
    return subsets[size >= min_k]
