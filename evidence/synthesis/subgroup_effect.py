"""The summary of one group of studies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgroupEffect:
    """Summary of one group, on the scale of the effects; None is not estimable.

    Attributes
    ----------
    name : str
        The group.
    k : int
        Studies in it.
    estimate, se, ci_low, ci_high, statistic, p_value : float
        Mean effect with its standard error, interval and test.
    df : float or None
        Degrees of freedom of t; None for the normal distribution.
    tau2 : float or None
        Between-study variance, its own or the common one.
    q, q_df, q_p : float, int, float or None
        Cochran's Q within the group.
    i2 : float or None
        I2 within the group, 0 to 1.
    prediction_low, prediction_high : float or None
        Interval for the effect in a new study of the group.
    labels : tuple of str, length k
        Studies.
    """

    name: str
    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    df: float | None
    tau2: float | None
    q: float | None
    q_df: int | None
    q_p: float | None
    i2: float | None
    prediction_low: float | None
    prediction_high: float | None
    labels: tuple[str, ...]
