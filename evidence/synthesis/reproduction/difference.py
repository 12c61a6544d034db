"""Why do two pooled results differ? What each difference between them changes, one at a time.

From the first result to the second in steps: studies, their numbers, estimator of tau2, interval,
coverage, definition of I2, prediction interval. Each step changes one of them and keeps what was
changed before, so that the steps add up to the whole difference; beside it stands what the change
alone would do to the first result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from evidence.errors import BadInput
from evidence.input_checks import require_kind
from evidence.results import Result, columns_of, frame_of
from evidence.synthesis.pairwise.policies import describe_method, describe_prediction
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS

if TYPE_CHECKING:
    import pandas as pd

#: Effects or variances that differ by less than this share are the same numbers.
_SAME: Final = 1e-9
_SINGLE: Final = "single-study"
#: A policy for each definition of I2; everything else of it is replaced.
_POLICY: Final = {"tau2": "metafor", "Q": "revman5"}
_Numbers = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceStep:
    """One difference between two results, and what it changes.

    Attributes
    ----------
    what : str
        studies, numbers, estimator, interval, level, I2 or prediction interval.
    words : str
        The difference in words.
    estimate, ci_low, ci_high, tau2, i2 : float or None
        Result after this step, on the scale of the effects; I2 as a proportion.
    prediction_low, prediction_high : float or None
        Prediction interval after this step.
    change : float
        Change of the estimate by this step; all steps add up to the whole difference.
    change_of_width : float
        Change of the width of the confidence interval.
    alone : float
        Change of the estimate if nothing else had been changed.
    """

    what: str
    words: str
    estimate: float
    ci_low: float
    ci_high: float
    tau2: float | None
    i2: float | None
    prediction_low: float | None
    prediction_high: float | None
    change: float
    change_of_width: float
    alone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedDifference(Result):
    """Two results and the steps between them.

    Attributes
    ----------
    steps : tuple of DifferenceStep
        Empty if the results agree in everything that is compared.
    estimates : (float, float)
        The two estimates, on the scale of the effects.
    unexplained : float
        What the steps leave of the difference of the estimates: rounding, or another program.
    sentence : str
        The outcome.
    """

    steps: tuple[DifferenceStep, ...]
    estimates: tuple[float, float]
    unexplained: float
    sentence: str

    def to_frame(self) -> pd.DataFrame:
        """One row for each step."""
        return frame_of(self.steps, columns_of(DifferenceStep))

    def __str__(self) -> str:
        """The outcome, and a line for each step."""
        lines = [
            f"  {step.what}: {step.words}; estimate {step.estimate:.4g} "
            f"({step.ci_low:.4g} to {step.ci_high:.4g}), change {step.change:+.3g}"
            for step in self.steps
        ]
        return "\n".join([self.sentence, *lines])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _World:
    """Everything a result is made from."""

    numbers: _Numbers
    method: str
    test: str
    level: float
    i2: str
    prediction: str

    def pooled(self) -> PooledEffect:
        return pool(
            [yi for yi, _ in self.numbers.values()],
            [vi for _, vi in self.numbers.values()],
            method=self.method,
            test=self.test,
            prediction=self.prediction,
            policy=_POLICY[self.i2],
            level=self.level,
            labels=list(self.numbers),
        )


def explain_difference(first: PooledEffect, second: PooledEffect) -> ExplainedDifference:
    """What makes two pooled results differ, step by step.

    Parameters
    ----------
    first, second : PooledEffect
        Results of :func:`evidence.pool` on one scale. Studies are matched by label.

    Raises
    ------
    BadInput
        The results are on different scales, labels of a result are not unique, or something else
        was given.

    Examples
    --------
    >>> effects, variances = [0.1, 0.3, 0.5], [0.03, 0.02, 0.04]
    >>> one = pool(effects, variances, method="DL", test="z")
    >>> other = pool(effects, variances, method="REML", test="z")
    >>> [step.what for step in explain_difference(one, other).steps]
    ['estimator']
    """
    require_kind(
        "An explanation of a difference", first, PooledEffect, "Give two results of pool()."
    )
    require_kind(
        "An explanation of a difference", second, PooledEffect, "Give two results of pool()."
    )
    _check(first, second)
    start, goal = _world(first), _world(second)
    start, goal = _modelled(start, first, goal), _modelled(goal, second, start)
    steps: list[DifferenceStep] = []
    at, value = start, first
    for what, words, at_next in _changes(start, goal):
        changed = at_next(at)
        found = changed.pooled()
        alone = at_next(start).pooled().estimate - first.estimate
        steps.append(_step(what, words, value, found, alone))
        at, value = changed, found
    unexplained = second.estimate - value.estimate
    return ExplainedDifference(
        steps=tuple(steps),
        estimates=(first.estimate, second.estimate),
        unexplained=0.0 if abs(unexplained) <= _SAME * second.se else unexplained,
        sentence=_sentence(first, second, steps),
    )


def _check(first: PooledEffect, second: PooledEffect) -> None:
    problems = [
        f"the {which} result has two studies called {label}"
        for which, one in (("first", first), ("second", second))
        for label in dict.fromkeys(one.labels)
        if one.labels.count(label) > 1
    ]
    scales = (first.measure, second.measure)
    if None not in scales and scales[0] != scales[1]:
        problems.append(f"one is on the scale {scales[0]}, the other on {scales[1]}")
    if problems:
        raise BadInput(
            "The difference of two results was to be explained. Give results on one scale, whose "
            "studies have names of their own.",
            problems,
        )


def _world(fit: PooledEffect) -> _World:
    pairs = zip(fit.yi.tolist(), fit.vi.tolist(), strict=True)
    return _World(
        numbers=dict(zip(fit.labels, pairs, strict=True)),
        method=fit.method,
        test=fit.test,
        level=fit.level,
        i2=fit.i2_definition,
        prediction="none" if fit.prediction is None else fit.prediction.definition,
    )


def _modelled(world: _World, fit: PooledEffect, other: _World) -> _World:
    """A single study was pooled by no model; it takes that of the other result."""
    if fit.method != _SINGLE:
        return world
    model = {part: getattr(other, part) for part in ("method", "test", "i2", "prediction")}
    if other.method == _SINGLE:
        model["method"] = "CE"
    return replace(world, **model)


class _Take:
    """A change: the parts of another world that are taken over."""

    def __init__(self, goal: _World, part: str) -> None:
        self._goal, self._part = goal, part

    def __call__(self, at: _World) -> _World:
        if self._part == "studies":
            known = {**self._goal.numbers, **at.numbers}
            return replace(at, numbers={name: known[name] for name in self._goal.numbers})
        if self._part == "numbers":
            numbers = {name: self._goal.numbers.get(name, old) for name, old in at.numbers.items()}
            return replace(at, numbers=numbers)
        return replace(at, **{self._part: getattr(self._goal, self._part)})


def _changes(start: _World, goal: _World) -> Iterator[tuple[str, str, _Take]]:
    """Yield what differs, in words, and the change that takes it over."""
    gone = [name for name in start.numbers if name not in goal.numbers]
    added = [name for name in goal.numbers if name not in start.numbers]
    if gone or added:
        parts = [f"without {', '.join(gone)}"] * bool(gone)
        parts += [f"with {', '.join(added)}"] * bool(added)
        yield "studies", " and ".join(parts), _Take(goal, "studies")
    other = [name for name in start.numbers if _moved(name, start, goal)]
    if other:
        yield "numbers", f"other effects or variances of {', '.join(other)}", _Take(goal, "numbers")
    named = {
        "method": ("estimator", describe_method),
        "test": ("interval", lambda test: SUMMARY_TESTS[test].words),
        "level": ("level", lambda level: f"{100 * level:g}%"),
        "i2": ("I2", lambda definition: f"from {definition}"),
        "prediction": ("prediction interval", _prediction_words),
    }
    for part, (what, words) in named.items():
        old, new = getattr(start, part), getattr(goal, part)
        if old != new:
            yield what, f"{words(new)} instead of {words(old)}", _Take(goal, part)


def _prediction_words(definition: str) -> str:
    return "none" if definition == "none" else describe_prediction(definition)


def _moved(name: str, start: _World, goal: _World) -> bool:
    if name not in goal.numbers:
        return False
    (y1, v1), (y2, v2) = start.numbers[name], goal.numbers[name]
    return abs(y1 - y2) > _SAME * v1**0.5 or not np.isclose(v1, v2, rtol=_SAME, atol=0.0)


def _step(
    what: str, words: str, before: PooledEffect, after: PooledEffect, alone: float
) -> DifferenceStep:
    prediction = after.prediction
    width = (after.ci_high - after.ci_low) - (before.ci_high - before.ci_low)
    return DifferenceStep(
        what=what,
        words=words,
        estimate=after.estimate,
        ci_low=after.ci_low,
        ci_high=after.ci_high,
        tau2=after.tau2,
        i2=after.i2,
        prediction_low=None if prediction is None else prediction.low,
        prediction_high=None if prediction is None else prediction.high,
        change=after.estimate - before.estimate,
        change_of_width=width,
        alone=alone,
    )


def _sentence(first: PooledEffect, second: PooledEffect, steps: list[DifferenceStep]) -> str:
    both = (
        f"{first.estimate:.4g} ({first.ci_low:.4g} to {first.ci_high:.4g}) and "
        f"{second.estimate:.4g} ({second.ci_low:.4g} to {second.ci_high:.4g})"
    )
    if not steps:
        return f"The results {both} pool the same studies in the same way."
    moving = [step for step in steps if step.change or step.change_of_width]
    largest = max(
        moving or steps, key=lambda step: max(abs(step.change), abs(step.change_of_width))
    )
    listed = "; ".join(f"{step.what} ({step.words})" for step in steps)
    return f"The results {both} differ in {listed}. Most of it is due to {largest.what}."
