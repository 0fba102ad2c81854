"""The exact reading: SymPy's matrices, names of entries, and decisions about rational functions."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from equivalence.algebras import Size, exact
from equivalence.algebras.rational_functions import number_or_symbol


def test_entries_are_named_by_row_and_column() -> None:
    x11, x12, x21, x22 = sympy.symbols("X_11 X_12 X_21 X_22")
    assert exact.generator("X", 2, 2) == sympy.ImmutableDenseMatrix([[x11, x12], [x21, x22]])
    assert exact.generator("X", 2, 2, symmetric=True) == sympy.ImmutableDenseMatrix([[x11, x12], [x12, x22]])


@pytest.mark.parametrize(("rows", "cols"), [(11, 11), (1, 12), (12, 2)])
def test_all_entries_of_a_large_generator_are_different(rows: int, cols: int) -> None:
    """X_111 would be both (1, 11) and (11, 1)."""
    assert len(exact.generator("X", rows, cols).free_symbols) == rows * cols


def test_a_symbolic_size_is_not_the_symbol_of_the_same_name() -> None:
    assert exact.scalar(Size("N")) != exact.symbol("N")


def test_rational_functions_are_decided() -> None:
    s, t = sympy.symbols("s t")
    assert exact.difference((s**2 - t**2) / (s - t), s + t) is None
    assert exact.difference((s**2 + t**2) / (s - t), s + t) == "left − right = 2*t**2/(s - t)"


def test_differences_name_the_entry() -> None:
    left, right = exact.value([[1, 2]]), exact.value([[1, 3]])
    assert exact.difference(left, right) == "in entry (0, 1), left − right = -1"
    assert exact.difference(left, right.T) == "shape (1, 2) against (2, 1)"
    assert exact.difference(left, left) is None


def test_a_diagonal_matrix_has_a_symbol_an_entry() -> None:
    a, b = sympy.symbols("D_11 D_22")
    assert exact.diagonal("D", 2) == sympy.ImmutableDenseMatrix([[a, 0], [0, b]])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_an_invertible_matrix_is_any(size: int) -> None:
    T, inverse = exact.invertible("T", size)
    assert exact.generator("T", size, size) == T
    assert exact.difference(T * inverse, exact.eye(size)) is None
    assert exact.difference(inverse * T, exact.eye(size)) is None


@pytest.mark.parametrize("bad", [sympy.nan, sympy.oo, sympy.zoo, sympy.Symbol("x") + sympy.oo])
def test_expressions_are_finite(bad: Any) -> None:
    with pytest.raises(ValueError, match="number: expected a finite number or symbol, got"):
        exact.scalar(bad)


@pytest.mark.parametrize(
    ("given", "read"), [("eta", sympy.Symbol("eta")), ("1/10", sympy.Rational(1, 10)), (0.1, sympy.Rational(1, 10)), (2, 2)]
)
def test_rates_are_numbers_or_names(given: Any, read: Any) -> None:
    assert number_or_symbol("learning_rate", given) == read


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("nan", ValueError),
        ("inf", ValueError),
        (float("inf"), ValueError),
        ("1/0", ValueError),
        ("a b", ValueError),
        (sympy.I, ValueError),
        (sympy.sqrt(-2), ValueError),
        (sympy.Symbol("u", infinite=True), ValueError),
        (None, TypeError),
        (True, TypeError),
    ],
)
def test_bad_rates_are_refused_by_name(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"learning_rate: expected a finite number such as 1/10 or 0.1, or a symbol such as eta, got"):
        number_or_symbol("learning_rate", given)


@pytest.mark.parametrize("other", [sympy.exp(sympy.Symbol("x")), sympy.sqrt(2) * sympy.Symbol("x"), sympy.sin(sympy.Symbol("x")), sympy.pi])
@pytest.mark.parametrize("rational_function", [sympy.Integer(0), sympy.Integer(1), sympy.Symbol("x"), 1 / sympy.Symbol("x")])
def test_no_rational_function_is_equal_to_what_is_none(rational_function: sympy.Expr, other: sympy.Expr) -> None:
    assert exact.difference(rational_function, other) == f"left − right = {sympy.cancel(rational_function - other)}"
    assert exact.difference(other, rational_function) == f"left − right = {sympy.cancel(other - rational_function)}"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("(x**2 - 1)/(x - 1)", "x + 1"),
        ("1/(1/x + 1/y)", "x*y/(x + y)"),
        ("(x + y)**3", "x**3 + 3*x**2*y + 3*x*y**2 + y**3"),
        ("exp(2*x)", "exp(x)**2"),
    ],
)
def test_equal_functions_are_equal_however_they_are_written(left: str, right: str) -> None:
    sides = [sympy.sympify(side) for side in (left, right)]
    assert exact.difference(*sides) is None
    assert exact.difference(sides[0] + 1, sides[1]) == "left − right = 1"
