"""Subgroup analysis: a summary of each group of studies, and the test that they are the same."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evidence.errors import BadInput, Caution, NotEstimable, TooFewStudies, known_name, refuse
from evidence.results import Result, columns_of, frame_of
from evidence.synthesis.inputs.correlated_studies import used_rows
from evidence.synthesis.inputs.design_columns import read_values
from evidence.synthesis.inputs.grouping import read_labels, sorted_labels
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.numerics.distributions import check_level
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.pairwise.policies import make_plan
from evidence.synthesis.pairwise.pooled_effect import PooledEffect
from evidence.synthesis.pairwise.pooling import pool
from evidence.synthesis.regression.coefficients import WaldTest, f_or_chi_squared
from evidence.synthesis.regression.common_subgroups import (
    CommonSubgroups,
    SubgroupEffect,
    fit_common,
)

if TYPE_CHECKING:
    import pandas as pd

#: How the between-study variance of the groups is estimated.
TAU2_MODES = ("separate", "common")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subgroups(Result):
    """Summaries of groups of studies, on the scale of the effects.

    Attributes
    ----------
    effects : tuple of SubgroupEffect
        One for each group, in the order of the groups.
    interaction : WaldTest
        Test that the means of all groups are the same.
    overall : PooledEffect
        Summary of all studies regardless of their group.
    pooled : tuple of PooledEffect
        Full summaries of the groups; empty with a common tau2.
    tau2_mode : str
        separate or common.
    r2 : float or None
        Share of tau2 that the groups account for, 0 to 1; None with separate tau2.
    level : float
        Coverage of all intervals.
    decisions : tuple of str
        Each choice that was taken, in a sentence with its numbers.
    """

    effects: tuple[SubgroupEffect, ...]
    interaction: WaldTest
    overall: PooledEffect
    pooled: tuple[PooledEffect, ...]
    tau2_mode: str
    r2: float | None
    level: float
    decisions: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row for each group."""
        return frame_of(self.effects, columns_of(SubgroupEffect, omit=("labels", "rows")))

    def __str__(self) -> str:
        """Short printed summary."""
        width = max(len(effect.name) for effect in self.effects)
        lines = [f"{len(self.effects)} subgroups with {self.tau2_mode} tau2"]
        lines += [
            f"  {one.name:<{width}}  k = {one.k}, {one.estimate:.4g}, {100 * self.level:g}% CI "
            f"{one.ci_low:.4g} to {one.ci_high:.4g}, p = {one.p_value:.3g}"
            for one in self.effects
        ]
        return "\n".join([*lines, f"  difference: {self.interaction}", *self.decisions])


@takes_fit("method", "test", "policy", "level")
def pool_subgroups(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    *,
    tau2: str = "separate",
    method: str | None = None,
    test: str | None = None,
    prediction: str | None = None,
    policy: str = "cochrane-2025",
    level: float = 0.95,
    labels: Iterable[str] | None = None,
) -> Subgroups:
    """Summary of each group of studies, with the test that the groups have the same mean.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    groups : array_like, shape (k,)
        Group of each study. A pandas categorical orders the groups; otherwise they are sorted.
    tau2 : str
        "separate" pools each group on its own, as RevMan does; "common" estimates one tau2 from
        all groups, which is more stable when groups are small.
    method, test, prediction, policy
        As for ``pool``.
    level : float
        Coverage of all intervals.
    labels : iterable of str, optional
        Names of the studies.

    Returns
    -------
    Subgroups
        With separate tau2 the difference is a chi-squared test of the groups' means weighted by
        the inverse of their squared standard errors. With a common tau2 it is the joint test of a
        meta-regression on the group.

    Raises
    ------
    BadInput
        If a group is missing, or as for ``pool``.
    TooFewStudies
        If there are fewer than 2 groups, or with a common tau2 not more studies than groups.
    UnknownName
        If a method, test, policy or mode is not known.

    References
    ----------
    Borenstein et al. (2009), Introduction to Meta-Analysis, ch. 19. Cochrane Handbook 10.11.3.1.
    metafor: ``rma(yi, vi, subset=)`` for each group; ``rma(yi, vi, mods = ~ group - 1)``.
    """
    known_name("mode of tau2", tau2, TAU2_MODES)
    plan = make_plan(policy, method=method, test=test, prediction=prediction)
    level = check_level(level)
    studies = check_studies(yi, vi, labels)
    members, merged = _members(yi, studies, groups)
    summary = partial(
        pool, method=method, test=test, prediction=prediction, policy=policy, level=level
    )
    overall = summary(studies.keep(range(studies.yi.size)))
    if tau2 == "common":
        found = fit_common(studies, members, plan, level)
        return _subgroups(found, overall, level, (*studies.decisions, *merged))
    pooled = {name: summary(studies.keep(rows)) for name, rows in members.items()}
    single = [name for name, one in pooled.items() if one.k == 1]
    decisions = [*merged, f"Each of {len(members)} groups has its own tau2."]
    if single:
        decisions.append(
            f"One study only, pooled without heterogeneity: {', '.join(single)}. A common tau2 "
            "(tau2='common') would widen its interval."
        )
    return Subgroups(
        effects=tuple(_separate_effect(name, one, members[name]) for name, one in pooled.items()),
        interaction=_between(pooled),
        overall=overall,
        pooled=tuple(pooled.values()),
        tau2_mode=tau2,
        r2=None,
        level=level,
        decisions=(*studies.decisions, *decisions),
    )


