"""Matrices cut into blocks: shapes, partitions, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from equivalence.algebras import DegreeAlgebra, FiniteField, Size, Symbolic

d, N = Size("d"), Size("N")
ALGEBRAS = {
    "symbolic": (Symbolic, (d, N)),
    "finite field": (lambda: FiniteField(2**62 + 135, Random(1)), (3, 2)),
    "degree": (DegreeAlgebra, (3, 2)),
}


@pytest.fixture(params=list(ALGEBRAS))
def made(request: pytest.FixtureRequest) -> tuple[Callable[[], Any], tuple[Any, Any]]:
    """A maker of algebras, and two sizes for it."""
    return ALGEBRAS[request.param]


def test_shapes_are_parts_or_partitions(made: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    A, B = algebra.generator("A", m, n), algebra.generator("B", m, 1)
    both = algebra.block([[A, B]])
    assert A.shape == (m, n)
    assert both.shape == (m, (n, 1))
    assert both.T.shape == ((n, 1), m)
    assert (both @ both.T).shape == (m, m)
    assert (both.T @ both).shape == ((n, 1), (n, 1))


def test_blocks_of_blocks_are_laid_flat(made: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    inner = algebra.block([[algebra.eye(m), algebra.ones(m, n)]])
    outer = algebra.block([[inner, algebra.zeros(m, 1)], [algebra.zeros((n, 1), (m, n, 1))]])
    assert outer.shape == ((m, n, 1), (m, n, 1))
    assert sorted(outer.blocks) == [(0, 0), (0, 1)]


def test_mismatched_products_name_both_sizes(made: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    A = algebra.generator("A", m, n)
    with pytest.raises(ValueError, match=f"@: the columns of the left, {n}, are not the rows of the right, {m}"):
        A @ A


def test_partitions_of_a_join_must_match(made: Any) -> None:
    """Even where the totals agree: 3 + 2 columns do not meet 2 + 3 rows."""
    algebra, (m, n) = made[0](), made[1]
    left, right = algebra.zeros(1, (m, n)), algebra.zeros((n, m), 1)
    expected = f"@: the columns of the left, {(m, n)}, are not the rows of the right, {(n, m)}"
    with pytest.raises(ValueError, match=re.escape(expected)):
        left @ right


@pytest.mark.parametrize("operation", ["+", "-"])
def test_mismatched_sums_name_both_shapes(made: Any, operation: str) -> None:
    algebra, (m, n) = made[0](), made[1]
    A = algebra.generator("A", m, n)
    with pytest.raises(ValueError, match=re.escape(f"+: expected equal shapes, got {(m, n)} and {(n, m)}")):
        A + A.T if operation == "+" else A - A.T


@pytest.mark.parametrize("operation", ["@", "+", "-", "block"])
def test_matrices_of_two_algebras_do_not_mix(made: Any, operation: str) -> None:
    algebra, other, (m, _) = made[0](), made[0](), made[1]
    A, B = algebra.generator("A", m, m), other.generator("A", m, m)
    attempts = {"@": lambda: A @ B, "+": lambda: A + B, "-": lambda: A - B, "block": lambda: algebra.block([[A], [B]])}
    name = algebra.name
    with pytest.raises(
        TypeError, match=rf"{operation if operation != '+' else '.'}: .* of the same {name} algebra, got one of another {name} algebra"
    ):
        attempts[operation]()


def test_matrices_do_not_mix_with_anything_else(made: Any) -> None:
    algebra, (m, _) = made[0](), made[1]
    A = algebra.generator("A", m, m)
    for other in (1, np.eye(3), None):
        with pytest.raises(
            TypeError, match=f"expected a matrix of the same {algebra.name} algebra, got a value of type {type(other).__name__}"
        ):
            A + other


@pytest.mark.parametrize("number", [0.5, "s", True, None])
def test_scalars_are_built_by_the_algebra(made: Any, number: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    with pytest.raises(TypeError, match=r"scalar \*: expected a scalar of the .* algebra, got .*; build it with algebra.scalar"):
        number * algebra.generator("A", m, n)


def test_a_numpy_scalar_does_not_swallow_a_matrix(made: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    with pytest.raises(TypeError, match="scalar"):
        np.float64(2) * algebra.generator("A", m, n)


def test_a_generator_has_one_part_a_side(made: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    with pytest.raises(ValueError, match=r"A: a generator has one part a side, got .*; lay several together with block"):
        algebra.generator("A", (m, n), m)


@pytest.mark.parametrize("name", ["1[N]", "p[1]"])
def test_names_that_the_algebra_uses_itself_are_refused(made: Any, name: str) -> None:
    """An arbitrary 1[N] would have 1ᵀ1 = N."""
    with pytest.raises(ValueError, match="a name has no bracket; such names are the algebra's own"):
        made[0]().generator(name, made[1][0], 1)


def test_a_symmetric_generator_is_square(made: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    with pytest.raises(ValueError, match=f"S: a symmetric matrix is square, got {m} x {n}"):
        algebra.generator("S", m, n, symmetric=True)


def test_blocks_that_do_not_line_up_are_named(made: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    A, B = algebra.generator("A", m, n), algebra.generator("B", n, n)
    with pytest.raises(ValueError, match=r"block: in row 0 a matrix of shape .* does not line up with its neighbours"):
        algebra.block([[A, B]])
    with pytest.raises(ValueError, match=r"block: in row 1 a matrix of shape .* does not line up with its neighbours"):
        algebra.block([[A], [A.T]])
    with pytest.raises(ValueError, match="block: row 1 has columns for 1 parts, expected 2"):
        algebra.block([[A, A], [A]])


@pytest.mark.parametrize("grid", [[], [[]]])
def test_an_empty_grid_is_refused(made: Any, grid: Any) -> None:
    with pytest.raises(ValueError, match="block: expected at least one matrix in each row, got none"):
        made[0]().block(grid)


def test_a_late_empty_row_is_refused(made: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    with pytest.raises(ValueError, match="block: expected at least one matrix in each row, got none"):
        algebra.block([[algebra.generator("A", m, n)], []])


def test_the_trace_is_of_square_matrices(made: Any) -> None:
    algebra, (m, n) = made[0](), made[1]
    with pytest.raises(ValueError, match="trace: expected a square matrix, got shape"):
        algebra.trace(algebra.zeros((m, n), (n, m)))
