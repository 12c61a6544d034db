"""Effects that depend on moderators: meta-regression, subgroups, predictions."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
