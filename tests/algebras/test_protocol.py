"""Sizes and numbers that all readings share, and the laws that matrices obey in each exact reading."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import flint
import pytest
import sympy

from equivalence.algebras import FiniteField, Rational, Size, Symbolic, exact, rational
from equivalence.algebras.rational_functions import number_or_symbol
from equivalence.algebras.sizes import parts, total

SYMBOLS = {"k": Size("k"), "m": Size("m"), "n": Size("n")}
NUMBERS = {"k": 2, "m": 3, "n": 1}


def drawn(seed: int) -> Rational:
    random = Random(seed)
    return Rational(lambda name, rows, cols: [random.randint(-9, 9) for _ in range(rows * cols)], lambda name: random.randint(1, 9))


@pytest.fixture(params=["symbolic", "finite field", "rational", "exact"])
def reading(request: pytest.FixtureRequest) -> tuple[Any, dict[str, Any]]:
    """An algebra, and sizes for it: symbols, or numbers with 1 among them."""
    algebras = {
        "symbolic": Symbolic(),
        "finite field": FiniteField(2**62 + 135, Random(3)),
        "rational": drawn(4),
        "exact": exact,
    }
    return algebras[request.param], SYMBOLS if request.param == "symbolic" else NUMBERS


def matrices(reading: tuple[Any, dict[str, Any]], *shapes: str) -> list[Any]:
    algebra, sizes = reading
    return [algebra.generator(f"A{number}", sizes[shape[0]], sizes[shape[1]]) for number, shape in enumerate(shapes)]


def test_products_are_associative(reading: Any) -> None:
    A, B, C = matrices(reading, "km", "mn", "nk")
    assert reading[0].difference((A @ B) @ C, A @ (B @ C)) is None


def test_products_distribute_over_sums(reading: Any) -> None:
    A, B, C, D = matrices(reading, "km", "mn", "mn", "nk")
    assert reading[0].difference(A @ (B + C), A @ B + A @ C) is None
    assert reading[0].difference((B - C) @ D, B @ D - C @ D) is None


def test_the_transpose_reverses_products(reading: Any) -> None:
    A, B = matrices(reading, "km", "mn")
    assert reading[0].difference((A @ B).T, B.T @ A.T) is None
    assert reading[0].difference(A.T.T, A) is None


def test_products_do_not_commute(reading: Any) -> None:
    A, B = matrices(reading, "mm", "mm")
    assert reading[0].difference(A @ B, B @ A) is not None
    assert reading[0].difference(A, A.T) is not None


def test_traces_turn_and_do_not_see_transposes(reading: Any) -> None:
    algebra = reading[0]
    A, B, C = matrices(reading, "km", "mn", "nk")
    assert algebra.difference(algebra.trace(A @ B @ C), algebra.trace(C @ A @ B)) is None
    assert algebra.difference(algebra.trace(A @ B @ C), algebra.trace(C.T @ B.T @ A.T)) is None


def test_traces_do_not_swap(reading: Any) -> None:
    algebra = reading[0]
    A, B, C = matrices(reading, "mm", "mm", "mm")
    assert algebra.difference(algebra.trace(A @ B @ C), algebra.trace(A @ C @ B)) is not None


def test_the_trace_of_the_identity_is_the_size(reading: Any) -> None:
    algebra, sizes = reading
    cut = (sizes["k"], sizes["m"])
    assert algebra.difference(algebra.trace(algebra.eye(cut)), algebra.scalar(sizes["k"]) + algebra.scalar(sizes["m"])) is None


def test_the_ones_times_themselves_are_the_size(reading: Any) -> None:
    algebra, sizes = reading
    ones = algebra.ones(sizes["m"], sizes["k"])
    assert algebra.difference(ones @ ones.T, algebra.scalar(sizes["k"]) * algebra.ones(sizes["m"], sizes["m"])) is None


def test_an_inverse_cancels_on_both_sides_transposed_and_across_the_seam_of_a_trace(reading: Any) -> None:
    algebra, sizes = reading
    T, inverse = algebra.invertible("T", sizes["m"])
    (A,) = matrices(reading, "mm")
    for product in (T @ inverse, inverse @ T, T.T @ inverse.T):
        assert algebra.difference(product, algebra.eye(sizes["m"])) is None
    assert algebra.difference(algebra.trace(T @ A @ inverse), algebra.trace(A)) is None
    assert algebra.difference(T, inverse) is not None


def test_numbers_commute_and_equal_their_transposes(reading: Any) -> None:
    algebra, sizes = reading
    p, q = (algebra.generator(name, sizes["m"], 1) for name in "pq")
    (A,) = matrices(reading, "mm")
    small, other = p.T @ A @ q, q.T @ A @ A @ p
    assert algebra.difference(small @ other, other @ small) is None
    assert algebra.difference(small, small.T) is None
    assert algebra.difference(p @ small, algebra.trace(small) * p) is None


def test_blocks_multiply_and_transpose_as_matrices_do(reading: Any) -> None:
    algebra = reading[0]
    A, B, C, D = matrices(reading, "km", "kn", "mk", "nk")
    assert algebra.difference(algebra.block([[A, B]]) @ algebra.block([[C], [D]]), A @ C + B @ D) is None
    assert algebra.difference(algebra.block([[A, B]]).T, algebra.block([[A.T], [B.T]])) is None


def test_zero_and_identity_are_neutral(reading: Any) -> None:
    algebra, sizes = reading
    (A,) = matrices(reading, "km")
    assert algebra.difference(A + algebra.zeros(sizes["k"], sizes["m"]), A) is None
    assert algebra.difference(algebra.eye(sizes["k"]) @ A, A) is None
    assert algebra.difference(A - A, algebra.zeros(sizes["k"], sizes["m"])) is None
    assert algebra.difference(A, algebra.zeros(sizes["k"], sizes["m"])) is not None


def test_symbols_divide(reading: Any) -> None:
    algebra, sizes = reading
    s, t = algebra.symbol("s"), algebra.symbol("t")
    assert algebra.difference(s / t * t, s) is None
    assert algebra.difference(s / t, t / s) is not None
    assert algebra.difference(algebra.scalar(sizes["k"]) / algebra.scalar(sizes["k"]), algebra.scalar(1)) is None


def test_a_name_is_one_matrix(reading: Any) -> None:
    algebra, sizes = reading
    first, second = (algebra.generator(name, sizes["k"], sizes["m"]) for name in ("A", "A"))
    assert algebra.difference(first, second) is None
    assert algebra.difference(first, algebra.generator("B", sizes["k"], sizes["m"])) is not None


@pytest.mark.parametrize(
    ("given", "read"), [(3, 3), ("1/10", Fraction(1, 10)), ("0.1", Fraction(1, 10)), (0.1, Fraction(1, 10)), ("-2", -2)]
)
def test_numbers_are_read_exactly(given: Any, read: Any) -> None:
    assert rational(given) == read


def test_numbers_of_sympy_and_flint_are_read() -> None:
    assert rational(sympy.Rational(2, 3)) == Fraction(2, 3)
    found = rational(flint.fmpq(-2, 3))
    assert (type(found), found) == (Fraction, Fraction(-2, 3))


@pytest.mark.parametrize("given", [float("nan"), float("inf"), -float("inf")])
def test_numbers_are_finite(given: float) -> None:
    with pytest.raises(ValueError, match="number: expected a finite number, got"):
        rational(given)


@pytest.mark.parametrize("given", ["x", "1/0", ""])
def test_text_is_a_rational(given: str) -> None:
    with pytest.raises(ValueError, match=r"number: expected a rational such as 1/10 or 0.1, got"):
        rational(given)


@pytest.mark.parametrize("given", ["1e1001", "1e999999999", "-2.5E-9_999_999", "1" * 1001])
def test_text_does_not_stand_for_more_digits_than_there_is_room_for(given: str) -> None:
    with pytest.raises(ValueError, match="number: expected a number of at most 1000 digits, got"):
        rational(given)


def test_as_many_digits_as_are_allowed() -> None:
    assert rational("1e1000") == 10**1000 == 1 / rational("1e-01000")
    assert str(number_or_symbol("rate", "rate_e5000")) == "rate_e5000"


@pytest.mark.parametrize("given", [True, None, [1], 1j, sympy.Symbol("x"), sympy.sqrt(2)])
def test_numbers_are_numbers(given: Any) -> None:
    with pytest.raises(TypeError, match="number: expected an integer, a fraction or text such as '1/10', got"):
        rational(given)


@pytest.mark.parametrize("given", [0, -1, (2, 0)])
def test_sizes_are_positive(given: Any) -> None:
    with pytest.raises(ValueError, match="size: expected a whole number, at least 1, got"):
        parts(given)


@pytest.mark.parametrize("given", [True, 2.0, "d", None, (1, "d")])
def test_sizes_are_integers_or_symbols(given: Any) -> None:
    with pytest.raises(TypeError, match=r"size: expected a whole number, at least 1, got .*; a symbolic size is a Size"):
        parts(given)


def test_a_partition_of_integers_has_a_total() -> None:
    assert total((2, 3, 1)) == 6
    with pytest.raises(TypeError, match="size: expected integers, got"):
        total((2, Size("d")))
