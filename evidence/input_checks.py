"""Reading the numbers of a call: every fault is collected, then all are refused together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf, nan
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray
from evidence.errors import BadInput, refuse


class InputCheck:
    """Collects the faults of one call.

    Parameters
    ----------
    asked : str
        What the caller wanted; the first sentence of the refusal.
    labels : sequence of str
        Names of the studies (rows), for the messages.
    """

    def __init__(self, asked: str, labels: Sequence[str] = ()) -> None:
        self.asked = asked
        self.labels = study_names(labels)
        self.problems: list[str] = []

    def numbers(self, **given: ArrayLike) -> tuple[FloatArray, ...]:
        """Turn each argument into an array of floats; NaN and infinity are faults."""
        arrays = [self.array(name, value) for name, value in given.items()]
        self.refuse()
        self.fitting(dict(zip(given, arrays, strict=True)))
        self.finite(dict(zip(given, arrays, strict=True)))
        return tuple(arrays)

    def fitting(self, arrays: Mapping[str, FloatArray]) -> None:
        """Refuse arrays whose lengths do not go together."""
        try:
            np.broadcast_shapes(*(array.shape for array in arrays.values()))
        except ValueError:
            self.problems.append(lengths(arrays))
        self.refuse()

    def finite(self, arrays: Mapping[str, FloatArray]) -> None:
        """Add a fault for each number that is NaN or infinite."""
        for name, array in arrays.items():
            self.where(np.isnan(array), f"{name} is missing (NaN)")
            self.where(np.isinf(array), f"{name} is infinite")

    def array(self, name: str, value: ArrayLike) -> FloatArray:
        """Turn one argument into an array of floats; anything else is a fault.

        What is masked is missing (NaN).
        """
        try:
            return _floats(value)
        except (TypeError, ValueError, OverflowError):
            self.problems.append(f"{name} holds something that is not a number: {value!r:.80}")
            return np.empty(0)

    def where(self, bad: ArrayLike, fault: str, *values: ArrayLike) -> None:
        """Add ``fault`` for each element where ``bad`` holds; ``{}`` stand for ``values``."""
        flags = np.asarray(bad, dtype=bool)
        parts = [np.broadcast_to(np.asarray(value, dtype=float), flags.shape) for value in values]
        for index in map(tuple, np.argwhere(flags)):
            numbers = (f"{part[index]:.12g}" for part in parts)
            self.problems.append(self._row(index) + fault.format(*numbers))

    def level(self, level: float) -> None:
        """Require a coverage between 0 and 1."""
        if not 0 < real_number(level) < 1:
            self.problems.append(f"level is a proportion such as 0.95, not {level!r:.80}")

    def refuse(self, advice: str = "Correct the numbers at their source.") -> None:
        """Raise BadInput with every fault, if there is any."""
        count = len(self.problems)
        found = "1 fault was found" if count == 1 else f"{count} faults were found"
        refuse(BadInput, f"{self.asked}: {found}. {advice}", self.problems)

    def _row(self, index: tuple[int, ...]) -> str:
        if not index:
            return ""
        name = f" ({self.labels[index[0]]})" if index[0] < len(self.labels) else ""
        return f"row {index[0] + 1}{name}: "


def _floats(value: ArrayLike) -> FloatArray:
    array = value if hasattr(value, "dtype") else np.asarray(value)
    if array.dtype.kind in "cmM":
        raise TypeError("complex numbers and dates are not real numbers")
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(float), nan)
    return np.asarray(array, dtype=float)


def real_number(value: object) -> float:
    """Return one number as a float; NaN, which no range holds, for what is no real number."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    try:
        return float(value) if isinstance(value, Real) else nan
    except OverflowError:
        return nan


def whole_number(value: object, low: int, high: float = inf) -> bool:
    """Whether something is a whole number from ``low`` to ``high``."""
    number = real_number(value)
    return not is_truth(value) and low <= number <= high and number.is_integer()


def is_truth(value: object) -> bool:
    """Whether something is True or False."""
    return isinstance(value, bool | np.bool_)


def study_names(labels: object) -> tuple[str, ...]:
    """Names of the studies as texts.

    Raises
    ------
    BadInput
        If they are no list of names.
    """
    if not isinstance(labels, Iterable):
        raise BadInput(
            f"Names of the studies were given as {labels!r:.80}. Give a list, one for each study."
        )
    return tuple(str(label) for label in labels)


def lengths(arrays: Mapping[str, FloatArray]) -> str:
    """Say which argument has which shape."""
    return "the lengths differ: " + ", ".join(
        f"{name} {'x'.join(map(str, array.shape)) or '1'}" for name, array in arrays.items()
    )


def require_kind(asked: str, given: object, kinds: type | tuple[type, ...], advice: str) -> None:
    """Refuse an object that is not what a function takes.

    Parameters
    ----------
    asked : str
        What the caller wanted, such as "A certificate".
    given : object
        What was given.
    kinds : type or tuple of types
        What the function takes.
    advice : str
        What to give, in a sentence.

    Raises
    ------
    BadInput
        If it is of another type.
    """
    if not isinstance(given, kinds):
        raise BadInput(f"{asked} was asked for {described(given)}. {advice}")


def described(given: object) -> str:
    """An object in a refusal: its type and the start of its representation."""
    name = type(given).__name__
    shown = " ".join(repr(given).split())
    if given is None or shown.startswith(f"{name}("):
        return f"{shown:.60}"
    return f"the {name} {shown:.60}"
