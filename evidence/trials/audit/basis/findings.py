"""What the audit says of rows that cannot be true together: one :class:`Finding` each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from evidence.addresses import address_of
from evidence.errors import BadInput
from evidence.trials.rows.columns import Row

Severity = Literal["contradiction", "tension", "within rounding", "different estimand"]
#: The severities, the worst first.
SEVERITIES: tuple[Severity, ...] = (
    "contradiction",
    "tension",
    "within rounding",
    "different estimand",
)
#: A number of a row: the row and its column.
Cell = tuple[Row, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """What a calculation of the audit gives.

    Attributes
    ----------
    text : str
        The arithmetic in numbers.
    gap : float
        What rounding leaves unexplained, as a share of the numbers compared; 0 if rounding explains
        all.
    """

    text: str
    gap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """A calculation in a form that can be repeated from the rows.

    Attributes
    ----------
    function : str
        Dotted name of a function of this package that returns :class:`Arithmetic`.
    inputs : mapping
        Argument of the function to ``<result_id>#<column>``, or to several of them.
    options : mapping
        Further arguments, such as the printed decimals.
    result : Arithmetic
        What the function gave.
    """

    function: str
    inputs: Mapping[str, str | tuple[str, ...]]
    options: Mapping[str, object]
    result: Arithmetic


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Rows that cannot be true together, or hardly can.

    Attributes
    ----------
    rule : str
        Name of the rule that found it.
    severity : str
        ``contradiction``: the rows cannot all be true as they are printed. ``tension``: they can,
        if something is so that none of them prints. ``within rounding``: they differ by no
        more than their rounding. ``different estimand``: they may differ, because they say that
        they mean different things.
    study_id : str
        The study that the rows are about.
    rows : tuple of str
        The result_ids of the rows.
    claim : str
        What is the matter, in words.
    calculation : Calculation
        The arithmetic, with its inputs.
    settle : str
        What would settle it.
    turns : bool
        Whether the choice between the numbers changes a direction or a significance.
    used_by : tuple of str
        Declared analyses that use one of the rows.
    rank : int
        Place in the order of consequence, from 1; 0 until the audit is complete.
    """

    rule: str
    severity: Severity
    study_id: str
    rows: tuple[str, ...]
    claim: str
    calculation: Calculation = field(repr=False)
    settle: str = field(repr=False)
    turns: bool = False
    used_by: tuple[str, ...] = ()
    rank: int = 0

    @property
    def arithmetic(self) -> str:
        """The arithmetic in numbers."""
        return self.calculation.result.text

    @property
    def gap(self) -> float:
        """What rounding leaves unexplained, as a share of the numbers compared."""
        return self.calculation.result.gap


def calculate(
    function: Callable[..., Arithmetic],
    inputs: Mapping[str, Cell | list[Cell]],
    **options: object,
) -> Calculation:
    """Call ``function`` with numbers of rows, and keep the call.

    Raises
    ------
    BadInput
        A row has no number in the column named.
    """
    cells = {name: _cells(given) for name, given in inputs.items()}
    many = {name for name, given in inputs.items() if isinstance(given, list)}
    values = {name: [_value(cell) for cell in given] for name, given in cells.items()}
    ids = {
        name: tuple(f"{row['result_id']}#{column}" for row, column in given)
        for name, given in cells.items()
    }
    result = function(
        **{name: given if name in many else given[0] for name, given in values.items()}, **options
    )
    return Calculation(
        function=address_of(function),
        inputs={name: given if name in many else given[0] for name, given in ids.items()},
        options=options,
        result=result,
    )


def _cells(given: Cell | list[Cell]) -> list[Cell]:
    return given if isinstance(given, list) else [given]


def _value(cell: Cell) -> float:
    row, column = cell
    if row[column] is None:
        raise BadInput(f"{row['result_id']} was to be used in the audit and has no {column}.")
    return float(row[column])


def found(
    rule: str,
    severity: Severity,
    rows: Sequence[Row],
    claim: str,
    calculation: Calculation,
    settle: str,
    *,
    turns: bool = False,
) -> Finding:
    """Return a finding about ``rows``, each named once."""
    return Finding(
        rule=rule,
        severity=severity,
        study_id=str(rows[0]["study_id"]),
        rows=tuple(dict.fromkeys(str(row["result_id"]) for row in rows)),
        claim=claim,
        calculation=calculation,
        settle=settle,
        turns=turns,
    )


def worst(severities: Sequence[Severity]) -> Severity:
    """Return the worst of several severities."""
    return min(severities, key=SEVERITIES.index)
