"""Random calls of every public function of the effects layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import evidence
from evidence import effect_size, effects
from evidence.effects import MEASURES, VARIANCE_TYPES, ZERO_CELL_RULES
from tests.fuzz.draws import Call, Draw

Maker = Callable[[Draw], Call]
#: What measures of each kind of data need.
TABLE, TWO_RATES, PROPORTION, RATE, CORRELATION = (
    MEASURES[name].needs for name in ("RR", "IRR", "PR", "IR", "ZCOR")
)


def _raw(draw: Draw, needs: Any) -> dict[str, Any]:
    """Raw data of one kind."""
    if needs is TABLE:
        return draw.cells()
    if needs is TWO_RATES:
        return draw.rates()
    if needs in (PROPORTION, RATE):
        events, sizes = draw.arm()
        return {"xi": events, "ni" if needs is PROPORTION else "ti": sizes}
    k = draw.size()
    if needs is CORRELATION:
        return {"ri": draw.rng.uniform(-1, 1, k), "ni": draw.rng.integers(2, 99, k).astype(float)}
    columns = {name: draw.magnitudes(k) for group in needs for name in group}
    for name in columns:
        if name.startswith("n"):
            columns[name] = draw.rng.integers(2, 200, k).astype(float)
        elif name.startswith("m") and draw.maybe(0.3):
            columns[name] = draw.rng.normal(0.0, 1.0, k)
    return columns


def _interval(draw: Draw, k: int, positive: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates with their limits, as a paper would print them."""
    middle, half = draw.rng.normal(0.0, 1.0, k), draw.rng.uniform(0.05, 1.0, k)
    low, high = middle - half, middle + half * draw.one(1.0, 1.0, 1.3)
    if positive:
        middle, low, high = np.exp(middle), np.exp(low), np.exp(high)
    digits = draw.one(2, 3, 12)
    unit = draw.one(1.0, 1.0, 1.0, 1e-150, 1e150)
    estimate, lower, upper = (unit * np.round(part, digits) for part in (middle, low, high))
    return estimate, lower, upper


def _effect_size(draw: Draw) -> Call:
    spec = MEASURES[draw.one(*MEASURES)]
    how = draw.one("raw", "raw", "raw", "printed", "given")
    kwargs: dict[str, Any] = {"measure": spec.name}
    if how == "printed" and spec.published:
        k = draw.size()
        estimate, low, high = _interval(draw, k, spec.transform == "log")
        if draw.maybe(0.7):
            kwargs |= {"estimate": estimate, "ci_low": low, "ci_high": high}
        else:
            kwargs |= {"estimate": estimate, "p_value": draw.rng.uniform(1e-8, 0.99, k)}
    elif how == "given" or not spec.needs:
        yi, vi = draw.studies()
        kwargs |= {"yi": yi, **({"vi": vi} if draw.maybe() else {"sei": np.sqrt(vi)})}
    else:
        kwargs |= _raw(draw, spec.needs)
        kwargs |= draw.options(add=(0, 0.5, 1e-9), to=ZERO_CELL_RULES, drop00=(False, True))
        if spec.name in VARIANCE_TYPES and draw.maybe(0.3):
            kwargs["vtype"] = draw.one(*VARIANCE_TYPES[spec.name])
        if spec.name in ("SMD", "SMDH", "SMD1", "ROM", "CVR") and draw.maybe(0.2):
            kwargs["correct"] = False
    return Call(effect_size, {**kwargs, **draw.level()}, after=(_estimable,))


def _estimable(effects: Any) -> Any:
    kept = effects.keep_estimable()
    return kept, kept.sei, kept.to_frame() if kept.yi.ndim == 1 else None


def _absolute(draw: Draw) -> Call:
    measure = draw.one("RR", "OR", "HR", "RD", "IRR")
    low, middle, high = np.sort(draw.rng.uniform(0.01, 0.5, 3))
    if measure != "RD":
        low, middle, high = np.exp(np.array([low, middle, high]) * draw.one(1, 5, 300))
    numbers = {"estimate": float(middle), "ci_low": float(low), "ci_high": float(high)}
    baseline = float(draw.rng.uniform(0.001, 0.999))
    kwargs = {"measure": measure, **numbers, "baseline": baseline}
    return Call(evidence.absolute_effect, kwargs)


