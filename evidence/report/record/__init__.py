"""Neutral records of a report, its numbers, their origins and the ledger that holds them."""
