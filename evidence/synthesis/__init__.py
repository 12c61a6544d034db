"""Synthesis: from effect sizes to summaries, heterogeneity and prediction, over arrays."""
