"""Figures: each a description that is drawn, with every number in it from the ledger."""
