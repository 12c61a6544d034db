"""What a row of the dataset is: its columns, printed tokens and layout."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