def _nnt(draw: Draw) -> Call:
    low, rd, high = np.sort(draw.rng.uniform(-0.4, 0.4, 3) * draw.one(1.0, 1e-300))
    kwargs = {"rd": float(rd), "ci_low": float(low), "ci_high": float(high)}
    return Call(evidence.number_needed_to_treat, kwargs)


def _risk(draw: Draw) -> Call:
    measure, k = draw.one("RR", "OR", "HR", "RD"), draw.size()
    effect = draw.magnitudes(k, -0.5, 0.5) if measure != "RD" else draw.rng.uniform(-0.1, 0.1, k)
    kwargs = {"effect": effect, "measure": measure, "baseline_risk": draw.rng.uniform(0.1, 0.4, k)}
    return Call(evidence.risk_with_treatment, kwargs)


def _convert(draw: Draw) -> Call:
    source, target = draw.one("RR", "OR", "HR", "RD"), draw.one("RR", "OR", "HR", "RD")
    k = draw.size()
    effect = draw.rng.uniform(0.5, 1.5, k) if source != "RD" else draw.rng.uniform(-0.1, 0.1, k)
    kwargs = {
        "effect": effect * draw.one(1, 1, 1, 1e-200),
        "source": source,
        "target": target,
        "baseline_risk": draw.rng.uniform(0.15, 0.4, k) * draw.one(1.0, 1.0, 1e-200),
    }
    return Call(evidence.convert_effect, kwargs)


def _newcombe(draw: Draw) -> Call:
    return Call(evidence.newcombe_interval, {**draw.tables(), **draw.level()})


def _rates_of_arms(draw: Draw) -> Call:
    k = draw.size()
    first, second = _interval(draw, k, True), _interval(draw, k, True)
    names = ("rate1", "low1", "high1", "rate2", "low2", "high2")
    kwargs = dict(zip(names, (*first, *second), strict=True))
    return Call(evidence.log_ratio_of_rates, {**kwargs, **draw.level()})


def _percentages(draw: Draw) -> Call:
    k = draw.size()
    low, middle, high = np.sort(draw.rng.uniform(1.0, 99.0, (3, k)), axis=0)
    kwargs: dict[str, Any] = {"percent": middle, "ci_low": low, "ci_high": high}
    return Call(
        evidence.proportion_from_interval,
        {**kwargs, **draw.options(measure=("PLO", "PAS", "PLN", "PR")), **draw.level()},
    )


def _events(draw: Draw) -> Call:
    k, digits = draw.size(), draw.one(0, 1, 2, 12)
    ni = draw.rng.integers(1, draw.one(5, 300, 10**9), k).astype(float)
    percent = np.round(draw.rng.uniform(0.0, 100.0, k), digits)
    if draw.maybe():
        percent = np.round(100.0 * draw.rng.integers(0, ni.astype(np.int64) + 1) / ni, digits)
    kwargs = {"percent": percent, "ni": ni, "decimals": draw.one(digits, np.full(k, float(digits)))}
    return Call(evidence.events_from_percentages, kwargs, after=(lambda found: found.certain,))


def _printed(function: Callable[..., Any], positive: bool) -> Maker:
    def make(draw: Draw) -> Call:
        k = draw.size()
        names = ("estimate", "ci_low", "ci_high")
        kwargs = dict(zip(names, _interval(draw, k, positive), strict=True))
        more = {"decimals": draw.one(0, 2, 5)} if draw.maybe(0.3) else {}
        return Call(function, {**kwargs, **more, **draw.level(), **draw.labels(k)})

    return make


def _quantiles(function: Callable[..., Any], ways: dict[str, tuple[str, ...]]) -> Maker:
    def make(draw: Draw) -> Call:
        k, method = draw.size(), draw.one(*ways)
        names = effects.SCENARIOS[draw.one(*ways[method])]
        unit = draw.magnitudes(1)
        values = np.sort(draw.rng.normal(0.0, 1.0, (len(names), k)) * unit, axis=0)
        kwargs: dict[str, Any] = dict(zip(names, values, strict=True))
        kwargs |= {"n": draw.rng.integers(3, 500, k).astype(float), "method": method}
        return Call(function, kwargs)

    return make


