"""Statement 9.2, the bound: wrong inequalities and wrong unfoldings are rejected, and the extreme tensor is as far off as stated."""

from __future__ import annotations

from operator import sub

import numpy as np
import pytest

import proofs  # noqa: F401  (registers the statements)
from equivalence.recognition.floats.bounds import certified_norm, largest_singular_value
from equivalence.recognition.tensor.enclosed import Ball, enclosure
from proofs.ch09_recognition.certified_bounds import PAIRINGS, pure
from tests.support.perturbations import fallen


def test_lagranges_identity_has_a_minus_sign() -> None:
    (message,) = fallen("9.2", crossed=lambda u, v: u @ v.T + v @ u.T).values()
    assert message.startswith("Cauchy and Schwarz, by Lagrange's identity (2.5), step 2 (squares, and what is 0 if λI − UUᵀ = SᵀS)")


def test_bounds_are_above() -> None:
    (message,) = fallen("9.2", raised=sub).values()
    assert "step 1 (the product of the bounds exceeds xy)" in message
    assert "is -1 where all symbols are 1" in message


def test_the_vectors_of_an_unfolding_are_in_the_order_of_its_indices() -> None:
    """u ⊗ e is not e ⊗ u; e ⊗ e is, so the first unfolding is not where it shows at d_y = 1."""
    (message,) = fallen("9.2", vector=lambda letters, vectors: pure(letters[::-1], vectors)).values()
    assert message.startswith("d_y = 1, d = 2, d_x = 3: uᵀT(e, e)q, step 3 (aᵀUb, U of rows p and columns krj)")


def test_three_pairings_are_averaged() -> None:
    (message,) = fallen("9.2", pairings=PAIRINGS[:2]).values()
    assert message.startswith("(uᵀT(e, e)q)² ≤ ‖T(e, e)‖²‖u‖²‖q‖², as λ = ‖U‖² will do, step 2")


def test_only_symmetric_slices_are_blind_to_antisymmetric_matrices() -> None:
    (message,) = fallen("9.2", paired=lambda algebra, a, b: a @ b.T).values()
    assert message.startswith("σ is the largest Σ T[k,(p,r),j] S_pr Z_kj")
    assert "step 2 (is 0)" in message


def test_the_first_unfolding_of_the_extreme_tensor_is_that_far_off_and_another_is_exact() -> None:
    """T_kj = J_kj I, as heads: √(d·min(d_x, d_y)) by the first, ν = 1 by the third, so the least is 1."""
    d_x, d_y, d = 3, 2, 5
    unit = np.eye(d)
    pairs = [(np.outer(np.eye(d_y)[k], unit[p]), np.outer(unit[p], np.eye(d_x)[k])) for k in range(d_y) for p in range(d)]
    tensor = enclosure([(Ball(A, 0.0), Ball(B, 0.0)) for A, B in pairs])
    dense = tensor.tensor.dense()
    assert (dense == np.einsum("kj,pr->kprj", np.eye(d_y, d_x), unit)).all()
    first = largest_singular_value(dense.transpose(1, 2, 0, 3).reshape(d * d, d_y * d_x))
    assert first == pytest.approx(np.sqrt(d * d_y), rel=1e-9)
    assert certified_norm(tensor) == pytest.approx(1, rel=1e-9)
