"""Events of one or two arms, checked once: 2x2 tables, events and person-time, proportions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import BoolArray, FloatArray, read_only
from evidence.effects.arguments import read_columns
from evidence.effects.effect_sizes import EffectSizes, effect_size
from evidence.effects.measures import RATE, TABLE, TWO_RATES, find_measure
from evidence.effects.raw_data import check_columns, complete_columns
from evidence.effects.routes import find_route
from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import BadInput, known_name, refuse
from evidence.input_checks import InputCheck

#: Up to here every whole number is a double.
_LARGEST_COUNT: Final = 2.0**53
#: Columns of events and of their denominators, arm by arm, by the kind of data.
_ARMS: Final = {
    "table": (("ai", "ci"), ("n1i", "n2i")),
    "rates": (("x1i", "x2i"), ("t1i", "t2i")),
    "proportion": (("xi",), ("ni",)),
    "rate": (("xi",), ("ti",)),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventCounts:
    """Events of k studies with one or two arms each.

    Attributes
    ----------
    events : ndarray, shape (k, arms), read-only
        Events.
    sizes : ndarray, shape (k, arms), read-only
        Participants, or person-time.
    person_time : bool
        Whether ``sizes`` are person-time.
    measure : str
        Measure that was asked for.
    labels : tuple of str, length k
        Names of the studies.
    """

    events: FloatArray
    sizes: FloatArray
    person_time: bool
    measure: str
    labels: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.labels)

    @property
    def others(self) -> FloatArray:
        """Participants without the event, shape (k, arms)."""
        return self.sizes - self.events

    @property
    def without_contrast(self) -> BoolArray:
        """Studies with no event at all, or with nothing but events; shape (k,)."""
        none: BoolArray = np.all(self.events == 0, axis=1)
        if self.person_time:
            return none
        return np.logical_or(none, np.all(self.others == 0, axis=1))

    @property
    def with_empty_cell(self) -> BoolArray:
        """Studies with an empty cell; shape (k,)."""
        empty: BoolArray = np.any(self.events == 0, axis=1)
        if self.person_time:
            return empty
        return np.logical_or(empty, np.any(self.others == 0, axis=1))

    def effect_sizes(self, rule: ZeroCellRule) -> EffectSizes:
        """Effects of the studies under a rule for empty cells."""
        x, n, names = self.events.T, self.sizes.T, self.labels
        add, to, drop00 = rule.add, rule.to, rule.drop00
        if len(x) == 1 and self.person_time:
            return effect_size(self.measure, xi=x[0], ti=n[0], add=add, to=to, labels=names)
        if len(x) == 1:
            return effect_size(self.measure, xi=x[0], ni=n[0], add=add, to=to, labels=names)
        if self.person_time:
            return effect_size(
                self.measure,
                x1i=x[0],
                t1i=n[0],
                x2i=x[1],
                t2i=n[1],
                add=add,
                to=to,
                drop00=drop00,
                labels=names,
            )
        return effect_size(
            self.measure,
            ai=x[0],
            n1i=n[0],
            ci=x[1],
            n2i=n[1],
            add=add,
            to=to,
            drop00=drop00,
            labels=names,
        )

    def keep(self, kept: BoolArray) -> EventCounts:
        """Leave out studies."""
        return EventCounts(
            events=_fixed(self.events[kept]),
            sizes=_fixed(self.sizes[kept]),
            person_time=self.person_time,
            measure=self.measure,
            labels=tuple(compress(self.labels, kept)),
        )


def read_counts(
    asked: str,
    measure: str,
    given: Mapping[str, ArrayLike | None],
    labels: Sequence[str] | None,
    *,
    measures: Sequence[str],
    whole: bool = True,
) -> EventCounts:
    """Events and denominators of the studies, or one refusal that lists every fault.

    Parameters
    ----------
    asked : str
        What they are for; the beginning of a refusal.
    measure : str
        Effect measure; it decides which columns are needed.
    given : mapping
        Columns by their names in metafor's ``escalc``; those that are None were not given.
    labels : sequence of str, optional
        Names of the studies.
    measures : sequence of str
        Measures that the method has.
    whole : bool
        Whether counts must be whole numbers.

    Raises
    ------
    UnknownName
        If the method does not have the measure.
    BadInput
        For missing or superfluous columns, and impossible numbers.
    """
    known_name(f"measure for {asked}", measure, measures)
    spec = find_measure(measure)
    used = {name: column for name, column in given.items() if column is not None}
    find_route(spec, tuple(used))
    columns, names = read_columns(measure, used, labels)
    check = InputCheck(f"{asked} ({measure}) of {count_studies(len(names))}", names)
    check.finite(columns)
    if any(column.ndim != 1 for column in columns.values()):
        check.problems.append("one number for each study is needed, not a stack of data sets")
        check.refuse()
    complete = complete_columns(spec.needs is TABLE, columns, check)
    check_columns(columns, check)
    person_time = spec.needs in (TWO_RATES, RATE)
    if whole:
        _check_whole(complete, person_time, check)
    check.refuse()
    return _arrange(complete, person_time, measure, names)


def _check_whole(columns: Mapping[str, FloatArray], person_time: bool, check: InputCheck) -> None:
    times = ("t1i", "t2i", "ti") if person_time else ()
    for name, values in columns.items():
        if name not in times:
            fault = f"{name} is {{}}, and a count is a whole number"
            check.where(np.isfinite(values) & (values != np.round(values)), fault, values)
            beyond = f"{name} is {{}}, more than double precision can count"
            check.where(np.isfinite(values) & (values > _LARGEST_COUNT), beyond, values)


def _arrange(
    columns: Mapping[str, FloatArray], person_time: bool, measure: str, names: tuple[str, ...]
) -> EventCounts:
    kind = next(kind for kind, parts in _ARMS.items() if columns.keys() >= {*parts[0], *parts[1]})
    events, sizes = (np.stack([columns[name] for name in part], axis=1) for part in _ARMS[kind])
    return EventCounts(
        events=_fixed(events),
        sizes=_fixed(sizes),
        person_time=person_time,
        measure=measure,
        labels=names,
    )


def _fixed(array: FloatArray) -> FloatArray:
    read_only(array)
    return array


def count_studies(k: int) -> str:
    """Number of studies in words."""
    return "1 study" if k == 1 else f"{k} studies"


def two_rules(
    add: tuple[float, float], to: tuple[str, str], drop00: tuple[bool, bool]
) -> tuple[ZeroCellRule, ZeroCellRule]:
    """Rules for empty cells of the studies' own effects, and of the pooled estimate.

    Raises
    ------
    BadInput
        If an option does not have two values.
    UnknownName
        If there is no such rule.
    """
    given = {"add": add, "to": to, "drop00": drop00}
    refuse(
        BadInput,
        "A rule for empty cells is given twice: for the effects of the studies (which enter the "
        "heterogeneity only), then for the pooled estimate, such as add=(0.5, 0).",
        [
            f"{name} is {value!r}"
            for name, value in given.items()
            if not isinstance(value, tuple | list) or len(value) != 2
        ],
    )
    first, second = (ZeroCellRule(add=add[i], to=to[i], drop00=drop00[i]) for i in (0, 1))
    return first, second
