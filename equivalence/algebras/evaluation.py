"""Forms of the symbolic reading at drawn values modulo a prime: whether something is invertible at all, and at which sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from random import Random

import flint

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.canonical import Atom, Form, Letter, Monomial
from equivalence.algebras.flint import FiniteField, Grid
from equivalence.algebras.sizes import Part, Size

PRIME = 2**62 + 135
Matrix = Blocked[Grid[flint.nmod]]
Meaning = Callable[["Evaluation"], Matrix]
"""What a letter is at drawn values."""


class Evaluation:
    """One draw of all letters and symbols, at given sizes.

    Args:
        meanings: of letters, by name.
        sizes: a number for each symbolic size, by name.
        seed: of the draw.
    """

    def __init__(self, meanings: Mapping[str, Meaning], sizes: Mapping[str, int], seed: int = 0):
        self.meanings, self.sizes = meanings, sizes
        self.field = FiniteField(PRIME, Random(seed))
        self.letters: dict[str, Matrix] = {}
        self.inverses: dict[int, Matrix] = {}

    def size(self, part: Part) -> int:
        """A size as a number."""
        return self.sizes[part.name] if isinstance(part, Size) else part

    def matrix(self, matrix: Blocked[Form]) -> Matrix:
        """A matrix of forms, with the parts that it has."""
        rows, cols = ([self.size(part) for part in cut] for cut in (matrix.rows, matrix.cols))
        empty = Form(next(iter(matrix.blocks.values())).normaliser, {}) if matrix.blocks else None
        grid = [
            [self.form(block, m, n) if (block := matrix.blocks.get((i, j), empty)) else self.field.zeros(m, n) for j, n in enumerate(cols)]
            for i, m in enumerate(rows)
        ]
        return self.field.block(grid)

    def form(self, form: Form, rows: int, cols: int) -> Matrix:
        """One block."""
        total = self.field.zeros(rows, cols)
        for (monomial, word), coefficient in form.terms.items():
            product = self.field.eye(rows)
            for letter in word:
                product = product @ self.letter(letter)
            total = total + self._monomial(coefficient, monomial) * product
        return total

    def letter(self, letter: Letter) -> Matrix:
        """A letter or its transpose."""
        if letter.name not in self.letters:
            self.letters[letter.name] = self.meanings[letter.name](self)
        return self.letters[letter.name].T if letter.transposed else self.letters[letter.name]

    def inverse_block(self, matrix: Blocked[Form], number: int, i: int, j: int) -> Matrix:
        """A block of the inverse of a matrix, which has a number. Raises SingularError if it has none."""
        if number not in self.inverses:
            self.inverses[number] = self.field.inverse(self.matrix(matrix))
        inverse = self.inverses[number]
        return Blocked(self.field, inverse.rows[i : i + 1], inverse.cols[j : j + 1], {(0, 0): self.field.entries_at(inverse, (i, j))})

    def _monomial(self, coefficient: Fraction, monomial: Monomial) -> flint.nmod:
        value = self.field.scalar(coefficient)
        for atom, exponent in monomial:
            for _ in range(abs(exponent)):
                value = value * self._atom(atom) if exponent > 0 else value / self._atom(atom)
        return value

    def _atom(self, atom: Atom) -> flint.nmod:
        if isinstance(atom, str):
            return self.field.symbol(atom)
        if isinstance(atom, Size):
            return self.field.scalar(self.size(atom))
        product = self.letter(atom[0])
        for letter in atom[1:]:
            product = product @ self.letter(letter)
        return self.field.trace(product)
