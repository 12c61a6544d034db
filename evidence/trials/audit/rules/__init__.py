"""The rules of the audit, one kind of contradiction a file."""
