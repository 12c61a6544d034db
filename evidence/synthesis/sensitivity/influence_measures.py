"""Influence of single studies: deletion diagnostics and the points of the Baujat plot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.arrays import BoolArray, FloatArray
from evidence.double_precision import studies_in_double_precision
from evidence.results import ResultOfColumns
from evidence.synthesis.inputs.studies import StudyInput, check_studies
from evidence.synthesis.numerics.weighted_least_squares import fit_weighted, wald_covariance
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.regression.deletions import Deletions, FittedModel, delete_each, fit_model

_DIAGNOSTICS = (
    *("rstudent", "rstudent_residual", "rstudent_se"),
    *("rstandard", "rstandard_residual", "rstandard_se"),
    *("dffits", "cook_distance", "cov_ratio", "tau2_deleted", "q_deleted", "hat", "weight"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Influence(ResultOfColumns):
    """Deletion diagnostics of k studies; arrays of shape (k,) unless said otherwise.

    Attributes
    ----------
    rstudent, rstudent_residual, rstudent_se : ndarray
        Effect minus its prediction by the model without the study, its standard error, and their
        ratio (externally standardised).
    rstandard, rstandard_residual, rstandard_se : ndarray
        The same with the model of all studies (internally standardised).
    dffits : ndarray
        Change of the study's fitted value when it is left out, in standard errors.
    cook_distance : ndarray
        Squared change of all coefficients, in units of their covariance.
    cov_ratio : ndarray
        Determinant of the covariance of the coefficients without the study, over that with it.
    tau2_deleted, q_deleted : ndarray
        Between-study variance and residual heterogeneity without the study.
    hat, weight : ndarray
        Leverage, and share of the study in the sum of the weights.
    dfbetas : ndarray, shape (k, p)
        Change of each coefficient, in standard errors.
    is_influential : ndarray of bool
        Any of: abs(dffits) above 3 sqrt(p / (k - p)); lower tail of the chi-squared distribution
        with p df at the Cook distance above 0.5; leverage above 3 p / k; any abs(dfbetas) above 1.
    labels : tuple of str, length k
        Studies.
    method, test : str
        Estimator of tau2, and test of the coefficients.
    """

    rstudent: FloatArray
    rstudent_residual: FloatArray
    rstudent_se: FloatArray
    rstandard: FloatArray
    rstandard_residual: FloatArray
    rstandard_se: FloatArray
    dffits: FloatArray
    cook_distance: FloatArray
    cov_ratio: FloatArray
    tau2_deleted: FloatArray
    q_deleted: FloatArray
    hat: FloatArray
    weight: FloatArray
    dfbetas: FloatArray
    is_influential: BoolArray
    labels: tuple[str, ...]
    method: str
    test: str

    COLUMNS = _DIAGNOSTICS
    INDEX = "labels"

    def _columns(self) -> dict[str, Any]:
        changes = {f"dfbetas_{i}": column for i, column in enumerate(self.dfbetas.T)}
        own = ResultOfColumns._columns(self)
        return {**own, **changes, "is_influential": self.is_influential}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaujatPoints(ResultOfColumns):
    """Points of the Baujat plot, one for each study; arrays of shape (k,).

    Attributes
    ----------
    heterogeneity : ndarray
        Squared Pearson residual: what the study adds to the generalised Q statistic (x axis).
    influence : ndarray
        Squared change of the study's fitted value without it, over its variance (y axis).
    labels : tuple of str, length k
        Studies.
    """

    heterogeneity: FloatArray
    influence: FloatArray
    labels: tuple[str, ...]

    COLUMNS = ("heterogeneity", "influence")
    INDEX = "labels"


@takes_fit("method", "test", "design")
@studies_in_double_precision("The influence of the studies")
def influence(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    design: npt.ArrayLike | None = None,
    method: str = "REML",
    test: str = "z",
    labels: Iterable[str] | None = None,
) -> Influence:
    """Deletion diagnostics of each study, of a summary or of a model with moderators.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    design : array_like, shape (k, p), optional
        Moderators including the constant; a plain summary if left out.
    method : str
        Estimator of tau2.
    test : str
        One of ``SUMMARY_TESTS`` of room pairwise: whether variances carry the Knapp-Hartung factor.
    labels : iterable of str, optional
        Names of the studies.

    Raises
    ------
    TooFewStudies
        If there are fewer than p + 2 studies.
    EmptySelection, BadInput, UnknownName
        If the data or a choice cannot be right.
    NotEstimable
        If the model is not determined without some study, or numbers leave double precision.

    References
    ----------
    Viechtbauer & Cheung (2010), Res Synth Methods 1:112-125.
    metafor: ``influence(res)``, ``rstudent(res)``, ``rstandard(res)``.
    """
    return _diagnose(*_deleted(yi, vi, design, method, test, labels))


@takes_fit("method", "test", "design")
@studies_in_double_precision("The Baujat points of the studies")
def baujat(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    design: npt.ArrayLike | None = None,
    method: str = "REML",
    test: str = "z",
    labels: Iterable[str] | None = None,
) -> BaujatPoints:
    """Contribution of each study to heterogeneity, and its influence on the summary.

    Parameters
    ----------
    yi, vi, design, method, test, labels
        As for ``influence``.

    Raises
    ------
    TooFewStudies, EmptySelection, BadInput, UnknownName, NotEstimable
        As for ``influence``.

    References
    ----------
    Baujat et al. (2002), Stat Med 21:2641-2652. metafor: ``baujat(res)``.
    """
    model, deletions = _deleted(yi, vi, design, method, test, labels)
    heterogeneity = model.fit.weights * model.fit.residuals**2
    change = np.sum(model.design * _changes(model, deletions), axis=1)
    moved = change**2 / _deleted_variance(model, deletions)
    for array in (heterogeneity, moved):
        array.setflags(write=False)
    return BaujatPoints(heterogeneity=heterogeneity, influence=moved, labels=model.studies.labels)


def _deleted(
    yi: StudyInput,
    vi: npt.ArrayLike | None,
    design: npt.ArrayLike | None,
    method: str,
    test: str,
    labels: Iterable[str] | None,
) -> tuple[FittedModel, Deletions]:
    """Model of all studies, and the models without each."""
    model = fit_model(check_studies(yi, vi, labels), design, method, test, spare=2)
    return model, delete_each(model)


def _changes(model: FittedModel, deletions: Deletions) -> FloatArray:
    """Coefficients of all studies minus those without each, shape (k, p)."""
    return np.asarray(model.fit.coefficients - deletions.coefficients)


def _deleted_variance(model: FittedModel, deletions: Deletions) -> FloatArray:
    """Variance of the study's prediction by the model without it, shape (k,)."""
    design = model.design
    return np.asarray(np.einsum("ki,kij,kj->k", design, deletions.covariance, design))


