"""Matrices cut into blocks, for every reading whose entries come a block at a time.

A block that is absent is zero, so the many zero blocks of constructed weights cost nothing. What a block is (a
canonical form, a FLINT matrix, a degree) is the algebra's affair: blocks here only need ``*``, ``+``, unary ``-`` and
``transpose()``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, Self, TypeVar

from equivalence.algebras.names import Names
from equivalence.algebras.rationals import is_number
from equivalence.algebras.sizes import Dimension, Part, parts

Place = tuple[int, int]
"""Which block: its row and its column among the parts."""


class Block(Protocol):
    """What a block must do."""

    def __mul__(self, other: Self, /) -> Self: ...
    def __add__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def transpose(self) -> Self:
        """The transpose."""


B = TypeVar("B", bound=Block)


class Blocked(Generic[B]):
    """A matrix of blocks: row parts, column parts, and the blocks that are not zero, by (row, column).

    Attributes:
        algebra: the reading that made it; matrices of two readings do not mix.
        rows, cols: the parts that rows and columns are cut into.
        blocks: the nonzero blocks.
    """

    __slots__ = ("algebra", "blocks", "cols", "rows")
    __array_ufunc__ = None

    def __init__(self, algebra: BlockAlgebra[B], rows: tuple[Part, ...], cols: tuple[Part, ...], blocks: Mapping[Place, B]):
        self.algebra, self.rows, self.cols, self.blocks = algebra, rows, cols, blocks

    @property
    def shape(self) -> tuple[Dimension, Dimension]:
        """(rows, columns): one part as itself, several as a tuple."""
        return whole(self.rows), whole(self.cols)

    @property
    def T(self) -> Blocked[B]:
        """The transpose."""
        flipped = {(j, i): block.transpose() for (i, j), block in self.blocks.items()}
        return Blocked(self.algebra, self.cols, self.rows, flipped)

    def __matmul__(self, other: Blocked[B]) -> Blocked[B]:
        self._same_algebra(other, "@")
        if self.cols != other.rows:
            raise ValueError(f"@: the columns of the left, {whole(self.cols)}, are not the rows of the right, {whole(other.rows)}")
        product: dict[Place, B] = {}
        for (i, k), left in self.blocks.items():
            for (k2, j), right in other.blocks.items():
                if k == k2:
                    term = left * right
                    product[i, j] = product[i, j] + term if (i, j) in product else term
        return Blocked(self.algebra, self.rows, other.cols, product)

    def __add__(self, other: Blocked[B]) -> Blocked[B]:
        self._same_algebra(other, "+")
        if (self.rows, self.cols) != (other.rows, other.cols):
            raise ValueError(f"+: expected equal shapes, got {self.shape} and {other.shape}")
        merged = dict(self.blocks)
        for place, block in other.blocks.items():
            merged[place] = merged[place] + block if place in merged else block
        return Blocked(self.algebra, self.rows, self.cols, merged)

    def __neg__(self) -> Blocked[B]:
        return Blocked(self.algebra, self.rows, self.cols, {place: -block for place, block in self.blocks.items()})

    def __sub__(self, other: Blocked[B]) -> Blocked[B]:
        self._same_algebra(other, "-")
        return self + -other

    def __rmul__(self, scalar: Any) -> Blocked[B]:
        scalar = self.algebra.scalar(scalar) if is_number(scalar) else scalar
        if not isinstance(scalar, self.algebra.scalar_type):
            raise TypeError(f"scalar *: expected a scalar of the {self.algebra.name} algebra, got {scalar!r}; build it with algebra.scalar")
        return Blocked(self.algebra, self.rows, self.cols, {place: scalar * block for place, block in self.blocks.items()})

    def _same_algebra(self, other: object, operation: str) -> None:
        if not isinstance(other, Blocked) or other.algebra is not self.algebra:
            raise TypeError(f"{operation}: expected a matrix of the same {self.algebra.name} algebra, got {_named(other)}")


def _named(value: object) -> str:
    return f"one of another {value.algebra.name} algebra" if isinstance(value, Blocked) else f"a value of type {type(value).__name__}"


def whole(sizes: tuple[Part, ...]) -> Dimension:
    """One part as itself, several as a tuple."""
    return sizes[0] if len(sizes) == 1 else sizes


def assemble(algebra: BlockAlgebra[B], grid: Sequence[Sequence[Blocked[B]]]) -> Blocked[B]:
    """One matrix from a grid of matrices, whose parts are laid side by side.

    Raises TypeError for a matrix of another algebra, ValueError naming the first matrix whose rows or columns do not line up.
    """
    if not grid or not all(grid):
        raise ValueError("block: expected at least one matrix in each row, got none")
    blocks: dict[Place, B] = {}
    rows: tuple[Part, ...] = ()
    cols = tuple(part for matrix in grid[0] for part in matrix.cols)
    for line_number, line in enumerate(grid):
        column = 0
        for matrix in line:
            if not isinstance(matrix, Blocked) or matrix.algebra is not algebra:
                raise TypeError(f"block: expected matrices of the same {algebra.name} algebra, got {_named(matrix)}")
            if matrix.rows != line[0].rows or matrix.cols != cols[column : column + len(matrix.cols)]:
                raise ValueError(f"block: in row {line_number} a matrix of shape {matrix.shape} does not line up with its neighbours")
            blocks |= {(len(rows) + i, column + j): block for (i, j), block in matrix.blocks.items()}
            column += len(matrix.cols)
        if column != len(cols):
            raise ValueError(f"block: row {line_number} has columns for {column} parts, expected {len(cols)}")
        rows += line[0].rows
    return Blocked(algebra, rows, cols, blocks)


class BlockAlgebra(Generic[B]):
    """What the blockwise readings share. A reading adds the three ways to make one block, `symbol`, `scalar` and `trace`."""

    name: str
    scalar_type: type[Any]

    def __init__(self) -> None:
        self.names = Names()

    def scalar(self, value: object) -> Any:
        """A rational or a dimension as a scalar of the reading."""
        raise NotImplementedError

    def _generator_block(self, name: str, rows: Part, cols: Part, symmetric: bool) -> B:
        raise NotImplementedError

    def _eye_block(self, size: Part) -> B:
        raise NotImplementedError

    def _ones_block(self, rows: Part, cols: Part) -> B:
        raise NotImplementedError

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> Blocked[B]:
        """An arbitrary matrix of one block; write a cut one with `block`."""
        (row,), (col,) = self._one_part(name, rows), self._one_part(name, cols)
        if symmetric and row != col:
            raise ValueError(f"{name}: a symmetric matrix is square, got {row} x {col}")
        self.names.matrix(name, "a symmetric" if symmetric else "an arbitrary", row, col)
        return Blocked(self, (row,), (col,), {(0, 0): self._generator_block(name, row, col, symmetric)})

    def eye(self, size: Dimension) -> Blocked[B]:
        """The identity, cut along the parts of its size."""
        cut = parts(size)
        return Blocked(self, cut, cut, {(i, i): self._eye_block(part) for i, part in enumerate(cut)})

    def zeros(self, rows: Dimension, cols: Dimension) -> Blocked[B]:
        """The zero matrix, which has no block at all."""
        return Blocked(self, parts(rows), parts(cols), {})

    def ones(self, rows: Dimension, cols: Dimension) -> Blocked[B]:
        """The matrix of ones."""
        down, across = parts(rows), parts(cols)
        grid = {(i, j): self._ones_block(m, n) for i, m in enumerate(down) for j, n in enumerate(across)}
        return Blocked(self, down, across, grid)

    def block(self, rows: Sequence[Sequence[Blocked[B]]]) -> Blocked[B]:
        """One matrix from a grid of matrices."""
        return assemble(self, rows)

    def _one_part(self, name: str, dimension: Dimension) -> tuple[Part, ...]:
        if len(cut := parts(dimension)) != 1:
            raise ValueError(f"{name}: a generator has one part a side, got {dimension!r}; lay several together with block")
        return cut
