"""The result of a single-arm synthesis, on the natural scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evidence.arrays import FloatArray
from evidence.synthesis.inputs.studies import HoldsStudies, Studies
from evidence.synthesis.pairwise.pooled_effect import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

_SUMMARY_COLUMNS = (
    *("estimate", "ci_low", "ci_high", "level", "prediction_low", "prediction_high", "k"),
    *("transform", "back_transform_n", "back_transform_rule", "zero_cell_rule"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SingleArmSummary(HoldsStudies):
    """Summary of one quantity in k single arms, on the natural scale.

    Attributes
    ----------
    estimate, ci_low, ci_high, level : float
        Summary, its confidence interval, and its coverage.
    prediction_low, prediction_high : float or None
        Prediction interval; ``fit.prediction_reason`` says why there is none.
    transform : str
        Measure whose scale the fit is on.
    back_transform_n : float or None
        Sample size or person-time at which a Freeman-Tukey value was inverted.
    back_transform_rule : str
        Where that number comes from, or how the scale was inverted.
    k : int
        Number of studies in the summary.
    xi, sizes : ndarray, shape (k,)
        Events, and participants or person-time.
    estimates, ci_lows, ci_highs : ndarray, shape (k,)
        Each study's own value with its exact interval at ``level``.
    labels : tuple of str, length k
        Studies.
    zero_cell_rule : str
        What was added to empty cells for the fit, and where.
    fit : PooledEffect
        The synthesis on the transformed scale.
    decisions : tuple of str
        Choices of the fit and of the way back, in sentences.
    """

    estimate: float
    ci_low: float
    ci_high: float
    level: float
    prediction_low: float | None
    prediction_high: float | None
    transform: str
    back_transform_n: float | None
    back_transform_rule: str
    k: int
    xi: FloatArray
    sizes: FloatArray
    estimates: FloatArray
    ci_lows: FloatArray
    ci_highs: FloatArray
    labels: tuple[str, ...]
    zero_cell_rule: str
    fit: PooledEffect
    decisions: tuple[str, ...]
    #: Largest possible value.
    largest: ClassVar[float] = math.inf

    @property
    def own_studies(self) -> Studies:
        """Its effects and variances on the transformed scale."""
        return self.fit.own_studies

    def _row(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in _SUMMARY_COLUMNS}
        totals = {"events": float(self.xi.sum()), "size": float(self.sizes.sum())}
        parts = {"method": self.fit.method, "test": self.fit.test, "policy": self.fit.policy}
        return row | totals | parts

    def studies_frame(self) -> pd.DataFrame:
        """One row for each study: events, size, own value with exact interval, weight."""
        import pandas as pd

        return pd.DataFrame(
            {
                "study": self.labels,
                "events": self.xi,
                "size": self.sizes,
                "estimate": self.estimates,
                "ci_low": self.ci_lows,
                "ci_high": self.ci_highs,
                "weight": self.fit.weights,
            }
        )

    def __str__(self) -> str:
        """Short printed summary."""
        counts = f"{self.xi.sum():g} events in {self.sizes.sum():g}"
        lines = [
            f"{type(self).__name__} of {self.k} studies ({counts}), scale {self.transform}",
            f"  estimate {self.estimate:.4g}, {100 * self.level:g}% CI {self.ci_low:.4g} to "
            f"{self.ci_high:.4g}",
        ]
        if self.prediction_low is not None:
            limits = f"{self.prediction_low:.4g} to {self.prediction_high:.4g}"
            lines.append(f"  prediction {100 * self.level:g}% interval {limits}")
        return "\n".join([*lines, *self.decisions])


class PooledProportion(SingleArmSummary):
    """Pooled proportion, 0 to 1; ``sizes`` are participants."""

    __slots__ = ()
    largest: ClassVar[float] = 1.0

    @property
    def ni(self) -> FloatArray:
        """Participants of each study, shape (k,)."""
        return self.sizes


class PooledRate(SingleArmSummary):
    """Pooled incidence rate in events per unit of ``ti``; ``sizes`` are person-time."""

    __slots__ = ()

    @property
    def ti(self) -> FloatArray:
        """Person-time of each study, shape (k,)."""
        return self.sizes
