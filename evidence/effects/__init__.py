"""Effect sizes with their sampling variances, and the ways from one scale to another."""
