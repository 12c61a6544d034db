"""The dataset as users hold it: loading, selecting, views, SQL, counts."""
