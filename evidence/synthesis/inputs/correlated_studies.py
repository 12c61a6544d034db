"""Effects with their sampling covariance matrix, and the rows of what stands beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.errors import BadInput, refuse
from evidence.input_checks import InputCheck
from evidence.synthesis.inputs.studies import (
    Studies,
    StudyInput,
    check_studies,
    has_effects,
)


def check_covariances(
    yi: StudyInput, vi: npt.ArrayLike | None, labels: Iterable[str] | None
) -> tuple[Studies, FloatArray]:
    """Checked effects, and their sampling covariance matrix.

    Parameters
    ----------
    yi : array_like, shape (k,), or EffectSizes
        Effects.
    vi : array_like, shape (k,) or (k, k), or None
        Sampling variances or covariances.
    labels : iterable of str, optional
        Names of the effects.

    Raises
    ------
    BadInput
        If the matrix is not square, not symmetric or not positive definite, or as for ``pool``.
    """
    if vi is None or has_effects(yi):
        studies = check_studies(yi, vi, labels)
        return studies, np.diag(studies.vi)
    check = InputCheck("A synthesis of correlated effects")
    (given,) = check.numbers(vi=vi)
    check.refuse()
    if given.ndim != 2:
        studies = check_studies(yi, given, labels)
        return studies, np.diag(studies.vi)
    if given.shape[0] != given.shape[1]:
        check.problems.append(f"vi is {given.shape[0]}x{given.shape[1]}, not square")
        check.refuse("Give one row and one column for each effect.")
    studies = check_studies(yi, np.diagonal(given), labels)
    refuse(
        BadInput,
        "A covariance matrix of the effects was given that cannot be one. Check its correlations.",
        _matrix_faults(given, studies.labels),
    )
    return studies, (given + given.T) / 2


def _matrix_faults(v: FloatArray, labels: Sequence[str]) -> list[str]:
    with np.errstate(all="ignore"):
        roots = np.sqrt(np.diagonal(v))
        correlations = v / roots[:, None] / roots[None, :]
    if not np.all(np.isfinite(correlations)):
        return ["its correlations are out of the range of double precision"]
    skew = np.argwhere(np.abs(correlations - correlations.T) > 1e-8)
    large = np.argwhere(np.triu(np.abs(correlations) > 1.0 + 1e-8, 1))
    faults = [f"{labels[i]} and {labels[j]}: not symmetric" for i, j in skew if i < j]
    faults += [f"{labels[i]} and {labels[j]}: correlation beyond 1" for i, j in large]
    if not faults and float(np.linalg.eigvalsh(correlations)[0]) < 1e-12:
        faults.append("it is not positive definite: some effects determine others")
    return faults


def used_rows(yi: StudyInput, k: int) -> tuple[int, list[int]]:
    """Number of rows that columns beside the effects have, and which of them are used.

    An EffectSizes also has the studies without an effect size, which ``check_studies`` left out.

    Parameters
    ----------
    yi : array_like, shape (k,), or EffectSizes
        Effects as they were given.
    k : int
        Number of studies that are used.
    """
    if not has_effects(yi):
        return k, list(range(k))
    return len(yi.labels), [row for row, reason in enumerate(yi.excluded) if not reason]
