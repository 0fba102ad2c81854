"""The symbolic reading: what it decides, which names it keeps, and how it says where two sides differ."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sympy

from equivalence.algebras import Size, Symbolic

d, N = Size("d"), Size("N")


def test_centring_is_idempotent() -> None:
    algebra = Symbolic()
    ones = algebra.ones(N, 1)
    centred = algebra.eye(N) - (algebra.scalar(1) / algebra.scalar(N)) * (ones @ ones.T)
    assert algebra.difference(centred @ centred, centred) is None
    assert algebra.difference(centred @ ones, algebra.zeros(N, 1)) is None
    assert algebra.difference(algebra.trace(centred), algebra.scalar(N) - algebra.scalar(1)) is None
    assert algebra.decides


def test_without_its_count_the_centring_is_not_idempotent() -> None:
    algebra = Symbolic()
    ones = algebra.ones(N, 1)
    wrong = algebra.eye(N) - ones @ ones.T
    assert algebra.difference(wrong @ wrong, wrong) == "in block (0, 0), left − right = -1 1[N] 1[N]ᵀ + N 1[N] 1[N]ᵀ"


def test_letters_commute_only_where_a_join_of_size_one_makes_scalars() -> None:
    algebra = Symbolic()
    A, B = algebra.generator("A", d, d), algebra.generator("B", d, d)
    q, r = algebra.generator("q", d, 1), algebra.generator("r", d, 1)
    assert algebra.difference(A @ B, B @ A) == "in block (0, 0), left − right = -1 B A + A B"
    assert algebra.difference((q.T @ A @ r) @ (r.T @ B @ q), (q.T @ B.T @ r) @ (r.T @ A.T @ q)) is None
    assert algebra.difference(q.T @ A @ r, q.T @ A.T @ r)


def test_a_symmetric_letter_is_its_transpose_and_another_is_not() -> None:
    algebra = Symbolic()
    S, A = algebra.generator("S", d, d, symmetric=True), algebra.generator("A", d, d)
    assert algebra.difference(S.T, S) is None
    assert algebra.difference(A.T, A) == "in block (0, 0), left − right = -1 A + Aᵀ"


@pytest.mark.parametrize(
    ("use", "decides"),
    [
        pytest.param(lambda a: a.generator("X", d, N), True, id="sizes of their own"),
        pytest.param(lambda a: a.generator("q", d, 1), True, id="size 1"),
        pytest.param(lambda a: a.generator("S", d, d, symmetric=True), True, id="symmetric"),
        pytest.param(lambda a: a.ones(N, d), True, id="ones"),
        pytest.param(lambda a: a.generator("X", 2, N), False, id="fixed rows"),
        pytest.param(lambda a: a.generator("X", d, 3), False, id="fixed columns"),
        pytest.param(lambda a: a.invertible("T", d), False, id="invertible"),
    ],
)
def test_it_says_when_different_forms_prove_nothing(use: Callable[[Any], Any], decides: bool) -> None:
    algebra = Symbolic()
    use(algebra)
    assert algebra.decides is decides


def test_at_fixed_sizes_equal_matrices_may_have_different_forms() -> None:
    """Cayley–Hamilton: A² − tr(A) A + det(A) I = 0 for 2 x 2. Forms know no such thing, and say that they do not decide."""
    algebra = Symbolic()
    A = algebra.generator("A", 2, 2)
    trace = algebra.trace(A)
    determinant = algebra.scalar("1/2") * (trace * trace - algebra.trace(A @ A))
    assert algebra.difference(A @ A - trace * A + determinant * algebra.eye(2), algebra.zeros(2, 2))
    assert not algebra.decides


def test_columns_of_weights_sum_to_one_from_either_side() -> None:
    algebra = Symbolic()
    P, X = algebra.weights(algebra.generator("Z", N, d)), algebra.generator("X", d, d)
    ones = algebra.ones(N, 1)
    assert algebra.difference(ones.T @ P, algebra.ones(1, d)) is None
    assert algebra.difference(P.T @ ones, algebra.ones(d, 1)) is None
    assert algebra.difference(X @ P.T @ ones, X @ algebra.ones(d, 1)) is None
    assert algebra.difference(P @ algebra.ones(d, 1), ones) is not None


def test_an_inverse_cancels_at_size_one_too() -> None:
    """A 1 x 1 matrix is a number, so its inverse is the reciprocal, wherever it stands."""
    algebra = Symbolic()
    T, inverse = algebra.invertible("T", 1)
    a, b = algebra.generator("a", d, 1), algebra.generator("b", 1, N)
    assert algebra.difference(T @ inverse, algebra.eye(1)) is None
    assert algebra.difference(inverse.T @ T, algebra.eye(1)) is None
    assert algebra.difference(a @ T @ b @ b.T @ inverse, a @ b @ b.T) is None
    assert algebra.difference(algebra.trace(T) * algebra.trace(inverse), algebra.scalar(1)) is None
    assert algebra.difference(T @ T, algebra.eye(1))
    assert algebra.difference(T, inverse)


def test_differences_name_the_first_block() -> None:
    algebra = Symbolic()
    X, Y = algebra.generator("X", d, N), algebra.generator("Y", d, N)
    left, right = algebra.block([[X], [X]]), algebra.block([[X], [Y]])
    assert algebra.difference(left, right) == "in block (1, 0), left − right = -1 Y + X"
    assert algebra.difference(left, left) is None
    assert algebra.difference(left, X) == "shape ((d, d), N) against (d, N)"
    assert algebra.difference(algebra.scalar(2), algebra.scalar(3)) == "left − right = -1"
    assert "a scalar and a matrix" in str(algebra.difference(algebra.scalar(2), X))


@pytest.mark.parametrize("half", ["1/2", "0.5", 0.5, Fraction(1, 2), sympy.Rational(1, 2)])
def test_scalars_are_read_exactly(half: Any) -> None:
    algebra = Symbolic()
    assert algebra.difference(algebra.scalar(half) + algebra.scalar(half), algebra.scalar(1)) is None


def test_a_partition_as_a_number_is_its_sum() -> None:
    algebra = Symbolic()
    whole = algebra.scalar((d, 2, N))
    assert algebra.difference(whole, algebra.scalar(d) + algebra.scalar(2) + algebra.scalar(N)) is None
    assert algebra.difference(whole, algebra.trace(algebra.eye((d, 2, N)))) is None


def test_the_trace_of_a_matrix_that_is_not_square_is_refused() -> None:
    algebra = Symbolic()
    with pytest.raises(ValueError, match=r"trace: expected a square matrix, got shape \(d, N\)"):
        algebra.trace(algebra.generator("X", d, N))


def test_weights_sum_to_one_and_have_no_other_law() -> None:
    """``1ᵀP = 1ᵀ``, also under a transpose; P is neither symmetric, nor are its rows sums of one, nor is P of other scores the same."""
    algebra = Symbolic()
    ones, scores = algebra.ones(N, 1), algebra.generator("S", N, N)
    P, other = algebra.weights(scores), algebra.weights(scores.T)
    assert algebra.difference(ones.T @ P, ones.T) is None
    assert algebra.difference(P.T @ ones, ones) is None
    assert algebra.difference(algebra.weights(scores), P) is None
    for left, right in ((P, P.T), (P @ ones, ones), (P, other), (P @ P, P), (P, algebra.eye(N))):
        assert algebra.difference(left, right) is not None


def test_weights_over_one_token_are_one_and_over_two_are_not() -> None:
    algebra = Symbolic()
    assert algebra.difference(algebra.weights(algebra.generator("s", 1, N)), algebra.ones(1, N)) is None
    assert algebra.decides
    both = algebra.weights(algebra.generator("t", 2, N))
    assert both.shape == (2, N)
    assert algebra.difference(algebra.ones(1, 2) @ both, algebra.ones(1, N)) is None
    assert algebra.difference(both, algebra.ones(2, N)) is not None
