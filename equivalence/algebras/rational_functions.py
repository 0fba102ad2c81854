"""The exact reading: SymPy matrices of rationals and symbols, which a reader can print."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import sympy
from sympy.polys.polyerrors import CoercionFailed, GeneratorsError

from equivalence.algebras.hypotheses import SingularError
from equivalence.algebras.names import Names
from equivalence.algebras.rationals import check_digits, rational
from equivalence.algebras.sizes import Dimension, Size, parts, total

SymPyMatrix: TypeAlias = sympy.ImmutableDenseMatrix


class Exact:
    """SymPy's own matrices and numbers. Generators have one symbol an entry; a symbolic size is a positive integer symbol.

    Args:
        registers: whether a name stands for one thing only. The instance `exact` keeps no register, as all programs share it.
    """

    name = "exact"

    def __init__(self, *, registers: bool = True):
        self.names = Names() if registers else None

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> SymPyMatrix:
        """A matrix of symbols name_ij, counted from 1; name_i,j where a size has two digits and name_111 would be two entries."""
        if self.names:
            self.names.matrix(name, "a symmetric" if symmetric else "an arbitrary", total(rows), total(cols))
        return self._entries(name, rows, cols, symmetric)

    def _entries(self, name: str, rows: Dimension, cols: Dimension, symmetric: bool = False) -> SymPyMatrix:
        order = sorted if symmetric else list
        between = "," if max(total(rows), total(cols)) > 9 else ""
        return SymPyMatrix(total(rows), total(cols), lambda i, j: sympy.Symbol(f"{name}_{between.join(map(str, order([i + 1, j + 1])))}"))

    def invertible(self, name: str, size: Dimension) -> tuple[SymPyMatrix, SymPyMatrix]:
        """A matrix of symbols, and its inverse: the adjugate over the determinant."""
        if self.names:
            self.names.matrix(name, "an invertible", total(size), total(size))
            self.names.inverse(name)
        full = self._entries(name, size, size)
        return full, full.adjugate() / full.det()

    def inverse(self, matrix: SymPyMatrix) -> SymPyMatrix:
        """The adjugate over the determinant. Raises ValueError for what is not square, SingularError where the determinant is 0."""
        if matrix.rows != matrix.cols:
            raise ValueError(f"inverse: expected a square matrix, got shape {matrix.shape}")
        determinant = sympy.cancel(sympy.expand(matrix.det()))
        if determinant == 0:
            raise SingularError(f"inverse: expected an invertible matrix, got one of determinant 0, {matrix.rows} x {matrix.cols}")
        return (matrix.adjugate() / determinant).applyfunc(sympy.cancel)

    def hadamard(self, left: SymPyMatrix, right: SymPyMatrix) -> SymPyMatrix:
        """The entrywise product."""
        if left.shape != right.shape:
            raise ValueError(f"hadamard: expected equal shapes, got {left.shape} and {right.shape}")
        return left.multiply_elementwise(right)

    def diagonal(self, name: str, size: Dimension) -> SymPyMatrix:
        """A diagonal matrix of symbols name_ii."""
        if self.names:
            self.names.matrix(name, "a diagonal", total(size), total(size))
        full = self._entries(name, size, size)
        return SymPyMatrix.diag(*(full[i, i] for i in range(total(size))))

    def symbol(self, name: str) -> sympy.Symbol:
        """A symbol, nonzero by convention."""
        if self.names:
            self.names.symbol(name)
        return sympy.Symbol(name)

    def scalar(self, value: object) -> sympy.Expr:
        """A rational, a dimension, or an expression of SymPy as it is."""
        if isinstance(value, sympy.Expr):
            return finite(value)
        if isinstance(value, tuple | Size):
            return sum(
                (sympy.Symbol(p.name, integer=True, positive=True) if isinstance(p, Size) else sympy.Integer(p) for p in parts(value)),
                sympy.Integer(0),
            )
        number = rational(value)
        return sympy.Rational(number.numerator, number.denominator)

    def eye(self, size: Dimension) -> SymPyMatrix:
        """The identity."""
        return SymPyMatrix.eye(total(size))

    def zeros(self, rows: Dimension, cols: Dimension) -> SymPyMatrix:
        """The zero matrix."""
        return SymPyMatrix.zeros(total(rows), total(cols))

    def ones(self, rows: Dimension, cols: Dimension) -> SymPyMatrix:
        """The matrix of ones."""
        return SymPyMatrix.ones(total(rows), total(cols))

    def block(self, rows: Sequence[Sequence[SymPyMatrix]]) -> SymPyMatrix:
        """One matrix from a grid."""
        return SymPyMatrix.vstack(*(SymPyMatrix.hstack(*line) for line in rows))

    def trace(self, matrix: SymPyMatrix) -> sympy.Expr:
        """The trace."""
        return matrix.trace()

    def value(self, rows: Sequence[Sequence[object]]) -> SymPyMatrix:
        """The matrix of the given numbers or expressions."""
        return SymPyMatrix([[self.scalar(entry) for entry in row] for row in rows])

    def difference(self, left: object, right: object) -> str | None:
        """None if both sides are equal, else the first entry where they differ. Rational functions are decided exactly."""
        if not isinstance(left, sympy.MatrixBase) or not isinstance(right, sympy.MatrixBase):
            if isinstance(left, sympy.MatrixBase) or isinstance(right, sympy.MatrixBase):
                return f"{left} against {right}: a scalar and a matrix"
            rest = _rest(*(sympy.sympify(side, strict=True) for side in (left, right)))
            return None if rest == 0 else f"left − right = {rest}"
        if left.shape != right.shape:
            return f"shape {left.shape} against {right.shape}"
        for i, j in ((i, j) for i in range(left.rows) for j in range(left.cols)):
            rest = _rest(left[i, j], right[i, j])
            if rest != 0:
                return f"in entry ({i}, {j}), left − right = {rest}"
        return None


def in_field(expression: sympy.Expr, symbols: Sequence[sympy.Symbol]) -> object:
    """The expression in the field of rational functions over ℚ, where it has one form; None if it is no such function.

    Of letters that do not commute, and of matrices that have no entries yet, it is none.
    """
    if not all(isinstance(symbol, sympy.Symbol) and symbol.is_commutative for symbol in symbols):
        return None
    try:
        return sympy.QQ.frac_field(*symbols).from_sympy(expression)
    except (CoercionFailed, GeneratorsError, ValueError, ZeroDivisionError):
        return None


def _rest(left: sympy.Expr, right: sympy.Expr) -> sympy.Expr:
    """What is left of a difference: 0 at once where both sides have the same form in their field, which is much faster than to cancel."""
    if left == right:
        return sympy.S.Zero
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    ours, theirs = (in_field(side, symbols) if symbols else None for side in (left, right))
    if ours is not None and theirs is not None and ours == theirs:  # SymPy has it that 0 == None in a field
        return sympy.S.Zero
    return sympy.cancel(sympy.expand(left - right))


def finite(value: sympy.Expr) -> sympy.Expr:
    """The expression, if it is neither NaN nor infinite."""
    if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        raise ValueError(f"number: expected a finite number or symbol, got {value}")
    return value


def number_or_symbol(name: str, value: object) -> sympy.Expr:
    """What a user gives for a rate or a count: a real number, text that is one, a symbol's name, or an expression.

    Raises ValueError or TypeError with the argument's name.
    """
    check_digits(name, value)
    if isinstance(value, str) and value.isidentifier() and value.lower() not in ("nan", "inf", "infinity"):
        return sympy.Symbol(value)
    try:
        return _real(exact.scalar(value))
    except (TypeError, ValueError):
        raise type_or_value(value)(
            f"{name}: expected a finite number such as 1/10 or 0.1, or a symbol such as eta, got {value!r}"
        ) from None


def _real(number: sympy.Expr) -> sympy.Expr:
    if number.is_extended_real is False or number.is_finite is False:
        raise ValueError(f"number: expected a finite real number or symbol, got {number}")
    return number


def type_or_value(value: object) -> type[Exception]:
    """TypeError for what could never be a number, ValueError for a number or text that is not good."""
    return ValueError if isinstance(value, int | float | str | Fraction | sympy.Expr) and not isinstance(value, bool) else TypeError


exact = Exact(registers=False)
