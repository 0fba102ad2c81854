"""The degree reading bounds what it says it bounds, and the certificate's error bound follows from it."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import sympy

from equivalence.algebras import DegreeAlgebra, exact
from equivalence.algebras.blocks import Blocked
from equivalence.algebras.degree import Degree, Determinant, bits, error_bound, primes_in_range
from tests.support.expressions import Programs, value

SIZES = {"d": 2, "N": 3, "one": 1}


def numerator(entry: Any, bound: Degree) -> sympy.Expr:
    """An entry times the denominator that the bound gives."""
    denominator = sympy.Mul(*(factor(atom) ** power for atom, power in bound.denominator))
    return sympy.expand(sympy.cancel(entry * denominator))


def factor(atom: Any) -> sympy.Expr:
    """A factor of a denominator: a number, a symbol, or the determinant of the matrix that it is of."""
    if isinstance(atom, Determinant):
        return exact.generator(atom.of, atom.degree, atom.degree).det()
    return sympy.Symbol(atom) if isinstance(atom, str) else sympy.Integer(atom)


def degree_of(numerator: sympy.Expr) -> int:
    symbols = sorted(numerator.free_symbols, key=str) or [sympy.Symbol("x")]
    return sympy.Poly(numerator, *symbols).total_degree()


def is_bounded(entry: Any, bound: Degree) -> bool:
    """Whether the numerator is a polynomial over the integers, of the degree and height given or less."""
    found = numerator(entry, bound)
    if not found.is_polynomial():
        return False
    coefficients = found.as_coefficients_dict().values()
    integral = all(coefficient.is_Integer for coefficient in coefficients)
    return integral and degree_of(found) <= bound.degree and sum(map(abs, coefficients)) <= 2**bound.height


def entries(result: Any) -> list[Any]:
    return list(result) if isinstance(result, sympy.MatrixBase) else [result]


def bound_of(result: Any) -> Degree:
    """The bound of a matrix of one block, or of a scalar; an absent block is zero."""
    return result.blocks.get((0, 0), Degree(1, 1, 0, 0)) if isinstance(result, Blocked) else result


@pytest.mark.parametrize("invertible", [False, True])
def test_degree_height_and_denominator_bound_every_entry(invertible: bool) -> None:
    programs, tight = Programs(Random(11), invertible=invertible), 0
    for number in range(150):
        program = programs.any(*(("d", "N"), ("one", "d"), ("", ""))[number % 3], 3)
        bound = bound_of(value(program, DegreeAlgebra(), SIZES))
        found = entries(value(program, exact, SIZES))
        assert all(is_bounded(entry, bound) for entry in found), program
        tight += any(degree_of(numerator(entry, bound)) == bound.degree for entry in found)
    assert tight > 75, "a bound that is never reached would not show a mistake"


@pytest.mark.parametrize("change", ["degree", "height", "denominator"])
def test_a_bound_too_low_is_seen(change: str) -> None:
    algebra = DegreeAlgebra()

    def program(reading: Any) -> Any:
        return reading.trace(reading.scalar(6) / reading.symbol("s") * reading.generator("A", 2, 2))

    (entry,), bound = entries(program(exact)), program(algebra)
    lower = {"degree": bound.degree - 1, "height": 3, "denominator": ()}[change]
    assert is_bounded(entry, bound)
    assert not is_bounded(entry, replace(bound, **{change: lower}))


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_an_inverse_is_the_adjugate_over_the_determinant(size: int) -> None:
    """Both bounds are reached: degree n − 1 and (n − 1)! terms above, degree n and n! terms below."""
    (_, bound) = (side.blocks[0, 0] for side in DegreeAlgebra().invertible("T", size))
    T, inverse = exact.invertible("T", size)
    assert all(is_bounded(entry, bound) for entry in inverse)
    assert {degree_of(numerator(entry, bound)) for entry in inverse} == {bound.degree}
    ((determinant, power),) = bound.denominator
    assert isinstance(determinant, Determinant)
    assert (power, degree_of(T.det()), len(T.det().as_ordered_terms())) == (1, determinant.degree, math.factorial(size))
    assert math.factorial(size) <= 2**determinant.height < 2 * math.factorial(size)


def test_a_sum_with_an_inverse_is_over_its_determinant() -> None:
    """T + T⁻¹ at n = 2: over det T, T has degree 1 + 2 and two terms, T⁻¹ has degree 1 and one, so the sum has degree 3 and height 2."""
    T, inverse = DegreeAlgebra().invertible("T", 2)
    total = (T + inverse).blocks[0, 0]
    assert (total.degree, total.height, [power for _, power in total.denominator]) == (3, 2, [1])
    assert [power for _, power in (inverse @ inverse).blocks[0, 0].denominator] == [2]


def test_a_symbol_is_one_by_one_and_scales_without_a_sum() -> None:
    algebra = DegreeAlgebra()
    symbol, block = algebra.symbol("s"), algebra.generator("A", 3, 2).blocks[0, 0]
    assert (symbol.rows, symbol.cols) == (1, 1)
    scaled = symbol * block
    assert (scaled.rows, scaled.cols, scaled.degree, scaled.height) == (3, 2, 2, 0)
    product = symbol * (algebra.generator("B", 5, 3).blocks[0, 0] * block)
    assert (product.rows, product.height) == (5, 2)


def test_the_formula_of_the_error_bound() -> None:
    """degree / 2^62 for the point, and for the prime: how many of at least 2^62 can divide 2^height, over how many there are."""
    left, right = Degree(1, 1, 5, 200), Degree(1, 1, 7, 100)
    assert error_bound(left, right, 62) == 7 / 2**62 + (201 // 62) / primes_in_range()
    assert error_bound(Degree(1, 1, 0, 61), Degree(1, 1, 0, 0), 62) == 1 / primes_in_range()
    assert error_bound(Degree(1, 1, 0, 60), Degree(1, 1, 0, 0), 62) == 0


def test_the_worst_block_bounds_a_matrix() -> None:
    algebra = DegreeAlgebra()
    A, B = algebra.generator("A", 3, 2), algebra.generator("B", 2, 3)
    both, low = algebra.block([[A @ B, algebra.zeros(3, 1)]]), algebra.zeros(3, (3, 1))
    assert error_bound(both, low, 62) == error_bound((A @ B).blocks[0, 0], (A @ B).blocks[0, 0], 62) == 2 / 2**62
    assert error_bound(low, low, 62) == 0


def test_the_number_of_primes_is_a_lower_bound_and_a_close_one() -> None:
    """Against the logarithmic integral, within √x log x by far at this height; and against the same formula where primes can be counted."""
    near = float(sympy.li(2**63) - sympy.li(2**62))
    assert 0.99 * near < primes_in_range() < near
    assert 2**56 < primes_in_range() < 2**57


def test_dusarts_inequalities_hold_where_primes_can_be_counted() -> None:
    for x in (60184, 2**17, 2**20):
        count = sympy.primepi(x)
        assert x / (math.log(x) - 1) <= count <= x / (math.log(x) - 1.1)


@pytest.mark.parametrize(("count", "log"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (2**62, 62), (2**62 + 1, 63)])
def test_bits_round_up(count: int, log: int) -> None:
    assert bits(count) == log
    assert count <= 2**log


def test_division_by_a_sum_is_refused() -> None:
    algebra = DegreeAlgebra()
    one, s = algebra.scalar(1), algebra.symbol("s")
    for divisor in (one + s, algebra.scalar(0), algebra.trace(algebra.eye(2))):
        with pytest.raises(ValueError, match="division: expected a number or a product of symbols, got a sum"):
            one / divisor
