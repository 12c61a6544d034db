"""Sections that pool studies: comparisons and proportions."""
