r"""The canonical form: a polynomial in matrices of unknown size, written in one way only.

A form is a map from (monomial, word) to a rational. A *word* is a product of letters (generators and their transposes);
the empty word is the identity. A *monomial* is a product of commuting atoms with integer exponents: symbols, sizes
(``1ᵀ1 = N``, ``tr I = N``), and traces, each the word up to rotation and transposition. Two things make the form unique:

* a join of size 1 cuts a word: what stands between two such joins is a 1 x 1 matrix, hence a scalar, hence an atom;
* rewrites of two neighbouring letters (``T T⁻¹ → I``, ``1ᵀ1 → N``) are applied until none fits.

**What is decided.** When every size is 1 or a symbol of its own, no rewrite but ``1ᵀ1`` is in play and generators are
arbitrary or symmetric, two polynomials are equal for all sizes if and only if their forms are the same (Amitsur and
Levitzki 1950; with transposes and traces, Procesi 1976). With fixed sizes above 1 or rewrites, equal forms still prove
equality, but different forms prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from equivalence.algebras.rationals import is_number
from equivalence.algebras.sizes import Part, Size


class Letter(NamedTuple):
    """A generator or its transpose. Within one algebra a name determines sizes and symmetry."""

    name: str
    transposed: bool
    rows: Part
    cols: Part
    symmetric: bool = False

    def transpose(self) -> Letter:
        """The letter of the transpose; a symmetric letter is its own."""
        return self if self.symmetric else Letter(self.name, not self.transposed, self.cols, self.rows)

    def __hash__(self) -> int:
        return hash((self.name, self.transposed))

    def __str__(self) -> str:
        return self.name + ("ᵀ" if self.transposed else "")


Word = tuple[Letter, ...]
Atom = str | Size | Word
Monomial = frozenset[tuple[Atom, int]]
Term = tuple[Monomial, Word]
Normal = tuple[Fraction, Monomial, Word]

UNIT: Monomial = frozenset()
ONE = Fraction(1)
"""Told from other fractions by its identity, since most coefficients are this one, and a product of fractions takes long."""


def times(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials."""
    if not left or not right:
        return left or right
    exponents = dict(left)
    for atom, exponent in right:
        exponents[atom] = exponents.get(atom, 0) + exponent
    return frozenset((atom, exponent) for atom, exponent in exponents.items() if exponent)


def scaled(coefficient: Fraction, monomial: Monomial, factor: Fraction, more: Monomial, word: Word) -> Normal:
    """A word with its coefficient and monomial, multiplied by a coefficient and a monomial."""
    product = coefficient if factor is ONE else factor if coefficient is ONE else coefficient * factor
    return product, times(monomial, more), word


def transposed(word: Word) -> Word:
    """The word of the transposed product."""
    return tuple(letter.transpose() for letter in reversed(word))


def one_of_size(size: Part) -> tuple[Fraction, Monomial]:
    """A size as a coefficient and a monomial: a number is a number, a `Size` is an atom (not the symbol of that name)."""
    return (Fraction(size), UNIT) if isinstance(size, int) else (ONE, frozenset({(size, 1)}))


@dataclass(eq=False)
class Normaliser:
    """The rewrites in force, and the words already brought to normal form.

    Attributes:
        rewrites: two neighbouring letters, and what replaces them: a coefficient, a monomial and a word.
    """

    rewrites: dict[tuple[Letter, Letter], Normal] = field(default_factory=dict)
    seen: dict[Word, Normal] = field(default_factory=dict)

    def add(self, left: Letter, right: Letter, coefficient: Fraction, monomial: Monomial, word: Word) -> None:
        """Declare a rewrite, and its transpose. Results found without it are forgotten."""
        self.rewrites[left, right] = (coefficient, monomial, word)
        self.rewrites[right.transpose(), left.transpose()] = (coefficient, monomial, transposed(word))
        self.seen.clear()

    def word(self, word: Word) -> Normal:
        """Coefficient, monomial and word that a product of letters equals."""
        if word not in self.seen:
            self.seen[word] = self._cut(*self._rewritten(word))
        return self.seen[word]

    def trace(self, word: Word, size: Part) -> tuple[Fraction, Monomial]:
        """The trace of a product, of the given number of rows: rotated until nothing meets across the seam."""
        coefficient, monomial, word = self.word(word)
        while len(word) > 1 and (word[-1], word[0]) in self.rewrites:
            size = word[-1].rows
            coefficient, monomial, word = scaled(coefficient, monomial, *self.word(word[-1:] + word[:-1]))
        if not word:
            return scaled(coefficient, monomial, *one_of_size(size), ())[:2]
        joins = [i for i, letter in enumerate(word) if letter.rows == 1]
        if joins:
            return scaled(coefficient, monomial, *self.word(word[joins[0] :] + word[: joins[0]]))[:2]
        turns = (turned[i:] + turned[:i] for turned in (word, transposed(word)) for i in range(len(word)))
        return coefficient, times(monomial, frozenset({(min(turns), 1)}))

    def _rewritten(self, word: Word) -> Normal:
        coefficient, monomial = ONE, UNIT
        done: list[Letter] = []
        waiting = list(reversed(word))
        while waiting:
            letter = waiting.pop()
            if done and (done[-1], letter) in self.rewrites:
                rewrite = self.rewrites[done.pop(), letter]
                coefficient, monomial, replacement = scaled(coefficient, monomial, *rewrite)
                waiting.extend(reversed(replacement))
            else:
                done.append(letter)
        return coefficient, monomial, tuple(done)

    def _cut(self, coefficient: Fraction, monomial: Monomial, word: Word) -> Normal:
        """Take out what stands between joins of size 1, each a scalar that equals its transpose."""
        cuts = [i for i, letter in enumerate(word) if letter.rows == 1]
        if word and word[-1].cols == 1:
            cuts.append(len(word))
        if len(cuts) < 2:
            return coefficient, monomial, word
        for start, end in pairwise(cuts):
            inner = word[start:end]
            monomial = times(monomial, frozenset({(min(inner, transposed(inner)), 1)}))
        return scaled(coefficient, monomial, *self.word(word[: cuts[0]] + word[cuts[-1] :]))


