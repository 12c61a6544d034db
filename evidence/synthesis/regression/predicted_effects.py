"""Effects that a model expects at chosen moderators, with confidence and prediction intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from evidence.arrays import FloatArray, read_only
from evidence.errors import NotEstimable
from evidence.input_checks import require_kind
from evidence.results import ResultOfColumns
from evidence.synthesis.inputs.design_matrix import Design
from evidence.synthesis.numerics.distributions import check_level, critical_value
from evidence.synthesis.pairwise.prediction import prediction_definition, prediction_df
from evidence.synthesis.regression.coefficients import CoefficientTable

if TYPE_CHECKING:
    from evidence.synthesis.inputs.design_columns import Moderators


@runtime_checkable
class RegressionModel(Protocol):
    """What a prediction needs of a fitted model."""

    @property
    def coefficients(self) -> CoefficientTable:
        """Coefficients with their covariance matrix."""
        ...

    @property
    def design(self) -> Design:
        """Design matrix and how it was built."""
        ...

    @property
    def between_variance(self) -> float | None:
        """Variance of true effects around the line; None if it is not one number."""
        ...

    @property
    def residual_df(self) -> int:
        """Studies minus coefficients."""
        ...

    @property
    def test_df(self) -> int | None:
        """Degrees of freedom of the tests; None for the normal distribution."""
        ...

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictedEffects(ResultOfColumns):
    """Expected effects at m rows of moderators, on the scale of the effects.

    Attributes
    ----------
    rows : ndarray, shape (m, p), read-only
        Design rows.
    names : tuple of str, length p
        Their columns.
    estimate, se, ci_low, ci_high : ndarray, shape (m,), read-only
        Expected effects with standard errors and confidence intervals.
    prediction_low, prediction_high : ndarray, shape (m,), read-only, or None
        Intervals for the true effect of a new study; None without between-study variance.
    definition : str
        Definition of the prediction interval.
    level : float
        Coverage.
    decisions : tuple of str
        Moderators beyond the range of the studies; why there is no prediction interval.
    """

    rows: FloatArray
    names: tuple[str, ...]
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    prediction_low: FloatArray | None
    prediction_high: FloatArray | None
    definition: str
    level: float
    decisions: tuple[str, ...]

    COLUMNS = ("estimate", "se", "ci_low", "ci_high", "prediction_low", "prediction_high")

    def _columns(self) -> dict[str, Any]:
        design = {name: self.rows[:, i] for i, name in enumerate(self.names)}
        return {**design, **ResultOfColumns._columns(self)}


def predict_effects(
    model: RegressionModel,
    moderators: Moderators | None = None,
    *,
    prediction: str = "metafor-default",
    level: float | None = None,
) -> PredictedEffects:
    """Expected effects at chosen moderators.

    Parameters
    ----------
    model : MetaRegression or PooledMultilevel
        Fit.
    moderators : mapping, DataFrame, array_like or None
        The moderators of the model, m values each; single values are repeated. None for a model
        without moderators.
    prediction : str
        Definition of the prediction interval: metafor-default (distribution of the test), normal,
        t-k-1 (residual degrees of freedom), t-k-2 (one less), or none.
    level : float, optional
        Coverage; that of the model if left out.

    Raises
    ------
    BadInput
        If a moderator is missing, unknown, or no number or level.
    NotEstimable
        If the prediction interval has no degree of freedom left.

    References
    ----------
    metafor: ``predict(res, newmods=)``, and ``pi.type="riley"`` for t-k-2.
    """
    require_kind(
        "A predicted effect",
        model,
        RegressionModel,
        "Give the result of meta_regression() or pool_multilevel().",
    )
    definition = prediction_definition(prediction)
    coverage = model.level if level is None else check_level(level)
    rows = model.design.rows(moderators)
    table = model.coefficients
    with np.errstate(over="ignore", invalid="ignore"):
        estimate = rows @ table.estimate
        variance = np.maximum(np.einsum("ij,jk,ik->i", rows, table.vcov, rows), 0.0)
    if not np.all(np.isfinite([estimate, variance])):
        raise NotEstimable(
            "An effect was predicted at moderators that leave the range of double precision. "
            "Choose moderators near those of the studies."
        )
    se = np.sqrt(variance)
    half = critical_value(coverage, model.test_df) * se
    bounds, decisions = _prediction(model, definition, coverage, estimate, variance)
    arrays = {"rows": rows, "estimate": estimate, "se": se}
    arrays |= {"ci_low": estimate - half, "ci_high": estimate + half}
    for array in (*arrays.values(), *(bound for bound in bounds if bound is not None)):
        read_only(array)
    return PredictedEffects(
        **arrays,
        names=model.design.names,
        prediction_low=bounds[0],
        prediction_high=bounds[1],
        definition=definition,
        level=coverage,
        decisions=(*decisions, *_extrapolations(model.design, rows)),
    )


def _prediction(
    model: RegressionModel,
    definition: str,
    level: float,
    estimate: FloatArray,
    variance: FloatArray,
) -> tuple[tuple[FloatArray | None, FloatArray | None], list[str]]:
    """Bounds of the prediction intervals, or the reason why there are none."""
    if definition == "none":
        return (None, None), []
    if model.between_variance is None:
        reason = "The model has no single variance between studies to predict from."
        return (None, None), [reason]
    df = prediction_df(definition, residual_df=model.residual_df, test_df=model.test_df)
    if df is not None and df < 1:
        raise NotEstimable(
            f"A prediction interval by {definition} was asked for and {model.residual_df} residual "
            "degrees of freedom leave none for it. Use prediction='metafor-default' or 'none'."
        )
    half = critical_value(level, df) * np.sqrt(model.between_variance + variance)
    return (estimate - half, estimate + half), []


def _extrapolations(design: Design, rows: FloatArray) -> list[str]:
    """Numbers that lie beyond those of the studies."""
    sentences = []
    for term in design.terms:
        if term.levels or term.name not in design.names or term.low is None or term.high is None:
            continue
        values = rows[:, design.names.index(term.name)]
        beyond = sorted({f"{x:g}" for x in values if not term.low <= x <= term.high})
        if beyond:
            sentences.append(
                f"{term.name} {', '.join(beyond)} lies beyond the studies "
                f"({term.low:g} to {term.high:g})."
            )
    return sentences
