"""PyMARE and statsmodels: what the established engines compute from the same studies.

This is the one file that calls them. A summary is solved to machine precision and held against
them whenever it is certified, which every report does:

- PyMARE gives the common effect, DL, REML and ML, with moderators too. Its (RE)ML search stops at
  about 1e-6.
- statsmodels gives Paule-Mandel, hence empirical Bayes too. Its iteration returns 0 as soon as
  rounding turns the estimating equation negative, so it is left at its tolerance of 1e-5. Its DL
  is not truncated at 0, and a negative one is no answer.
- Who has which estimator is said in ``heterogeneity.ESTIMATORS``; some are in neither.

Every option of an engine is passed explicitly, because defaults differ and have changed. The
engines are imported when they are first used.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from evidence.arrays import FloatArray
from evidence.synthesis.heterogeneity.estimators import (
    PYMARE,
    STATSMODELS,
    Estimator,
    RootOfQ,
    find_estimator,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineValue:
    """What an established library computes from the same data.

    Attributes
    ----------
    engine : str
        Library, version and call.
    tau2 : float or None
        Its between-study variance; None for the common effect.
    estimate, se : float
        Its summary and Wald standard error (intercept-only model).
    """

    engine: str
    tau2: float | None
    estimate: float
    se: float


def engine_value(yi: FloatArray, vi: FloatArray, method: str) -> EngineValue | None:
    """Ask PyMARE or statsmodels; None if neither has the estimator, or it fails.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances, k >= 2.
    method : str
        Short name of the estimator.
    """
    estimator = find_estimator(method)
    if not estimator.engines:
        return None
    call = _statsmodels_value if estimator.engines[0] == STATSMODELS else _pymare_value
    try:
        with np.errstate(all="ignore"):
            value = call(yi, vi, estimator)
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return None
    numbers = (value.estimate, value.se, 0.0 if value.tau2 is None else value.tau2)
    return value if all(map(math.isfinite, numbers)) else None


@cache
def _pymare() -> tuple[str, ModuleType]:
    """Version and estimators of PyMARE, whose import leaves a file open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        import pymare
        from pymare import estimators
    return str(pymare.__version__), estimators


def _pymare_value(yi: FloatArray, vi: FloatArray, estimator: Estimator) -> EngineValue:
    name = estimator.name
    engine, found = _pymare_fit(yi, vi, np.ones((yi.size, 1)), name)
    return EngineValue(
        engine=engine,
        tau2=None if name == "CE" else float(np.ravel(found["tau2"])[0]),
        estimate=float(np.ravel(found["fe_params"])[0]),
        se=float(np.ravel(found["inv_cov"])[0]) ** 0.5,
    )


def _pymare_fit(
    yi: FloatArray, vi: FloatArray, design: FloatArray, name: str
) -> tuple[str, Mapping[str, FloatArray]]:
    """Name of PyMARE's estimator, and what it fits."""
    version, engines = _pymare()
    options = {"weight_scheme": "individual", "rho": None, "small_sample_correction": "wald"}
    if name == "CE":
        fitted = engines.WeightedLeastSquares(tau2=0.0, **options)
    elif name == "DL":
        fitted = engines.DerSimonianLaird(**options)
    else:
        search = {"xtol": 1e-6, "ftol": 1e-12, "maxiter": 50}
        fitted = engines.VarianceBasedLikelihoodEstimator(method=name, **options, **search)
    fitted.fit(y=yi[:, None], v=vi[:, None], X=design)
    return f"PyMARE {version} {type(fitted).__name__}", fitted.params_


def second_engine_value(yi: FloatArray, vi: FloatArray, method: str) -> EngineValue | None:
    """Ask statsmodels for what PyMARE was asked first; None if it has no valid answer.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances, k >= 2.
    method : str
        CE or DL. Its DL is not truncated at 0, and a negative one is no answer.
    """
    try:
        with np.errstate(all="ignore"):
            value = _statsmodels_value(yi, vi, find_estimator(method))
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return None
    numbers = (value.estimate, value.se, 0.0 if value.tau2 is None else value.tau2)
    valid = all(map(math.isfinite, numbers)) and numbers[2] >= 0.0
    return value if valid else None


