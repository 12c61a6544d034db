"""What is concluded from a summary and its interval, as a rule that is declared beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.errors import BadInput, known_name
from evidence.input_checks import real_number

CodeArray = npt.NDArray[np.int8]

#: Kinds of rules, with the sides that a result can be on.
DECISION_RULES: Final = {
    "ci-excludes-null": ("below", "includes", "above"),
    "estimate-beyond": ("beyond", "not beyond"),
    "ci-beyond": ("beyond", "not beyond"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRule:
    """A rule that puts every result on one side.

    Attributes
    ----------
    kind : str
        ci-excludes-null: the interval is below, includes or is above 0 (on the log scale of a
        ratio). estimate-beyond, ci-beyond: the estimate, or the whole interval, is further from 0
        than the threshold, on its side.
    thresholds : float or mapping of str to float, optional
        Smallest effect that matters, on the scale of the effects (log for ratios), with its sign;
        by measure if there are several scales.
    """

    kind: str = "ci-excludes-null"
    thresholds: float | Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        known_name("decision rule", self.kind, DECISION_RULES)
        if (self.thresholds is None) != (self.kind == "ci-excludes-null"):
            raise BadInput(
                f"The decision rule {self.kind} was given thresholds={self.thresholds}. Only "
                "estimate-beyond and ci-beyond take thresholds, and they need them."
            )
        given = {} if self.thresholds is None else self.thresholds
        for measure, value in (given if isinstance(given, Mapping) else {"": given}).items():
            number = real_number(value)
            if not math.isfinite(number) or number == 0.0:
                raise BadInput(
                    f"The threshold {measure} of the rule {self.kind} is {value!r:.80}. Give a "
                    "number that is not 0, on the scale of the effects, such as log(0.8)."
                )

    @property
    def sides(self) -> tuple[str, ...]:
        """Names of the sides, in the order of their codes."""
        return DECISION_RULES[self.kind]

    @property
    def words(self) -> str:
        """The rule in words."""
        if self.thresholds is None:
            return "the interval excludes 0"
        what = "the estimate is" if self.kind == "estimate-beyond" else "the whole interval is"
        given = self.thresholds
        if isinstance(given, Mapping):
            values = ", ".join(f"{value:g} ({name})" for name, value in given.items())
        else:
            values = f"{given:g}"
        return f"{what} beyond {values}"

    def threshold(self, measure: str) -> float:
        """Threshold on one scale.

        Parameters
        ----------
        measure : str
            Scale of the effects.

        Raises
        ------
        BadInput
            If there is none for it.
        """
        given = self.thresholds
        if isinstance(given, Mapping):
            if measure not in given:
                raise BadInput(
                    f"The rule {self.kind} has thresholds for {', '.join(given) or 'no scale'} and "
                    f"is asked about {measure}. Give one for each scale, or fewer scales."
                )
            return given[measure]
        return 0.0 if given is None else given

    def check_measures(self, measures: Sequence[str]) -> None:
        """Refuse scales for which there is no threshold, or one number for several scales.

        Parameters
        ----------
        measures : sequence of str
            Scales of the effects.

        Raises
        ------
        BadInput
            If a scale has no threshold of its own.
        """
        one = self.thresholds is not None and not isinstance(self.thresholds, Mapping)
        if len(measures) > 1 and one:
            raise BadInput(
                f"The rule {self.kind} has one threshold for the scales {', '.join(measures)}, "
                "which do not compare. Give thresholds={measure: number}."
            )
        for measure in measures:
            self.threshold(measure)

    def decide(
        self, estimate: FloatArray, low: FloatArray, high: FloatArray, measure: str
    ) -> CodeArray:
        """Side of each result, as its place among ``sides``; -1 where a number is missing.

        Parameters
        ----------
        estimate, low, high : ndarray
            Summaries and their intervals on the scale of the effects, of one shape.
        measure : str
            That scale.
        """
        if self.kind == "ci-excludes-null":
            side = np.where(high < 0.0, 0, np.where(low > 0.0, 2, 1))
        else:
            threshold = self.threshold(measure)
            sign = math.copysign(1.0, threshold)
            near = np.where(sign > 0.0, low, high) if self.kind == "ci-beyond" else estimate
            side = np.where(sign * (near - threshold) > 0.0, 0, 1)
        known = np.isfinite(estimate) & np.isfinite(low) & np.isfinite(high)
        return np.where(known, side, -1).astype(np.int8)
