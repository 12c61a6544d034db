"""A review's table set beside its update."""
