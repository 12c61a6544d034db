"""Following every number of a report back to its origin."""
