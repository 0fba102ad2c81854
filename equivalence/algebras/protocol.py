"""What a reading of programs offers, as protocols by capability. A program asks for the least that it needs.

Every algebra has matrices and scalars (`Algebra`); what only some have are capabilities, each a protocol with one method more. Which
algebra has which stands in tests/algebras/test_capabilities.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from equivalence.algebras.sizes import Dimension, Part


class Matrix(Protocol):
    """A matrix of some algebra, two-dimensional. Operations are with matrices of the same algebra, and scalars stand on the left."""

    @property
    def shape(self) -> tuple[Dimension, ...]:
        """(rows, columns)."""

    @property
    def T(self) -> Self:
        """The transpose."""

    def __matmul__(self, other: Self, /) -> Self: ...
    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __rmul__(self, scalar: Any, /) -> Self: ...


class Scalar(Protocol):
    """A scalar of some algebra; whole numbers mix with it. A divisor is a number or a product of symbols, never a sum."""

    def __add__(self, other: Self | int, /) -> Self: ...
    def __sub__(self, other: Self | int, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __mul__(self, other: Self | int, /) -> Self: ...
    def __truediv__(self, other: Self | int, /) -> Self: ...


M = TypeVar("M", bound=Matrix)


class AlgebraOf(Protocol[M]):
    """A reading of programs whose matrices are of one kind, as `algebra_of` gives it for a matrix of that kind.

    Programs use nothing else, and on matrices only ``@ + - .T`` and scalar ``*``. Matrices are two-dimensional; a 1 x 1 matrix
    becomes a scalar only through `trace`. Scalars support ``+ - * /``, where a divisor is a number or a product of symbols, never a sum.
    """

    @property
    def name(self) -> str:
        """Which reading it is."""

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> M:
        """An arbitrary rows x cols matrix; the same name gives the same matrix."""

    def symbol(self, name: str) -> Scalar:
        """An arbitrary nonzero scalar."""

    def scalar(self, value: object) -> Scalar:
        """A rational number (int, Fraction or text), or a dimension as a number."""

    def eye(self, size: Dimension) -> M:
        """The identity matrix."""

    def zeros(self, rows: Dimension, cols: Dimension) -> M:
        """The zero matrix."""

    def ones(self, rows: Dimension, cols: Dimension) -> M:
        """The matrix whose entries are all one."""

    def block(self, rows: Sequence[Sequence[M]]) -> M:
        """A matrix from a grid of matrices."""

    def trace(self, matrix: M) -> Scalar:
        """The trace, a scalar."""


class Algebra(AlgebraOf[Matrix], Protocol):
    """A reading of programs, whichever it is: the matrices that it takes are those that it made (or `Any`, to a type checker)."""

    def block(self, rows: Sequence[Sequence[Any]]) -> Matrix:
        """A matrix from a grid of matrices."""

    def trace(self, matrix: Any) -> Scalar:
        """The trace, a scalar."""


@runtime_checkable
class InversesOf(Protocol[M]):
    """What inverts matrices of one kind, as `inverting` gives it."""

    def inverse(self, matrix: M) -> M:
        """The inverse of a square matrix: what is shown with it is claimed where there is one. The readings that prove use that it is one
        on both sides, and refuse what is singular at every draw.
        """


class HasInverses(Algebra, InversesOf[Matrix], Protocol):
    """A reading with invertible matrices."""

    def invertible(self, name: str, size: Part) -> tuple[Matrix, Matrix]:
        """An arbitrary invertible size x size matrix, and its inverse."""

    def inverse(self, matrix: Any) -> Matrix:
        """The inverse of a square matrix; see `InversesOf`."""


class HasDiagonals(Algebra, Protocol):
    """A reading with diagonal matrices."""

    def diagonal(self, name: str, size: Part) -> Matrix:
        """An arbitrary diagonal size x size matrix."""


@runtime_checkable
class WeightsOf(Protocol[M]):
    """What makes attention weights from scores of one kind of matrix, as `weighing` gives it."""

    def weights(self, scores: M) -> M:
        """Attention weights made from scores, N x M: columns of nonnegative numbers that sum to 1.

        Numbers go through softmax. The readings that prove take *any* such weights: an unknown matrix for each matrix of scores,
        of which nothing is used but the sums of its columns.
        """


class HasOrthogonals(Algebra, Protocol):
    """A reading with orthogonal matrices."""

    def orthogonal(self, name: str, size: Part) -> Matrix:
        """An arbitrary orthogonal size x size matrix, of either determinant."""


class HasHadamard(Algebra, Protocol):
    """A reading with entrywise products."""

    def hadamard(self, left: Any, right: Any) -> Matrix:
        """The entrywise product of two matrices of one shape."""


class HasWeights(Algebra, WeightsOf[Matrix], Protocol):
    """A reading with attention weights."""

    def weights(self, scores: Any) -> Matrix:
        """Attention weights made from scores; see `WeightsOf`."""


class HasValues(Algebra, Protocol):
    """A reading whose matrices have entries that can be given."""

    def value(self, rows: Sequence[Sequence[object]]) -> Matrix:
        """The matrix of the given numbers."""


class HasDifferences(Algebra, Protocol):
    """A reading that tells whether two sides are equal."""

    def difference(self, left: object, right: object) -> str | None:
        """None if both sides are equal, else where they differ, and by what. A scalar and a matrix differ."""


@runtime_checkable
class KeepsNames(Protocol):
    """A reading that keeps what a program calls its matrices, for a reader of derivations."""

    def called(self, matrix: Any, name: str) -> Any:
        """The same matrix, under the name. Nothing is decided by it."""


class GenericAlgebra(HasInverses, HasDiagonals, HasOrthogonals, HasHadamard, HasWeights, Protocol):
    """A reading of arbitrary matrices of every kind: what an identity, an induction or a series may ask for."""
