"""Neutral records of a report, its numbers, their origins and the ledger that holds them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
