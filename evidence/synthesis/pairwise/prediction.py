"""Prediction intervals: where the true effect of a comparable new study is expected to lie.

``estimate ± critical value * sqrt(tau2 + se^2)`` has several definitions in use that differ in the
reference distribution, so an interval carries the name of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evidence.errors import UnknownName
from evidence.synthesis.numerics.distributions import critical_value

#: Definitions of the interval, by name.
DEFINITIONS = {
    "normal": "normal quantiles",
    "t-k-1": "t with k - 1 degrees of freedom (Veroniki et al. 2019)",
    "t-k-2": "t with k - 2 degrees of freedom (Higgins, Thompson & Spiegelhalter 2009)",
    "metafor-default": "distribution of the test: normal for z, otherwise t with k - 1",
}
_ALIASES = {"hts": "t-k-2", "riley": "t-k-2", "v": "t-k-1", "metafor": "metafor-default"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionInterval:
    """Interval for the true effect in a new study, on the scale of the effects.

    Attributes
    ----------
    low, high : float
        Bounds.
    level : float
        Coverage.
    df : float or None
        Degrees of freedom of t, None for normal quantiles.
    definition : str
        One of ``DEFINITIONS``.
    se : float
        Standard error of the summary that entered, the one of its confidence interval.
    tau2 : float
        Between-study variance that entered.
    """

    low: float
    high: float
    level: float
    df: float | None
    definition: str
    se: float
    tau2: float


def with_prediction(row: dict[str, Any]) -> dict[str, Any]:
    """The cells of a result, its prediction interval as columns."""
    names = {"prediction_low": "low", "prediction_high": "high", "prediction_df": "df"}
    names["prediction_definition"] = "definition"
    cells: dict[str, Any] = {}
    for name, value in row.items():
        if name == "prediction":
            cells |= {column: getattr(value, part, None) for column, part in names.items()}
        else:
            cells[name] = value
    return cells


def prediction_definition(name: str) -> str:
    """Canonical name of a definition, or "none".

    Parameters
    ----------
    name : str
        One of ``DEFINITIONS``, "none", or an alias: hts and riley for t-k-2, v for t-k-1.

    Raises
    ------
    UnknownName
        If there is no such definition.
    """
    key = str(name).lower()
    key = _ALIASES.get(key, key)
    if key not in (*DEFINITIONS, "none"):
        raise UnknownName("prediction interval", name, ["none", *DEFINITIONS, *_ALIASES])
    return key


def prediction_df(definition: str, *, residual_df: int, test_df: float | None) -> float | None:
    """Degrees of freedom that a definition uses; None for normal quantiles.

    Parameters
    ----------
    definition : str
        One of ``DEFINITIONS``.
    residual_df : int
        Studies minus coefficients, k - 1 for a summary.
    test_df : float or None
        Degrees of freedom of the test of the summary.
    """
    by_definition = {"t-k-1": residual_df, "t-k-2": residual_df - 1, "metafor-default": test_df}
    return by_definition.get(definition)


def predict_interval(
    estimate: float,
    se: float,
    tau2: float,
    *,
    definition: str,
    residual_df: int,
    test_df: float | None,
    level: float,
) -> PredictionInterval | None:
    """Prediction interval under one definition, or None if it has no degree of freedom left.

    Parameters
    ----------
    estimate, se, tau2 : float
        Summary, its standard error, and the between-study variance.
    definition : str
        One of ``DEFINITIONS``.
    residual_df : int
        Studies minus coefficients, k - 1 for a summary.
    test_df : float or None
        Degrees of freedom of the test of the summary.
    level : float
        Coverage.

    References
    ----------
    Higgins, Thompson & Spiegelhalter (2009), J R Stat Soc A 172:137-159, eq. 12.
    metafor: ``predict(res)``, and ``predict(res, pi.type="riley")`` for t-k-2.
    """
    df = prediction_df(definition, residual_df=residual_df, test_df=test_df)
    if df is not None and df < 1:
        return None
    half = critical_value(level, df) * (tau2 + se**2) ** 0.5
    return PredictionInterval(
        low=estimate - half,
        high=estimate + half,
        level=level,
        df=df,
        definition=definition,
        se=se,
        tau2=tau2,
    )
