"""What SymPy's matrix expressions lack: generators of a kind, attention weights, and expressions that are kept as they were written."""

from __future__ import annotations

import sympy
from sympy.core.symbol import Str
from sympy.matrices.expressions import MatrixExpr, MatrixSymbol, Trace

ANY = "[any]"
"""Ends the name of a letter that stands for any value and is no program's own; it is not printed."""


class Symmetric(MatrixSymbol):
    """A generator declared symmetric."""


class Invertible(MatrixSymbol):
    """A generator declared invertible."""


class Orthogonal(MatrixSymbol):
    """A generator declared orthogonal."""


class Diagonal(MatrixSymbol):
    """A generator declared diagonal."""


class AttentionWeights(MatrixExpr):
    """Attention weights made from a matrix of scores."""

    def __new__(cls, scores: MatrixExpr) -> AttentionWeights:
        """The weights of scores."""
        return sympy.Basic.__new__(cls, scores)

    @property
    def shape(self) -> tuple[sympy.Expr, sympy.Expr]:
        """That of the scores."""
        return self.args[0].shape


class Named(MatrixExpr):
    """A matrix that a program calls by a name: the same matrix to all but a reader."""

    def __new__(cls, matrix: MatrixExpr, name: str) -> Named:
        """The matrix under the name."""
        return sympy.Basic.__new__(cls, matrix, Str(name))

    @property
    def shape(self) -> tuple[sympy.Expr, sympy.Expr]:
        """That of the matrix."""
        return self.args[0].shape

    @property
    def matrix(self) -> MatrixExpr:
        """What has the name."""
        return self.args[0]

    @property
    def name(self) -> str:
        """The name."""
        return self.args[1].name


def nameless(tree: sympy.Basic) -> sympy.Basic:
    """The matrix itself, if it has a name."""
    return tree.matrix if isinstance(tree, Named) else tree


class Written:
    """What stands for a SymPy expression that is never evaluated, and is shown as it was written.

    Attributes:
        expression: the SymPy expression.
    """

    expression: sympy.Basic


def is_monomial(scalar: sympy.Expr) -> bool:
    """Whether it is a product of numbers and symbols."""
    return not scalar.has(sympy.Add, Trace)
