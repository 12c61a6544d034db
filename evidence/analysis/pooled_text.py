"""A pooled result in words: estimate and interval, heterogeneity, prediction interval, decisions."""

from __future__ import annotations

from evidence.analysis.context import Context
from evidence.report.document import Cell, Text
from evidence.report.ledger import Computed
from evidence.synthesis.policies import TESTS, describe_method, describe_prediction

#: How values of each measure are shown: number format, and the unit written after it.
SHOWN = {"IRR": ("ratio:2", ""), "HR": ("ratio:2", ""), "RR": ("ratio:2", ""), "OR": ("ratio:2", ""), "PLO": ("logit:1", "%"), "PAS": ("arcsine:1", "%")}
MEASURE_NAMES = {"IRR": "rate ratio", "HR": "hazard ratio", "RR": "risk ratio", "OR": "odds ratio"}


def estimate_text(context: Context, pooled: Computed, measure: str) -> Text:
    """Return "0.48 (95% CI 0.40 to 0.57)"."""
    spec, unit = SHOWN[measure]
    show = context.ledger.show
    value, low, high = (show(pooled.quantity(path), spec) for path in ("estimate", "ci_low", "ci_high"))
    return (value, unit, " (", *level_text(context, pooled), " CI ", low, " to ", high, unit, ")")


def level_text(context: Context, pooled: Computed) -> Text:
    """Return the confidence level, such as "95%"."""
    return (context.ledger.show(pooled.quantity("level"), "percent:0"), "%")


def prediction_text(context: Context, pooled: Computed, measure: str) -> Text:
    """Return a sentence with the prediction interval and its definition, or with the reason why there is none."""
    if pooled.result.prediction is None:
        return (context.ledger.name(f"computed:{pooled.id}#prediction_reason"),)
    spec, unit = SHOWN[measure]
    low, high = (context.ledger.show(pooled.quantity(f"prediction.{side}"), spec) for side in ("low", "high"))
    definition = context.ledger.words(describe_prediction, definition=pooled.result.prediction.definition)
    return ("The ", *level_text(context, pooled), " prediction interval is ", low, " to ", high, unit, " (", definition, ").")


def heterogeneity_text(context: Context, pooled: Computed) -> Text:
    """Return tau2 with its interval, I2 and Q, each with its definition."""
    result, show = pooled.result, context.ledger.show
    if result.k < 2:
        return ("Heterogeneity is not estimable from one study.",)
    tau2: Text = ("Heterogeneity: τ² = ", show(pooled.quantity("tau2"), "fixed:3"))
    if result.tau2_ci_low is not None:
        bounds = [show(pooled.quantity(f"tau2_ci_{side}"), "fixed:3") for side in ("low", "high")]
        tau2 = (*tau2, " (", *level_text(context, pooled), " CI ", bounds[0], " to ", bounds[1], ", Q-profile)")
    i2: Text = ("; I² = ", show(pooled.quantity("i2"), "percent:0"), "% (from ", _definition(result.i2_definition), ")")
    q: Text = ("; Q = ", show(pooled.quantity("q"), "fixed:2"), " on ", show(pooled.quantity("q_df"), "fixed:0"))
    return (*tau2, *i2, *q, " df, p = ", show(pooled.quantity("q_p"), "p:2"))


def _definition(name: str) -> str:
    return {"tau2": "τ²"}.get(name, name)


def method_text(context: Context, pooled: Computed) -> Text:
    """Return estimator, interval and policy in words."""
    if pooled.result.k < 2:
        return ("one study, reported as it is",)
    method = context.ledger.words(describe_method, method=pooled.result.method)
    policy = context.ledger.name(f"computed:{pooled.id}#policy")
    return ("estimator of τ²: ", method, "; interval: ", TESTS[pooled.result.test], "; policy: ", policy)


def decisions_text(context: Context, pooled: Computed) -> list[Text]:
    """Return each choice that was taken, as the computation gives it."""
    return [(context.ledger.name(f"computed:{pooled.id}#decisions.{i}"),) for i in range(len(pooled.result.decisions))]


def p_text(context: Context, pooled: Computed) -> Text:
    """Return "p = 0.003" or "p < 0.0001"."""
    shown = context.ledger.show(pooled.quantity("p_value"), "p:2")
    return ("p ", shown) if shown.text.startswith("<") else ("p = ", shown)


def sensitivity_cells(context: Context, label: Text, pooled: Computed, measure: str) -> tuple[Cell, ...]:
    """Return a row of the sensitivity table: label, k, estimate, prediction interval, tau2, I2."""
    spec, unit = SHOWN[measure]
    result, show = pooled.result, context.ledger.show
    low_high: Text = ("—",)
    if result.prediction is not None:
        low, high = (show(pooled.quantity(f"prediction.{side}"), spec) for side in ("low", "high"))
        low_high = (low, " to ", high, unit)
    tau2: Text = (show(pooled.quantity("tau2"), "fixed:3"),) if result.tau2 is not None else ("—",)
    i2: Text = (show(pooled.quantity("i2"), "percent:0"), "%") if result.i2 is not None else ("—",)
    texts: list[Text] = [label, (show(pooled.quantity("k"), "fixed:0"),), estimate_text(context, pooled, measure), low_high, tau2, i2]
    return tuple(Cell(text=text) for text in texts)
