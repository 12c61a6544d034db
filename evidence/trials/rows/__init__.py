"""What a row of the dataset is: its columns, printed tokens and layout."""
