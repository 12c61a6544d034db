"""Effect sizes and their sampling variances, from counts, means, times and published ratios."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