def _of_columns(function: Callable[..., Any], *names: str, **more: Any) -> Maker:
    """Calls with one positive number for each study, and options."""

    def make(draw: Draw) -> Call:
        k = draw.size()
        kwargs: dict[str, Any] = {name: draw.magnitudes(k, -1.0, 1.0) for name in names}
        for name in names:
            if name in ("n", "n1", "n2", "df", "events", "events1", "events2"):
                kwargs[name] = draw.rng.integers(2 if name[0] == "e" else 4, 90, k).astype(float)
            elif name in ("p_value", "icc"):
                kwargs[name] = draw.rng.uniform(1e-9, 0.99, k) ** draw.one(1, 1, 20)
            elif name in ("r", "correlation"):
                kwargs[name] = draw.rng.uniform(-0.99, 0.99, k)
            elif name == "direction":
                kwargs[name] = draw.rng.choice([-1.0, 1.0], k)
            elif name == "mean_cluster_size":
                kwargs[name] = draw.rng.uniform(1.0, 60.0, k)
            elif name in ("smd", "log_or", "t", "estimate", "mean_difference", "o_minus_e", "mean"):
                kwargs[name] = kwargs[name] * draw.rng.choice([-1.0, 1.0], k)
            elif name == "ci_high":
                kwargs[name] = kwargs["ci_low"] * 1.5
        return Call(function, {**kwargs, **draw.options(**more)})

    return make


def _counts(function: Callable[..., Any], first: str, second: str, **more: Any) -> Maker:
    def make(draw: Draw) -> Call:
        events, sizes = draw.arm()
        return Call(
            function, {first: events, second: sizes, **draw.options(**more), **draw.level()}
        )

    return make


def _logrank(draw: Draw) -> Call:
    k = draw.size()
    n1, n2 = (draw.rng.integers(20, 300, k).astype(float) for _ in "12")
    events = draw.rng.integers(1, 20, k).astype(float)
    return Call(evidence.logrank_variance, {"events": events, "n1": n1, "n2": n2})


def _back(draw: Draw) -> Call:
    measure = draw.one(*MEASURES)
    kwargs: dict[str, Any] = {"values": draw.rng.normal(0.0, draw.one(1.0, 1.0, 1e4), 5)}
    if measure in ("PFT", "IRFT"):
        kwargs["n"] = draw.one(50, 50.0, np.full(5, 20.0))
    return Call(effects.back_transform, {**kwargs, "measure": measure})


def _combined(draw: Draw) -> Call:
    k = draw.size()
    n = draw.rng.integers(1, 90, k).astype(float)
    kwargs = {"n": n, "mean": draw.rng.normal(0.0, 9.0, k), "sd": draw.magnitudes(k)}
    return Call(evidence.combine_groups, kwargs)


_INTERVALS = {"level": (0.5, 0.9, 0.99)}
_WAYS = {"method": ("logistic", "cox")}