def _diagnose(model: FittedModel, deletions: Deletions) -> Influence:
    yi, vi, fit = model.studies.yi, model.studies.vi, model.fit
    changes = _changes(model, deletions)
    hat = 1.0 - fit.remainder
    predicted = np.sum(model.design * deletions.coefficients, axis=1)
    rstudent_residual = yi - predicted
    total = deletions.s2w * (vi + deletions.tau2)
    rstudent_se = np.sqrt(total + _deleted_variance(model, deletions))
    rstandard_se = np.sqrt((vi + model.tau2) * fit.remainder)
    arrays = {
        "rstudent": rstudent_residual / rstudent_se,
        "rstudent_residual": rstudent_residual,
        "rstudent_se": rstudent_se,
        "rstandard": fit.residuals / rstandard_se,
        "rstandard_residual": fit.residuals.copy(),
        "rstandard_se": rstandard_se,
        "dffits": np.sum(model.design * changes, axis=1) / np.sqrt(hat * total),
        "cook_distance": _cook(model, changes),
        "cov_ratio": np.linalg.det(deletions.covariance) / np.linalg.det(model.covariance),
        "tau2_deleted": deletions.tau2,
        "q_deleted": deletions.q,
        "hat": hat,
        "weight": fit.weights / fit.weights.sum(),
        "dfbetas": changes / np.sqrt(_coefficient_variances(model, deletions)),
    }
    flags = _flag(arrays["dffits"], arrays["cook_distance"], hat, arrays["dfbetas"])
    for array in (*arrays.values(), flags):
        array.setflags(write=False)
    return Influence(
        **arrays,
        is_influential=flags,
        labels=model.studies.labels,
        method=model.method,
        test=model.test,
    )


def _cook(model: FittedModel, changes: FloatArray) -> FloatArray:
    """Squared change of the coefficients in units of their covariance, shape (k,)."""
    solved = np.linalg.solve(model.covariance, changes.T)
    return np.asarray(np.einsum("kp,pk->k", changes, solved))


def _coefficient_variances(model: FittedModel, deletions: Deletions) -> FloatArray:
    """Variances of the coefficients of all studies at the tau2 without each, shape (k, p)."""
    rows = []
    for tau2, s2w in zip(deletions.tau2, deletions.s2w, strict=True):
        weights = 1.0 / (model.studies.vi + tau2)
        fit = fit_weighted(model.studies.yi, weights, None if model.plain else model.design)
        rows.append(s2w * np.diag(wald_covariance(fit, model.design)))
    return np.array(rows)


def _flag(dffits: FloatArray, cook: FloatArray, hat: FloatArray, dfbetas: FloatArray) -> BoolArray:
    """Studies beyond any of the four limits."""
    k, p = dfbetas.shape
    return np.asarray(
        (np.abs(dffits) > 3.0 * math.sqrt(p / (k - p)))
        | (special.chdtr(p, cook) > 0.5)
        | (hat > 3.0 * p / k)
        | np.any(np.abs(dfbetas) > 1.0, axis=1)
    )
