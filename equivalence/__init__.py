"""Linear self-attention, gradient descent, the weights that make one the other, and statements that are checked by machine.

Everything takes matrices of any reading (canonical forms, SymPy, FLINT, NumPy, JAX). Tokens are columns.
The names are listed in ``__init__.pyi``, where type checkers see them too; each is loaded when it is asked for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
