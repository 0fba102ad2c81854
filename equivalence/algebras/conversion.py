"""What the notation reading wrote, read back in any other algebra. The tests do so for every derivation, which binds what is printed to
what is proved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add, matmul, mul

import sympy
from sympy.matrices.expressions import (
    BlockMatrix,
    HadamardProduct,
    Identity,
    Inverse,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    Trace,
    Transpose,
    ZeroMatrix,
)

from equivalence.algebras.notated_scalars import NotatedScalar
from equivalence.algebras.notation import Notated
from equivalence.algebras.protocol import GenericAlgebra, Matrix, Scalar
from equivalence.algebras.rationals import rational
from equivalence.algebras.sizes import Part, Size
from equivalence.formulas import AttentionWeights, Diagonal, Invertible, Named, Orthogonal, Symmetric


def convert(written: Notated | NotatedScalar, algebra: GenericAlgebra, sizes: Mapping[str, int] | None = None) -> Matrix | Scalar:
    """What an expression means in another algebra.

    Args:
        written: a matrix or a scalar of the notation reading.
        algebra: the reading to evaluate it in.
        sizes: numbers for symbolic sizes, by name; the others stay symbols, which only some algebras take.
    """
    return _Conversion(algebra, sizes or {}).of(written.expression)


@dataclass(frozen=True)
class _Conversion:
    algebra: GenericAlgebra
    sizes: Mapping[str, int]

    def of(self, tree: sympy.Basic) -> Matrix | Scalar:
        """The value of a SymPy tree, matrix or scalar."""
        return self._matrix(tree) if isinstance(tree, MatrixExpr) else self._scalar(tree)

    def _matrix(self, tree: MatrixExpr) -> Matrix:
        match tree:
            case Named():
                return self._matrix(tree.matrix)
            case Invertible():
                return self.algebra.invertible(tree.name, self._part(tree.rows))[0]
            case Diagonal():
                return self.algebra.diagonal(tree.name, self._part(tree.rows))
            case Orthogonal():
                return self.algebra.orthogonal(tree.name, self._part(tree.rows))
            case AttentionWeights(args=(scores,)):
                return self.algebra.weights(self._matrix(scores))
            case MatrixSymbol():
                return self.algebra.generator(tree.name, *map(self._part, tree.shape), symmetric=isinstance(tree, Symmetric))
            case Inverse(arg=Invertible()):
                return self.algebra.invertible(tree.arg.name, self._part(tree.rows))[1]
            case Inverse():
                return self.algebra.inverse(self._matrix(tree.arg))
            case HadamardProduct():
                return reduce(self.algebra.hadamard, map(self._matrix, tree.args))
            case Transpose():
                return self._matrix(tree.arg).T
            case Identity():
                return self.algebra.eye(self._part(tree.rows))
            case ZeroMatrix():
                return self.algebra.zeros(*map(self._part, tree.shape))
            case OneMatrix():
                return self.algebra.ones(*map(self._part, tree.shape))
            case BlockMatrix():
                return self.algebra.block([[self._matrix(block) for block in line] for line in tree.blocks.tolist()])
            case MatAdd():
                return reduce(add, map(self._matrix, tree.args))
            case MatMul():
                return self._product(tree)
        raise TypeError(f"convert: a {type(tree).__name__} is nothing that the notation reading writes")

    def _product(self, tree: MatMul) -> Matrix:
        product = reduce(matmul, (self._matrix(factor) for factor in tree.args if isinstance(factor, MatrixExpr)))
        scalars = [self._scalar(factor) for factor in tree.args if not isinstance(factor, MatrixExpr)]
        return reduce(mul, scalars) * product if scalars else product

    def _scalar(self, tree: sympy.Expr) -> Scalar:
        match tree:
            case Trace():
                return self.algebra.trace(self._matrix(tree.arg))
            case sympy.Add():
                return reduce(add, map(self._scalar, tree.args))
            case sympy.Mul():
                return reduce(mul, map(self._scalar, tree.args))
            case sympy.Pow(args=(base, sympy.Integer() as exponent)):
                power = reduce(mul, [self._scalar(base)] * abs(int(exponent)))
                return power if exponent > 0 else self.algebra.scalar(1) / power
            case sympy.Rational() | sympy.Symbol(is_integer=True):
                return self.algebra.scalar(rational(tree) if tree.is_Rational else self._part(tree))
            case sympy.Symbol():
                return self.algebra.symbol(tree.name)
        raise TypeError(f"convert: a {type(tree).__name__} is nothing that the notation reading writes")

    def _part(self, size: sympy.Expr) -> Part:
        return int(size) if size.is_Integer else self.sizes.get(size.name, Size(size.name))
