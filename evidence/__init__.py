"""A review whose every number can be followed to where it was printed or how it was computed.

Public names are imported when they are first used, so that ``import evidence`` costs nothing. They
are listed in ``__init__.pyi`` beside this file; each room below has a face of the same form.
"""

import sys

import lazy_loader

_public, _, _names = lazy_loader.attach_stub(__name__, __file__)
__all__ = sorted([*_names, "__version__"])


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'evidence' has no attribute {name!r}", name=name)
    if name != "__version__":
        return _public(name)
    from importlib.metadata import version

    return version("ms-evidence")


def __dir__() -> list[str]:
    return list(__all__)


if "IPython" in sys.modules:
    from evidence.interfaces.notebook import register_formatters

    register_formatters()
