"""From a table of studies to its synthesis: which columns hold the effects, and how they pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypedDict

import numpy as np

from evidence.effects.effect_sizes import effect_size
from evidence.effects.measures import (
    GIVEN,
    MEASURES,
    PROPORTION,
    PUBLISHED,
    RATE,
    Measure,
    Needs,
    describe_needs,
    find_measure,
)
from evidence.effects.published import difference_from_ci, log_ratio_from_ci
from evidence.errors import BadInput, UnknownName, refuse
from evidence.outcomes.own_studies import StudyTable
from evidence.synthesis.pairwise.natural_scale import Synthesis
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.pairwise.single_arm import pool_proportions, pool_rates
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary

Columns = Mapping[str, Sequence[float]]
#: Every name that a column with numbers can have.
COLUMN_NAMES: Final = frozenset({"ci_high"}).union(
    name for spec in MEASURES.values() for route in spec.routes for group in route for name in group
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledFile:
    """The synthesis of a file of studies.

    Attributes
    ----------
    name : str
        Name of the file.
    columns : tuple of str
        Columns that were used.
    basis : str
        What the effects were made from.
    result : PooledEffect, PooledProportion or PooledRate
        The synthesis.
    cautions : tuple of str
        What in the file should be looked up again.
    """

    name: str
    columns: tuple[str, ...]
    basis: str
    result: Synthesis
    cautions: tuple[str, ...]


class How(TypedDict):
    """How the studies are pooled: arguments of :func:`evidence.pool`."""

    method: str | None
    test: str | None
    prediction: str | None
    policy: str
    level: float


def parse_columns(text: str) -> dict[str, str]:
    """Read "ai=treated,n1i=total" as name to header; "yi,vi" are headers and names at once.

    Raises
    ------
    BadInput
        A name is none that a column can have.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    names = {name.strip().lower(): (header or name).strip().lower() for name, _, header in pairs}
    allowed = {*COLUMN_NAMES, "study"}
    unknown = [str(UnknownName("column", name, allowed)) for name in names if name not in allowed]
    refuse(BadInput, f"Columns were chosen with {text!r}.", unknown)
    return names


def pool_table(
    table: StudyTable,
    measure: str | None,
    how: How,
    *,
    chosen: Mapping[str, str],
    printed_level: float = 0.95,
) -> PooledFile:
    """Pool the studies of a table.

    Parameters
    ----------
    table : StudyTable
        Columns have the names of the arguments of :func:`evidence.effect_size`.
    measure : str or None
        Measure of effect; needed unless the file has yi with vi or sei.
    how : How
        Policy, or what goes in place of its choices, and the coverage of the intervals.
    chosen : mapping of str to str
        Columns to use: name to header. Empty: those that the measure needs, if there is one way.
    printed_level : float
        Coverage of the intervals that the file holds.

    Raises
    ------
    BadInput
        Columns are missing or allow several ways, or numbers cannot be right; all faults at once.
    """
    table = table.renamed(chosen)
    found = [name for name in chosen or table.headers if name in COLUMN_NAMES]
    spec = find_measure(measure) if measure else _effects_as_given(table, found)
    route = _choose_route(table, spec, found)
    columns = table.numbers(_columns_of(route, found))
    labels = table.labels()
    result: Synthesis
    if route in (PROPORTION, RATE):
        basis, result = spec.basis, _pool_counts(spec, columns, labels, how)
    else:
        given: dict[str, Any] = {**columns}
        effects = effect_size(spec.name, **given, labels=labels, level=printed_level)
        basis, result = effects.basis, pool(effects, **how)
    return PooledFile(
        name=table.name,
        columns=tuple(columns),
        basis=basis,
        result=result,
        cautions=_asymmetric(spec, columns, labels, printed_level),
    )


def _effects_as_given(table: StudyTable, found: Sequence[str]) -> Measure:
    spec = MEASURES["GEN"]
    if _fits(GIVEN, found):
        return spec
    fitting = [name for name, one in MEASURES.items() if any(_fits(r, found) for r in one.routes)]
    advice = f"Say which with --measure: {', '.join(fitting)}." if fitting else _way_out()
    raise BadInput(
        f"{table.name} was to be pooled without a measure, for which it needs "
        f"{describe_needs(GIVEN)}. It has {_listed(table.headers)}. {advice}"
    )


def _choose_route(table: StudyTable, spec: Measure, found: Sequence[str]) -> Needs:
    """Find the one set of columns that gives the measure."""
    fitting = [route for route in spec.routes if _fits(route, found)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        ways = "; or ".join(describe_needs(route) for route in spec.routes)
        raise BadInput(
            f"{spec.name} ({spec.label}) was asked of {table.name} and needs {ways}. "
            f"It has {_listed(table.headers)}. {_way_out()}"
        )
    ways = " or ".join(f"--columns {','.join(_columns_of(route, found))}" for route in fitting)
    raise BadInput(
        f"{spec.name} was asked of {table.name}, which has columns for {len(fitting)} ways to it. "
        f"Say which: {ways}."
    )


def _fits(route: Needs, found: Sequence[str]) -> bool:
    interval = route is not PUBLISHED or "p_value" in found or "ci_high" in found
    return bool(route) and interval and all(any(n in found for n in group) for group in route)


def _columns_of(route: Needs, found: Sequence[str]) -> list[str]:
    """Return the columns of a route; of two ways to say how precise an effect is, the first one."""
    if route is PUBLISHED:
        both = "ci_low" in found and "ci_high" in found
        return ["estimate", *(("ci_low", "ci_high") if both else ("p_value",))]
    if route is GIVEN:
        return ["yi", "vi" if "vi" in found else "sei"]
    return [name for group in route for name in group if name in found]


def _listed(headers: Sequence[str]) -> str:
    return f"the columns {', '.join(filter(None, headers))}"


def _way_out() -> str:
    return "Rename its columns, or name them: --columns ai=HEADER,n1i=HEADER,..."


def _pool_counts(
    spec: Measure, columns: Columns, labels: Sequence[str] | None, how: How
) -> SingleArmSummary:
    counts = {name: np.asarray(values) for name, values in columns.items()}
    if "ti" in counts:
        return pool_rates(counts["xi"], counts["ti"], transform=spec.name, labels=labels, **how)
    sizes = counts["ni"] if "ni" in counts else counts["xi"] + counts["mi"]
    return pool_proportions(counts["xi"], sizes, transform=spec.name, labels=labels, **how)


def _asymmetric(
    spec: Measure, columns: Columns, labels: Sequence[str] | None, level: float
) -> tuple[str, ...]:
    """Name the printed intervals that are less symmetric than the rounding of numbers allows."""
    if "ci_low" not in columns:
        return ()
    read = log_ratio_from_ci if spec.transform == "log" else difference_from_ci
    printed = read(columns["estimate"], columns["ci_low"], columns["ci_high"], level=level)
    names = labels or [f"Study {number + 1}" for number in range(len(columns["estimate"]))]
    return tuple(
        f"The interval of {name} is less symmetric around its estimate than the rounding of its "
        "numbers explains. Look it up again."
        for name, doubtful in zip(names, printed.beyond_rounding, strict=True)
        if doubtful
    )
