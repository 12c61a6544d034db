"""Two versions of the dataset, compared row by row."""
