r"""Equality of canonical forms under relations, such as ``V(XXᵀ) = I`` for a letter V that stands for an inverse.

A *relation* is a form that is zero. A form vanishes under relations if it is a combination ``Σ c m p R q`` of them, with rationals c,
monomials m and words p and q; and of their traces. Which p and q to try is read off the words that occur, and whether some combination is
the form is linear algebra over the rationals, done by adding forms.

So nothing is believed but the relations and the arithmetic of forms: no order of words, no confluence, no termination. It is sound, and not
complete: a form that is found to be no such combination may vanish all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush

from equivalence.algebras.canonical import UNIT, Atom, Form, Letter, Monomial, Term, Word, times, transposed
from equivalence.algebras.sizes import Part, Size

MOST = 2000
"""How many instances are tried at most."""


@dataclass(frozen=True)
class Relation:
    """A form that is zero, rows x cols.

    Attributes:
        form: the form.
        rows, cols: its sizes.
        of: the letters that it was made for: it is of use only where one of them occurs.
    """

    form: Form
    rows: Part
    cols: Part
    of: frozenset[str]

    @property
    def longest(self) -> int:
        """How many letters its longest term has."""
        return max(map(_length, self.form.terms))

    def transpose(self) -> Relation:
        """The transposed relation."""
        return Relation(self.form.transpose(), self.cols, self.rows, self.of)


@dataclass(frozen=True)
class Place:
    """Where an instance of a relation stands: between two words, or in a trace beside a word; times a monomial.

    It grows where what stands there is not the longest of the relation's terms.
    """

    relation: int
    monomial: Monomial
    left: Word
    right: Word
    beside: Word | None = None
    grows: bool = field(default=False, compare=False)


@dataclass
class Span:
    """What instances of relations add up to: in echelon form, each by its leading term."""

    leading: dict[Term, Form] = field(default_factory=dict)
    order: dict[Term, tuple[int, int]] = field(default_factory=dict)

    def reduced(self, form: Form) -> Form:
        """The form, less a combination of what is spanned; zero if it is one."""
        while known := [term for term in form.terms if term in self.leading]:
            term = max(known, key=self._rank)
            pivot = self.leading[term]
            form = form - _times(form.terms[term] / pivot.terms[term], pivot)
        return form

    def add(self, form: Form) -> None:
        """Span one form more."""
        if (rest := self.reduced(form)).terms:
            self.leading[max(rest.terms, key=self._rank)] = rest

    def _rank(self, term: Term) -> tuple[int, int]:
        return self.order.setdefault(term, (_length(term), len(self.order)))


def letters_of(form: Form) -> Iterator[Letter]:
    """All letters of a form, those in traces too."""
    for monomial, word in form.terms:
        yield from word
        for atom, _ in monomial:
            if isinstance(atom, tuple):
                yield from atom


def vanishes(form: Form, rows: Part, relations: Sequence[Relation]) -> bool:
    """Whether a form with so many rows is found to be zero under the relations.

    Instances that make a term shorter are tried before those that make it longer, and short ones before long ones.
    """
    relations = _of_use(form, relations)
    span, waiting, tried = Span(), list[tuple[int, int, int, Place]](), set[Place]()
    seen: set[Term] = set()

    def look_at(terms: Iterable[Term], grown: int) -> None:
        new = [term for term in terms if term not in seen]
        seen.update(new)
        for place in (place for term in new for place in _places(term, rows, relations) if place not in tried):
            tried.add(place)
            heappush(waiting, (grown + place.grows, _reach(place, relations[place.relation]), len(tried), place))

    look_at(form.terms, 0)
    for _ in range(MOST):
        if not form.terms or not waiting:
            break
        grown, _, _, place = heappop(waiting)
        instance = _instance(form, place, relations)
        span.add(instance)
        form = span.reduced(form)
        look_at(instance.terms, grown)
    return not form.terms


def _reach(place: Place, relation: Relation) -> int:
    """How many letters the longest term of an instance has, before anything cancels."""
    around = _length((place.monomial, place.left + place.right + (place.beside or ())))
    return around + relation.longest


def _of_use(form: Form, relations: Sequence[Relation]) -> list[Relation]:
    """The relations of the form's letters, and of the letters of these, and so on."""
    names, chosen = {letter.name for letter in letters_of(form)}, list[Relation]()
    while more := [relation for relation in relations if relation not in chosen and relation.of & names]:
        chosen += more
        names |= {letter.name for relation in more for letter in letters_of(relation.form)}
    return chosen


