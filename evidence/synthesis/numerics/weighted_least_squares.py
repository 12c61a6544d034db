"""Weighted least squares with known weights: the algebra that every estimator of tau2 shares.

The model is ``y = X beta + e`` with ``W = diag(w)`` the inverse of the assumed variances and
``P = W - W X (X'WX)^-1 X'W``. Without a design ``X`` is a column of ones. Every weight array may
carry leading axes, shape (..., k), so that a grid of tau2 values is one call.

Two steps keep the digits when one study is far more precise than the others: effects are centred
on the most heavily weighted study, and ``1 - leverage`` is summed over the other studies instead
of being a difference of nearly equal numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightedFit:
    """Weighted least squares fit; the leading axes ``...`` are those of the weights.

    The leverages are computed when they are first asked for: a root finder that only looks at
    residuals never pays for them.

    Attributes
    ----------
    weights : ndarray, shape (..., k)
        Inverse variances.
    coefficients : ndarray, shape (..., p)
        Estimated mean, or regression coefficients.
    residuals : ndarray, shape (..., k)
        ``y - X beta``.
    geometry : callable
        Gives ``basis`` and ``remainder``.
    """

    weights: FloatArray
    coefficients: FloatArray
    residuals: FloatArray
    geometry: Callable[[], tuple[FloatArray, FloatArray]]

    @cached_property
    def _leverage(self) -> tuple[FloatArray, FloatArray]:
        return self.geometry()

    @property
    def basis(self) -> FloatArray:
        """Orthonormal columns that span ``W^(1/2) X``, shape (..., k, p)."""
        return self._leverage[0]

    @property
    def remainder(self) -> FloatArray:
        """One minus the leverage of each study, shape (..., k)."""
        return self._leverage[1]

    @property
    def rss(self) -> FloatArray:
        """Weighted residual sum of squares, shape (...): Cochran's Q when w = 1/v."""
        return np.asarray(np.sum(self.weights * self.residuals**2, axis=-1))

    @property
    def trace_p(self) -> FloatArray:
        """Trace of P, shape (...)."""
        return np.asarray(np.sum(self.weights * self.remainder, axis=-1))

    def trace_pp(self, a: FloatArray | float = 1.0, b: FloatArray | float = 1.0) -> FloatArray:
        """Trace of ``P diag(a) P diag(b)``, shape (...).

        Parameters
        ----------
        a, b : ndarray, shape (k,), or float
            Diagonals; 1 gives the trace of PP, the variances that of PVPV.
        """
        wa, wb = self.weights * a, self.weights * b
        own = np.sum(wa * wb * self.remainder**2, axis=-1)
        if self.basis.shape[-1] == 1:
            share = self.basis[..., 0] ** 2
            return np.asarray(own + np.sum(wa * share * sum_of_others(wb * share), axis=-1))
        hat_squared = np.matmul(self.basis, np.swapaxes(self.basis, -1, -2)) ** 2
        diagonal = np.arange(wa.shape[-1])
        hat_squared[..., diagonal, diagonal] = 0.0
        return np.asarray(own + np.einsum("...i,...ij,...j->...", wa, hat_squared, wb))


def sum_of_others(x: FloatArray) -> FloatArray:
    """Sum over all other studies, for each study; shape (..., k) as ``x``, none negative.

    The total minus the study's own value loses every digit for a study that dominates the
    total, so the largest entry is summed directly.
    """
    rest = x.copy()
    if x.ndim == 1:
        first = x.argmax()
        rest[first] = 0.0
        others: FloatArray = x.sum() - x
        others[first] = rest.sum()
        return others
    largest = np.argmax(x, axis=-1, keepdims=True)
    np.put_along_axis(rest, largest, 0.0, axis=-1)
    others = np.sum(x, axis=-1, keepdims=True) - x
    np.put_along_axis(others, largest, np.sum(rest, axis=-1, keepdims=True), axis=-1)
    return others


def rss_beyond_rounding(fit: WeightedFit, yi: FloatArray, design: FloatArray) -> float:
    """Weighted residual sum of squares, or 0 if it is made of rounding errors.

    Parameters
    ----------
    fit : WeightedFit
        A single fit.
    yi : ndarray, shape (k,)
        Its effects.
    design : ndarray, shape (k, p)
        Its design.
    """
    sizes = np.abs(yi) + np.abs(design) @ np.abs(fit.coefficients)
    rounding = 16 * np.finfo(float).eps * sizes
    rss = float(fit.rss)
    return rss if rss > float(np.sum(fit.weights * rounding**2)) else 0.0


def fit_weighted(yi: FloatArray, weights: FloatArray, design: FloatArray | None) -> WeightedFit:
    """Weighted least squares of the effects on a constant, or on a design.

    Parameters
    ----------
    yi : ndarray, shape (k,)
        Effects.
    weights : ndarray, shape (..., k)
        Positive weights, usually ``1 / (vi + tau2)``.
    design : ndarray, shape (k, p), or None
        Columns of full rank; None for the intercept alone.
    """
    if design is None:
        return _fit_mean(yi, weights)
    root = np.sqrt(weights)
    basis, triangle = np.linalg.qr(root[..., None] * design)
    scores = np.matmul(np.swapaxes(basis, -1, -2), (root * yi)[..., None])
    coefficients = np.linalg.solve(triangle, scores)[..., 0]
    residuals = yi - np.matmul(design, coefficients[..., None])[..., 0]

    def geometry() -> tuple[FloatArray, FloatArray]:
        return basis, np.clip(1.0 - np.sum(basis**2, axis=-1), 0.0, 1.0)

    return WeightedFit(weights, coefficients, residuals, geometry)


def _fit_mean(yi: FloatArray, weights: FloatArray) -> WeightedFit:
    """Weighted mean, centred on the most heavily weighted study."""
    total = np.sum(weights, axis=-1, keepdims=True)
    centre = yi[np.argmax(weights, axis=-1)][..., None]
    deviations = yi - centre
    shift = np.sum(weights * deviations, axis=-1, keepdims=True) / total

    def geometry() -> tuple[FloatArray, FloatArray]:
        return np.sqrt(weights / total)[..., None], sum_of_others(weights) / total

    return WeightedFit(weights, centre + shift, deviations - shift, geometry)


def log_det_information(fit: WeightedFit, design: FloatArray | None) -> FloatArray:
    """Log determinant of ``X'WX``, shape (...).

    Parameters
    ----------
    fit : WeightedFit
        The fit whose weights are meant.
    design : ndarray, shape (k, p), or None
        Its design; None for the intercept alone.
    """
    if design is None:
        return np.asarray(np.log(np.sum(fit.weights, axis=-1)))
    information = np.einsum("ki,...k,kj->...ij", design, fit.weights, design)
    return np.asarray(np.linalg.slogdet(information)[1])


def wald_covariance(fit: WeightedFit, design: FloatArray) -> FloatArray:
    """Inverse of ``X'WX``, shape (p, p), without squaring the condition of the design."""
    triangle = np.linalg.qr(np.sqrt(fit.weights)[:, None] * design, mode="r")
    inverse = np.linalg.inv(triangle)
    return np.asarray(inverse @ inverse.T)
