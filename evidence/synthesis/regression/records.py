"""The result of a meta-regression, with the definition behind each of its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.arrays import FloatArray
from evidence.errors import BadInput
from evidence.synthesis.heterogeneity.measures import Heterogeneity
from evidence.synthesis.inputs.design_matrix import Design
from evidence.synthesis.inputs.studies import HoldsStudies, Studies
from evidence.synthesis.pairwise.likelihood_statistics import FitStatistics
from evidence.synthesis.pairwise.policies import describe_method
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS
from evidence.synthesis.regression.coefficients import CoefficientResult, CoefficientTable, WaldTest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MetaRegression(HoldsStudies, CoefficientResult):
    """Effects of k studies as a linear function of moderators, on the scale of the effects.

    Attributes
    ----------
    coefficients : CoefficientTable
        Coefficients with tests, intervals and covariance matrix.
    moderator_test : WaldTest or None
        Joint test of all coefficients but the intercept (QM); None if there is no other.
    heterogeneity : Heterogeneity
        Residual heterogeneity: tau2, its Q-profile interval, QE, I2 and H2 of what the moderators
        leave unexplained.
    r2 : float or None
        Share of tau2 that the moderators account for, 0 to 1, both by the same estimator; for a
        common effect the adjusted R2. None if the model without moderators is no special case.
    tau2_without : float or None
        tau2 of the model without moderators; None where ``r2`` does not use it.
    fit : FitStatistics
        Log likelihood and information criteria.
    s2w : float
        Factor by which the test multiplies the Wald covariance matrix.
    residual_df : int
        Studies minus coefficients.
    design : Design
        Design matrix.
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances.
    labels : tuple of str, length k
        Studies.
    measure : str or None
        Effect measure.
    method, test : str
        Estimator of tau2; one of ``SUMMARY_TESTS`` of room pairwise.
    level : float
        Coverage of all intervals.
    decisions : tuple of str
        Each choice that was taken, in a sentence with its numbers.
    """

    coefficients: CoefficientTable
    moderator_test: WaldTest | None
    heterogeneity: Heterogeneity
    r2: float | None
    tau2_without: float | None
    fit: FitStatistics
    s2w: float
    residual_df: int
    design: Design
    yi: FloatArray
    vi: FloatArray
    labels: tuple[str, ...]
    measure: str | None
    method: str
    test: str
    level: float
    decisions: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of studies."""
        return int(self.yi.size)

    @property
    def tau2(self) -> float:
        """Residual between-study variance."""
        return self.heterogeneity.tau2 or 0.0

    @property
    def between_variance(self) -> float | None:
        """Variance of true effects around the regression line; None for a common effect."""
        return None if self.method == "CE" else self.tau2

    @property
    def test_df(self) -> int | None:
        """Degrees of freedom of the tests; None for the normal distribution."""
        return SUMMARY_TESTS[self.test].df(self.residual_df)

    @property
    def own_studies(self) -> Studies:
        """Its effects and variances, if there is no moderator.

        Raises
        ------
        BadInput
            If there are moderators, which a function of the effects alone would leave out.
        """
        if self.design.tested:
            raise BadInput(
                f"The effects of a meta-regression on {', '.join(self.design.names)} were asked "
                "for without its moderators. Give its yi and vi, or the moderators too."
            )
        return Studies(yi=self.yi, vi=self.vi, labels=self.labels, measure=self.measure)

    @property
    def moderators(self) -> FloatArray | None:
        """Design matrix, if there is a moderator in it."""
        return self.design.matrix if self.design.tested else None

    def __str__(self) -> str:
        """Short printed summary."""
        reference = "" if self.test_df is None else f" with {self.test_df} df"
        residual = self.heterogeneity
        lines = [
            f"Meta-regression of {self.k} studies, {describe_method(self.method)}; "
            f"{SUMMARY_TESTS[self.test].words}{reference}",
            str(self.coefficients),
        ]
        if self.moderator_test is not None:
            lines.append(f"  moderators: {self.moderator_test}")
        explained = "" if self.r2 is None else f"; R2 {100 * self.r2:.1f}%"
        if residual.q is not None and residual.i2 is not None:
            lines.append(
                f"  residual tau2 {self.tau2:.4g}, QE {residual.q:.4g} on {residual.q_df} df, "
                f"p = {residual.q_p:.3g}; I2 {100 * residual.i2:.1f}%{explained}"
            )
        return "\n".join([*lines, *self.decisions])
