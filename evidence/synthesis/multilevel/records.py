"""The result of a multilevel or multivariate synthesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evidence.arrays import FloatArray
from evidence.synthesis.inputs.design_matrix import Design
from evidence.synthesis.inputs.random_effects import RandomTerm
from evidence.synthesis.pairwise.likelihood_statistics import FitStatistics
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.regression.coefficients import CoefficientResult, CoefficientTable, WaldTest

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomEffect:
    """Variances and correlations of one random term.

    Attributes
    ----------
    name : str
        The term.
    kind : str
        Structure of the covariance matrix.
    levels : tuple of str, length q
        Inner levels; one empty name for a random intercept.
    groups : int
        Number of groups.
    covariance : ndarray, shape (q, q), read-only
        Covariance matrix of the inner levels, in squared units of the effects.
    i2 : float or None
        Share of the total variance of a typical effect, 0 to 1, that this random intercept has.
    """

    name: str
    kind: str
    levels: tuple[str, ...]
    groups: int
    covariance: FloatArray
    i2: float | None

    @property
    def variances(self) -> FloatArray:
        """Variance of each inner level (sigma2, tau2), shape (q,)."""
        return np.diagonal(self.covariance)

    @property
    def correlations(self) -> FloatArray:
        """Correlations (rho), shape (q, q); NaN where a variance is 0."""
        roots = np.sqrt(self.variances)
        scales = np.outer(roots, roots)
        found = np.full(scales.shape, np.nan)
        np.divide(self.covariance, scales, out=found, where=scales > 0.0)
        np.fill_diagonal(found, 1.0)
        return np.asarray(np.clip(found, -1.0, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledMultilevel(CoefficientResult):
    """Correlated effects with random effects of their groups, on the scale of the effects.

    Attributes
    ----------
    coefficients : CoefficientTable
        Summary, or coefficients of moderators, with tests, intervals and covariance matrix.
    moderator_test : WaldTest or None
        Joint test of all coefficients but the intercept (QM); None if there is no other.
    random_effects : tuple of RandomEffect
        Variance components, random intercepts first.
    q, q_df, q_p : float, int, float
        Test of residual heterogeneity (QE) with the sampling covariances alone.
    i2 : float or None
        Share of the total variance of a typical effect that all random intercepts have, 0 to 1.
    fit : FitStatistics
        Log likelihood and information criteria.
    residual_df : int
        Effects minus coefficients.
    design : Design
        Design matrix.
    yi : ndarray, shape (k,)
        Effects.
    vi : ndarray, shape (k, k)
        Their sampling covariances.
    marginal : ndarray, shape (k, k)
        Covariances of the effects under the model.
    labels : tuple of str, length k
        Effects.
    measure : str or None
        Effect measure.
    method, test : str
        ML or REML; z or t.
    level : float
        Coverage of all intervals.
    terms : tuple of RandomTerm
        Random terms with the groups of each row.
    parameters : ndarray
        Parameters of the terms at the maximum, on effects divided by ``scale``.
    scale : float
        Unit of ``parameters``.
    decisions : tuple of str
        Each choice that was taken, in a sentence with its numbers.
    """

    coefficients: CoefficientTable
    moderator_test: WaldTest | None
    random_effects: tuple[RandomEffect, ...]
    q: float
    q_df: int
    q_p: float
    i2: float | None
    fit: FitStatistics
    residual_df: int
    design: Design
    yi: FloatArray
    vi: FloatArray
    marginal: FloatArray
    labels: tuple[str, ...]
    measure: str | None
    method: str
    test: str
    level: float
    terms: tuple[RandomTerm, ...]
    parameters: FloatArray
    scale: float
    decisions: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of effects."""
        return int(self.yi.size)

    @property
    def test_df(self) -> int | None:
        """Degrees of freedom of the tests; None for the normal distribution."""
        return SUMMARY_TESTS[self.test].df(self.residual_df)

    @property
    def between_variance(self) -> float | None:
        """Sum of the variances of all random intercepts; None if inner levels differ."""
        if any(effect.kind != "ID" for effect in self.random_effects):
            return None
        return float(sum(effect.variances[0] for effect in self.random_effects))

    def variance_frame(self) -> pd.DataFrame:
        """One row for each variance component: term, level, variance, sd, groups, i2."""
        import pandas as pd

        rows = [
            {
                "term": effect.name,
                "level": level or None,
                "variance": float(variance),
                "sd": float(variance) ** 0.5,
                "groups": effect.groups,
                "i2": effect.i2,
            }
            for effect in self.random_effects
            for level, variance in zip(effect.levels, effect.variances, strict=True)
        ]
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        """Short printed summary."""
        reference = "normal" if self.test_df is None else f"t with {self.test_df} df"
        lines = [
            f"Multilevel model of {self.k} effects by {self.method}; Wald ({reference})",
            str(self.coefficients),
        ]
        if self.moderator_test is not None:
            lines.append(f"  moderators: {self.moderator_test}")
        for effect in self.random_effects:
            parts = ", ".join(
                f"{level} {variance:.4g}".strip()
                for level, variance in zip(effect.levels, effect.variances, strict=True)
            )
            share = "" if effect.i2 is None else f", I2 {100 * effect.i2:.1f}%"
            lines.append(f"  variance of {effect.name} ({effect.groups} groups): {parts}{share}")
        lines.append(f"  QE {self.q:.4g} on {self.q_df} df, p = {self.q_p:.3g}")
        return "\n".join([*lines, *self.decisions])
