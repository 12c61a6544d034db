"""Checks of the whole dataset, its provenance and its codebook."""
