"""Random calls of the functions that pool studies many times: multiverse, ragged, sequential."""

from __future__ import annotations

from typing import Any

import numpy as np

import evidence
from evidence import DecisionRule, trial_sequential
from evidence.effects import ZERO_CELL_RULES, ZeroCellRule
from evidence.synthesis import inputs, stacks
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.multiverse import DECISION_RULES
from evidence.synthesis.pairwise import POLICIES, SUMMARY_TESTS
from evidence.synthesis.sequential import SPENDING
from tests.fuzz.draws import Call, Draw
from tests.fuzz.synthesis_calls import Maker

_METHODS = tuple(ESTIMATORS)
_POLICY = {"method": _METHODS, "test": tuple(SUMMARY_TESTS), "policy": tuple(POLICIES)}


def _some(draw: Draw, names: tuple[str, ...]) -> list[str]:
    """One to three of the names, at times one twice."""
    return [draw.one(*names) for _ in range(draw.one(1, 1, 2, 3))]


# --- multiverse --------------------------------------------------------------------------------


def _worlds(decision: dict[str, Any] | None, zero: Any, **given: Any) -> Any:
    if decision is not None:
        given["rule"] = DecisionRule(**decision)
    if zero is not None:
        given["zero_cells"] = [ZeroCellRule(**one) for one in zero]
    return evidence.multiverse(**given)


def _of_worlds(found: Any) -> Any:
    """Everything that is read from a multiverse; a world has a number or a reason."""
    assert np.array_equal(found.estimable, found.reason == 0)
    assert np.array_equal(found.estimable, np.isfinite(found.estimate))
    assert abs(sum(found.shares().values()) - 1.0) < 1e-9
    for measure in found.values["measure"]:
        found.specification_curve(measure, most=5)
    for frame in (found.to_frame(), found.share_frame(), found.reversal_frame()):
        assert len(frame.columns)
    return found.counts(), [found.balanced_shares(name) for name in found.codes]


def _multiverse(draw: Draw) -> Call:
    kwargs: dict[str, Any]
    if draw.maybe():
        yi, vi = draw.studies(1, 7)
        kwargs, k = {"yi": yi, "vi": vi}, yi.size
    else:
        kwargs = dict(draw.cells(high=6))
        k = kwargs["ai"].size
        if draw.maybe():
            kwargs["measures"] = _some(draw, ("RR", "OR", "RD", "AS", "PETO"))
    kwargs |= {"methods": _some(draw, _METHODS), "tests": _some(draw, ("z", "t", "knha", "adhoc"))}
    names = [f"Trial {i}" for i in range(k)]
    kwargs["labels"] = names
    more = draw.options(leave_one_out=(True, False), all_from=(1, 2, 3), level=(0.5, 0.9))
    if draw.maybe(0.2):
        more["subsets"] = {"large": names[:2], "all of them": names}
    if draw.maybe(0.1):
        more["reference"] = {"method": draw.one(*_METHODS)}
    decision = {"kind": draw.one(*DECISION_RULES)} if draw.maybe(0.3) else None
    if decision is not None and (decision["kind"] != "ci-excludes-null" or draw.maybe(0.1)):
        decision["thresholds"] = draw.one(0.1, -0.5, 0.0, {"GEN": 0.1, "RR": -0.2, "OR": 0.3})
    zero = None
    if draw.maybe(0.3):
        zero = [
            {"add": draw.one(0.5, 0.0, 0.1), "to": draw.one(*ZERO_CELL_RULES)} for _ in range(2)
        ]
    kwargs |= {**more, "decision": decision, "zero": zero, "workers": draw.one(1, 2)}
    return Call(_worlds, kwargs, fixed=("decision", "zero", "workers"), after=(_of_worlds,))


# --- ragged ------------------------------------------------------------------------------------


def _of_ragged(found: Any) -> None:
    """Each meta-analysis has a finite summary, or says why it has none."""
    summary = np.stack([found.estimate, found.se, found.ci_low, found.ci_high, found.p_value])
    has = np.array([reason is None for reason in found.reasons])
    assert np.array_equal(np.isfinite(summary).all(axis=0), has)
    assert np.array_equal(np.isnan(summary).all(axis=0), ~has)
    several = has & (found.k > 1)
    heterogeneity = np.stack([found.tau2, found.q, found.q_p, found.i2, found.h2])
    assert np.isfinite(heterogeneity[:, several]).all()


