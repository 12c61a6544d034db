"""Multiverse: the same studies pooled in every way that was declared, and what each concludes.

A sensitivity analysis. Worlds are not a sample, so that their shares are no probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evidence.arrays import IntArray
from evidence.effects.zero_cells import ZeroCellRule
from evidence.errors import BadInput, NotEstimable, UnknownName
from evidence.synthesis.heterogeneity.estimators import ESTIMATORS, estimator_name
from evidence.synthesis.inputs.studies import StudyInput
from evidence.synthesis.inputs.study_sets import StudySets, choose_sets, count_sets
from evidence.synthesis.multiverse.decision_rules import DecisionRule
from evidence.synthesis.multiverse.fits import Fits, fit_worlds
from evidence.synthesis.multiverse.inputs import read_variants, unique_names
from evidence.synthesis.multiverse.records import DIMENSIONS, REASONS, Multiverse
from evidence.synthesis.multiverse.specifications import CORRECTIONS, TWO_ARMS, Specification
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.summary_tests import summary_test_name

#: Estimators and intervals when none are named; the first of each is the reference.
METHODS: Final = tuple(ESTIMATORS)
TESTS: Final = ("knha", "adhoc", "z")
#: Most worlds: some 300 MB.
MOST_WORLDS: Final = 5_000_000
_COUNTS: Final = ("ai", "bi", "ci", "di", "n1i", "n2i")


def multiverse(
    yi: StudyInput | None = None,
    vi: npt.ArrayLike | None = None,
    *,
    ai: npt.ArrayLike | None = None,
    bi: npt.ArrayLike | None = None,
    ci: npt.ArrayLike | None = None,
    di: npt.ArrayLike | None = None,
    n1i: npt.ArrayLike | None = None,
    n2i: npt.ArrayLike | None = None,
    measures: Sequence[str] = TWO_ARMS,
    zero_cells: Sequence[ZeroCellRule] = CORRECTIONS,
    methods: Sequence[str] = METHODS,
    tests: Sequence[str] = TESTS,
    leave_one_out: bool = True,
    subsets: Mapping[str, Sequence[str]] | None = None,
    all_from: int | None = None,
    rule: DecisionRule | None = None,
    reference: Mapping[str, str] | None = None,
    level: float = 0.95,
    labels: Iterable[str] | None = None,
    workers: int | None = None,
) -> Multiverse:
    """Summary in every combination of the declared choices, and the conclusion of each.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), optional
        Effects and variances (ratios on the log scale), or an EffectSizes; scale and empty cells
        are then settled.
    ai, bi, ci, di, n1i, n2i : array_like, shape (k,), optional
        In their place the counts of two arms: events and either non-events or participants.
    measures : sequence of str
        Scales, such as RR, OR, RD, AS.
    zero_cells : sequence of ZeroCellRule
        Corrections of empty cells. Those that give the same effects are one world, not several.
    methods, tests : sequence of str
        Estimators of tau2 and intervals, as for ``pool``.
    leave_one_out : bool
        Whether to leave each study out.
    subsets : mapping of str to sequence of str, optional
        Sets of studies by name: the labels of those that are in.
    all_from : int, optional
        All subsets of at least so many studies, of at most 22.
    rule : DecisionRule, optional
        What is concluded; that the interval excludes 0 if left out.
    reference : mapping of str to str, optional
        World that the others are compared with: any of measure, zero_cells, method, test,
        studies. The first that was declared of each, and all studies, if left out.
    level : float
        Coverage of the intervals.
    labels : iterable of str, optional
        Names of the studies.
    workers : int, optional
        Threads; as many as there are processors if left out. The result is the same.

    Raises
    ------
    BadInput
        If the studies are given in no way or in two, numbers cannot be right, or there are more
        than 5,000,000 worlds.
    UnknownName
        If a name is not known, also in ``reference``.
    NotEstimable
        If the reference world has no number.

    References
    ----------
    Steegen et al. (2016), Perspect Psychol Sci (multiverse analysis), doi
    10.1177/1745691616658637. Simonsohn, Simmons & Nelson (2020), Nat Hum Behav (specification
    curve), doi 10.1038/s41562-020-0912-z. Every world: metafor, ``rma(yi, vi, method=, test=)``.

    Examples
    --------
    >>> found = multiverse([0.1, 0.5, 0.4], [0.02, 0.03, 0.02], methods=["DL", "CE"], tests=["z"])
    >>> found.k.size
    8
    """
    rule = _checked_rule(rule)
    level = check_level(level)
    counts = {"ai": ai, "bi": bi, "ci": ci, "di": di, "n1i": n1i, "n2i": n2i}
    variants, names, decisions = read_variants(yi, vi, counts, measures, zero_cells, labels)
    scales = tuple(dict.fromkeys(one.measure for one in variants))
    rule.check_measures(scales)
    values = {
        "measure": scales,
        "zero_cells": tuple(dict.fromkeys(name for one in variants for name in one.rules)),
        "method": unique_names(methods, estimator_name, "methods"),
        "test": unique_names(tests, summary_test_name, "tests"),
    }
    which: dict[str, Any] = {"subsets": subsets, "all_from": all_from}
    _check_size(variants, values, count_sets(len(names), leave_one_out=leave_one_out, **which))
    sets = choose_sets(names, leave_one_out=leave_one_out, **which)
    chosen = _reference(reference or {}, values, sets)
    fits = fit_worlds(
        variants,
        sets.members,
        methods=values["method"],
        tests=values["test"],
        level=level,
        rule=rule,
        workers=workers,
    )
    codes, said = _codes(variants, values, fits.shape, chosen)
    said += _studies_lost(variants, names)
    return _result(fits, codes, values, sets, rule, chosen, level, (*decisions, *said))


def _checked_rule(rule: DecisionRule | None) -> DecisionRule:
    if rule is not None and not isinstance(rule, DecisionRule):
        raise BadInput(
            f"A multiverse was asked for with rule={rule!r:.80}. Give a DecisionRule, or leave it "
            "out for whether the interval excludes 0."
        )
    return rule or DecisionRule()


def _check_size(
    variants: Sequence[Specification], values: Mapping[str, tuple[str, ...]], sets: int
) -> None:
    parts = len(variants), len(values["method"]), len(values["test"]), sets
    if math.prod(parts) > MOST_WORLDS:
        raise BadInput(
            f"A multiverse of {math.prod(parts):,} worlds was asked for ({parts[0]} scales and "
            f"rules, {parts[1]} estimators, {parts[2]} intervals, {sets:,} sets of studies); the "
            f"most is {MOST_WORLDS:,}. Give fewer of each, or a higher all_from."
        )


def _reference(
    asked: Mapping[str, str], values: Mapping[str, tuple[str, ...]], sets: StudySets
) -> dict[str, int]:
    """Place of the reference among the values of each dimension."""
    if not isinstance(asked, Mapping):
        raise BadInput(
            f"A multiverse was asked for with reference={asked!r:.80}. Give a value by dimension, "
            "such as {'method': 'DL'}."
        )
    for name in asked:
        if name not in DIMENSIONS:
            raise UnknownName("dimension of the multiverse", name, DIMENSIONS)
    known = {**values, "studies": tuple(sets.names()) if "studies" in asked else ()}
    chosen = dict.fromkeys(DIMENSIONS, 0)
    for dimension, value in asked.items():
        if value not in known[dimension]:
            raise UnknownName(f"reference {dimension}", value, known[dimension])
        chosen[dimension] = known[dimension].index(value)
    return chosen


def _codes(
    variants: Sequence[Specification],
    values: Mapping[str, tuple[str, ...]],
    shape: tuple[int, ...],
    chosen: Mapping[str, int],
) -> tuple[dict[str, IntArray], list[str]]:
    """Place of each world's value in each dimension, and sentences on rules that are the same."""
    wanted = values["zero_cells"][chosen["zero_cells"]]
    shown = [wanted if wanted in one.rules else one.rules[0] for one in variants]
    by_variant = {
        "measure": [values["measure"].index(one.measure) for one in variants],
        "zero_cells": [values["zero_cells"].index(name) for name in shown],
    }
    variant, method, test, studies = (axis.ravel() for axis in np.indices(shape))
    codes = {
        **{name: np.array(places)[variant] for name, places in by_variant.items()},
        "method": method,
        "test": test,
        "studies": studies,
    }
    said = [
        f"Empty cells on the scale {one.measure}: the rules {'; '.join(one.rules)} give the same "
        f"effects and are one world, shown as {name}."
        for one, name in zip(variants, shown, strict=True)
        if len(one.rules) > 1
    ]
    return codes, said


