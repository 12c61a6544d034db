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
# # A synthesis, and how far it can be trusted
#
# From counts to a summary; then who agrees with it, what other choices would have given, and why
# another program may print another number. Open it as a notebook with `jupytext --to ipynb
# synthesis.py`, or run it from top to bottom as a script.

# %%
import numpy as np

import evidence

# %% [markdown]
# ## Five invented trials of a rare event
#
# The methods below are shown on small numbers that are easy to follow, one empty cell among them.

# %%
counts = {
    "ai": [3, 0, 5, 2, 6],
    "n1i": [210, 96, 340, 120, 410],
    "ci": [9, 4, 11, 3, 15],
    "n2i": [205, 101, 338, 118, 402],
    "labels": ["A 2004", "B 2007", "C 2010", "D 2013", "E 2016"],
}
years = [2004, 2007, 2010, 2013, 2016]
effects = evidence.effect_size("OR", **counts)
fit = evidence.pool(effects)
fit

# %% [markdown]
# ## Who agrees?
#
# PyMARE, statsmodels and our own second solution compute the same summary along other paths.

# %%
evidence.certify(fit).to_frame()[["engine", "estimate", "gap", "tolerance", "verdict"]]

# %% [markdown]
# ## All methods for rare events in one table
#
# The row that the rule chooses is marked, with the reason.

# %%
panel = evidence.rare_events(**counts)
panel.to_frame()[["method", "estimate", "ci_low", "ci_high", "k"]]

# %%
panel.chosen

# %% [markdown]
# ## What else could have been done?
#
# Every combination of scale, rule for empty cells, estimator, interval and study set: the share of
# worlds on each side, and the smallest change that reverses the conclusion.

# %%
worlds = evidence.multiverse(**counts)
worlds

# %% [markdown]
# ## Would the answer have come earlier?
#
# Boundaries for repeated looks; a sensitivity analysis, whose caution is part of the result.

# %%
evidence.trial_sequential(effects, order=years, anticipated=np.log(0.5))

# %% [markdown]
# ## Why is my number different?
#
# A paper prints an odds ratio of 0.39 (0.22 to 0.69) for these trials. Which settings give it?

# %%
evidence.explain(
    estimate=0.39,
    ci_low=0.22,
    ci_high=0.69,
    measure="OR",
    **{name: counts[name] for name in ("ai", "n1i", "ci", "n2i", "labels")},
)

# %% [markdown]
# Or two results of our own: each difference between them, and what it changes.

# %%
update = evidence.pool(evidence.effect_size("OR", **counts), policy="iqwig")
evidence.explain_difference(fit, update)

# %% [markdown]
# ## A prior instead of an estimate of tau2
#
# With few trials the estimate of tau2 is hardly more than a guess. A prior says so.

# %%
posterior = evidence.pool_bayesian(effects, prior=evidence.half_normal(0.5))
posterior

# %%
evidence.posterior_probability(posterior, 0.0, direction="below")
