"""Entrywise products of canonical forms: known where a factor has rank one, else a letter of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from equivalence.algebras.canonical import UNIT, Form, Letter, Normaliser, Word, times, transposed
from equivalence.algebras.sizes import Part

Factors = tuple[Word, ...]


@dataclass
class Entrywise:
    """The entrywise products that one algebra has made.

    A product of words is known where one of them is ``D1(D'1)ᵀ`` with diagonal D, D' (then it is ``D · D'``), or all are of rank one across
    a join of size 1 (then it goes factor by factor). Any other is a letter for its collection of words.

    Attributes:
        diagonals: the names of diagonal letters.
        made: the letter that stands for a collection of words.
        factors: the collection that a letter stands for, by its name.
    """

    normaliser: Normaliser
    letter: Callable[[Factors, Part, Part, bool], Letter]
    diagonals: set[str] = field(default_factory=set)
    made: dict[Factors, Letter] = field(default_factory=dict)
    factors: dict[str, Factors] = field(default_factory=dict)

    def product(self, left: Form, right: Form, rows: Part, cols: Part) -> Form:
        """The entrywise product of two forms, rows x cols."""
        total = Form(self.normaliser, {})
        for (monomial, word), coefficient in left.terms.items():
            for (other, second), factor in right.terms.items():
                scale = Form(self.normaliser, {(times(monomial, other), ()): coefficient * factor})
                total = total + scale * self._words(word, second, rows, cols)
        return total

    def _words(self, word: Word, other: Word, rows: Part, cols: Part) -> Form:
        if rows == cols == 1:
            return self._form(word) * self._form(other)
        for outer, inner in ((word, other), (other, word)):
            if (sides := self._diagonals(outer, rows, cols)) is not None:
                return self._form(sides[0]) * self._form(inner) * self._form(sides[1])
        cut, other_cut = _join(word), _join(other)
        if cut and other_cut:
            down = self._words(word[:cut], other[:other_cut], rows, 1)
            return down * self._words(word[cut:], other[other_cut:], 1, cols)
        return self._collected((*self._factors_of(word), *self._factors_of(other)), rows, cols)

    def _diagonals(self, word: Word, rows: Part, cols: Part) -> tuple[Word, Word] | None:
        """D and D' of ``D1(D'1)ᵀ``; a side of size 1 has neither."""
        cut = len(word) if cols == 1 else 0 if rows == 1 else _join(word)
        if cut is None:
            return None
        left, right = word[:cut], word[cut:]
        down = () if rows == 1 else self._before_ones(left)
        across = () if cols == 1 else self._before_ones(transposed(right))
        return None if down is None or across is None else (down, transposed(across))

    def _before_ones(self, word: Word) -> Word | None:
        if not word or word[-1].name != f"1[{word[-1].rows}]" or any(letter.name not in self.diagonals for letter in word[:-1]):
            return None
        return word[:-1]

    def _factors_of(self, word: Word) -> Factors:
        if len(word) == 1 and word[0].name in self.factors:
            known = self.factors[word[0].name]
            return tuple(map(transposed, known)) if word[0].transposed else known
        return (word,)

    def _collected(self, words: Factors, rows: Part, cols: Part) -> Form:
        if not any(words):
            return self._form(())
        given, turned = tuple(sorted(words)), tuple(sorted(map(transposed, words)))
        symmetric = given == turned or () in words
        key = min(given, turned)
        if key not in self.made:
            shape = (rows, cols) if key == given else (cols, rows)
            self.made[key] = self.letter(key, *shape, symmetric)
            self.factors[self.made[key].name] = key
        letter = self.made[key]
        return self._form((letter if key == given else letter.transpose(),))

    def _form(self, word: Word) -> Form:
        coefficient, monomial, normal = self.normaliser.word(word)
        return Form(self.normaliser, {(times(UNIT, monomial), normal): Fraction(1) * coefficient})


def _join(word: Word) -> int | None:
    """Where a join of size 1 cuts a word in two."""
    return next((place for place in range(1, len(word)) if word[place].rows == 1), None)
