"""The symbolic reading: sizes are symbols, and running a program yields a proof for all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from itertools import product

from equivalence.algebras.blocks import BlockAlgebra, Blocked, Place, whole
from equivalence.algebras.canonical import ONE, UNIT, Form, Letter, Normaliser, Term, Word, one_of_size
from equivalence.algebras.entrywise import Entrywise
from equivalence.algebras.evaluation import Evaluation, Matrix, Meaning
from equivalence.algebras.hypotheses import Hypothesis, SingularError
from equivalence.algebras.rationals import rational
from equivalence.algebras.relations import Relation, letters_of, vanishes
from equivalence.algebras.sizes import Part, Size, parts

Key = frozenset[tuple[Place, frozenset[tuple[Term, Fraction]]]]
"""The blocks of a matrix, as what they are equal by."""

DRAWS = 4
"""How often a matrix is drawn before it counts as singular: an orthogonal letter has two kinds of values."""


class Symbolic(BlockAlgebra[Form]):
    """Canonical forms, a block at a time. One instance a proof: it remembers the sizes that its names were given.

    Attributes:
        decides: whether different forms prove that two sides differ (see `canonical`); else forms are sound only.
        hypotheses: what was inverted, so what holds is claimed where it is invertible.
    """

    name = "symbolic"
    arbitrary = True  # letters stand for anything: a difference of two is one for some, not for all
    scalar_type = Form

    def __init__(self) -> None:
        super().__init__()
        self.normaliser = Normaliser()
        self.letters: dict[str, Letter] = {}
        self.attended: dict[tuple[Part, Part, frozenset[tuple[Term, Fraction]]], str] = {}
        self.decides = True
        self.hypotheses: list[Hypothesis] = []
        self.inverted: list[Blocked[Form]] = []
        self.relations: list[Relation] = []
        self.meanings: dict[str, Meaning] = {}
        self.reach: dict[str, frozenset[Size]] = {}
        self.inverses: dict[tuple[tuple[Part, ...], Key], Blocked[Form]] = {}
        self.entrywise = Entrywise(self.normaliser, self._entrywise_letter)

    def invertible(self, name: str, size: Part) -> tuple[Blocked[Form], Blocked[Form]]:
        """T and T⁻¹, which cancel in both orders, and transposed too; at size 1 a number and its reciprocal."""
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "an invertible", part, part)
        letter = self._letter(name, part, part, lambda at: at.field.invertible(name, at.size(part))[0])
        back = self._letter(self.names.inverse(name), part, part, lambda at: at.field.invertible(name, at.size(part))[1])
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
        self.entrywise.diagonals.add(name)
        letter = self._letter(name, part, part, lambda at: at.field.diagonal(name, at.size(part)), symmetric=True)
        return self._one_block(part, self._form(letter))

    def orthogonal(self, name: str, size: Part) -> Blocked[Form]:
        """A letter Q with ``QQᵀ = QᵀQ = I``; at size 1 a number whose square is 1."""
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "an orthogonal", part, part)
        self.decides = False
        letter = self._letter(name, part, part, lambda at: at.field.orthogonal(name, at.size(part)), symmetric=part == 1)
        form = self._form(letter)
        if part == 1:
            self.relations.append(Relation(form * form - self.scalar(1), 1, 1, frozenset({name})))
        else:
            self.normaliser.add(letter, letter.transpose(), ONE, UNIT, ())
            self.normaliser.add(letter.transpose(), letter, ONE, UNIT, ())
        return self._one_block(part, form)

    def inverse(self, matrix: Blocked[Form]) -> Blocked[Form]:
        """A matrix V of letters, one for each block, with ``VE = EV = I``; symmetric if E is. Equal expressions have one inverse.

        What is compared later may use both relations; that it is invertible is a hypothesis (see `hypotheses`).

        Raises ValueError for what is not square, or is singular at every draw.
        """
        if matrix.rows != matrix.cols:
            raise ValueError(f"inverse: expected a square matrix, got shape {matrix.shape}")
        key = (matrix.rows, frozenset((place, frozenset(block.terms.items())) for place, block in matrix.blocks.items() if block.terms))
        if key not in self.inverses:
            self.hypotheses.append(self._hypothesis(matrix))
            self.decides = False
            self.inverses[key] = self._inverse_of(matrix)
        return self.inverses[key]

    def hadamard(self, left: Blocked[Form], right: Blocked[Form]) -> Blocked[Form]:
        """The entrywise product; see `Entrywise` for what is known of it."""
        if left.shape != right.shape:
            raise ValueError(f"hadamard: expected equal shapes, got {left.shape} and {right.shape}")
        self.decides = False
        places = left.blocks.keys() & right.blocks.keys()
        blocks = {(i, j): self.entrywise.product(left.blocks[i, j], right.blocks[i, j], left.rows[i], left.cols[j]) for i, j in places}
        return Blocked(self, left.rows, left.cols, blocks)

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
            return None if self._vanishes(left - right, 1, 1) else f"left − right = {left - right}"
        if not isinstance(left, Blocked) or not isinstance(right, Blocked):
            return f"{left} against {right}: a scalar and a matrix"
        if left.shape != right.shape:
            return f"shape {left.shape} against {right.shape}"
        for (i, j), block in sorted((left - right).blocks.items()):
            if not self._vanishes(block, left.rows[i], left.cols[j]):
                return f"in block ({i}, {j}), left − right = {block}"
        return None

    def _vanishes(self, form: Form, rows: Part, cols: Part) -> bool:
        """Whether a form is zero, or found to be so under the relations; what is not zero at a draw is not looked at further."""
        if not form.terms or not self.relations:
            return not form.terms
        at = self._regular_draw(self._reached(Blocked(self, (rows,), (cols,), {(0, 0): form})))
        if at and at.field.difference(at.form(form, at.size(rows), at.size(cols)), at.field.zeros(at.size(rows), at.size(cols))):
            return False
        return vanishes(form, rows, self.relations)

    def _regular_draw(self, sizes: frozenset[Size]) -> Evaluation | None:
        """One draw at which all that was inverted has an inverse, at sizes above 1, unequal if they may be; None if none is found."""
        every = sorted(sizes.union(*map(self._reached, self.inverted)))
        tried = [chosen for chosen in _assignments(every) if all(size > 1 for size in chosen.values())]
        tried.sort(key=lambda chosen: -len(set(chosen.values())))
        return next((at for chosen in tried for seed in range(DRAWS) if (at := self._regular(self.inverted, chosen, seed))), None)

    def _letter(
        self, name: str, rows: Part, cols: Part, meaning: Meaning, *, symmetric: bool = False, reach: frozenset[Size] = frozenset()
    ) -> Letter:
        if name not in self.letters:
            self.letters[name] = Letter(name, False, rows, cols, symmetric)
            self.meanings[name] = meaning
            self.reach[name] = reach | {size for size in (rows, cols) if isinstance(size, Size)}
        return self.letters[name]

    def _hypothesis(self, matrix: Blocked[Form]) -> Hypothesis:
        """That a matrix is invertible, together with what was inverted before, with the small sizes at which they never are."""
        written, every = _written(matrix), [*self.inverted, matrix]
        tried = list(_assignments(sorted(frozenset().union(*map(self._reached, every)))))
        singular = [sizes for sizes in tried if not any(self._regular(every, sizes, seed) for seed in range(DRAWS))]
        if not any(sizes not in singular and all(size > 1 for size in sizes.values()) for sizes in tried):
            before = ", where what was inverted before is not" if self.inverted else ""
            raise ValueError(f"inverse: {written} is singular at every draw{before}; from an inverse of it everything would follow")
        self.inverted.append(matrix)
        return Hypothesis(written, tuple(singular))

    def _regular(self, matrices: Sequence[Blocked[Form]], sizes: Mapping[str, int], seed: int) -> Evaluation | None:
        """A draw at these sizes, if the matrices have inverses there."""
        at = Evaluation(self.meanings, sizes, seed)
        try:
            for matrix in matrices:
                at.field.inverse(at.matrix(matrix))
        except SingularError:
            return None
        return at

    def _reached(self, matrix: Blocked[Form]) -> frozenset[Size]:
        """The symbolic sizes that the values of a matrix depend on."""
        letters = {letter.name for block in matrix.blocks.values() for letter in letters_of(block)}
        atoms = {atom for block in matrix.blocks.values() for monomial, _ in block.terms for atom, _ in monomial if isinstance(atom, Size)}
        own = {size for size in (*matrix.rows, *matrix.cols) if isinstance(size, Size)}
        return frozenset(own | atoms).union(*(self.reach[name] for name in letters))

    def _inverse_of(self, matrix: Blocked[Form]) -> Blocked[Form]:
        number, reach, cut = len(self.inverses) + 1, self._reached(matrix), matrix.rows
        symmetric = self.difference(matrix, matrix.T) is None

        def block_of(i: int, j: int) -> Form:
            if symmetric and i > j:
                return block_of(j, i).transpose()
            name = f"inverse[{number}]" if len(cut) == 1 else f"inverse[{number}][{i + 1},{j + 1}]"
            letter = self._letter(
                name, cut[i], cut[j], lambda at: at.inverse_block(matrix, number, i, j), symmetric=symmetric and i == j, reach=reach
            )
            return self._form(letter)

        inverse = Blocked(self, cut, cut, {(i, j): block_of(i, j) for i in range(len(cut)) for j in range(len(cut))})
        names = frozenset(letter.name for block in inverse.blocks.values() for letter in letters_of(block))
        for both in (inverse @ matrix, matrix @ inverse):
            rest = both - self.eye(whole(cut))
            relations = [Relation(block, cut[i], cut[j], names) for (i, j), block in rest.blocks.items() if block.terms]
            self.relations += [*relations, *([] if symmetric else (relation.transpose() for relation in relations))]
        return inverse

    def _entrywise_letter(self, words: tuple[Word, ...], rows: Part, cols: Part, symmetric: bool) -> Letter:
        number = len(self.entrywise.made) + 1
        forms = [Form(self.normaliser, {(UNIT, word): ONE}) for word in words]

        def meaning(at: Evaluation) -> Matrix:
            return reduce(at.field.hadamard, (at.form(form, at.size(rows), at.size(cols)) for form in forms))

        reach = frozenset().union(*(self.reach[letter.name] for word in words for letter in word))
        letter = self._letter(f"entrywise[{number}]", rows, cols, meaning, symmetric=symmetric, reach=reach)
        if len(words) == 2:
            self._sums_up(letter, *words)
        return letter

    def _sums_up(self, letter: Letter, word: Word, other: Word) -> None:
        """``1ᵀ(A ∘ B)1 = tr(ABᵀ)``."""
        total = self._ones_column(letter.rows).transpose() * self._form(letter) * self._ones_column(letter.cols)
        forms = [Form(self.normaliser, {(UNIT, word): ONE}) for word in (word, other)]
        self.relations.append(Relation(total - (forms[0] * forms[1].transpose()).trace(letter.rows), 1, 1, frozenset({letter.name})))

    def _one_block(self, size: Part, block: Form) -> Blocked[Form]:
        return Blocked(self, (size,), (size,), {(0, 0): block})

    def _generator_block(self, name: str, rows: Part, cols: Part, symmetric: bool) -> Form:
        if any(isinstance(size, int) and size > 1 for size in (rows, cols)):
            self.decides = False
        letter = self._letter(
            name, rows, cols, lambda at: at.field.generator(name, at.size(rows), at.size(cols), symmetric=symmetric), symmetric=symmetric
        )
        return self._form(letter)

    def _eye_block(self, size: Part) -> Form:
        return Form(self.normaliser, {(UNIT, ()): ONE})

    def _ones_block(self, rows: Part, cols: Part) -> Form:
        return self._ones_column(rows) * self._ones_column(cols).transpose()

    def _ones_column(self, size: Part) -> Form:
        if size == 1:
            return self._eye_block(1)
        letter = self._letter(f"1[{size}]", size, 1, lambda at: at.field.ones(at.size(size), 1))
        self.normaliser.add(letter.transpose(), letter, *one_of_size(size), ())
        return self._form(letter)

    def _weights_block(self, rows: Part, cols: Part, scores: Form | None) -> Form:
        key = (rows, cols, frozenset(scores.terms.items()) if scores else frozenset())
        name = self.attended.setdefault(key, f"p[{len(self.attended) + 1}]")
        given = Blocked(self, (rows,), (cols,), {(0, 0): scores} if scores else {})
        letter = self._letter(name, rows, cols, lambda at: at.field.weights(at.matrix(given)), reach=self._reached(given))
        column, across = self._ones_column(rows), self._ones_column(cols)
        ((_, left),) = column.transpose().terms
        ((_, right),) = across.transpose().terms
        self.normaliser.add(left[0], letter, ONE, UNIT, right)
        return self._form(letter)

    def _form(self, letter: Letter) -> Form:
        coefficient, monomial, word = self.normaliser.word((letter,))
        return Form(self.normaliser, {(monomial, word): coefficient})


def _written(matrix: Blocked[Form]) -> str:
    """A matrix as it is named in a hypothesis."""
    size = range(len(matrix.rows))
    lines = [", ".join(str(matrix.blocks.get((i, j), 0)) for j in size) for i in size]
    return lines[0] if len(lines) == 1 else f"[{', '.join(f'[{line}]' for line in lines)}]"


def _assignments(sizes: Sequence[Size]) -> Iterator[dict[str, int]]:
    """Small sizes: all up to 3 where there are few, else turns of 2, 3, …; with all equal among them."""
    names = [size.name for size in sizes]
    if len(names) <= 3:
        yield from (dict(zip(names, numbers, strict=True)) for numbers in product((1, 2, 3), repeat=len(names)))
        return
    pool = list(range(2, 2 + len(names)))
    for order in (pool, pool[::-1]):
        yield from (dict(zip(names, order[turn:] + order[:turn], strict=True)) for turn in range(len(names)))
    yield dict.fromkeys(names, 2)
