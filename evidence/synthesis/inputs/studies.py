"""The studies of one synthesis: effects, variances and labels, checked once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeGuard, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from evidence.arrays import BoolArray, FloatArray, read_only
from evidence.errors import BadInput, EmptySelection
from evidence.input_checks import InputCheck, lengths, study_names


@runtime_checkable
class HasEffects(Protocol):
    """The parts of an EffectSizes that a synthesis needs."""

    @property
    def yi(self) -> FloatArray:
        """Effects, shape (k,); NaN where a study has none."""
        ...

    @property
    def vi(self) -> FloatArray:
        """Sampling variances, shape (k,)."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the studies."""
        ...

    @property
    def measure(self) -> str:
        """Effect measure."""
        ...

    @property
    def excluded(self) -> tuple[str, ...]:
        """For each study why it has no effect size, empty when it has one."""
        ...

    @property
    def corrected(self) -> BoolArray:
        """Studies to whose empty cells something was added."""
        ...

    @property
    def zero_cell_rule(self) -> str:
        """What was added, and where."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Studies:
    """Effects and sampling variances of k studies, finite and with positive variances.

    Attributes
    ----------
    yi, vi : ndarray, shape (k,), read-only
        Effects and sampling variances.
    labels : tuple of str, length k
        Names for messages and tables.
    measure : str or None
        Effect measure, if it is known.
    decisions : tuple of str
        What was done to reach these effects: studies left out, corrections of empty cells.
    """

    yi: FloatArray
    vi: FloatArray
    labels: tuple[str, ...]
    measure: str | None = None
    decisions: tuple[str, ...] = ()


def has_effects(value: object) -> TypeGuard[HasEffects]:
    """Tell whether ``value`` is a record of effect sizes rather than an array."""
    return not isinstance(value, (np.ndarray, list, tuple)) and isinstance(value, HasEffects)


def check_studies(
    yi: npt.ArrayLike | HasEffects,
    vi: npt.ArrayLike | None = None,
    labels: Iterable[str] | None = None,
) -> Studies:
    """Effects, variances and labels of the studies, or one refusal that lists every problem.

    Parameters
    ----------
    yi : array_like, shape (k,), or EffectSizes
        Effects. Studies without an effect size are left out of an EffectSizes, and named.
    vi : array_like, shape (k,), or None
        Sampling variances (squared standard errors); None if ``yi`` is an EffectSizes.
    labels : iterable of str, optional
        Names of the studies; "study 1", "study 2", ... if they have none.

    Raises
    ------
    EmptySelection
        If there is no study.
    BadInput
        If lengths differ, a value is not finite, or a variance is not above 0.
    """
    names = None if labels is None else study_names(labels)
    if has_effects(yi):
        if vi is not None:
            raise BadInput(
                "Effect sizes were given together with vi, which they already hold. "
                "Leave vi out, or give yi as an array."
            )
        return _from_effect_sizes(yi, yi.labels if names is None else names)
    if vi is None:
        raise BadInput(
            "Effects were given without sampling variances. Give vi, the squared standard errors."
        )
    y, v = _checked(cast(npt.ArrayLike, yi), vi, names)
    return Studies(yi=y, vi=v, labels=names or tuple(f"study {i + 1}" for i in range(y.size)))


def _from_effect_sizes(effects: HasEffects, names: tuple[str, ...]) -> Studies:
    """Studies with an effect size, and what happened to the others."""
    kept = [row for row, reason in enumerate(effects.excluded) if not reason]
    left_out = [
        f"{effects.labels[row]} was left out: {reason}."
        for row, reason in enumerate(effects.excluded)
        if reason
    ]
    if left_out and not kept:
        raise EmptySelection(
            f"Pooling was asked for and none of {len(left_out)} studies has an effect size. "
            f"Choose another measure or rule for empty cells. {' '.join(left_out)}"
        )
    if len(names) != len(effects.labels):
        raise BadInput(
            f"There are {len(names)} labels for {len(effects.labels)} studies. Give one for each."
        )
    names = tuple(names[row] for row in kept)
    y, v = _checked(effects.yi[kept], effects.vi[kept], names)
    corrected = [name for name, row in zip(names, kept, strict=True) if effects.corrected[row]]
    decisions = list(left_out)
    if corrected:
        decisions.append(
            f"Empty cells were corrected ({effects.zero_cell_rule}) in {len(corrected)} of "
            f"{len(kept)} studies: {', '.join(corrected)}."
        )
    return Studies(yi=y, vi=v, labels=names, measure=effects.measure, decisions=tuple(decisions))


def _checked(
    yi: npt.ArrayLike, vi: npt.ArrayLike, names: tuple[str, ...] | None
) -> tuple[FloatArray, FloatArray]:
    """Read-only copies of the numbers, one-dimensional and of one length."""
    check = InputCheck("Pooling effects by their sampling variances", names or ())
    y, v = (np.array(part, ndmin=1) for part in check.numbers(yi=yi, vi=vi))
    if y.size == 0 and v.size == 0:
        raise EmptySelection(
            "Pooling was asked for and found 0 studies. Widen the selection of studies."
        )
    if y.ndim != 1 or y.shape != v.shape:
        check.problems.append(lengths({"yi": y, "vi": v}) + "; both are lists of k numbers")
    if names is not None and len(names) != y.shape[0]:
        check.problems.append(f"there are {len(names)} labels for {y.shape[0]} studies")
    check.where(v <= 0.0, "vi is {}; a sampling variance is above 0", v)
    check.refuse("Correct the numbers at their source, or leave out the studies.")
    read_only(y)
    read_only(v)
    return y, v
