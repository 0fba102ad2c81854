"""Exact arithmetic on arrays: FLINT's rationals, or SymPy's field of what occurs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

import flint
import numpy as np
import sympy
from sympy.polys.domains.domain import Domain
from sympy.polys.domains.domainelement import DomainElement
from sympy.polys.matrices import DomainMatrix

from equivalence.recognition.entries import is_algebraic, is_root, parts, rational, unfit

Array = np.ndarray
Matrix: TypeAlias = sympy.MatrixBase | np.ndarray
"""Of exact numbers, or of floats (and of Fractions)."""


class ExactField(NamedTuple):
    """FLINT rationals where all entries are rational, else SymPy's field of what occurs (symbols, roots).

    Attributes:
        number: a SymPy number or expression, or a Python integer, as an element.
        to_sympy: an element as a SymPy expression.
        reduced: the reduced row echelon form of an array of elements, and its pivot columns.
    """

    number: Callable[[sympy.Expr | int], flint.fmpq | DomainElement]
    to_sympy: Callable[[flint.fmpq | DomainElement], sympy.Expr]
    reduced: Callable[[Array], tuple[Array, tuple[int, ...]]]

    def array(self, rows: Iterable[Iterable[sympy.Expr | int]]) -> Array:
        """A matrix of elements from a matrix of what `number` takes."""
        return np.array([[self.number(entry) for entry in row] for row in rows], dtype=object)

    def matrix(self, array: Array) -> sympy.ImmutableDenseMatrix:
        """A matrix of elements as a SymPy matrix."""
        return sympy.ImmutableDenseMatrix(*array.shape, [self.to_sympy(entry) for entry in array.ravel()])


def _fmpq(value: sympy.Rational | int) -> flint.fmpq:
    return flint.fmpq(value) if isinstance(value, int) else flint.fmpq(int(value.p), int(value.q))


def _reduced_rationals(array: Array) -> tuple[Array, tuple[int, ...]]:
    form, rank = flint.fmpq_mat(array.tolist()).rref()
    rows = np.array(form.tolist(), dtype=object).reshape(array.shape)
    return rows, tuple(next(j for j, entry in enumerate(rows[i]) if entry) for i in range(rank))


RATIONALS = ExactField(_fmpq, rational, _reduced_rationals)


def field_of(entries: Iterable[sympy.Expr]) -> ExactField:
    """The smallest field that holds them all; `RATIONALS` itself where they are rational.

    Over the real algebraic numbers that occur, its generators are π, the symbols, and the least roots of symbols that are needed.

    Raises:
        ValueError: an entry that has other parts.
    """
    found = {part for number in set(entries) for part in parts(number)}
    if not found:
        return RATIONALS
    if why := next(filter(None, map(unfit, found)), ""):
        raise ValueError(f"layer, initial: expected exact finite numbers or symbols: {why}")
    numbers = sorted(filter(is_algebraic, found), key=sympy.default_sort_key)
    roots = _roots(found - {*numbers})
    base = sympy.construct_domain(numbers, field=True, extension=True)[0] if numbers else sympy.QQ
    return _field_over(base.frac_field(*(dummy or letter for letter, (dummy, _) in roots.items())) if roots else base, roots)


def _roots(found: Iterable[sympy.Expr]) -> dict[sympy.Expr, tuple[sympy.Dummy | None, int]]:
    """Of which root each letter is a power: its name, none where it is the letter itself, and its order."""
    orders: dict[sympy.Expr, int] = {}
    for part in sorted(found, key=sympy.default_sort_key):
        letter, order = (part.base, part.exp.q) if is_root(part) else (part, 1)
        orders[letter] = math.lcm(orders.get(letter, 1), order)
    return {letter: (sympy.Dummy(f"root_{letter}") if order > 1 else None, order) for letter, order in orders.items()}


def _field_over(domain: Domain, roots: Mapping[sympy.Expr, tuple[sympy.Dummy | None, int]]) -> ExactField:
    powers = {letter: (dummy, order) for letter, (dummy, order) in roots.items() if dummy}
    back = {dummy: letter ** sympy.Rational(1, order) for letter, (dummy, order) in powers.items()}

    def number(value: sympy.Expr | int) -> DomainElement:
        value = sympy.Integer(value) if isinstance(value, int) else value
        bare = {letter: dummy**order for letter, (dummy, order) in powers.items()}
        within = {part: powers[part.base][0] ** (powers[part.base][1] * part.exp) for part in value.atoms(sympy.Pow) if part.base in powers}
        try:
            return domain.from_sympy(value.xreplace({**bare, **within}))
        except ZeroDivisionError:
            raise ValueError(f"layer, initial: expected exact finite numbers, got {value}, whose denominator is 0") from None

    def reduced(array: Array) -> tuple[Array, tuple[int, ...]]:
        form, pivots = DomainMatrix(array.tolist(), array.shape, domain).rref()
        return np.array(form.to_list(), dtype=object).reshape(array.shape), tuple(pivots)

    return ExactField(number, lambda value: domain.to_sympy(domain.convert(value)).xreplace(back), reduced)
