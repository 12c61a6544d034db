"""Random calls of the functions that ask something of a fit, and of those behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import evidence
from evidence.synthesis import heterogeneity, numerics, regression
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.pairwise import (
    POLICIES,
    PREDICTION_INTERVALS,
    SUMMARY_TESTS,
)
from tests.fuzz.draws import Call, Draw
from tests.fuzz.synthesis_calls import Maker, bayes

_MODEL = {"method": tuple(ESTIMATORS), "test": tuple(SUMMARY_TESTS)}
_POOLED = {**_MODEL, "policy": tuple(POLICIES), "prediction": (*PREDICTION_INTERVALS, "none")}


def _asked(after: Callable[..., Any]) -> Callable[..., Any]:
    """What is asked of a summary, or of a meta-regression if there is a moderator."""

    def call(
        yi: Any, vi: Any, x: Any, model: dict[str, Any], seed: int | None, **options: Any
    ) -> Any:
        if x is None:
            fit: Any = evidence.pool(yi, vi, **model)
        else:
            fit = evidence.meta_regression(yi, vi, {"x": x}, **model)
        if seed is not None:
            options["rng"] = np.random.default_rng(seed)
        return after(fit, **options)

    return call


def _of_model(
    after: Callable[..., Any],
    *,
    low: int = 1,
    high: int = 12,
    regress: float = 0.5,
    drawn: bool = False,
    **more: tuple[Any, ...],
) -> Maker:
    """Calls that fit studies, with or without a moderator, and ask something of the fit."""

    def make(draw: Draw) -> Call:
        yi, vi = draw.studies(low if draw.maybe(0.9) else 1, high)
        x = _moderator(draw, yi.size) if draw.maybe(regress) else None
        kwargs = {"yi": yi, "vi": vi, "x": x, "model": draw.options(**_MODEL)}
        kwargs["seed"] = 7 if drawn and draw.maybe(0.6) else None
        asked = draw.options(**more)
        if drawn and "level" in more and draw.maybe(0.9):  # few patterns hold no high level
            asked["level"] = draw.one(*more["level"])
        if x is not None and "coefficient" in more and draw.maybe(0.95):
            asked["coefficient"] = draw.one("x", "x", "intercept")
        elif x is None and draw.maybe(0.95):
            asked.pop("coefficient", None)
        if asked.get("method") != "generalised-Q" and draw.maybe(0.9):
            asked.pop("weights", None)
        if "weights" in asked and draw.maybe():
            asked["weights"] = draw.magnitudes(yi.size)
        if drawn and kwargs["seed"] is not None:
            asked["draws"] = draw.one(1, 9, 60)
        fixed = ("x", "model", "seed")
        return Call(_asked(after), {**kwargs, **asked}, fixed=fixed)

    return make


def _moderator(draw: Draw, k: int) -> Any:
    """One moderator: numbers of any unit, years, two values, groups."""
    kind = draw.one("number", "year", "two", "factor")
    if kind == "number":
        return draw.rng.normal(0.0, draw.one(1.0, 1.0, 1e-9, 1e9), k)
    if kind == "year":
        return draw.rng.integers(1990, 2026, k).tolist()
    codes = draw.rng.integers(0, 2, k)
    return codes.tolist() if kind == "two" else [f"level {code}" for code in codes]


def _weights(draw: Draw, k: int) -> Any:
    return draw.magnitudes(k) if draw.maybe(0.3) else draw.one(*heterogeneity.WEIGHT_RULES)


def _generalised(function: Callable[..., Any], level: bool) -> Maker:
    def make(draw: Draw) -> Call:
        yi, vi = draw.studies(1, 20)
        kwargs: dict[str, Any] = {"yi": yi, "vi": vi}
        if draw.maybe():
            kwargs["weights"] = _weights(draw, yi.size)
        if draw.maybe(0.3):
            slope = draw.rng.normal(0.0, draw.one(1.0, 1e-9, 1e9), yi.size)
            kwargs["design"] = np.column_stack([np.ones(yi.size), slope])
        return Call(function, {**kwargs, **(draw.level() if level else {})})

    return make


def _tails(draw: Draw) -> Call:
    m = draw.size(1, 20)
    weights = draw.magnitudes(m) if draw.maybe(0.8) else np.full(m, 2.0)
    value = float(weights.sum() * 10.0 ** draw.rng.uniform(-3.0, 3.0))
    return Call(
        numerics.weighted_chi_squared_tails,
        {"value": draw.one(value, value, 0.0, -1.0), "weights": weights},
        fixed=("value", "weights"),
    )


def _two_fits(first: dict[str, Any], second: dict[str, Any]) -> Any:
    return evidence.explain_difference(evidence.pool(**first), evidence.pool(**second))


def _difference(draw: Draw) -> Call:
    yi, vi = draw.studies(1, 8)
    names = [f"Trial {i}" for i in range(yi.size)]
    first = {"yi": yi, "vi": vi, "labels": names, **draw.options(**_POOLED), **draw.level()}
    second = {**first, **draw.options(**_POOLED), **draw.level()}
    if draw.maybe() and yi.size > 1:
        kept = draw.rng.random(yi.size) < 0.7
        kept[0] = True
        second |= {"yi": yi[kept], "vi": vi[kept]}
        second["labels"] = [name for name, one in zip(names, kept, strict=True) if one]
    if draw.maybe(0.3):
        second["vi"] = second["vi"] * draw.one(1.0 + 1e-12, 1.1, 4.0)
    if draw.maybe(0.1):
        second["labels"] = [names[0]] * len(second["labels"])
    return Call(_two_fits, {"first": first, "second": second}, fixed=("first", "second"))


def _explained_other(draw: Draw) -> Call:
    kwargs = {"first": draw.one(None, "a fit", 3.0), "second": draw.one(None, [], 1)}
    return Call(evidence.explain_difference, kwargs)


def _posterior(yi: Any, vi: Any, prior: str, scale: float, asked: dict[str, Any]) -> Any:
    fit = bayes(yi, vi, prior, scale, 4)
    return evidence.posterior_probability(fit, **asked)


def _probability(draw: Draw) -> Call:
    yi, vi = draw.studies(1, 6)
    asked: dict[str, Any] = draw.options(
        threshold=(0.0, 0.3, -5.0, 1e3, 1e300, -1e-300),
        quantity=("mu", "tau", "new study", "study 1"),
        direction=("above", "below"),
    )
    if asked and draw.maybe(0.2):
        name = draw.one(*asked)
        asked[name] = draw.spoiled(asked[name])
    kwargs = {"yi": yi, "vi": vi, "prior": draw.one("normal", "t", "cauchy", "log"), "scale": 0.5}
    return Call(_posterior, {**kwargs, "asked": asked}, fixed=("prior", "scale", "asked"))


_PERMUTED = {"level": (0.5, 0.6, 0.8), "coefficient": ("x", "mean"), "drawn": True}

#: For each function: how to draw a call of it, and how often.
FIT_CALLS: dict[str, tuple[Maker, float]] = {
    "generalised_q": (_generalised(evidence.generalised_q, level=False), 4),
    "generalised_q_interval": (_generalised(evidence.generalised_q_interval, level=True), 4),
    "weighted_chi_squared_tails": (_tails, 3),
    "heterogeneity_interval": (
        _of_model(
            evidence.heterogeneity_interval,
            method=tuple(regression.INTERVALS),
            weights=tuple(heterogeneity.WEIGHT_RULES),
            level=(0.5, 0.9, 0.99),
        ),
        6,
    ),
    "permutation_interval": (
        _of_model(evidence.permutation_interval, low=4, high=6, **_PERMUTED),
        3,
    ),
    "permutation_regression_test": (
        _of_model(
            evidence.permutation_regression_test,
            low=3,
            high=6,
            regress=0.95,
            drawn=True,
        ),
        3,
    ),
    "certify_regression": (
        _of_model(evidence.certify_regression, low=3, high=20, regress=0.97),
        4,
    ),
    "explain_difference": (_difference, 4),
    "explain_difference of anything": (_explained_other, 0.2),
    "pool_bayesian, posterior_probability": (_probability, 2),
}
