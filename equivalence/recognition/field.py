"""Exact arithmetic on arrays: FLINT's rationals, or SymPy's field of what occurs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import flint
import numpy as np
import sympy
from sympy.polys.domains.domainelement import DomainElement
from sympy.polys.matrices import DomainMatrix

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


def rational(number: flint.fmpq) -> sympy.Rational:
    """FLINT's rational as SymPy's."""
    return sympy.Rational(int(number.p), int(number.q))


def _fmpq(value: sympy.Rational | int) -> flint.fmpq:
    return flint.fmpq(value) if isinstance(value, int) else flint.fmpq(int(value.p), int(value.q))


def _reduced_rationals(array: Array) -> tuple[Array, tuple[int, ...]]:
    form, rank = flint.fmpq_mat(array.tolist()).rref()
    rows = np.array(form.tolist(), dtype=object).reshape(array.shape)
    return rows, tuple(next(j for j, entry in enumerate(rows[i]) if entry) for i in range(rank))


RATIONALS = ExactField(_fmpq, rational, _reduced_rationals)


def field_of(entries: Iterable[sympy.Expr]) -> ExactField:
    """The smallest field that holds them all; `RATIONALS` itself where they are rational."""
    numbers = list(entries)
    if all(number.is_Rational for number in numbers):
        return RATIONALS
    domain = sympy.construct_domain(numbers, field=True, extension=True)[0]

    def reduced(array: Array) -> tuple[Array, tuple[int, ...]]:
        form, pivots = DomainMatrix(array.tolist(), array.shape, domain).rref()
        return np.array(form.to_list(), dtype=object).reshape(array.shape), tuple(pivots)

    return ExactField(lambda value: domain.from_sympy(sympy.sympify(value)), lambda value: domain.to_sympy(domain.convert(value)), reduced)