def _length(term: Term) -> int:
    monomial, word = term
    return len(word) + sum(len(atom) * abs(power) for atom, power in monomial if isinstance(atom, tuple))


def _places(term: Term, rows: Part, relations: Sequence[Relation]) -> Iterator[Place]:
    """Where a term may be one of an instance's."""
    monomial, word = term
    for number, relation in enumerate(relations):
        for before, pattern in relation.form.terms:
            grows = _length((before, pattern)) < relation.longest
            for left, right in _around(pattern, word, rows, relation):
                if (rest := _divided(monomial, before)) is not None:
                    yield Place(number, rest, left, right, grows=grows)
            for atom, inner in _within(pattern, monomial, relation):
                if (rest := _divided(monomial, times(before, frozenset({(atom, 1)})))) is not None:
                    yield Place(number, rest, (), inner, word, grows=grows)


def _around(pattern: Word, word: Word, rows: Part, relation: Relation) -> Iterator[tuple[Word, Word]]:
    """What stands left and right of a pattern in a word, where the relation's sizes fit."""
    if relation.rows == relation.cols == 1:
        yield word, ()
        return
    for start in range(len(word) - len(pattern) + 1):
        left, right = word[:start], word[start + len(pattern) :]
        before = left[-1].cols if left else rows
        after = right[0].rows if right else word[-1].cols if word else rows
        if word[start : start + len(pattern)] == pattern and (before, after) == (relation.rows, relation.cols):
            yield left, right


def _within(pattern: Word, monomial: Monomial, relation: Relation) -> Iterator[tuple[Atom, Word]]:
    """The traces in which a pattern stands, and what else stands in them; a size is the trace of an identity."""
    for atom, exponent in monomial:
        if isinstance(atom, Size) and not pattern and atom == relation.rows == relation.cols:
            yield atom, ()
        if not isinstance(atom, tuple) or exponent < 1:
            continue
        for turned in (atom[i:] + atom[:i] for atom in {atom, transposed(atom)} for i in range(len(atom))):
            inner = turned[len(pattern) :]
            sizes = (inner[-1].cols, inner[0].rows) if inner else (turned[0].rows, turned[0].rows)
            if turned[: len(pattern)] == pattern and sizes == (relation.rows, relation.cols):
                yield atom, inner


def _divided(monomial: Monomial, divisor: Monomial) -> Monomial | None:
    """The quotient, if nothing is divided by but sizes and symbols, which are not zero."""
    quotient = times(monomial, frozenset((atom, -exponent) for atom, exponent in divisor))
    exponents = dict(monomial)
    ok = all(power >= min(0, exponents.get(atom, 0)) for atom, power in quotient if isinstance(atom, tuple))
    return quotient if ok else None


def _instance(form: Form, place: Place, relations: Sequence[Relation]) -> Form:
    relation = relations[place.relation]

    def term(monomial: Monomial, word: Word) -> Form:
        return Form(form.normaliser, {(monomial, word): Fraction(1)})

    if place.beside is None:
        return term(place.monomial, place.left) * relation.form * term(UNIT, place.right)
    return term(place.monomial, place.beside) * (relation.form * term(UNIT, place.right)).trace(relation.rows)


def _times(number: Fraction, form: Form) -> Form:
    return Form(form.normaliser, {term: number * coefficient for term, coefficient in form.terms.items()})
