# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Asking the dataset: SQL and pandas
#
# Open it as a notebook with `jupytext --to ipynb querying.py`, or run it from top to bottom as a
# script.

# %%
import pandas as pd
import seaborn as sns

import evidence
from evidence.trials.dataset import arm_view, contrast_view, counts
from evidence.trials.upkeep import data_dictionary

pd.set_option("display.width", 120)
trials = evidence.load_trials()
counts(trials).to_frame().T

# %% [markdown]
# ## The data dictionary
#
# One row is one number, or one finding in words, as a named document prints it. `data/CODEBOOK.md`
# holds the same, with the words of the vocabulary and how often each is used.

# %%
data_dictionary()

# %% [markdown]
# ## SQL
#
# `evidence.query` runs one SELECT statement of DuckDB and returns a DataFrame. The tables are
# `trials` (the rows above), `studies`, `arms`, `sources` and `risk_of_bias`.

# %%
evidence.query("show tables")

# %% [markdown]
# Which therapies are compared with which, in how many trials?

# %%
evidence.query("""
    select therapy, comparator, count(distinct study_id) as studies, count(*) as numbers
    from trials
    where comparator is not null and design = 'rct'
    group by all
    order by studies desc, therapy, comparator
""")

# %% [markdown]
# The tables share `study_id`; `source` leads to the document. Each number keeps its `result_id`, so
# that it can be followed to the line or the table cell where it is printed.

# %%
evidence.query(
    """
    select t.result_id, t.study, t.value, t.ci_low, t.ci_high, t.locator, s.citation, s.address
    from trials t join sources s using (source)
    where t.outcome = $outcome and t.statistic = 'hazard_ratio' and t.preferred
    order by t.study
    """,
    {"outcome": "disability-worsening"},
)

# %% [markdown]
# Where do documents print different values for one quantity?

# %%
evidence.query("""
    select study, arm, outcome, timepoint_months, statistic, unit,
           list(distinct value order by value) as values, list(distinct source) as documents
    from trials
    where comparator_arm is null and subgroup is null and value is not null
    group by study, arm, analysis_set, outcome, outcome_definition, timepoint_months,
             statistic, unit
    having count(distinct value) > 1
    order by study, outcome, arm
    limit 10
""")

# %% [markdown]
# A table or column that does not exist is refused with the ones that do, and nothing but the
# dataset can be read.

# %%
for statement in (
    "select outcom from trials",
    "select * from trial",
    "select * from read_csv('somewhere.csv')",
    "drop table trials",
):
    try:
        evidence.query(statement)
    except evidence.BadInput as refusal:
        print(str(refusal).partition(" Columns of ")[0])

# %% [markdown]
# ## One row an arm
#
# The long form keeps every document's number. For work with pandas, a view spreads the preferred
# number of each quantity over columns: `n`, `events`, `proportion`, `rate` and others, each with
# its interval, its unit, its source and its `result_id`.

# %%
relapses = arm_view(trials.where(outcome=["annualised-relapse-rate", "participants"], design="rct"))
relapses = relapses.dropna(subset=["rate"])
relapses[["study", "arm", "timepoint_months", "n", "rate", "rate_ci_low", "rate_ci_high"]].head(10)

# %% [markdown]
# The same numbers as a picture: each arm of each trial, coloured by its therapy.

# %%
axes = sns.stripplot(relapses.sort_values("study"), x="rate", y="study", hue="therapy", size=7)
axes.set(xlabel="annualised relapse rate", ylabel="")
sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1))

# %%
relapses[["study", "arm", "n_result_id", "rate_result_id"]].head(3)

# %% [markdown]
# The spread of what is printed for each therapy; a synthesis is another thing (`quickstart.py`).

# %%
relapses.groupby("therapy")["rate"].agg(["size", "min", "max"])

# %% [markdown]
# ## One row a contrast

# %%
worsening = contrast_view(trials.where(outcome="disability-worsening", design="rct"))
worsening = worsening.dropna(subset=["hazard_ratio"])
worsening[
    [
        "study",
        "arm",
        "comparator_arm",
        "hazard_ratio",
        "hazard_ratio_ci_low",
        "hazard_ratio_ci_high",
    ]
]

# %% [markdown]
# The whole row behind a number, with the tokens as they are printed:

# %%
trials.row(worsening["hazard_ratio_result_id"].iloc[0])
