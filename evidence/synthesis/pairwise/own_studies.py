"""Pooling the studies of a stranger's file: which synthesis goes with which measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from evidence.effects.effect_sizes import effect_size
from evidence.effects.own_effects import OwnNumbers
from evidence.input_checks import require_kind
from evidence.synthesis.pairwise.natural_scale import Synthesis
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.pairwise.single_arm import pool_proportions, pool_rates
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary


class How(TypedDict):
    """How the studies are pooled: arguments of :func:`evidence.pool`."""

    method: str | None
    test: str | None
    prediction: str | None
    policy: str
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledFile:
    """The synthesis of a file of studies.

    Attributes
    ----------
    name : str
        Name of the file.
    columns : tuple of str
        Columns that were used.
    basis : str
        What the effects were made from.
    result : PooledEffect, PooledProportion or PooledRate
        The synthesis.
    cautions : tuple of str
        What in the file should be looked up again.
    """

    name: str
    columns: tuple[str, ...]
    basis: str
    result: Synthesis
    cautions: tuple[str, ...]


def pool_own(numbers: OwnNumbers, how: How, *, printed_level: float = 0.95) -> PooledFile:
    """Pool the studies of a file: single arms from their counts, all else from effect sizes.

    Parameters
    ----------
    numbers : OwnNumbers
        What :func:`evidence.effects.own_numbers` found in the file.
    how : How
        Policy, or what goes in place of its choices, and the coverage of the intervals.
    printed_level : float
        Coverage of the intervals that the file holds.

    Raises
    ------
    BadInput
        Numbers cannot be right; all faults at once.
    """
    require_kind(
        "A synthesis of own studies", numbers, OwnNumbers, "Give what own_numbers() found."
    )
    require_kind("A synthesis of own studies", how, dict, "Give How(policy=...).")
    result: Synthesis
    if numbers.is_single_arm:
        basis, result = numbers.measure.basis, _pool_counts(numbers, how)
    else:
        basis, result = _pool_effects(numbers, how, printed_level)
    return PooledFile(
        name=numbers.file,
        columns=tuple(numbers.columns),
        basis=basis,
        result=result,
        cautions=numbers.cautions(level=printed_level),
    )


def _pool_effects(numbers: OwnNumbers, how: How, level: float) -> tuple[str, Synthesis]:
    given: dict[str, Any] = {**numbers.columns}
    effects = effect_size(numbers.measure.name, **given, labels=numbers.labels, level=level)
    return effects.basis, pool(effects, **how)


def _pool_counts(numbers: OwnNumbers, how: How) -> SingleArmSummary:
    counts = {name: np.asarray(values) for name, values in numbers.columns.items()}
    transform, labels = numbers.measure.name, numbers.labels
    if "ti" in counts:
        return pool_rates(counts["xi"], counts["ti"], transform=transform, labels=labels, **how)
    sizes = counts["ni"] if "ni" in counts else counts["xi"] + counts["mi"]
    return pool_proportions(counts["xi"], sizes, transform=transform, labels=labels, **how)
