"""Numbers of a synthesis in the words of a forest plot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from evidence.report.figures.forest.scales import ShownFit
from evidence.report.record.numbers import format_number
from evidence.synthesis.pairwise.policies import describe_method
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS

NO_BREAK: Final = "\u00a0"


class HasHeterogeneity(Protocol):
    """A summary of all studies, or of a group of them."""

    @property
    def tau2(self) -> float | None:
        """Between-study variance."""
        ...

    @property
    def i2(self) -> float | None:
        """I2 as a proportion."""
        ...

    @property
    def q(self) -> float | None:
        """Cochran's Q."""
        ...

    @property
    def q_df(self) -> int | None:
        """Its degrees of freedom."""
        ...

    @property
    def q_p(self) -> float | None:
        """Its p-value."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHeterogeneity:
    """What is said about heterogeneity; None is not said."""

    tau2: float | None
    i2: float | None
    q: float | None
    q_df: int | None
    q_p: float | None


def interval_text(low: float, high: float, spec: str) -> str:
    """Interval in brackets."""
    return f"({format_number(low, spec)} to {format_number(high, spec)})"


def header_text(view: ShownFit, level: float) -> str:
    """Header of the estimates."""
    unit = ", %" if view.scale == "proportion" else ""
    return f"{view.name}{unit} ({100 * level:g}%{NO_BREAK}CI)"


def number_format(view: ShownFit) -> str:
    """Format that shows two digits of small ratios, and of the usual half-width of an interval."""
    if view.scale == "proportion":
        return "percent:1"
    if view.scale == "log":
        shown = [estimate for estimate, _, _ in (*view.studies, view.summary)]
        least = min(value for value in shown if math.isfinite(value)) / math.log(10)
        return f"ratio:{min(6, max(2, 1 - math.floor(least)))}"
    halves = [(high - low) / 2 for _, low, high in view.studies if math.isfinite(low)]
    half = float(np.median(halves or [1.0])) or 1.0
    return f"fixed:{min(6, max(0, 1 - math.floor(math.log10(half))))}"


def footer_texts(fit: PooledEffect, null: float | None) -> list[str]:
    """Lines below a summary: heterogeneity, test and model."""
    if fit.k == 1:
        return ["One study; nothing was pooled."]
    test = SUMMARY_TESTS[fit.test].words
    model = f"Model: {describe_method(fit.method)}; interval: {test}."
    overall = overall_text(fit.statistic, fit.df, fit.p_value) if null is not None else ""
    lines = [heterogeneity_text(heterogeneity_of(fit, common=fit.method == "CE")), overall, model]
    return [line for line in lines if line]


def heterogeneity_of(fit: HasHeterogeneity, *, common: bool = False) -> ShownHeterogeneity:
    """Heterogeneity of a summary; a common effect has no tau2."""
    return ShownHeterogeneity(
        tau2=None if common else fit.tau2, i2=fit.i2, q=fit.q, q_df=fit.q_df, q_p=fit.q_p
    )


def heterogeneity_text(fit: ShownHeterogeneity) -> str:
    """Heterogeneity of a summary or of a subgroup; empty if there is none to speak of."""
    parts = []
    if fit.tau2 is not None:
        parts.append(f"τ² = {format_number(fit.tau2, 'significant:2')}")
    if fit.i2 is not None:
        parts.append(f"I² = {format_number(fit.i2, 'percent:1')}%")
    if fit.q is not None and fit.q_p is not None:
        parts.append(f"Q = {format_number(fit.q, 'fixed:2')}, df = {fit.q_df}, {p_text(fit.q_p)}")
    return f"Heterogeneity: {'; '.join(parts)}." if parts else ""


def overall_text(statistic: float, df: float | None, p_value: float) -> str:
    """Test of no effect."""
    value = format_number(statistic, "fixed:2")
    shown = f"z = {value}" if df is None else f"t = {value}, df = {df:g}"
    return f"Overall effect: {shown}, {p_text(p_value)}."


def p_text(value: float) -> str:
    """P-value with its sign."""
    shown = format_number(value, "p:2")
    return f"p < {shown[1:]}" if shown.startswith("<") else f"p = {shown}"
