"""A fit in place of effects: its studies, and its settings where none were given."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from evidence.synthesis.inputs.studies import HoldsStudies
from evidence.synthesis.pairwise.policies import POLICIES
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.pairwise.single_arm_summary import SingleArmSummary

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def takes_fit(
    *settings: str,
) -> Callable[[Callable[Arguments, Answer]], Callable[Arguments, Answer]]:
    """Let a function of effects take a fit, whose settings hold where no others are given.

    Parameters
    ----------
    *settings : str
        Which of method, test, policy, level and design the function has and takes from a fit. A
        policy that is given goes before the method and test of the fit.
    """

    def decorate(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
        call = cast(Callable[..., Answer], function)

        @wraps(function)
        def answer(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
            given: Any = args[0] if args else kwargs.get("yi")
            if not isinstance(given, HoldsStudies):
                return function(*args, **kwargs)
            found = {**_settings(given, settings, kwargs), **kwargs}
            return call(**found) if "yi" in found else call(*args, **found)

        return answer

    return decorate


def _settings(
    given: HoldsStudies, settings: tuple[str, ...], chosen: dict[str, Any]
) -> dict[str, Any]:
    """What a function takes from a fit; with moderators also the studies, beside their design."""
    # a meta-regression stands above this room; it has the same method, test, level, yi and vi
    fit = cast(PooledEffect, given.fit if isinstance(given, SingleArmSummary) else given)
    known = {"level": fit.level, **_model(fit, settings, chosen)}
    found = {name: known[name] for name in settings if name in known}
    if "design" in settings and "design" not in chosen and given.moderators is not None:
        own = {"yi": fit.yi, "vi": fit.vi, "labels": fit.labels}
        return {**found, **own, "design": given.moderators}
    return found


def _model(fit: PooledEffect, settings: tuple[str, ...], chosen: dict[str, Any]) -> dict[str, str]:
    """Method and test of a fit, or its policy with what differs from it; not beside a policy."""
    if fit.method == "single-study" or "policy" in chosen:
        return {}
    if "policy" in settings and isinstance(fit, PooledEffect):
        return _beside_policy(fit)
    return {"method": fit.method, "test": fit.test}


def _beside_policy(fit: PooledEffect) -> dict[str, str]:
    """Policy of a fit, and the method and test that it would not have chosen by itself."""
    own = pool(fit.yi, fit.vi, method=fit.method, policy=fit.policy, level=fit.level)
    found = {"policy": fit.policy}
    if fit.method != POLICIES[fit.policy].method:
        found["method"] = fit.method
    if fit.test != own.test:
        found["test"] = fit.test
    return found
