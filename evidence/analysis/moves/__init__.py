"""What an analysis gives differently from another dataset."""
