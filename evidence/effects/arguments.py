"""The arguments of an effect size: its kind of variance, and the columns they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from evidence.arrays import FloatArray
from evidence.effects.continuous import VARIANCE_TYPES
from evidence.effects.measures import MEASURES, Measure
from evidence.errors import BadInput, known_name
from evidence.input_checks import InputCheck, is_truth, lengths, study_names

#: Variances of a corrected effect, which do not go with an uncorrected one.
OF_CORRECTED: Final = ("LS2", "UB", "J2")


def find_vtype(spec: Measure, vtype: str | None, correct: bool) -> str:
    """Name the kind of variance; empty for a measure that has only one."""
    kinds = VARIANCE_TYPES.get(spec.name, ())
    if vtype is not None:
        known_name(f"variance of {spec.name}", vtype, kinds or ("LS",))
    kind = (vtype or kinds[0]) if kinds else ""
    if not is_truth(correct):
        raise BadInput(f"{spec.name} was asked with correct={correct!r:.80}. Give True or False.")
    if correct:
        return kind
    if not spec.bias_corrected:
        having = [name for name, measure in MEASURES.items() if measure.bias_corrected]
        raise BadInput(
            f"{spec.name} was asked with correct=False, and has no correction to leave out. "
            f"Measures that have one: {', '.join(having)}."
        )
    if kind in OF_CORRECTED:
        raise BadInput(
            f"{spec.name} was asked with correct=False and vtype={kind!r}, which is the variance "
            "of the corrected effect. Use vtype='LS'."
        )
    return kind


def read_columns(
    measure: str, given: Mapping[str, ArrayLike], labels: Sequence[str] | None
) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    """Arrays of one shape, (k,) or (k, d), and the names of the k studies."""
    check = InputCheck(f"Effect sizes ({measure})")
    columns = {name: np.atleast_1d(check.array(name, value)) for name, value in given.items()}
    check.refuse()
    first = next(iter(columns.values()))
    if any(column.shape != first.shape for column in columns.values()):
        check.problems.append(lengths(columns))
    if first.ndim > 2:
        check.problems.append(f"arrays have {first.ndim} axes: give (k,) or (k, d)")
    if first.size == 0:
        check.problems.append("no study was given")
    names = _default_labels(len(first)) if labels is None else study_names(labels)
    if len(names) != len(first):
        check.problems.append(f"{len(names)} labels were given for {len(first)} studies")
    check.refuse("Give each argument one number for each study.")
    return columns, names


def _default_labels(k: int) -> tuple[str, ...]:
    return tuple(f"Study {number}" for number in range(1, k + 1))
