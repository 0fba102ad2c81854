"""Matrices kept in factors do what arrays do, and keep their factors where that is the point."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from equivalence.recognition.tensor.canonical import frobenius
from equivalence.recognition.tensor.enclosed import _product
from equivalence.recognition.tensor.lowrank import (
    LowRank,
    Matrix,
    combined,
    fewer_rows,
    formed_if_small,
    is_thin,
    lost_in_forming,
    on_columns,
    summed,
)

ROUNDING = 64 * 2.0**-52
"""Sums of at most 9 products of three numbers below 4, twice over, and their sums: far fewer than 64 units of the largest term."""


def thin(rows: int, columns: int, r: int, seed: int) -> LowRank:
    random = np.random.default_rng(seed)
    return LowRank(random.uniform(-1, 1, (rows, r)), random.uniform(-1, 1, (r, columns)))


M, N, ARRAY = thin(5, 7, 2, seed=0), thin(7, 4, 3, seed=1), np.random.default_rng(2).uniform(-1, 1, (5, 7))
SAME_LEFT, SAME_RIGHT = LowRank(M.left, -M.right[::-1]), LowRank(M.left[::-1], M.right)
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "transpose": lambda M, N: M.T,
    "rows": lambda M, N: M[1:3],
    "columns": lambda M, N: M[:, 4:],
    "rows and columns": lambda M, N: M[:2, 1:5],
    "product": lambda M, N: M @ N,
    "product, the other thinner": lambda M, N: N.T @ M.T,
    "product with an array": lambda M, N: M @ ARRAY.T,
    "product of an array": lambda M, N: ARRAY.T @ M,
    "multiple": lambda M, N: 3.0 * M * 2.0,
    "quotient": lambda M, N: M / 4.0,
    "negative": lambda M, N: -M,
    "sum with an array": lambda M, N: M + ARRAY,
    "sum of an array": lambda M, N: ARRAY + M,
    "difference to an array": lambda M, N: M - ARRAY,
    "sum": lambda M, N: M + 2.0 * M,
    "difference": lambda M, N: M - (N @ N.T @ M.T).T,
    "function of the columns": lambda M, N: on_columns(lambda columns: ARRAY.T @ columns, M),
}


def scaled_gap(found: Any, expected: Any) -> float:
    """The largest difference, in units of the largest entry or 1."""
    return float(np.abs(np.asarray(found) - expected).max() / max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_those_of_arrays(name: str) -> None:
    operation = OPERATIONS[name]
    found, expected = operation(M, N), operation(np.asarray(M), np.asarray(N))
    assert found.shape == expected.shape
    assert scaled_gap(found, expected) <= ROUNDING
    assert scaled_gap(-found, expected) > ROUNDING


@pytest.mark.parametrize(("one", "other"), [(M, SAME_LEFT), (M, SAME_RIGHT)])
def test_a_shared_factor_stays_one_factor(one: LowRank, other: LowRank) -> None:
    assert (one + other).left.shape[1] == 2
    assert scaled_gap(one + other, np.asarray(one) + np.asarray(other)) <= ROUNDING
    assert scaled_gap(one - other, np.asarray(one) - np.asarray(other)) <= ROUNDING


def test_inner_products_are_those_of_arrays() -> None:
    expected = (np.asarray(M) * np.asarray(SAME_LEFT)).sum()
    for left, right in ((M, SAME_LEFT), (M, np.asarray(SAME_LEFT)), (np.asarray(M), SAME_LEFT)):
        assert abs(frobenius(left, right) - expected) <= 35 * ROUNDING
    assert abs(frobenius(M, -np.asarray(SAME_LEFT)) - expected) > 35 * ROUNDING


def test_fewer_rows_have_the_same_products_of_columns() -> None:
    found, formed = fewer_rows(M), np.asarray(M)
    assert found.shape == (2, 7)
    assert scaled_gap(found.T @ found, formed.T @ formed) <= ROUNDING
    assert fewer_rows(formed) is formed


def low_rank(left: np.ndarray, right: np.ndarray) -> Matrix:
    return _product(left, right, [])[0]


def test_what_is_thin_is_kept_and_what_is_not_is_formed() -> None:
    random = np.random.default_rng(3)
    left, right = random.normal(size=(8, 2)), random.normal(size=(2, 9))
    kept = low_rank(left, right)
    assert is_thin(left, right)
    assert isinstance(kept, LowRank)
    assert np.abs(np.asarray(kept) - left @ right).max() <= 8 * ROUNDING
    assert isinstance(low_rank(left[:7], right), np.ndarray)
    assert isinstance(formed_if_small(kept[:2]), np.ndarray)
    assert isinstance(formed_if_small(kept[:3]), LowRank)


def test_a_bad_gauge_costs_no_more_digits_than_the_product_does() -> None:
    """The factors are off by a gauge of condition 1e7, so their product is by 1e7 units; the squares of the factors are by 1e14."""
    random = np.random.default_rng(4)
    left, right, gauge = random.normal(size=(9, 2)), random.normal(size=(2, 9)), np.array([[1.0, 1.0], [1.0, 1.0 + 1e-7]])
    expected = np.linalg.norm(left @ right) ** 2
    turned = left @ gauge, np.linalg.solve(gauge, right)
    assert abs(low_rank(*turned).inner(low_rank(*turned)) / expected - 1) < 1e-6
    assert abs(LowRank(*turned).inner(LowRank(*turned)) / expected - 1) > 1e-6


@pytest.mark.parametrize("columns", [4, 40])
def test_a_sum_of_factors_is_as_small_as_what_is_left_of_them(columns: int) -> None:
    """Side by side, 10⁸ that cancels leaves no digit of a square; formed, or over an orthonormal factor, it leaves 10⁻⁸."""
    small, large = thin(columns, columns, 2, seed=3), 1e8 * thin(columns, columns, 1, seed=4)
    terms = [large, small, LowRank(-large.left.copy(), large.right.copy())]
    total, side_by_side = summed(terms), terms[0] + terms[1] + terms[2]
    expected = frobenius(small, small)
    assert isinstance(total, LowRank) == (columns == 40)
    assert abs(frobenius(total, total) - expected) <= 1e-5 * expected
    assert abs(frobenius(side_by_side, side_by_side) - expected) > 1e-2 * expected
    assert summed([small]) is small


@pytest.mark.parametrize("columns", [6, 40])
def test_combinations_are_formed_where_factors_are_no_smaller(columns: int) -> None:
    shares, matrices = np.random.default_rng(5).normal(size=(3, 3)), [thin(columns, columns, 2, seed=seed) for seed in (6, 7, 8)]
    found = combined(shares, matrices)
    for row, matrix in zip(shares, found, strict=True):
        assert isinstance(matrix, LowRank) == (columns == 40)
        assert scaled_gap(matrix, sum(share * np.asarray(one) for share, one in zip(row, matrices, strict=True))) <= ROUNDING


def test_what_forming_loses_is_bounded_and_not_by_nothing() -> None:
    """Against the same factors as the rationals that they are."""
    matrix = thin(9, 9, 5, seed=9)
    left, right = (np.vectorize(Fraction, otypes=[object])(factor) for factor in (matrix.left, matrix.right))
    apart = np.asarray(matrix).astype(object) - left @ right
    lost = float(sum(Fraction(entry) ** 2 for entry in apart.ravel())) ** 0.5
    assert 0 < lost <= lost_in_forming(matrix) < 1e-13
    assert lost_in_forming(np.asarray(matrix)) == 0
