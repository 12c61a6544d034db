"""Regression of effects on a measure of their precision: what every test of a funnel shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evidence.arrays import FloatArray
from evidence.double_precision import require_finite
from evidence.errors import BadInput, NotEstimable, TooFewStudies
from evidence.input_checks import whole_number
from evidence.results import Result
from evidence.synthesis.numerics.distributions import critical_value, two_sided_p
from evidence.synthesis.numerics.weighted_least_squares import (
    fit_weighted,
    rss_beyond_rounding,
    wald_covariance,
)
from evidence.synthesis.pairwise.summary_interval import mean_interval

#: Studies below which a test of a funnel is refused, unless the caller asks for it.
FEWEST_STUDIES = 10
#: No line through two studies leaves a residual.
_FEWEST_FOR_A_LINE = 3
_COLUMNS = (
    *("name", "statistic", "df", "p_value", "slope", "slope_se", "intercept", "intercept_se"),
    *("limit", "limit_low", "limit_high", "level", "tau2", "sigma", "predictor", "model"),
    *("method", "test", "k"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelRegressionTest(Result):
    """Test of a funnel by regression; the slope is the asymmetry.

    Attributes
    ----------
    name : str
        Whose test it is.
    statistic, df, p_value : float, float or None, float
        Slope over its standard error, degrees of freedom of t (None: normal), two-sided p-value.
    slope, slope_se, intercept, intercept_se : float
        Line through the effects; the slope per unit of the predictor.
    limit, limit_low, limit_high : float or None
        Effect predicted for a study of infinite precision, with its interval; None for a predictor
        that grows with the precision.
    level : float
        Coverage of that interval.
    tau2 : float or None
        Residual between-study variance (additive model); None for the multiplicative one.
    sigma : float or None
        Residual standard deviation (multiplicative model); None for the additive one.
    predictor : str
        What the effects are regressed on.
    model : str
        "rma", additive between-study variance, or "lm", multiplicative dispersion.
    method, test : str or None
        Estimator of tau2 and test of the coefficients of the additive model.
    k : int
        Number of studies.
    decisions : tuple of str
        What was done to the studies, and cautions.
    """

    name: str
    statistic: float
    df: float | None
    p_value: float
    slope: float
    slope_se: float
    intercept: float
    intercept_se: float
    limit: float | None
    limit_low: float | None
    limit_high: float | None
    level: float
    tau2: float | None
    sigma: float | None
    predictor: str
    model: str
    method: str | None
    test: str | None
    k: int
    decisions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """How the effects scatter around the line.

    Attributes
    ----------
    model : str
        "rma" or "lm".
    method, test : str or None
        Estimator of tau2, and one of ``SUMMARY_TESTS`` of room pairwise; None for lm.
    tau2 : float or None
        Between-study variance; None for lm.
    """

    model: str
    method: str | None = None
    test: str | None = None
    tau2: float | None = None


def require_studies(asked: str, k: int, min_studies: int) -> tuple[str, ...]:
    """Refuse a test of too few studies; a caution if the caller asked for fewer than advised.

    Parameters
    ----------
    asked : str
        The test, as the start of the refusal.
    k : int
        Number of studies.
    min_studies : int
        Fewest studies that the caller accepts.

    Raises
    ------
    BadInput
        If ``min_studies`` is no whole number.
    TooFewStudies
        If there are fewer, or fewer than a line needs.

    References
    ----------
    Sterne et al. (2011), BMJ 343:d4002. Cochrane Handbook chapter 13.
    """
    if not whole_number(min_studies, 0):
        raise BadInput(
            f"{asked} of at least {min_studies!r:.80} studies was asked for. Give min_studies as a "
            f"whole number; {FEWEST_STUDIES} are advised."
        )
    if k < max(min_studies, _FEWEST_FOR_A_LINE):
        way_out = f"pass min_studies={max(k, _FEWEST_FOR_A_LINE)} to test all the same"
        advice = (
            "Judge the funnel by eye" if k < _FEWEST_FOR_A_LINE else f"Do not test, or {way_out}"
        )
        raise TooFewStudies(
            f"{asked} was asked of {k} studies and needs {max(min_studies, _FEWEST_FOR_A_LINE)}; "
            f"below {FEWEST_STUDIES} such a test can hardly tell asymmetry from chance. {advice}."
        )
    if k < FEWEST_STUDIES:
        return (
            f"{asked} with {k} studies can hardly tell asymmetry from chance; "
            f"{FEWEST_STUDIES} are advised.",
        )
    return ()


def regress(
    name: str,
    yi: FloatArray,
    x: FloatArray,
    weights: FloatArray,
    *,
    predictor: str,
    scatter: Scatter,
    has_limit: bool,
    level: float,
    decisions: Sequence[str],
) -> FunnelRegressionTest:
    """Weighted line through the effects, and the test of its slope.

    Parameters
    ----------
    name : str
        Whose test it is.
    yi, x, weights : ndarray, shape (k,)
        Effects, predictor and weights.
    predictor : str
        Name of ``x``.
    scatter : Scatter
        Additive or multiplicative model.
    has_limit : bool
        Whether the intercept is the effect at infinite precision.
    level : float
        Coverage of its interval.
    decisions : sequence of str
        Passed on to the result.

    Raises
    ------
    NotEstimable
        If the predictor is the same for all studies, or nothing scatters around the line.
    ArithmeticError
        If the numbers leave the range of double precision, which the tests refuse.
    """
    design = line_design(name, x, predictor)
    fit = fit_weighted(yi, weights, design)
    df = yi.size - 2
    rss = rss_beyond_rounding(fit, yi, design)
    dispersion, reference_df = _dispersion(rss / df, scatter, df)
    if dispersion <= 0.0:
        raise NotEstimable(
            f"{name}: the {yi.size} studies lie on a line exactly, as far as double precision can "
            "tell, so its slope has no standard error. Use model='rma' with test='z'."
        )
    intercept_se, slope_se = np.sqrt(np.diag(dispersion * wald_covariance(fit, design))).tolist()
    intercept, slope = fit.coefficients.tolist()
    require_finite([intercept, slope, intercept_se, slope_se])
    if min(intercept_se, slope_se) <= 0.0:
        raise ArithmeticError("underflow")
    half = critical_value(level, reference_df) * intercept_se
    return FunnelRegressionTest(
        name=name,
        statistic=slope / slope_se,
        df=reference_df,
        p_value=two_sided_p(slope / slope_se, reference_df),
        slope=slope,
        slope_se=slope_se,
        intercept=intercept,
        intercept_se=intercept_se,
        limit=intercept if has_limit else None,
        limit_low=intercept - half if has_limit else None,
        limit_high=intercept + half if has_limit else None,
        level=level,
        tau2=scatter.tau2,
        sigma=dispersion**0.5 if scatter.model == "lm" else None,
        predictor=predictor,
        model=scatter.model,
        method=scatter.method,
        test=scatter.test,
        k=yi.size,
        decisions=tuple(decisions),
    )


def line_design(name: str, x: FloatArray, predictor: str) -> FloatArray:
    """Design of a line: a constant and the predictor.

    Parameters
    ----------
    name, predictor : str
        Whose test it is, and the name of ``x``, for the refusal.
    x : ndarray, shape (k,)
        Predictor.

    Raises
    ------
    NotEstimable
        If the predictor is the same for all studies.
    """
    if float(np.ptp(x)) <= 1e-12 * float(np.max(np.abs(x))):
        raise NotEstimable(
            f"{name} was asked of {x.size} studies that all have {predictor} {x[0]:.6g}, so there "
            "is no slope. Studies of one size cannot show small-study effects."
        )
    return np.column_stack([np.ones_like(x), x])


def _dispersion(observed: float, scatter: Scatter, df: int) -> tuple[float, float | None]:
    """Factor on the variances that the weights imply, and df of the test (None: normal)."""
    if scatter.test is None:
        return observed, df
    interval = mean_interval(scatter.test, 1.0, observed, df, 0.95)
    return interval.s2w, interval.df
