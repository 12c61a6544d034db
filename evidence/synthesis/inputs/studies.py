"""The studies of one synthesis: effects, variances and labels, checked once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, is_dataclass, replace
from typing import Protocol, TypeAlias, TypeGuard, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from evidence.arrays import BoolArray, FloatArray, read_only
from evidence.errors import BadInput, EmptySelection
from evidence.input_checks import InputCheck, described, lengths, study_names
from evidence.results import Result


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


class HoldsStudies(Result):
    """A result that holds the studies it is a summary of, and so can stand for them."""

    __slots__ = ()

    @property
    def own_studies(self) -> Studies:
        """Its effects and variances, on the scale of analysis.

        Raises
        ------
        BadInput
            If a function that looks at the effects alone would leave out part of the model.
        """
        raise NotImplementedError

    @property
    def moderators(self) -> FloatArray | None:
        """Design matrix of its moderators with the constant, shape (k, p); None without any."""
        return None


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

    def keep(self, rows: Sequence[int]) -> Studies:
        """Some of the studies, in the order of ``rows``, without what was done to reach them."""
        chosen = list(rows)
        yi, vi = self.yi[chosen], self.vi[chosen]
        read_only(yi)
        read_only(vi)
        labels = tuple(self.labels[row] for row in chosen)
        return Studies(yi=yi, vi=vi, labels=labels, measure=self.measure)


#: What functions of effects take: arrays, effect sizes, or a result that holds its studies.
StudyInput: TypeAlias = npt.ArrayLike | HasEffects | HoldsStudies | Studies


def has_effects(value: object) -> TypeGuard[HasEffects]:
    """Tell whether ``value`` is a record of effect sizes rather than an array."""
    return not isinstance(value, (np.ndarray, list, tuple)) and isinstance(value, HasEffects)


def check_studies(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    labels: Iterable[str] | None = None,
) -> Studies:
    """Effects, variances and labels of the studies, or one refusal that lists every problem.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or what ``pool`` returned
        Effects. Studies without an effect size are left out of an EffectSizes, and named; of a
        summary its studies are taken.
    vi : array_like, shape (k,), or None
        Sampling variances (squared standard errors); None if ``yi`` holds them.
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
    held = isinstance(yi, HoldsStudies | Studies) or has_effects(yi)
    if held and vi is not None:
        raise BadInput(
            "Effect sizes were given together with vi, which they already hold. "
            "Leave vi out, or give yi as an array."
        )
    if isinstance(yi, HoldsStudies | Studies):
        return _renamed(yi if isinstance(yi, Studies) else yi.own_studies, names)
    if has_effects(yi):
        return _from_effect_sizes(yi, yi.labels if names is None else names)
    if isinstance(yi, Result) or is_dataclass(yi):
        raise BadInput(
            f"Effects were to be read from {described(yi)}. Give yi and vi as arrays, or the "
            "result of effect_size() or pool()."
        )
    if vi is None:
        raise BadInput(
            "Effects were given without sampling variances. Give vi, the squared standard errors."
        )
    y, v = _checked(cast(npt.ArrayLike, yi), vi, names)
    return Studies(yi=y, vi=v, labels=names or tuple(f"study {i + 1}" for i in range(y.size)))


def _renamed(studies: Studies, names: tuple[str, ...] | None) -> Studies:
    """Studies under other names, if there are any."""
    if names is None:
        return studies
    _require_names(names, studies.labels)
    return replace(studies, labels=names)


def _require_names(names: Sequence[str], labels: Sequence[str]) -> None:
    if len(names) != len(labels):
        raise BadInput(
            f"There are {len(names)} labels for {len(labels)} studies. Give one for each."
        )


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
    _require_names(names, effects.labels)
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
