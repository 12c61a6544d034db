"""The rules of the audit, each a function over the dataset; a new rule is added here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evidence.trials.audit.basis.book import Book
from evidence.trials.audit.basis.findings import Finding
from evidence.trials.audit.rules import complementary as complements
from evidence.trials.audit.rules import (
    counts,
    differing,
    doses,
    effects,
    limit_p_values,
    limits,
    names,
    over_time,
    p_values,
    percentages,
    pooled,
    populations,
    rates,
    spreads,
    sums,
    tables,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the audit: its name, what it looks for, and the function that finds it."""

    name: str
    title: str
    find: Callable[[Book], Iterator[Finding]]


RULES: tuple[Rule, ...] = (
    Rule(
        differing.RULE,
        "Two places give different values for one quantity",
        differing.differing_values,
    ),
    Rule(
        p_values.VALUES,
        "Two p values of one comparison that cannot both hold",
        p_values.differing_p_values,
    ),
    Rule(
        p_values.WORDS,
        "A result called significant, or not, against its p value",
        p_values.words_against_p,
    ),
    Rule(
        p_values.LEGEND,
        "Significance marks of a table that fit only if exchanged",
        p_values.exchanged_legend,
    ),
    Rule(
        percentages.RULE,
        "A percentage that no whole number of the patients printed gives",
        percentages.percentages_without_numerator,
    ),
    Rule(
        counts.RULE,
        "A count whose percentage is not that of the patients printed",
        counts.counts_against_percentages,
    ),
    Rule(
        sums.NUMBERED,
        "Shares with one, two, ... of something against the share with any",
        sums.numbered_parts,
    ),
    Rule(sums.COURSES, "Disease courses that do not make the cohort", sums.disease_courses),
    Rule(sums.ARMS, "Arms that do not make the study", sums.arms_of_studies),
    Rule(
        complements.RULE,
        "Free of an event and with the event do not make all patients",
        complements.complements,
    ),
    Rule(
        effects.ARMS,
        "A relative effect that its arms cannot give",
        effects.effects_against_arms,
    ),
    Rule(
        effects.REDUCTION,
        "A relative reduction that is not one less its ratio",
        effects.reductions_against_ratios,
    ),
    Rule(
        rates.RATE,
        "A rate that is not its events over its person-years",
        rates.rates_against_counts,
    ),
    Rule(
        rates.DIFFERENCE,
        "A mean difference that is not that of its arms",
        rates.differences_against_arms,
    ),
    Rule(
        tables.ODDS,
        "An odds ratio whose limits do not hold that of its counts",
        tables.odds_ratios_against_counts,
    ),
    Rule(
        tables.P_VALUE,
        "A p value far from that of its counts",
        tables.p_values_against_counts,
    ),
    Rule(
        limits.OUTSIDE,
        "An estimate outside its limits or range",
        limits.estimates_outside_limits,
    ),
    Rule(limits.LOPSIDED, "Limits lopsided about their estimate", limits.lopsided_limits),
    Rule(
        limit_p_values.RULE,
        "A p value that its limits contradict",
        limit_p_values.p_values_against_limits,
    ),
    Rule(
        pooled.SUBGROUPS,
        "A whole outside the values of its subgroups",
        pooled.wholes_outside_subgroups,
    ),
    Rule(
        pooled.MEMBERS,
        "A pooled value outside the values of its studies",
        pooled.pooled_outside_members,
    ),
    Rule(doses.ARM, "A dose that its arm does not have", doses.doses_against_arms),
    Rule(
        doses.SCHEDULE,
        "A yearly dose that does not make the total",
        doses.yearly_doses_against_totals,
    ),
    Rule(
        doses.LIFETIME,
        "Doses that add to more than the lifetime maximum",
        doses.doses_over_maximum,
    ),
    Rule(
        populations.EVENTS,
        "More patients with an event than patients",
        populations.more_events_than_patients,
    ),
    Rule(
        populations.SUBSETS,
        "A subset larger than its whole",
        populations.subsets_larger_than_wholes,
    ),
    Rule(
        populations.EPISODES,
        "Fewer events than patients with one",
        populations.fewer_events_than_patients,
    ),
    Rule(populations.SCALE, "A value off its scale", populations.values_off_scale),
    Rule(
        spreads.RANGE,
        "A standard deviation too large for its range",
        spreads.deviations_against_ranges,
    ),
    Rule(
        spreads.LIMITS,
        "A standard error given as a standard deviation, by its limits",
        spreads.deviations_against_limits,
    ),
    Rule(
        spreads.TWO,
        "A standard error given as a standard deviation, by another source",
        spreads.two_spreads,
    ),
    Rule(
        spreads.PROPORTION,
        "A standard error of a percentage that its patients cannot give",
        spreads.errors_of_proportions,
    ),
    Rule(
        over_time.RULE,
        "A cumulative estimate that goes back in time",
        over_time.estimates_that_go_back,
    ),
    Rule(names.RULE, "One cohort under two names", names.cohorts_under_two_names),
)
