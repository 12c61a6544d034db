"""The likeliest setting behind a published result: order, settings alike, the outcome in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from evidence.synthesis.multiverse.specifications import INTERVAL_TESTS, METHODS
from evidence.synthesis.reproduction.published import PublishedNumbers
from evidence.synthesis.reproduction.records import Setting

#: Settings that an explanation keeps, and how many a sentence names beside the first.
KEPT: Final = 20
_NAMED: Final = 5


def rank_settings(found: Iterable[Setting]) -> list[Setting]:
    """Order settings, the likeliest first, and put those with the same numbers together.

    Those that reproduce the numbers come first: fewest studies left out, then the order in which
    reviews use the methods; the others by distance.

    Parameters
    ----------
    found : iterable of Setting
        Settings that were tried.
    """
    return _merged(sorted(found, key=_rank))


def _rank(one: Setting) -> tuple[float, ...]:
    method = METHODS.index(one.method) if one.method in METHODS else 1.5
    test = INTERVAL_TESTS.index(one.test) if one.test in INTERVAL_TESTS else 0.5
    common = (len(one.left_out), method + 2 * test, _unusual(one.zero_cells), one.distance)
    return (0.0, *common) if one.reproduces else (1.0, one.distance, *common[:2])


def _unusual(zero_cells: str) -> int:
    """Rank of a rule for empty cells: few reviews add to tables that have none."""
    return int(zero_cells not in ("", "none") and not zero_cells.startswith("only0"))


def _merged(ranked: list[Setting]) -> list[Setting]:
    """Put settings with the same numbers together under the likeliest of them."""
    groups: dict[tuple[object, ...], list[Setting]] = {}
    for one in ranked:
        where = (one.measure, one.zero_cells, one.left_out, one.i2_definition, one.prediction)
        numbers = (one.estimate, one.ci_low, one.ci_high, one.i2, one.prediction_low)
        groups.setdefault((*where, *map(_nine_digits, numbers)), []).append(one)
    return [
        replace(first, same=tuple(_short_name(one, first) for one in others))
        for first, *others in groups.values()
    ]


def _short_name(one: Setting, first: Setting) -> str:
    return one.method if one.test == first.test else f"{one.method} {one.test}"


def _nine_digits(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def outcome_sentence(
    ranked: list[Setting],
    with_all: Setting | None,
    tried: int,
    reproducing: int,
    published: PublishedNumbers,
) -> str:
    """Say which setting is the likeliest, or how near the nearest comes.

    Parameters
    ----------
    ranked : list of Setting
        Settings, the likeliest first.
    with_all : Setting or None
        The best that leaves no study out.
    tried, reproducing : int
        Settings that were tried, and that give the printed digits.
    published : PublishedNumbers
        The printed numbers.
    """
    best = ranked[0]
    if not best.reproduces:
        near = (
            f"None of {tried} settings gives {published}. The nearest is {best.words}: "
            f"{_shown(best, published)}, {best.distance:.3g} units of the last printed digit away."
        )
        if with_all is None or not best.left_out:
            return near
        return (
            f"{near} With all studies the nearest is {with_all.words}: "
            f"{_shown(with_all, published)}, {with_all.distance:.3g} units away."
        )
    share = f"{reproducing} of {tried} settings reproduce {published}"
    first = f"{share}. The likeliest is {best.words}: {_shown(best, published)}."
    same = [one for one in ranked[1:KEPT] if one.reproduces and one.left_out == best.left_out]
    if same:
        first += f" So do: {'; '.join(one.words for one in same[:_NAMED])}."
    if best.left_out:
        first += (
            " No setting with all studies does; leaving studies out is searched for many sets, of "
            "which some fit by chance."
        )
    return first


def _shown(one: Setting, published: PublishedNumbers) -> str:
    digits, unit = published.targets["estimate"][1] + 2, published.unit
    value, low, high = (f"{x:.{digits}f}" for x in (one.estimate, one.ci_low, one.ci_high))
    return f"{value}{unit} ({low} to {high}{unit})"
