"""Covariance matrices of effects that share participants: arms, outcomes or time points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray, read_only
from evidence.double_precision import in_double_precision
from evidence.errors import BadInput, refuse
from evidence.input_checks import InputCheck, real_number
from evidence.synthesis.inputs.grouping import read_labels


@in_double_precision("A sampling covariance matrix")
def sampling_covariance(
    vi: npt.ArrayLike, cluster: npt.ArrayLike, *correlations: npt.ArrayLike
) -> FloatArray:
    """Sampling covariance matrix of effects that are correlated within clusters.

    Parameters
    ----------
    vi : array_like, shape (k,)
        Sampling variances.
    cluster : array_like, shape (k,)
        Sample of participants; effects of different clusters are independent.
    *correlations : array_like, shape (k, k)
        What reduces the correlation of two effects of a cluster from 1, multiplied with each
        other: ``arm_overlap(...)``, ``outcome_correlation(...)``, ``time_correlation(...)``, or a
        matrix of one's own.

    Returns
    -------
    ndarray, shape (k, k), read-only
        Covariance matrix, positive definite.

    Raises
    ------
    BadInput
        If shapes differ, a value is missing or out of range, or the correlations of a cluster
        contradict each other.

    References
    ----------
    Gleser & Olkin (2009), in Cooper et al., Handbook of Research Synthesis, 2nd ed., ch. 19.
    metafor: ``vcalc(vi, cluster, obs=, rho=, time1=, phi=, grp1=, grp2=, w1=, w2=)``.

    Examples
    --------
    >>> overlap = arm_overlap(["A", "B"], ["P", "P"], [40, 40], [40, 40])
    >>> sampling_covariance([0.04, 0.04], [1, 1], overlap).round(6).tolist()
    [[0.04, 0.02], [0.02, 0.04]]
    """
    check = InputCheck("A sampling covariance matrix")
    variances = check.array("vi", vi)
    given = {f"correlation {i + 1}": factor for i, factor in enumerate(correlations)}
    arrays = {name: check.array(name, factor) for name, factor in given.items()}
    check.refuse()
    check.finite({"vi": variances, **arrays})
    k, factors = variances.size, list(arrays.values())
    if variances.ndim != 1 or k == 0:
        check.problems.append("vi is no list of one or more variances")
        check.refuse()
    check.where(variances <= 0.0, "vi is {}; a sampling variance is above 0", variances)
    check.problems += [
        f"correlation {i + 1} has shape {factor.shape}, not ({k}, {k})"
        for i, factor in enumerate(factors)
        if factor.shape != (k, k)
    ]
    groups = read_labels("cluster", cluster, k, check.problems)
    check.refuse()
    names = np.array(groups)
    total: FloatArray = np.equal.outer(names, names).astype(float)
    for factor in factors:
        total *= factor
    np.fill_diagonal(total, 1.0)
    _check_clusters(total, names)
    roots = np.sqrt(variances)
    found: FloatArray = total * np.outer(roots, roots)
    np.fill_diagonal(found, variances)
    read_only(found)
    return found


def outcome_correlation(
    outcome: npt.ArrayLike, rho: float | Mapping[tuple[str, str], float]
) -> FloatArray:
    """Correlation of effects on different outcomes of the same participants, shape (k, k).

    Parameters
    ----------
    outcome : array_like, shape (k,)
        Outcome of each effect, or a number that tells the effects of a cluster apart.
    rho : float or mapping
        Correlation of any two outcomes, or one for each pair as ``{("relapse", "edss"): 0.4}``.

    Raises
    ------
    BadInput
        If an outcome is missing, a pair has no correlation, or one lies beyond -1 to 1.
    """
    problems: list[str] = []
    names = read_labels("outcome", outcome, None, problems)
    given = rho if isinstance(rho, Mapping) else {}
    known = {frozenset(map(str, pair)): real_number(value) for pair, value in given.items()}
    found = np.eye(len(names))
    for i, first in enumerate(names):
        for j, second in enumerate(names[:i]):
            pair = frozenset((first, second))
            value = known.get(pair) if isinstance(rho, Mapping) else real_number(rho)
            if first == second:
                value = 1.0
            if value is None or not -1.0 <= value <= 1.0:
                problems.append(f"the correlation of {second} and {first} is {value}")
                value = 0.0
            found[i, j] = found[j, i] = value
    _refuse(problems, "Give a correlation from -1 to 1 for each pair of outcomes.")
    return found


@in_double_precision("A correlation over time")
def time_correlation(time: npt.ArrayLike, phi: float) -> FloatArray:
    """Correlation ``phi ** |difference of time|`` of repeated measurements, shape (k, k).

    Parameters
    ----------
    time : array_like, shape (k,)
        Time point of each effect.
    phi : float
        Correlation over one unit of time, above 0 and not above 1.

    Raises
    ------
    BadInput
        If a time is missing, or ``phi`` out of range.
    """
    check = InputCheck("A correlation over time")
    (times,) = check.numbers(time=time)
    if times.ndim != 1:
        check.problems.append("time is no list of numbers")
    if not 0.0 < real_number(phi) <= 1.0:
        check.problems.append(f"phi is {phi!r:.80}; over time a correlation is above 0, at most 1")
    check.refuse()
    distance = np.abs(np.subtract.outer(times, times))
    return np.asarray(np.power(float(phi), distance))


@in_double_precision("The overlap of arms")
def arm_overlap(
    treatment: npt.ArrayLike,
    control: npt.ArrayLike,
    n_treatment: npt.ArrayLike | None = None,
    n_control: npt.ArrayLike | None = None,
) -> FloatArray:
    """Correlation of comparisons that share an arm of the same trial, shape (k, k).

    A comparison varies as ``1 / n_treatment + 1 / n_control``; the part of a shared arm is common
    to both, with a minus sign where it is the control of one and the treatment of the other.

    Parameters
    ----------
    treatment, control : array_like, shape (k,)
        Arms that each effect compares.
    n_treatment, n_control : array_like, shape (k,), optional
        Sizes of the arms; equal sizes if left out.

    Raises
    ------
    BadInput
        If lengths differ, an arm is compared with itself, or a size is not above 0.

    References
    ----------
    Gleser & Olkin (2009), eq. 19.19. metafor: ``vcalc(..., grp1=, grp2=, w1=, w2=)``.
    """
    problems: list[str] = []
    first = read_labels("treatment", treatment, None, problems)
    second = read_labels("control", control, len(first), problems)
    problems += [
        f"row {i + 1}: {a} is compared with itself"
        for i, (a, b) in enumerate(zip(first, second, strict=False))
        if a == b
    ]
    _refuse(problems, "Give the two arms of each comparison.")
    check = InputCheck("The overlap of arms")
    ones = np.ones(len(first))
    sizes = check.numbers(
        treatment=ones,
        n_treatment=ones if n_treatment is None else n_treatment,
        n_control=ones if n_control is None else n_control,
    )[1:]
    if any(size.shape not in ((), ones.shape) for size in sizes):
        check.problems.append(f"n_treatment and n_control are lists of {ones.size} numbers")
        check.refuse()
    for name, size in zip(("n_treatment", "n_control"), sizes, strict=True):
        check.where(size <= 0.0, f"{name} is {{}}; an arm has participants", size)
    check.refuse()
    arms = [np.array(first), np.array(second)]
    roots = [1.0 / np.sqrt(np.broadcast_to(size, ones.shape)) for size in sizes]
    shared = np.zeros((ones.size, ones.size))
    for i, j in ((0, 0), (1, 1), (0, 1), (1, 0)):
        sign = 1.0 if i == j else -1.0
        shared += sign * np.equal.outer(arms[i], arms[j]) * np.outer(roots[i], roots[j])
    spread = np.sqrt(roots[0] ** 2 + roots[1] ** 2)
    return np.asarray(shared / np.outer(spread, spread))


def _refuse(problems: Sequence[str], advice: str) -> None:
    refuse(BadInput, f"A correlation of effects was asked for. {advice}", problems)


def _check_clusters(correlation: FloatArray, groups: npt.NDArray[np.str_]) -> None:
    """Refuse clusters whose correlations are no correlation matrix."""
    problems = []
    for name in dict.fromkeys(groups.tolist()):
        rows = np.flatnonzero(groups == name)
        block = correlation[np.ix_(rows, rows)]
        skewed = not np.allclose(block, block.T, rtol=0.0, atol=1e-12)
        if skewed or float(np.linalg.eigvalsh(block)[0]) < 1e-10:
            numbers = ", ".join(str(row + 1) for row in rows)
            problems.append(f"cluster {name} (rows {numbers}) has no positive definite matrix")
    refuse(
        BadInput,
        "A sampling covariance matrix was asked for and correlations contradict each other, or "
        "leave two effects of a cluster perfectly correlated. Give the correlation of its effects, "
        "and tell them apart by outcome, time or arms.",
        problems,
    )
