"""What every section of a report shares."""
