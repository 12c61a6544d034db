"""The audit of the dataset as a section."""