def _members(
    yi: StudyInput, studies: Studies, groups: npt.ArrayLike | None
) -> tuple[dict[str, list[int]], tuple[str, ...]]:
    """Rows of each group, in the order of the groups, and which spellings were taken as one."""
    if groups is None:
        raise BadInput("A subgroup analysis needs groups. Give the group of each study.")
    rows, kept = used_rows(yi, studies.yi.size)
    problems: list[str] = []
    labels = read_labels("groups", groups, rows, problems)
    refuse(BadInput, "A subgroup analysis needs the group of each study.", problems)
    used = [labels[row] for row in kept]
    declared = read_values(groups)[1]
    spelt = [name for name in declared if name in used] or sorted_labels(used)
    name_of = _first_spellings(spelt)
    order = list(dict.fromkeys(name_of.values()))
    if len(order) < 2:
        raise TooFewStudies(
            f"A subgroup analysis needs at least 2 groups and found {len(order)} "
            f"({', '.join(order)}). Pool the studies together."
        )
    members = {name: [i for i, one in enumerate(used) if name_of[one] == name] for name in order}
    others = [f"{name!r} as {one!r}" for name, one in name_of.items() if name != one]
    if not others:
        return members, ()
    taken = f"Groups that differ in capitals or spaces alone are one: {', '.join(others)}."
    warnings.warn(Caution(f"{taken} Give them other names if they are not."), stacklevel=4)
    return members, (taken,)


def _first_spellings(names: Sequence[str]) -> dict[str, str]:
    """For each name the first one that differs from it in capitals and spaces at most."""
    first: dict[str, str] = {}
    return {name: first.setdefault(" ".join(name.split()).casefold(), name) for name in names}


def _separate_effect(name: str, pooled: PooledEffect, rows: Sequence[int]) -> SubgroupEffect:
    shared = {f.name for f in fields(SubgroupEffect)} - {
        "name",
        "prediction_low",
        "prediction_high",
        "rows",
    }
    interval = pooled.prediction
    return SubgroupEffect(
        name=name,
        rows=tuple(rows),
        prediction_low=None if interval is None else interval.low,
        prediction_high=None if interval is None else interval.high,
        **{part: getattr(pooled, part) for part in shared},
    )


def _between(pooled: Mapping[str, PooledEffect]) -> WaldTest:
    """Test of equal means from independent estimates: Q between groups."""
    estimates = np.array([one.estimate for one in pooled.values()])
    errors = np.array([one.se for one in pooled.values()])
    smallest = float(errors.min())
    weights = (smallest / errors) ** 2
    with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
        try:
            mean = float(np.average(estimates, weights=weights))
            q = float(np.sum(((estimates - mean) / errors) ** 2))
        except FloatingPointError as failure:
            raise NotEstimable(
                "The difference between subgroups left the range of double precision. Check the "
                "variances, or give the effects in another unit."
            ) from failure
    names: Sequence[str] = tuple(pooled)
    test = f_or_chi_squared(names[1:], q, None)
    return WaldTest(
        names=tuple(names),
        statistic=test.statistic,
        df=test.df,
        residual_df=None,
        p_value=test.p_value,
    )


def _subgroups(
    found: CommonSubgroups, overall: PooledEffect, level: float, decisions: tuple[str, ...]
) -> Subgroups:
    return Subgroups(
        effects=found.effects,
        interaction=found.interaction,
        overall=overall,
        pooled=(),
        tau2_mode="common",
        r2=found.r2,
        level=level,
        decisions=(*decisions, *found.decisions),
    )
