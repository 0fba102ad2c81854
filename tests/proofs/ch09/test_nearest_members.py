"""Statement 9.2, the nearest member: wrong normal equations are rejected; right ones leave a residual orthogonal to the family."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras import exact
from equivalence.recognition.tensor import canonical as code
from equivalence.recognition.tensor.canonical import CanonicalTensor
from proofs.ch09_recognition.nearest_members import counts, left_gram, left_slope, residual_form, right_gram, right_slope
from tests.support.perturbations import fallen

SLOPES = "the slopes of ⟨T, T(L, R)⟩"
NO_NEAREST = "V ≠ 0 without s: T([V, 0], [I; 0]) is no step, and no step is nearest to it"
CURVATURE = "GD++: γ = −2 tr H_x/(d_x(d_x + 1)), from the x rows, apart from (s, V)"
FREE = "the nearest (s, V): V = 2H_x/(d_x + 1) and s = −2 tr H_y/(d_x d_y), V = sW₀ left out of account"


def unsymmetrised(algebra: Any, first: Any, second: Any, other: Any) -> Any:
    """A slope without the term of the transposed slice."""
    return algebra.scalar("1/2") * (algebra.trace(second.T @ other) * first)


def test_both_terms_of_both_slopes_are_needed() -> None:
    left = fallen("9.2", slopes=(unsymmetrised, right_slope))[SLOPES]
    assert left.startswith("T = T(A, B), a head, with another pair (9.4), step 2 (linear in L: ⟨H, L⟩)")

    def right(algebra: Any, A: Any, B: Any, L: Any) -> Any:
        return unsymmetrised(algebra, B, A, L)

    assert fallen("9.2", slopes=(left_slope, right))[SLOPES].startswith("T = T(A, B), a head, with another pair (9.4), step 3")


def test_the_gauge_is_c_and_its_inverse() -> None:
    (message,) = fallen("9.2", turned=lambda _, c: c).values()
    assert message.startswith("the gauge c of a head (2.3), a slice, step 2")


def test_the_normal_matrix_of_C_has_both_terms() -> None:
    def without_inputs(algebra: Any, L: Any, L_x: Any) -> Any:
        return right_gram(algebra, L, L_x) - L_x.T @ L_x

    (message,) = fallen("9.2", gram=without_inputs).values()
    assert message.startswith("‖T − T(L, [C; 0])‖² − ‖T‖², step 2 (½⟨C, MC⟩ − 2⟨G_x, C⟩, M = ‖L‖²I + L_xᵀL_x)")


def test_the_normal_matrix_of_D_has_both_terms() -> None:
    def without_start(algebra: Any, W0: Any, F: Any, C: Any) -> Any:
        return left_gram(algebra, W0, F, C) - W0 @ C @ (W0 @ C).T

    (message,) = fallen("9.2", outer=without_start).values()
    assert message.startswith("‖T − T(DF, [C; 0])‖² − ‖T‖², step 2 (a square and a linear form in D)")


def test_V_is_divided_by_one_more_than_d_x() -> None:
    def without_one(algebra: Any, d_x: Any, d_y: Any) -> tuple[Any, Any]:
        return algebra.scalar(d_x), counts(algebra, d_x, d_y)[1]

    found = fallen("9.2", sizes=without_one)
    assert found[FREE].startswith("‖T − T([V, −sI], [I; 0])‖² − ‖T‖², step 2 (a part in V and a part in s)")
    assert found[NO_NEAREST].startswith("step 2 (not 0; at W₀ = V/s it is ½ d_x d_y s²")
    assert found[CURVATURE].startswith("‖T − T(−γ[I, 0], [I; 0])‖² − ‖T‖², T and H of the x rows, step 2")


@pytest.mark.parametrize(
    ("part", "same"),
    [({"factor": ((1, 0), (0, 0))}, "D and C together"), ({"start": ((1, 0),)}, "C with W₀"), ({"other_start": 1}, "s with W₀")],
)
def test_members_that_share_what_is_not_linear_do_add(part: dict[str, Any], same: str) -> None:
    ((claim, message),) = fallen("9.2", **part).items()
    assert claim.startswith(f"not linear: {same}")
    assert ", step 3 (the sum of " in message
    assert "both sides are equal" in message


def fractions(array: Any) -> Any:
    return np.vectorize(Fraction, otypes=[object])(array)


def written_out(A: Any, B: Any) -> Any:
    """T[k, p, r, j] of one pair, twice over, so that it stays whole."""
    products = np.einsum("kp,rj->kprj", A, B)
    return products + products.transpose(0, 2, 1, 3)


D_X, D_Y = 3, 2


@pytest.fixture
def heads() -> list[tuple[Any, Any]]:
    """Two heads on queries: A d_y x d, B d x d_x."""
    random, d = np.random.default_rng(6), D_X + D_Y
    return [(fractions(random.integers(-3, 4, (D_Y, d))), fractions(random.integers(-3, 4, (d, D_X)))) for _ in range(2)]


def is_orthogonal(residual: Any, directions: list[Any]) -> bool:
    """Whether the residual, written out, is orthogonal to all directions of a linear family: then it is the least."""
    assert directions
    return all((residual * direction).sum() == 0 for direction in directions)


def units(rows: int, cols: int) -> list[Any]:
    return [fractions(np.eye(rows * cols, dtype=int)[at].reshape(rows, cols)) for at in range(rows * cols)]


@pytest.mark.parametrize("count", [D_X + 1, D_X])
def test_V_and_s_by_the_tensor_itself(heads: list[tuple[Any, Any]], count: int) -> None:
    """Orthogonal with V = 2H_x/(d_x + 1), not with 2H_x/d_x."""
    unit, zero = fractions(np.eye(D_X + D_Y, D_X, dtype=int)), fractions(np.zeros((D_Y, D_Y), dtype=int))
    H = code.left_slope(CanonicalTensor(tuple(heads)), unit)
    V, s = 2 * H[:, :D_X] / count, -2 * np.trace(H[:, D_X:]) / (D_X * D_Y)
    residual = sum(written_out(A, B) for A, B in heads) - written_out(np.hstack([V, -s * fractions(np.eye(D_Y, dtype=int))]), unit)
    directions = [np.hstack([each, zero]) for each in units(D_Y, D_X)] + [np.eye(D_Y, D_X + D_Y, D_X, dtype=int)]
    assert is_orthogonal(residual, [written_out(each, unit) for each in directions]) is (count == D_X + 1)


@pytest.mark.parametrize("factor", [2, 1])
def test_C_by_the_tensor_itself(heads: list[tuple[Any, Any]], factor: int) -> None:
    """Orthogonal with 2G_x on the right side, not with G_x."""
    random = np.random.default_rng(7)
    L = fractions(random.integers(-3, 4, (D_Y, D_X + D_Y)))
    G = code.right_slope(CanonicalTensor(tuple(heads)), L)[:D_X]
    whole, inputs = (exact.value(matrix.tolist()) for matrix in (L, L[:, :D_X]))
    C = right_gram(exact, whole, inputs).LUsolve(exact.value((factor * G).tolist()))
    below = fractions(np.zeros((D_Y, D_X), dtype=int))
    solution = fractions(np.array([[Fraction(int(x.p), int(x.q)) for x in row] for row in C.tolist()]))
    residual = sum(written_out(A, B) for A, B in heads) - written_out(L, np.vstack([solution, below]))
    directions = [written_out(L, np.vstack([each, below])) for each in units(D_X, D_X)]
    assert is_orthogonal(residual, directions) is (factor == 2)


def test_the_slopes_are_those_of_the_code(heads: list[tuple[Any, Any]]) -> None:
    (A, B), (L, R) = heads
    tensor = CanonicalTensor(((A, B),))
    for found, program, arguments in (
        (code.left_slope(tensor, R), left_slope, (A, B, R)),
        (code.right_slope(tensor, L), right_slope, (A, B, L)),
    ):
        stated = program(exact, *(exact.value(matrix.tolist()) for matrix in arguments))
        assert stated == sympy.ImmutableDenseMatrix(exact.value(found.tolist()))
        assert stated != sympy.ImmutableDenseMatrix(exact.value((2 * found).tolist()))


def test_no_step_is_nearest_to_what_steps_come_near_to() -> None:
    """‖T − T(s[V/s, −I], [I; 0])‖² = ½ d_x d_y s² by the tensor itself, four times over, at two rates."""
    V, unit = fractions(np.arange(1, D_X * D_Y + 1).reshape(D_Y, D_X)), fractions(np.eye(D_X + D_Y, D_X, dtype=int))
    limit = written_out(np.hstack([V, fractions(np.zeros((D_Y, D_Y), dtype=int))]), unit)
    for s in (Fraction(1, 10), Fraction(1, 1000)):
        form = residual_form(exact, exact.scalar(s), exact.value(V.tolist()))
        gap = limit - written_out(fractions(np.array(form.tolist()).astype(object)), unit)
        assert (gap * gap).sum() == 4 * s * s * D_X * D_Y / 2
