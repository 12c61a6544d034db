"""Random pieces of input: studies that could be real, and what people put in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

#: Share of the calls in which nothing is wrong on purpose.
VALID = 0.6
#: How the numbers of the studies look, and how often.
REGIMES = {
    "plain": 10,
    "equal effects": 2,
    "duplicates": 2,
    "whole numbers": 2,
    "one precise study": 1,
    "huge variances": 1,
    "tiny variances": 1,
    "another unit": 1,
    "edge of double precision": 1,
}
TABLES = {"plain": 8, "rare": 4, "empty arms": 2, "nothing but events": 1, "tiny": 2, "huge": 1}


class Draw:
    """A seeded source of arguments.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where chance comes from.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def one(self, *options: Any) -> Any:
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]

    def maybe(self, share: float = 0.5) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < share)

    def weighted(self, options: dict[str, int]) -> str:
        """One of the keys, as often as its value says."""
        share = np.array(list(options.values()), dtype=float)
        return str(self.rng.choice(list(options), p=share / share.sum()))

    def size(self, low: int = 1, high: int = 30) -> int:
        """Number of studies: often few, sometimes many."""
        few = int(self.rng.integers(low, max(low, min(8, high)) + 1))
        return few if self.maybe(0.75) else int(self.rng.integers(low, high + 1))

    def options(self, **choices: Sequence[Any]) -> dict[str, Any]:
        """Some of the options, each with one of its values."""
        return {name: self.one(*values) for name, values in choices.items() if self.maybe(0.4)}

    def level(self) -> dict[str, float]:
        """Coverage, sometimes given."""
        return {"level": self.one(0.5, 0.8, 0.9, 0.99, 0.999)} if self.maybe(0.2) else {}

    def labels(self, k: int) -> dict[str, list[str]]:
        """Names of the studies, sometimes given."""
        return {"labels": [f"Trial {i}" for i in range(k)]} if self.maybe(0.2) else {}

    def studies(self, low: int = 1, high: int = 30) -> tuple[np.ndarray, np.ndarray]:
        """Effects and variances."""
        k, rng = self.size(low, high), self.rng
        yi, vi = rng.normal(0.0, 1.0, k), np.exp(rng.normal(-2.0, 1.0, k))
        regime = self.weighted(REGIMES)
        if regime == "equal effects":
            yi = np.full(k, round(float(yi[0]), 2))
        elif regime == "duplicates":
            rows = rng.integers(0, max(1, k // 2), k)
            yi, vi = yi[rows], vi[rows]
        elif regime == "whole numbers":
            yi, vi = rng.integers(-3, 4, k).astype(float), rng.integers(1, 5, k).astype(float)
        elif regime == "one precise study":
            vi[0] = 10.0 ** rng.uniform(-20.0, -6.0)
        elif regime in ("huge variances", "tiny variances"):
            vi = vi * 10.0 ** (rng.uniform(3.0, 20.0) * (1 if regime[0] == "h" else -1))
        elif regime == "another unit":
            unit = 10.0 ** rng.uniform(-20.0, 20.0)
            yi, vi = yi * unit, vi * unit**2
        elif regime == "edge of double precision":
            yi = yi * 10.0 ** rng.uniform(-300.0, 300.0, k if self.maybe() else 1)
            vi = 10.0 ** rng.uniform(-300.0, 300.0, k if self.maybe() else 1) * np.ones(k)
        return yi, vi

    def tables(self, low: int = 1, high: int = 15, huge: bool = True) -> dict[str, np.ndarray]:
        """Events and sizes of two arms: ai, n1i, ci, n2i."""
        k, rng = self.size(low, high), self.rng
        regime = self.weighted(TABLES if huge else {**TABLES, "huge": 0})
        n1, n2 = (rng.integers(5, 300, k).astype(float) for _ in "12")
        risk = {"plain": 0.3, "rare": 0.01, "empty arms": 0.0, "nothing but events": 1.0}
        p = risk.get(regime, 0.3)
        if regime == "tiny":
            n1, n2 = (rng.integers(1, 4, k).astype(float) for _ in "12")
        elif regime == "huge":
            n1, n2 = (rng.integers(10**6, 10**9, k).astype(float) for _ in "12")
        a, c = rng.binomial(n1.astype(np.int64), p), rng.binomial(n2.astype(np.int64), p)
        if regime == "empty arms" and self.maybe():
            c = rng.binomial(n2.astype(np.int64), 0.1)
        return {"ai": a.astype(float), "n1i": n1, "ci": c.astype(float), "n2i": n2}

    def cells(self, **more: Any) -> dict[str, np.ndarray]:
        """Tables as sizes or as non-events."""
        table = self.tables(**more)
        if self.maybe(0.7):
            return table
        return {
            "ai": table["ai"],
            "bi": table["n1i"] - table["ai"],
            "ci": table["ci"],
            "di": table["n2i"] - table["ci"],
        }

    def rates(self, **more: Any) -> dict[str, np.ndarray]:
        """Events and person-time of two arms."""
        table = self.tables(**more)
        unit = self.one(1.0, 0.37, 1e-6, 1e6)
        return {
            "x1i": table["ai"],
            "t1i": table["n1i"] * unit,
            "x2i": table["ci"],
            "t2i": table["n2i"] * unit,
        }

    def arm(self, **more: Any) -> tuple[np.ndarray, np.ndarray]:
        """Events and sizes of one arm."""
        table = self.tables(**more)
        return table["ai"], table["n1i"]

    def magnitudes(self, k: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
        """Positive numbers, at times of any size that a double can hold."""
        if self.maybe(0.1):
            low, high = -300.0, 300.0
        return np.asarray(10.0 ** self.rng.uniform(low, high, k))

    def groups(self, k: int, most: int = 4) -> list[Any]:
        """Labels of groups."""
        codes = self.rng.integers(0, self.rng.integers(1, most + 1), k)
        return [str(code) for code in codes] if self.maybe() else codes.tolist()

    def moderators(self, k: int) -> Any:
        """Moderators: numbers, factors, constants, copies of each other, a matrix, a frame."""
        rng = self.rng
        columns: dict[str, Any] = {}
        for name in "xyz"[: int(rng.integers(1, 4))]:
            kind = self.one("number", "number", "year", "factor", "constant", "copy", "truth")
            if kind == "number":
                columns[name] = rng.normal(0.0, self.one(1.0, 1.0, 1e-9, 1e9), k)
            elif kind == "year":
                columns[name] = rng.integers(1990, 2026, k).tolist()
            elif kind == "factor":
                columns[name] = [f"level {code}" for code in rng.integers(0, 3, k)]
            elif kind == "constant":
                columns[name] = np.full(k, 2.0)
            elif kind == "truth":
                columns[name] = (rng.random(k) < 0.5).tolist()
            elif columns:
                columns[name] = next(iter(columns.values()))
        if self.maybe(0.1):
            return rng.normal(size=(k, 2))
        return pd.DataFrame(columns) if self.maybe(0.2) else columns

    def dressed(self, values: Any) -> Any:
        """The same numbers in another container."""
        if not isinstance(values, np.ndarray) or values.dtype.kind != "f" or values.ndim != 1:
            return values
        whole = bool(np.all(values == np.round(values)) and np.all(np.abs(values) < 2**53))
        kind = self.one("array", "array", "list", "tuple", "series", "object", "whole", "single")
        if kind == "single":
            return float(values[0]) if values.size == 1 else values
        if kind == "whole":
            return values.astype(np.int64) if whole else values
        wrap: dict[str, Callable[[np.ndarray], Any]] = {
            "list": lambda x: x.tolist(),
            "tuple": lambda x: tuple(x.tolist()),
            "series": lambda x: pd.Series(x, index=range(7, 7 + x.size)),
            "object": lambda x: x.astype(object),
        }
        return wrap.get(kind, lambda x: x)(values)

    def spoiled(self, value: Any) -> Any:
        """Something that does not belong where ``value`` stands."""
        if isinstance(value, (np.ndarray, list, tuple)) and not _names(value):
            return self._spoiled_numbers(value)
        if isinstance(value, (dict, pd.DataFrame)):
            return self.one({}, {"x": [1.0]}, {"x": None}, {"x": "abc"}, [[1.0, 2.0], [3.0]], 7)
        if isinstance(value, str):
            return self.one("", "no such thing", value.swapcase(), None, 3, ["a"], float("nan"))
        if isinstance(value, bool):
            return self.one("yes", None, 2, float("nan"))
        if isinstance(value, (int, float)):
            wrong = (0, -1, 2, 1e300, -1e300, 1e-300, float("nan"), float("inf"))
            return self.one(*wrong, None, "abc", "0.5", True, 1 + 2j, [0.5, 0.6], [])
        return self.one([], ["only one"], None, 3, "abc", [None, None], ["a"] * 100)

    def _spoiled_numbers(self, value: Any) -> Any:
        k = len(value)
        plain = np.array([_number(x) for x in value], dtype=float)
        row = int(self.rng.integers(k)) if k else 0
        kind = self.one(*(["value"] * 12), "length", "longer", *("container", "all") * 2)
        if kind == "value" and k:
            wrong = (np.nan, np.inf, -np.inf, 0.0, -1.0, 0.5, 1e300, -1e300, 1e-300, 5e-324, 1e20)
            if self.maybe(0.3):
                mixed: list[Any] = plain.tolist()
                mixed[row] = self.one(
                    None,
                    "abc",
                    "",
                    "1.5",
                    1 + 2j,
                    True,
                    [1.0, 2.0],
                    pd.NA,
                    pd.NaT,
                    {},
                    b"x",
                    10**400,
                )
                return mixed
            plain[row] = self.one(*wrong)
            return plain
        if kind == "length":
            return plain[:-1]
        if kind == "longer":
            return np.append(plain, 1.0)
        if kind == "all":
            factor = self.one(0.0, -1.0, 1e300, 1e-300, np.nan, np.inf)
            with np.errstate(all="ignore"):
                return plain * factor
        return self.one(
            [],
            "text",
            None,
            plain[:, None],
            plain[None, :],
            plain[:, None, None],
            plain.astype(complex) + 1j,
            np.ma.masked_array(plain, mask=np.arange(k) == row),
            plain > 0,
            plain.astype("datetime64[D]") if np.all(np.abs(plain) < 1e6) else "text",
            plain.astype(str),
            [plain.tolist(), [1.0]],
            {i: x for i, x in enumerate(plain.tolist())},
            set(plain.tolist()),
            pd.Series(plain).astype("Float64").mask(np.arange(k) == row),
            plain.astype(np.float32) if np.all(np.abs(plain) < 1e30) else 3.0,
            pd.DataFrame({"a": plain}),
            iter(plain.tolist()),
        )


def _names(value: Any) -> bool:
    return len(value) > 0 and all(isinstance(x, str) for x in value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 1.0


@dataclass(slots=True)
class Call:
    """One call of a public function.

    Attributes
    ----------
    function : callable
        What is called.
    kwargs : dict
        Its arguments, by name.
    fixed : tuple of str
        Arguments that are never spoiled: records that another function made.
    after : tuple of callable
        What is asked of the result as well.
    """

    function: Callable[..., Any]
    kwargs: dict[str, Any]
    fixed: tuple[str, ...] = ()
    after: tuple[Callable[[Any], Any], ...] = field(default=())

    def disturbed(self, draw: Draw) -> Call:
        """The same call in other containers, and in part of the cases with faults."""
        kwargs = {
            name: value if name in self.fixed else draw.dressed(value)
            for name, value in self.kwargs.items()
        }
        names = [name for name in kwargs if name not in self.fixed]
        if names and not draw.maybe(VALID):
            for _ in range(draw.one(1, 1, 1, 2, 3)):
                name = draw.one(*names)
                kwargs[name] = draw.spoiled(self.kwargs[name])
        return Call(self.function, kwargs, self.fixed, self.after)
