"""Routes: from which numbers an effect is computed, tried for each study in a declared order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from evidence.errors import BadInput
from evidence.trials.rows.columns import Row

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Generic[Found]):
    """What the routes gave.

    Attributes
    ----------
    found : tuple
        One for each study that has the numbers of a route.
    left_out : mapping of str to str
        The other studies, each with the reason.
    problems : tuple of str
        Studies whose rows leave a choice.
    """

    found: tuple[Found, ...]
    left_out: Mapping[str, str]
    problems: tuple[str, ...]


def try_routes(
    groups: Iterable[tuple[str, Sequence[Row]]],
    find: Callable[[Sequence[Row], str], Found | None],
    *,
    routes: Sequence[str],
    exclude: Mapping[str, str],
) -> Attempt[Found]:
    """Return for each group of rows what the first fitting route gives.

    Parameters
    ----------
    groups : iterable of (study_id, rows)
        The rows of each study or arm.
    find : callable
        From rows and a route to what was sought, or None if a number is missing.
    routes : sequence of str
        In the order in which they are tried.
    exclude : mapping of str to str
        Studies that are left out anyway, each with its reason.
    """
    found, left_out, problems = [], dict(exclude), []
    for study_id, rows in groups:
        try:
            one = next(filter(None, (find(rows, route) for route in routes)), None)
        except BadInput as error:
            problems.append(str(error))
            continue
        if one is None:
            left_out[study_id] = f"none of the routes {', '.join(routes)} has all its numbers"
        else:
            found.append(one)
    return Attempt(found=tuple(found), left_out=left_out, problems=tuple(problems))


def addresses(result_id: str, columns: Mapping[str, str]) -> dict[str, str]:
    """Return argument to ``<result_id>#<column>``, from argument to column."""
    return {argument: f"{result_id}#{column}" for argument, column in columns.items()}
