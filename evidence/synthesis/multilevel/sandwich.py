"""Sandwich covariance matrices of coefficients whose residuals are correlated within clusters.

The working model says that the effects have covariance ``M`` and is used for the weights ``M^-1``,
for the small-sample adjustment of the residuals (CR2), and for the degrees of freedom; the
covariance matrix itself comes from the residuals, and stays valid when ``M`` is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.arrays import FloatArray
from evidence.double_precision import is_definite
from evidence.errors import NotEstimable
from evidence.synthesis.numerics.generalised_least_squares import fit_general
from evidence.synthesis.regression.coefficients import WaldTest, quadratic_form

#: Eigenvalues below this share of the largest possible one count as 0.
_SINGULAR = 1e-10

#: Adjustments of the residuals, in words.
ADJUSTMENTS = {
    "CR0": "no adjustment, t with m - p df",
    "CR1": "factor m / (m - p), t with m - p df",
    "CR2": "bias-reduced linearisation, Satterthwaite df",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sandwich:
    """Robust covariance matrix of p coefficients from m clusters.

    Attributes
    ----------
    estimate : ndarray, shape (p,)
        Coefficients.
    vcov : ndarray, shape (p, p)
        Their robust covariance matrix.
    own : ndarray, shape (m, p, p)
        ``G' M G`` of each cluster, where ``G' e`` is what its residuals add to the estimate.
    lost : ndarray, shape (m, p, p)
        ``X' G`` of each cluster.
    bread : ndarray, shape (p, p)
        Model-based covariance matrix.
    """

    estimate: FloatArray
    vcov: FloatArray
    own: FloatArray
    lost: FloatArray
    bread: FloatArray

    def covariances(self, contrasts: FloatArray) -> FloatArray:
        """Working covariances of the clusters' parts of contrasts, shape (m, m, q, q).

        Parameters
        ----------
        contrasts : ndarray, shape (q, p)
            Linear combinations of the coefficients.
        """
        lost = self.lost @ contrasts.T
        found = -np.einsum("iab,ac,jcd->ijbd", lost, self.bread, lost)
        diagonal = np.arange(self.own.shape[0])
        found[diagonal, diagonal] += contrasts @ self.own @ contrasts.T
        return np.asarray(found)

    def satterthwaite(self) -> FloatArray:
        """Degrees of freedom of each coefficient, shape (p,)."""
        p = self.estimate.size
        found = np.empty(p)
        for i in range(p):
            parts = self.covariances(np.eye(p)[i : i + 1])[:, :, 0, 0]
            found[i] = np.trace(parts) ** 2 / np.sum(parts**2)
        return found


def cluster_sandwich(
    yi: FloatArray,
    marginal: FloatArray,
    design: FloatArray,
    clusters: npt.NDArray[np.intp],
    adjustment: str,
) -> Sandwich:
    """Sandwich covariance matrix of generalised least squares.

    Parameters
    ----------
    yi : ndarray, shape (k,)
        Effects.
    marginal : ndarray, shape (k, k)
        Working covariance matrix, without covariances between clusters.
    design : ndarray, shape (k, p)
        Design matrix.
    clusters : ndarray of int, shape (k,)
        Cluster of each row, counted from 0.
    adjustment : str
        CR0, CR1 or CR2.

    References
    ----------
    Liang & Zeger (1986), Biometrika 73:13-22. Bell & McCaffrey (2002), Surv Methodol 28:169-181.
    Pustejovsky & Tipton (2018), J Bus Econ Stat 36:672-683.
    """
    fit = fit_general(yi, marginal, design)
    m, p = int(clusters.max()) + 1, design.shape[1]
    own, lost, scores = np.empty((m, p, p)), np.empty((m, p, p)), np.empty((m, p))
    for j in range(m):
        rows = np.flatnonzero(clusters == j)
        block, x = marginal[np.ix_(rows, rows)], design[rows]
        pull = fit.inverse[np.ix_(rows, rows)] @ x @ fit.vcov
        if adjustment == "CR2":
            pull = _bias_reduction(block, x @ fit.vcov @ x.T) @ pull
        own[j] = pull.T @ block @ pull
        lost[j] = x.T @ pull
        scores[j] = pull.T @ fit.residuals[rows]
    factor = m / (m - p) if adjustment == "CR1" else 1.0
    return Sandwich(
        estimate=fit.coefficients,
        vcov=factor * scores.T @ scores,
        own=own,
        lost=lost,
        bread=fit.vcov,
    )


def _bias_reduction(block: FloatArray, fitted: FloatArray) -> FloatArray:
    """Symmetric matrix A with ``A (M - fitted) A = M`` in one cluster."""
    root = np.linalg.cholesky(block).T
    values, vectors = np.linalg.eigh(root @ (block - fitted) @ root.T)
    largest = float(np.linalg.norm(block, 2)) ** 2
    kept = values > _SINGULAR * largest
    powers = np.zeros_like(values)
    powers[kept] = values[kept] ** -0.5
    return np.asarray(root.T @ (vectors * powers) @ vectors.T @ root)


def hotelling_test(sandwich: Sandwich, names: Sequence[str], which: Sequence[int]) -> WaldTest:
    """Joint test of coefficients with an approximate Hotelling distribution (HTZ).

    Parameters
    ----------
    sandwich : Sandwich
        CR2 covariance matrix.
    names : sequence of str, length p
        Coefficients.
    which : sequence of int
        Those that are tested, q of them.

    Raises
    ------
    NotEstimable
        If the matrix is singular, or no degree of freedom is left.

    References
    ----------
    Tipton & Pustejovsky (2015), J Educ Behav Stat 40:604-634, eq. 17-18.
    clubSandwich: ``Wald_test(fit, constrain_zero(...), vcov="CR2", test="HTZ")``.
    """
    chosen, q = list(which), len(which)
    tested = tuple(names[i] for i in chosen)
    quadratic = quadratic_form(sandwich.estimate[chosen], sandwich.vcov[np.ix_(chosen, chosen)])
    contrasts = np.eye(sandwich.estimate.size)[chosen]
    expected = np.einsum("iiab->ab", sandwich.covariances(contrasts))
    if not is_definite(expected):
        raise NotEstimable(
            f"A joint test of {', '.join(tested)} was asked for and their working covariance "
            "matrix is singular. Test fewer coefficients together."
        )
    values, vectors = np.linalg.eigh(expected)
    contrasts = (vectors / np.sqrt(values)) @ vectors.T @ contrasts
    parts = sandwich.covariances(contrasts)
    own = np.einsum("ijaa->ija", parts)
    spread = np.sum(own[:, :, :, None] * own[:, :, None, :] + parts * parts.swapaxes(2, 3))
    eta = q * (q + 1) / float(spread)
    df = eta - q + 1.0
    if not df > 0.0:
        raise NotEstimable(
            f"A joint test of {', '.join(tested)} has {df:.3g} degrees of freedom. Test fewer "
            "coefficients together."
        )
    statistic = df / eta * quadratic / q
    p_value = float(special.fdtrc(q, df, statistic))
    return WaldTest(names=tested, statistic=statistic, df=q, residual_df=df, p_value=p_value)
