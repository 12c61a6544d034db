"""What a search for the settings of a published result takes from a stranger's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from evidence.effects.own_effects import own_numbers
from evidence.outcomes.own_studies import StudyTable
from evidence.synthesis.pairwise.natural_scale import fit_of
from evidence.synthesis.pairwise.own_studies import How, pool_own

#: Columns from which the search can start; of two that fit, the earlier one is used.
_COUNTS: Final = (("ai", "n1i", "ci", "n2i"), ("xi", "ni"))
#: Other studies enter by their effects, which no choice of a policy changes.
_EFFECTS_ALONE: Final[How] = {
    "policy": "common",
    "method": None,
    "test": None,
    "prediction": None,
    "level": 0.95,
}


def search_inputs(
    table: StudyTable,
    measure: str | None,
    *,
    chosen: Mapping[str, str],
    printed_level: float,
    sign: str = "",
) -> dict[str, Any]:
    """Return the studies of a table as arguments of :func:`evidence.explain`.

    They are counts, over whose scales and corrections it can search, or else effects as they are.
    Arguments are those of :func:`evidence.effects.own_numbers`; ``printed_level`` is
    the coverage of the intervals in the file.
    """
    named = table.renamed(chosen)
    found = set(chosen or named.headers)
    for route in _COUNTS:
        if found.issuperset(route):
            return {**named.numbers(route), "labels": named.labels(), "measure": measure}
    numbers = own_numbers(table, measure, chosen=chosen, sign=sign)
    fit = fit_of(pool_own(numbers, _EFFECTS_ALONE, printed_level=printed_level).result)
    return {"yi": fit.yi, "vi": fit.vi, "labels": fit.labels, "measure": fit.measure}
