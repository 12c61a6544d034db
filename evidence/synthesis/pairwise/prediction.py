"""Prediction intervals: where the true effect of a comparable new study is expected to lie.

``estimate ± critical value * sqrt(tau2 + se^2)`` has several definitions in use that differ in the
reference distribution, so an interval carries the name of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from evidence.errors import UnknownName
from evidence.synthesis.numerics.distributions import critical_value


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionDefinition:
    """A definition of the prediction interval.

    Attributes
    ----------
    name : str
        How it is asked for.
    words : str
        Its reference distribution.
    aliases : tuple of str
        Other names for it, in small letters.
    spent : int or None
        Degrees of freedom of t: studies minus coefficients minus this; None for normal quantiles.
    by_test : bool
        Whether the distribution is that of the test of the summary instead.
    """

    name: str
    words: str
    aliases: tuple[str, ...] = ()
    spent: int | None = None
    by_test: bool = False

    def df(self, residual_df: int, test_df: float | None) -> float | None:
        """Degrees of freedom of t, None for normal quantiles; see ``prediction_df``."""
        if self.by_test:
            return test_df
        return None if self.spent is None else residual_df - self.spent


#: Every definition by name, in the order in which reviews use them.
PREDICTION_INTERVALS: Final[Mapping[str, PredictionDefinition]] = MappingProxyType(
    {
        definition.name: definition
        for definition in (
            PredictionDefinition(name="normal", words="normal quantiles"),
            PredictionDefinition(
                name="t-k-2",
                words="t with k - 2 degrees of freedom (Higgins, Thompson & Spiegelhalter 2009)",
                aliases=("hts", "riley"),
                spent=1,
            ),
            PredictionDefinition(
                name="t-k-1",
                words="t with k - 1 degrees of freedom (Veroniki et al. 2019)",
                aliases=("v",),
                spent=0,
            ),
            PredictionDefinition(
                name="metafor-default",
                words="distribution of the test: normal for z, otherwise t with k - 1",
                aliases=("metafor",),
                by_test=True,
            ),
        )
    }
)
_ALIASES: Final = {
    alias: one.name for one in PREDICTION_INTERVALS.values() for alias in one.aliases
}


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
        One of ``PREDICTION_INTERVALS``.
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
        One of ``PREDICTION_INTERVALS``, "none", or an alias.

    Raises
    ------
    UnknownName
        If there is no such definition.
    """
    key = str(name).lower()
    key = _ALIASES.get(key, key)
    if key not in (*PREDICTION_INTERVALS, "none"):
        raise UnknownName("prediction interval", name, ["none", *PREDICTION_INTERVALS, *_ALIASES])
    return key


def prediction_df(definition: str, *, residual_df: int, test_df: float | None) -> float | None:
    """Degrees of freedom that a definition uses; None for normal quantiles.

    Parameters
    ----------
    definition : str
        One of ``PREDICTION_INTERVALS``.
    residual_df : int
        Studies minus coefficients, k - 1 for a summary.
    test_df : float or None
        Degrees of freedom of the test of the summary.
    """
    return PREDICTION_INTERVALS[definition].df(residual_df, test_df)


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
    """Prediction interval under one definition, or None without a degree of freedom left for it.

    Parameters
    ----------
    estimate, se, tau2 : float
        Summary, its standard error, and the between-study variance.
    definition : str
        One of ``PREDICTION_INTERVALS``.
    residual_df : int
        Studies minus coefficients, k - 1 for a summary.
    test_df : float or None
        Degrees of freedom of the test of the summary.
    level : float
        Coverage.

    Raises
    ------
    UnknownName
        If there is no such definition; "none" gives None.

    References
    ----------
    Higgins, Thompson & Spiegelhalter (2009), J R Stat Soc A 172:137-159, eq. 12.
    metafor: ``predict(res)``, and ``predict(res, pi.type="riley")`` for t-k-2.
    """
    definition = prediction_definition(definition)
    if definition == "none":
        return None
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
