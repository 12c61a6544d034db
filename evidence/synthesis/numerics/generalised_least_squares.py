"""Generalised least squares with a known covariance matrix of the effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from evidence.arrays import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class GeneralFit:
    """Generalised least squares fit of k effects on p columns.

    Attributes
    ----------
    coefficients : ndarray, shape (p,)
        Estimates.
    vcov : ndarray, shape (p, p)
        Their covariance matrix ``(X' M^-1 X)^-1``.
    residuals : ndarray, shape (k,)
        ``y - X beta``.
    rss : float
        ``residuals' M^-1 residuals``.
    inverse : ndarray, shape (k, k)
        ``M^-1``.
    projection : ndarray, shape (k, k)
        ``P = M^-1 - M^-1 X (X' M^-1 X)^-1 X' M^-1``.
    log_det, log_det_information : float
        Log determinants of ``M`` and of ``X' M^-1 X``.
    """

    coefficients: FloatArray
    vcov: FloatArray
    residuals: FloatArray
    rss: float
    inverse: FloatArray
    projection: FloatArray
    log_det: float
    log_det_information: float


def fit_general(yi: FloatArray, covariance: FloatArray, design: FloatArray) -> GeneralFit:
    """Generalised least squares of correlated effects.

    Parameters
    ----------
    yi : ndarray, shape (k,)
        Effects.
    covariance : ndarray, shape (k, k)
        Their covariance matrix M, positive definite.
    design : ndarray, shape (k, p)
        Columns of full rank.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite.
    """
    root = np.asarray(np.linalg.cholesky(covariance), dtype=float)
    inverse_root = _inverse(root, lower=True)
    white_x, white_y = inverse_root @ design, inverse_root @ yi
    basis, triangle = np.linalg.qr(white_x)
    inverse_triangle = _inverse(triangle, lower=False)
    coefficients = inverse_triangle @ (basis.T @ white_y)
    residuals = yi - design @ coefficients
    white_residuals = inverse_root @ residuals
    left = inverse_root.T @ basis
    inverse = inverse_root.T @ inverse_root
    return GeneralFit(
        coefficients,
        inverse_triangle @ inverse_triangle.T,
        residuals,
        float(white_residuals @ white_residuals),
        inverse,
        inverse - left @ left.T,
        2.0 * float(np.sum(np.log(np.diagonal(root)))),
        2.0 * float(np.sum(np.log(np.abs(np.diagonal(triangle))))),
    )


def _inverse(triangle: FloatArray, *, lower: bool) -> FloatArray:
    """Inverse of a triangular matrix."""
    inverse, fault = linalg.lapack.dtrtri(triangle, lower=int(lower))
    if fault:
        raise np.linalg.LinAlgError("triangular matrix is singular")
    return np.asarray(inverse)