def _statsmodels_value(yi: FloatArray, vi: FloatArray, estimator: Estimator) -> EngineValue:
    import statsmodels
    from statsmodels.stats.meta_analysis import combine_effects

    rule = "pm" if isinstance(estimator.equation, RootOfQ) else "dl"
    found = combine_effects(
        yi, vi, method_re=rule, use_t=False, alpha=0.05, tau2_start=0, atol=1e-5, maxiter=200
    )
    common = estimator.name == "CE"
    return EngineValue(
        engine=f"statsmodels {statsmodels.__version__} combine_effects",
        tau2=None if common else float(found.tau2),
        estimate=float(found.mean_effect_fe if common else found.mean_effect_re),
        se=float(found.sd_eff_w_fe if common else found.sd_eff_w_re),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EngineRegression:
    """What an established library computes for a linear model of the effects.

    Attributes
    ----------
    engine : str
        Library, version and call.
    tau2 : float or None
        Its between-study variance; None if it was given.
    coefficients, se : ndarray, shape (p,)
        Its coefficients and Wald standard errors.
    """

    engine: str
    tau2: float | None
    coefficients: FloatArray
    se: FloatArray


def engine_regression(
    yi: FloatArray, vi: FloatArray, design: FloatArray, method: str
) -> EngineRegression | None:
    """Ask PyMARE for a meta-regression; None if it has not the estimator, or fails.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances.
    design : ndarray, shape (k, p)
        Moderators including the constant.
    method : str
        Short name of the estimator.
    """
    estimator = find_estimator(method)
    name = estimator.name
    if PYMARE not in estimator.engines:
        return None
    try:
        with np.errstate(all="ignore"):
            engine, found = _pymare_fit(yi, vi, design, name)
            se = np.sqrt(np.asarray(found["inv_cov"], dtype=float)[..., 0].diagonal())
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return None
    return _finite_regression(
        EngineRegression(
            engine=engine,
            tau2=None if name == "CE" else float(np.ravel(found["tau2"])[0]),
            coefficients=np.ravel(found["fe_params"]),
            se=se,
        )
    )


def weighted_regression(
    yi: FloatArray, total_variance: FloatArray, design: FloatArray
) -> EngineRegression | None:
    """Ask statsmodels for the weighted least squares at given variances; None if it fails.

    Parameters
    ----------
    yi : ndarray, shape (k,)
        Effects.
    total_variance : ndarray, shape (k,)
        Sampling variance plus tau2.
    design : ndarray, shape (k, p)
        Moderators including the constant.
    """
    import statsmodels
    from statsmodels.regression.linear_model import WLS

    try:
        with np.errstate(all="ignore"):
            found = WLS(yi, design, weights=1.0 / total_variance).fit(method="qr")
            se = np.sqrt(np.asarray(found.normalized_cov_params, dtype=float).diagonal())
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return None
    engine = f"statsmodels {statsmodels.__version__} WLS at this tau2"
    return _finite_regression(
        EngineRegression(
            engine=engine,
            tau2=None,
            coefficients=np.asarray(found.params, dtype=float),
            se=se,
        )
    )


def _finite_regression(value: EngineRegression) -> EngineRegression | None:
    numbers = [*value.coefficients.tolist(), *value.se.tolist(), value.tau2 or 0.0]
    return value if all(map(math.isfinite, numbers)) else None


def engine_odds_ratio(events: FloatArray, sizes: FloatArray) -> EngineValue | None:
    """Ask statsmodels for the Mantel-Haenszel log odds ratio; None if it fails.

    Parameters
    ----------
    events, sizes : ndarray, shape (k, 2)
        Events and participants of both arms.
    """
    from statsmodels.stats.contingency_tables import StratifiedTable

    cells = np.stack([events, sizes - events], axis=2)
    try:
        with np.errstate(all="ignore"):
            table = StratifiedTable(np.moveaxis(cells, 0, 2), shift_zeros=False)
            numbers = float(table.logodds_pooled), float(table.logodds_pooled_se)
    except (ArithmeticError, ValueError):
        return None
    if not all(map(math.isfinite, numbers)):
        return None
    return EngineValue(engine=_stratified_table(), tau2=None, estimate=numbers[0], se=numbers[1])


def engine_risk_ratio(events: FloatArray, sizes: FloatArray) -> tuple[str, float] | None:
    """Ask statsmodels for the Mantel-Haenszel log risk ratio, without a standard error.

    Parameters
    ----------
    events, sizes : ndarray, shape (k, 2)
        Events and participants of both arms.

    Returns
    -------
    tuple of str and float, or None
        Engine and value; None if it fails.
    """
    from statsmodels.stats.contingency_tables import StratifiedTable

    cells = np.stack([events, sizes - events], axis=2)
    try:
        with np.errstate(all="ignore"):
            table = StratifiedTable(np.moveaxis(cells, 0, 2), shift_zeros=False)
            value = float(np.log(table.riskratio_pooled))
    except (ArithmeticError, ValueError):
        return None
    return (_stratified_table(), value) if math.isfinite(value) else None


def _stratified_table() -> str:
    import statsmodels

    return f"statsmodels {statsmodels.__version__} StratifiedTable"