#: For each public function of the layer: how to draw a call of it, and how often.
EFFECT_CALLS: dict[str, tuple[Maker, float]] = {
    "effect_size": (_effect_size, 40),
    "absolute_effect": (_absolute, 3),
    "number_needed_to_treat": (_nnt, 3),
    "risk_with_treatment": (_risk, 3),
    "convert_effect": (_convert, 3),
    "newcombe_interval": (_newcombe, 3),
    "log_ratio_of_rates": (_rates_of_arms, 3),
    "log_ratio_of_rates_of_patients": (
        _of_columns(
            evidence.log_ratio_of_rates_of_patients,
            *("rate1", "n1", "months1", "rate2", "n2", "months2"),
        ),
        2,
    ),
    "proportion_from_interval": (_percentages, 3),
    "events_from_percentages": (_events, 4),
    "combine_groups": (_combined, 2),
    "combine_events": (_of_columns(evidence.combine_events, "events", "n"), 2),
    "sd_from_se": (_of_columns(evidence.sd_from_se, "se", "n"), 2),
    "sd_from_ci": (
        _of_columns(
            evidence.sd_from_ci,
            *("ci_low", "ci_high", "n"),
            **_INTERVALS,
            distribution=("t", "normal"),
        ),
        2,
    ),
    "sd_from_p": (
        _of_columns(evidence.sd_from_p, "mean_difference", "p_value", "n1", "n2"),
        2,
    ),
    "change_sd": (
        _of_columns(evidence.change_sd, "sd_baseline", "sd_final", "correlation"),
        2,
    ),
    "change_correlation": (
        _of_columns(evidence.change_correlation, "sd_baseline", "sd_final", "sd_change"),
        2,
    ),
    "design_effect": (_of_columns(evidence.design_effect, "mean_cluster_size", "icc"), 2),
    "small_sample_correction": (
        _of_columns(effects.small_sample_correction, "df", exact=(True, False)),
        1,
    ),
    "back_transform": (_back, 3),
    "critical_value": (_of_columns(effects.critical_value, "df", **_INTERVALS), 1),
    "wald_interval": (_of_columns(effects.wald_interval, "yi", "vi", **_INTERVALS), 1),
    "se_from_ci": (
        _of_columns(evidence.se_from_ci, "ci_low", "ci_high", "df", **_INTERVALS),
        2,
    ),
    "statistic_from_p": (_of_columns(effects.statistic_from_p, "estimate", "p_value"), 2),
    "se_from_p": (_of_columns(evidence.se_from_p, "estimate", "p_value", "df"), 2),
    "log_or_from_smd": (_of_columns(evidence.log_or_from_smd, "smd", "vi", **_WAYS), 1),
    "smd_from_log_or": (_of_columns(evidence.smd_from_log_or, "log_or", "vi", **_WAYS), 1),
    "smd_from_r": (_of_columns(evidence.smd_from_r, "r", "n"), 1),
    "r_from_smd": (_of_columns(evidence.r_from_smd, "smd", "n1", "n2"), 1),
    "z_from_r": (_of_columns(evidence.z_from_r, "r", "n"), 1),
    "smd_from_t": (
        _of_columns(evidence.smd_from_t, "t", "n1", "n2", correct=(True, False)),
        1,
    ),
    "arcsine_inverse": (_of_columns(effects.arcsine_inverse, "values"), 1),
    "double_arcsine_inverse": (
        _of_columns(effects.double_arcsine_inverse, "values", "n"),
        2,
    ),
    "harmonic_mean": (_of_columns(effects.harmonic_mean, "values"), 1),
    "proportion_interval": (
        _counts(evidence.proportion_interval, "x", "n", method=tuple(effects.INTERVALS)),
        6,
    ),
    "log_ratio_from_ci": (_printed(evidence.log_ratio_from_ci, True), 3),
    "difference_from_ci": (_printed(evidence.difference_from_ci, False), 3),
    "log_ratio_from_p": (_of_columns(evidence.log_ratio_from_p, "estimate", "p_value"), 2),
    "mean_from_quantiles": (
        _quantiles(evidence.mean_from_quantiles, effects.MEAN_METHODS),
        3,
    ),
    "sd_from_quantiles": (_quantiles(evidence.sd_from_quantiles, effects.SD_METHODS), 3),
    "freeman_tukey_rate_inverse": (
        _of_columns(effects.freeman_tukey_rate_inverse, "values", "person_time"),
        2,
    ),
    "rate_interval": (
        _counts(evidence.rate_interval, "x", "t", method=effects.RATE_INTERVALS),
        4,
    ),
    "risk_from_rate": (_of_columns(evidence.risk_from_rate, "rate", "time"), 1),
    "person_time": (_of_columns(evidence.person_time, "n", "mean_followup"), 1),
    "log_hazard_ratio_from_logrank": (
        _of_columns(evidence.log_hazard_ratio_from_logrank, "o_minus_e", "v"),
        2,
    ),
    "logrank_variance": (_logrank, 2),
    "logrank_variance_by_arm": (
        _of_columns(evidence.logrank_variance_by_arm, "events1", "events2"),
        1,
    ),
    "log_hazard_ratio_from_p": (
        _of_columns(evidence.log_hazard_ratio_from_p, "p_value", "v", "direction"),
        2,
    ),
}
