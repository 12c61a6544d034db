"""Intervals of tau2 by name, each of them on tau, I2 and H2 as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from evidence.arrays import FloatArray
from evidence.errors import BadInput, NotEstimable, TooFewStudies, known_name
from evidence.input_checks import require_kind
from evidence.results import Result
from evidence.synthesis.heterogeneity.estimators import find_estimator
from evidence.synthesis.heterogeneity.likelihood import profile_bounds
from evidence.synthesis.heterogeneity.measures import (
    Tau2Interval,
    cochran_q,
    h2_from_tau2,
    i2_from_tau2,
    q_profile_interval,
)
from evidence.synthesis.heterogeneity.tau2_solutions import TauModel
from evidence.synthesis.heterogeneity.weighted_q import (
    WEIGHT_RULES,
    Weights,
    generalised_q_interval,
)
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.regression.records import MetaRegression

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class HeterogeneityInterval(Result):
    """One interval of the between-study variance on its four scales.

    Attributes
    ----------
    method : str
        "Q-profile", "generalised-Q" or "profile-likelihood".
    level : float
        Coverage.
    tau2_low, tau2_high : float
        In squared units of the effects.
    tau_low, tau_high : float
        In units of the effects.
    i2_low, i2_high : float
        As proportions, from tau2 and the typical sampling variance.
    h2_low, h2_high : float
        From tau2 and the typical sampling variance.
    typical_variance : float
        "Typical" sampling variance behind I2 and H2.
    empty : bool
        No tau2 >= 0 is compatible with the effects, which vary less than sampling error lets
        expect; the bounds are then those of tau2 = 0.
    definition : str
        The definitions in words.
    """

    method: str
    level: float
    tau2_low: float
    tau2_high: float
    tau_low: float
    tau_high: float
    i2_low: float
    i2_high: float
    h2_low: float
    h2_high: float
    typical_variance: float
    empty: bool
    definition: str

    def to_frame(self) -> pd.DataFrame:
        """One row for each of tau2, tau, i2 and h2."""
        import pandas as pd

        names = ["tau2", "tau", "i2", "h2"]
        ends = {
            f"ci_{end}": [getattr(self, f"{name}_{end}") for name in names]
            for end in ("low", "high")
        }
        frame = pd.DataFrame({"quantity": names, **ends})
        return frame.assign(level=self.level, method=self.method, definition=self.definition)


def heterogeneity_interval(
    fit: PooledEffect | MetaRegression,
    method: str = "Q-profile",
    *,
    level: float | None = None,
    weights: Weights | None = None,
) -> HeterogeneityInterval:
    """Interval of (residual) heterogeneity by a named method, on tau2, tau, I2 and H2.

    Parameters
    ----------
    fit : PooledEffect or MetaRegression
        Random-effects result of two or more studies.
    method : str
        One of ``INTERVALS``; "profile-likelihood" is that of a fit by ML or REML.
    level : float, optional
        Coverage; that of the fit if left out.
    weights : str or array_like, shape (k,), optional
        Of the generalised Q: "inverse-variance" (if left out), "inverse-se", "equal", or positive
        numbers.

    Raises
    ------
    UnknownName
        If there is no such interval, or no such rule of weights.
    BadInput
        If ``fit`` is something else, or weights are given to another method.
    TooFewStudies
        If there is one study.
    NotEstimable
        If tau2 is 0 by assumption, or was not estimated by the likelihood that is profiled.

    References
    ----------
    Viechtbauer (2007), Stat Med 26:37-52 (Q-profile). Jackson (2013), Res Synth Methods 4:220-229
    (generalised Q). Hardy & Thompson (1996), Stat Med 15:619-629 (profile likelihood). Higgins &
    Thompson (2002), Stat Med 21:1539-1558 (I2, H2).
    metafor: ``confint(res, type="QP")``, ``"GENQ"``, ``"PL"``.
    """
    require_kind(
        "An interval of heterogeneity",
        fit,
        (PooledEffect, MetaRegression),
        "Give the result of pool() or meta_regression().",
    )
    known_name("interval of heterogeneity", method, INTERVALS)
    design = _design(fit)
    kind = INTERVALS[method]
    if weights is not None and not kind.weighted:
        taking = " and ".join(name for name, one in INTERVALS.items() if one.weighted)
        raise BadInput(
            f"A {method} interval was asked for with weights, which only the {taking} "
            "interval takes. Leave them out, or choose that method."
        )
    coverage = fit.level if level is None else check_level(level)
    rule = "inverse-variance" if weights is None else weights
    bounds = kind.bounds(fit, design, coverage, rule)
    typical = cochran_q(fit.yi, fit.vi, design).typical_variance
    return _on_every_scale(method, bounds, typical, _definition(method, rule))


def _design(fit: PooledEffect | MetaRegression) -> FloatArray | None:
    """Design of a fit that has an interval of tau2."""
    if not isinstance(fit, (PooledEffect, MetaRegression)):
        raise BadInput(
            f"An interval of heterogeneity was asked for {type(fit).__name__}. Give the result of "
            "pool() or meta_regression()."
        )
    if fit.yi.size < 2:
        raise TooFewStudies(
            f"An interval of heterogeneity needs at least 2 studies and found {fit.yi.size} "
            f"({fit.labels[0]}). Report the study alone."
        )
    if fit.method == "CE":
        raise NotEstimable(
            "An interval of heterogeneity was asked for a common-effect model, which assumes "
            "tau2 = 0. Fit a random-effects model, such as method REML."
        )
    return fit.design.matrix if isinstance(fit, MetaRegression) else None


def _profile(
    fit: PooledEffect | MetaRegression, design: FloatArray | None, level: float
) -> Tau2Interval:
    estimator = find_estimator(fit.method)
    if not estimator.maximises_likelihood:
        raise NotEstimable(
            "A profile likelihood interval of tau2 was asked for a fit by "
            f"{fit.method}, which has no likelihood peak there. Fit with method REML or ML."
        )
    model = TauModel(fit.yi, fit.vi, design)
    return profile_bounds(model, fit.tau2 or 0.0, restricted=estimator.restricted, level=level)


def _definition(method: str, rule: Weights) -> str:
    words = f"{method} interval of tau2: {INTERVALS[method].words}"
    if INTERVALS[method].weighted:
        named = f"{rule} ({WEIGHT_RULES[rule]})" if isinstance(rule, str) else "those given"
        words += f", {named}"
    return f"{words}. I2 and H2 are from its bounds and the typical sampling variance."


def _on_every_scale(
    method: str, bounds: Tau2Interval, typical: float, definition: str
) -> HeterogeneityInterval:
    low, high = bounds.low, bounds.high
    return HeterogeneityInterval(
        method=method,
        level=bounds.level,
        tau2_low=low,
        tau2_high=high,
        tau_low=low**0.5,
        tau_high=high**0.5,
        i2_low=i2_from_tau2(low, typical),
        i2_high=i2_from_tau2(high, typical),
        h2_low=h2_from_tau2(low, typical),
        h2_high=h2_from_tau2(high, typical),
        typical_variance=typical,
        empty=bounds.empty,
        definition=definition,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A kind of interval of tau2.

    Attributes
    ----------
    words : str
        What it does.
    bounds : callable
        Interval of tau2 from the fit, its design, the coverage, and the weights of the statistic.
    weighted : bool
        Whether the weights of its statistic can be chosen.
    """

    words: str
    bounds: Callable[
        [PooledEffect | MetaRegression, FloatArray | None, float, Weights], Tau2Interval
    ]
    weighted: bool = False


#: Every kind of interval by name.
INTERVALS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "Q-profile": _Kind(
            words="inverts Cochran's Q with weights 1 / (vi + tau2), chi-squared at the true tau2",
            bounds=lambda fit, design, level, _: q_profile_interval(fit.yi, fit.vi, level, design),
        ),
        "generalised-Q": _Kind(
            words="inverts the exact distribution of a Q statistic with fixed weights",
            bounds=lambda fit, design, level, weights: generalised_q_interval(
                fit.yi, fit.vi, weights, level=level, design=design
            ),
            weighted=True,
        ),
        "profile-likelihood": _Kind(
            words="values of tau2 that a likelihood ratio test with 1 df does not reject",
            bounds=lambda fit, design, level, _: _profile(fit, design, level),
        ),
    }
)
