"""The forest plot: from a synthesis to rows, axis, marks and a drawing."""
