"""The dataset as users hold it: loading, selecting, views, SQL, counts."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
