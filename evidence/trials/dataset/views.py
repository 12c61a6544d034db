"""Wide views of the dataset: one row an arm or a contrast, with a column for each statistic."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evidence.trials.dataset.load import Trials

#: What makes two numbers belong to one row, after the study's own columns.
STUDY_KEYS = ("study_id", "study", "registry_id", "design", "year", "population")
ARM_KEYS = (
    *STUDY_KEYS,
    *("arm", "therapy", "dose"),
    *("subgroup", "analysis_set", "outcome", "outcome_definition", "timepoint_months"),
)
CONTRAST_KEYS = (
    *STUDY_KEYS,
    *("arm", "therapy", "dose", "comparator_arm", "comparator"),
    *("subgroup", "analysis_set", "outcome", "outcome_definition", "timepoint_months"),
)
#: Columns of the dataset that follow each statistic.
_PARTS = (
    *("value", "value_operator", "ci_low", "ci_high", "ci_level", "range_low", "range_high"),
    *("p_operator", "p_value", "finding", "unit", "source", "result_id"),
)
_ALWAYS = ("value", "unit", "source", "result_id")
#: Statistics that keep their number in another column than `value`, or in two of them.
_NAMED_OTHERWISE = {
    "finding": {"value": "", "finding": "finding"},
    "range": {"value": "", "range_low": "range_low", "range_high": "range_high"},
    "p_value": {"p_value": "", "p_operator": ""},
}
_PATIENTS = ("n", "n_unit", "n_source", "n_result_id")


def arm_view(trials: Trials) -> pd.DataFrame:
    """One row for each arm, outcome and time, with every preferred number of the arm.

    A statistic ``s`` gives the columns ``s`` (the number as printed, in ``s_unit``), ``s_ci_low``,
    ``s_ci_high`` and others where any row has them, ``s_source``, and ``s_result_id``, which leads
    back to the row of the dataset. Where documents print one quantity in two units, the arm has two
    rows. Numbers of a study as a whole have an empty ``arm``.

    The number of patients is added where the outcome's own row has none: that of the same analysis
    set, else the only one printed for the arm. ``n_analysis_set`` says whose number it is.

    Parameters
    ----------
    trials : Trials
        Dataset, or a part of it. ``n`` is looked up in this part.

    Examples
    --------
    >>> trials = evidence.load_trials()
    >>> relapses = trials.where(outcome=["annualised-relapse-rate", "participants"])
    >>> arm_view(relapses)[["study", "arm", "n", "rate", "rate_ci_low", "rate_ci_high"]]
    """
    rows = _preferred(trials)
    arms = rows[rows["comparator_arm"].isna()]
    return _with_patients(_wide(arms, ARM_KEYS, trials.vocabulary.names("statistics")), arms)


def contrast_view(trials: Trials) -> pd.DataFrame:
    """One row for each pair of arms, outcome and time, with every preferred number about the two.

    The columns are those of :func:`arm_view`, with ``comparator_arm`` and ``comparator``. A ratio
    is as printed, not its logarithm.

    Parameters
    ----------
    trials : Trials
        Dataset, or a part of it.
    """
    rows = _preferred(trials)
    contrasts = rows[rows["comparator_arm"].notna()]
    return _wide(contrasts, CONTRAST_KEYS, trials.vocabulary.names("statistics"))


def _preferred(trials: Trials) -> pd.DataFrame:
    return trials.frame[trials.frame["preferred"]]


def _wide(rows: pd.DataFrame, keys: Sequence[str], statistics: Sequence[str]) -> pd.DataFrame:
    """Spread the statistics over columns; nothing is dropped and no two numbers share a cell."""
    # A quantity in two units: the one with a value first, so that it stands in the main row.
    ordered = rows.assign(_empty=rows["value"].isna()).sort_values(["_empty", "result_id"])
    ordered["_copy"] = ordered.groupby([*keys, "statistic"], dropna=False).cumcount()
    ordered["_row"] = ordered.groupby([*keys, "_copy"], dropna=False).ngroup()
    wide = ordered.drop_duplicates("_row").set_index("_row")[list(keys)].sort_index()
    for statistic in statistics:
        found = ordered[ordered["statistic"] == statistic].set_index("_row")
        if len(found):
            wide = wide.join(_columns(found, statistic))
    return wide.reset_index(drop=True)


def _columns(rows: pd.DataFrame, statistic: str) -> pd.DataFrame:
    """Return the columns of one statistic, without those that no row fills."""
    taken = [name for name in _PARTS if name in _ALWAYS or _says_something(rows[name])]
    names = {name: f"{statistic}_{name.removeprefix('value_')}" for name in taken}
    names["value"] = statistic
    for name, new in _NAMED_OTHERWISE.get(statistic, {}).items():
        names.pop(name, None)
        names |= {name: new} if new else {}
    return rows[list(names)].rename(columns=names)


def _says_something(column: pd.Series[str] | pd.Series[float]) -> bool:
    if column.name in ("value_operator", "p_operator"):
        return bool((column.dropna() != "=").any())
    return bool(column.notna().any())


def _with_patients(wide: pd.DataFrame, arms: pd.DataFrame) -> pd.DataFrame:
    """Add the number of patients of each arm: its own, else that of its set, else the only one."""
    sizes = _sizes(arms)
    whose = ["study_id", "arm", "subgroup", "analysis_set"]
    alone = sizes[~sizes.duplicated(whose[:3], keep=False)]
    own = wide.reindex(columns=list(_PATIENTS)).assign(n_analysis_set=wide["analysis_set"])
    same = wide[whose].merge(sizes, how="left", on=whose)
    only = wide[whose[:3]].merge(
        alone.rename(columns={"analysis_set": "n_analysis_set"}), how="left", on=whose[:3]
    )
    choices = [own, same.assign(n_analysis_set=same["analysis_set"]), only]
    filled = _first_filled([choice[[*_PATIENTS, "n_analysis_set"]] for choice in choices])
    keys = wide[list(ARM_KEYS)]
    rest = wide.drop(columns=[*ARM_KEYS, *(name for name in _PATIENTS if name in wide)])
    return pd.concat([keys, filled, rest], axis=1)


def _sizes(arms: pd.DataFrame) -> pd.DataFrame:
    """Return the printed numbers of patients of whole arms and subgroups, one a set."""
    chosen = arms[
        (arms["outcome"] == "participants")
        & (arms["statistic"] == "n")
        & arms["outcome_definition"].isna()
        & arms["value"].notna()
        & arms["arm"].notna()
    ]
    names = {"value": "n", "unit": "n_unit", "source": "n_source", "result_id": "n_result_id"}
    whose = ["study_id", "arm", "subgroup", "analysis_set"]
    return chosen[[*whose, *names]].drop_duplicates(whose).rename(columns=names)


def _first_filled(choices: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return each row from the first of the frames in which it has a number."""
    left, parts = choices[0].index, []
    for choice in choices:
        found = choice.loc[left].dropna(subset=["n_result_id"])
        left = left.difference(found.index)
        parts += [found] if len(found) else []
    return pd.concat(parts or choices[:1]).reindex(choices[0].index)