class Form:
    """A matrix polynomial in canonical form; one whose words are all empty is a scalar.

    Attributes:
        terms: (monomial, word) to coefficient, no coefficient zero.
        normaliser: the rewrites in force, shared by all forms of an algebra.
    """

    __slots__ = ("normaliser", "terms")

    def __init__(self, normaliser: Normaliser, terms: Mapping[Term, Fraction]):
        self.normaliser, self.terms = normaliser, terms

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and self.terms == other.terms

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Form | Fraction | int) -> Form:
        if (form := self._form_of(other)) is None:
            return NotImplemented
        return self._collected([*self.terms.items(), *form.terms.items()])

    def __neg__(self) -> Form:
        return Form(self.normaliser, {term: -coefficient for term, coefficient in self.terms.items()})

    def __sub__(self, other: Form | Fraction | int) -> Form:
        return NotImplemented if (form := self._form_of(other)) is None else self + -form

    def __mul__(self, other: Form | Fraction | int) -> Form:
        if (form := self._form_of(other)) is None:
            return NotImplemented
        return self._collected(
            self._scaled(times(m, m2), c * c2, self.normaliser.word(w + w2))
            for (m, w), c in self.terms.items()
            for (m2, w2), c2 in form.terms.items()
        )

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Fraction | int) -> Form:
        return -self + other

    def __truediv__(self, other: Form | Fraction | int) -> Form:
        """Division by a number or a product of symbols."""
        if (form := self._form_of(other)) is None:
            return NotImplemented
        if len(form.terms) != 1:
            raise ValueError(f"division: expected a number or a product of symbols, got {other}")
        (((monomial, word), coefficient),) = form.terms.items()
        if word or any(isinstance(atom, tuple) for atom, _ in monomial):
            raise ValueError(f"division: expected a number or a product of symbols, got {other}")
        inverse = frozenset((atom, -exponent) for atom, exponent in monomial)
        return self._collected(((times(m, inverse), w), c / coefficient) for (m, w), c in self.terms.items())

    def __rtruediv__(self, other: Fraction | int) -> Form:
        return NotImplemented if (form := self._form_of(other)) is None else form / self

    def transpose(self) -> Form:
        """The transpose."""
        return self._collected(self._scaled(monomial, c, self.normaliser.word(transposed(w))) for (monomial, w), c in self.terms.items())

    def trace(self, size: Part) -> Form:
        """The trace of a square block of the given size, a scalar."""
        return self._collected(self._scaled(monomial, c, (*self.normaliser.trace(w, size), ())) for (monomial, w), c in self.terms.items())

    def _form_of(self, other: object) -> Form | None:
        """The other operand: a form of the same algebra, or a whole number or fraction as one."""
        if not isinstance(other, Form):
            return Form(self.normaliser, {(UNIT, ()): Fraction(other)} if other else {}) if is_number(other) else None
        if other.normaliser is not self.normaliser:
            raise TypeError(f"expected two forms of the same algebra, got {self} and {other} of two algebras")
        return other

    @staticmethod
    def _scaled(monomial: Monomial, coefficient: Fraction, normal: Normal) -> tuple[Term, Fraction]:
        coefficient, monomial, word = scaled(coefficient, monomial, *normal)
        return (monomial, word), coefficient

    def _collected(self, terms: Iterable[tuple[Term, Fraction]]) -> Form:
        total: dict[Term, Fraction] = {}
        for term, coefficient in terms:
            known = total.get(term)
            total[term] = coefficient if known is None else known + coefficient
        return Form(self.normaliser, {term: coefficient for term, coefficient in total.items() if coefficient})

    def __str__(self) -> str:
        return " + ".join(sorted(map(_written, self.terms.items()))) or "0"

    __repr__ = __str__


def _written(item: tuple[Term, Fraction]) -> str:
    (monomial, word), coefficient = item
    atoms = sorted((f"tr({' '.join(map(str, atom))})" if isinstance(atom, tuple) else str(atom), power) for atom, power in monomial)
    factors = [name if power == 1 else f"{name}^{power}" for name, power in atoms] + [str(letter) for letter in word]
    return " ".join(([str(coefficient)] if coefficient != 1 or not factors else []) + factors)
