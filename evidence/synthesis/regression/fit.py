"""Meta-regression: the effects of independent studies as a linear function of moderators."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evidence.arrays import FloatArray
from evidence.errors import NotEstimable
from evidence.synthesis.heterogeneity.measures import (
    Heterogeneity,
    assess_heterogeneity,
    cochran_q,
    q_profile_interval,
)
from evidence.synthesis.heterogeneity.tau2_estimates import (
    Tau2Estimate,
    estimate_tau2,
    estimator_name,
)
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel, log_likelihood
from evidence.synthesis.inputs.correlated_studies import used_rows
from evidence.synthesis.inputs.design_matrix import Design, build_design
from evidence.synthesis.inputs.studies import HasEffects, Studies, check_studies
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.numerics.weighted_least_squares import (
    WeightedFit,
    fit_weighted,
    rss_beyond_rounding,
)
from evidence.synthesis.pairwise.likelihood_statistics import FitStatistics
from evidence.synthesis.pairwise.policies import describe_method, summary_test_name
from evidence.synthesis.regression.coefficients import (
    CoefficientTable,
    coefficient_table,
    wald_test,
)
from evidence.synthesis.regression.model_comparison import explained_share, information_criteria
from evidence.synthesis.regression.records import MetaRegression

if TYPE_CHECKING:
    from evidence.synthesis.inputs.design_columns import Moderators

#: Knapp-Hartung factor below which standard errors are narrower; tau2 may be solved for one of 1.
_NARROWER = 1.0 - 1e-8


def meta_regression(
    yi: npt.ArrayLike | HasEffects,
    vi: npt.ArrayLike | None = None,
    moderators: Moderators | None = None,
    *,
    method: str = "REML",
    test: str = "z",
    intercept: bool = True,
    interactions: Sequence[tuple[str, str]] = (),
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> MetaRegression:
    """Linear model of the effects of independent studies on moderators.

    Parameters
    ----------
    yi : array_like, shape (k,), or EffectSizes
        Effects; ratios on the log scale. Studies of an EffectSizes that have no effect size are
        left out, together with their moderators.
    vi : array_like, shape (k,), or None
        Sampling variances (squared standard errors); None if ``yi`` is an EffectSizes.
    moderators : mapping, DataFrame, array_like or None
        One column of length k for each moderator. Numbers enter as they are; names, or a pandas
        categorical, are a factor whose first level is the reference. A matrix, shape (k, q), is
        taken as it is. None is the model without moderators.
    method : str
        Estimator of tau2: CE (FE, EE), DL, HE, HS, SJ, ML, REML, EB, PM.
    test : str
        z, t, knha (hksj), or adhoc (hksj-floor).
    intercept : bool
        Put an intercept in front; without it the first factor has a coefficient for each level.
    interactions : sequence of pairs of str
        Moderators whose products are added, as ("dose", "phase").
    level : float
        Coverage of all intervals.
    labels : iterable of str, optional
        Names of the studies.

    Returns
    -------
    MetaRegression
        ``predict_effects`` gives effects at chosen moderators, ``compare_models`` a likelihood
        ratio test, ``joint_test`` a joint Wald test, ``robust`` cluster-robust errors.

    Raises
    ------
    BadInput
        If an effect, variance or moderator is missing or not finite, or lengths differ.
    TooFewStudies
        If there are not more studies than coefficients.
    NotEstimable
        If moderators determine each other, or numbers leave the range of double precision.

    References
    ----------
    Berkey et al. (1995), Stat Med 14:395-411. Knapp & Hartung (2003), Stat Med 22:2693-2710.
    metafor: ``rma(yi, vi, mods=, method=, test=)``.

    Examples
    --------
    >>> fit = meta_regression(
    ...     [0.1, 0.3, 0.5, 0.6], [0.03, 0.03, 0.05, 0.04], {"dose": [1, 2, 3, 4]}
    ... )
    >>> fit.coefficients.names
    ('intercept', 'dose')
    """
    method, test = estimator_name(method), summary_test_name(test)
    level = check_level(level)
    studies = check_studies(yi, vi, labels)
    rows, kept = used_rows(yi, studies.yi.size)
    design = build_design(
        moderators,
        rows,
        intercept=intercept,
        interactions=interactions,
        labels=studies.labels,
        kept=kept,
    )
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            found = fit_regression(studies, design, method, test, level)
    except (ArithmeticError, np.linalg.LinAlgError) as failure:
        raise _out_of_range(studies) from failure
    if not _finite(found):
        raise _out_of_range(studies)
    return found


def _finite(found: MetaRegression) -> bool:
    table = [getattr(found.coefficients, field.name) for field in fields(CoefficientTable)]
    records = (found.heterogeneity, found.fit, found.moderator_test)
    numbers = [getattr(r, f.name) for r in records if r is not None for f in fields(r)]
    return all(np.all(np.isfinite(part)) for part in table if isinstance(part, np.ndarray)) and all(
        math.isfinite(number) for number in numbers if isinstance(number, float)
    )


def _out_of_range(studies: Studies) -> NotEstimable:
    return NotEstimable(
        f"A meta-regression of {studies.yi.size} studies left the range of double precision: "
        f"effects up to {np.abs(studies.yi).max():.3g}, variances {studies.vi.min():.3g} to "
        f"{studies.vi.max():.3g}. Check the variances, or give effects and moderators in other "
        "units."
    )


def fit_regression(
    studies: Studies, design: Design, method: str, test: str, level: float
) -> MetaRegression:
    """Fit a checked design to checked studies.

    Parameters
    ----------
    studies : Studies
        Effects and sampling variances.
    design : Design
        Design matrix.
    method, test : str
        Canonical names.
    level : float
        Coverage.
    """
    yi, vi, x = studies.yi, studies.vi, design.matrix
    residual_df = yi.size - x.shape[1]
    tau2 = estimate_tau2(yi, vi, method, design=x)
    model = TauModel(yi, vi, x)
    fit = model.at(tau2.tau2)
    s2w = covariance_factor(test, rss_beyond_rounding(fit, yi, x) / residual_df)
    test_df = None if test == "z" else residual_df
    table = coefficient_table(
        design.names, fit.coefficients.copy(), s2w * unscaled_covariance(fit, x), test_df, level
    )
    heterogeneity = _heterogeneity(yi, vi, x, tau2, level)
    r2, without = _explained(yi, vi, design, tau2)
    return MetaRegression(
        coefficients=table,
        moderator_test=wald_test(table, design.tested, test_df) if design.tested else None,
        heterogeneity=heterogeneity,
        r2=r2,
        tau2_without=without,
        fit=_fit_statistics(model, tau2),
        s2w=s2w,
        residual_df=residual_df,
        design=design,
        yi=yi,
        vi=vi,
        labels=studies.labels,
        measure=studies.measure,
        method=method,
        test=test,
        level=level,
        decisions=(
            *studies.decisions,
            *_decisions(tau2, heterogeneity, s2w, test),
            *_single_study_levels(design, studies.labels),
        ),
    )


def covariance_factor(test: str, knapp_hartung: float) -> float:
    """Factor on the Wald covariance matrix: 1, the Knapp-Hartung one, or that not below 1.

    Parameters
    ----------
    test : str
        z, t, knha or adhoc.
    knapp_hartung : float
        Weighted residual sum of squares over its degrees of freedom.
    """
    return {"knha": knapp_hartung, "adhoc": max(1.0, knapp_hartung)}.get(test, 1.0)


def unscaled_covariance(fit: WeightedFit, design: FloatArray) -> FloatArray:
    """Covariance matrix ``(X'WX)^-1`` of the coefficients, shape (p, p).

    Parameters
    ----------
    fit : WeightedFit
        The fit whose weights are meant.
    design : ndarray, shape (k, p)
        Its design.
    """
    triangle = np.linalg.qr(np.sqrt(fit.weights)[:, None] * design)[1]
    inverse = np.linalg.solve(triangle, np.eye(triangle.shape[0]))
    return np.asarray(inverse @ inverse.T)


def _heterogeneity(
    yi: FloatArray, vi: FloatArray, x: FloatArray, tau2: Tau2Estimate, level: float
) -> Heterogeneity:
    found = cochran_q(yi, vi, x)
    if tau2.method == "CE":
        return assess_heterogeneity(found, tau2, None, "Q")
    return assess_heterogeneity(found, tau2, q_profile_interval(yi, vi, level, x), "tau2")


def _explained(
    yi: FloatArray, vi: FloatArray, design: Design, tau2: Tau2Estimate
) -> tuple[float | None, float | None]:
    """R2, and the tau2 without moderators that it uses."""
    if not (design.tested and design.spans_constant):
        return None, None
    if tau2.method != "CE":
        without = estimate_tau2(yi, vi, tau2.method).tau2
        return explained_share(tau2.tau2, without), without
    total = float(fit_weighted(yi, 1.0 / vi, None).rss)
    rest = float(fit_weighted(yi, 1.0 / vi, design.matrix).rss)
    k, p = design.matrix.shape
    adjusted = 1.0 - rest / (k - p) * (k - 1) / total if total > 0.0 else 0.0
    return max(0.0, adjusted), None


def _fit_statistics(model: TauModel, tau2: Tau2Estimate) -> FitStatistics:
    restricted = tau2.method == "REML"
    p = model.yi.size - model.df
    return information_criteria(
        float(log_likelihood(model, tau2.tau2, restricted=restricted)),
        size=model.df if restricted else model.yi.size,
        parameters=p if tau2.method == "CE" else p + 1,
        restricted=restricted,
        saturated=-0.5 * float(np.sum(np.log(2 * math.pi * model.vi))),
    )


def _decisions(
    tau2: Tau2Estimate, heterogeneity: Heterogeneity, s2w: float, test: str
) -> list[str]:
    sentences = [f"Residual tau2 by {describe_method(tau2.method)} is {tau2.tau2:.4g}."]
    if tau2.method == "CE":
        sentences = ["The common-effect model assumes residual tau2 = 0; I2 and H2 are from QE."]
        if test in ("knha", "adhoc"):
            sentences.append(
                "Knapp-Hartung was asked for with a common effect, for which it is not meant."
            )
    if s2w < _NARROWER:
        sentences.append(
            f"The Knapp-Hartung standard errors are {s2w**0.5:.3g} times the Wald ones; test "
            "adhoc prevents this."
        )
    return sentences


def _single_study_levels(design: Design, labels: Sequence[str]) -> list[str]:
    """Levels of factors that rest on one study."""
    sentences = []
    columns = {name: design.matrix[:, i] for i, name in enumerate(design.names)}
    for term in (term for term in design.terms if term.levels):
        for level, name in zip(term.coded, term.columns, strict=True):
            rows = np.flatnonzero(columns[name])
            if rows.size == 1:
                sentences.append(f"Level {level} of {term.name} is one study, {labels[rows[0]]}.")
    return sentences
