"""All defensible choices of an analysis at once, and the decisions they lead to."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
