"""How a summary of counts prints: the ratio first, the scale of analysis beside it."""

from __future__ import annotations

from typing import ClassVar, Protocol, cast

from evidence.effects.conversions import back_transform
from evidence.effects.measures import MEASURES
from evidence.results import Result


class _Summary(Protocol):
    """What there is to print."""

    @property
    def measure(self) -> str: ...
    @property
    def k(self) -> int: ...
    @property
    def estimate(self) -> float | None: ...
    @property
    def ci_low(self) -> float | None: ...
    @property
    def ci_high(self) -> float | None: ...
    @property
    def level(self) -> float: ...
    @property
    def p_value(self) -> float | None: ...


class CountSummary(Result):
    """A summary of the counts of several studies, which prints on its natural scale.

    Attributes
    ----------
    WORDS : str
        The method in words.
    """

    __slots__ = ()

    WORDS: ClassVar[str] = ""

    def __str__(self) -> str:
        """Summary with its interval, heterogeneity, and what was decided."""
        summary = cast(_Summary, self)
        studies = "1 study" if summary.k == 1 else f"{summary.k} studies"
        lines = [f"{self.WORDS}, {summary.measure} of {studies}", *_estimate_lines(summary)]
        tau2, reason = getattr(self, "tau2", None), getattr(self, "reason", None)
        scatter = getattr(self, "heterogeneity", self)
        q, q_df, q_p = (getattr(scatter, name, None) for name in ("q", "q_df", "q_p"))
        if tau2 is not None:
            lines.append(f"  tau2 {tau2:.4g}")
        if q is not None and q_p is not None:
            i2 = getattr(scatter, "i2", None)
            share = "" if i2 is None else f"; I2 {100 * i2:.1f}%"
            lines.append(f"  Q {q:.4g} on {q_df} df, p = {q_p:.3g}{share}")
        said = getattr(self, "decisions", ())
        return "\n".join([*lines, *said, *([reason] if reason and reason not in said else [])])


def _estimate_lines(summary: _Summary) -> list[str]:
    bounds = (summary.estimate, summary.ci_low, summary.ci_high)
    measure = MEASURES[summary.measure]
    natural = [
        None if value is None else float(back_transform(value, measure.name)) for value in bounds
    ]
    p_value = "" if summary.p_value is None else f", p = {summary.p_value:.3g}"
    lines = [f"  {measure.name} {_interval(natural, summary.level)}{p_value}"]
    if measure.transform != "identity" and summary.estimate is not None:
        lines.append(f"  on the {measure.transform} scale {_interval(bounds, summary.level)}")
    return lines


def _interval(values: tuple[float | None, ...] | list[float | None], level: float) -> str:
    middle, low, high = ("none" if value is None else f"{value:.4g}" for value in values)
    if values[0] is None and values[1] is None:
        return "not estimable"
    return f"{middle} ({100 * level:g}% CI {low} to {high})"
