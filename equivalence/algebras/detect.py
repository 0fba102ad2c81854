"""Which reading a matrix belongs to, so that programs need not be told."""

from __future__ import annotations

from typing import cast

import sympy

from equivalence.algebras.numeric import reading_of
from equivalence.algebras.protocol import AlgebraOf, InversesOf, KeepsNames, M, WeightsOf
from equivalence.algebras.rational_functions import exact


def algebra_of(matrix: M) -> AlgebraOf[M]:
    """The algebra of a matrix: its own `algebra`, or the one for SymPy matrices, NumPy or JAX arrays.

    Raises TypeError for anything else.
    """
    own = getattr(matrix, "algebra", None)
    if own is not None:
        return own
    return exact if isinstance(matrix, sympy.MatrixBase) else cast(AlgebraOf[M], reading_of(matrix))


def weighing(scores: M) -> WeightsOf[M]:
    """The algebra of a matrix of scores, if it has attention weights. Raises TypeError if it has none, or as `algebra_of`."""
    algebra = algebra_of(scores)
    if not isinstance(algebra, WeightsOf):
        raise TypeError(f"scores: the {algebra.name} reading has no attention weights; build the layer in another")
    return algebra


def inverting(matrix: M) -> InversesOf[M]:
    """The algebra of a matrix, if it has inverses. Raises TypeError if it has none, or as `algebra_of`."""
    algebra = algebra_of(matrix)
    if not isinstance(algebra, InversesOf):
        raise TypeError(f"matrix: the {algebra.name} reading has no inverses")
    return algebra


def called(name: str, matrix: M) -> M:
    """The same matrix, under the name that the program has for it if its reading keeps names, which is for a reader's eye only."""
    algebra = getattr(matrix, "algebra", None)
    return algebra.called(matrix, name) if isinstance(algebra, KeepsNames) else matrix
