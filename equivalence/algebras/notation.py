"""The notation reading: programs as SymPy matrix expressions, never evaluated, which is what a derivation prints.

A product to the left is written flat, A B C; one to the right keeps its brackets, A (B C): so the print shows in which order a
program multiplies. Only coefficients of symbols and numbers are gathered, η (1/N) to η/N. `conversion.convert` reads an expression
back in any other algebra.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

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

from equivalence.algebras.blocks import whole
from equivalence.algebras.names import Names
from equivalence.algebras.notated_scalars import NotatedScalar, notated_scalar
from equivalence.algebras.rationals import rational
from equivalence.algebras.sizes import Dimension, Part, Size, parts
from equivalence.formulas import AttentionWeights, Diagonal, Invertible, Named, Orthogonal, Symmetric, Written, latex, nameless, text


@dataclass(frozen=True, eq=False)
class Notated(Written):
    """A matrix as written.

    Attributes:
        algebra: the reading that made it.
        rows, cols: the parts that rows and columns are cut into.
        expression: the SymPy matrix expression.
    """

    algebra: Notation
    rows: tuple[Part, ...]
    cols: tuple[Part, ...]
    expression: MatrixExpr

    __array_ufunc__ = None

    @property
    def shape(self) -> tuple[Dimension, Dimension]:
        """(rows, columns): one part as itself, several as a tuple."""
        return whole(self.rows), whole(self.cols)

    @property
    def T(self) -> Notated:
        """The transpose."""
        return Notated(self.algebra, self.cols, self.rows, Transpose(self.expression))

    def __matmul__(self, other: Notated) -> Notated:
        _check_notated(other, "@")
        if self.cols != other.rows:
            raise ValueError(f"@: the columns of the left, {self.shape[1]}, are not the rows of the right, {other.shape[0]}")
        return Notated(self.algebra, self.rows, other.cols, MatMul(*_operands(MatMul, self), other.expression, evaluate=False))

    def __add__(self, other: Notated) -> Notated:
        _check_notated(other, "+")
        if (self.rows, self.cols) != (other.rows, other.cols):
            raise ValueError(f"+: expected equal shapes, got {self.shape} and {other.shape}")
        return Notated(self.algebra, self.rows, self.cols, MatAdd(*_operands(MatAdd, self), other.expression, evaluate=False))

    def __neg__(self) -> Notated:
        return NotatedScalar(sympy.Integer(-1)) * self

    def __sub__(self, other: Notated) -> Notated:
        _check_notated(other, "-")
        return self + -other

    def __rmul__(self, given: NotatedScalar | Fraction | int) -> Notated:
        if (scalar := notated_scalar(given)) is None:
            raise TypeError(f"scalar *: expected a scalar of the notation algebra, got {given!r}; build it with algebra.scalar")
        first, *others = _operands(MatMul, self)
        if isinstance(first, MatrixExpr):
            coefficient, factors = scalar.expression, [first, *others]
        else:
            coefficient, factors = (scalar * NotatedScalar(first)).expression, others
        written = factors if coefficient == 1 else [coefficient, *factors]
        return Notated(self.algebra, self.rows, self.cols, written[0] if len(written) == 1 else MatMul(*written, evaluate=False))

    def __repr__(self) -> str:
        return text(self)

    def _repr_latex_(self) -> str:
        return f"${latex(self)}$"


class Notation:
    """SymPy matrix expressions. A size is a positive integer symbol, which tells it from a symbol of the program."""

    name = "notation"

    def __init__(self) -> None:
        self.names = Names()

    def called(self, matrix: Notated, name: str) -> Notated:
        """The matrix under the name that the program has for it, which a derivation may write in its place. A letter keeps its own."""
        inner = nameless(matrix.expression)
        named = inner if isinstance(inner, MatrixSymbol) else Named(inner, name)
        return Notated(self, matrix.rows, matrix.cols, named)

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> Notated:
        """A matrix symbol."""
        kind, word = (Symmetric, "a symmetric") if symmetric else (MatrixSymbol, "an arbitrary")
        return self._symbol(kind, word, name, rows, cols)

    def invertible(self, name: str, size: Dimension) -> tuple[Notated, Notated]:
        """T and T⁻¹."""
        matrix = self._symbol(Invertible, "an invertible", name, size, size)
        self.names.inverse(name)
        return matrix, Notated(self, matrix.rows, matrix.cols, Inverse(matrix.expression))

    def inverse(self, matrix: Notated) -> Notated:
        """The inverse, as written."""
        if matrix.rows != matrix.cols:
            raise ValueError(f"inverse: expected a square matrix, got shape {matrix.shape}")
        return Notated(self, matrix.rows, matrix.cols, Inverse(matrix.expression))

    def orthogonal(self, name: str, size: Dimension) -> Notated:
        """An orthogonal matrix."""
        return self._symbol(Orthogonal, "an orthogonal", name, size, size)

    def hadamard(self, left: Notated, right: Notated) -> Notated:
        """The entrywise product, as written."""
        for matrix in (left, right):
            _check_notated(matrix, "hadamard")
        if left.shape != right.shape:
            raise ValueError(f"hadamard: expected equal shapes, got {left.shape} and {right.shape}")
        return Notated(self, left.rows, left.cols, HadamardProduct(left.expression, right.expression))

    def diagonal(self, name: str, size: Dimension) -> Notated:
        """A diagonal matrix."""
        return self._symbol(Diagonal, "a diagonal", name, size, size)

    def weights(self, scores: Notated) -> Notated:
        """Attention weights, written as a function of the scores."""
        return Notated(self, scores.rows, scores.cols, AttentionWeights(scores.expression))

    def symbol(self, name: str) -> NotatedScalar:
        """A symbol."""
        self.names.symbol(name)
        return NotatedScalar(sympy.Symbol(name))

    def scalar(self, value: object) -> NotatedScalar:
        """A rational, or a dimension: a symbolic size is a symbol of the same name."""
        if isinstance(value, tuple | Size):
            return NotatedScalar(sympy.Add(*map(_size, parts(value))))
        number = rational(value)
        return NotatedScalar(sympy.Rational(number.numerator, number.denominator))

    def eye(self, size: Dimension) -> Notated:
        """The identity; cut into parts it is a block matrix, printed as I all the same."""
        cut = parts(size)
        return self._grid(cut, cut, lambda i, j: Identity(_size(cut[i])) if i == j else ZeroMatrix(_size(cut[i]), _size(cut[j])))

    def zeros(self, rows: Dimension, cols: Dimension) -> Notated:
        """The zero matrix; cut into parts it is a block matrix, printed as 0 all the same."""
        down, across = parts(rows), parts(cols)
        return self._grid(down, across, lambda i, j: ZeroMatrix(_size(down[i]), _size(across[j])))

    def ones(self, rows: Dimension, cols: Dimension) -> Notated:
        """The matrix of ones."""
        down, across = parts(rows), parts(cols)
        return self._grid(down, across, lambda i, j: OneMatrix(_size(down[i]), _size(across[j])))

    def block(self, rows: Sequence[Sequence[Notated]]) -> Notated:
        """One block matrix from a grid, of the parts where every matrix is given by its parts, else of the matrices.

        Raises ValueError naming the first row that does not line up, TypeError for a matrix of another algebra.
        """
        if not rows or not all(rows):
            raise ValueError("block: expected at least one matrix in each row, got none")
        for matrix in chain(*rows):
            _check_notated(matrix, "block")
        cols = tuple(part for matrix in rows[0] for part in matrix.cols)
        for number, line in enumerate(rows):
            if {matrix.rows for matrix in line} != {line[0].rows} or tuple(part for matrix in line for part in matrix.cols) != cols:
                raise ValueError(f"block: row {number} does not line up, its shapes are {[matrix.shape for matrix in line]}")
        return Notated(self, tuple(part for line in rows for part in line[0].rows), cols, _laid(rows))

    def trace(self, matrix: Notated) -> NotatedScalar:
        """The trace."""
        if matrix.rows != matrix.cols:
            raise ValueError(f"trace: expected a square matrix, got shape {matrix.shape}")
        return NotatedScalar(Trace(matrix.expression))

    def _symbol(self, kind: type[MatrixSymbol], word: str, name: str, rows: Dimension, cols: Dimension) -> Notated:
        down, across = parts(rows), parts(cols)
        if len(down) != 1 or len(across) != 1:
            raise ValueError(f"{name}: a generator has one part a side, got {rows!r} x {cols!r}; lay several together with block")
        if kind is Symmetric and down != across:
            raise ValueError(f"{name}: a symmetric matrix is square, got {rows} x {cols}")
        self.names.matrix(name, word, down[0], across[0])
        return Notated(self, down, across, kind(name, _size(down[0]), _size(across[0])))

    def _grid(self, rows: tuple[Part, ...], cols: tuple[Part, ...], part: Callable[[int, int], MatrixExpr]) -> Notated:
        return Notated(self, rows, cols, _block_matrix([[part(i, j) for j in range(len(cols))] for i in range(len(rows))]))


def _check_notated(matrix: object, operation: str) -> None:
    if not isinstance(matrix, Notated):
        raise TypeError(f"{operation}: expected a matrix of the notation algebra, got {type(matrix).__name__}")


def _operands(operation: type[MatrixExpr], matrix: Notated) -> tuple[sympy.Expr, ...]:
    """What a product or a sum is of, so that it can go on without brackets."""
    return matrix.expression.args if isinstance(matrix.expression, operation) else (matrix.expression,)


def _size(part: Part) -> sympy.Expr:
    return sympy.Symbol(part.name, integer=True, positive=True) if isinstance(part, Size) else sympy.Integer(part)


def _laid(rows: Sequence[Sequence[Notated]]) -> MatrixExpr:
    """The block matrix of a grid that lines up."""
    cut = [[_parts_of(matrix) for matrix in line] for line in rows]
    if all(grid is not None for line in cut for grid in line):
        return _block_matrix([list(chain(*lines)) for line in cut for lines in zip(*line, strict=True)])
    if all([matrix.cols for matrix in line] == [matrix.cols for matrix in rows[0]] for line in rows):
        return _block_matrix([[matrix.expression for matrix in line] for line in rows])
    return _block_matrix([[_block_matrix([[matrix.expression for matrix in line]])] for line in rows])


def _parts_of(matrix: Notated) -> list[list[MatrixExpr]] | None:
    """The grid of the matrix's parts, if it is given by them."""
    counts = len(matrix.rows), len(matrix.cols)
    if counts == (1, 1):
        return [[matrix.expression]]
    grid = nameless(matrix.expression)
    if isinstance(grid, BlockMatrix) and grid.blockshape == counts:
        return grid.blocks.tolist()
    return None


def _block_matrix(grid: list[list[MatrixExpr]]) -> MatrixExpr:
    return grid[0][0] if len(grid) == len(grid[0]) == 1 else BlockMatrix(grid)
