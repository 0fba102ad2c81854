"""Which reading a matrix belongs to, so that programs need not be told."""

from __future__ import annotations

from typing import Any

import sympy

from equivalence.algebras.exact import exact
from equivalence.algebras.numeric import reading_of


def algebra_of(matrix: Any) -> Any:
    """The algebra of a matrix: its own `algebra`, or the one for SymPy matrices, NumPy or JAX arrays.

    Raises TypeError for anything else.
    """
    own = getattr(matrix, "algebra", None)
    if own is not None:
        return own
    return exact if isinstance(matrix, sympy.MatrixBase) else reading_of(matrix)