def _ragged(draw: Draw) -> Call:
    parts = [draw.studies(1, 12) for _ in range(draw.size(1, 8))]
    sizes = [yi.size for yi, _ in parts]
    yi, vi = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    if draw.maybe(0.3):
        row = int(draw.rng.integers(yi.size))
        draw.one(yi, vi)[row] = draw.one(np.nan, np.inf, -1.0, 0.0)
    kwargs = {"yi": yi, "vi": vi, "starts": np.cumsum([0, *sizes]).astype(float)}
    more = draw.options(**_POLICY, bad_rows=("refuse", "mark", "leave-out"), workers=(1, 2))
    return Call(
        stacks.pool_ragged,
        {**kwargs, **more, **draw.level()},
        after=(_of_ragged,),
    )


# --- in the order of time ----------------------------------------------------------------------


def _dates(draw: Draw, k: int) -> Any:
    kind = draw.one("year", "year", "number", "day", "text")
    if kind == "number":
        return draw.rng.normal(2000.0, 10.0, k)
    years = draw.rng.integers(1990, 2026, k)
    if kind == "year":
        return years.astype(float)
    days = np.array([f"{year}-03-01" for year in years])
    return days.astype("datetime64[D]") if kind == "day" else days.tolist()


def _ordered(draw: Draw) -> Call:
    k = draw.size(1, 10)
    kwargs = {"order": _dates(draw, k), "labels": [f"Trial {i}" for i in range(k)]}
    return Call(
        inputs.order_studies,
        {**kwargs, **draw.options(ties=tuple(inputs.TIES))},
    )


def _sequential(effect: dict[str, Any] | None, **given: Any) -> Any:
    if effect is not None:
        make = (
            evidence.anticipated_risk_reduction
            if "reduction" in effect
            else evidence.anticipated_difference
        )
        given["anticipated"] = make(**effect)
    return trial_sequential(**given)


def _looks(draw: Draw) -> Call:
    yi, vi = draw.studies(1, 8)
    k = yi.size
    kwargs: dict[str, Any] = {"yi": yi, "vi": vi, "order": _dates(draw, k), "effect": None}
    kwargs["labels"] = [f"Trial {i}" for i in range(k)]
    how = draw.one("number", "risk", "mean", "low bias")
    if how == "number":
        kwargs["anticipated"] = draw.one(0.3, -0.5, 2.0)
    elif how == "low bias":
        kwargs["low_bias"] = kwargs["labels"][: draw.one(1, 2, 3)]
    elif how == "risk":
        kwargs["effect"] = _risk_reduction(draw)
    else:
        kwargs["effect"] = {"difference": draw.one(0.2, -1.0), "sd": draw.one(1.0, 3.0)}
    if how in ("risk", "mean") and draw.maybe(0.3):
        kwargs["information"] = draw.one("participants", "events")
        kwargs["sizes"] = draw.rng.integers(5, 900, k).astype(float)
    spending = tuple(SPENDING)
    more = draw.options(
        alpha=(0.01, 0.1),
        power=(0.5, 0.9),
        heterogeneity=("diversity", "i2", "none", 0.25),
        ties=tuple(inputs.TIES),
        spending=spending,
        futility=(*spending, None),
        benefit=("below", "above"),
        **_POLICY,
    )
    return Call(_sequential, {**kwargs, **more}, fixed=("effect",))


def _risk_reduction(draw: Draw) -> dict[str, Any]:
    kwargs = {"reduction": float(draw.rng.uniform(-0.5, 0.9)), "control_risk": draw.one(0.1, 0.5)}
    return {**kwargs, **draw.options(measure=("RR", "OR", "RD"))}


def _reduction(draw: Draw) -> Call:
    return Call(evidence.anticipated_risk_reduction, _risk_reduction(draw))


def _anticipated_difference(draw: Draw) -> Call:
    kwargs = {"difference": float(draw.rng.normal()), **draw.options(sd=(0.5, 1e3))}
    return Call(evidence.anticipated_difference, kwargs)


#: For each function: how to draw a call of it, and how often.
SERIES_CALLS: dict[str, tuple[Maker, float]] = {
    "multiverse": (_multiverse, 3),
    "pool_ragged": (_ragged, 8),
    "order_studies": (_ordered, 3),
    "trial_sequential": (_looks, 3),
    "anticipated_risk_reduction": (_reduction, 1),
    "anticipated_difference": (_anticipated_difference, 1),
}
