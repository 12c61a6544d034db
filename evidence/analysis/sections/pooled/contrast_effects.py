"""From a contrast or cohort and its route to an effect: which function computes it."""

from __future__ import annotations

from evidence.analysis.sections.pooled.text import SHOWN
from evidence.analysis.shared.context import Context
from evidence.arrays import FloatArray
from evidence.effects.arm_estimates import (
    ArmEffects,
    log_ratio_of_rates,
    log_ratio_of_rates_of_patients,
    proportion_from_interval,
)
from evidence.effects.conversions import wald_interval
from evidence.effects.effect_sizes import EffectSizes, effect_size
from evidence.effects.printed_percentages import events_behind
from evidence.outcomes.arms import Cohort
from evidence.outcomes.contrasts import Contrast
from evidence.report.record.document import Text
from evidence.report.record.ledger import Computed, Quantity
from evidence.trials.rows.printed import decimals_printed

#: What the routes give: ``yi`` and ``vi`` of length 1.
Effect = EffectSizes | ArmEffects
#: Route to the words that the methods paragraph and the tables use for it.
ROUTE_WORDS = {
    "published-ratio": "published ratio with its interval",
    "events-per-person-years": "events and person-years of each arm",
    "rates-with-ci": "rate of each arm with its interval",
    "rates-of-patients": "rate, patients and planned length of each arm",
    "events-of-patients": "patients with the event, of all",
    "percentages-of-patients": "percentage of each arm, as whole patients where it allows",
    "proportion-with-ci": "published percentage with its interval",
    "percentage-of-patients": "published percentage, as whole patients where it allows",
}


def contrast_effect(context: Context, contrast: Contrast, measure: str) -> Computed[Effect]:
    """Compute log ratio and variance of one contrast."""
    inputs = {name: [context.at(address)] for name, address in contrast.inputs.items()}
    if contrast.route == "rates-with-ci":
        return context.ledger.compute(log_ratio_of_rates, inputs, level=contrast.level)
    if contrast.route == "rates-of-patients":
        return context.ledger.compute(log_ratio_of_rates_of_patients, inputs)
    if contrast.route == "published-ratio":
        return context.ledger.compute(effect_size, inputs, measure=measure, level=contrast.level)
    counts = contrast_counts(context, contrast) or {}
    given = {name: [quantity] for name, quantity in counts.items()}
    return context.ledger.compute(effect_size, given or inputs, measure=measure)


def contrast_counts(context: Context, contrast: Contrast) -> dict[str, Quantity] | None:
    """Return events and patients of both arms, or None if the contrast is from other numbers."""
    inputs = {name: context.at(address) for name, address in contrast.inputs.items()}
    if contrast.route == "events-of-patients":
        return inputs
    if contrast.route != "percentages-of-patients":
        return None
    pairs = {"ai": ("percent1", "n1i"), "ci": ("percent2", "n2i")}
    events = {
        name: _events(context, contrast.inputs[percent], inputs[n])
        for name, (percent, n) in pairs.items()
    }
    return {**events, "n1i": inputs["n1i"], "n2i": inputs["n2i"]}


def _events(context: Context, address: str, ni: Quantity) -> Quantity:
    """Return the events behind the percentage at an address."""
    percent = context.at(address)
    printed = context.trials.row(address.partition("#")[0])["printed"]
    found = context.ledger.compute(
        events_behind,
        {"percent": percent, "ni": ni},
        decimals=decimals_printed(printed, percent.value),
    )
    return found.quantity()


def cohort_effect(context: Context, cohort: Cohort, measure: str) -> Computed[Effect]:
    """Compute the transformed proportion of one cohort, and its variance."""
    counts = cohort_counts(context, cohort)
    if counts is not None:
        given = {name: [quantity] for name, quantity in counts.items()}
        return context.ledger.compute(effect_size, given, measure=measure)
    inputs = {name: [context.at(address)] for name, address in cohort.inputs.items()}
    return context.ledger.compute(
        proportion_from_interval, inputs, measure=measure, level=cohort.level
    )


def cohort_counts(context: Context, cohort: Cohort) -> dict[str, Quantity] | None:
    """Return events and patients of a cohort, or None if it prints a percentage with interval."""
    if cohort.route == "proportion-with-ci":
        return None
    inputs = {name: context.at(address) for name, address in cohort.inputs.items()}
    if cohort.route == "percentage-of-patients":
        events = _events(context, cohort.inputs["percent"], inputs["ni"])
        return {"xi": events, "ni": inputs["ni"]}
    return inputs


def study_interval(
    context: Context, effect: Computed[Effect], level: float
) -> Computed[tuple[FloatArray, FloatArray]]:
    """Compute the Wald interval of one study's effect, on the scale of analysis."""
    inputs = {"yi": effect.quantity("yi.0"), "vi": effect.quantity("vi.0")}
    return context.ledger.compute(wald_interval, inputs, level=level)


def interval_text(context: Context, effect: Computed[Effect], level: float, measure: str) -> Text:
    """Return "0.45 (0.32 to 0.63)" for one study."""
    show, spec = context.ledger.show, SHOWN[measure][0]
    interval = study_interval(context, effect, level)
    low, high = (show(interval.quantity(side), spec) for side in ("0", "1"))
    return (show(effect.quantity("yi.0"), spec), " (", low, " to ", high, ")")
