"""Heterogeneity: Cochran's Q, tau2 with its Q-profile interval, I2 and H2 with their definition.

I2 and H2 have two definitions that give different numbers: from tau2 and the typical sampling
variance (metafor; RevMan since 2024), or from Q (Higgins & Thompson). Both are proportions and
ratios, not percentages, and each result says which one it holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from evidence.arrays import FloatArray
from evidence.synthesis.heterogeneity.tau2_estimates import Tau2Estimate
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel, solve_generalised_q
from evidence.synthesis.numerics.distributions import chi_squared_p, chi_squared_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class CochranQTest:
    """Cochran's Q test of homogeneity.

    Attributes
    ----------
    q : float
        Weighted sum of squared residuals, weights 1/vi.
    df : int
        Degrees of freedom, k - p.
    p : float
        Upper tail of the chi-squared distribution.
    typical_variance : float
        "Typical" sampling variance, (k - p) / tr(P).
    """

    q: float
    df: int
    p: float
    typical_variance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tau2Interval:
    """Interval of tau2 by one of the methods in ``heterogeneity_intervals``.

    Attributes
    ----------
    low, high : float
        Bounds, in squared units of the effects; both 0 when the interval is empty.
    level : float
        Coverage.
    empty : bool
        No tau2 >= 0 is compatible: the effects vary less than sampling error lets expect.
    """

    low: float
    high: float
    level: float
    empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heterogeneity:
    """Every measure of heterogeneity of one synthesis; None where it is not estimable.

    Attributes
    ----------
    tau2, tau, se_tau2 : float or None
        Between-study variance, its root, and its standard error.
    tau2_ci_low, tau2_ci_high : float or None
        Q-profile interval.
    q, q_df, q_p : float, int, float or None
        Cochran's Q test.
    i2_definition : str
        "tau2" or "Q", for ``i2`` and ``h2``.
    i2, i2_ci_low, i2_ci_high : float or None
        As proportions; the bounds are those of tau2.
    i2_q : float or None
        I2 from Q, whatever ``i2_definition`` is.
    h2, h2_ci_low, h2_ci_high : float or None
        H2; the bounds are those of tau2.
    """

    i2_definition: str
    tau2: float | None = None
    tau: float | None = None
    se_tau2: float | None = None
    tau2_ci_low: float | None = None
    tau2_ci_high: float | None = None
    q: float | None = None
    q_df: int | None = None
    q_p: float | None = None
    i2: float | None = None
    i2_ci_low: float | None = None
    i2_ci_high: float | None = None
    i2_q: float | None = None
    h2: float | None = None
    h2_ci_low: float | None = None
    h2_ci_high: float | None = None


def cochran_q(yi: FloatArray, vi: FloatArray, design: FloatArray | None = None) -> CochranQTest:
    """Cochran's Q, its p-value, and the typical sampling variance.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances; more studies than coefficients.
    design : ndarray, shape (k, p), or None
        Moderators including the constant; None for the intercept alone.

    References
    ----------
    Cochran (1954), Biometrics 10:101-129. Higgins & Thompson (2002), Stat Med 21:1539-1558, eq. 9.
    metafor: ``rma(yi, vi)$QE``, ``$QEp``, ``$vt``.
    """
    return homogeneity(TauModel(yi, vi, design))


def homogeneity(model: TauModel) -> CochranQTest:
    """Cochran's Q of a model.

    Parameters
    ----------
    model : TauModel
        Effects and variances, with moderators or without.
    """
    fit = model.common
    q, typical = float(fit.rss), model.df / float(fit.trace_p)
    return CochranQTest(q=q, df=model.df, p=chi_squared_p(q, model.df), typical_variance=typical)


def i2_from_tau2(tau2: float, typical_variance: float) -> float:
    """I2 as a proportion, from tau2 and the typical sampling variance.

    Parameters
    ----------
    tau2, typical_variance : float
        In squared units of the effects.

    References
    ----------
    Higgins & Thompson (2002), Stat Med 21:1539-1558. metafor: ``rma(yi, vi)$I2 / 100``.
    """
    return tau2 / (tau2 + typical_variance)


def h2_from_tau2(tau2: float, typical_variance: float) -> float:
    """H2 from tau2 and the typical sampling variance; 1 without heterogeneity.

    Parameters
    ----------
    tau2, typical_variance : float
        In squared units of the effects.
    """
    return tau2 / typical_variance + 1.0


def i2_from_q(q: float, df: int) -> float:
    """I2 as a proportion, from Q and its degrees of freedom, not below 0.

    Parameters
    ----------
    q : float
        Cochran's Q.
    df : int
        Its degrees of freedom, at least 1.

    References
    ----------
    Higgins & Thompson (2002), Stat Med 21:1539-1558, eq. 10.
    """
    return max(0.0, (q - df) / q) if q > 0.0 else 0.0


def h2_from_q(q: float, df: int) -> float:
    """H2 from Q and its degrees of freedom; may be below 1.

    Parameters
    ----------
    q : float
        Cochran's Q.
    df : int
        Its degrees of freedom, at least 1.
    """
    return q / df


def q_profile_interval(
    yi: FloatArray, vi: FloatArray, level: float = 0.95, design: FloatArray | None = None
) -> Tau2Interval:
    """Interval of tau2 by inverting the generalised Q statistic.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances; more studies than coefficients.
    level : float
        Coverage.
    design : ndarray, shape (k, p), or None
        Moderators including the constant; None for the intercept alone.

    References
    ----------
    Viechtbauer (2007), Stat Med 26:37-52. metafor: ``confint(rma(yi, vi))``.
    """
    return q_profile(TauModel(yi, vi, design), level)


def q_profile(model: TauModel, level: float) -> Tau2Interval:
    """Q-profile interval of tau2 of a model.

    Parameters
    ----------
    model : TauModel
        Effects and variances, with moderators or without.
    level : float
        Coverage.
    """
    tail = (1.0 - level) / 2.0
    lower, upper = (chi_squared_quantile(p, model.df) for p in (1.0 - tail, tail))
    return Tau2Interval(
        low=solve_generalised_q(model, upper),
        high=solve_generalised_q(model, lower),
        level=level,
        empty=float(model.common.rss) < lower,
    )


def assess_heterogeneity(
    found: CochranQTest, tau2: Tau2Estimate, bounds: Tau2Interval | None, definition: str
) -> Heterogeneity:
    """Put the measures of heterogeneity together under one definition of I2 and H2.

    Parameters
    ----------
    found : CochranQTest
        Cochran's Q of the model.
    tau2 : Tau2Estimate
        Between-study variance.
    bounds : Tau2Interval or None
        Its interval; None for a common effect.
    definition : str
        "tau2" or "Q".
    """
    typical, from_tau2 = found.typical_variance, definition == "tau2"
    i2_q = i2_from_q(found.q, found.df)
    limits = {} if bounds is None else {"low": bounds.low, "high": bounds.high}
    derived = limits if from_tau2 else {}
    return Heterogeneity(
        i2_definition=definition,
        tau2=tau2.tau2,
        tau=tau2.tau2**0.5,
        se_tau2=tau2.se,
        q=found.q,
        q_df=found.df,
        q_p=found.p,
        i2=i2_from_tau2(tau2.tau2, typical) if from_tau2 else i2_q,
        i2_q=i2_q,
        h2=h2_from_tau2(tau2.tau2, typical) if from_tau2 else h2_from_q(found.q, found.df),
        **{f"tau2_ci_{end}": limit for end, limit in limits.items()},
        **{f"i2_ci_{end}": i2_from_tau2(limit, typical) for end, limit in derived.items()},
        **{f"h2_ci_{end}": h2_from_tau2(limit, typical) for end, limit in derived.items()},
    )
