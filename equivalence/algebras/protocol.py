"""What every reading of a program must offer, and the sizes and numbers that all readings share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol, Self, SupportsIndex


@dataclass(frozen=True, order=True)
class Size:
    """A symbolic number of rows or columns: any positive integer, independent of every other."""

    name: str

    def __repr__(self) -> str:
        return self.name


type_of_part = (int, Size)
Part = int | Size
"""One size: a positive integer, or a symbol that stands for every positive integer."""

Dimension = Part | tuple[Part, ...]
"""A number of rows or columns: one part, or several parts side by side (a partition)."""


class Matrix(Protocol):
    """A matrix of some algebra, two-dimensional. Operations are with matrices of the same algebra, and scalars stand on the left."""

    @property
    def shape(self) -> tuple[Any, ...]:
        """(rows, columns), each a `Dimension`."""

    @property
    def T(self) -> Self:
        """The transpose."""

    def __matmul__(self, other: Self, /) -> Self: ...
    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __rmul__(self, scalar: Any, /) -> Self: ...


class Scalar(Protocol):
    """A scalar of some algebra. A divisor is a number or a product of symbols, never a sum."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __truediv__(self, other: Self, /) -> Self: ...


class Algebra(Protocol):
    """A reading of programs. Programs use nothing else, and on matrices only ``@ + - .T`` and scalar ``*``.

    Matrices are two-dimensional; a 1 x 1 matrix becomes a scalar only through `trace`. Scalars support
    ``+ - * /``, where a divisor is a number or a product of symbols, never a sum.
    """

    @property
    def name(self) -> str:
        """Which reading it is."""

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> Matrix:
        """An arbitrary rows x cols matrix; the same name gives the same matrix."""

    def invertible(self, name: str, size: Part) -> tuple[Matrix, Matrix]:
        """An arbitrary invertible size x size matrix, and its inverse."""

    def diagonal(self, name: str, size: Part) -> Matrix:
        """An arbitrary diagonal size x size matrix."""

    def weights(self, scores: Any) -> Matrix:
        """Attention weights made from scores, N x M: columns of nonnegative numbers that sum to 1.

        Numbers go through softmax. The readings that prove take *any* such weights: an unknown matrix for each matrix of scores,
        of which nothing is used but the sums of its columns.
        """

    def symbol(self, name: str) -> Scalar:
        """An arbitrary nonzero scalar."""

    def scalar(self, value: Any) -> Scalar:
        """A rational number (int, Fraction or text), or a dimension as a number."""

    def eye(self, size: Dimension) -> Matrix:
        """The identity matrix."""

    def zeros(self, rows: Dimension, cols: Dimension) -> Matrix:
        """The zero matrix."""

    def ones(self, rows: Dimension, cols: Dimension) -> Matrix:
        """The matrix whose entries are all one."""

    def block(self, rows: Sequence[Sequence[Any]]) -> Matrix:
        """A matrix from a grid of matrices."""

    def trace(self, matrix: Any) -> Scalar:
        """The trace, a scalar."""


def parts(dimension: Dimension) -> tuple[Part, ...]:
    """The parts of a dimension, each checked to be a positive integer or a `Size`."""
    found = dimension if isinstance(dimension, tuple) else (dimension,)
    for part in found:
        if isinstance(part, bool) or not isinstance(part, type_of_part):
            raise TypeError(f"size: expected an integer or a Size, got {part!r} of type {type(part).__name__}")
        if isinstance(part, int) and part < 1:
            raise ValueError(f"size: expected at least 1, got {part}")
    return found


def total(dimension: Dimension) -> int:
    """The number that a dimension of integers is."""
    sizes = parts(dimension)
    if not all(isinstance(part, int) for part in sizes):
        raise TypeError(f"size: expected integers, got {dimension!r}; only the symbolic and notation readings take symbols")
    return sum(part for part in sizes if isinstance(part, int))


def rational(value: Any) -> Fraction:
    """An exact number: int, Fraction, SymPy's or FLINT's, text such as '1/10' or '0.1'; a float by its shortest decimal (0.1 is 1/10).

    Raises TypeError for what is no number, ValueError for NaN, infinity and text that is no rational.
    """
    if isinstance(value, bool):
        raise TypeError(f"number: expected an integer, a fraction or text such as '1/10', got {value!r}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"number: expected a finite number, got {value}")
        return Fraction(Decimal(float.__repr__(value)))
    if isinstance(value, int | Fraction | str):
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"number: expected a rational such as 1/10 or 0.1, got {value!r}") from None
    numerator, denominator = getattr(value, "p", None), getattr(value, "q", None)
    if getattr(value, "is_Rational", False) or (isinstance(numerator, SupportsIndex) and isinstance(denominator, SupportsIndex)):
        return Fraction(int(value.p), int(value.q))
    raise TypeError(f"number: expected an integer, a fraction or text such as '1/10', got {value!r} of type {type(value).__name__}")
