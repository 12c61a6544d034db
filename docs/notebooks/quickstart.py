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
# # A working session
#
# From reported numbers to a pooled effect. Open it as a notebook with `jupytext --to ipynb
# quickstart.py`, or run it from top to bottom as a script.

# %%
import numpy as np

import evidence

# %% [markdown]
# ## The dataset
#
# One row for each number that a document reports, with the place where it is printed.

# %%
trials = evidence.load_trials()
trials

# %% [markdown]
# `where` keeps the rows whose columns have the given values; a list means any of them. A word that
# is not in the vocabulary is refused, and the nearest ones are named.

# %%
ratios = trials.where(
    outcome="disability-worsening",
    statistic="hazard_ratio",
    therapy="alemtuzumab",
    comparator="interferon-beta-1a",
    design="rct",
    preferred=True,
)
ratios

# %%
try:
    trials.where(outcome="disability-worsnening")
except evidence.EvidenceError as refusal:
    print(refusal)

# %% [markdown]
# ## With pandas
#
# How many numbers does the dataset hold for each therapy, and from how many studies?

# %%
frame = trials.to_frame()
counts = frame.groupby("therapy")["study_id"].agg(numbers="size", studies="nunique")
counts.sort_values("numbers", ascending=False).head()

# %% [markdown]
# Each number can be followed to its document, its table and the very tokens that are printed there.

# %%
ratios.to_frame()[["study", "arm", "value", "ci_low", "ci_high", "source", "locator", "printed"]]

# %% [markdown]
# ## Effects and their synthesis
#
# Arguments have the names that metafor gives them; ratios are analysed as logarithms. Here are the
# hazard ratios as they are printed.

# %%
effects = evidence.effect_size(
    "HR",
    estimate=ratios["value"],
    ci_low=ratios["ci_low"],
    ci_high=ratios["ci_high"],
    labels=list(ratios["study"]),
)
effects

# %% [markdown]
# The policy fixes estimator, interval and prediction interval before the data are seen; every
# choice it takes is written down under the result.

# %%
pooled = evidence.pool(effects)
pooled

# %%
for policy in ("cochrane-2025", "hksj-floor", "revman5", "common"):
    other = evidence.pool(effects, policy=policy)
    low, middle, high = np.exp([other.ci_low, other.estimate, other.ci_high])
    print(f"{policy:<14} {middle:.2f} ({low:.2f} to {high:.2f})")

# %%
evidence.forest_plot(
    pooled,
    title="Confirmed disability worsening",
    favours=("Favours alemtuzumab", "Favours interferon"),
)

# %% [markdown]
# Events and sizes of each arm work as well. An empty cell follows a rule with a name, which the
# result states.

# %%
events = evidence.effect_size(
    "RR", ai=[4, 6, 0], n1i=[123, 306, 119], ci=[11, 29, 7], n2i=[139, 303, 121]
)
evidence.pool(events).to_frame().T

# %% [markdown]
# ## A declared analysis
#
# An analysis of the project is a file in `analyses/`. Its report holds the origin of every number:
# `evidence.build_report(run, "reports")` writes it, `evidence verify` follows every number back.

# %%
run = evidence.run_analysis("alemtuzumab-vs-interferon")
run

# %%
summary = run.results["sections"]["disability-worsening"]["summary"]
print(np.exp(summary["estimate"]), summary["k"], summary["labels"])
