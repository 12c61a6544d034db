"""A registry of meta-analyses in one file, pooled in memory that does not grow with it."""
