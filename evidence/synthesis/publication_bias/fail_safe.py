"""Fail-safe N: how many unseen null results would change the conclusion."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.double_precision import studies_in_double_precision
from evidence.errors import BadInput, UnknownName
from evidence.input_checks import real_number
from evidence.results import Result
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.numerics.distributions import two_sided_p

KINDS = {
    "rosenthal": "null results that bring the combined p-value to alpha",
    "orwin": "null results that bring the average effect down to a target",
    "rosenberg": "null results that bring the weighted average to the edge of significance",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailSafeN(Result):
    """Number of null results, rounded up.

    Attributes
    ----------
    number : int
        How many.
    kind : str
        rosenthal, orwin or rosenberg.
    p_value : float or None
        Of the observed studies: one-sided by adding z-values (rosenthal), two-sided of the
        weighted average (rosenberg); None for orwin.
    average, target : float or None
        Average effect of the observed studies, and the one it is brought down to (orwin).
    alpha : float or None
        Level of significance; None for orwin.
    weighted : bool
        Whether the average is weighted by the inverse variances.
    k : int
        Number of observed studies.
    """

    number: int
    kind: str
    p_value: float | None
    average: float | None
    target: float | None
    alpha: float | None
    weighted: bool
    k: int


def fail_safe_n(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    kind: str = "rosenthal",
    alpha: float = 0.05,
    target: float | None = None,
    weighted: bool = True,
    labels: Iterable[str] | None = None,
) -> FailSafeN:
    """Null results that would change the conclusion.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    kind : str
        rosenthal, orwin or rosenberg.
    alpha : float
        Level of significance, for rosenthal (one-sided) and rosenberg (two-sided).
    target : float, optional
        Of orwin: effect to which the average is brought down, in absolute size; half the average
        if left out.
    weighted : bool
        Of orwin: average weighted by the inverse variances; otherwise each study counts the same.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    UnknownName
        If the kind is not known.
    BadInput, EmptySelection
        If the data, alpha or target cannot be right.
    NotEstimable
        If the number leaves double precision.

    References
    ----------
    Rosenthal (1979), Psychol Bull 86:638-641. Orwin (1983), J Educ Stat 8:157-159.
    Rosenberg (2005), Evolution 59:464-468.
    metafor: ``fsn(yi, vi, type=, alpha=, target=)``, for orwin with ``weighted=``.
    """
    name = str(kind).lower()
    if name not in KINDS:
        raise UnknownName("fail-safe N", kind, KINDS)
    if not 0.0 < real_number(alpha) < 1.0:
        raise BadInput(f"A fail-safe N at alpha {alpha!r:.80}. Give a proportion such as 0.05.")
    if target is not None and not 0.0 < abs(real_number(target)) < math.inf:
        raise BadInput(f"A fail-safe N to the target {target!r:.80}. Give a number other than 0.")
    studies = check_studies(yi, vi, labels)
    with studies_in_double_precision("The fail-safe N"):
        if name == "orwin":
            return _orwin(studies, target, weighted)
        return _rosenthal(studies, alpha) if name == "rosenthal" else _rosenberg(studies, alpha)


def _rosenthal(studies: Studies, alpha: float) -> FailSafeN:
    k = studies.yi.size
    z = abs(float(np.sum(studies.yi / np.sqrt(studies.vi)))) / math.sqrt(k)
    critical = -float(special.ndtri(alpha))
    number = k * (z / critical) ** 2 - k if critical > 0.0 else math.inf
    p_value = float(special.ndtr(-z))
    return _result("rosenthal", studies, number, p_value=p_value, alpha=alpha)


def _rosenberg(studies: Studies, alpha: float) -> FailSafeN:
    weights = 1.0 / studies.vi
    total = float(weights.sum())
    z = float(weights @ studies.yi) / math.sqrt(total)
    critical = -float(special.ndtri(alpha / 2.0))
    number = studies.yi.size * ((z / critical) ** 2 - 1.0)
    return _result(
        "rosenberg",
        studies,
        number,
        p_value=two_sided_p(z, None),
        alpha=alpha,
        average=z / math.sqrt(total),
        weighted=True,
    )


def _orwin(studies: Studies, target: float | None, weighted: bool) -> FailSafeN:
    weights = 1.0 / studies.vi if weighted else np.ones(studies.yi.size)
    average = float(weights @ studies.yi / weights.sum())
    aim = average / 2.0 if target is None else math.copysign(target, average)
    number = 0.0 if average == 0.0 else studies.yi.size * (average - aim) / aim
    return _result("orwin", studies, number, average=average, target=aim, weighted=weighted)


def _result(
    kind: str,
    studies: Studies,
    number: float,
    *,
    p_value: float | None = None,
    average: float | None = None,
    target: float | None = None,
    alpha: float | None = None,
    weighted: bool = False,
) -> FailSafeN:
    """Round up, and never below 0; the last bit of a whole number does not count."""
    if not math.isfinite(number):
        raise ArithmeticError("infinite")
    return FailSafeN(
        number=max(0, math.ceil(number * (1.0 - 1e-14))),
        kind=kind,
        p_value=p_value,
        average=average,
        target=target,
        alpha=alpha,
        weighted=bool(weighted),
        k=studies.yi.size,
    )
