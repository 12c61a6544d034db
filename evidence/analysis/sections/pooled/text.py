"""A pooled result, or the effect of a study, in words: estimate, interval, heterogeneity."""

from __future__ import annotations

from evidence.analysis.sections.pooled.measures import MEASURES
from evidence.analysis.sections.pooled.records import Effect
from evidence.analysis.shared.context import Context
from evidence.arrays import FloatArray
from evidence.effects.conversions import wald_interval
from evidence.report.record.document import Text
from evidence.report.record.ledger import Computed
from evidence.synthesis.pairwise.policies import describe_method, describe_prediction
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS


def estimate_text(context: Context, pooled: Computed[PooledEffect], measure: str) -> Text:
    """Return "0.48 (95% CI 0.40 to 0.57)"."""
    spec, unit = MEASURES[measure].format, MEASURES[measure].unit
    show = context.ledger.show
    value, low, high = (
        show(pooled.quantity(path), spec) for path in ("estimate", "ci_low", "ci_high")
    )
    return (value, unit, " (", *level_text(context, pooled), " CI ", low, " to ", high, unit, ")")


def level_text(context: Context, pooled: Computed[PooledEffect]) -> Text:
    """Return the confidence level, such as "95%"."""
    return (context.ledger.show(pooled.quantity("level"), "percent:0"), "%")


def prediction_text(context: Context, pooled: Computed[PooledEffect], measure: str) -> Text:
    """Return a sentence with the prediction interval, or with the reason why there is none."""
    prediction = pooled.result.prediction
    if prediction is None:
        return (context.ledger.name(f"computed:{pooled.id}#prediction_reason"),)
    interval = prediction_interval_text(context, pooled, measure)
    definition = context.ledger.words(describe_prediction, definition=prediction.definition)
    return context.ledger.prose(
        "The {level} prediction interval is {interval} ({definition}).",
        level=level_text(context, pooled),
        interval=interval,
        definition=definition,
    )


def prediction_interval_text(
    context: Context, pooled: Computed[PooledEffect], measure: str
) -> Text:
    """Return "0.30 to 0.75"."""
    spec, unit = MEASURES[measure].format, MEASURES[measure].unit
    low, high = (
        context.ledger.show(pooled.quantity(f"prediction.{side}"), spec) for side in ("low", "high")
    )
    return (low, " to ", high, unit)


def heterogeneity_text(context: Context, pooled: Computed[PooledEffect]) -> Text:
    """Return tau2 with its interval, I2 and Q, each with its definition."""
    show = context.ledger.show
    if pooled.result.k < 2:
        return ("Heterogeneity is not estimable from one study.",)
    return context.ledger.prose(
        "Heterogeneity: τ² = {tau2}; I² = {i2}; Q = {q} on {df} df, {p}",
        tau2=_tau2_text(context, pooled),
        i2=_i2_text(context, pooled),
        q=show(pooled.quantity("q"), "fixed:2"),
        df=show(pooled.quantity("q_df"), "fixed:0"),
        p=p_text(context, pooled, "q_p"),
    )


def _tau2_text(context: Context, pooled: Computed[PooledEffect]) -> Text:
    show = context.ledger.show
    value = show(pooled.quantity("tau2"), "fixed:3")
    if pooled.result.tau2_ci_low is None:
        return (value,)
    low, high = (show(pooled.quantity(f"tau2_ci_{side}"), "fixed:3") for side in ("low", "high"))
    level = level_text(context, pooled)
    return (value, " (", *level, " CI ", low, " to ", high, ", Q-profile)")


def _i2_text(context: Context, pooled: Computed[PooledEffect]) -> Text:
    definition = pooled.result.i2_definition
    value = context.ledger.show(pooled.quantity("i2"), "percent:0")
    return (value, "% (from ", {"tau2": "τ²"}.get(definition, definition), ")")


def method_text(context: Context, pooled: Computed[PooledEffect]) -> Text:
    """Return estimator, interval and policy in words."""
    if pooled.result.k < 2:
        return ("one study, reported as it is",)
    return context.ledger.prose(
        "estimator of τ²: {method}; interval: {test}; policy: {policy}",
        method=context.ledger.words(describe_method, method=pooled.result.method),
        test=SUMMARY_TESTS[pooled.result.test].words,
        policy=context.ledger.name(f"computed:{pooled.id}#policy"),
    )


def decisions_text(context: Context, pooled: Computed[PooledEffect]) -> list[Text]:
    """Return each choice that was taken, as the computation gives it."""
    return [
        (context.ledger.name(f"computed:{pooled.id}#decisions.{i}"),)
        for i in range(len(pooled.result.decisions))
    ]


def p_text(context: Context, pooled: Computed[PooledEffect], path: str = "p_value") -> Text:
    """Return "p = 0.003" or "p < 0.0001"."""
    shown = context.ledger.show(pooled.quantity(path), "p:2")
    return ("p ", shown) if shown.text.startswith("<") else ("p = ", shown)


def study_interval(
    context: Context, effect: Computed[Effect], level: float
) -> Computed[tuple[FloatArray, FloatArray]]:
    """Compute the Wald interval of one study's effect, on the scale of analysis."""
    inputs = {"yi": effect.quantity("yi.0"), "vi": effect.quantity("vi.0")}
    return context.ledger.compute(wald_interval, inputs, level=level)


def study_text(context: Context, effect: Computed[Effect], level: float, measure: str) -> Text:
    """Return "0.45 (0.32 to 0.63)" for one study."""
    show, spec = context.ledger.show, MEASURES[measure].format
    interval = study_interval(context, effect, level)
    low, high = (show(interval.quantity(side), spec) for side in ("0", "1"))
    return (show(effect.quantity("yi.0"), spec), " (", low, " to ", high, ")")
