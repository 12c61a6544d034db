"""How values of each measure are shown: their name, their format, and the axis of their plots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evidence.report.drawing.axes import Scale
from evidence.report.record.document import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMeasure:
    """The words and the format of one measure.

    Attributes
    ----------
    name : str
        In a sentence, such as "rate ratio".
    header : str
        Above a column, such as "Rate ratio".
    before_level : Text
        Above the effects of a forest plot, up to the bracket with the level of their intervals.
    axis : str
        Below the axis of a forest plot.
    analysis_scale : str
        On which the effects are pooled: "log", "logit", "arcsine".
    drawn_on : str
        Scale of the axis; on "proportion" the values are moved back to proportions.
    format, unit : str
        Number format, and the unit written after it.
    """

    name: str
    header: str
    before_level: Text
    axis: str
    analysis_scale: str
    drawn_on: Scale
    format: str
    unit: str = ""

    @property
    def reader_factor(self) -> float:
        """From a value on its natural scale to what a reader sees: per cent of proportions."""
        return 100.0 if self.unit == "%" else 1.0


def _ratio(name: str) -> ShownMeasure:
    return ShownMeasure(
        name=name,
        header=name.capitalize(),
        before_level=(name.capitalize(), " ("),
        axis=f"{name.capitalize()}, log scale",
        analysis_scale="log",
        drawn_on="log",
        format="ratio:2",
    )


def _percentage(analysis_scale: str) -> ShownMeasure:
    return ShownMeasure(
        name="percentage",
        header="Per cent",
        before_level=("Per cent (",),
        axis="Per cent of patients",
        analysis_scale=analysis_scale,
        drawn_on="proportion",
        format=f"{analysis_scale}:1",
        unit="%",
    )


MEASURES: Mapping[str, ShownMeasure] = {
    "IRR": _ratio("rate ratio"),
    "HR": _ratio("hazard ratio"),
    "RR": _ratio("risk ratio"),
    "OR": _ratio("odds ratio"),
    "PLO": _percentage("logit"),
    "PAS": _percentage("arcsine"),
}
