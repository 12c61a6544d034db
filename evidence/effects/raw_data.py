"""From the raw data of the studies to effects: checks of each row, zero cells, and the formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence.arrays import BoolArray, FloatArray
from evidence.effects.binary import TABLE_FORMULAS, no_contrast
from evidence.effects.continuous import (
    CORRELATION_FORMULAS,
    ONE_GROUP_FORMULAS,
    TWO_GROUP_FORMULAS,
    TwoGroups,
)
from evidence.effects.measures import PROPORTION, RATE, TABLE, TWO_RATES
from evidence.effects.proportions import PROPORTION_FORMULAS
from evidence.effects.rates import RATE_FORMULAS, TWO_RATE_FORMULAS
from evidence.effects.zero_cells import ZeroCellRule
from evidence.input_checks import InputCheck

Columns = Mapping[str, FloatArray]

#: The kinds of data that have cells which can be empty.
HAS_CELLS: Final = (TABLE, TWO_RATES, PROPORTION, RATE)

_DROPPED: Final = "no event, or nothing but events, in both arms (drop00)"
_EMPTY_CELL: Final = "an empty cell, and the rule adds nothing to it"
_BAD_MEANS: Final = "a standard deviation or mean of 0, means of opposite sign, or too few people"
_BAD_CORRELATION: Final = "too few pairs, or a correlation of 1 or -1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How raw data become an effect: zero cells, kind of variance, bias correction."""

    rule: ZeroCellRule
    vtype: str
    correct: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnlabelledEffects:
    """Effects before they are labelled.

    Attributes
    ----------
    yi, vi : array
        Effects and variances; not finite where there is none.
    corrected, dropped : array of bool
        Studies that the rule for zero cells added to, and that it left out.
    why : str
        Why an effect that is not finite is not, if the study was not dropped.
    """

    yi: FloatArray
    vi: FloatArray
    corrected: BoolArray
    dropped: BoolArray
    why: str

    def reason(self, row: int) -> str:
        """Say why a study has no effect size; empty if it has one."""
        if np.all(np.isfinite(self.yi[row]) & np.isfinite(self.vi[row])):
            return ""
        return _DROPPED if np.any(self.dropped[row]) else self.why


@np.errstate(invalid="ignore")  # infinite counts are a fault that was found already
def complete_columns(needs_table: bool, given: Columns, check: InputCheck) -> Columns:
    """Fill in non-events from totals, and sizes of one-armed studies from non-events.

    Columns that say the same twice must agree.
    """
    pairs: tuple[tuple[str, str, str], ...]
    if needs_table:
        pairs = (("ai", "bi", "n1i"), ("ci", "di", "n2i"))
    elif "xi" in given and ("mi" in given or "ni" in given):
        pairs = (("xi", "mi", "ni"),)
    else:
        return given
    columns = dict(given)
    for events, others, size in pairs:
        if others in given and size in given:
            wrong = given[events] + given[others] != given[size]
            check.where(wrong, f"{events} + {others} is not {size} = {{}}", given[size])
        elif size in given:
            too_many = given[events] > given[size]
            check.where(
                too_many, f"{events} = {{}} exceeds {size} = {{}}", given[events], given[size]
            )
            columns[others] = given[size] - given[events]
        else:
            columns[size] = given[events] + given[others]
            check.where(columns[size] == 0, f"{events} + {others} is {{}}: nobody", columns[size])
    return columns


def check_columns(columns: Columns, check: InputCheck) -> None:
    """Collect the numbers that no study can have."""
    for name, values in columns.items():
        if name in ("n1i", "n2i", "ni", "t1i", "t2i", "ti"):
            check.where(values <= 0, f"{name} must be above 0, and is {{}}", values)
        elif name == "ri":
            check.where(np.abs(values) > 1, "ri must lie between -1 and 1, and is {}", values)
        elif name not in ("m1i", "m2i", "mi") or (name == "mi" and "xi" in columns):
            check.where(values < 0, f"{name} must not be negative, and is {{}}", values)


