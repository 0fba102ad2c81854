"""The cost reading: how many multiplications a program makes, with sizes that are numbers or symbols.

A product of an r x n and an n x c matrix takes r·n·c multiplications and makes r·c entries; a scalar times a matrix takes one an entry.
Zeros are multiplied like all else; sums, transposes and blocks cost nothing here. One instance counts one run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sympy

from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Dimension, parts


class Product(NamedTuple):
    """One product that was made, by its sizes: rows x inner times inner x cols."""

    rows: sympy.Expr
    inner: sympy.Expr
    cols: sympy.Expr

    @property
    def multiplications(self) -> sympy.Expr:
        """How many numbers were multiplied."""
        return self.rows * self.inner * self.cols

    @property
    def entries(self) -> sympy.Expr:
        """How many numbers there are to keep."""
        return self.rows * self.cols


@dataclass(frozen=True, eq=False)
class Costed:
    """A matrix, or a scalar of shape (), of which only the shape is known.

    Attributes:
        algebra: the reading, which counts.
        shape: rows and columns.
    """

    algebra: Cost
    shape: tuple[Dimension, ...]

    __array_ufunc__ = None

    @property
    def T(self) -> Costed:
        """The transpose."""
        return Costed(self.algebra, self.shape[::-1])

    def __matmul__(self, other: Costed) -> Costed:
        (rows, inner), (below, cols) = self.shape, other.shape
        if parts(inner) != parts(below):
            raise ValueError(f"@: the columns of the left, {inner}, are not the rows of the right, {below}")
        return self.algebra.multiplied((rows, inner, cols), (rows, cols))

    def __add__(self, other: Costed | int) -> Costed:
        if isinstance(other, Costed) and self.shape != other.shape:
            raise ValueError(f"+: expected equal shapes, got {self.shape} and {other.shape}")
        return self

    def __neg__(self) -> Costed:
        return self

    def __mul__(self, other: Costed | int) -> Costed:
        if self.shape != ():
            raise TypeError(f"scalar *: expected a scalar on the left, got shape {self.shape}")
        shape = other.shape if isinstance(other, Costed) else ()
        rows, cols = shape or (1, 1)
        return self.algebra.multiplied((rows, 1, cols), shape)

    def __rmul__(self, scalar: int) -> Costed:
        return Costed(self.algebra, ()) * self

    __sub__ = __radd__ = __rsub__ = __add__
    __truediv__ = __mul__


class Cost:
    """Counts the multiplications of one run.

    Attributes:
        products: each product that was made, in order.
    """

    name = "cost"

    def __init__(self) -> None:
        self.products: list[Product] = []

    @property
    def multiplications(self) -> sympy.Expr:
        """All of them so far: a number, or a polynomial in the sizes."""
        return sum((product.multiplications for product in self.products), sympy.Integer(0))

    def multiplied(self, sizes: tuple[Dimension, Dimension, Dimension], shape: tuple[Dimension, ...]) -> Costed:
        """Note a product, and what came of it."""
        self.products.append(Product(*map(exact.scalar, map(parts, sizes))))
        return Costed(self, shape)

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> Costed:
        """A matrix that is there already."""
        return Costed(self, (rows, cols))

    def symbol(self, name: str) -> Costed:
        """A scalar that is there already."""
        return Costed(self, ())

    def scalar(self, value: object) -> Costed:
        """A number."""
        return Costed(self, ())

    def eye(self, size: Dimension) -> Costed:
        """The identity, which is multiplied like any matrix."""
        return Costed(self, (size, size))

    def zeros(self, rows: Dimension, cols: Dimension) -> Costed:
        """The zero matrix, likewise."""
        return Costed(self, (rows, cols))

    ones = zeros

    def block(self, rows: Sequence[Sequence[Costed]]) -> Costed:
        """One matrix from a grid."""
        down = tuple(part for line in rows for part in parts(line[0].shape[0]))
        across = tuple(part for matrix in rows[0] for part in parts(matrix.shape[1]))
        return Costed(self, (down, across))

    def trace(self, matrix: Costed) -> Costed:
        """The trace, which multiplies nothing."""
        return Costed(self, ())
