"""Routes to a measure: which set of numbers an effect is computed from.

Arguments of a call name one route, and what does not belong to it is refused. Columns of a table
may allow several, and those that the measure has no use for are left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from evidence.effects.measures import (
    GIVEN,
    MEASURES,
    PUBLISHED,
    Measure,
    Needs,
    describe_needs,
)
from evidence.errors import BadInput, refuse

#: Names that count only together; the first of them stands for all in a route.
_TOGETHER: Final = {"ci_low": ("ci_low", "ci_high")}


def find_route(spec: Measure, given: Sequence[str]) -> Needs:
    """Tell which set of arguments the caller meant, and refuse missing and superfluous ones."""
    route = _meant(spec, given)
    missing = [
        f"{' or '.join(group)} is missing"
        for group in route
        if not any(name in given for name in group)
    ]
    missing += _interval_faults(given) if route is PUBLISHED else []
    useful = names_of(route)
    superfluous = [f"{name} has no use here" for name in given if name not in useful]
    ways = "; or ".join(describe_needs(way) for way in spec.routes)
    refuse(
        BadInput,
        f"{spec.name} ({spec.label}) was asked from {', '.join(given) or 'nothing'}. "
        f"It needs {ways}.",
        missing + superfluous,
    )
    return route


def _meant(spec: Measure, given: Sequence[str]) -> Needs:
    if "yi" in given or spec.name == "GEN":
        return GIVEN
    if spec.published and ("estimate" in given or not spec.needs):
        return PUBLISHED
    return spec.needs


def _interval_faults(given: Sequence[str]) -> list[str]:
    limits = [name for name in _TOGETHER["ci_low"] if name in given]
    if len(limits) == 1:
        return [f"{limits[0]} stands alone: an interval has two limits"]
    if limits and "p_value" in given:
        return ["give the interval or p_value, not both"]
    return []


def names_of(route: Needs) -> tuple[str, ...]:
    """Return every argument that has a use on a route."""
    return tuple(part for group in route for name in group for part in _parts(name))


def open_routes(spec: Measure, found: Collection[str]) -> tuple[Needs, ...]:
    """Return the routes to a measure for which every number is among those found."""
    return tuple(route for route in spec.routes if _is_open(route, found))


def open_measures(found: Collection[str]) -> list[str]:
    """Return the measures to which at least one route is open."""
    return [name for name, spec in MEASURES.items() if open_routes(spec, found)]


def columns_on(route: Needs, found: Collection[str]) -> list[str]:
    """Return the columns that an open route uses.

    Of two ways to say how precise an effect is, it is the first; of counts, all that are found.
    """
    groups = [[name for name in group if _is_there(name, found)] for group in route]
    if route in (PUBLISHED, GIVEN):
        groups = [names[:1] for names in groups]
    return [part for names in groups for name in names for part in _parts(name)]


def _is_open(route: Needs, found: Collection[str]) -> bool:
    return bool(route) and all(any(_is_there(name, found) for name in group) for group in route)


def _is_there(name: str, found: Collection[str]) -> bool:
    return all(part in found for part in _parts(name))


def _parts(name: str) -> tuple[str, ...]:
    return _TOGETHER.get(name, (name,))


#: Every name that a column with numbers can have.
COLUMN_NAMES: Final = frozenset(
    name for spec in MEASURES.values() for route in spec.routes for name in names_of(route)
)
