"""Statement 9.4: the factored inner product, against the tensor written out, and a formula that forgets the symmetrisation."""

from __future__ import annotations

from typing import Any

import numpy as np

import proofs.ch09_recognition.canonical_tensors  # noqa: F401  (registers 9.4)
from equivalence.statements import verify


def unsymmetrised(algebra: Any, A: Any, B: Any, A2: Any, B2: Any) -> Any:
    return algebra.trace(A @ A2.T) * algebra.trace(B.T @ B2)


def test_9_4_the_symmetrisation_cannot_be_forgotten() -> None:
    result = verify("9.4", seed=1, replace={"inner": unsymmetrised})
    (message,) = result.messages
    assert message.startswith("9.4 Canonical tensors are compared by their factors, 1 rows read out, d = 2, 3 query coordinates, step 2")


def written_out(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """T[k, p, r, j], an entry at a time, doubled so that integers stay integers."""
    rows, d, cols = A.shape[0], A.shape[1], B.shape[1]
    T = np.zeros((rows, d, d, cols), dtype=int)
    for k in range(rows):
        for p in range(d):
            for r in range(d):
                for j in range(cols):
                    T[k, p, r, j] = A[k, p] * B[r, j] + A[k, r] * B[p, j]
    return T


def test_9_4_by_the_tensor_itself() -> None:
    random = np.random.default_rng(0)
    A, A2 = random.integers(-3, 4, (2, 2, 4))
    B, B2 = random.integers(-3, 4, (2, 4, 3))
    by_factors = 2 * (int((A * A2).sum()) * int((B * B2).sum()) + int(np.trace(A.T @ A2 @ B @ B2.T)))
    assert int((written_out(A, B) * written_out(A2, B2)).sum()) == by_factors
    assert int((written_out(A, B) * written_out(A2, -B2)).sum()) != by_factors
