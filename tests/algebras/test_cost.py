"""The cost reading counts what loops multiply, and refuses what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sympy

from equivalence.algebras import Cost, Size
from equivalence.models.attention.features import feature_attention, scores_first
from equivalence.models.descent.least_squares import gradient_step


def by_loops(rows: int, inner: int, cols: int) -> int:
    return sum(1 for _ in range(rows) for _ in range(cols) for _ in range(inner))


@pytest.mark.parametrize(("d_k", "d_v", "N", "M"), [(3, 2, 5, 4), (1, 6, 2, 3), (4, 1, 1, 2)])
@pytest.mark.parametrize(
    ("program", "products"),
    [(scores_first, lambda k, v, n, m: [(n, k, m), (v, n, m)]), (feature_attention, lambda k, v, n, m: [(v, n, k), (v, k, m)])],
)
def test_products_are_counted_as_loops_make_them(program: Any, products: Callable[..., Any], d_k: int, d_v: int, N: int, M: int) -> None:
    algebra = Cost()
    program(algebra.generator("K", d_k, N), algebra.generator("V", d_v, N), algebra.generator("Q", d_k, M))
    expected = products(d_k, d_v, N, M)
    assert [tuple(product) for product in algebra.products] == expected
    assert algebra.multiplications == sum(by_loops(*sizes) for sizes in expected)
    assert [product.entries for product in algebra.products] == [rows * cols for rows, _, cols in expected]


def test_a_step_multiplies_by_its_rate_as_well() -> None:
    algebra = Cost()
    W, X, Y = algebra.generator("W", 2, 3), algebra.generator("X", 3, 5), algebra.generator("Y", 2, 5)
    assert gradient_step(W, X, Y, algebra.symbol("eta")).shape == (2, 3)
    assert algebra.multiplications == by_loops(2, 3, 5) + by_loops(2, 5, 3) + 1 + 2 * by_loops(2, 1, 3)


def test_sizes_may_be_symbols_and_partitions() -> None:
    algebra = Cost()
    n = Size("n")
    stacked = algebra.block([[algebra.eye(n), algebra.zeros(n, 2)]])
    assert stacked.shape == ((n,), (n, 2))
    symbol = sympy.Symbol("n", integer=True, positive=True)
    algebra.trace(3 * (stacked @ stacked.T) + algebra.eye((n,)))
    assert sympy.expand(algebra.multiplications - symbol**2 * (symbol + 2) - symbol**2) == 0


def test_what_does_not_fit_is_refused() -> None:
    algebra = Cost()
    matrix = algebra.generator("A", 2, 3)
    with pytest.raises(ValueError, match="@: the columns of the left, 3, are not the rows of the right, 2"):
        matrix @ matrix
    with pytest.raises(ValueError, match=r"\+: expected equal shapes, got \(2, 3\) and \(3, 2\)"):
        matrix + matrix.T
    with pytest.raises(TypeError, match=r"scalar \*: expected a scalar on the left, got shape \(2, 3\)"):
        matrix * matrix