def _studies_lost(variants: Sequence[Specification], names: Sequence[str]) -> list[str]:
    """Sentences on studies that have no effect size on a scale, so that its worlds lack them."""
    said = []
    for one in variants:
        lost = [name for name, y in zip(names, one.yi, strict=True) if not math.isfinite(y)]
        if lost:
            said.append(
                f"On the scale {one.measure} with {one.rules[0]} no world has {', '.join(lost)}: "
                "no effect size."
            )
    return said


def _result(
    fits: Fits,
    codes: dict[str, IntArray],
    values: Mapping[str, tuple[str, ...]],
    sets: StudySets,
    rule: DecisionRule,
    chosen: Mapping[str, int],
    level: float,
    decisions: tuple[str, ...],
) -> Multiverse:
    """Build the public record, with the distance of each world to the reference."""
    differs = np.stack([codes[name] != chosen[name] for name in DIMENSIONS])
    changes = differs.sum(axis=0)
    reference = int(np.argmin(changes))
    why = REASONS[int(fits.reason.ravel()[reference])]
    if why:
        raise NotEstimable(
            f"The reference world has no number: {why}. Declare another with reference=."
        )
    exchanged = np.count_nonzero(sets.members != sets.members[:, [chosen["studies"]]], axis=0)
    arrays = {
        "k": fits.k,
        "estimate": fits.estimate,
        "se": fits.se,
        "ci_low": fits.ci_low,
        "ci_high": fits.ci_high,
        "tau2": fits.tau2,
        "side": fits.side,
        "reason": fits.reason,
        "changes": changes,
        "studies_changed": exchanged[codes["studies"]],
    }
    flat: dict[str, npt.NDArray[Any]] = {
        name: np.ascontiguousarray(array).ravel() for name, array in arrays.items()
    }
    for array in (*flat.values(), *codes.values()):
        array.setflags(write=False)
    return Multiverse(
        codes=codes,
        values=values,
        sets=sets,
        rule=rule,
        reference=reference,
        level=level,
        decisions=decisions,
        k=flat["k"],
        estimate=flat["estimate"],
        se=flat["se"],
        ci_low=flat["ci_low"],
        ci_high=flat["ci_high"],
        tau2=flat["tau2"],
        side=flat["side"],
        reason=flat["reason"],
        changes=flat["changes"],
        studies_changed=flat["studies_changed"],
    )
