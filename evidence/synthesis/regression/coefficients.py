"""Tables of coefficients with their tests, and joint Wald tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, special

from evidence.arrays import FloatArray, read_only
from evidence.double_precision import is_definite
from evidence.errors import NotEstimable
from evidence.synthesis.numerics.distributions import chi_squared_p, critical_value, two_sided_p

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoefficientTable:
    """Coefficients of a model, on the scale of the effects.

    Attributes
    ----------
    names : tuple of str, length p
        Coefficients.
    estimate, se, statistic, p_value, ci_low, ci_high : ndarray, shape (p,), read-only
        Estimates, standard errors, their ratio, two-sided p-values and confidence intervals.
    df : ndarray, shape (p,), read-only, or None
        Degrees of freedom of t; None for the normal distribution.
    vcov : ndarray, shape (p, p), read-only
        Variances and covariances of the estimates.
    level : float
        Coverage of the intervals.
    """

    names: tuple[str, ...]
    estimate: FloatArray
    se: FloatArray
    statistic: FloatArray
    df: FloatArray | None
    p_value: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    vcov: FloatArray
    level: float

    def to_frame(self) -> pd.DataFrame:
        """One row for each coefficient."""
        import pandas as pd

        columns = ("estimate", "se", "statistic", "df", "p_value", "ci_low", "ci_high")
        table = {name: getattr(self, name) for name in columns}
        return pd.DataFrame({"coefficient": self.names, **table})

    def __str__(self) -> str:
        """Fixed-width lines."""
        width = max(map(len, self.names))
        return "\n".join(
            f"  {name:<{width}}  {self.estimate[i]:.4g}, {100 * self.level:g}% CI "
            f"{self.ci_low[i]:.4g} to {self.ci_high[i]:.4g}, p = {self.p_value[i]:.3g}"
            for i, name in enumerate(self.names)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WaldTest:
    """Joint test that several coefficients are 0.

    Attributes
    ----------
    names : tuple of str
        Coefficients.
    statistic : float
        Chi-squared, or F if ``residual_df`` is a number.
    df : int
        Number of coefficients.
    residual_df : float or None
        Denominator degrees of freedom of F.
    p_value : float
        Upper tail.
    """

    names: tuple[str, ...]
    statistic: float
    df: int
    residual_df: float | None
    p_value: float

    def __str__(self) -> str:
        """One line."""
        if self.residual_df is None:
            name = f"chi-squared({self.df})"
        else:
            name = f"F({self.df}, {self.residual_df:g})"
        return f"{name} = {self.statistic:.4g}, p = {self.p_value:.3g}: {', '.join(self.names)}"


def coefficient_table(
    names: Sequence[str],
    estimate: FloatArray,
    vcov: FloatArray,
    df: float | FloatArray | None,
    level: float,
) -> CoefficientTable:
    """Tests and intervals of coefficients from their covariance matrix.

    Parameters
    ----------
    names : sequence of str, length p
        Coefficients.
    estimate : ndarray, shape (p,)
        Estimates.
    vcov : ndarray, shape (p, p)
        Their variances and covariances.
    df : float, ndarray of shape (p,), or None
        Degrees of freedom of t; None for the normal distribution.
    level : float
        Coverage.

    Raises
    ------
    NotEstimable
        If a standard error is 0, because nothing is left unexplained.
    """
    variance = np.diagonal(vcov)
    flat = [name for name, value in zip(names, variance, strict=True) if not value > 0.0]
    if flat:
        raise NotEstimable(
            f"The standard error of {', '.join(flat)} is 0: the model leaves no variation to "
            "estimate it from. Use test='z' or test='adhoc', or more clusters."
        )
    se = np.sqrt(variance)
    freedom = None if df is None else np.broadcast_to(np.asarray(df, dtype=float), se.shape).copy()
    per_row = [None] * se.size if freedom is None else freedom.tolist()
    half = np.array([critical_value(level, one) for one in per_row]) * se
    statistic = estimate / se
    p_value = np.array([two_sided_p(s, one) for s, one in zip(statistic, per_row, strict=True)])
    ends = {"ci_low": estimate - half, "ci_high": estimate + half}
    arrays = {"estimate": estimate, "se": se, "statistic": statistic, "p_value": p_value, **ends}
    for array in (*arrays.values(), vcov, *(() if freedom is None else (freedom,))):
        read_only(array)
    return CoefficientTable(names=tuple(names), df=freedom, vcov=vcov, level=level, **arrays)


def quadratic_form(estimate: FloatArray, vcov: FloatArray) -> float:
    """``b' V^-1 b`` of coefficients that may differ in unit.

    Parameters
    ----------
    estimate : ndarray, shape (m,)
        Coefficients.
    vcov : ndarray, shape (m, m)
        Their covariance matrix.

    Raises
    ------
    NotEstimable
        If the matrix is singular.
    """
    se = np.sqrt(np.diagonal(vcov))
    correlation = vcov / np.outer(se, se)
    if not is_definite(correlation):
        raise NotEstimable(
            f"A joint test of {estimate.size} coefficients was asked for and their covariance "
            "matrix is singular. Test fewer of them together."
        )
    factor = linalg.cho_factor(correlation, lower=True)
    scaled = estimate / se
    return float(scaled @ linalg.cho_solve(factor, scaled))


def f_or_chi_squared(names: Sequence[str], quadratic: float, residual_df: float | None) -> WaldTest:
    """Joint test from the quadratic form of its coefficients.

    Parameters
    ----------
    names : sequence of str, length m
        Coefficients.
    quadratic : float
        Value of ``b' V^-1 b``.
    residual_df : float or None
        Denominator degrees of freedom of F = ``quadratic / m``; None for chi-squared.
    """
    m = len(names)
    if residual_df is None:
        statistic, p_value = quadratic, chi_squared_p(quadratic, m)
    else:
        statistic = quadratic / m
        p_value = float(special.fdtrc(m, residual_df, statistic))
    return WaldTest(
        names=tuple(names), statistic=statistic, df=m, residual_df=residual_df, p_value=p_value
    )


def wald_test(table: CoefficientTable, which: Sequence[int], residual_df: float | None) -> WaldTest:
    """Joint Wald test of some coefficients of a table.

    Parameters
    ----------
    table : CoefficientTable
        All coefficients.
    which : sequence of int
        Their positions, from 0.
    residual_df : float or None
        Denominator degrees of freedom of F; None for chi-squared.

    Raises
    ------
    NotEstimable
        If their covariance matrix is singular.

    References
    ----------
    metafor: ``anova(res, btt=)``, ``rma(...)$QM``.
    """
    chosen = list(which)
    value = quadratic_form(table.estimate[chosen], table.vcov[np.ix_(chosen, chosen)])
    return f_or_chi_squared([table.names[i] for i in chosen], value, residual_df)
