"""A published result as printed: the decimals of its numbers, and how far a value is away."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence.arrays import FloatArray
from evidence.errors import BadInput, refuse
from evidence.input_checks import real_number, whole_number

_MOST_DECIMALS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNumbers:
    """The printed numbers, each with the unit of its last digit.

    Attributes
    ----------
    targets : dict of str to (float, int)
        Each number with its decimals, by name.
    factor : float
        100 if the numbers are per cent, else 1.
    """

    targets: dict[str, tuple[float, int]]
    factor: float

    def distance(self, name: str, values: FloatArray) -> FloatArray:
        """Difference to a printed number in units of its last digit; infinite if there is none."""
        printed, decimals = self.targets[name]
        with np.errstate(over="ignore"):
            units = np.abs(values - printed) * 10.0**decimals
        return np.asarray(np.where(np.isnan(units), math.inf, units))

    def __str__(self) -> str:
        """The numbers with the printed decimals."""
        texts = {name: f"{value:.{decimals}f}" for name, (value, decimals) in self.targets.items()}
        unit = self.unit
        interval = f" ({texts['ci_low']} to {texts['ci_high']}{unit})" if "ci_low" in texts else ""
        i2 = f", I2 {texts['i2']}%" if "i2" in texts else ""
        return f"{texts['estimate']}{unit}{interval}{i2}"

    @property
    def unit(self) -> str:
        """What is written after a number."""
        return "%" if self.factor == 100.0 else ""


def read_published(
    printed: dict[str, object], decimals: int | None, percent: bool, prediction: object
) -> PublishedNumbers:
    """Read the printed numbers, or refuse them with every fault.

    Parameters
    ----------
    printed : dict of str to object
        estimate, ci_low, ci_high and i2, as given; None is absent.
    decimals : int or None
        Printed decimals; None takes the most that a number has.
    percent : bool
        The numbers are per cent.
    prediction : object
        Pair of bounds of a prediction interval, or None.
    """
    given = {name: value for name, value in printed.items() if value is not None}
    if prediction is not None:
        pair = tuple(prediction) if isinstance(prediction, Iterable) else ()
        bounds = pair if len(pair) == 2 else (math.nan, math.nan)
        given |= dict(zip(("prediction_low", "prediction_high"), bounds, strict=True))
    values = {name: real_number(value) for name, value in given.items()}
    problems = [
        f"{name} is {given[name]!r:.80}"
        for name, value in values.items()
        if not math.isfinite(value)
    ]
    if "estimate" not in values:
        problems.append("there is no estimate")
    if ("ci_low" in values) != ("ci_high" in values):
        problems.append("an interval has two bounds, and one was given")
    if decimals is not None and not whole_number(decimals, 0, _MOST_DECIMALS):
        problems.append(f"decimals is {decimals!r:.80}; it is 0 to {_MOST_DECIMALS}")
    if not problems and not _holds(values):
        problems.append(
            f"the estimate {values['estimate']} is outside {values['ci_low']} to "
            f"{values['ci_high']}"
        )
    refuse(BadInput, "A published result cannot be right. Give it as printed.", problems)
    first = [values[name] for name in ("estimate", "ci_low", "ci_high") if name in values]
    digits = _decimals(first) if decimals is None else int(decimals)
    targets = {name: (value, digits) for name, value in values.items()}
    if "i2" in values:
        targets["i2"] = (values["i2"], _decimals([values["i2"]]))
    return PublishedNumbers(targets=targets, factor=100.0 if percent else 1.0)


def _holds(values: dict[str, float]) -> bool:
    """Whether the interval, if there is one, holds the estimate."""
    return "ci_low" not in values or values["ci_low"] <= values["estimate"] <= values["ci_high"]


def _decimals(values: Sequence[float]) -> int:
    """Decimals of the numbers as Python writes them: trailing zeros are lost."""
    texts = [f"{value:.{_MOST_DECIMALS}f}".rstrip("0") for value in values]
    return max(len(text.partition(".")[2]) for text in texts)
