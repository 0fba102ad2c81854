"""The symbolic reading: sizes are symbols, and running a program yields a proof for all of them at once."""

from __future__ import annotations

from fractions import Fraction

from equivalence.algebras.blocks import BlockAlgebra, Blocked, whole
from equivalence.algebras.canonical import ONE, UNIT, Form, Letter, Normaliser, Term, one_of_size
from equivalence.algebras.rationals import rational
from equivalence.algebras.sizes import Part, Size, parts


class Symbolic(BlockAlgebra[Form]):
    """Canonical forms, a block at a time. One instance a proof: it remembers the sizes that its names were given.

    Attributes:
        decides: whether different forms prove that two sides differ (see `canonical`); else forms are sound only.
    """

    name = "symbolic"
    scalar_type = Form

    def __init__(self) -> None:
        super().__init__()
        self.normaliser = Normaliser()
        self.letters: dict[str, Letter] = {}
        self.attended: dict[tuple[Part, Part, frozenset[tuple[Term, Fraction]]], str] = {}
        self.decides = True

    def invertible(self, name: str, size: Part) -> tuple[Blocked[Form], Blocked[Form]]:
        """T and T⁻¹, which cancel in both orders, and transposed too; at size 1 a number and its reciprocal."""
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "an invertible", part, part)
        letter, back = (self._letter(each, part, part, False) for each in (name, self.names.inverse(name)))
        self.decides = False
        if part == 1:
            inverse = Form(self.normaliser, {(frozenset({((letter,), -1)}), ()): ONE})
            return self._one_block(part, self._form(letter)), self._one_block(part, inverse)
        for left, right in ((letter, back), (back, letter)):
            self.normaliser.add(left, right, ONE, UNIT, ())
        return self._one_block(part, self._form(letter)), self._one_block(part, self._form(back))

    def diagonal(self, name: str, size: Part) -> Blocked[Form]:
        """A symmetric letter: sound for diagonal matrices, though it does not know that they commute."""
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "a diagonal", part, part)
        self.decides = False
        return self._one_block(part, self._form(self._letter(name, part, part, True)))

    def weights(self, scores: Blocked[Form]) -> Blocked[Form]:
        """A letter P with 1ᵀP = 1ᵀ for each block of scores; equal scores have equal weights."""
        (rows,) = scores.rows
        if rows == 1:
            return self.ones(1, whole(scores.cols))
        self.decides = False
        blocks = {(0, j): self._weights_block(rows, size, scores.blocks.get((0, j))) for j, size in enumerate(scores.cols)}
        return Blocked(self, (rows,), scores.cols, blocks)

    def symbol(self, name: str) -> Form:
        """A commuting symbol."""
        self.names.symbol(name)
        return Form(self.normaliser, {(frozenset({(name, 1)}), ()): ONE})

    def scalar(self, value: object) -> Form:
        """A rational, or a dimension: a symbolic size is an atom of its own, apart from the symbol of that name."""
        if isinstance(value, tuple | Size):
            sizes = [one_of_size(part) for part in parts(value)]
            terms = Form(self.normaliser, {})
            return sum((Form(self.normaliser, {(monomial, ()): c}) for c, monomial in sizes), terms)
        number = rational(value)
        return Form(self.normaliser, {(UNIT, ()): number} if number else {})

    def trace(self, matrix: Blocked[Form]) -> Form:
        """The sum of the traces of the diagonal blocks."""
        if matrix.rows != matrix.cols:
            raise ValueError(f"trace: expected a square matrix, got shape {matrix.shape}")
        diagonal = (block.trace(matrix.rows[i]) for (i, j), block in matrix.blocks.items() if i == j)
        return sum(diagonal, Form(self.normaliser, {}))

    def difference(self, left: object, right: object) -> str | None:
        """None if both sides have one form, else the first place where they differ, and by what."""
        if isinstance(left, Form) and isinstance(right, Form):
            return None if left == right else f"left − right = {left - right}"
        if not isinstance(left, Blocked) or not isinstance(right, Blocked):
            return f"{left} against {right}: a scalar and a matrix"
        if left.shape != right.shape:
            return f"shape {left.shape} against {right.shape}"
        for (i, j), block in sorted((left - right).blocks.items()):
            if block.terms:
                return f"in block ({i}, {j}), left − right = {block}"
        return None

    def _letter(self, name: str, rows: Part, cols: Part, symmetric: bool) -> Letter:
        return self.letters.setdefault(name, Letter(name, False, rows, cols, symmetric))

    def _one_block(self, size: Part, block: Form) -> Blocked[Form]:
        return Blocked(self, (size,), (size,), {(0, 0): block})

    def _generator_block(self, name: str, rows: Part, cols: Part, symmetric: bool) -> Form:
        if any(isinstance(size, int) and size > 1 for size in (rows, cols)):
            self.decides = False
        return self._form(self._letter(name, rows, cols, symmetric))

    def _eye_block(self, size: Part) -> Form:
        return Form(self.normaliser, {(UNIT, ()): ONE})

    def _ones_block(self, rows: Part, cols: Part) -> Form:
        return self._ones_column(rows) * self._ones_column(cols).transpose()

    def _ones_column(self, size: Part) -> Form:
        if size == 1:
            return self._eye_block(1)
        letter = self._letter(f"1[{size}]", size, 1, False)
        self.normaliser.add(letter.transpose(), letter, *one_of_size(size), ())
        return self._form(letter)

    def _weights_block(self, rows: Part, cols: Part, scores: Form | None) -> Form:
        key = (rows, cols, frozenset(scores.terms.items()) if scores else frozenset())
        name = self.attended.setdefault(key, f"p[{len(self.attended) + 1}]")
        letter = self._letter(name, rows, cols, False)
        column, across = self._ones_column(rows), self._ones_column(cols)
        ((_, left),) = column.transpose().terms
        ((_, right),) = across.transpose().terms
        self.normaliser.add(left[0], letter, ONE, UNIT, right)
        return self._form(letter)

    def _form(self, letter: Letter) -> Form:
        coefficient, monomial, word = self.normaliser.word((letter,))
        return Form(self.normaliser, {(monomial, word): coefficient})
