"""Linear self-attention, gradient descent, the weights that make one the other, and statements that are checked by machine.

Everything takes matrices of any reading (canonical forms, SymPy, FLINT, NumPy, JAX). Tokens are columns.
The names are listed in ``__init__.pyi``, where type checkers see them too; each is loaded when it is asked for.
"""

import lazy_loader

_named, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """A public name, or ``__version__``: that of the installed distribution, "unknown" where this is a folder that was not installed."""
    if name != "__version__":
        return _named(name)
    from importlib.metadata import PackageNotFoundError, version

    from equivalence.extras import DISTRIBUTION

    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
