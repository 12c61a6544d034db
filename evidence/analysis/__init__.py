"""Declared analyses: from the dataset to a report, and back from a report to the dataset."""
