"""Random effects: who shares one, and how the effects of several outcomes vary together.

A random term adds ``G[a, b]`` to the covariance of two rows of the same group with inner levels a
and b, where ``G = L L'``. L is a smooth function of unrestricted parameters, so that a variance of
0 or a correlation of 1 is an ordinary stationary point of the likelihood and not an edge of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.arrays import BoolArray, FloatArray


class Factor(NamedTuple):
    """Factor L of ``G = L L'`` with its first and second derivatives by the parameters."""

    value: FloatArray
    first: FloatArray
    second: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomTerm:
    """A random term with its groups counted from 0.

    Attributes
    ----------
    name : str
        Name in the result.
    kind : str
        One of ``STRUCTURES``; "ID" with one inner level is a plain random intercept.
    levels : tuple of str, length q
        Inner levels; one empty name for a random intercept.
    inner, outer : ndarray of int, shape (k,)
        Inner level and group of each row.
    """

    name: str
    kind: str
    levels: tuple[str, ...]
    inner: npt.NDArray[np.intp]
    outer: npt.NDArray[np.intp]

    @property
    def groups(self) -> int:
        """Number of groups."""
        return int(self.outer.max()) + 1

    @property
    def same_group(self) -> BoolArray:
        """Pairs of rows in one group, shape (k, k)."""
        return np.asarray(self.outer[:, None] == self.outer[None, :])

    @property
    def parameters(self) -> tuple[str, ...]:
        """What each parameter stands for."""
        return STRUCTURES[self.kind].parameters(self.name, self.levels)

    def factor(self, parameters: FloatArray) -> Factor:
        """Factor L, shape (q, q), and its derivatives, shapes (m, q, q) and (m, m, q, q)."""
        return STRUCTURES[self.kind].factor(len(self.levels), parameters)

    def covariance(self, parameters: FloatArray) -> FloatArray:
        """Covariance matrix G of the inner levels, shape (q, q)."""
        factor = self.factor(parameters).value
        return np.asarray(factor @ factor.T)

    def expand(self, covariance: FloatArray) -> FloatArray:
        """What a matrix over inner levels adds to the covariance of the rows, shape (k, k)."""
        spread = covariance[np.ix_(self.inner, self.inner)]
        return np.where(self.same_group, spread, 0.0)

    def start(self, variance: float) -> FloatArray:
        """Parameters of equal variances and weak correlations."""
        return STRUCTURES[self.kind].start(len(self.levels), math.sqrt(variance))

    def led_by(self, level: int) -> RandomTerm:
        """The same term with another inner level in front, whose sd is then parameter 0."""
        order = [level, *(i for i in range(len(self.levels)) if i != level)]
        return RandomTerm(
            name=self.name,
            kind=self.kind,
            levels=tuple(self.levels[i] for i in order),
            inner=np.argsort(order)[self.inner],
            outer=self.outer,
        )


def _linear(parameters: FloatArray, basis: FloatArray) -> Factor:
    """Factor that is a linear combination of the matrices of a basis, shape (m, q, q)."""
    m, q = basis.shape[:2]
    return Factor(np.tensordot(parameters, basis, 1), basis, np.zeros((m, m, q, q)))


def _entries(rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], q: int) -> FloatArray:
    """Matrices of one 1 each, at these places."""
    basis = np.zeros((rows.size, q, q))
    basis[np.arange(rows.size), rows, columns] = 1.0
    return basis


def _variances(name: str, levels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name} tau2[{level}]" for level in levels)


def _unstructured_parameters(name: str, levels: tuple[str, ...]) -> tuple[str, ...]:
    variances = _variances(name, levels)
    if len(levels) == 2:
        return *variances, f"{name} rho"
    rows, columns = np.tril_indices(len(levels))
    return tuple(
        variances[i] if i == j else f"{name} rho[{levels[j]}, {levels[i]}]"
        for i, j in zip(rows, columns, strict=True)
    )


def _unstructured_factor(q: int, parameters: FloatArray) -> Factor:
    if q == 2:
        return _correlated_pair(*parameters)
    return _linear(parameters, _entries(*np.tril_indices(q), q))


