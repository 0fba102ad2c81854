"""Two exact readings on FLINT matrices at fixed sizes: over a prime field, for certificates, and over the rationals.

They differ in the field and in where the generators' entries come from; nothing else.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from fractions import Fraction
from random import Random
from typing import Generic, NoReturn, Protocol, Self, TypeVar, cast

import flint

from equivalence.algebras.blocks import Block, BlockAlgebra, Blocked, Place
from equivalence.algebras.hypotheses import SingularError
from equivalence.algebras.protocol import Scalar
from equivalence.algebras.rationals import rational
from equivalence.algebras.sizes import Part, total

E = TypeVar("E", bound=Scalar)

Entries = Callable[[str, int, int], Sequence[E | int]]
"""Where the entries of a rows x cols generator of a given name come from, row by row."""


class Grid(Block, Protocol[E]):
    """A FLINT matrix, as far as it is used here."""

    def nrows(self) -> int:
        """How many rows."""

    def ncols(self) -> int:
        """How many columns."""

    def __getitem__(self, place: Place, /) -> E: ...

    def entries(self) -> list[E]:
        """All entries, row by row."""

    def tolist(self) -> list[list[E]]:
        """The rows."""

    def inv(self) -> Self:
        """The inverse. Raises ZeroDivisionError if there is none."""


class Flint(BlockAlgebra[Grid[E]], Generic[E]):
    """What both readings share.

    Args:
        entries: the source of generators, called once a name.
        nonzero: the source of symbols, called once a name.

    Attributes:
        singular: what had no inverse, if something had none: the values drawn are not those that are spoken of.
    """

    decides = True
    """Whether a difference refutes a claim."""

    def __init__(self, entries: Entries[E], nonzero: Callable[[str], E]):
        super().__init__()
        self.entries, self.nonzero = entries, nonzero
        self.matrices: dict[str, Grid[E]] = {}
        self.symbols: dict[str, E] = {}
        self.attended: dict[tuple[int, int, str], str] = {}
        self.singular = ""

    def _singular(self, why: str) -> SingularError:
        self.singular = why
        return SingularError(why)

    def matrix(self, rows: int, cols: int, entries: Sequence[E | int]) -> Grid[E]:
        """A FLINT matrix over the field."""
        raise NotImplementedError

    def number(self, value: Fraction) -> E:
        """A rational as an element of the field."""
        raise NotImplementedError

    def invertible(self, name: str, size: Part) -> tuple[Blocked[Grid[E]], Blocked[Grid[E]]]:
        """A matrix of n² entries from the source, and its inverse. Raises ValueError if it has none."""
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "an invertible", part, part)
        back, n = self.names.inverse(name), total(part)
        if name not in self.matrices:
            self.matrices[name] = self.matrix(n, n, self.entries(name, n, n))
            try:
                self.matrices[back] = self.matrices[name].inv()
            except ZeroDivisionError:
                del self.matrices[name]
                raise self._singular(f"{name}: expected an invertible matrix, got one of determinant 0") from None
        matrix, inverse = (Blocked(self, (part,), (part,), {(0, 0): self.matrices[key]}) for key in (name, back))
        return matrix, inverse

    def inverse(self, matrix: Blocked[Grid[E]]) -> Blocked[Grid[E]]:
        """The inverse, cut as the matrix is. Raises ValueError for what is not square, SingularError for what has none."""
        if matrix.rows != matrix.cols:
            raise ValueError(f"inverse: expected a square matrix, got shape {matrix.shape}")
        lines = dense(matrix)
        try:
            inverse = self.matrix(len(lines), len(lines), [entry for line in lines for entry in line]).inv()
        except ZeroDivisionError:
            raise self._singular(f"what is to be inverted, {len(lines)} x {len(lines)}, is singular") from None
        return self._cut(inverse.tolist(), matrix.rows, matrix.cols)

    def hadamard(self, left: Blocked[Grid[E]], right: Blocked[Grid[E]]) -> Blocked[Grid[E]]:
        """The entrywise product."""
        if left.shape != right.shape:
            raise ValueError(f"hadamard: expected equal shapes, got {left.shape} and {right.shape}")
        pairs = ((a, b) for lines in zip(dense(left), dense(right), strict=True) for a, b in zip(*lines, strict=True))
        products, width = [a * b for a, b in pairs], sum(map(total, left.cols))
        return self._cut([products[i : i + width] for i in range(0, len(products), width)], left.rows, left.cols)

    def orthogonal(self, name: str, size: Part) -> Blocked[Grid[E]]:
        """``(I − S)(I + S)⁻¹`` for a skew S of n(n − 1)/2 entries from the source (Cayley), its first row negated half of the times.

        So both kinds of orthogonal matrices come up, those of determinant 1 and those of determinant −1.
        """
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "an orthogonal", part, part)
        n = total(part)
        if name not in self.matrices:
            self.matrices[name] = self._cayley(n, self.entries(name, n, n))
        return Blocked(self, (part,), (part,), {(0, 0): self.matrices[name]})

    def _cayley(self, n: int, drawn: Sequence[E | int]) -> Grid[E]:
        skew = self.matrix(n, n, [drawn[i * n + j] if i < j else 0 for i in range(n) for j in range(n)])
        skew = skew + -skew.transpose()
        unit = self._eye_block(n)
        try:
            rotation = (unit + -skew) * (unit + skew).inv()
        except ZeroDivisionError:
            raise self._singular("a skew matrix has no Cayley transform") from None
        return (
            self.matrix(n, n, [-1 if i == j == 0 else int(i == j) for i in range(n) for j in range(n)]) * rotation
            if self._flips(drawn[0])
            else rotation
        )

    def _flips(self, entry: E | int) -> bool:
        """Whether an entry of the source, which is used for nothing else, asks for determinant −1."""
        raise NotImplementedError

    def _cut(self, lines: Sequence[Sequence[E]], rows: tuple[Part, ...], cols: tuple[Part, ...]) -> Blocked[Grid[E]]:
        """The rows of numbers as blocks."""
        blocks, above = {}, 0
        for i, height in enumerate(map(total, rows)):
            left = 0
            for j, width in enumerate(map(total, cols)):
                entries = [entry for line in lines[above : above + height] for entry in line[left : left + width]]
                blocks[i, j] = self.matrix(height, width, entries)
                left += width
            above += height
        return Blocked(self, rows, cols, blocks)

    def diagonal(self, name: str, size: Part) -> Blocked[Grid[E]]:
        """A diagonal matrix."""
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "a diagonal", part, part)
        n = total(part)
        if name not in self.matrices:
            drawn = self.entries(name, n, 1)
            self.matrices[name] = self.matrix(n, n, [drawn[i] if i == j else 0 for i in range(n) for j in range(n)])
        return Blocked(self, (part,), (part,), {(0, 0): self.matrices[name]})

    def weights(self, scores: Blocked[Grid[E]]) -> Blocked[Grid[E]]:
        """Drawn weights, the last of a column such that the column sums to 1; equal scores have equal weights."""
        (rows,) = scores.rows
        m, places = total(rows), range(len(scores.cols))
        blocks = {(0, j): self._weights_block(m, total(scores.cols[j]), scores.blocks.get((0, j))) for j in places}
        return Blocked(self, scores.rows, scores.cols, blocks)

    def symbol(self, name: str) -> E:
        """A nonzero element of the field."""
        self.names.symbol(name)
        if name not in self.symbols:
            self.symbols[name] = self.nonzero(name)
        return self.symbols[name]

    def scalar(self, value: object) -> E:
        """A rational or a dimension as an element of the field."""
        return self.number(Fraction(total(value)) if isinstance(value, tuple) else rational(value))

    def trace(self, matrix: Blocked[Grid[E]]) -> E:
        """The trace."""
        if matrix.rows != matrix.cols:
            raise ValueError(f"trace: expected a square matrix, got shape {matrix.shape}")
        diagonal = (block[k, k] for (i, j), block in matrix.blocks.items() if i == j for k in range(block.nrows()))
        return sum(diagonal, self.number(Fraction(0)))

    def difference(self, left: object, right: object) -> str | None:
        """None if both sides are equal, else the first entry where they differ, with both values."""
        if not isinstance(left, Blocked) or not isinstance(right, Blocked):
            mixed = isinstance(left, Blocked) or isinstance(right, Blocked)
            return f"{left} against {right}: a scalar and a matrix" if mixed else None if left == right else f"{left} against {right}"
        if left.shape != right.shape:
            return f"shape {left.shape} against {right.shape}"
        for place in sorted(left.blocks.keys() | right.blocks.keys()):
            pair = [self.entries_at(side, place) for side in (left, right)]
            if entry := self._first_entry(*pair):
                return f"in block {place}, {entry}"
        return None

    def entries_at(self, matrix: Blocked[Grid[E]], place: Place) -> Grid[E]:
        """The FLINT matrix of a block, written out where it is absent, which is zero."""
        if place in matrix.blocks:
            return matrix.blocks[place]
        rows, cols = total(matrix.rows[place[0]]), total(matrix.cols[place[1]])
        return self.matrix(rows, cols, [0] * (rows * cols))

    def _weights_block(self, m: int, n: int, scores: Grid[E] | None) -> Grid[E]:
        self.decides = self.decides and m == 1  # the weights meant are softmax's, which have more laws than that their columns sum to 1
        key = (m, n, str(scores.tolist()) if scores is not None and any(scores.entries()) else "0")
        name = self.attended.setdefault(key, f"p[{len(self.attended) + 1}]")
        if name not in self.matrices:
            drawn = self.matrix(m, n, self.entries(name, m, n))
            last = [self.number(Fraction(1)) - sum((drawn[i, j] for i in range(m - 1)), self.number(Fraction(0))) for j in range(n)]
            self.matrices[name] = self.matrix(m, n, [*drawn.entries()[: (m - 1) * n], *last])
        return self.matrices[name]

    @staticmethod
    def _first_entry(left: Grid[E], right: Grid[E]) -> str | None:
        if left == right:
            return None
        places = ((i, j) for i in range(left.nrows()) for j in range(left.ncols()))
        # Entry by entry, as != of two matrices of balls is true also where they overlap.
        return next((f"entry ({i}, {j}): {left[i, j]} against {right[i, j]}" for i, j in places if left[i, j] != right[i, j]), None)

    def _generator_block(self, name: str, rows: Part, cols: Part, symmetric: bool) -> Grid[E]:
        m, n = total(rows), total(cols)
        if name not in self.matrices:
            entries = self.entries(name, m, n)
            if symmetric:
                entries = [entries[min(i, j) * n + max(i, j)] for i in range(m) for j in range(n)]
            self.matrices[name] = self.matrix(m, n, entries)
        return self.matrices[name]

    def _eye_block(self, size: Part) -> Grid[E]:
        n = total(size)
        return self.matrix(n, n, [int(i == j) for i in range(n) for j in range(n)])

    def _ones_block(self, rows: Part, cols: Part) -> Grid[E]:
        m, n = total(rows), total(cols)
        return self.matrix(m, n, [1] * (m * n))


class FiniteField(Flint[flint.nmod]):
    """Matrices over GF(p): entries drawn from the 2^62 residues 0 … 2^62 − 1, symbols from 1 … 2^62.

    Args:
        prime: the modulus, a prime in [2^62, 2^63).
        random: the source of all draws.
    """

    name = "finite field"
    arbitrary = True  # what is drawn stands for anything
    scalar_type = flint.nmod
    points_log2 = 62

    def __init__(self, prime: int, random: Random):
        super().__init__(self._uniform, lambda name: flint.nmod(1 + random.getrandbits(self.points_log2), prime))
        self.prime, self.random = prime, random

    def matrix(self, rows: int, cols: int, entries: Sequence[flint.nmod | int]) -> flint.nmod_mat:
        """A matrix over GF(p)."""
        return flint.nmod_mat(rows, cols, entries, self.prime)

    def number(self, value: Fraction) -> flint.nmod:
        """A rational as a residue; p divides no denominator that a program writes, being above 2^62."""
        return flint.nmod(value.numerator, self.prime) / flint.nmod(value.denominator, self.prime)

    def _flips(self, entry: flint.nmod | int) -> bool:
        return bool(int(entry) % 2)

    def _uniform(self, name: str, rows: int, cols: int) -> list[int]:
        return [word >> 2 for word in array("Q", self.random.randbytes(8 * rows * cols))]


class Rational(Flint[flint.fmpq]):
    """Matrices over the rationals, at values that the caller gives.

    Args:
        entries: name, rows and columns to the entries of a generator, row by row (anything `rational` reads).
        nonzero: the value of a symbol.
    """

    name = "rational"
    scalar_type = flint.fmpq

    def __init__(self, entries: Callable[[str, int, int], Sequence[object]] | None = None, nonzero: Callable[[str], object] | None = None):
        drawn, given = entries or no_entries, nonzero or no_symbol
        super().__init__(lambda *named: [self._read(entry) for entry in drawn(*named)], lambda name: self._read(given(name)))

    def matrix(self, rows: int, cols: int, entries: Sequence[object]) -> flint.fmpq_mat:
        """A matrix over the rationals."""
        return flint.fmpq_mat(rows, cols, [self._read(entry) for entry in entries])

    def number(self, value: Fraction) -> flint.fmpq:
        """A rational."""
        return flint.fmpq(value.numerator, value.denominator)

    def _flips(self, entry: flint.fmpq | int) -> bool:
        return entry < 0

    def _read(self, entry: object) -> flint.fmpq:
        return entry if isinstance(entry, flint.fmpq) else self.number(rational(entry))

    def value(self, rows: Sequence[Sequence[object]]) -> Blocked[Grid[flint.fmpq]]:
        """The matrix of the given numbers."""
        grid = self.matrix(len(rows), len(rows[0]), [entry for row in rows for entry in row])
        return Blocked(self, (len(rows),), (len(rows[0]),), {(0, 0): grid})


def dense(matrix: Blocked[Grid[E]]) -> list[list[E]]:
    """All entries of a matrix on FLINT blocks, as rows of numbers."""
    algebra = cast("Flint[E]", matrix.algebra)
    lines: list[list[E]] = []
    for i in range(len(matrix.rows)):
        blocks = [algebra.entries_at(matrix, (i, j)) for j in range(len(matrix.cols))]
        lines += [[entry for line in lines_of for entry in line] for lines_of in zip(*(b.tolist() for b in blocks), strict=True)]
    return lines


def no_entries(name: str, rows: int, cols: int) -> NoReturn:
    """The source of a reading that was given none: a ValueError."""
    raise ValueError(f"{name}: this reading has no source of {rows} x {cols} generators; give one as entries")


def no_symbol(name: str) -> NoReturn:
    """The source of a reading that was given none: a ValueError."""
    raise ValueError(f"{name}: this reading has no source of symbols; give one as nonzero")
