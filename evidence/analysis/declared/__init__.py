"""What an analysis file may say, checked before anything is run."""
