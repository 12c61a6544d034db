"""A model with moderators, and the same model without each of its studies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable, TooFewStudies
from evidence.input_checks import InputCheck
from evidence.synthesis.heterogeneity.estimators import estimator_name
from evidence.synthesis.heterogeneity.tau2_estimates import estimate_tau2
from evidence.synthesis.inputs.studies import Studies
from evidence.synthesis.numerics.weighted_least_squares import (
    WeightedFit,
    fit_weighted,
    wald_covariance,
)
from evidence.synthesis.pairwise.summary_interval import mean_interval
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS, summary_test_name
from evidence.synthesis.stacks.pooled_stack import fit_chunks
from evidence.synthesis.stacks.stack import Stack, build_stack


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedModel:
    """Weighted least squares with an estimated tau2.

    Attributes
    ----------
    studies : Studies
        Effects and sampling variances.
    design : ndarray, shape (k, p)
        Moderators including the constant; one column of ones for a plain summary.
    plain : bool
        Whether the design is the constant alone.
    method, test : str
        Estimator of tau2, and one of ``SUMMARY_TESTS`` of room pairwise.
    tau2 : float
        Between-study variance.
    fit : WeightedFit
        Coefficients and residuals at that tau2.
    covariance : ndarray, shape (p, p)
        Of the coefficients, with the factor of the test.
    """

    studies: Studies
    design: FloatArray
    plain: bool
    method: str
    test: str
    tau2: float
    fit: WeightedFit
    covariance: FloatArray

    @property
    def fitted(self) -> FloatArray:
        """Fitted values ``X b``, shape (k,)."""
        return self.design @ self.fit.coefficients

    @property
    def fitted_variance(self) -> FloatArray:
        """Variances of the fitted values, shape (k,)."""
        return np.asarray(np.einsum("ki,ij,kj->k", self.design, self.covariance, self.design))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deletions:
    """The model without each study; the first axis is the study left out.

    Attributes
    ----------
    coefficients : ndarray, shape (k, p)
        Coefficients.
    covariance : ndarray, shape (k, p, p)
        Of the coefficients, with the factor of the test.
    s2w : ndarray, shape (k,)
        Factor of the test on the Wald variance.
    tau2, q : ndarray, shape (k,)
        Between-study variance, and residual heterogeneity.
    """

    coefficients: FloatArray
    covariance: FloatArray
    s2w: FloatArray
    tau2: FloatArray
    q: FloatArray


def fit_model(
    studies: Studies, design: npt.ArrayLike | None, method: str, test: str, *, spare: int
) -> FittedModel:
    """Fit the model to all studies.

    Parameters
    ----------
    studies : Studies
        Effects and sampling variances.
    design : array_like, shape (k, p), or None
        Moderators including the constant; None for a plain summary.
    method, test : str
        Estimator of tau2, and one of ``SUMMARY_TESTS`` of room pairwise.
    spare : int
        How many studies more than coefficients there must be.

    Raises
    ------
    BadInput
        If the design does not fit the studies.
    TooFewStudies
        If there are too few studies for the coefficients.
    NotEstimable
        If the columns of the design depend on each other.
    UnknownName
        If the estimator or the test is not known.
    """
    method, test = estimator_name(method), summary_test_name(test)
    k = studies.yi.size
    columns = np.ones((k, 1)) if design is None else _checked_design(design, studies)
    p = columns.shape[1]
    if k < p + spare:
        raise TooFewStudies(
            f"A model with {p} coefficient(s) was asked for and found {k} studies "
            f"({', '.join(studies.labels)}); it needs {p + spare}. Use fewer moderators, or more "
            "studies."
        )
    if np.linalg.matrix_rank(columns) < p:
        raise NotEstimable(
            f"The {p} columns of the design depend on each other. Leave out a moderator."
        )
    plain = p == 1 and bool(np.all(columns == 1.0))
    inner = None if plain else columns
    tau2 = estimate_tau2(studies.yi, studies.vi, method, design=inner).tau2
    fit = fit_weighted(studies.yi, 1.0 / (studies.vi + tau2), inner)
    return FittedModel(
        studies=studies,
        design=columns,
        plain=plain,
        method=method,
        test=test,
        tau2=tau2,
        fit=fit,
        covariance=_factor(fit, test, k - p) * wald_covariance(fit, columns),
    )


def _factor(fit: WeightedFit, test: str, df: int) -> float:
    """Factor of the test on the Wald variance; 1 where no degree of freedom is left."""
    if df < 1:
        return 1.0
    return mean_interval(test, 1.0, float(fit.rss) / df, df, 0.95).s2w


def delete_each(model: FittedModel) -> Deletions:
    """Fit the model again without each study.

    Parameters
    ----------
    model : FittedModel
        The model of all studies.

    Raises
    ------
    NotEstimable
        If the design loses rank without some study, which is then named.
    """
    return _delete_from_mean(model) if model.plain else _delete_from_design(model)


def _delete_from_mean(model: FittedModel) -> Deletions:
    yi, vi = model.studies.yi, model.studies.vi
    k = yi.size
    present = ~np.eye(k, dtype=bool)

    def chunk(columns: slice) -> Stack:
        part = present[:, columns]
        return build_stack(
            np.broadcast_to(yi[:, None], part.shape),
            np.broadcast_to(vi[:, None], part.shape),
            part,
        )

    pooled = fit_chunks(chunk, k, k, model.method, 1)
    s2w = SUMMARY_TESTS[model.test].factor(pooled.s2w)
    return Deletions(
        coefficients=pooled.estimate[:, None],
        covariance=(s2w * pooled.se**2)[:, None, None],
        s2w=s2w,
        tau2=pooled.tau2,
        q=pooled.q,
    )


def _delete_from_design(model: FittedModel) -> Deletions:
    yi, vi, (k, p) = model.studies.yi, model.studies.vi, model.design.shape
    kept = ~np.eye(k, dtype=bool)
    _require_rank(model, kept)
    coefficients, covariance = np.empty((k, p)), np.empty((k, p, p))
    s2w, tau2, q = np.empty((3, k))
    for i, rows in enumerate(kept):
        design = model.design[rows]
        tau2[i] = estimate_tau2(yi[rows], vi[rows], model.method, design=design).tau2
        fit = fit_weighted(yi[rows], 1.0 / (vi[rows] + tau2[i]), design)
        s2w[i] = _factor(fit, model.test, k - 1 - p)
        coefficients[i], covariance[i] = fit.coefficients, s2w[i] * wald_covariance(fit, design)
        q[i] = fit_weighted(yi[rows], 1.0 / vi[rows], design).rss
    return Deletions(coefficients=coefficients, covariance=covariance, s2w=s2w, tau2=tau2, q=q)


def _require_rank(model: FittedModel, kept: npt.NDArray[np.bool_]) -> None:
    """Refuse a design that some study alone determines."""
    p = model.design.shape[1]
    alone = [
        label
        for label, rows in zip(model.studies.labels, kept, strict=True)
        if np.linalg.matrix_rank(model.design[rows]) < p
    ]
    if alone:
        raise NotEstimable(
            f"Without {' or '.join(alone)} a coefficient is not determined, so the influence of "
            "that study cannot be measured. Leave out the moderator, or the study."
        )


def _checked_design(design: npt.ArrayLike, studies: Studies) -> FloatArray:
    """Design of one row for each study, all finite."""
    check = InputCheck("A model with moderators", studies.labels)
    (columns,) = check.numbers(design=design)
    if columns.ndim != 2 or columns.shape[0] != studies.yi.size or columns.shape[1] < 1:
        check.problems.append(f"the design has shape {columns.shape} for {studies.yi.size} studies")
    check.refuse("Give the design one row for each study and one column for each coefficient.")
    return columns
