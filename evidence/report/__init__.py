"""Neutral records of a report, their ledger, and the writers that turn them into files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
