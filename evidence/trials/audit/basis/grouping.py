"""Joining pairs of rows that share a row into groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from evidence.trials.rows.columns import Row

Pair = TypeVar("Pair")


def components(pairs: Sequence[tuple[Row, Row, Pair]]) -> list[list[Pair]]:
    """Return the pairs in groups: two pairs are in one group if they share a row, directly or not.

    Parameters
    ----------
    pairs : sequence of (row, row, anything)
        What is joined, and what is returned for it.
    """
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while parents.setdefault(name, name) != name:
            name = parents[name]
        return name

    for one, other, _ in pairs:
        parents[root(str(other["result_id"]))] = root(str(one["result_id"]))
    groups: dict[str, list[Pair]] = defaultdict(list)
    for one, _, pair in pairs:
        groups[root(str(one["result_id"]))].append(pair)
    return list(groups.values())
