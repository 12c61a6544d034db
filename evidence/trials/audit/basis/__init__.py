"""What the rules of the audit share: indexed rows, definitions, rounding, findings."""