def compute(measure: str, columns: Columns, options: Options) -> UnlabelledEffects:
    """Apply the formula of ``measure`` to columns that were checked."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for formulas, family in _FAMILIES:
            if measure in formulas:
                return family(measure, columns, options)
    raise LookupError(measure)


def _table(measure: str, columns: Columns, options: Options) -> UnlabelledEffects:
    cells = [columns[name] for name in ("ai", "bi", "ci", "di")]
    a, b, c, d = cells
    dropped = no_contrast(a, b, c, d) & options.rule.drop00
    corrected = options.rule.corrected(cells, dropped)
    a, b, c, d = (cell + options.rule.add * corrected for cell in cells)
    y, v = TABLE_FORMULAS[measure](a, b, c, d)
    return _computed(y, v, corrected, dropped, _EMPTY_CELL)


def _two_rates(measure: str, columns: Columns, options: Options) -> UnlabelledEffects:
    x1, x2 = columns["x1i"], columns["x2i"]
    dropped = (x1 == 0) & (x2 == 0) & options.rule.drop00
    corrected = options.rule.corrected([x1, x2], dropped)
    add = options.rule.add * corrected
    y, v = TWO_RATE_FORMULAS[measure](x1 + add, columns["t1i"], x2 + add, columns["t2i"])
    return _computed(y, v, corrected, dropped, _EMPTY_CELL)


def _proportion(measure: str, columns: Columns, options: Options) -> UnlabelledEffects:
    x, others = columns["xi"], columns["mi"]
    corrected = options.rule.corrected([x, others], np.zeros(x.shape, dtype=bool))
    add = options.rule.add * corrected
    y, v = PROPORTION_FORMULAS[measure](x + add, x + others + 2 * add)
    return _computed(y, v, corrected, np.zeros_like(corrected), _EMPTY_CELL)


def _rate(measure: str, columns: Columns, options: Options) -> UnlabelledEffects:
    x = columns["xi"]
    corrected = options.rule.corrected([x], np.zeros(x.shape, dtype=bool))
    y, v = RATE_FORMULAS[measure](x + options.rule.add * corrected, columns["ti"])
    return _computed(y, v, corrected, np.zeros_like(corrected), _EMPTY_CELL)


def _two_groups(measure: str, columns: Columns, options: Options) -> UnlabelledEffects:
    absent = np.full_like(columns["n1i"], np.nan)
    groups = TwoGroups(
        m1=columns.get("m1i", absent),
        sd1=columns.get("sd1i", absent),
        n1=columns["n1i"],
        m2=columns.get("m2i", absent),
        sd2=columns.get("sd2i", absent),
        n2=columns["n2i"],
    )
    y, v = TWO_GROUP_FORMULAS[measure](groups, options.vtype, options.correct)
    return _without_cells(y, v, _BAD_MEANS)


def _one_group(measure: str, columns: Columns, options: Options) -> UnlabelledEffects:
    sd, n = columns["sdi"], columns["ni"]
    y, v = ONE_GROUP_FORMULAS[measure](columns.get("mi", np.full_like(n, np.nan)), sd, n)
    return _without_cells(y, v, _BAD_MEANS)


def _correlation(measure: str, columns: Columns, options: Options) -> UnlabelledEffects:
    y, v = CORRELATION_FORMULAS[measure](columns["ri"], columns["ni"], options.vtype)
    return _without_cells(y, v, _BAD_CORRELATION)


def _without_cells(y: FloatArray, v: FloatArray, why: str) -> UnlabelledEffects:
    none = np.zeros(np.shape(y), dtype=bool)
    return _computed(y, v, none, none, why)


def _computed(
    y: FloatArray, v: FloatArray, corrected: BoolArray, dropped: BoolArray, why: str
) -> UnlabelledEffects:
    missing = dropped | ~np.isfinite(y) | ~np.isfinite(v) | (v < 0)
    return UnlabelledEffects(
        yi=np.where(missing, np.nan, y),
        vi=np.where(missing, np.nan, v),
        corrected=np.array(corrected),
        dropped=np.array(dropped),
        why=why,
    )


_FAMILIES: Final[
    tuple[tuple[Mapping[str, object], Callable[[str, Columns, Options], UnlabelledEffects]], ...]
] = (
    (TABLE_FORMULAS, _table),
    (TWO_RATE_FORMULAS, _two_rates),
    (PROPORTION_FORMULAS, _proportion),
    (RATE_FORMULAS, _rate),
    (TWO_GROUP_FORMULAS, _two_groups),
    (ONE_GROUP_FORMULAS, _one_group),
    (CORRELATION_FORMULAS, _correlation),
)