def _unstructured_start(q: int, root: float) -> FloatArray:
    if q == 2:
        return np.array([root, root, math.acos(0.2)])
    rows, columns = np.tril_indices(q)
    return np.where(rows == columns, root, 0.2 * root)


def _correlated_pair(first: float, second: float, angle: float) -> Factor:
    """Two levels with standard deviations and correlation ``cos(angle)``."""
    c, s = math.cos(angle), math.sin(angle)
    value = np.array([[first, 0.0], [second * c, second * s]])
    d_first = np.array([[1.0, 0.0], [0.0, 0.0]])
    d_second = np.array([[0.0, 0.0], [c, s]])
    d_angle = np.array([[0.0, 0.0], [-second * s, second * c]])
    second_order = np.zeros((3, 3, 2, 2))
    second_order[1, 2] = second_order[2, 1] = [[0.0, 0.0], [-s, c]]
    second_order[2, 2] = [[0.0, 0.0], [-second * c, -second * s]]
    return Factor(value, np.array([d_first, d_second, d_angle]), second_order)


def _compound_symmetry(q: int, size: float, angle: float) -> Factor:
    """Equal variances ``size ** 2`` and equal correlations between -1 / (q - 1) and 1."""
    mean = np.full((q, q), 1.0 / q)
    rest = np.eye(q) - mean
    own, shared = math.sqrt(q / (q - 1)) * rest, math.sqrt(q) * mean
    c, s = math.cos(angle), math.sin(angle)
    unit, turned = s * own + c * shared, c * own - s * shared
    second_order = np.zeros((2, 2, q, q))
    second_order[0, 1] = second_order[1, 0] = turned
    second_order[1, 1] = -size * unit
    return Factor(size * unit, np.array([unit, size * turned]), second_order)


def _angle(q: int, correlation: float) -> float:
    """Angle of a correlation under compound symmetry."""
    return math.asin(math.sqrt(min(1.0, (1.0 - correlation) * (q - 1) / q)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A structure of the covariance matrix G of q inner levels.

    Attributes
    ----------
    words : str
        What it allows.
    parameters : callable
        What each of its m parameters stands for, from the name of the term and its levels.
    factor : callable
        Factor L of G, from q and the parameters, shape (m,).
    start : callable
        Parameters of equal variances and weak correlations, from q and the standard deviation.
    angle : callable
        Last parameter where it is one correlation, from q and the correlation.
    """

    words: str
    parameters: Callable[[str, tuple[str, ...]], tuple[str, ...]]
    factor: Callable[[int, FloatArray], Factor]
    start: Callable[[int, float], FloatArray]
    angle: Callable[[int, float], float] = lambda q, correlation: math.acos(correlation)


#: Every structure by its name in metafor.
STRUCTURES: Final[Mapping[str, Structure]] = MappingProxyType(
    {
        "ID": Structure(
            words="one variance, no correlation between inner levels",
            parameters=lambda name, levels: (name,),
            factor=lambda q, parameters: _linear(parameters, np.eye(q)[None]),
            start=lambda q, root: np.full(1, root),
        ),
        "DIAG": Structure(
            words="a variance for each inner level, no correlation",
            parameters=_variances,
            factor=lambda q, parameters: _linear(
                parameters, _entries(np.arange(q), np.arange(q), q)
            ),
            start=lambda q, root: np.full(q, root),
        ),
        "CS": Structure(
            words="one variance, one correlation",
            parameters=lambda name, levels: (f"{name} tau2", f"{name} rho"),
            factor=lambda q, parameters: _compound_symmetry(q, *parameters),
            start=lambda q, root: np.array([root, _angle(q, 0.2)]),
            angle=lambda q, correlation: _angle(q, correlation),
        ),
        "UN": Structure(
            words="a variance for each inner level, a correlation for each pair",
            parameters=_unstructured_parameters,
            factor=_unstructured_factor,
            start=_unstructured_start,
        ),
    }
)


def correlation_angle(term: RandomTerm, correlation: float) -> float:
    """Last parameter of a term with one correlation (CS, or UN of two levels).

    Parameters
    ----------
    term : RandomTerm
        The term.
    correlation : float
        Within its range.
    """
    return STRUCTURES[term.kind].angle(len(term.levels), correlation)
