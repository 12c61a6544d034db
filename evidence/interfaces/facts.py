"""What there is to say about a synthesis, as pairs of a name and a text, and its studies as rows.

Numbers are plain ASCII, so that they can be pasted into any program.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from evidence.report.record.numbers import MINUS, format_number
from evidence.synthesis.pairwise.natural_scale import (
    Synthesis,
    fit_of,
    has_natural_scale,
    measure_of,
    natural_studies,
    natural_summary,
)
from evidence.synthesis.pairwise.policies import POLICIES, describe_method, describe_prediction
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS

Fact = tuple[str, str]


def number(value: float | None, spec: str = "significant:4") -> str:
    """Return a number as a terminal shows it."""
    if value is None:
        return "not estimable"
    if not math.isfinite(value):
        return "beyond double precision"
    return format_number(value, spec).replace(MINUS, "-")


def interval(low: float | None, high: float | None) -> str:
    """Return "0.1 to 0.2"."""
    return f"{number(low)} to {number(high)}"


def p_value(value: float | None) -> str:
    """Return "p = 0.03" or "p <0.0001"."""
    shown = number(value, "p:2")
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def title_of(result: Synthesis) -> str:
    """Return "Hazard ratio (HR) of 3 studies"."""
    spec, k = measure_of(result), fit_of(result).k
    name = spec.label.capitalize() + ("" if spec.name == "GEN" else f" ({spec.name})")
    return f"{name} of {k} {'study' if k == 1 else 'studies'}"


def facts_of(result: Synthesis) -> list[Fact]:
    """Return the summary, heterogeneity and methods of a synthesis, each with its definition."""
    fit = fit_of(result)
    return [
        *_summary_facts(result),
        _prediction_fact(result),
        *_heterogeneity_facts(fit),
        *_method_facts(result),
    ]


def _summary_facts(result: Synthesis) -> Iterator[Fact]:
    fit, natural = fit_of(result), natural_summary(result)
    level = f"{100 * fit.level:g}% CI"
    bounds = interval(natural["ci_low"], natural["ci_high"])
    test = f", {p_value(fit.p_value)}" if _has_null(result) else ""
    yield "summary", f"{number(natural['estimate'])} ({level} {bounds}){test}"
    if has_natural_scale(result):
        bounds = interval(fit.ci_low, fit.ci_high)
        shown = f"{number(fit.estimate)} ({level} {bounds}), standard error {number(fit.se)}"
        yield f"{measure_of(result).transform} scale", shown
    else:
        yield "standard error", number(fit.se)


def _has_null(result: Synthesis) -> bool:
    """Whether 0 on the scale of analysis, which the test is about, means something."""
    spec = measure_of(result)
    return spec.contrast or "correlation" in spec.label


def _prediction_fact(result: Synthesis) -> Fact:
    fit, natural = fit_of(result), natural_summary(result)
    if fit.prediction is None:
        return "prediction", f"none. {fit.prediction_reason}"
    bounds = interval(natural["prediction_low"], natural["prediction_high"])
    words = describe_prediction(fit.prediction.definition)
    return "prediction", f"{100 * fit.level:g}% interval {bounds}; {words}"


def _heterogeneity_facts(fit: PooledEffect) -> Iterator[Fact]:
    if fit.tau2 is not None:
        bounds = interval(fit.tau2_ci_low, fit.tau2_ci_high)
        known = f"{100 * fit.level:g}% CI {bounds}, Q-profile"
        yield "tau2", f"{number(fit.tau2)} ({'assumed' if fit.tau2_ci_low is None else known})"
    if fit.i2 is not None:
        shares = f"{number(fit.i2, 'percent:1')}%, {number(fit.h2)}"
        yield "I2, H2", f"{shares} (from {fit.i2_definition})"
    if fit.q is not None:
        yield "Q", f"{number(fit.q)} on {fit.q_df} df, {p_value(fit.q_p)}"


def _method_facts(result: Synthesis) -> Iterator[Fact]:
    fit = fit_of(result)
    if fit.k > 1:
        yield "tau2 by", describe_method(fit.method)
    reference = "" if fit.df is None else f", {fit.df:g} df"
    yield "interval by", f"{SUMMARY_TESTS[fit.test].words}{reference}"
    yield "policy", f"{fit.policy} ({POLICIES[fit.policy].source})"


def study_columns(result: Synthesis) -> tuple[str, ...]:
    """Return the headers of :func:`study_rows`."""
    spec, fit = measure_of(result), fit_of(result)
    named = spec.name if spec.contrast and spec.name != "GEN" else spec.label
    exact = " (exact)" if isinstance(result, SingleArmSummary) else ""
    return ("study", named, f"{100 * fit.level:g}% CI{exact}", "weight")


def study_rows(result: Synthesis) -> list[tuple[str, ...]]:
    """Return for each study its name, estimate, interval and weight."""
    fit = fit_of(result)
    cells = zip(fit.labels, *natural_studies(result), fit.weights, strict=True)
    return [
        (name, number(y), interval(low, high), f"{number(weight, 'percent:1')}%")
        for name, y, low, high, weight in cells
    ]
