"""Random effects: who shares one, and how the effects of several outcomes vary together.

A random term adds ``G[a, b]`` to the covariance of two rows of the same group with inner levels a
and b, where ``G = L L'``. L is a smooth function of unrestricted parameters, so that a variance of
0 or a correlation of 1 is an ordinary stationary point of the likelihood and not an edge of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.arrays import BoolArray, FloatArray

#: Structures of the covariance matrix G of the inner levels.
STRUCTURES = {
    "ID": "one variance, no correlation between inner levels",
    "DIAG": "a variance for each inner level, no correlation",
    "CS": "one variance, one correlation",
    "UN": "a variance for each inner level, a correlation for each pair",
}


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
        q = len(self.levels)
        if self.kind == "ID":
            return (self.name,)
        if self.kind == "CS":
            return f"{self.name} tau2", f"{self.name} rho"
        variances = tuple(f"{self.name} tau2[{level}]" for level in self.levels)
        if self.kind == "DIAG":
            return variances
        if q == 2:
            return *variances, f"{self.name} rho"
        rows, columns = np.tril_indices(q)
        return tuple(
            variances[i] if i == j else f"{self.name} rho[{self.levels[j]}, {self.levels[i]}]"
            for i, j in zip(rows, columns, strict=True)
        )

    def factor(self, parameters: FloatArray) -> Factor:
        """Factor L, shape (q, q), and its derivatives, shapes (m, q, q) and (m, m, q, q)."""
        q = len(self.levels)
        if self.kind == "CS":
            return _compound_symmetry(q, *parameters)
        if self.kind == "UN" and q == 2:
            return _correlated_pair(*parameters)
        basis = _basis(self.kind, q)
        m = basis.shape[0]
        return Factor(np.tensordot(parameters, basis, 1), basis, np.zeros((m, m, q, q)))

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
        root = math.sqrt(variance)
        q = len(self.levels)
        if self.kind in ("ID", "DIAG"):
            return np.full(len(self.parameters), root)
        if self.kind == "CS":
            return np.array([root, _angle(0.2, q)])
        if q == 2:
            return np.array([root, root, math.acos(0.2)])
        rows, columns = np.tril_indices(q)
        return np.where(rows == columns, root, 0.2 * root)

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


def _basis(kind: str, q: int) -> FloatArray:
    """Matrices whose linear combinations are the factor L."""
    if kind == "ID":
        return np.eye(q)[None]
    rows, columns = (np.arange(q),) * 2 if kind == "DIAG" else np.tril_indices(q)
    basis = np.zeros((rows.size, q, q))
    basis[np.arange(rows.size), rows, columns] = 1.0
    return basis


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


def _angle(correlation: float, q: int) -> float:
    """Angle of a correlation under compound symmetry."""
    return math.asin(math.sqrt(min(1.0, (1.0 - correlation) * (q - 1) / q)))


def correlation_angle(term: RandomTerm, correlation: float) -> float:
    """Last parameter of a term with one correlation (CS, or UN of two levels).

    Parameters
    ----------
    term : RandomTerm
        The term.
    correlation : float
        Within its range.
    """
    return _angle(correlation, len(term.levels)) if term.kind == "CS" else math.acos(correlation)
