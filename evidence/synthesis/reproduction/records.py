"""What an explanation of a published result holds: the settings, and how close they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.effects.measures import find_measure
from evidence.results import Result, columns_of, frame_of
from evidence.synthesis.heterogeneity.estimators import ESTIMATORS
from evidence.synthesis.reproduction.search import interval_name

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One way of pooling the studies, and how close it comes to the published numbers.

    Attributes
    ----------
    measure, zero_cells, method, test : str
        Scale, rule for empty cells, estimator of tau2 (or method), interval of the summary.
    left_out : tuple of str
        Studies left out; empty if all are in.
    estimate, ci_low, ci_high : float
        Its summary as the publication prints it: natural scale, in per cent if that was asked.
    i2, i2_definition : float, str or None
        I2 in per cent, if it was given.
    prediction_low, prediction_high, prediction : float, float, str or None
        Prediction interval with its definition, if it was given.
    distance : float
        Largest difference, in units of the last printed digit.
    reproduces : bool
        Every number rounds to the printed one.
    same : tuple of str
        Other estimators and intervals that give the same numbers here.
    """

    measure: str
    zero_cells: str
    method: str
    test: str
    left_out: tuple[str, ...]
    estimate: float
    ci_low: float
    ci_high: float
    i2: float | None
    i2_definition: str | None
    prediction_low: float | None
    prediction_high: float | None
    prediction: str | None
    distance: float
    reproduces: bool
    same: tuple[str, ...] = ()

    @property
    def interval(self) -> str:
        """The interval of the summary in words."""
        return interval_name(self.test)

    @property
    def left_out_text(self) -> str:
        """The studies left out in words."""
        return ", ".join(self.left_out) or "none"

    @property
    def _scale(self) -> str:
        measure = find_measure(self.measure)
        other = "" if measure.contrast or measure.transform == "identity" else measure.transform
        return f"{measure.label}{f' on the {other} scale' if other else ''} ({self.measure})"

    @property
    def _method(self) -> str:
        known = {one.name: one.words for one in ESTIMATORS.values()} | {"MH": "Mantel-Haenszel"}
        return f"{known[self.method]} ({self.method})" if self.method in known else self.method

    @property
    def words(self) -> str:
        """The setting in words."""
        parts = [self._scale, self._method, self.interval]
        parts += [f"empty cells: {self.zero_cells}"] if self.zero_cells not in ("", "none") else []
        parts += [f"I2 from {self.i2_definition}"] if self.i2_definition else []
        parts += [f"prediction interval {self.prediction}"] if self.prediction else []
        parts += [f"the same by {', '.join(self.same)}"] if self.same else []
        left = f"without {', '.join(self.left_out)}" if self.left_out else "all studies"
        return ", ".join([*parts, left])


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Result):
    """Which settings reproduce a published result, the likeliest first.

    Attributes
    ----------
    estimate, ci_low, ci_high : float or None
        The published numbers.
    level : float
        Coverage of the interval.
    decimals : int
        Printed decimals.
    k : int
        Studies that were given.
    tried : int
        Settings that were tried.
    reproducing : int
        How many of them give the printed digits.
    settings : tuple of Setting
        The best of them. Those that reproduce come first: fewest studies left out, then the order
        in which reviews use the methods; the others by distance.
    nearest_with_all : Setting or None
        The best setting that leaves no study out.
    sentence : str
        The outcome.
    """

    estimate: float
    ci_low: float | None
    ci_high: float | None
    level: float
    decimals: int
    k: int
    tried: int
    reproducing: int
    settings: tuple[Setting, ...]
    nearest_with_all: Setting | None
    sentence: str

    @property
    def reproduced(self) -> bool:
        """Whether any setting gives the printed digits."""
        return self.reproducing > 0

    def to_frame(self) -> pd.DataFrame:
        """One row for each setting that was kept, the likeliest first."""
        return frame_of(self.settings, columns_of(Setting), {"left_out": "; ", "same": "; "})

    def __str__(self) -> str:
        """Short printed summary."""
        return self.sentence
