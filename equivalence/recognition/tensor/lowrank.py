"""Matrices of floats that are kept as a product of two thin ones, as a head keeps ``P W_V`` and ``W_Kᵀ W_Q`` (statement 9.4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np

from equivalence.recognition.rounding import TINY, UNIT, gamma, size

Array = np.ndarray
WORTH = 4
"""How much thinner than the matrix the factors are to be."""


class LowRank:
    """``left @ right``, formed by `numpy.asarray` only.

    Products stay factored. A sum of two that share a factor (the same object) keeps it; other sums have both inner sizes.
    An inner product squares what it is given: a small difference is to be formed first.

    Attributes:
        left: rows x r.
        right: r x columns.
    """

    __array_ufunc__ = None
    dtype = np.dtype(float)

    def __init__(self, left: Array, right: Array) -> None:
        self.left, self.right = left, right

    @property
    def shape(self) -> tuple[int, int]:
        """Of the product."""
        return self.left.shape[0], self.right.shape[1]

    @cached_property
    def size(self) -> float:
        """The Frobenius norm, rounded up: by Gram matrices, which are off by as much as the sizes of the factors say."""
        (rows, inner), columns = self.left.shape, self.right.shape[1]
        square = float(np.vdot(self.left.T @ self.left, self.right @ self.right.T))
        lost = gamma(rows + columns + inner**2 + 4) * (size(self.left) * size(self.right)) ** 2
        return float(np.sqrt(max(square, 0.0) + lost)) * (1 + 4 * UNIT) + TINY

    @property
    def T(self) -> LowRank:
        """The transpose."""
        return LowRank(self.right.T, self.left.T)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> Array:
        return np.asarray(self.left @ self.right, dtype=dtype)

    def __getitem__(self, place: slice | tuple[slice, slice]) -> LowRank:
        rows, columns = place if isinstance(place, tuple) else (place, slice(None))
        whole = slice(None)
        return LowRank(self.left if rows == whole else self.left[rows], self.right if columns == whole else self.right[:, columns])

    def __matmul__(self, other: Array | LowRank) -> LowRank:
        if not isinstance(other, LowRank):
            return LowRank(self.left, self.right @ other)
        middle = self.right @ other.left
        if middle.shape[0] < middle.shape[1]:
            return LowRank(self.left, middle @ other.right)
        return LowRank(self.left @ middle, other.right)

    def __rmatmul__(self, other: Array) -> LowRank:
        return LowRank(other @ self.left, self.right)

    def __mul__(self, factor: float) -> LowRank:
        return LowRank(self.left * factor, self.right)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> LowRank:
        return self * (1 / divisor)

    def __neg__(self) -> LowRank:
        return self * -1.0

    def __add__(self, other: Array | LowRank) -> Array | LowRank:
        if not isinstance(other, LowRank):
            return np.asarray(self) + other
        if self.right is other.right:
            return LowRank(self.left + other.left, self.right)
        if self.left is other.left:
            return LowRank(self.left, self.right + other.right)
        return LowRank(np.concatenate([self.left, other.left], axis=1), np.concatenate([self.right, other.right]))

    __radd__ = __add__

    def __sub__(self, other: Array | LowRank) -> Array | LowRank:
        if isinstance(other, LowRank) and self.left is other.left:
            return LowRank(self.left, self.right - other.right)
        return self + -other

    def __rsub__(self, other: Array) -> Array:
        return other - np.asarray(self)

    def inner(self, other: Array | LowRank) -> float:
        """The Frobenius inner product."""
        if isinstance(other, LowRank):
            return float(np.vdot(self.left.T @ other.left, self.right @ other.right.T))
        return float(np.vdot(self.left.T @ other, self.right))


Matrix = Array | LowRank


def is_thin(left: Array, right: Array) -> bool:
    """Whether a product is worth being kept as its factors. The left one should then be orthonormal.

    Without that, factors from a badly conditioned gauge would lose twice the digits that their product does.
    """
    return WORTH * left.shape[1] <= min(left.shape[0], right.shape[1])


def formed_if_small(matrix: Matrix) -> Matrix:
    """An array where the factors have no fewer numbers than the product."""
    return np.asarray(matrix) if isinstance(matrix, LowRank) and matrix.left.shape[1] >= min(matrix.shape) else matrix


def summed(terms: Iterable[Matrix]) -> Matrix:
    """A sum; of factors, one without what cancels: formed where that is no larger, else with an orthonormal left factor.

    Side by side, factors that cancel would lose the square of what cancels in inner products.
    """
    first, *others = terms
    total = formed_if_small(sum(others, first))
    if not others or not isinstance(total, LowRank):
        return total
    basis, rest = np.linalg.qr(total.left)
    return LowRank(basis, rest @ total.right)


def combined(shares: Array, matrices: Sequence[Matrix]) -> list[Matrix]:
    """``Σ_h r_ih B_h`` for each row of shares: formed together where factors side by side would be no smaller.

    Args:
        shares: r, rows x heads.
        matrices: B, of one shape.
    """
    inner = sum(matrix.left.shape[1] if isinstance(matrix, LowRank) else min(matrix.shape) for matrix in matrices)
    if inner < min(matrices[0].shape):
        return [summed(matrix * float(share) for share, matrix in zip(row, matrices, strict=True)) for row in shares]
    return list(np.tensordot(shares, np.stack([np.asarray(matrix) for matrix in matrices]), 1))


def lost_in_forming(matrix: Matrix) -> float:
    """What rounding may do to a product when it is formed from its factors; nothing to an array."""
    return gamma(matrix.left.shape[1] + 2) * size(matrix.left) * size(matrix.right) if isinstance(matrix, LowRank) else 0.0


def fewer_rows(matrix: Matrix) -> Array:
    """A matrix with the same products of columns: of a thin one with no more rows than its inner size, else the matrix."""
    return np.linalg.qr(matrix.left, mode="r") @ matrix.right if isinstance(matrix, LowRank) else matrix


def largest_entry(matrix: Matrix) -> float:
    """In absolute value; of factors that of the right one, which is near enough where the left is orthonormal."""
    return float(np.abs(matrix.right if isinstance(matrix, LowRank) else matrix).max(initial=0.0))


def exponent_of(matrix: Matrix) -> int:
    """The binary exponent of `largest_entry`; 0 for 0."""
    return math.frexp(largest_entry(matrix))[1]


def times_power(matrix: Matrix, exponent: int) -> Matrix:
    """``2^exponent`` times a matrix, exactly but for what underflows."""
    if isinstance(matrix, LowRank):
        return LowRank(matrix.left, np.ldexp(matrix.right, exponent))
    return np.ldexp(matrix, exponent)


def on_columns(function: Callable[[Array], Array], matrix: Matrix) -> Matrix:
    """A linear function of the columns of a matrix: of its left factor, if it has one."""
    return LowRank(function(matrix.left), matrix.right) if isinstance(matrix, LowRank) else function(matrix)
