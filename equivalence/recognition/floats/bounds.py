r"""A certified bound on how far a prediction is from a member's (statement 9.2).

For every context with Σ‖eᵢ‖² ≤ ρ² and every query with ‖q‖ ≤ r the two differ by ``Σ_i T − T*`` at (eᵢ, eᵢ, q), so by at most
``‖T − T*‖ ρ² r`` in each of these norms: the spectral norms of the unfoldings (p,r)×(k,j), p×(k,r,j) and (k,p)×(r,j), the root of the
largest eigenvalue of ``Σ_kj T_kj ⊗ T_kj`` symmetrised, and, without any d⁴ numbers, the Frobenius norm and ``Σ_h ‖A_h‖‖B_h‖``. The first
unfolding needs the inner products of the slices T_kj alone (9.4), so it is taken for larger d too.

Certified means: rounding is in it. A spectral norm is bounded through the Gram matrix G: λ ≥ λ_max(G) once ``λI − G`` is positive
definite, which a Cholesky factorisation in floating point proves when it runs to its end on ``λI − G − cI`` with
``c ≥ γ_{n+1}/(1 − γ_{n+1}) tr`` (Rump 2006, “Verification of positive definiteness”). The bound is for the layer in real arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from equivalence.recognition.members import Member
from equivalence.recognition.rounding import TINY, UNIT, gamma
from equivalence.recognition.tensor.canonical import Array, CanonicalTensor, norm

DENSE_SIZE = 16
"""Up to this d the unfoldings are formed."""
SLICES = 2048
"""Up to so many slices, rows times columns for each pair, their inner products are formed."""


def certified_norm(difference: CanonicalTensor, slack: float) -> float:
    """The least of the norms of T − T*, rounded up.

    Args:
        difference: T − T*, as computed.
        slack: how far that is from T − T* at most, in the Frobenius norm: see `rounding`.
    """
    rows, columns = difference.pairs[0][0].shape[0], difference.pairs[0][1].shape[1]
    d = difference.pairs[0][0].shape[1]
    least = min(_frobenius(difference), _by_heads(difference))
    if d > DENSE_SIZE and rows * columns * len(difference.pairs) <= SLICES:
        least = min(least, _by_slices(difference))
    if d <= DENSE_SIZE:
        dense = difference.dense()
        forming = gamma(len(difference.pairs) + 4) * sum(_size(A) * _size(B) for A, B in difference.pairs)
        unfoldings = (
            dense.transpose(1, 2, 0, 3).reshape(d * d, rows * columns),
            dense.transpose(1, 0, 2, 3).reshape(d, rows * d * columns),
            dense.reshape(rows * d, d * columns),
        )
        norms = [largest_singular_value(matrix) for matrix in unfoldings] + [_quartic(dense)]
        least = min(least, min(norms) + forming)
    return float((least + slack) * (1 + 8 * UNIT) + TINY)


def rounding(heads: Sequence[tuple[Array, Array, Array, Array]], member: Member) -> float:
    """How far T − T*, computed by `CanonicalTensor.difference`, is from the exact one at most, in the Frobenius norm.

    Each entry is a sum of products, computed with K roundings at most, so it is off by ``γ_K`` times the same sum of absolute values
    S; S, computed in floating point too, has no cancellation, and γ_{2K} pays for it.

    Args:
        heads: (W_K, W_Q, W_V, P) of each head.
        member: with the W₀ that the queries were contracted with.
    """
    d_y, d_x = member.initial.shape
    inner = max(size for head in heads for size in (len(head[0]), len(head[2])))
    roundings = 2 * (inner + d_x + 2 * d_y + len(heads) + 16)
    A, B = abs(member.step) * (abs(member.left_factor) @ np.abs(_form(member))), np.abs(member.B)
    size = float((B * B).sum())
    total, left = 0.0, A
    for key, query, value, projection in heads:
        own = (np.abs(projection) @ np.abs(value))[d_x:]
        scores = np.abs(key).T @ np.abs(query)
        right = scores[:, :d_x] + scores[:, d_x:] @ np.abs(member.initial)
        share = float((right * B).sum()) / size if size else 0.0
        left = left + share * own
        total += _size(own) * (_size(right) + share * _size(B))
    return 2 * gamma(2 * roundings) * (total + _size(left) * _size(B)) + TINY * (d_x + d_y) ** 4


def _form(member: Member) -> Array:
    return np.concatenate([member.initial, np.eye(len(member.initial))], axis=1)


def _size(matrix: Array) -> float:
    """The Frobenius norm, rounded up."""
    return float(np.linalg.norm(matrix)) * (1 + gamma(matrix.size + 4)) + TINY


def largest_singular_value(matrix: Array) -> float:
    """An upper bound on the spectral norm, proved."""
    small = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    forming = gamma(small.shape[1] + 2) * _size(small) ** 2
    return float(np.sqrt(largest_eigenvalue(small @ small.T) + forming) * (1 + 8 * UNIT))


def largest_eigenvalue(gram: Array) -> float:
    """An upper bound on the eigenvalues of a symmetric matrix, proved by a Cholesky factorisation."""
    n, gram = len(gram), (gram + gram.T) / 2
    guess = max(float(np.linalg.eigvalsh(gram)[-1]), 0.0)
    size = _size(gram) + guess
    step = 8 * gamma(n + 4) * (n * size) + TINY
    for _ in range(60):
        guess += step
        c = gamma(2 * n + 8) * (n * guess + float(np.abs(np.diag(gram)).sum())) + n * TINY
        if _is_positive(guess * np.eye(n) - gram - c * np.eye(n)):
            return guess * (1 + 4 * UNIT)
        step *= 2
    raise ArithmeticError("largest eigenvalue: no bound was proved")


def _is_positive(matrix: Array) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _frobenius(difference: CanonicalTensor) -> float:
    """‖T − T*‖ from the factored formula, with its rounding."""
    pairs = difference.pairs
    size = sum(_size(A) * _size(B) for A, B in pairs)
    d, (rows, columns) = pairs[0][0].shape[1], (pairs[0][0].shape[0], pairs[0][1].shape[1])
    roundings = 2 * d + rows * d + columns * d + rows * columns + len(pairs) ** 2 + 8
    return float(np.sqrt(norm(difference) ** 2 * (1 + 8 * UNIT) + gamma(roundings) * size**2) * (1 + 8 * UNIT))


def _by_heads(difference: CanonicalTensor) -> float:
    """``Σ ‖A‖‖B‖`` in spectral norms, as ‖A G B q‖ ≤ ‖A‖ tr(G) ‖B‖ ‖q‖."""
    sizes = [largest_singular_value(A) * largest_singular_value(B) for A, B in difference.pairs]
    return sum(sizes) * (1 + gamma(len(sizes) + 2))


def _by_slices(difference: CanonicalTensor) -> float:
    """The first unfolding, from ``⟨T_kj, T_k'j'⟩ = ½ Σ [(AA'ᵀ)_kk' (BᵀB')_jj' + (AB')_kj' (A'B)_k'j]`` over pairs of heads.

    The same sums of absolute values have a Frobenius norm of at most ``(Σ ‖A‖‖B‖)²``.
    """
    pairs = difference.pairs
    (rows, d), columns = pairs[0][0].shape, pairs[0][1].shape[1]
    gram = np.zeros((rows, columns, rows, columns))
    for A, B in pairs:
        for A2, B2 in pairs:
            gram += (A @ A2.T)[:, None, :, None] * (B.T @ B2)[None, :, None, :]
            gram += (A @ B2)[:, None, None, :] * (A2 @ B).T[None, :, :, None]
    forming = gamma(2 * d + 2 * len(pairs) ** 2 + 4) * sum(_size(A) * _size(B) for A, B in pairs) ** 2
    return float(np.sqrt(largest_eigenvalue(gram.reshape(rows * columns, -1) / 2) + forming) * (1 + 8 * UNIT))


def _quartic(dense: Array) -> float:
    """√λ_max of the symmetrised quartic form ``(e⊗e)ᵀ(Σ_kj T_kj ⊗ T_kj)(e⊗e)`` as a matrix on pairs."""
    rows, d, _, columns = dense.shape
    flat: Any = dense.transpose(1, 2, 0, 3).reshape(d * d, rows * columns)
    form = (flat @ flat.T).reshape(d, d, d, d)
    symmetric = (form + form.transpose(0, 2, 1, 3) + form.transpose(0, 3, 2, 1)).reshape(d * d, d * d) / 3
    forming = gamma(rows * columns + 6) * _size(flat) ** 2
    return float(np.sqrt(largest_eigenvalue(symmetric) + forming) * (1 + 8 * UNIT))
