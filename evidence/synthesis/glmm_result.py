"""The result of a generalised linear mixed model, with the definition behind its numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from evidence.synthesis.prediction import PredictionInterval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class GlmmResult:
    """Summary of the events of k studies by a generalised linear mixed model.

    The scale is that of the measure: log for ratios and rates, logit for proportions. A number
    that is not estimable is None.

    Attributes
    ----------
    estimate, se : float
        Mean effect and its standard error, from the observed information of all parameters.
    ci_low, ci_high, level : float
        Confidence interval and its coverage.
    statistic, df, p_value : float, int or None, float
        Estimate over ``se``; degrees of freedom of t (None: normal); two-sided p-value.
    tau2, tau : float
        Between-study variance of the effect, and its root; 0 by assumption for method CE.
    se_tau2 : float or None
        Standard error of ``tau2``; None at 0.
    sigma2 : float or None
        Between-study variance of the level, for model UM.RS.
    log_likelihood : float
        With all constants; marginal, and conditional on the margins for CM.EL and CM.AL.
    q, q_df, q_p : float, int, float or None
        Likelihood ratio test of a common effect against an own effect for each study; None for
        model UM.RS.
    i2, h2 : float
        From ``tau2`` and the typical sampling variance of the studies' own effects (0.5 added to
        those with an empty cell); I2 as a proportion.
    prediction : PredictionInterval or None
        Interval for the effect in a new study, normal for test z and t for test t.
    prediction_reason : str or None
        Why there is none.
    k : int
        Number of studies in the model.
    labels, left_out : tuple of str
        Studies in the model, and those without a contrast, which say nothing about the effect.
    measure : str
        OR, IRR, PLO or IRLN.
    model : str or None
        UM.FS, UM.RS, CM.EL or CM.AL; None for a single arm.
    method, test : str
        ML or CE; z or t.
    quadrature : str
        How the random effects were integrated out.
    steps : int
        Steps of the search.
    decisions : tuple of str
        Each choice that was taken, in a sentence.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    level: float
    statistic: float
    df: int | None
    p_value: float
    tau2: float
    tau: float
    se_tau2: float | None
    sigma2: float | None
    log_likelihood: float
    q: float | None
    q_df: int | None
    q_p: float | None
    i2: float
    h2: float
    prediction: PredictionInterval | None
    prediction_reason: str | None
    k: int
    labels: tuple[str, ...]
    left_out: tuple[str, ...]
    measure: str
    model: str | None
    method: str
    test: str
    quadrature: str
    steps: int
    decisions: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row: every number and definition; the prediction interval as two columns."""
        import pandas as pd

        row: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "prediction":
                row["prediction_low"] = None if value is None else value.low
                row["prediction_high"] = None if value is None else value.high
            elif field.name in ("left_out", "labels", "decisions"):
                row[field.name] = ("; " if field.name != "decisions" else " ").join(value)
            else:
                row[field.name] = value
        return pd.DataFrame([row])
