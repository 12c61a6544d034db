"""The result of a pairwise synthesis, with the definition behind each of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evidence.arrays import FloatArray
from evidence.results import Result
from evidence.synthesis.inputs.studies import HoldsStudies, Studies
from evidence.synthesis.pairwise.policies import describe_method, describe_prediction
from evidence.synthesis.pairwise.prediction import PredictionInterval, with_prediction
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledEffect(HoldsStudies):
    """Summary of k independent effects, on their own scale (log for ratios).

    A number that is not estimable is None, and ``decisions`` or ``prediction_reason`` says why.

    Attributes
    ----------
    estimate, se : float
        Mean effect and the standard error behind its interval.
    ci_low, ci_high, level : float
        Confidence interval of the mean and its coverage.
    statistic, df, p_value : float, float or None, float
        Estimate over ``se``; degrees of freedom of t (None: normal); two-sided p-value.
    s2w : float or None
        Factor by which the test multiplies the Wald variance (Knapp-Hartung), None for one study.
    tau2, tau, se_tau2 : float or None
        Between-study variance in squared units, its root, and its standard error.
    tau2_ci_low, tau2_ci_high : float or None
        Q-profile interval of tau2, at ``level``.
    q, q_df, q_p : float, int, float or None
        Cochran's Q test.
    i2, h2 : float or None
        I2 as a proportion, and H2, by ``i2_definition``.
    i2_definition : str
        "tau2" (from tau2 and the typical variance) or "Q".
    i2_ci_low, i2_ci_high, h2_ci_low, h2_ci_high : float or None
        From the interval of tau2; None when defined by Q.
    i2_q : float or None
        I2 from Q, whatever ``i2_definition`` is.
    prediction : PredictionInterval or None
        Interval for the effect in a new study.
    prediction_reason : str or None
        Why there is none.
    k : int
        Number of studies.
    weights : ndarray, shape (k,)
        Shares of the studies in the estimate; they add up to 1.
    yi, vi : ndarray, shape (k,)
        Effects and sampling variances that were pooled.
    labels : tuple of str, length k
        Studies.
    measure : str or None
        Effect measure.
    method, test, policy : str
        Estimator of tau2, test of the mean, and policy; a single study has method "single-study".
    decisions : tuple of str
        Each choice that was taken, in a sentence with its numbers.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    level: float
    statistic: float
    df: float | None
    p_value: float
    s2w: float | None
    tau2: float | None
    tau: float | None
    se_tau2: float | None
    tau2_ci_low: float | None
    tau2_ci_high: float | None
    q: float | None
    q_df: int | None
    q_p: float | None
    i2: float | None
    i2_definition: str
    i2_ci_low: float | None
    i2_ci_high: float | None
    i2_q: float | None
    h2: float | None
    h2_ci_low: float | None
    h2_ci_high: float | None
    prediction: PredictionInterval | None
    prediction_reason: str | None
    k: int
    weights: FloatArray
    yi: FloatArray
    vi: FloatArray
    labels: tuple[str, ...]
    measure: str | None
    method: str
    test: str
    policy: str
    decisions: tuple[str, ...]

    OMITTED = ("yi", "vi", "weights", "labels")

    @property
    def own_studies(self) -> Studies:
        """Its effects and variances."""
        return Studies(yi=self.yi, vi=self.vi, labels=self.labels, measure=self.measure)

    def _row(self) -> dict[str, Any]:
        return with_prediction(Result._row(self))

    def studies_frame(self) -> pd.DataFrame:
        """One row for each study: label, yi, vi, weight."""
        import pandas as pd

        columns = {"study": self.labels, "yi": self.yi, "vi": self.vi, "weight": self.weights}
        return pd.DataFrame(columns)

    def __str__(self) -> str:
        """Short printed summary."""
        return "\n".join([*_summary_lines(self), *_heterogeneity_lines(self), *self.decisions])


def _interval(low: float | None, high: float | None, level: float, name: str = "CI") -> str:
    return f"{100 * level:g}% {name} {low:.4g} to {high:.4g}"


def _summary_lines(pooled: PooledEffect) -> list[str]:
    if pooled.method == "single-study":
        title = f"Effect of one study, {pooled.labels[0]}"
    else:
        title = f"Summary of {pooled.k} studies, {describe_method(pooled.method)}"
    measure = f", measure {pooled.measure}" if pooled.measure else ""
    reference = "" if pooled.df is None else f" with {pooled.df:g} df"
    return [
        f"{title}{measure}, policy {pooled.policy}",
        f"  estimate {pooled.estimate:.4g}, "
        f"{_interval(pooled.ci_low, pooled.ci_high, pooled.level)}, p = {pooled.p_value:.3g}; "
        f"{SUMMARY_TESTS[pooled.test].words}{reference}",
    ]


def _heterogeneity_lines(pooled: PooledEffect) -> list[str]:
    lines = []
    if pooled.tau2 is not None and pooled.tau2_ci_low is not None:
        interval = _interval(pooled.tau2_ci_low, pooled.tau2_ci_high, pooled.level)
        lines.append(f"  tau2 {pooled.tau2:.4g}, {interval} (Q-profile)")
    if pooled.q is not None and pooled.i2 is not None:
        lines.append(
            f"  Q {pooled.q:.4g} on {pooled.q_df} df, p = {pooled.q_p:.3g}; "
            f"I2 {100 * pooled.i2:.1f}% (from {pooled.i2_definition})"
        )
    prediction = pooled.prediction
    if prediction is not None:
        interval = _interval(prediction.low, prediction.high, prediction.level, "interval")
        lines.append(f"  prediction {interval} ({describe_prediction(prediction.definition)})")
    return lines
