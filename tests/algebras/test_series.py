"""Truncated series: against SymPy's polynomials and expansions, and what they refuse."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from equivalence.algebras import Rational, exact
from equivalence.algebras.flint import dense
from equivalence.algebras.series import exponential, inverse, product
from equivalence.strategies.draws import matrices, nonzero_rationals, rationals

T = sympy.Symbol("t")
ONE, ZERO = Fraction(1), Fraction(0)


def coefficients(length: int) -> st.SearchStrategy[list[Fraction]]:
    return st.lists(rationals(), min_size=length, max_size=length)


def expanded(expression: sympy.Expr, length: int) -> list[Fraction]:
    """SymPy's coefficients of t⁰ … of a function that is regular at 0."""
    series = sympy.series(expression, T, 0, length).removeO()
    return [Fraction(int(c.p), int(c.q)) for c in (series.coeff(T, order) for order in range(length))]


def polynomial(series: Any) -> sympy.Expr:
    return sum(sympy.Rational(c.numerator, c.denominator) * T**order for order, c in enumerate(series))


@given(pair=st.integers(1, 6).flatmap(lambda length: st.tuples(coefficients(length), coefficients(length))))
def test_the_product_is_the_truncated_product_of_polynomials(pair: tuple[list[Fraction], list[Fraction]]) -> None:
    left, right = pair
    found = sympy.Poly(polynomial(left) * polynomial(right), T).all_coeffs()[::-1]
    padded = [*found, *[sympy.Integer(0)] * len(left)][: len(left)]
    assert list(product(left, right)) == [Fraction(int(c.p), int(c.q)) for c in padded]


def test_higher_orders_are_dropped() -> None:
    assert product([ZERO, ONE], [ZERO, ONE]) == (0, 0)
    assert product([ZERO, ONE, ZERO], [ZERO, ONE, ZERO]) == (0, 0, 1)


@given(leading=nonzero_rationals(), rest=st.integers(0, 5).flatmap(coefficients))
def test_the_inverse_times_the_series_is_one(leading: Fraction, rest: list[Fraction]) -> None:
    series = [leading, *rest]
    one = (ONE, *[ZERO] * len(rest))
    found = inverse(series, ONE)
    assert product(series, found) == one
    assert product(found, series) == one
    off = (*found[:-1], found[-1] + 1)
    assert product(series, off) != one


@pytest.mark.parametrize("series", [[1, 1, 0, 0, 0, 0], [2, 0, -3, 0, 1, 0], [Fraction(-1, 2), 1, Fraction(1, 3), 0, 0, 5]])
def test_the_inverse_against_sympy(series: list[Any]) -> None:
    assert list(inverse([Fraction(c) for c in series], ONE)) == expanded(1 / polynomial(map(Fraction, series)), len(series))


@given(scalars=coefficients(3), first=matrices(2, 3), second=matrices(2, 3), third=matrices(2, 3))
def test_scalars_times_matrices(scalars: list[Fraction], first: Any, second: Any, third: Any) -> None:
    found = product([exact.scalar(c) for c in scalars], [first, second, third])
    whole = (polynomial(scalars) * (first + T * second + T**2 * third)).applyfunc(sympy.expand)
    assert [exact.difference(each, whole.applyfunc(lambda entry, k=order: entry.coeff(T, k))) for order, each in enumerate(found)] == [
        None
    ] * 3


def test_the_exponential_against_sympy() -> None:
    x = Fraction(-2, 3)
    found = exponential(exact, [exact.scalar(x**order) for order in range(6)])
    assert [Fraction(int(c.p), int(c.q)) for c in found] == expanded(sympy.exp(sympy.Rational(-2, 3) * T), 6)


def test_the_exponential_of_a_sum_is_the_product() -> None:
    a, b = sympy.symbols("a b")

    def powers(x: Any) -> tuple[Any, ...]:
        return exponential(exact, [x**order for order in range(5)])

    assert [exact.difference(*pair) for pair in zip(product(powers(a), powers(b)), powers(a + b), strict=True)] == [None] * 5
    assert exact.difference(product(powers(a), powers(b))[2], powers(a - b)[2]) is not None


def test_the_exponential_of_matrices() -> None:
    """Of a nilpotent matrix: 1 + N + N²/2, and the powers may be any linear image of these."""
    rational = Rational()
    N = rational.value([[0, 1, 2], [0, 0, 3], [0, 0, 0]])
    found = exponential(rational, [rational.eye(3), N, N @ N, N @ N @ N])
    assert [[[*map(str, row)] for row in dense(form)] for form in found[2:]] == [
        [["0", "0", "3/2"], ["0", "0", "0"], ["0", "0", "0"]],
        [["0", "0", "0"]] * 3,
    ]


def test_series_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="product: expected series of one length, got 2 and 3"):
        product([ONE, ONE], [ONE, ONE, ONE])


@pytest.mark.parametrize("series", [(), (ZERO, ONE)])
def test_a_series_without_a_leading_coefficient_has_no_inverse(series: Any) -> None:
    with pytest.raises(ValueError, match="inverse: expected a series whose leading coefficient is not 0"):
        inverse(series, ONE)


def test_sympy_zero_is_refused_too_where_division_would_give_infinity() -> None:
    with pytest.raises(ValueError, match="inverse: expected a series whose leading coefficient is not 0"):
        inverse([sympy.Integer(0), sympy.Integer(1)], sympy.Integer(1))
